"""What transitions and states do: ``set``, ``raise``, ``send``, ``emit``, ``effect``, ``function``.

1. All expressions of one ``set`` see the data as they were before it, as in SQL's UPDATE.
2. What is set is held against the field's schema at once: a step that would break it is refused.
3. ``null`` takes a field away that need not be there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pydantic import ValidationError, create_model

from statehold.chart.complaint import place_of, words_of
from statehold.chart.event import Event
from statehold.chart.model import Action, Block
from statehold.expression.cel.language import DURATION, NULL, STRING, TIMESTAMP, CelExpression
from statehold.expression.language import EvaluationFailed
from statehold.formats.native.fields import Typed, TypedField
from statehold.formats.native.functions import Functions, Situation, as_delay, evaluate
from statehold.formats.native.reading import Reading, duration_of, near
from statehold.formats.native.types import OpenEvent
from statehold.plain.values import Path

_WORDS: Mapping[str, frozenset[str]] = {
    "set": frozenset(),
    "raise": frozenset({"with"}),
    "send": frozenset({"with", "to", "after"}),
    "emit": frozenset({"with"}),
    "effect": frozenset(),
    "function": frozenset(),
}


@dataclass(frozen=True, slots=True)
class Known:
    """What actions may name."""

    events: Mapping[str, type[Event]]
    payloads: Mapping[str, Typed]
    effects: frozenset[str]


class Actions:
    """Reads lists of actions; each becomes one function of the chart."""

    def __init__(self, reading: Reading, functions: Functions, known: Known, machine: str) -> None:
        self.reading = reading
        self.functions = functions
        self.known = known
        self.machine = machine
        #: effects that some action asks for
        self.detached: set[str] = set()
        self._open: dict[str, type[Event]] = {}

    def block(self, value: Any, path: Path, situation: Situation) -> tuple[Block, ...]:
        """One block, or none."""
        actions = [
            action
            for item, rest in self.reading.several(value)
            if (action := self._action(item, (*path, *rest), situation)) is not None
        ]
        return (tuple(actions),) if actions else ()

    def _action(self, item: Any, path: Path, situation: Situation) -> Action | None:
        if not isinstance(item, dict):
            self.reading.complain(
                path, "it is no action", f"an action is a mapping with one of {', '.join(_WORDS)}"
            )
            return None
        verbs = [word for word in _WORDS if word in item]
        if len(verbs) != 1:
            self.reading.complain(
                path,
                f"it has {' and '.join(verbs) or 'no verb'}",
                f"an action is one of {', '.join(_WORDS)}",
            )
            return None
        verb = verbs[0]
        self.reading.mapping(item, path, {verb, *_WORDS[verb]})
        if verb == "effect":
            return self._effect(item[verb], (*path, verb))
        if verb == "function":
            name = self.functions.lent(item[verb], (*path, verb))
        elif verb == "set":
            name = self._set(item[verb], (*path, verb), situation)
        else:
            name = self._event(verb, item, path, situation)
        if name is None:
            return None
        self.functions.sources.setdefault(name, item)
        return Action(name)

    def _effect(self, value: Any, path: Path) -> Action | None:
        name = self.reading.text(value, path, "a name")
        if name is None:
            return None
        if name not in self.known.effects:
            self.reading.complain(
                path, f"no effect is called {name!r}", near(name, self.known.effects)
            )
            return None
        self.detached.add(name)
        return Action(name, "effect")

    # --- set ---

    def _set(self, value: Any, path: Path, situation: Situation) -> str | None:
        fields = self.reading.mapping(value, path)
        if not fields and not self.reading.problems:
            self.reading.complain(path, "it sets nothing", "write {set: {field: expression}}")
        made: list[_Assignment] = []
        whole = bool(fields)
        # in the order of names, which a stored chart keeps: the function's name depends on it
        for name, text in sorted(fields.items()):
            assignment = self._assignment(name, text, (*path, name), situation)
            whole = whole and assignment is not None
            if assignment is not None:
                made.append(assignment)
        if not whole:
            return None

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
        self, name: str, text: Any, path: Path, situation: Situation
    ) -> _Assignment | None:
        field = self.functions.fields.typed.get(name)
        if field is None:
            self.reading.complain(
                path, f"the data has no field {name!r}", near(name, self.functions.fields.typed)
            )
            return None
        may_be_null = field.typed.nullable or not field.always
        text = "null" if text is None else text
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

    def _event(self, verb: str, item: Any, path: Path, situation: Situation) -> str | None:
        name = self.reading.text(item[verb], (*path, verb), "an event's name")
        to = self.reading.mapping(item.get("to"), (*path, "to"), {"machine", "instance"})
        machine = self.reading.text(to.get("machine"), (*path, "to", "machine"), "a machine's name")
        is_foreign = verb == "emit" or (machine is not None and machine != self.machine)
        if not name:
            return None
        if name not in self.known.events and not is_foreign:
            self.reading.complain(
                (*path, verb), f"there is no event {name!r}", near(name, self.known.events)
            )
            return None
        payload = self._payload(name, item.get("with"), (*path, "with"), situation, is_foreign)
        if payload is None:
            return None
        event = self.known.events.get(name) if not is_foreign or verb == "emit" else None
        build = _Build(event or self._open_event(name), payload)
        told = f"{name}({', '.join(f'{field}: {made.text}' for field, made in payload.items())})"
        if verb == "raise":
            return self._queue(told, build, situation, name)
        if verb == "emit":
            return self._show(told, build, situation)
        return self._send(told, build, item, machine, to, path, situation)

    def _payload(
        self, name: str, value: Any, path: Path, situation: Situation, is_foreign: bool
    ) -> dict[str, CelExpression] | None:
        given = self.reading.mapping(value, path)
        typed = self.known.payloads.get(name) if not is_foreign else None
        fields = (typed.fields or {}) if typed else None
        made: dict[str, CelExpression] = {}
        whole = True
        for key, text in sorted(given.items()):
            if fields is not None and key not in fields:
                self.reading.complain(
                    (*path, key), f"event {name} has no field {key!r}", near(key, fields)
                )
                whole = False
                continue
            wanted = (fields[key].typed.kind,) if fields is not None else ()
            one = self.functions.expression(
                "null" if text is None else text, (*path, key), situation, wanted
            )
            if one is None:
                whole = False
            else:
                made[key] = one
        missing = [k for k, f in (fields or {}).items() if f.required and k not in given]
        if missing:
            self.reading.complain(path, f"event {name} needs {', '.join(missing)}", "give them")
        return made if whole and not missing else None

    def _queue(self, told: str, build: _Build, situation: Situation, name: str) -> str:
        def queue(data: Any, event: Any, context: Any) -> None:
            context.raise_(build(data, event, context))

        return self.functions.add(
            f"raise {told}", queue, situation, *build.payload.values(),
            raises=frozenset({name}), needs_context=True,
        )  # fmt: skip

    def _show(self, told: str, build: _Build, situation: Situation) -> str:
        def show(data: Any, event: Any, context: Any) -> None:
            context.emit(build(data, event, context))

        return self.functions.add(
            f"emit {told}", show, situation, *build.payload.values(), needs_context=True
        )

    def _send(
        self,
        told: str,
        build: _Build,
        item: Any,
        machine: str | None,
        to: Mapping[str, Any],
        path: Path,
        situation: Situation,
    ) -> str | None:
        expressions = [*build.payload.values()]
        delay: timedelta | None = None
        later: CelExpression | None = None
        after = item.get("after")
        if after is not None:
            delay = duration_of(after)
            if delay is None:
                wanted = (DURATION, TIMESTAMP)
                later = self.functions.expression(after, (*path, "after"), situation, wanted)
                if later is None:
                    return None
                expressions.append(later)
        receiver: CelExpression | None = None
        if "instance" in to:
            place = (*path, "to", "instance")
            receiver = self.functions.expression(to["instance"], place, situation, (STRING,))
            if receiver is None:
                return None
            expressions.append(receiver)
        elif machine is not None:
            self.reading.complain(
                (*path, "to"), "it names a machine and no instance", "give instance: an expression"
            )
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
        name = f"send {told}{whither}{when}"
        return self.functions.add(name, send, situation, *expressions, needs_context=True)

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
    """An event, its fields from expressions."""

    __slots__ = ("event", "payload")

    def __init__(self, event: type[Event], payload: dict[str, CelExpression]) -> None:
        self.event = event
        self.payload = payload

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
