"""Charts with many guards, regions or events: work and memory grow with their size alone."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from statehold.chart.event import NamedEvent
from statehold.chart.labels import Names
from statehold.chart.model import Chart
from statehold.check.lint.findings import findings
from statehold.engine.queries.sentences import Sentences
from statehold.errors import MISTAKES_SHOWN, NotAllowed, UnknownEvent
from statehold.formats.native import read_native
from statehold.interpreter import Snapshot, choices, configuration, explore, start, step
from statehold.interpreter.choices import Choices
from statehold.interpreter.enabled import allowed, refusal
from statehold.interpreter.explored import explore as search
from statehold.interpreter.selection import domain, select
from statehold.wire.instances import TimerView

NOW = datetime(2026, 1, 3, tzinfo=UTC)


def machine(**parts: Any) -> Any:
    data = {"properties": {"n": {"type": "integer"}}}
    whole = {"statehold": 1, "name": "big", "version": 1, "data": data, **parts}
    return read_native(json.dumps(whole)).definition


def begun(definition: Any) -> Snapshot[Any]:
    return start(definition, {"n": 5}, NOW).snapshot


def guarded(count: int) -> Any:
    """Many transitions of one state for one event."""
    return machine(
        states={"a": {"initial": True}, "b": {}},
        events={"E": {}},
        transitions={
            f"t{n}": {"on": "E", "from": "a", "to": "b", "when": f"data.n == {1000 + n}"}
            for n in range(count)
        },
    )


def regions(count: int, **transition: Any) -> Any:
    """One event for many regions."""
    return machine(
        parallel=True,
        states={f"r{n}": {"states": {"a": {"initial": True}, "b": {}}} for n in range(count)},
        events={"E": {}},
        transitions={
            f"t{n}": {"on": "E", "from": f"r{n}.a", "to": f"r{n}.b"}
            | {key: value.format(n) for key, value in transition.items()}
            for n in range(count)
        },
    )


def busy_regions(count: int, events: int) -> Any:
    """Many regions, each with many events of its own."""
    return machine(
        parallel=True,
        states={f"r{n}": {"states": {"a": {"initial": True}, "b": {}}} for n in range(count)},
        events={f"E{n}_{m}": {} for n in range(count) for m in range(events)},
        transitions={
            f"t{n}_{m}": {"on": f"E{n}_{m}", "from": f"r{n}", "to": f"r{n}.{'ab'[m % 2]}"}
            for n in range(count)
            for m in range(events)
        },
    )


@pytest.mark.parametrize(
    ("definition", "takes"),
    [
        (guarded(1000), False),
        (regions(150, when="data.n < {} + 1000"), True),
        (regions(150, when="data.n > {} + 1000"), False),
        (regions(150, by="role{}"), True),
    ],
    ids=["one state", "all regions", "no region", "roles"],
)
def test_what_an_event_does_is_found_in_few_walks_however_many_guards_are_asked(
    definition: Any, takes: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    walks: list[str | None] = []

    def counted(tree: Any, active: Any, name: str | None, *rest: Any) -> Any:
        walks.append(name)
        return select(tree, active, name, *rest)

    snapshot = begun(definition)
    monkeypatch.setattr("statehold.interpreter.configuration.select", counted)
    assert allowed(definition, snapshot) == (("E",) if takes else ())
    if takes:
        assert (
            len(step(definition, snapshot, NamedEvent("E"), NOW).snapshot.configuration.leaves)
            == 150
        )
    assert walks.count("E") <= 2


def test_answers_that_alternate_lead_where_they_say() -> None:
    definition = regions(60, when="data.n > {} % 10")
    after = step(definition, begun(definition), NamedEvent("E"), NOW).snapshot
    moved = {n for n in range(60) if f"r{n}.b" in after.configuration.states}
    assert moved == {n for n in range(60) if n % 10 < 5}


def test_decision_trees_are_dropped_by_what_they_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(configuration, "NODE_LIMIT", 30)
    definition = guarded(1000)
    before = begun(definition)
    before.configuration.row("E")
    held = before.configuration._configurations  # pyright: ignore[reportPrivateUsage]
    assert held._nodes < 100  # pyright: ignore[reportPrivateUsage]


def test_a_configuration_of_many_states_counts_for_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(configuration, "CONFIGURATION_LIMIT", 40)
    definition = busy_regions(100, 2)
    snapshot = begun(definition)
    kept = snapshot.configuration._configurations  # pyright: ignore[reportPrivateUsage]
    for n in range(20):
        snapshot = step(definition, snapshot, NamedEvent(f"E{n}_1"), NOW).snapshot
    # one of 200 states counts as eleven
    assert len(kept) <= 5


@pytest.mark.parametrize("regions", [20, 200])
def test_a_search_follows_no_more_than_its_limit(regions: int) -> None:
    chart: Chart = busy_regions(regions, 1000 // regions).chart
    found = search(chart, limit=2000)
    assert not found.reachable.complete
    assert len(found.moves) <= 2000 + 1000
    assert sum(len(spot.active) for spot in found.spots) <= 100 * 2000
    assert not explore.reachable(chart, limit=2000).complete


def test_choices_of_many_guards_share_their_answers() -> None:
    chart: Chart = guarded(200).chart
    asked = Choices(chart)
    found = asked.of("E", asked.beginning().mask, ())
    answers = [pair for choice in found if choice is not None for pair in choice.guards]
    assert len(answers) > 10_000
    assert len({id(pair) for pair in answers}) <= 400


def test_the_search_says_that_it_did_not_look_at_all_answers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(choices, "LOOK_LIMIT", 5_000)
    definition = regions(20, when="data.n == {}")
    assert "search-cut" in {one.code for one in findings(definition)}


def test_a_refusal_names_the_first_reasons_and_how_many_more() -> None:
    definition = guarded(300)
    snapshot = begun(definition)
    reasons, roles, _ = refusal(definition, snapshot, NamedEvent("E"))
    error = NotAllowed("big", "x", "E", state=("a",), allowed=(), reasons=reasons)
    assert len(error.reasons) == MISTAKES_SHOWN
    assert not roles
    assert "data.n == 1019 says no; and 280 more; allowed now: nothing" in str(error)
    assert "1020" not in str(error)
    unknown = UnknownEvent("big", "F", [f"E{n:03}" for n in range(300)])
    assert str(unknown).endswith("E019 and 280 more")


def test_timers_of_one_state_are_compared_in_time_of_their_number(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    compared: list[str] = []

    def counted(tree: Any, transition: Any, history: Any) -> int | None:
        compared.append(transition.id)
        return domain(tree, transition, history)

    definition = machine(
        states={"a": {"initial": True}, "b": {}},
        transitions={
            f"t{n}": {"after": f"{1000 - n // 2}s", "from": "a", "to": "b"} for n in range(300)
        },
    )
    monkeypatch.setattr("statehold.check.lint.timing.domain", counted)
    found = [one for one in findings(definition) if one.code == "timer-never-fires"]
    assert len(compared) <= 300
    # the last but one is the shortest, and the one after it is due at the same moment
    assert {one.place for one in found} == {f"t{n}" for n in range(300) if n != 298}
    why = {one.place: one.message for one in found}
    assert "t2 has left a after 999 s, before the 1000 s are over" in why["t0"]
    assert "t298 is due at the same moment, comes first" in why["t299"]


def test_a_summary_has_sentences_about_the_first_of_each_kind() -> None:
    now = NOW
    answer: Any = SimpleNamespace(
        id="x", status="running", state=[f"s{n}" for n in range(50)], owners=[],
        allowed=[f"E{n}" for n in range(50)],
    )  # fmt: skip
    timers = [TimerView(id=f"t{n}", state="a", due=now, seconds_left=0.0) for n in range(50)]
    parts = Sentences(answer, now, Names(Chart("x", 1, ()))).write(
        now, None, [], timers, [], [], []
    )
    text = "".join(part.text for part in parts)
    assert len(parts) < 300
    assert "s19 and 30 more, for" in text
    assert " the timer t19 fires. There are 30 more timers. It accepts E0, " in text
    assert text.endswith("E19 and 30 more.")
