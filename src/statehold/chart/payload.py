"""Converts events, results, outputs and views between Python and JSON.

Each has one written form, that of its :class:`.values.Shape`, or of :mod:`.untyped` where no type
is declared. It is read back and compared before anything is acknowledged, so that a value that is
queued, sent or stored arrives unchanged, or is refused at its sender.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any, TypeVar

import msgspec
from msgspec import UNSET, Raw

from statehold.chart.deferred import settled
from statehold.chart.event import Event, NamedEvent, is_made_inside
from statehold.chart.initial import initial_data
from statehold.chart.left_out import LeftOut, leave_out, left_out_of
from statehold.chart.machine import Definition
from statehold.chart.untyped import shape_of, show_typed, show_untyped, write_untyped
from statehold.chart.values import Shape
from statehold.errors import ActionFailed, InvalidPayload, TooLarge, UnknownEvent, described
from statehold.expression.allowance import answer_allowance

#: default limit of bytes of one event as JSON
EVENT_BYTES = 256_000
#: default limit of bytes of an instance's data as JSON
DATA_BYTES = 1_000_000

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.decode


def parse_event(definition: Definition[Any], event: Any, limit: int) -> tuple[Any, Any]:
    """An event and its wire form, from an event object, a mapping or JSON.

    The wire form is :class:`msgspec.Raw` or plain JSON values, bounded by ``limit`` bytes. Raises
    ``UnknownEvent``, ``InvalidPayload`` or ``TooLarge``.
    """
    if isinstance(event, Event):
        shape = definition.events.get(event.__event__)
        if shape is None or type(event) is not shape.type:
            raise UnknownEvent(definition.name, type(event).__name__, tuple(definition.events))
        wire, event = _settled(shape, event, is_parsed=False)
        return event, Raw(_bound(wire, limit))
    if isinstance(event, bytes | str):
        if len(event) > limit:
            raise TooLarge("the event", len(event), limit)
        event = decode_json(event, "the event")
    elif isinstance(event, NamedEvent):
        event = event_json(event)
    elif isinstance(event, dict):
        # values that JSON has not would be written as others: NaN as null, bytes in base64
        event = _decode(write_untyped(event, "the event"))
    return _parse_plain(definition, event, limit, stored=False)


def load_event(
    definition: Definition[Any], plain: Any, limit: int, left_out: LeftOut
) -> tuple[Any, Any]:
    """As :func:`parse_event`, from a wire form that was queued, or that another machine sent;
    ``left_out`` are the fields that its sender left out (:func:`left_out`)."""
    if isinstance(plain, Raw):
        plain = _decode(plain)
    event, plain = _parse_plain(definition, plain, limit, stored=True)
    leave_out(event, left_out)
    return event, plain


def left_out(event: Any) -> LeftOut:
    """Which fields of an event with a class its sender left out."""
    return left_out_of(event) if isinstance(event, Event) else {}


def _parse_plain(
    definition: Definition[Any], plain: Any, limit: int, *, stored: bool
) -> tuple[Any, Any]:
    if not isinstance(plain, dict) or not isinstance(plain.get("type"), str):
        raise InvalidPayload("the event", {"type": "the event's name is needed, as a string"})
    fields = dict(plain)
    name = fields.pop("type")
    shape = definition.events.get(name)
    if shape is not None:
        given = _bound(_written(fields), limit)
        what = f"the payload of {name}"
        if stored:
            loaded = shape.load(given, what)
            return loaded, Raw(_flat(loaded, shape.dump(loaded, what)))
        wire, parsed = _settled(shape, shape.parse(given, what), is_parsed=True)
        return parsed, Raw(wire)
    if definition.events:
        raise UnknownEvent(definition.name, name, tuple(definition.events))
    if definition.chart.policy.messages == "durable" and is_made_inside(name):
        # otherwise any sender could end a timer or an effect, as SCXML allows
        why = f"{name!r} names a timer, a completion or an outcome, which can't be sent"
        raise InvalidPayload("the event", {"type": why})
    return NamedEvent(name, _carried(fields)), Raw(_bound(_written(plain), limit))


def _carried(fields: dict[str, Any]) -> Any:
    """The data of a flat event without a class: its ``data`` if it has no other field, else its
    fields.

    It is written back under ``data``, so it is read the same from then on.
    """
    return fields.get("data") if fields.keys() <= {"data"} else fields


def _written(plain: Any) -> bytes:
    try:
        return _encode(plain)
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidPayload("the event", {"": f"can't be written as JSON: {error}"}) from None


def _settled(shape: Shape[Event], event: Event, *, is_parsed: bool) -> tuple[bytes, Event]:
    """The wire form, and the event as it is read from it."""
    what = f"the payload of {event.__event__}"
    write = shape.write if is_parsed else shape.write_object
    fields, back = write(event, what)
    if back is not event:
        leave_out(back, left_out_of(event))
    return _flat(back, fields), back


def _flat(event: Event, fields: bytes) -> bytes:
    """The fields with the name, written without a detour over a dictionary."""
    name = _beginning(event.__event__)
    return name[:-1] + b"}" if fields == b"{}" else name + fields[1:]


@lru_cache(maxsize=1_000)
def _beginning(name: str) -> bytes:
    return b'{"type":"%s",' % name.encode()


def _bound(raw: bytes, limit: int) -> bytes:
    if len(raw) > limit:
        raise TooLarge("the event", len(raw), limit)
    return raw


def result_shape(definition: Definition[Any], name: str) -> Shape[Any] | None:
    """The shape of what the effect gives, or None where it has no annotation."""
    effect = definition.effects.get(name)
    if effect is None or effect.result_type is None:
        return None
    shape = definition.results.get(name)
    if shape is None:
        try:
            shape = definition.results[name] = Shape(effect.result_type)
        except Exception as error:
            why = f"its annotation can't be used: {described(error)}"
            raise InvalidPayload(f"the result of {name}", {"": why}) from error
    return shape


def write_result(definition: Definition[Any], name: str, result: Any) -> bytes:
    """The written form of an effect's result; raises ``InvalidPayload``, by the names of fields,
    for one that would not be read back equal.

    One that is not of the annotated type is written as it is: :func:`read_result` refuses it.
    """
    what = f"the result of {name}"
    shape = result_shape(definition, name)
    if shape is None:
        return write_untyped(result, what)
    try:
        value = shape.check(result, what)
    except InvalidPayload:
        return write_untyped(result, what)
    return shape.settle(value, what)[0]


def read_result(definition: Definition[Any], name: str, raw: bytes) -> Any:
    """A result as the effect's annotation has it; raises ``InvalidPayload``."""
    shape = result_shape(definition, name)
    return _decode(raw) if shape is None else shape.load(raw, f"the result of {name}")


