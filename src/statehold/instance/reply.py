"""Replies to requests: an instance as callers see it.

Most callers of a hot path read ``seq`` and ``state``. ``view`` and ``allowed`` run functions of the
machine and are computed at first use.
"""

from __future__ import annotations

from typing import Any, cast

import msgspec
from msgspec import Raw, Struct

from statehold.chart.payload import show_view
from statehold.errors import ActionFailed, InstanceUnreadable, described
from statehold.instance.state import InstanceState
from statehold.interpreter.enabled import allowed
from statehold.interpreter.snapshot import Snapshot
from statehold.records import ANYONE, Caller, Status
from statehold.wire.instances import Reply


class _Json(Struct, gc=False):
    """:class:`statehold.wire.instances.Reply`, for fast encoding."""

    machine: str
    id: str
    version: int
    seq: int
    status: str
    state: tuple[str, ...]
    view: Raw
    tags: tuple[str, ...]
    owners: tuple[str, ...]
    allowed: tuple[str, ...]
    output: Raw
    held: bool


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(_Json).decode
_NULL = Raw(b"null")


class InstanceReply:
    """One instance at one ``seq``, for one caller.

    ``held``: the instance is paused, and the event waits for its resumption. ``ahead`` is its
    snapshot once it is upgraded, where it is of an older version: what it allows is that of it.
    """

    __slots__ = ("_ahead", "_allowed", "_json", "_view", "held", "instance", "roles")

    def __init__(
        self,
        instance: InstanceState,
        caller: Caller = ANYONE,
        *,
        held: bool = False,
        ahead: Snapshot[Any] | None = None,
        view: bytes | None = None,
    ) -> None:
        self.instance = instance
        #: of the caller; None: trusted code
        self.roles = caller.roles
        self.held = held
        self._ahead = ahead
        self._view = view
        self._allowed: tuple[str, ...] | None = None
        self._json: bytes | None = None

    @property
    def machine(self) -> str:
        return self.instance.ref.machine

    @property
    def id(self) -> str:
        return self.instance.ref.id

    @property
    def version(self) -> int:
        return self.instance.version

    @property
    def seq(self) -> int:
        """How many steps it has taken, the start included."""
        return self.instance.seq

    @property
    def status(self) -> Status:
        return self.instance.status

    @property
    def state(self) -> list[str]:
        """Ids of the active leaves, in document order."""
        return list(self.instance.state)

    @property
    def tags(self) -> list[str]:
        return list(self.instance.tags)

    @property
    def owners(self) -> list[str]:
        return list(self.instance.owners)

    @property
    def view(self) -> Any:
        """What the machine's ``view`` returns, or a copy of the data.

        Plain JSON values where the instance is of a version whose code is not here. Raises
        ``InstanceUnreadable`` where ``view`` raises: a step that leads there is refused, but the
        data may have been stored under an earlier ``view``.
        """
        definition, snapshot = self.instance.definition, self.instance.snapshot
        if snapshot is None:
            return msgspec.json.decode(self.instance.data)
        copy = definition.data.copy(snapshot.data)
        try:
            return definition.shown(copy)
        except Exception as error:
            raise self._unreadable(error) from error

    def _unreadable(self, error: BaseException) -> InstanceUnreadable:
        why = f"its view raised {described(error)}"
        return InstanceUnreadable(self.machine, self.id, self.version, why)

    def _view_json(self) -> bytes:
        if self._view is not None:
            return self._view
        definition, snapshot = self.instance.definition, self.instance.snapshot
        data = self.instance.data
        if snapshot is None or not (definition.view is not None or definition.data.has_computed):
            return data
        try:
            return show_view(definition, definition.data.copy(snapshot.data), data)
        except ActionFailed as error:
            raise self._unreadable(error.cause) from error.cause

    @property
    def allowed(self) -> list[str]:
        """Names of the events that are accepted now."""
        if self._allowed is None:
            snapshot = self._ahead or self.instance.snapshot
            if snapshot is None or self.status not in ("running", "paused"):
                self._allowed = ()
            else:
                self._allowed = allowed(self.instance.definition, snapshot, self.roles)
        return list(self._allowed)

    @property
    def output(self) -> Any:
        """Plain JSON values; None unless it is done and its final state gives one."""
        raw = self.instance.output
        return None if raw is None else msgspec.json.decode(raw)

    def json(self) -> bytes:
        """The JSON of :class:`statehold.wire.instances.Reply`; raises as ``view`` does."""
        if self._json is None:
            instance = self.instance
            self._json = _encode(
                _Json(
                    instance.ref.machine,
                    instance.ref.id,
                    instance.version,
                    instance.seq,
                    instance.status,
                    instance.state,
                    Raw(self._view_json()),
                    instance.tags,
                    instance.owners,
                    tuple(self.allowed),
                    _NULL if instance.output is None else Raw(instance.output),
                    self.held,
                )
            )
        return self._json

    def wire(self) -> Reply:
        return Reply.model_validate_json(self.json())

    def __repr__(self) -> str:
        return (
            f"InstanceReply({self.machine}/{self.id} seq={self.seq} {self.status} in {self.state})"
        )


class EarlierReply:
    """A reply that was sent before, under the same idempotency key."""

    __slots__ = ("_json", "_parts")

    def __init__(self, json: bytes) -> None:
        self._json = json
        self._parts = _decode(json)

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._parts, name)
        if isinstance(value, Raw):
            return msgspec.json.decode(value)
        return list(value) if isinstance(value, tuple) else value

    def json(self) -> bytes:
        return self._json

    def wire(self) -> Reply:
        return Reply.model_validate_json(self._json)


def earlier_reply(json: bytes) -> InstanceReply:
    """The reply that was sent first, word for word, as an :class:`InstanceReply` shows it."""
    return cast(InstanceReply, EarlierReply(json))
