"""Steps in memory, one process: ours beside other libraries' and a table written by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version

from benchmarks.peers import (
    COUNTS_PER_EVENT,
    Case,
    Run,
    WrongWork,
    npm,
    python_statemachine,
    sismic_,
    statehold_,
    table,
    transitions_,
    xstate_,
)
from benchmarks.rounds import ROUNDS, Series, in_turns
from benchmarks.table import number, percent, print_ratio, print_table

OURS = "statehold"
OURS_PYDANTIC = "statehold-pydantic"
#: events before the first lap that counts: caches are filled, Node has compiled what it will
WARM_UP_SECONDS = 0.5
LAP_SECONDS = 1.0
CALIBRATION_EVENTS = 200


@dataclass(slots=True)
class Contender:
    """One library on one chart; checks after each lap that it did its share of the work."""

    name: str
    case: Case
    run: Run
    events: int = 0
    events_a_lap: int = CALIBRATION_EVENTS

    def lap(self) -> float:
        """Events a second."""
        lap = self.run(self.events_a_lap)
        self.events += self.events_a_lap
        expected = self.events * COUNTS_PER_EVENT[self.case]
        if lap.count != expected:
            raise WrongWork(
                f"{self.name} counted {lap.count} after {self.events} events of {self.case}, "
                f"not {expected}"
            )
        return self.events_a_lap / lap.seconds

    def calibrate(self, lap_seconds: float, warm_up_seconds: float) -> None:
        """Warms up, and finds how many events take about one lap's time."""
        spent = 0.0
        while spent < warm_up_seconds:
            rate = self.lap()
            spent += self.events_a_lap / rate
            self.events_a_lap = max(CALIBRATION_EVENTS, int(rate * warm_up_seconds / 4))
        self.events_a_lap = max(CALIBRATION_EVENTS, int(self.lap() * lap_seconds))


def main(*, quick: bool = False) -> None:
    scale = 0.05 if quick else 1.0
    print("== step in memory ==\n")
    for package in ("statehold", "python-statemachine", "transitions", "sismic"):
        print(f"{package} {version(package)}")
    missing = npm.why_not()
    print(f"xstate left out: {missing}" if missing else xstate_.versions())
    with _xstate(missing) as xstate:
        for case in COUNTS_PER_EVENT:
            contenders = {c.name: c for c in [*_in_python(case), *xstate(case)]}
            for contender in contenders.values():
                contender.calibrate(LAP_SECONDS * scale, WARM_UP_SECONDS * scale)
            _report(case, in_turns({n: c.lap for n, c in contenders.items()}, ROUNDS))


def _in_python(case: Case) -> list[Contender]:
    flat = case == "flat"
    makers: dict[str, Callable[[], Run]] = {
        OURS: statehold_.flat if flat else statehold_.parallel,
        OURS_PYDANTIC: statehold_.flat_pydantic if flat else statehold_.parallel_pydantic,
        "table": table.flat if flat else table.parallel,
        "python-statemachine": python_statemachine.flat if flat else python_statemachine.parallel,
        "transitions": transitions_.flat if flat else transitions_.parallel,
        "sismic": sismic_.flat if flat else sismic_.parallel,
    }
    return [Contender(name, case, make()) for name, make in makers.items()]


@contextmanager
def _xstate(missing: str | None) -> Iterator[Callable[[Case], list[Contender]]]:
    if missing:
        yield lambda case: []
        return
    with xstate_.running() as laps:
        yield lambda case: [
            Contender("xstate-send", case, laps.runner(case, "send")),
            Contender("xstate-transition", case, laps.runner(case, "transition")),
        ]


def _report(case: Case, taken: dict[str, Series]) -> None:
    ours = taken[OURS].median
    print_table(
        f"step, {case}: {COUNTS_PER_EVENT[case]} counting action(s) an event, "
        f"median of {ROUNDS} laps",
        ["library", "events/s", "µs/event", "spread", "ours / theirs"],
        [
            [name, number(s.median), number(1e6 / s.median), percent(s.spread),
             number(ours / s.median)]
            for name, s in sorted(taken.items(), key=lambda item: -item[1].median)
        ],
    )  # fmt: skip
    for what, name in ((case, OURS), (f"{case}-pydantic", OURS_PYDANTIC)):
        for peer, series in taken.items():
            if not peer.startswith(OURS):
                print_ratio(what, peer, taken[name].median / series.median)
