"""What is stored of an instance and passed between the layers, as plain values.

One row an instance, the entries of its journal, the messages on their way to it, and one write,
which is what a commit does to one instance. None of them knows a chart: ``document`` and ``body``
are bytes here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from msgspec import UNSET, Raw, Struct

from statehold.interpreter.trace import Microstep

if TYPE_CHECKING:
    MaybeRaw: TypeAlias = Raw | None
else:
    # msgspec reads nothing but null as ``Raw | None``; what is left out is None all the same
    MaybeRaw = Raw

Status = Literal["running", "paused", "done", "cancelled"]

#: nothing comes after these
OVER: frozenset[Status] = frozenset(("done", "cancelled"))


class Ref(Struct, frozen=True, order=True, gc=False):
    """Which instance."""

    machine: str
    id: str


class Parent(Struct, frozen=True, gc=False):
    """Whose invoke started this instance."""

    ref: Ref
    key: str
    invoke: str


class Caller(Struct, frozen=True, gc=False):
    """Who asks. ``roles`` None: trusted code, which no ``by`` stops."""

    name: str = ""
    roles: frozenset[str] | None = None


#: trusted code that gives no name
ANYONE = Caller()


class Row(Struct, frozen=True, kw_only=True, gc=False):
    """One instance, whole. ``document`` is the snapshot and the engine's notes on it, as JSON.

    The other fields are lifted out of it, to be queried by. ``state`` are the active leaves in
    document order. ``wake_at`` is the earliest thing that is due, ``held_by`` names the workers
    that perform effects of it now. ``rev`` counts writes, ``seq`` steps. ``since`` is when the
    configuration was entered, ``incidents`` how many wait for a person.
    """

    machine: str
    id: str
    version: int
    seq: int
    rev: int
    status: Status
    state: tuple[str, ...]
    tags: tuple[str, ...]
    owners: tuple[str, ...]
    indexes: Mapping[str, str]
    created_at: datetime
    since: datetime
    changed_at: datetime
    wake_at: datetime | None
    held_by: tuple[str, ...]
    incidents: int
    deadline: datetime | None
    document: bytes
    #: what of the columns above stands in for something that can't be read; None: nothing
    damage: str | None = None

    @property
    def ref(self) -> Ref:
        return Ref(self.machine, self.id)


class Entry(Struct, frozen=True, gc=False):
    """One line of an instance's journal.

    ``part`` is 0 for a step; what happens between two steps (a failed try, an outcome that no
    transition takes, a person's act) is noted under the last step's ``seq`` with part 1, 2, ….
    ``body`` is JSON (:class:`JournalBody`). ``key`` is the sender's idempotency
    key and ``reply`` what was answered to it.
    """

    machine: str
    id: str
    seq: int
    part: int
    at: datetime
    kind: str
    body: bytes
    key: str | None = None
    reply: bytes | None = None


class EffectRecord(Struct, frozen=True, omit_defaults=True, gc=False):
    """``what``: asked, tried (and failed, to be tried again), done, failed, cancelled, skipped,
    retried, resolved."""

    key: str
    name: str
    what: str
    attempt: int = 0
    error: str | None = None
    due: datetime | None = None


class JournalBody(Struct, frozen=True, omit_defaults=True, gc=False):
    """The body of an entry, as the store keeps it.

    ``data`` is the whole data, there at the start, after an upgrade and at every 64th step;
    else ``change`` tells what became of it: ``{"set": {"a": 1}, "unset": ["b"]}`` with JSON
    pointers' tokens joined by ``/`` as names (RFC 6901 escapes). Neither: it did not change.
    ``state`` is the configuration's leaves afterwards, ``version`` the machine's. ``trace`` is the
    step's W3C ``traceparent``, there where a tracer was. ``given`` is the fingerprint of a request
    that had a key (:mod:`statehold.chart.fingerprint`).
    """

    version: int
    state: tuple[str, ...]
    status: Status = "running"
    event: Any = None
    caller: str | None = None
    cause: str | None = None
    steps: tuple[Microstep, ...] = ()
    data: Any = UNSET
    change: dict[str, Any] | None = None
    effects: tuple[EffectRecord, ...] = ()
    timers: dict[str, datetime | None] = {}
    sent: tuple[dict[str, Any], ...] = ()
    emitted: tuple[Any, ...] = ()
    output: Any = None
    reason: str | None = None
    trace: str | None = None
    given: str | None = None


class Message(Struct, frozen=True, gc=False):
    """Something on its way to an instance: an event sent by another, or one that is held.

    ``number`` is given by the store and rises in the order of commits within one sender; 0 until
    then. ``kind``: ``event``, ``start`` and ``end`` of a child, ``cancel``, ``outcome`` of an
    effect held back by a pause. ``due_at`` None: at once. ``held``: waits for the instance's
    resumption, not for delivery. ``send_id`` lets the sender (``sender``) take it back.
    """

    to: Ref
    kind: str
    body: bytes
    due_at: datetime | None = None
    sender: Ref | None = None
    send_id: str | None = None
    held: bool = False
    key: str | None = None
    number: int = 0


class Write(Struct, frozen=True, gc=False):
    """What one turn does to one instance.

    ``expected_rev`` None: the row is new, and an existing one is a conflict. ``consumed`` are
    numbers of messages that caused it. ``recalled`` are ``send_id`` of this instance's own
    messages that are to be taken back if they are still there. ``released``: its held messages
    become deliverable.
    """

    row: Row
    expected_rev: int | None
    entries: Sequence[Entry] = ()
    messages: Sequence[Message] = ()
    consumed: Sequence[int] = ()
    recalled: Sequence[str] = ()
    released: bool = False
