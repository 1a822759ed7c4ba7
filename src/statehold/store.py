# long because the contract is read as one page: its rules, its values and its methods
"""The contract between the engine and the store of its instances.

A store has rows, entries and messages as columns and bytes; it does not know charts. It keeps one
row for each instance, the journal and the mailbox; and beside them the charts of every version
that ever ran, the documents of machines that are deployed as data, and rollups, which count what
happened.

Rules of every store; one suite tests them (``tests/stores``):

1.  ``commit`` writes each :class:`.records.Write` whole or not at all. A write whose
    ``expected_rev`` is not the row's is not written, and its result says so; the others are.
2.  A journal entry is never changed, and removed only with its instance (rule 8). ``(machine, id,
    seq, part)`` is unique, and so is ``(machine, id, key)``: a write that repeats a key is not
    written, and its result says so.
3.  A message is removed in the transaction of the write that it caused. A write that consumes a
    message that is not there any more is a conflict. One that is held, or that has a key, is
    written by the instance that it is for.
4.  An instance with anything left to do is always found by ``due``, ``orphans`` or ``mail``, or by
    ``set_aside_rows`` (rule 11). Each of these takes the names of some machines: those of others
    neither come first nor cost anything. A message to a machine that no process runs waits until
    one does.
5.  Whatever keeps the store from answering is ``StoreUnavailable``: nothing was written, or the
    caller can't know, and asks again with its key.
6.  Workers that share a store are alive from ``join`` until they leave or are buried. A worker
    whose lease has run out is buried by the next one that sends a heartbeat; its name is never
    used again, and its writes are refused: ``LeaseLost``. The store's own clock measures leases.
7.  What is claimed (``until``) is given to no other worker before that moment, or before a write
    of the row. A claim only saves work: without it, two workers would try the same and one would
    lose. Messages are claimed by the machine and the partition of their receivers, so that one
    worker at a time delivers to an instance.
8.  Only an instance that is over can be forgotten, by compare-and-set. One transaction removes its
    row, journal, keys, lookups and counts from every reader, and frees its id for an instance
    that begins at ``seq`` 1 with a journal of its own. ``sweep`` frees the room of its journal
    afterwards, a bounded number of entries in each transaction; interrupted, it is continued by
    the next ``sweep`` of any worker.
9.  A document is never changed or removed, and each has a higher version than all of its machine
    before it: of two workers that add one at once, one is refused.
10. A rollup counts what one ``source`` has seen of a period. Only that source writes it, again and
    again, in place of the one before. Rollups are exchanged for one that says the same in less
    room, whole or not at all; if another worker was faster, nothing is exchanged. None of this is
    part of a commit or needs a lease: what was counted has happened.
11. A row is returned whatever is in it: a column that can't be read has a substitute, and
    ``damage`` names the column. A row that an engine can't read is set aside by compare-and-set:
    ``due`` and ``orphans`` leave it out, ``incidents`` has it, and its document stays as it is.
    The next write of the row ends that.
12. Each instance has one of ``PARTITIONS`` partitions (:func:`partition_of`), for ever. All that is
    stored of it is in that partition, and so are the messages that it has written. A store that
    spreads partitions, as a distributed database wants, moves messages to the partition of their
    receiver when they are due. There, one transaction writes instances and messages of one
    partition, but for two: a move of messages, and a write that consumes a message that was moved
    and is returned to its writer. A row's number is never given again, and a
    configuration's is a hash of it.
13. A commit of something that the store has no room for, such as a count that is too high in a
    damaged row, is ``Unwritable`` and writes nothing. The caller finds out which of its writes it
    was, so that no other is lost.
14. A commit may be several transactions, such as one for each partition where a store spreads
    them. If some writes are written, those of a transaction that fails for rule 6 or 13 are
    conflicts, and a commit of these alone raises the reason.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime, timedelta
from enum import Enum
from functools import lru_cache
from hashlib import sha256
from typing import Literal, Protocol

from msgspec import Struct

from statehold.deployed import DocumentStore
from statehold.deployed import NewestDocument as NewestDocument
from statehold.deployed import StoredDocument as StoredDocument
from statehold.records import AuditEntry, Entry, Message, MessageId, Ref, Row, Status, Write
from statehold.security import AuditStore, TokenStore

#: how a list of instances is sorted
Order = Literal["created", "since"]

#: rows that one call of ``list``, ``journal``, ``due`` … returns at most, whatever its ``limit``
PAGE_LIMIT = 1000

#: how many partitions instances are spread over
PARTITIONS = 64

#: before the ids of all messages
FIRST_ID = MessageId(at=-(2**63), writer=0, rev=0, ordinal=0, partition=0)

#: rows that one page of a list reads at most where no index covers the whole query
LOOKED_AT = 5_000


# one request asks for the same one several times, and a list for those of a page
@lru_cache(maxsize=16_384)
def partition_of(machine: str, id: str) -> int:
    """The partition of an instance, 0 to 63: six bits of a hash that every database and language
    has. It never changes, as a distributed database does not let a row change its partition."""
    return sha256(f"{machine}/{id}".encode("utf-8", "surrogatepass")).digest()[0] % PARTITIONS


class Aside(Struct, frozen=True, gc=False):
    """When a row was set aside, and why."""

    since: datetime
    why: str


class WriteResult(Enum):
    WRITTEN = "written"
    #: the row has another rev, exists, or is gone; or a consumed message is not there any more
    CONFLICT = "conflict"
    #: an entry's or held message's key was used before
    KEY_USED = "key-used"


class Unwritable(Exception):
    """Nothing was written: the store has no room for something in it (rule 13)."""


class Query(Struct, frozen=True):
    """Which instances of a machine. Each field that is not ``None`` or empty is a condition.

    ``state`` matches instances in that state or in one below it, by dotted paths.
    ``in_state_since`` matches those that were in their configuration at that time already,
    ``prefix`` those whose id begins with it. The order ``created`` is newest first by
    ``(created_at, id)``, which is stable while instances change; ``since`` is longest in its
    configuration first. With a ``prefix`` the order is that of the ids, whatever ``order`` says.

    ``along`` is the name and a value of an index, one more condition: then the order is
    ``created``, whatever else is asked for, and what the page costs depends on the instances with
    that value alone. ``after`` is where the order ``created`` goes on, in place of a cursor: behind
    an instance that began then and has that id.
    """

    machine: str
    state: str | None = None
    tag: str | None = None
    owner: str | None = None
    status: Status | None = None
    version: int | None = None
    where: Mapping[str, str] = {}
    in_state_since: datetime | None = None
    incidents: bool = False
    prefix: str | None = None
    order: Order = "created"
    limit: int = 50
    cursor: str | None = None
    along: tuple[str, str] | None = None
    after: tuple[datetime, str] | None = None


class Page(Struct, frozen=True):
    """``cursor`` is None on the last page."""

    rows: tuple[Row, ...]
    cursor: str | None


class Group(Struct, frozen=True, gc=False):
    """What instances of a machine have in common that are counted together."""

    version: int
    status: Status
    state: tuple[str, ...]
    tags: tuple[str, ...]
    owners: tuple[str, ...]


class StoredChart(Struct, frozen=True):
    machine: str
    version: int
    #: :meth:`statehold.chart.model.Chart.to_json`
    chart: bytes
    stored_at: datetime


class Rollup(Struct, frozen=True):
    """What one ``source`` counted of a version of a machine in the ``span`` seconds from ``start``.
    ``body`` is JSON of the engine."""

    machine: str
    version: int
    span: int
    start: datetime
    source: str
    body: bytes


class Heartbeat(Struct, frozen=True):
    """``now`` by the store's clock (None: it has none of its own), the workers that are ``alive``,
    this one included, and when the first lease of another one runs out if it is not renewed."""

    now: datetime | None
    alive: tuple[str, ...]
    next_end: datetime | None = None


class Hint(Struct, frozen=True, omit_defaults=True):
    """What other workers may want to look at: instances that changed (None: too many to be named),
    and whether there is new mail, work that is due now, or a machine that was deployed. It may be
    lost: the store is the truth.
    """

    changed: tuple[Ref, ...] | None = ()
    mail: bool = False
    due: bool = False
    documents: bool = False


class Reads(Protocol):
    """The questions that may be answered by a copy of the store that is a little behind: lists and
    counts, by which an engine decides nothing. All coroutines may raise ``StoreUnavailable``."""

    async def count(self, machine: str) -> dict[tuple[int, Status, tuple[str, ...]], int]:
        """How many instances there are by (version, status, state)."""
        ...

    async def groups(self, machine: str) -> dict[Group, int]:
        """The same, also by tags and owners."""
        ...

    async def count_incidents(self, machine: str) -> int:
        """How many wait for an operator, in the first ``PAGE_LIMIT`` instances that have any."""
        ...

    async def incidents(self, machine: str | None, limit: int, cursor: str | None) -> Page:
        """Rows that have incidents, oldest change first."""
        ...

    async def asides(self, refs: Sequence[Ref]) -> dict[Ref, Aside]:
        """Those of these instances that are set aside."""
        ...

    async def charts(self, machine: str) -> list[StoredChart]:
        """Every version that ever ran, oldest first."""
        ...

    async def rollups(
        self, machine: str, since: datetime, version: int | None, limit: int
    ) -> list[Rollup]:
        """Those that start at ``since`` or later, of one version or of each, newest first."""
        ...

    # last, as below it the name is not the built-in list's any more
    async def list(self, query: Query) -> Page:
        """With ``since`` or a ``prefix``, a page may have fewer rows than ``limit``, or none,
        before the last one: no more than ``LOOKED_AT`` rows are read for one page."""
        ...


class StandbyState(Struct, frozen=True):
    """How old an answer of a standby can be now, in seconds (None: that is not known); and why no
    answer of it can be used, whatever its age (None: it can)."""

    lag_seconds: float | None
    why: str | None = None


class Standby(Protocol):
    """A copy of the store that follows it, for :class:`Reads` alone.

    1. It is behind by its lag: an answer has everything that was committed by then, and may have
       more. The lag is measured, never estimated from what is usual; where it can't be measured,
       the copy is not read.
    2. Whatever is wrong with it, the store itself answers.
    """

    async def look(self) -> None:
        """Measures the lag; called about every half second. Never fails."""

    def state(self) -> StandbyState:
        """As of now, from what ``look`` has seen."""
        ...

    def reading(self, most_seconds: float) -> AbstractAsyncContextManager[tuple[Reads, float]]:
        """What answers, all from one server, and its lag where the block begins: less than
        ``most_seconds``. Raises ``StoreUnavailable``, inside the block too, where there is no such
        answer."""
        ...


class Store(Reads, AuditStore, DocumentStore, TokenStore, Protocol):
    """Opened and closed by the engine; all times are aware and in UTC, all coroutines may raise
    ``StoreUnavailable``."""

    #: no other process can write to it while it is open: its only worker needs no lease, and
    #: ``join``, ``beat`` and ``leave`` do nothing
    exclusive: bool

    @property
    def standby(self) -> Standby | None:
        """Its copy for reading, while it is open; None: it has none."""
        ...

    async def open(self, worker: str) -> None:
        """Connects, and migrates an older schema. Raises ``StoreRefused``."""

    async def close(self) -> None: ...

    async def join(self, worker: str, lease: timedelta) -> None:
        """From now on it writes as ``worker``, which is alive as long as it sends heartbeats."""

    async def beat(self, lease: timedelta) -> Heartbeat:
        """Renews the lease and buries workers whose leases have run out. Raises ``LeaseLost``.

        A worker whose own lease had run out, and which no other has buried, buries none this time:
        after an outage of the store, all workers come back together.
        """
        ...

    async def leave(self) -> None:
        """This worker is not alive any more; others may take over what it holds."""

    async def workers(self) -> tuple[str, ...]:
        """Those that are alive."""
        ...

    async def notify(self, hint: Hint) -> None:
        """Sends a hint to the other workers, outside every other transaction."""

    def listen(self, on_hint: Callable[[Hint], None]) -> None:
        """Calls ``on_hint`` in the event loop with every hint of other workers from now on."""

    async def ping(self) -> None:
        """Returns if a commit could succeed now, as far as can be known without one."""

    async def load(self, refs: Sequence[Ref]) -> dict[Ref, Row]:
        """The rows that exist."""
        ...

    async def commit(self, writes: Sequence[Write]) -> list[WriteResult]:
        """At most one write of each instance, in one transaction or several (rule 14). The results
        are in the order of ``writes``.

        Raises ``LeaseLost``, with nothing written, if this worker is not alive any more, and
        ``Unwritable`` (rule 13).
        """
        ...

    async def replies(self, keys: Sequence[tuple[Ref, str]]) -> dict[tuple[Ref, str], Entry]:
        """The entries that were written under these idempotency keys."""
        ...

    async def mail_of_keys(self, keys: Sequence[tuple[Ref, str]]) -> dict[tuple[Ref, str], Message]:
        """Messages with these idempotency keys that are held, or released and not yet delivered."""
        ...

    async def held_mail(self, ref: Ref, limit: int) -> list[Message]:
        """What is held for a paused instance, in the order of the ids."""
        ...

    async def due(
        self, machines: Sequence[str], now: datetime, limit: int, until: datetime | None = None
    ) -> list[Row]:
        """Rows of these machines whose ``wake_at`` has come, earliest first, those of one time in
        any order. With ``until``, those that no worker has claimed, claimed for this one until
        then. If there are more than ``limit``, machines share it: one with many keeps no other
        out."""
        ...

    async def next_wake(
        self, machines: Sequence[str], after: datetime | None = None
    ) -> datetime | None:
        """The earliest ``wake_at`` of these machines' rows, or time at which a message to them is
        due that is not held; with ``after``, the earliest that is later."""
        ...

    async def orphans(
        self, machines: Sequence[str], alive: Sequence[str] | None, limit: int
    ) -> list[Row]:
        """Rows of these machines that are held by a worker that is not in ``alive``; None: by one
        that is not alive now."""
        ...

    async def set_aside(self, rows: Sequence[tuple[Row, Aside]]) -> None:
        """Sets aside each of these rows that still has its ``rev``; one that already is stays as it
        is. It needs no lease, as it depends on the row alone."""

    async def set_aside_rows(
        self, machines: Sequence[str], after: Ref | None, limit: int
    ) -> list[Row]:
        """Rows of these machines that are set aside, in the order of their machines and ids, those
        after ``after``."""
        ...

    async def mail(
        self,
        machines: Sequence[str] | None,
        now: datetime,
        after: MessageId | None,
        limit: int,
        until: datetime | None = None,
    ) -> list[Message]:
        """Messages to these machines, or to any (None), that are due and not held, in the order of
        their ids, those after ``after``.

        With ``until``, partitions are claimed for this worker until then, each for the messages
        to one machine's instances in it, and only these are returned. A call without ``after`` ends
        this worker's claims for these machines, then claims its share: the pairs of machine and
        partition that have messages due, by the number of workers alive, rounded up. First come
        those that it has claimed longest ago, or never; of these, those whose messages have waited
        longest. A call with ``after`` (:data:`FIRST_ID`: all) goes on with what is claimed. Where
        one process owns the store, nothing is claimed.
        """
        ...

    async def still_there(self, ids: Sequence[MessageId]) -> set[MessageId]:
        """Those of these messages that are still in the mailbox."""
        ...

    async def journal(
        self, ref: Ref, after: tuple[int, int] = (0, -1), limit: int = 100
    ) -> list[Entry]:
        """Entries whose (seq, part) is above ``after``, in that order."""
        ...

    async def journal_before(self, ref: Ref, seq: int, limit: int = 100) -> list[Entry]:
        """Steps (part 0) with ``seq`` up to and including this one, newest first."""
        ...

    async def add_chart(self, chart: StoredChart) -> None:
        """Adds a version's chart; an existing one stays as it is."""

    async def put_rollups(self, rollups: Sequence[Rollup]) -> None:
        """Keeps each, in place of one with the same machine, version, span, start and source, in
        one transaction."""

    async def old_rollups(self, span: int, before: datetime, limit: int) -> list[Rollup]:
        """Those of this span that start before ``before``, by machine, version and start."""
        ...

    async def exchange_rollups(self, gone: Sequence[Rollup], by: Rollup | None) -> bool:
        """Replaces these by one, or removes them, in one transaction. False: nothing was changed,
        as one of them is not there any more or has another body."""
        ...

    async def discard(self, ids: Sequence[MessageId]) -> None:
        """Removes messages that have neither a receiver nor a sender any more."""

    async def finished(
        self,
        machine: str,
        before: datetime,
        limit: int,
        cursor: str | None = None,
        now: datetime | None = None,
        until: datetime | None = None,
    ) -> Page:
        """Rows that ended by ``before`` (``since`` is when they ended), longest ago first. With
        ``now`` and ``until``, those that are not claimed and have nothing left to do, claimed for
        this worker until then.

        A page may have fewer rows than ``limit``, or none, before the last one.
        """
        ...

    async def mailed(self, refs: Sequence[Ref]) -> set[Ref]:
        """Those of these instances that a message in the mailbox is to or from, held or not."""
        ...

    async def forget(self, rows: Sequence[Row], audit: Sequence[AuditEntry] = ()) -> list[bool]:
        """Removes these rows from every reader, and returns of each whether it is gone. One that is
        not over, has another ``rev`` by now, or is ``mailed``, stays, and what ``audit`` has about
        it is not kept.

        It needs no lease, as it depends on the row alone.
        """
        ...

    async def sweep(self, limit: int) -> int:
        """Removes entries of forgotten instances in one transaction, ``limit`` at most and fewer
        if they are large, and returns how many; 0: none are left, or another worker is at them."""
        ...
