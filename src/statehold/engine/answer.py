"""What the engine answers: an instance as its users see it, made when it is looked at.

Most callers of a hot path want the seq and the state; ``view`` and ``allowed`` run functions of
the machine and are worked out at first use.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, cast

import msgspec
from msgspec import Raw, Struct
from pydantic_core import to_json

from statehold import wire
from statehold.chart.machine import Definition
from statehold.interpreter.outlook import allowed
from statehold.interpreter.snapshot import Snapshot
from statehold.store import Row


class _Json(Struct):
    """:class:`statehold.wire.Reply`, as it is written fast."""

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
        "_raw",
        "_raw_output",
        "_roles",
        "_row",
        "_snapshot",
        "held",
    )

    def __init__(
        self,
        definition: Definition[Any] | None,
        row: Row,
        snapshot: Snapshot[Any] | None,
        raw: bytes,
        raw_output: bytes | None,
        *,
        roles: Collection[str] | None = None,
        held: bool = False,
    ) -> None:
        self._definition = definition
        self._row = row
        self._snapshot = snapshot
        self._raw = raw
        self._raw_output = raw_output
        self._roles = roles
        self._allowed: tuple[str, ...] | None = None
        self._json: bytes | None = None
        self.held = held

    @property
    def machine(self) -> str:
        return self._row.machine

    @property
    def id(self) -> str:
        return self._row.id

    @property
    def version(self) -> int:
        return self._row.version

    @property
    def seq(self) -> int:
        return self._row.seq

    @property
    def status(self) -> str:
        return self._row.status

    @property
    def state(self) -> list[str]:
        """Ids of the active leaves, in document order."""
        return list(self._row.state)

    @property
    def tags(self) -> list[str]:
        return list(self._row.tags)

    @property
    def owners(self) -> list[str]:
        return list(self._row.owners)

    @property
    def view(self) -> Any:
        """What the machine's ``view`` gives, or a copy of the data.

        Plain JSON values where the instance is of a version whose code is not here.
        """
        definition, snapshot = self._definition, self._snapshot
        if definition is None or snapshot is None or definition.version != self._row.version:
            return msgspec.json.decode(self._raw)
        copy = definition.data.copy(snapshot.data)
        return copy if definition.view is None else definition.view(copy)

    @property
    def allowed(self) -> list[str]:
        """Names of the events that are accepted now."""
        if self._allowed is None:
            running = self._row.status == "running" or self._row.status == "paused"
            if self._definition is None or self._snapshot is None or not running:
                self._allowed = ()
            else:
                self._allowed = allowed(self._definition, self._snapshot, self._roles)
        return list(self._allowed)

    @property
    def output(self) -> Any:
        """Plain JSON values; None unless it is done and its final state gives one."""
        return None if self._raw_output is None else msgspec.json.decode(self._raw_output)

    def json(self) -> bytes:
        """The JSON of :class:`statehold.wire.Reply`."""
        if self._json is None:
            row = self._row
            plain = self._definition is None or self._definition.view is None
            self._json = _encode(
                _Json(
                    row.machine,
                    row.id,
                    row.version,
                    row.seq,
                    row.status,
                    row.state,
                    Raw(self._raw if plain else to_json(self.view)),
                    row.tags,
                    row.owners,
                    tuple(self.allowed),
                    _NULL if self._raw_output is None else Raw(self._raw_output),
                    self.held,
                )
            )
        return self._json

    def wire(self) -> wire.Reply:
        return wire.Reply.model_validate_json(self.json())

    def __repr__(self) -> str:
        return f"Answer({self.machine}/{self.id} seq={self.seq} {self.status} in {self.state})"


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

    def wire(self) -> wire.Reply:
        return wire.Reply.model_validate_json(self._json)


def past_answer(json: bytes) -> Answer:
    """An :class:`Answer` by its looks: the one that was given first, word for word."""
    return cast(Answer, PastAnswer(json))
