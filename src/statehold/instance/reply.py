"""What the engine answers: an instance as its users see it, made when it is looked at.

Most callers of a hot path want the seq and the state; ``view`` and ``allowed`` run functions of
the machine and are worked out at first use.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, cast

import msgspec
from msgspec import Raw, Struct

from statehold.chart.machine import Definition
from statehold.chart.payload import show_view
from statehold.errors import ActionFailed, InstanceUnreadable, described
from statehold.instance.loaded import Held
from statehold.interpreter.enabled import allowed
from statehold.interpreter.snapshot import Snapshot
from statehold.records import Caller, Ref, Status
from statehold.wire.instances import Reply


class _Json(Struct, gc=False):
    """:class:`statehold.wire.instances.Reply`, as it is written fast."""

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


class Answer:
    """One instance at one ``seq``."""

    __slots__ = (
        "_allowed",
        "_definition",
        "_json",
        "_owners",
        "_raw",
        "_raw_output",
        "_roles",
        "_snapshot",
        "_state",
        "_tags",
        "held",
        "id",
        "machine",
        "seq",
        "status",
        "version",
    )

    def __init__(
        self,
        definition: Definition[Any],
        ref: Ref,
        version: int,
        seq: int,
        status: Status,
        state: tuple[str, ...],
        tags: tuple[str, ...],
        owners: tuple[str, ...],
        snapshot: Snapshot[Any] | None,
        raw: bytes,
        raw_output: bytes | None,
        roles: Collection[str] | None = None,
        held: bool = False,
    ) -> None:
        self.machine = ref.machine
        self.id = ref.id
        self.version = version
        self.seq = seq
        self.status = status
        #: the instance is paused and the event waits
        self.held = held
        self._definition = definition
        self._state = state
        self._tags = tags
        self._owners = owners
        self._snapshot = snapshot
        self._raw = raw
        self._raw_output = raw_output
        self._roles = roles
        self._allowed: tuple[str, ...] | None = None
        self._json: bytes | None = None

    def is_for(
        self, snapshot: Snapshot[Any] | None, status: str, caller: Caller, held: bool
    ) -> bool:
        """Whether it would be the same, made anew for these."""
        return (
            self._snapshot is snapshot
            and self.status == status
            and self._roles == caller.roles
            and self.held == held
        )

    @property
    def state(self) -> list[str]:
        """Ids of the active leaves, in document order."""
        return list(self._state)

    @property
    def tags(self) -> list[str]:
        return list(self._tags)

    @property
    def owners(self) -> list[str]:
        return list(self._owners)

    @property
    def view(self) -> Any:
        """What the machine's ``view`` gives, or a copy of the data.

        Plain JSON values where the instance is of a version whose code is not here. Raises
        ``InstanceUnreadable`` where ``view`` raises: a step that leads there is refused, but data
        that an older ``view`` was content with may be there already.
        """
        definition, snapshot = self._definition, self._snapshot
        if snapshot is None or definition.version != self.version:
            return msgspec.json.decode(self._raw)
        copy = definition.data.copy(snapshot.data)
        try:
            return definition.shown(copy)
        except Exception as error:
            raise self._unreadable(error) from error

    def _unreadable(self, error: BaseException) -> InstanceUnreadable:
        why = f"its view raised {described(error)}"
        return InstanceUnreadable(self.machine, self.id, self.version, why)

    def _view_json(self) -> bytes:
        definition, snapshot = self._definition, self._snapshot
        if snapshot is None or definition.version != self.version:
            return self._raw
        if definition.view is None and not definition.data.has_computed:
            return self._raw
        try:
            return show_view(definition, definition.data.copy(snapshot.data), self._raw)
        except ActionFailed as error:
            raise self._unreadable(error.cause) from error.cause

    @property
    def allowed(self) -> list[str]:
        """Names of the events that are accepted now."""
        if self._allowed is None:
            if self._snapshot is None or self.status not in ("running", "paused"):
                self._allowed = ()
            else:
                self._allowed = allowed(self._definition, self._snapshot, self._roles)
        return list(self._allowed)

    @property
    def output(self) -> Any:
        """Plain JSON values; None unless it is done and its final state gives one."""
        return None if self._raw_output is None else msgspec.json.decode(self._raw_output)

    def json(self) -> bytes:
        """The JSON of :class:`statehold.wire.instances.Reply`; raises as ``view`` does."""
        if self._json is None:
            self._json = _encode(
                _Json(
                    self.machine,
                    self.id,
                    self.version,
                    self.seq,
                    self.status,
                    self._state,
                    Raw(self._view_json()),
                    self._tags,
                    self._owners,
                    tuple(self.allowed),
                    _NULL if self._raw_output is None else Raw(self._raw_output),
                    self.held,
                )
            )
        return self._json

    def wire(self) -> Reply:
        return Reply.model_validate_json(self.json())

    def __repr__(self) -> str:
        return f"Answer({self.machine}/{self.id} seq={self.seq} {self.status} in {self.state})"


def answer_of(
    definition: Definition[Any], held: Held, snapshot: Snapshot[Any] | None, caller: Caller
) -> Answer:
    """The answer for an instance as it was committed. ``snapshot`` may be of a newer version."""
    row = held.row
    return Answer(
        definition,
        row.ref,
        row.version,
        row.seq,
        row.status,
        row.state,
        row.tags,
        row.owners,
        snapshot,
        held.raw,
        held.output,
        caller.roles,
    )


class PastAnswer:
    """An answer that was given before, under the same idempotency key."""

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


def past_answer(json: bytes) -> Answer:
    """An :class:`Answer` by its looks: the one that was given first, word for word."""
    return cast(Answer, PastAnswer(json))
