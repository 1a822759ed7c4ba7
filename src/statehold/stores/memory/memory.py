"""The tables of a memory store, as dicts, and the changes to them; several stores may share one."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from msgspec.structs import replace

from statehold.records import OVER, AuditEntry, Entry, MessageId, Ref, Row, Write
from statehold.security import StoredToken
from statehold.store import Aside, Hint, Rollup, StoredChart, StoredDocument, WriteResult
from statehold.stores.memory.mailbox import Claim, Mailbox
from statehold.stores.paging import microseconds


class Memory:
    """What memory stores keep; it outlives them, as a file or a server does.

    ``now`` is the clock that leases are measured by.
    """

    def __init__(self, now: Callable[[], datetime] | None = None) -> None:
        self.now = now or (lambda: datetime.now(UTC))
        self.rows: dict[Ref, Row] = {}
        #: an instance's number, which breaks ties between equal times. Counted up, never given
        #: again: a simulation is the same each time
        self.numbers: dict[Ref, int] = {}
        self.last_number = 0
        #: (wake_at, number, ref), sorted
        self.wakes: list[tuple[datetime, int, Ref]] = []
        self.journal: dict[Ref, list[Entry]] = {}
        self.keys: dict[tuple[Ref, str], Entry] = {}
        self.mail = Mailbox()
        self.charts: dict[str, dict[int, StoredChart]] = {}
        #: by machine, in the order of their versions
        self.documents: dict[str, dict[int, StoredDocument]] = {}
        self.rollups: dict[tuple[str, int, int, datetime, str], Rollup] = {}
        #: in the order of their positions
        self.audit: list[AuditEntry] = []
        self.last_audit = 0
        self.tokens: dict[str, StoredToken] = {}
        #: worker to the end of its lease
        self.leases: dict[str, datetime] = {}
        #: who has claimed a row, and until when
        self.row_claims: dict[Ref, Claim] = {}
        #: rows that are set aside, each as of a ``rev``
        self.aside: dict[Ref, tuple[int, Aside]] = {}
        #: by the store that listens
        self.listeners: dict[object, Callable[[Hint], None]] = {}

    def write(self, write: Write) -> WriteResult:
        """Everything is checked before anything is changed."""
        ref = write.row.ref
        before = self.rows.get(ref)
        if (before.rev if before else None) != write.expected_rev:
            return WriteResult.CONFLICT
        taken = set(write.consumed)
        if len(taken) != len(write.consumed) or not taken <= self.mail.messages.keys():
            return WriteResult.CONFLICT
        leaving = taken | self._recalled(write)
        if self._uses_key_again(write, leaving):
            return WriteResult.KEY_USED
        if self._repeats_position(write):
            return WriteResult.CONFLICT
        for id in leaving:
            self.mail.take(id)
        if write.released and before is not None:
            self.mail.release(ref, self.numbers[ref])
        for entry in write.entries:
            self._note(entry)
        self.keep(ref, before, write.row)
        if write.messages:
            self.mail.put(write.row, self.numbers[ref], write.messages)
        self.add_audit(write.audit)
        return WriteResult.WRITTEN

    def _recalled(self, write: Write) -> set[MessageId]:
        ref = write.row.ref
        if not write.recalled or ref not in self.numbers:
            return set()
        written = self.mail.written_by(self.numbers[ref])
        return {
            message.id
            for message in written
            if message.id is not None
            and message.send_id in write.recalled
            and message.sender == ref
        }

    def _uses_key_again(self, write: Write, leaving: set[MessageId]) -> bool:
        brought = [(Ref(e.machine, e.id), e.key) for e in write.entries if e.key is not None]
        brought += [(m.to, m.key) for m in write.messages if m.key is not None]
        if not brought:
            return False
        return len(set(brought)) != len(brought) or any(
            key in self.keys or self.mail.keys.get(key) not in leaving | {None} for key in brought
        )

    def _repeats_position(self, write: Write) -> bool:
        brought = [(Ref(e.machine, e.id), entry_position(e)) for e in write.entries]
        return len(set(brought)) != len(brought) or any(
            self._index_of(ref, place) is not None for ref, place in brought
        )

    def _index_of(self, ref: Ref, place: tuple[int, int]) -> int | None:
        entries = self.journal.get(ref)
        if not entries or entry_position(entries[-1]) < place:
            # as for every step but those of a damaged row
            return None
        index = bisect_left(entries, place, key=entry_position)
        return index if index < len(entries) and entry_position(entries[index]) == place else None

    def _note(self, entry: Entry) -> None:
        ref = Ref(entry.machine, entry.id)
        entries = self.journal.setdefault(ref, [])
        if not entries or entry_position(entries[-1]) < entry_position(entry):
            entries.append(entry)
        else:
            insort(entries, entry, key=entry_position)
        if entry.key is not None:
            self.keys[ref, entry.key] = entry

    def keep(self, ref: Ref, before: Row | None, row: Row) -> None:
        if before is None:
            self.last_number += 1
            self.numbers[ref] = self.last_number
        number = self.numbers[ref]
        if before is not None and before.wake_at is not None:
            del self.wakes[bisect_left(self.wakes, (before.wake_at, number, ref))]
        if row.wake_at is not None:
            insort(self.wakes, (row.wake_at, number, ref))
        self.rows[ref] = row
        self.row_claims.pop(ref, None)

    def forget(self, known: Row) -> bool:
        """Whether the instance was over, and as known; then all of it is gone."""
        ref = known.ref
        row = self.rows.get(ref)
        if row is None or row.status not in OVER:
            return False
        # `created_at` differs for an instance that was started later under the same id
        if (row.rev, row.created_at) != (known.rev, known.created_at):
            return False
        number = self.numbers.pop(ref)
        if row.wake_at is not None:
            del self.wakes[bisect_left(self.wakes, (row.wake_at, number, ref))]
        for entry in self.journal.pop(ref, ()):
            if entry.key is not None:
                del self.keys[ref, entry.key]
        self.row_claims.pop(ref, None)
        self.aside.pop(ref, None)
        del self.rows[ref]
        return True

    def add_audit(self, entries: Sequence[AuditEntry]) -> None:
        for entry in entries:
            if not entry.number:
                # counted up, so that a simulation is the same each time
                self.last_audit += 1
                entry = replace(entry, number=self.last_audit)
            place = bisect_left(self.audit, audit_position(entry), key=audit_position)
            if place == len(self.audit) or audit_position(self.audit[place]) != audit_position(
                entry
            ):
                self.audit.insert(place, entry)

    def aside_of(self, ref: Ref) -> Aside | None:
        """Why the row is set aside; None once it has been written again."""
        rev, aside = self.aside.get(ref, (0, None))
        row = self.rows.get(ref)
        return aside if row is not None and row.rev == rev else None


def entry_position(entry: Entry) -> tuple[int, int]:
    """Where an entry stands in its journal."""
    return (entry.seq, entry.part)


def audit_position(entry: AuditEntry) -> tuple[int, int]:
    """Where an entry stands in the audit log."""
    return (microseconds(entry.at), entry.number)
