"""Events and results of effects between Python and JSON, on their way in and out of a machine."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Raw
from pydantic import TypeAdapter, ValidationError
from pydantic_core import PydanticSerializationError, to_json

from statehold.chart.event import Event, NamedEvent, is_made_inside
from statehold.chart.machine import Definition
from statehold.chart.values import Shape, fields_of
from statehold.errors import ActionFailed, InvalidPayload, TooLarge, UnknownEvent

#: bytes of one event as JSON, unless told otherwise
EVENT_BYTES = 256_000
#: bytes of an instance's data as JSON, unless told otherwise
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
        plain = _flat(shape, event)
        _bound(bytes(plain), limit)
        return event, plain
    if isinstance(event, bytes | str):
        if len(event) > limit:
            raise TooLarge("the event", len(event), limit)
        event = decode_json(event, "the event")
    elif isinstance(event, NamedEvent):
        event = event_json(event)
    return _parse_plain(definition, event, limit)


def _parse_plain(definition: Definition[Any], plain: Any, limit: int) -> tuple[Any, Any]:
    if not isinstance(plain, dict) or not isinstance(plain.get("type"), str):
        raise InvalidPayload("the event", {"type": "the event's name is needed, as a string"})
    fields = dict(plain)
    name = fields.pop("type")
    shape = definition.events.get(name)
    if shape is not None:
        given = _bound(_written(fields), limit)
        parsed: Any = shape.parse(given, f"the payload of {name}")
        return parsed, _flat(shape, parsed)
    if definition.events:
        raise UnknownEvent(definition.name, name, tuple(definition.events))
    if definition.chart.policy.messages == "durable" and is_made_inside(name):
        # else whoever may send could end a timer or an effect at will; SCXML has it so
        why = f"{name!r} names a timer, a completion or an outcome; nobody sends those"
        raise InvalidPayload("the event", {"type": why})
    return NamedEvent(name, _carried(fields)), Raw(_bound(_written(plain), limit))


def _carried(fields: dict[str, Any]) -> Any:
    """What a flat event without a class carries: its ``data`` where that is all, else its fields.

    It is written back under ``data``, so what was read once is read the same ever after.
    """
    return fields.get("data") if fields.keys() <= {"data"} else fields


def _written(plain: Any) -> bytes:
    try:
        return _encode(plain)
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidPayload("the event", {"": f"can't be written as JSON: {error}"}) from None


def _flat(shape: Shape[Event], event: Event) -> Raw:
    """The wire form, written without a detour over a dictionary."""
    fields = shape.dump(event)
    name = b'{"type":"%s"' % event.__event__.encode()
    return Raw(name + b"}" if fields == b"{}" else name + b"," + fields[1:])


def _bound(raw: Any, limit: int) -> Any:
    if len(raw) > limit:
        raise TooLarge("the event", len(raw), limit)
    return raw


def read_result(definition: Definition[Any], name: str, raw: bytes) -> Any:
    """A result as the effect's annotation has it; raises ``InvalidPayload``."""
    effect = definition.effects.get(name)
    if effect is None or effect.result_type is None:
        return msgspec.json.decode(raw)
    try:
        return TypeAdapter(effect.result_type).validate_json(raw)
    except ValidationError as error:
        raise InvalidPayload(f"the result of {name}", fields_of(error)) from None
    except Exception as error:
        # a validator of the user's that is broken itself
        why = f"its validation raised {type(error).__name__}: {error}"
        raise InvalidPayload(f"the result of {name}", {"": why}) from error


def decode_json(raw: bytes | str, what: str) -> Any:
    """Plain JSON values; raises ``InvalidPayload`` for what is not JSON or too deep to be read."""
    try:
        return _decode(raw)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise InvalidPayload(what, {"": f"not JSON: {error}"}) from None


def event_json(event: Any) -> Any:
    """An event as it goes over the wire: flat, its name in ``type``; plain JSON values."""
    if hasattr(event, "model_dump"):
        return {"type": event.__event__, **event.model_dump(mode="json")}
    return {"type": event.__event__, "data": jsonable(getattr(event, "data", None))}


def named_body(event: NamedEvent) -> dict[str, str]:
    """What a message says of a named event beside its name and data."""
    return {
        name: text for name, text in (("origin", event.origin), ("sendid", event.sendid)) if text
    }


def jsonable(value: Any) -> Any:
    """Plain JSON values for anything that pydantic can write; raises ``ActionFailed``."""
    if value is None:
        return None
    try:
        return _decode(to_json(value))
    except (PydanticSerializationError, msgspec.DecodeError) as error:
        # infinity and not-a-number are written as no JSON that can be read
        raise ActionFailed("send", error) from error