def read_output(definition: Definition[Any], machine: str, raw: bytes) -> Any:
    """What a child of that name ended with, as it is annotated; raises ``InvalidPayload``."""
    shape = _output_shape(definition, machine)
    return _decode(raw) if shape is None else shape.load(raw, f"the output of {machine}")


def given_output(definition: Definition[Any], machine: str, output: Any) -> Any:
    """An output on its way through JSON, both ways; raises ``InvalidPayload``."""
    raw = write_untyped(output, f"the output of {machine}")
    return read_output(definition, machine, raw)


def _output_shape(definition: Definition[Any], machine: str) -> Shape[Any] | None:
    type_ = definition.child_outputs.get(machine)
    if type_ is None:
        return None
    shape = definition.outputs.get(machine)
    if shape is None:
        shape = definition.outputs[machine] = Shape(type_)
    return shape


def given_result(definition: Definition[Any], name: str, result: Any) -> Any:
    """A result on its way through JSON, both ways; raises as they do."""
    return read_result(definition, name, write_result(definition, name, result))


def settle_data(
    definition: Definition[Any], value: Any, what: str, limit: int
) -> tuple[bytes, Any]:
    """The data after a step as JSON, and as it is read back, which the next step sees.

    So data that could not be loaded again is refused in the step that made it.
    Raises ``InvalidPayload``, ``TooLarge`` for ``what`` if it has more than ``limit`` bytes, and
    ``ActionFailed`` where a validator breaks.
    """
    shape, after = definition.data, "the data after the step"
    raw = shape.dump(value, after)
    if len(raw) > limit:
        raise TooLarge(what, len(raw), limit)
    try:
        return raw, shape.back(value, raw, after)
    except InvalidPayload as error:
        if error.__cause__ is None:
            raise
        raise ActionFailed("the data's own validation", error.__cause__) from error


