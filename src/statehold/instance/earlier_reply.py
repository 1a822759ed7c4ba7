"""Replies that were sent before, under the same idempotency key."""

from __future__ import annotations

from typing import Any, cast

import msgspec
from msgspec import Raw
from msgspec.structs import replace

from statehold.chart.machine import Definition
from statehold.define.shown import read_view
from statehold.instance.reply import InstanceReply, ReplyJson
from statehold.instance.senders import roles_of_event
from statehold.instance.views import view_of
from statehold.records import Caller
from statehold.wire.instances import Reply

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(ReplyJson).decode
_NULL = Raw(b"null")


class EarlierReply:
    """A reply that was sent before, under the same idempotency key. ``definition`` is that of
    its machine; None: what it shows is not known to be of a type of it."""

    __slots__ = ("_definition", "_json", "_parts")

    def __init__(self, json: bytes, definition: Definition[Any] | None) -> None:
        self._json = json
        self._parts = _decode(json)
        self._definition = definition

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._parts, name)
        if isinstance(value, Raw):
            return msgspec.json.decode(value)
        return list(value) if isinstance(value, tuple) else value

    @property
    def view(self) -> Any:
        """Of the type that it had when it was sent first, where the machine still has that. Of
        another version it is plain JSON values."""
        plain, definition = msgspec.json.decode(self._parts.view), self._definition
        if definition is None or definition.version != self._parts.version:
            return plain
        return read_view(definition, plain)

    def json(self) -> bytes:
        return self._json

    def wire(self) -> Reply:
        return Reply.model_validate_json(self._json)


def earlier_reply(json: bytes, definition: Definition[Any] | None = None) -> InstanceReply:
    """The reply that was sent first, word for word, as an :class:`InstanceReply` shows it."""
    return cast(InstanceReply, EarlierReply(json, definition))


def limited_reply(
    json: bytes,
    definition: Definition[Any],
    caller: Caller,
    *,
    reads: bool,
    had: frozenset[str] | None,
) -> InstanceReply:
    """The reply that was sent first, without what its caller may not see now.

    ``reads``: it may read the instance. ``had`` are the roles that it had when it got the reply;
    None: not known. With those it gets all of it again.
    """
    roles = caller.roles
    # a role's own view has a type of its own
    typed = definition if view_of(roles, definition) is None else None
    if roles is None or (reads and had is not None and had <= roles):
        return earlier_reply(json, typed)
    first = _decode(json)
    if not reads:
        blind = ReplyJson(
            first.machine, first.id, 0, first.seq, first.status, (), _NULL, (), (), (), _NULL,
            first.held,
        )  # fmt: skip
        return earlier_reply(_encode(blind))
    allowed = tuple(one for one in first.allowed if _may_take(definition, one, roles))
    # by which of several views it was made is not known
    view = _NULL if definition.views else first.view
    return earlier_reply(_encode(replace(first, view=view, allowed=allowed)), typed)


def _may_take(definition: Definition[Any], event: str, roles: frozenset[str]) -> bool:
    asked = roles_of_event(definition, event)
    return asked is None or not roles.isdisjoint(asked)
