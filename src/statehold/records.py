"""What is stored of an instance, as plain values that every layer above passes on.

An instance has one row, the entries of its journal and the messages to it; a :class:`Write` is what
one commit does to them. None of these knows a chart: ``document`` and ``body`` are bytes here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from msgspec import UNSET, Raw, Struct

from statehold.chart.access import ServerAccess
from statehold.interpreter.trace import Microstep

if TYPE_CHECKING:
    MaybeRaw: TypeAlias = Raw | None
else:
    # msgspec decodes ``Raw | None`` from null alone; a missing field is None all the same
    MaybeRaw = Raw

Status = Literal["running", "paused", "done", "cancelled"]

#: those of an instance that takes no more steps
OVER: frozenset[Status] = frozenset(("done", "cancelled"))


class Ref(Struct, frozen=True, order=True, gc=False):
    """Which instance."""

    machine: str
    id: str


class Parent(Struct, frozen=True, gc=False):
    """The instance and the invoke that started this one; ``key`` is the effect's there."""

    ref: Ref
    key: str
    invoke: str


class Caller(Struct, frozen=True, gc=False):
    """Who sends a request.

    ``roles`` None: this program's own code, which may do everything; no caller over HTTP has that.
    ``teams`` are those that it belongs to. ``machines`` are the only ones that it may use, by
    their names, or by how these begin (``shop.*``); None: any. ``proved``: an authenticator has
    proved the name, which otherwise is only claimed. ``server``: what the server that let it in
    permits beyond what machines state; None: it came through no server. ``address`` is the other
    end of its connection.
    """

    name: str = ""
    roles: frozenset[str] | None = None
    teams: frozenset[str] = frozenset()
    machines: tuple[str, ...] | None = None
    proved: bool = False
    server: ServerAccess | None = None
    address: str = ""


#: this program's own code, which gives no name
ANYONE = Caller()


class AuditEntry(Struct, frozen=True, gc=False):
    """One line of the audit log: a refusal, or an act of administration.

    ``action`` is a right (:data:`.chart.access.Right`) or the name of an act (``pause``,
    ``token.revoke``). ``times`` counts equal refusals that one line stands for. ``machine`` and
    ``id`` are empty where it is about none. ``number`` breaks ties between equal times; 0: the
    store gives it one.
    """

    at: datetime
    caller: str
    proved: bool
    address: str
    action: str
    machine: str
    id: str
    outcome: Literal["done", "refused"]
    detail: str = ""
    times: int = 1
    number: int = 0


class Row(Struct, frozen=True, gc=False):
    """One instance. ``document`` has what the columns do not, as JSON (:mod:`.instance.stored`).

    ``seq`` counts steps, ``rev`` writes. ``state`` has the active leaves in document order.
    ``since`` is when the configuration was entered, ``wake_at`` when the earliest timer or attempt
    is due. ``held_by`` names the workers that have an attempt of it, ``incidents`` counts those
    that wait for an operator, ``deadline`` is the earliest of its active states.
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
    #: which of the columns above has a substitute, as it can't be read; None: none
    damage: str | None = None

    @property
    def ref(self) -> Ref:
        return Ref(self.machine, self.id)


class Entry(Struct, frozen=True, gc=False):
    """One entry of an instance's journal.

    ``part`` is 0 for a step. What happens between two steps (a failed attempt, an outcome that no
    transition takes, a request of an operator) is a note under the last step's ``seq``, with part
    1, 2, …. ``body`` is JSON (:class:`JournalBody`). ``key`` is the idempotency key of the request,
    and ``reply`` the reply to it.
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
    """What happened to an effect. ``what`` is asked, tried (the attempt failed, another follows),
    done, failed, cancelled, skipped, retried, resolved or taken-over."""

    key: str
    name: str
    what: str
    attempt: int = 0
    error: str | None = None
    due: datetime | None = None


class JournalBody(Struct, frozen=True, omit_defaults=True, gc=False):
    """The body of an entry, as it is stored.

    ``version`` and ``state``, the active leaves, are those afterwards. ``data`` is the whole data:
    at the start, after an upgrade and at every 64th step. At other steps ``change`` is the
    difference (:mod:`.instance.data_diff`), or None if the data did not change. ``trace`` is the
    W3C ``traceparent`` of the step, if a tracer records it. ``given`` is the fingerprint of a
    request that has a key (:mod:`statehold.chart.fingerprint`), ``roles`` are those that its
    caller had; None: the program's own code, or not known. ``proved``: an authenticator has proved
    the caller's name; else it is only claimed.
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
    proved: bool = False
    roles: tuple[str, ...] | None = None


class MessageId(Struct, frozen=True, order=True, gc=False):
    """Which message in the mailbox. Ids are in the order in which messages are delivered.

    ``at`` is when it was sent or, with a delay, when it is due, in microseconds since 1970-01-01
    UTC. ``writer`` is the number of the instance whose write it was part of, ``rev`` that of the
    write, and ``ordinal`` its place in it: these three are the message's alone for ever.
    ``partition`` is where it waits.
    """

    at: int
    writer: int
    rev: int
    ordinal: int
    partition: int

    def __str__(self) -> str:
        return f"{self.writer}.{self.rev}.{self.ordinal}"


class Message(Struct, frozen=True, gc=False):
    """A message to an instance, in the mailbox.

    ``kind`` is ``event``, ``start`` or ``end`` of a child, ``cancel``, ``outcome`` of an effect
    that ended while its instance was paused, or ``stray`` for an event to a parent that the sender
    does not have. ``due_at`` None: at once. ``held``: it waits for the instance to be resumed.
    The sender can recall it by its ``send_id`` as long as it waits where it was written. The store
    gives it an ``id``; of one writer's messages that are to be delivered at once, ids rise in the
    order of its commits.
    """

    to: Ref
    kind: str
    body: bytes
    due_at: datetime | None = None
    sender: Ref | None = None
    send_id: str | None = None
    held: bool = False
    key: str | None = None
    id: MessageId | None = None


class Write(Struct, frozen=True, gc=False):
    """What one commit does to one instance.

    ``expected_rev`` None: the row is new, and an existing one is a conflict. ``consumed`` has the
    messages that caused it, which are removed, ``recalled`` the ``send_id`` of messages that this
    instance has written, which are removed if they still wait where they were written.
    ``released``: the messages that are held for it can be delivered from now on. ``audit`` has
    entries about this instance for the audit log.
    """

    row: Row
    expected_rev: int | None
    entries: Sequence[Entry] = ()
    messages: Sequence[Message] = ()
    consumed: Sequence[MessageId] = ()
    recalled: Sequence[str] = ()
    released: bool = False
    audit: Sequence[AuditEntry] = ()
