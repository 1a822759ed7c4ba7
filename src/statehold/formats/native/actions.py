"""Actions: ``set``, ``raise``, ``send``, ``emit``, ``effect`` and ``function``.

1. All expressions of one ``set`` see the data as they were before it, as in SQL's UPDATE.
2. A value is checked against the field's schema when it is set: a step that breaks it is refused.
3. ``null`` removes an optional field.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pydantic import ValidationError, create_model

from statehold.chart.complaint import place_of, words_of
from statehold.chart.event import Event
from statehold.chart.machine import ITSELF
from statehold.chart.model import Action, Block
from statehold.expression.cel.language import DURATION, NULL, STRING, TIMESTAMP, CelExpression
from statehold.expression.language import EvaluationFailed
from statehold.formats.native.action_specs import (
    Action as ActionSpec,
)
from statehold.formats.native.action_specs import (
    EmitSpec,
    FunctionSpec,
    RaiseSpec,
    SendSpec,
    SetSpec,
    StartSpec,
)
from statehold.formats.native.durations import duration_of
from statehold.formats.native.fields import Typed, TypedField
from statehold.formats.native.functions import Functions, Situation, as_delay, evaluate
from statehold.formats.native.problems import Problems, near
from statehold.formats.native.types import OpenEvent
from statehold.plain.values import Path


@dataclass(frozen=True, slots=True)
class DeclaredNames:
    """The events and effects that actions may name."""

    events: Mapping[str, type[Event]]
    payloads: Mapping[str, Typed]
    effects: frozenset[str]


class Actions:
    """Reads lists of actions; each becomes one function of the chart."""

    def __init__(
        self, problems: Problems, functions: Functions, known: DeclaredNames, machine: str
    ) -> None:
        self.problems = problems
        self.functions = functions
        self.known = known
        self.machine = machine
        #: effects that an action starts
        self.detached: set[str] = set()
        self._open: dict[str, type[Event]] = {}

    def block(
        self, specs: Sequence[ActionSpec], path: Path, situation: Situation
    ) -> tuple[Block, ...]:
        """One block, or none."""
        if not specs:
            return ()
        actions = [
            action
            for spec, here in self.problems.items(specs, path)
            if (action := self._action(spec, here, situation)) is not None
        ]
        return (tuple(actions),) if actions else ()

    def _action(self, spec: ActionSpec, path: Path, situation: Situation) -> Action | None:
        match spec:
            case StartSpec():
                return self._effect(spec.effect, (*path, "effect"))
            case FunctionSpec():
                name = self.functions.offered_function(spec.function, (*path, "function"))
            case SetSpec():
                name = self._set(spec.set, (*path, "set"), situation)
            case RaiseSpec():
                name = self._raise(spec, path, situation)
            case EmitSpec():
                name = self._emit(spec, path, situation)
            case SendSpec():
                name = self._send(spec, path, situation)
        if name is None:
            return None
        if name not in self.functions.sources:
            self.functions.sources[name] = self.problems.at(path)
        return Action(name)

    def _effect(self, name: str, path: Path) -> Action | None:
        if name not in self.known.effects:
            hint = near(name, self.known.effects)
            self.problems.add(path, f"no effect is called {name!r}", hint)
            return None
        self.detached.add(name)
        return Action(name, "effect")

    # --- set ---

    def _set(self, fields: Mapping[str, str], path: Path, situation: Situation) -> str | None:
        if not fields:
            self.problems.add(path, "it sets nothing", "write {set: {field: expression}}")
        made: list[_Assignment] = []
        whole = bool(fields)
        # in the order of names, which a stored chart keeps: the function's name depends on it
        for name, text in sorted(fields.items()):
            assignment = self._assignment(name, text, (*path, name), situation)
            whole = whole and assignment is not None
            if assignment is not None:
                made.append(assignment)
        return self._assigning(made, situation) if whole else None

    def into(self, field: str, path: Path, situation: Situation) -> Action | None:
        """The action by which a result becomes a field."""
        assignment = self._assignment(field, "result", path, situation)
        if assignment is None:
            return None
        name = self._assigning([assignment], situation)
        self.functions.sources.setdefault(name, {"set": {field: "result"}})
        return Action(name)

    def _assigning(self, made: Sequence[_Assignment], situation: Situation) -> str:
        def assign(data: Any, event: Any, context: Any) -> None:
            values = [evaluate(one.made, data, event, context) for one in made]
            for one, new in zip(made, values, strict=True):
                one.assign(data, new)

        return self.functions.add(
            "; ".join(f"{one.name} = {one.made.text}" for one in made),
            assign,
            situation,
            *(one.made for one in made),
            writes=frozenset(one.name for one in made),
        )

    def _assignment(
        self, name: str, text: str, path: Path, situation: Situation
    ) -> _Assignment | None:
        field = self.functions.fields.typed.get(name)
        if field is None:
            self.problems.add(
                path, f"the data has no field {name!r}", near(name, self.functions.fields.typed)
            )
            return None
        may_be_null = field.typed.nullable or not field.always
        wanted = (field.typed.kind, NULL) if may_be_null else (field.typed.kind,)
        kind = field.typed.kind
        if kind.name == "string":
            # a moment is kept as its text
            wanted = (*wanted, TIMESTAMP)
        made = self.functions.expression(text, path, situation, wanted)
        if made is None:
            return None
        return _Assignment(name, field, made, self.functions.fields.check(name))

    # --- events ---

    def _raise(self, spec: RaiseSpec, path: Path, situation: Situation) -> str | None:
        name = spec.raise_
        build = self._build(name, spec.with_, path, "raise", situation)
        if build is None:
            return None

        def queue(data: Any, event: Any, context: Any) -> None:
            context.raise_(build(data, event, context))

        return self.functions.add(
            f"raise {build.text}", queue, situation, *build.payload.values(),
            raises=frozenset({name}), needs_context=True,
        )  # fmt: skip

    def _emit(self, spec: EmitSpec, path: Path, situation: Situation) -> str | None:
        build = self._build(spec.emit, spec.with_, path, "emit", situation, is_foreign=True)
        if build is None:
            return None

        def show(data: Any, event: Any, context: Any) -> None:
            context.emit(build(data, event, context))

        return self.functions.add(
            f"emit {build.text}", show, situation, *build.payload.values(), needs_context=True
        )

    def _build(
        self,
        name: str,
        given: Mapping[str, str],
        path: Path,
        verb: str,
        situation: Situation,
        *,
        is_foreign: bool = False,
    ) -> _Build | None:
        """``is_foreign``: an event that other machines, or those who watch, know the fields of."""
        if name not in self.known.events and not is_foreign:
            hint = near(name, self.known.events)
            self.problems.add((*path, verb), f"there is no event {name!r}", hint)
            return None
        payload = self._payload(name, given, (*path, "with"), situation, is_foreign)
        if payload is None:
            return None
        event = self.known.events.get(name) if not is_foreign or verb == "emit" else None
        fields = ", ".join(f"{field}: {made.text}" for field, made in payload.items())
        return _Build(event or self._open_event(name), payload, f"{name}({fields})")

    def _payload(
        self,
        name: str,
        given: Mapping[str, str],
        path: Path,
        situation: Situation,
        is_foreign: bool,
    ) -> dict[str, CelExpression] | None:
        typed = self.known.payloads.get(name) if not is_foreign else None
        fields = (typed.fields or {}) if typed else None
        made: dict[str, CelExpression] = {}
        whole = True
        for key, text in sorted(given.items()):
            if fields is not None and key not in fields:
                self.problems.add(
                    (*path, key), f"event {name} has no field {key!r}", near(key, fields)
                )
                whole = False
                continue
            wanted = (fields[key].typed.kind,) if fields is not None else ()
            one = self.functions.expression(text, (*path, key), situation, wanted)
            if one is None:
                whole = False
            else:
                made[key] = one
        missing = [k for k, f in (fields or {}).items() if f.required and k not in given]
        if missing:
            self.problems.add(path, f"event {name} needs {', '.join(missing)}", "give them")
        return made if whole and not missing else None

    def _send(self, spec: SendSpec, path: Path, situation: Situation) -> str | None:
        machine, after = spec.to.machine, spec.after
        is_foreign = machine is not None and machine != self.machine
        build = self._build(spec.send, spec.with_, path, "send", situation, is_foreign=is_foreign)
        if build is None:
            return None
        expressions = [*build.payload.values()]
        delay = duration_of(after)
        later: CelExpression | None = None
        if after is not None and delay is None:
            wanted = (DURATION, TIMESTAMP)
            later = self.functions.expression(after, (*path, "after"), situation, wanted)
            if later is None:
                return None
            expressions.append(later)
        receiver: CelExpression | None = None
        if spec.to.instance is not None:
            place = (*path, "to", "instance")
            receiver = self.functions.expression(spec.to.instance, place, situation, (STRING,))
            if receiver is None:
                return None
            expressions.append(receiver)
        elif machine is not None:
            hint = "give instance: an expression"
            self.problems.add((*path, "to"), "it names a machine and no instance", hint)
            return None
        target = None if receiver is None else machine or self.machine

        def send(data: Any, event: Any, context: Any) -> None:
            wait = delay
            if later is not None:
                wait = _wait(later.text, evaluate(later, data, event, context), context.now)
            instance = None if receiver is None else evaluate(receiver, data, event, context)
            if receiver is not None and (not isinstance(instance, str) or not instance):
                raise EvaluationFailed(f"{receiver.text}: {instance!r} is no instance's id")
            context.send(target, instance, build(data, event, context), delay=wait)

        whither = "" if receiver is None else f" to {target}/{receiver.text}"
        when = f" after {after}" if after is not None else ""
        name = f"send {build.text}{whither}{when}"
        return self.functions.add(
            name, send, situation, *expressions,
            sends=frozenset({(target or ITSELF, spec.send)}), needs_context=True,
        )  # fmt: skip

    def _open_event(self, name: str) -> type[Event]:
        known = self._open.get(name)
        if known is None:
            known = self._open[name] = create_model(name, __base__=OpenEvent)
        return known


class _Assignment:
    """One field, and what it is set to."""

    __slots__ = ("_check", "_key", "_parents", "_removable", "made", "name")

    def __init__(
        self, name: str, field: TypedField, made: CelExpression, check: Callable[[Any], Any]
    ) -> None:
        self.name = name
        self.made = made
        *self._parents, self._key = name.split(".")
        self._removable = not field.always and not field.typed.nullable
        self._check = check

    def assign(self, data: Any, value: Any) -> None:
        for parent in self._parents:
            data = data[parent]
        if value is None and self._removable:
            data.pop(self._key, None)
            return
        try:
            data[self._key] = self._check(value)
        except ValidationError as error:
            first = error.errors()[0]
            inside = "".join(f".{part}" for part in first["loc"])
            raise EvaluationFailed(f"{self.name}{inside} {words_of(first)}") from None


class _Build:
    """An event, its fields from expressions; ``text`` is how a function's name shows it."""

    __slots__ = ("event", "payload", "text")

    def __init__(self, event: type[Event], payload: dict[str, CelExpression], text: str) -> None:
        self.event = event
        self.payload = payload
        self.text = text

    def __call__(self, data: Any, event: Any, context: Any) -> Event:
        values = {
            field: evaluate(made, data, event, context) for field, made in self.payload.items()
        }
        try:
            return self.event.model_validate(values)
        except ValidationError as error:
            first = error.errors()[0]
            place = place_of(first["loc"])
            raise EvaluationFailed(f"{self.event.__name__}.{place} {words_of(first)}") from None


def _wait(text: str, value: Any, now: datetime) -> timedelta:
    found = as_delay(text, value)
    if isinstance(found, datetime):
        return max(found - now, timedelta())
    if isinstance(found, timedelta):
        return max(found, timedelta())
    raise EvaluationFailed(f"{text}: {value!r} is neither a duration nor a moment")
