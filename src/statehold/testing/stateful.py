"""A Hypothesis state machine made from a machine: it does whatever could happen, in any order.

Needs the extra ``testing``. Each example is a script; that of a failure is shown with it, to be
played again with :func:`statehold.testing.play`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from operator import or_
from types import GenericAlias, UnionType
from typing import TYPE_CHECKING, Annotated, Any, Union, get_args, get_origin

import msgspec
from pydantic import BaseModel, Strict

from statehold.chart.machine import AMachine, Definition
from statehold.chart.payload import EVENT_BYTES, given_output, given_result, jsonable, parse_event
from statehold.chart.values import Shape
from statehold.check.explore.sample_values import sample_values
from statehold.check.simulate.script import (
    AdvanceStep,
    FailStep,
    Script,
    ScriptStep,
    SendStep,
    SucceedStep,
)
from statehold.check.simulate.script_file import write_script
from statehold.check.simulate.simulate import Player
from statehold.errors import (
    InvalidPayload,
    NotAllowed,
    ScriptFailed,
    StepFailed,
    TooLarge,
)
from statehold.testing.invariants import broken
from statehold.testing.paths import known, name_of

if TYPE_CHECKING:
    from hypothesis.stateful import RuleBasedStateMachine
    from hypothesis.strategies import DataObject, SearchStrategy

#: asserts something of the active leaves and the data
Invariant = Callable[[list[str], Any], None]


def state_machine_of(
    machine: AMachine,
    *,
    data: SearchStrategy[Any] | None = None,
    payloads: Mapping[Any, SearchStrategy[Any]] | None = None,
    results: Mapping[Any, SearchStrategy[Any]] | None = None,
    invariants: Sequence[Invariant] = (),
    may_fail: bool = False,
) -> type[RuleBasedStateMachine]:
    """A class for Hypothesis; its ``TestCase`` is for pytest.

    ::

        TestOrder = state_machine_of(OrderFlow, invariants=[a_courier_is_known]).TestCase

    Strategies left out are made from the types. ``payloads`` are by event, its fields or an event;
    ``results`` by effect or child. ``invariants`` are called with the active leaves and a copy of
    the data, after each step, and assert what must hold.

    Always checked: the configuration is a legal one; the data survives JSON; a snapshot survives
    being stored; an event that is refused changes nothing; no function of the machine raises,
    unless it ``may_fail``.
    """
    from hypothesis import reject, strategies
    from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

    definition = machine.definition
    named = {name_of(kind): one for kind, one in (payloads or {}).items()}
    ends = {name_of(what): one for what, one in (results or {}).items()}
    known("event", named, [event.name for event in definition.chart.events])
    known("effect", ends, [*definition.effects, *definition.children])
    # expressions can't read every text, and what they refuse is no fault of the machine
    fit = _for_expressions if "native" in definition.chart.meta else _as_it_is
    schema = definition.chart.data_schema
    starts = fit(_of_shape(definition.data, schema)) if data is None else data
    events = {
        event.name: named[event.name]
        if event.name in named
        else fit(_payloads(definition, event.name, event.schema))
        for event in definition.chart.events
    }
    outcomes = {
        name: ends[name] if name in ends else fit(_of_type(effect.result_type))
        for name, effect in definition.effects.items()
    } | {
        name: ends[name] if name in ends else fit(_of_type(definition.child_outputs.get(name)))
        for name in definition.children
    }

    class Tried(RuleBasedStateMachine):
        player: Player[Any]

        @initialize(drawn=strategies.data())
        def start_one(self, drawn: DataObject) -> None:
            self.start(drawn)

        def start(self, drawn: DataObject) -> None:
            given = _plain(drawn.draw(starts, "data"))
            head = Script(definition.name, version=definition.version, data=given)
            try:
                self.player = Player(definition, head)
            except InvalidPayload:
                reject()
            except StepFailed as error:
                if may_fail:
                    reject()
                error.add_note(_shown(head))
                raise
            self._check(None)

        @precondition(lambda self: not _goes_on(self.player))
        @rule(drawn=strategies.data())
        def start_another(self, drawn: DataObject) -> None:
            self.start(drawn)

        @precondition(lambda self: bool(self.player.instance.allowed))
        @rule(drawn=strategies.data())
        def send(self, drawn: DataObject) -> None:
            self._send(drawn, self.player.instance.allowed)

        # of one that is over everything is refused: that would be most of what is tried
        @precondition(lambda self: _goes_on(self.player) and bool(_refused(self.player)))
        @rule(drawn=strategies.data())
        def send_what_is_not_allowed(self, drawn: DataObject) -> None:
            self._send(drawn, _refused(self.player))

        @precondition(lambda self: self.player.instance.next_due is not None)
        @rule()
        def let_time_pass(self) -> None:
            instance = self.player.instance
            assert instance.next_due is not None
            wait = (instance.next_due - instance.now).total_seconds()
            self._take(AdvanceStep(max(wait, 0.0)))

        @precondition(lambda self: bool(self.player.instance.running))
        @rule(drawn=strategies.data())
        def succeed(self, drawn: DataObject) -> None:
            name = drawn.draw(strategies.sampled_from(_running(self.player)), "effect")
            result = _plain(drawn.draw(outcomes[name], "result"))
            given = given_result if name in definition.effects else given_output
            _fits(lambda: given(definition, name, result))
            self._take(SucceedStep(name, result))

        @precondition(lambda self: bool(self.player.instance.running))
        @rule(drawn=strategies.data())
        def fail(self, drawn: DataObject) -> None:
            name = drawn.draw(strategies.sampled_from(_running(self.player)), "effect")
            self._take(FailStep(name))

        def _send(self, drawn: DataObject, names: Sequence[str]) -> None:
            name = drawn.draw(strategies.sampled_from(list(names)), "event")
            fields = _plain(drawn.draw(events[name], name))
            if not isinstance(fields, dict):
                raise TypeError(f"payloads for {name} are its fields or an event, not {fields!r}")
            event = {**fields, "type": name}
            _fits(lambda: parse_event(definition, event, EVENT_BYTES))
            self._take(SendStep(event))

        def _take(self, step: ScriptStep) -> None:
            player = self.player.fork()
            before = player.instance.snapshot
            try:
                player.take(step)
            except ScriptFailed as error:
                cause = error.__cause__
                if player.instance.snapshot != before and isinstance(step, SendStep):
                    error.add_note("it was refused, and has changed something all the same")
                elif isinstance(cause, NotAllowed) or (may_fail and isinstance(cause, StepFailed)):
                    return
                error.add_note(_shown(self.player.script, step))
                raise
            self.player = player
            self._check(step)

        def _check(self, step: ScriptStep | None) -> None:
            """Here and not as Hypothesis's own invariants, so that the script can be told."""
            instance = self.player.instance
            try:
                wrong = broken(definition, instance.snapshot, instance.now)
                assert not wrong, "; ".join(wrong)
                for invariant in invariants:
                    invariant(instance.state, instance.data)
            except Exception as error:
                error.add_note(_shown(self.player.script))
                raise

    Tried.__name__ = Tried.__qualname__ = f"Tried_{definition.name}".replace("-", "_")
    return Tried


