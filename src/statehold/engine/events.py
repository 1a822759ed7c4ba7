"""Events between Python and JSON, on their way in and out of the engine."""

from __future__ import annotations

from typing import Any

import msgspec
from pydantic_core import PydanticSerializationError, to_json

from statehold.chart.event import NamedEvent
from statehold.chart.machine import Definition
from statehold.errors import ActionFailed, InvalidPayload, TooLarge, UnknownEvent

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.decode


def parse_event(definition: Definition[Any], event: Any, limit: int) -> tuple[Any, Any]:
    """An event and its wire form, from an event object, a mapping or JSON.

    Raises ``UnknownEvent``, ``InvalidPayload`` or ``TooLarge``.
    """
    if isinstance(event, bytes | str):
        if len(event) > limit:
            raise TooLarge("the event", len(event), limit)
        plain = decode_json(event, "the event")
    elif isinstance(event, dict):
        plain = event
    else:
        shape = definition.events.get(event.__event__)
        if shape is None and definition.events:
            raise UnknownEvent(definition.name, event.__event__, tuple(definition.events))
        if shape is not None and type(event) is not shape.type:
            raise UnknownEvent(definition.name, repr(type(event)), tuple(definition.events))
        plain = event_json(event)
        _bound(plain, limit)
        return event, plain
    return _parse_plain(definition, plain, limit)


def _parse_plain(definition: Definition[Any], plain: Any, limit: int) -> tuple[Any, Any]:
    if not isinstance(plain, dict) or not isinstance(plain.get("type"), str):
        raise InvalidPayload("the event", {"type": "the event's name is needed, as a string"})
    fields = {name: value for name, value in plain.items() if name != "type"}
    name = plain["type"]
    _bound(plain, limit)
    shape = definition.events.get(name)
    if shape is not None:
        event: Any = shape.parse(_encode(fields), f"the payload of {name}")
        return event, event_json(event)
    if definition.events:
        raise UnknownEvent(definition.name, name, tuple(definition.events))
    return NamedEvent(name, fields.get("data")), plain


def _bound(plain: Any, limit: int) -> None:
    try:
        size = len(_encode(plain))
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidPayload("the event", {"": f"can't be written as JSON: {error}"}) from None
    if size > limit:
        raise TooLarge("the event", size, limit)


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


def jsonable(value: Any) -> Any:
    """Plain JSON values for anything that pydantic can write; raises ``ActionFailed``."""
    if value is None:
        return None
    try:
        return _decode(to_json(value))
    except PydanticSerializationError as error:
        raise ActionFailed("send", error) from error
