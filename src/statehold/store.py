"""The contract between the engine and what keeps its instances.

A store knows rows, entries and messages as bytes and columns; it does not know charts. It has
three parts, and nothing else is ever stored: one row an instance, the journal, the mailbox; with
them the charts of every version that ever ran, the documents of machines that came as data, and
rollups, which count what happened.

Rules that every store keeps, and one suite tests (``tests/stores``):

1.  ``commit`` writes each :class:`Write` whole or not at all. A write whose ``expected_rev`` is
    no longer the row's is not written and named in the answer; the others are.
2.  A journal entry is never changed, nor taken out but with its instance (rule 8). ``(machine, id,
    seq, part)`` is unique, and so is ``(machine, id, key)``: a write that brings a key again is not
    written and named.
3.  A message is taken out in the same transaction as the write it caused. A message that was
    already taken out makes that write a conflict.
4.  An instance with anything left to do is found by ``due``, ``orphans`` or ``mail``, always, or by
    ``set_aside_rows`` (rule 11). Each is asked for some machines: what belongs to others neither
    comes first nor costs anything. A message to a machine that no process runs waits until one
    does.
5.  Anything that keeps the store from answering is ``StoreUnavailable``; nothing was written, or
    the caller can't know and asks again with its key.
6.  Where several workers share a store, each is alive from ``join`` until it leaves or is buried: a
    worker whose lease has run out is buried by the next one that looks, its name is never used
    again, and from then on it writes nothing: ``LeaseLost``. The store's own clock measures leases.
7.  What is claimed (``until``) is given to no other worker before then, or before a write of the
    row. A claim only spares work: without it, two would try the same and one would lose.
8.  Only what is over can be forgotten, by compare-and-set, and with one transaction it is out of
    sight: row, journal, keys, lookups, counts. No reader ever sees a part of it, and its id is free
    for an instance that begins at ``seq`` 1 with a journal of its own. What its journal took up is
    given back afterwards by ``sweep``, a bounded number of entries in each transaction; where that
    is broken off, the next ``sweep`` of any worker goes on.
9.  A document is never changed nor taken out, and each is of a higher version than all of its
    machine that were there before: of two workers that add one at once, one is refused.
10. A rollup counts what one ``source`` has seen of a period, and only that source puts it, again
    and again: what is put takes the place of what was. Rollups are exchanged for one that says the
    same in less room, whole or not at all, and where another was faster nothing is. None of this
    is part of a commit, nor needs a lease: what was counted has happened.
11. A row is given out whatever is in it: for what of its columns can't be read something stands in,
    and ``damage`` says for what. A row that an engine can't read is set aside by compare-and-set:
    ``due`` and ``orphans`` do not give it any more, ``incidents`` does, and its document stays as
    it is. The next write of the row ends that.
12. A commit of something that has no room in the store, such as a count that is too high in a row
    that was damaged, is ``Unwritable`` with nothing written. Whoever asks finds out which of its
    writes it was, so that no other is lost.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from enum import Enum
from typing import Literal, Protocol

from msgspec import Struct

from statehold.records import Entry, Message, Ref, Row, Status, Write

#: what a list of instances is sorted by
Order = Literal["created", "since"]

#: rows in one answer to ``list``, ``journal``, ``due`` …; a larger ``limit`` is cut to it
PAGE_LIMIT = 1000

#: rows that one page of a list may look at where no index has the whole question
LOOKED_AT = 5_000


class Aside(Struct, frozen=True, gc=False):
    """Since when a row is set aside, and why."""

    since: datetime
    why: str


class Outcome(Enum):
    WRITTEN = "written"
    #: the row has another rev, or exists, or is gone, or a consumed message is no longer there
    CONFLICT = "conflict"
    #: an entry's or held message's key was used before
    KEY_USED = "key-used"


class Unwritable(Exception):
    """Something that was to be written can't be stored, by this store or by any; nothing was."""


class Query(Struct, frozen=True):
    """Which instances of a machine. Every field narrows; ``None`` and empty ones do not.

    ``state`` matches instances in that state or below it, for ids made of dotted paths.
    ``in_state_since`` keeps those whose configuration is that old or older, ``prefix`` those whose
    id begins with it. The order is newest first by ``(created_at, id)``, stable while instances
    change; with ``since`` those come first that are longest in their configuration, and with a
    ``prefix`` it is that of the ids, whatever ``order`` says.
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


class Page(Struct, frozen=True):
    """``cursor`` is None on the last page."""

    rows: tuple[Row, ...]
    cursor: str | None


class Group(Struct, frozen=True, gc=False):
    """What instances of a machine are counted by."""

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


class StoredDocument(Struct, frozen=True):
    """A version of a machine as it was put: its text, byte for byte, who put it and why."""

    machine: str
    version: int
    #: which reader it is for, ``native``
    notation: str
    text: bytes
    put_at: datetime
    put_by: str = ""
    reason: str | None = None


class Rollup(Struct, frozen=True):
    """What was counted of a version of a machine in the ``span`` seconds from ``start`` on, by one
    ``source``. ``body`` is the engine's, as JSON."""

    machine: str
    version: int
    span: int
    start: datetime
    source: str
    body: bytes