def _shown(script: Script, last: ScriptStep | None = None) -> str:
    steps = script.steps if last is None else (*script.steps, last)
    text = write_script(msgspec.structs.replace(script, steps=steps), "json")
    return f"the script that leads here:\n{text}"


def _refused(player: Player[Any]) -> list[str]:
    allowed = player.instance.allowed
    return [e.name for e in player.instance.definition.chart.events if e.name not in allowed]


def _goes_on(player: Player[Any]) -> bool:
    """Whether anything can happen to it still."""
    instance = player.instance
    return bool(instance.allowed or instance.running or instance.next_due is not None)


def _running(player: Player[Any]) -> list[str]:
    return list(dict.fromkeys(asked.name for asked in player.instance.running))


def _fits(read: Callable[[], Any]) -> None:
    """What a strategy gives that is not of its type is not tried."""
    from hypothesis import reject

    try:
        read()
    except (InvalidPayload, TooLarge):
        reject()


def _plain(value: Any) -> Any:
    """As JSON has it; what has no such form is not tried."""
    from hypothesis import reject

    try:
        plain = jsonable(value)
    except InvalidPayload:
        reject()
    if isinstance(plain, dict):
        plain.pop("type", None) if isinstance(value, BaseModel) else None
    return plain


def _as_it_is(drawn: SearchStrategy[Any]) -> SearchStrategy[Any]:
    return drawn


def _for_expressions(drawn: SearchStrategy[Any]) -> SearchStrategy[Any]:
    """Without U+0000, which CEL can't read."""
    return drawn.filter(_has_no_zero)


def _has_no_zero(value: Any) -> bool:
    try:
        # the escape is how JSON writes the character, in keys and in text, at any depth
        return "\\u0000" not in json.dumps(jsonable(value))
    except (InvalidPayload, ValueError):
        return True


def _payloads(
    definition: Definition[Any], name: str, schema: Mapping[str, Any]
) -> SearchStrategy[Any]:
    from hypothesis import strategies

    shape = definition.events.get(name)
    return strategies.just({}) if shape is None else _of_shape(shape, schema)


def _of_shape(shape: Shape[Any], schema: Mapping[str, Any]) -> SearchStrategy[Any]:
    if isinstance(shape.type, type) and issubclass(shape.type, BaseModel):
        return _of_model(shape.type)
    return _of_schema(schema)


def _of_schema(schema: Mapping[str, Any]) -> SearchStrategy[Any]:
    from hypothesis import strategies

    found = sample_values(schema)
    return strategies.sampled_from(found) if found else strategies.just({})


def _of_model(model: type[BaseModel]) -> SearchStrategy[Any]:
    """Field by field, since a field's bounds stand beside its type and not in it."""
    from hypothesis import strategies

    needed: dict[str, SearchStrategy[Any]] = {}
    optional: dict[str, SearchStrategy[Any]] = {}
    for name, field in model.model_fields.items():
        kind = field.annotation
        bounded = Annotated[(kind, *field.metadata)] if field.metadata else kind
        into = needed if field.is_required() else optional
        into[field.alias or name] = _of_type(bounded)
    return strategies.fixed_dictionaries(needed, optional=optional)


def _of_type(kind: Any) -> SearchStrategy[Any]:
    from hypothesis import strategies
    from hypothesis.errors import InvalidArgument

    if kind is None:
        return strategies.none()
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return _of_model(kind)
    found = strategies.from_type(_without_strict(kind))
    try:
        found.validate()
    except InvalidArgument:
        # Hypothesis knows no values of it, as for Any within another type
        return _of_schema(Shape(kind).schema())
    return found


def _without_strict(kind: Any) -> Any:
    """Strictness is about values of other types, which are not drawn; Hypothesis warns of it."""
    parts = get_args(kind)
    origin = get_origin(kind)
    if origin is Annotated:
        bounds = [one for one in parts[1:] if not isinstance(one, Strict)]
        plain = _without_strict(parts[0])
        return Annotated[(plain, *bounds)] if bounds else plain
    if origin in (Union, UnionType):
        return reduce(or_, map(_without_strict, parts))
    if origin in (list, dict, set, tuple):
        return GenericAlias(origin, tuple(map(_without_strict, parts)))
    return kind
