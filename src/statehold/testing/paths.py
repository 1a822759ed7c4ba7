"""Test cases for pytest, one for each transition of a machine: a script that takes it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from statehold.chart.effect import Effect
from statehold.chart.event import Event
from statehold.chart.machine import AMachine, Definition
from statehold.chart.payload import event_json, jsonable
from statehold.check.simulate.paths import PLACE_LIMIT, Given, paths
from statehold.check.simulate.script import Script
from statehold.check.simulate.simulate import Played, Player


@dataclass(frozen=True, slots=True)
class Case:
    """A transition, and a script that takes it, or the reason why none was found.

    ``left_out`` is the reason why it is not covered on purpose.
    """

    machine: Definition[Any]
    transition: str
    script: Script | None
    reason: str = ""
    left_out: str | None = None

    def check(self) -> Played:
        """Plays the script; raises ``ScriptFailed``, or ``AssertionError`` where it is not taken.

        Without a script the test fails, or is skipped if the transition is in ``uncovered``.
        """
        if self.left_out is not None:
            if self.script is not None:
                raise AssertionError(f"{self.transition} is covered: remove it from uncovered=")
            import pytest

            pytest.skip(self.left_out)
        if self.script is None:
            raise AssertionError(
                f"no script was found that takes {self.transition}: {self.reason}\n  give data=, "
                "payloads= or results= that lead there, or name it in uncovered= with the reason"
            )
        player: Player[Any] = Player(self.machine, self.script)
        for step in self.script.steps:
            player.take(step)
        if self.transition not in player.instance.taken:
            raise AssertionError(f"{self.transition} is not taken\n{player.instance.log}")
        return player.played()

    def __str__(self) -> str:
        return self.transition


def transition_paths(
    machine: AMachine,
    *,
    data: Any = (),
    payloads: Mapping[Any, Sequence[Any]] | None = None,
    results: Mapping[Any, Sequence[Any]] | None = None,
    uncovered: Mapping[str, str] | None = None,
    limit: int = PLACE_LIMIT,
) -> list[Case]:
    """A case for each transition, in document order.

    ::

        @pytest.mark.parametrize("case", transition_paths(OrderFlow), ids=str)
        def test_every_transition_can_be_taken(case):
            case.check()

    Values are generated from the schemas, but for those given: ``data`` of the start, one or a
    list; ``payloads`` by event, events or mappings; ``results`` by effect or child. ``uncovered``
    has transitions that are not covered, each with a reason. Raises ``ValueError`` for an unknown
    name, and ``InvalidPayload`` where the machine can start with none of the data.
    """
    definition = machine.definition
    left_out = dict(uncovered or {})
    events = {name_of(kind): list(map(_payload, some)) for kind, some in (payloads or {}).items()}
    ends = {name_of(what): list(map(jsonable, some)) for what, some in (results or {}).items()}
    transitions = [one.id for one in definition.chart.transitions]
    known("transition", left_out, transitions)
    known("event", events, [event.name for event in definition.chart.events])
    known("effect", ends, [*definition.effects, *definition.children])
    starts = data if isinstance(data, list | tuple) else (data,)
    given = Given(tuple(map(jsonable, starts)), events, ends)
    return [
        Case(definition, path.transition, path.script, path.reason, left_out.get(path.transition))
        for path in paths(definition, given, limit=limit)
    ]


def known(what: str, given: Mapping[str, Any], known: Sequence[str]) -> None:
    for name in given:
        if name not in known:
            raise ValueError(f"there is no {what} {name!r}; there are {', '.join(known) or 'none'}")


def name_of(what: Any) -> str:
    """The name of an event's class, an effect or a child machine, or the name itself."""
    if isinstance(what, str):
        return what
    if isinstance(what, Effect):
        return what.name
    if isinstance(what, type) and issubclass(what, Event):
        return what.__event__
    name: str = what.definition.name
    return name


def _payload(event: Any) -> Mapping[str, Any]:
    fields = dict(event_json(event)) if isinstance(event, Event) else dict(event)
    fields.pop("type", None)
    return fields