class Heartbeat(Struct, frozen=True):
    """What a heartbeat tells: ``now`` by the store's clock (None where it has none of its own), who
    is ``alive``, this worker among them, and when the first of the others' leases will run out if
    it is not renewed."""

    now: datetime | None
    alive: tuple[str, ...]
    next_end: datetime | None = None


class Hint(Struct, frozen=True, omit_defaults=True):
    """What other workers may want to look at: instances that changed (None: more than can be
    named), whether anything was put into the mailbox, whether anything was handed over that is due
    at once, and whether a machine was put. It may be lost: the store is the truth.
    """

    changed: tuple[Ref, ...] | None = ()
    mail: bool = False
    due: bool = False
    documents: bool = False


class Store(Protocol):
    """Opened and closed by the engine; all times are aware UTC, all coroutines may raise
    ``StoreUnavailable``."""

    #: nobody else can write to it while it is open; its only worker needs no lease, and ``join``,
    #: ``beat`` and ``leave`` do nothing
    exclusive: bool

    async def open(self, worker: str) -> None:
        """Makes ready, migrating the schema if it is older. Raises ``StoreRefused``."""

    async def close(self) -> None: ...

    async def join(self, worker: str, lease: timedelta) -> None:
        """From now on this opening writes as ``worker``, which is alive for as long as it beats."""

    async def beat(self, lease: timedelta) -> Heartbeat:
        """Renews the lease and buries workers whose leases have run out. Raises ``LeaseLost``.

        A worker whose own lease had run out, and which nobody has buried, buries nobody this time:
        where the store was away from all, they come back together.
        """
        ...

    async def leave(self) -> None:
        """This worker is alive no longer; what it holds is free to be taken over."""

    async def workers(self) -> tuple[str, ...]:
        """Who is alive."""
        ...

    async def tell(self, hint: Hint) -> None:
        """Passes a hint to the other workers; outside every other transaction."""

    def listen(self, heard: Callable[[Hint], None]) -> None:
        """Calls ``heard`` in the event loop with every hint of other workers from now on."""

    async def ping(self) -> None:
        """Returns if a commit could succeed now, as far as can be told without one."""

    async def load(self, refs: Sequence[Ref]) -> dict[Ref, Row]:
        """The rows that exist."""
        ...

    async def commit(self, writes: Sequence[Write]) -> list[Outcome]:
        """One transaction for all; answers in the order of ``writes``, an instance once at most.

        Raises ``LeaseLost``, with nothing written, where this worker is alive no longer, and
        ``Unwritable`` (rule 12).
        """
        ...

    async def replies(self, keys: Sequence[tuple[Ref, str]]) -> dict[tuple[Ref, str], Entry]:
        """The entries that were written under these idempotency keys."""
        ...

    async def mail_of_keys(self, keys: Sequence[tuple[Ref, str]]) -> dict[tuple[Ref, str], Message]:
        """Messages with these idempotency keys that are held, or released and not delivered yet."""
        ...

    async def held_mail(self, ref: Ref, limit: int) -> list[Message]:
        """What is held for a paused instance, by number."""
        ...

    async def due(
        self, machines: Sequence[str], now: datetime, limit: int, until: datetime | None = None
    ) -> list[Row]:
        """Rows of these machines whose ``wake_at`` has come, earliest first; with ``until``, those
        that nobody has claimed, claimed for this worker until then. Where there are more than
        ``limit``, machines share it: one with many keeps no other out."""
        ...

    async def next_wake(
        self, machines: Sequence[str], after: datetime | None = None
    ) -> datetime | None:
        """The earliest ``wake_at`` of these machines' rows, or moment at which a message to them
        that is not held is due; with ``after``, the earliest that is later."""
        ...

    async def orphans(
        self, machines: Sequence[str], alive: Sequence[str] | None, limit: int
    ) -> list[Row]:
        """Rows of these machines that a worker holds that is not among ``alive``; None: among those
        that are alive at that very moment."""
        ...

    async def set_aside(self, rows: Sequence[tuple[Row, Aside]]) -> None:
        """Sets aside each of these rows that still has its ``rev``, in one transaction; one that is
        set aside already stays as it is. It needs no lease: it depends on the row alone."""

    async def asides(self, refs: Sequence[Ref]) -> dict[Ref, Aside]:
        """Those of these instances that are set aside."""
        ...

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
        after: int,
        limit: int,
        until: datetime | None = None,
    ) -> list[Message]:
        """Messages to these machines, or to any (None), that are to be delivered by now and not
        held, by number, above ``after``.

        With ``until``, they are claimed for this worker until then, and those are left out that
        come to an instance for which another worker has claimed an earlier one.
        """
        ...

    async def still_there(self, numbers: Sequence[int]) -> set[int]:
        """Those of these messages that nobody has taken out."""
        ...

    async def count(self, machine: str) -> dict[tuple[int, Status, tuple[str, ...]], int]:
        """How many instances there are by (version, status, state)."""
        ...

    async def groups(self, machine: str) -> dict[Group, int]:
        """The same by all that is counted: with tags and owners."""
        ...

    async def count_incidents(self, machine: str) -> int:
        """How many wait for a person, of the first ``PAGE_LIMIT`` instances that have any."""
        ...

    async def journal(
        self, ref: Ref, after: tuple[int, int] = (0, -1), limit: int = 100
    ) -> list[Entry]:
        """Entries whose (seq, part) is above ``after``, in that order."""
        ...

    async def journal_before(self, ref: Ref, seq: int, limit: int = 100) -> list[Entry]:
        """Steps (part 0) with ``seq`` up to and including this one, newest first."""
        ...

    async def incidents(self, machine: str | None, limit: int, cursor: str | None) -> Page:
        """Rows that have incidents, oldest change first."""
        ...

    async def charts(self, machine: str) -> list[StoredChart]:
        """Every version that ever ran, oldest first."""
        ...

    async def add_chart(self, chart: StoredChart) -> None:
        """Keeps a version's chart; an existing one stays as it is."""

    async def documents(self) -> dict[str, int]:
        """The newest version that was put of each machine."""
        ...

    async def document(self, machine: str, version: int) -> StoredDocument | None: ...

    async def add_document(self, document: StoredDocument, most: int) -> bool:
        """Keeps it where its version is above all that its machine has, and with it no more than
        ``most`` machines have any; False: nothing was kept."""
        ...

    async def put_rollups(self, rollups: Sequence[Rollup]) -> None:
        """Keeps each, in place of one of the same machine, version, span, start and source; one
        transaction for all."""

    async def rollups(
        self, machine: str, since: datetime, version: int | None, limit: int
    ) -> list[Rollup]:
        """Those that start then or later, of one version or of every, the newest first."""
        ...

    async def old_rollups(self, span: int, before: datetime, limit: int) -> list[Rollup]:
        """Those of this span that start earlier, of all machines: by machine, version and start."""
        ...

    async def exchange_rollups(self, gone: Sequence[Rollup], by: Rollup | None) -> bool:
        """Takes these out and puts one for them, in one transaction. False, and nothing was
        changed, where one of them is not there any more or has another body."""
        ...

    async def discard(self, numbers: Sequence[int]) -> None:
        """Takes out messages that no instance is left to receive or to hear of."""

    async def finished(
        self,
        machine: str,
        before: datetime,
        limit: int,
        cursor: str | None = None,
        now: datetime | None = None,
        until: datetime | None = None,
    ) -> Page:
        """Rows that are over, and have been since ``before`` or longer (``since`` is when they
        ended), longest ago first. With ``now`` and ``until``: without those that are claimed or
        have anything left to do, the others claimed for this worker until then.

        A page may have fewer rows than ``limit``, or none, before the last one.
        """
        ...

    async def mailed(self, refs: Sequence[Ref]) -> set[Ref]:
        """Those of these instances that a message is on its way to or from, held or not."""
        ...

    async def forget(self, rows: Sequence[Row]) -> list[bool]:
        """Takes these rows out of sight, in one transaction for all, and tells of each whether it
        is gone. One that is not over, has another ``rev`` by now, or is ``mailed``, stays.

        It needs no lease: what it may do depends on the row alone.
        """
        ...

    async def sweep(self, limit: int) -> int:
        """Takes out entries of forgotten instances in one transaction, ``limit`` at most and fewer
        if they are large, and tells how many; 0 when none are left but what another is at."""
        ...

    # last: below it the name would no longer be the built-in one's
    async def list(self, query: Query) -> Page:
        """With ``since`` or a ``prefix``, a page may have fewer rows than ``limit``, or none,
        before the last one: no more than ``LOOKED_AT`` rows are held against the rest of the query
        for one page."""
        ...