def bound_input(definition: Definition[Any], raw: bytes, limit: int, what: str = "") -> None:
    """Raises ``TooLarge`` for an input over ``limit`` bytes; data is measured after the step."""
    if definition.maker is not None and len(raw) > limit:
        raise TooLarge(what or definition.input_words, len(raw), limit)


def child_input(definition: Definition[Any], machine: str, given: Any) -> tuple[bytes, Any]:
    """What a child is started with, written, and as the child reads it; raises ``InvalidPayload``.

    ``given`` is ``msgspec.UNSET`` where its invoke has no input.
    """
    shape, what = _of_child(definition, machine)
    return shape.settle(initial_data(shape, given, what), what)


def write_child_input(definition: Definition[Any], machine: str, given: Any) -> bytes | None:
    """The same for the message that starts it; None where the message has none.

    A value that is not of the child's type is written as it is: the child refuses it and ends.
    """
    shape, what = _of_child(definition, machine)
    try:
        value = initial_data(shape, given, what)
    except InvalidPayload:
        return None if given is UNSET else write_untyped(given, what)
    return shape.settle(value, what)[0]


def _of_child(definition: Definition[Any], machine: str) -> tuple[Shape[Any], str]:
    child = definition.children[machine].definition
    return child.input, f"{child.input_words} of the child {machine}"


def write_output(output: Any) -> bytes:
    """The written form of a final state's output; raises ``ActionFailed``."""
    return _written_by("output", lambda: write_untyped(output, "the output"))


def show_view(
    definition: Definition[Any], data: Any, raw: bytes, named: str | None = None
) -> bytes:
    """What a reply shows of the data; ``raw`` is its stored form. Raises ``ActionFailed``.

    ``data`` is given to the view of this name, or to the machine's ``view``, which may keep it.
    """
    view = definition.view if named is None else definition.views[named]
    if view is not None:
        return _written_by("view", lambda: show_untyped(settled(view(data)), "the view"))
    if definition.data.has_computed:
        return _written_by("view", lambda: show_typed(definition.data, data, "the view"))
    return raw


def indexed(definition: Definition[Any], data: Any) -> dict[str, str]:
    """What the instance is listed by; raises ``ActionFailed``."""
    if not definition.indexes:
        return {}
    with answer_allowance("the indexes"):
        return _indexed(definition, data)


def _indexed(definition: Definition[Any], data: Any) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, function in definition.indexes.items():

        def value(function: Any = function) -> str | None:
            given = settled(function(data))
            if given is None:
                return None
            write_untyped(given, "the index")
            text = str(given)
            text.encode()
            return text

        text = _written_by(f"index {name}", value)
        if text is not None:
            found[name] = text
    return found


W = TypeVar("W")


def _written_by(what: str, write: Callable[[], W]) -> W:
    try:
        return write()
    except Exception as error:
        raise ActionFailed(what, error) from error


def decode_json(raw: bytes | str, what: str) -> Any:
    """Plain JSON values; raises ``InvalidPayload`` for what is not JSON or too deep to be read."""
    try:
        return _decode(raw)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise InvalidPayload(what, {"": f"not JSON: {error}"}) from None


def sent_event(event: Any) -> Raw:
    """The wire form of an event for another machine: flat, its name in ``type``.

    Raises ``InvalidPayload`` for one that would arrive as something else.
    """
    if isinstance(event, Event):
        return Raw(_settled(shape_of(type(event)), event, is_parsed=False)[0])
    data = getattr(event, "data", None)
    written = b"null" if data is None else write_untyped(data, f"the data of {event.__event__}")
    return Raw(_encode({"type": event.__event__, "data": Raw(written)}))


def shown_event(event: Any) -> Raw:
    """The same for display, with computed fields; no instance receives it."""
    if isinstance(event, Event):
        what = f"the event {event.__event__}"
        return Raw(_flat(event, show_typed(shape_of(type(event)), event, what)))
    return sent_event(event)


def event_json(event: Any) -> Any:
    """As :func:`sent_event`, as plain JSON values."""
    return _decode(sent_event(event))


def named_body(event: NamedEvent) -> dict[str, str]:
    """The members of a message for a named event beside its name and data."""
    return {
        name: text for name, text in (("origin", event.origin), ("sendid", event.sendid)) if text
    }


def jsonable(value: Any) -> Any:
    """Plain JSON values for anything that has a written form; raises ``InvalidPayload``."""
    return None if value is None else _decode(write_untyped(value, "the value"))
