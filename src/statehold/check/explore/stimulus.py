"""Stimuli: the events, outcomes and timers that a search applies.

Events have the types that the machine declares, with the values of :mod:`.domain`; where it
declares none, they are the names in its transitions. Outcomes of effects and children have the
annotated types. ``left_out`` says what was not tried.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct
from pydantic import TypeAdapter
from pydantic.errors import PydanticSchemaGenerationError, PydanticUserError

from statehold.chart.access import is_machine, machine
from statehold.chart.error_kinds import ErrorIs, kind_of
from statehold.chart.event import AnEvent, Event, NamedEvent, failure_event
from statehold.chart.machine import Definition
from statehold.chart.model import Transition
from statehold.chart.payload import event_json
from statehold.check.explore.domain import Domain, domain_of
from statehold.check.simulate.script import (
    CancelStep,
    FailStep,
    ScriptStep,
    SendStep,
    SucceedStep,
)
from statehold.errors import InvalidPayload, UnknownEvent
from statehold.interpreter.occurrence import detached_effects, outside_names
from statehold.interpreter.selection import matches

#: events that one search tries in each place, with all values and senders
EVENT_LIMIT = 1_000


class Received(Struct, frozen=True):
    """An event from outside; ``by`` are the sender's roles, None for trusted code."""

    event: AnEvent
    wire: dict[str, Any]
    by: tuple[str, ...] | None = None

    @property
    def step(self) -> ScriptStep:
        return SendStep(self.wire, self.by)


class Fired(Struct, frozen=True):
    """A timer fired, or a message to itself was delivered; by its name in the zone."""

    timer: str
    step: None = None


class Succeeded(Struct, frozen=True):
    """An effect or child of this name, the first that runs, succeeded."""

    name: str
    result: Any = None
    #: as the type that the effect declares
    value: Any = None

    @property
    def step(self) -> ScriptStep:
        return SucceedStep(self.name, self.result)


class Failed(Struct, frozen=True):
    """The same failed for good, with an error of this class or, without one, of any other."""

    name: str
    error: type[BaseException] | None = None

    @property
    def step(self) -> ScriptStep:
        if self.error is None:
            return FailStep(self.name)
        return FailStep(self.name, self.error.__name__)

    @property
    def kinds(self) -> tuple[str, ...]:
        """As an event of the failure has them."""
        if self.error is None:
            return ()
        return tuple(kind_of(one) for one in self.error.__mro__ if issubclass(one, BaseException))


class Cancelled(Struct, frozen=True):
    """The instance was cancelled."""

    @property
    def step(self) -> ScriptStep:
        return CancelStep("")


Stimulus = Received | Fired | Succeeded | Failed | Cancelled


class Stimuli(Struct, frozen=True):
    """``results``, and ``failures`` by the rules' ``error=``, by the name of an effect or of a
    child's machine."""

    events: tuple[Received, ...]
    results: Mapping[str, tuple[Succeeded, ...]]
    failures: Mapping[str, tuple[Failed, ...]]
    left_out: tuple[str, ...]


def stimuli_of(
    definition: Definition[Any],
    *,
    events: Sequence[Event | NamedEvent | Mapping[str, Any]] = (),
    values: Mapping[str, Sequence[Any]] | None = None,
    results: Mapping[str, Sequence[Any]] | None = None,
) -> Stimuli:
    """The stimuli of one machine.

    ``events`` are tried as they are, and no others of the same names. ``values`` are the values of
    a field (``{"Accept.prep_minutes": [5, 60]}``), ``results`` those of an effect or a child.
    Raises ``UnknownEvent``, ``InvalidPayload`` or ``ValueError`` for unknown names and values that
    do not fit.
    """
    gathering = _Gathering(definition, dict(values or {}), dict(results or {}))
    found = gathering.events(events)
    outcomes = gathering.results()
    failures = gathering.failures()
    gathering.refuse_unused()
    return Stimuli(found, outcomes, failures, tuple(gathering.left_out))


