"""Finds a script for each transition of a chart, by running the machine itself.

1. At each place the search tries every event that may be allowed, with each payload; the next
   timer; each effect and child in flight, with each result and with a failure.
2. It goes on with the configurations that were visited least, so that data that only grows does not
   keep it in one of them.
3. Each script that is found was played. A transition without a script may still be possible, with
   payloads or data that were not tried; the reason says how far the search got.
4. The search is bounded: ``PLACE_LIMIT``.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec
from msgspec import Struct
from pydantic import TypeAdapter
from pydantic.errors import PydanticInvalidForJsonSchema, PydanticSchemaGenerationError

from statehold.chart.machine import AMachine, Definition
from statehold.chart.model import Transition
from statehold.check.explore.sample_values import sample_values
from statehold.check.simulate.requested import may_end
from statehold.check.simulate.script import (
    AdvanceStep,
    CancelStep,
    ExpectStep,
    FailStep,
    Script,
    ScriptStep,
    SendStep,
    SucceedStep,
)
from statehold.check.simulate.simulate import Player
from statehold.errors import InvalidPayload, NotAllowed, Refused, ScriptFailed

#: places of one search
PLACE_LIMIT = 2_000
#: steps of one path
LENGTH_LIMIT = 200
#: reasons that are reported for one transition, and kept for all
REASON_LIMIT = 3
STOPPED_LIMIT = 1_000


class Path(Struct, frozen=True):
    """``script`` takes the transition with its last steps; None: ``reason`` says why."""

    transition: str
    script: Script | None
    reason: str = ""


class Given(Struct, frozen=True, forbid_unknown_fields=True):
    """The values to try; those left out are generated from the schemas.

    ``data`` are those of the start; ``payloads`` are lists by the names of events, ``results`` by
    those of effects and children; all plain JSON values.
    """

    data: tuple[Any, ...] = ()
    payloads: Mapping[str, Sequence[Mapping[str, Any]]] = {}
    results: Mapping[str, Sequence[Any]] = {}


def paths(
    machine: AMachine,
    given: Given = Given(),  # noqa: B008 - frozen
    *,
    limit: int = PLACE_LIMIT,
) -> list[Path]:
    """A path for each transition, in document order.

    Raises ``InvalidPayload`` where the machine can start with none of the data.
    """
    return _Search(machine.definition, given, limit).run()


class _Search:
    def __init__(self, definition: Definition[Any], given: Given, limit: int) -> None:
        self.definition = definition
        self.given = given
        self.limit = limit
        self.found: dict[str, Script] = {}
        self.queue: list[tuple[int, int, int, Player[Any]]] = []
        self.seen: set[bytes] = set()
        self.visits: Counter[tuple[str, ...]] = Counter()
        self.active: set[str] = set()
        #: errors of steps, other than a guard's refusal, each once, in order
        self.stopped: dict[str, None] = {}
        self.number = 0
        self.payloads = {event.name: self._payloads(event.name) for event in self.chart.events}
        types = {name: effect.result_type for name, effect in definition.effects.items()}
        types |= {name: definition.child_outputs.get(name) for name in definition.children}
        self.results = {name: self._results(name, type_) for name, type_ in types.items()}

    @property
    def chart(self) -> Any:
        return self.definition.chart

    def run(self) -> list[Path]:
        wanted = {transition.id for transition in self.chart.transitions}
        self._begin()
        tried = 0
        while self.queue and tried < self.limit and not wanted <= self.found.keys():
            *_, player = heapq.heappop(self.queue)
            tried += 1
            for step in self._moves(player):
                self._try(player, step)
        return [self._path(one, tried) for one in self.chart.transitions]

    def _begin(self) -> None:
        """Starts an instance with each data that the machine accepts."""
        errors: list[Refused] = []
        for data in self.given.data or sample_values(self.chart.start_schema) or [None]:
            try:
                head = Script(self.definition.name, version=self.definition.version, data=data)
                player: Player[Any] = Player(self.definition, head)
            except Refused as error:
                errors.append(error)
            else:
                self._arrive(player, 0)
        if not self.seen:
            problems = {f"data {number}": str(one) for number, one in enumerate(errors, 1)}
            raise InvalidPayload("the data to start with", problems)

    def _try(self, player: Player[Any], step: ScriptStep) -> None:
        other = player.fork()
        before = len(other.instance.taken)
        try:
            other.take(step)
        except ScriptFailed as error:
            # what a guard refuses is reported with its transition, what raises is not
            if error.__cause__ is None or isinstance(error.__cause__, NotAllowed):
                return
            if len(self.stopped) < STOPPED_LIMIT:
                self.stopped[error.is_] = None
            return
        self._arrive(other, before)

    def _arrive(self, player: Player[Any], before: int) -> None:
        instance = player.instance
        for id in instance.taken[before:]:
            if id not in self.found:
                ended = ExpectStep(tuple(instance.state), done=instance.done or None)
                script = player.script
                self.found[id] = msgspec.structs.replace(script, steps=(*script.steps, ended))
        self.active |= instance.active
        place = _place(player)
        length = len(player.outcomes)
        if place not in self.seen:
            self.seen.add(place)
            # an instance that is done, and a path that is too long, lead nowhere
            if not instance.done and length < LENGTH_LIMIT:
                state = tuple(instance.state)
                self.visits[state] += 1
                self.number += 1
                heapq.heappush(self.queue, (self.visits[state], length, self.number, player))

    def _moves(self, player: Player[Any]) -> Iterator[ScriptStep]:
        instance = player.instance
        for name in instance.allowed:
            for payload in self.payloads[name]:
                yield SendStep({"type": name, **payload})
        if instance.next_due is not None:
            wait = max((instance.next_due - instance.now).total_seconds(), 0.0)
            yield AdvanceStep(wait)
        for asked, name in may_end(instance.running):
            for result in self.results.get(asked.name, [None]):
                yield SucceedStep(name, result)
            yield FailStep(name)
        if instance.may_take_cancellation:
            yield CancelStep("")

    def _payloads(self, name: str) -> list[Mapping[str, Any]]:
        given = self.given.payloads.get(name)
        if given is not None:
            return list(given)
        schema = next(event.schema for event in self.chart.events if event.name == name)
        return [one for one in sample_values(schema or {"type": "object"}) if isinstance(one, dict)]

    def _results(self, name: str, type_: Any) -> list[Any]:
        given = self.given.results.get(name)
        if given is not None or type_ is None:
            return list(given or [None])
        try:
            return sample_values(TypeAdapter(type_).json_schema())
        except (PydanticSchemaGenerationError, PydanticInvalidForJsonSchema):
            return [None]

    def _path(self, transition: Transition, tried: int) -> Path:
        script = self.found.get(transition.id)
        if script is not None:
            return Path(transition.id, script)
        return Path(transition.id, None, f"{self._reason(transition)} ({tried} places tried)")

    def _reason(self, transition: Transition) -> str:
        if transition.source and transition.source not in self.active:
            return f"{transition.source} was never active"
        lacking = [n for n in transition.trigger.events if not self.payloads.get(n, [{}])]
        if lacking:
            return f"no payload of {lacking[0]} could be generated: give some"
        names = [action.name for block in transition.actions for action in block]
        names += [guard.name for guard in transition.guards]
        names += [
            event for event in transition.trigger.events if transition.trigger.kind == "event"
        ]
        reasons = [why for why in self.stopped if any(name in why for name in names)]
        if reasons:
            return "; ".join(reasons[:REASON_LIMIT])
        if transition.guards:
            return f"never chosen: {', '.join(guard.name for guard in transition.guards)} said no"
        return "; ".join(list(self.stopped)[:REASON_LIMIT]) or "nothing that was tried leads to it"


def _place(player: Player[Any]) -> bytes:
    """All that decides how an instance goes on, with times relative to now."""
    snapshot, now = player.instance.snapshot, player.instance.now
    data = player.instance.definition.data.dump(snapshot.data)
    rest = (
        snapshot.state,
        sorted(snapshot.history.items()),
        [(timer.id, (timer.due - now).total_seconds()) for timer in snapshot.timers],
        [(one.name, one.status) for one in player.instance.running],
        [(m.event.__event__, (m.due - now).total_seconds()) for m in player.instance.mail],
    )
    return data + msgspec.json.encode(rest)