class _Gathering:
    def __init__(
        self,
        definition: Definition[Any],
        values: dict[str, Sequence[Any]],
        given_results: dict[str, Sequence[Any]],
    ) -> None:
        self.definition = definition
        self.values = values
        self.given_results = given_results
        self.left_out: list[str] = []
        self.used: set[str] = set()

    def events(
        self, given: Sequence[Event | NamedEvent | Mapping[str, Any]]
    ) -> tuple[Received, ...]:
        found = [self.as_given(one) for one in given]
        named = {event.__event__ for event, _ in found}
        self.left_out += [f"{name}: only the events given" for name in sorted(named)]
        if self.definition.events:
            for name in self.definition.events:
                if name not in named:
                    found += self.of_shape(name)
        else:
            for name in outside_names(self.definition.chart):
                if name not in named:
                    found.append((NamedEvent(name), {"type": name}))
                    self.left_out.append(f"{name}: events that carry data")
        sent = tuple(
            Received(event, wire, by) for event, wire in found for by in self.roles(event.__event__)
        )
        if len(sent) > EVENT_LIMIT:
            self.left_out.append(
                f"events: {len(sent)} were made, only the first {EVENT_LIMIT} are tried"
            )
        return sent[:EVENT_LIMIT]

    def roles(self, name: str) -> tuple[tuple[str, ...] | None, ...]:
        """Trusted code, then each role and machine alone, then none; only the first where it does
        not matter who sends. An internal event comes from machines only, one of which has no name
        in ``by``."""
        chart = self.definition.chart
        asked = [
            role
            for transition in chart.transitions
            if transition.trigger.kind != "always"
            and matches(chart.policy, transition.trigger, name)
            for guard in transition.guards
            if guard.kind == "by"
            for role in guard.name.split(",")
        ]
        if not asked:
            return (None,)
        if name in self.definition.internal:
            machines = [(by,) for by in dict.fromkeys(asked) if is_machine(by)]
            return tuple(dict.fromkeys((*machines, (machine(self.definition.name),))))
        return (None, *((role,) for role in dict.fromkeys(asked)), ())

    def as_given(self, given: Event | NamedEvent | Mapping[str, Any]) -> tuple[Any, dict[str, Any]]:
        shapes = self.definition.events
        if isinstance(given, Mapping):
            fields = dict(given)
            name = str(fields.pop("type", ""))
        elif isinstance(given, NamedEvent):
            name, fields = given.name, {} if given.data is None else {"data": given.data}
        else:
            fields = event_json(given)
            name = fields.pop("type")
        wire = {"type": name, **fields}
        if not shapes:
            return NamedEvent(name, fields.get("data")), wire
        if name not in shapes:
            raise UnknownEvent(self.definition.name, name, tuple(shapes))
        return shapes[name].check(fields, f"the payload of {name}"), wire

    def of_shape(self, name: str) -> list[tuple[Any, dict[str, Any]]]:
        shape = self.definition.events[name]
        schema = shape.schema()
        fields = [f"{name}.{field}" for field in schema.get("properties", {})]
        self.used.update(field for field in fields if field in self.values)
        domain = domain_of(schema, name, self.values)
        found = []
        refused = 0
        for value in domain.values:
            try:
                found.append((shape.check(value, name), {"type": name, **value}))
            except InvalidPayload:
                # the schema says less than the class
                refused += 1
        self.left_out += domain.left_out
        if refused:
            self.left_out.append(f"{name}: {refused} values that its class does not take")
        if not found:
            self.left_out.append(f"{name}: no value was found; give some by events=")
        return found

    def results(self) -> dict[str, tuple[Succeeded, ...]]:
        found: dict[str, tuple[Succeeded, ...]] = {}
        for name, effect in self.definition.effects.items():
            found[name] = self.outcomes(name, effect.result_type)
            self.used.add(name)
        for name in self.definition.children:
            found[name] = self.outcomes(name, self.definition.child_outputs.get(name, Any))
            self.used.add(name)
        return found

    def failures(self) -> dict[str, tuple[Failed, ...]]:
        """One failure is tried, and one for each class of errors that a rule asks for; that leaves
        others out where a function looks at the failure."""
        chart = self.definition.chart
        found: dict[str, tuple[Failed, ...]] = {}
        invoked = {one.id: one.name for state in chart.states for one in state.invokes}
        for id, name in {**invoked, **{name: name for name in detached_effects(chart)}}.items():
            event = failure_event(id)
            taking = [
                transition
                for transition in chart.transitions
                if transition.trigger.kind != "always"
                and matches(chart.policy, transition.trigger, event)
            ]
            classes = [error for transition in taking for error in self.errors_of(transition)]
            found[name] = tuple(
                dict.fromkeys((*found.get(name, ()), *(Failed(name, one) for one in classes)))
            )
            if any(self.looks_at_event(transition) for transition in taking):
                line = f"failure of {name}: only one, after its last attempt, was tried"
                self.left_out += [line] if line not in self.left_out else []

        return found

    def errors_of(self, transition: Transition) -> list[type[BaseException]]:
        functions = self.definition.functions
        guards = [functions[one.name].call for one in transition.guards if one.kind == "function"]
        return [guard.error for guard in guards if isinstance(guard, ErrorIs)]

    def looks_at_event(self, transition: Transition) -> bool:
        names = [guard.name for guard in transition.guards if guard.kind == "function"]
        names += [one.name for block in transition.actions for one in block if one.kind == "run"]
        used = [self.definition.functions[name] for name in names]
        return any(one.takes > 1 and not isinstance(one.call, ErrorIs) for one in used)

    def outcomes(self, name: str, type_: Any) -> tuple[Succeeded, ...]:
        given = {name: self.given_results[name]} if name in self.given_results else {}
        if type_ is None:
            # most functions without an annotation return nothing
            type_ = Any if given else type(None)
        try:
            adapter: TypeAdapter[Any] = TypeAdapter(type_)
            schema = adapter.json_schema()
        except (PydanticSchemaGenerationError, PydanticUserError) as error:
            self.left_out.append(f"result of {name}: {type(error).__name__}; only null was tried")
            return (Succeeded(name),)
        domain = domain_of(schema, name, given)
        self.left_out += [f"result of {line}" for line in domain.left_out]
        return tuple(self.read(adapter, name, domain))

    def read(self, adapter: TypeAdapter[Any], name: str, domain: Domain) -> list[Succeeded]:
        found = []
        for result in domain.values:
            try:
                plain = adapter.dump_python(adapter.validate_python(result), mode="json")
                found.append(Succeeded(name, plain, adapter.validate_python(plain)))
            except ValueError as error:
                raise InvalidPayload(f"the result of {name}", {"": str(error)}) from None
        return found

    def refuse_unused(self) -> None:
        """A misspelt name would have no effect, unnoticed."""
        unknown = [*(self.values.keys() - self.used), *(self.given_results.keys() - self.used)]
        if unknown:
            known = [
                f"{name}.{field}"
                for name, shape in self.definition.events.items()
                for field in shape.schema().get("properties", {})
            ]
            raise ValueError(
                f"{self.definition.name} has no {', '.join(sorted(unknown))}; values= takes "
                f"{', '.join(known) or 'nothing'}, results= takes "
                f"{', '.join([*self.definition.effects, *self.definition.children]) or 'nothing'}"
            )
