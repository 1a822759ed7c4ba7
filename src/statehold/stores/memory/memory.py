"""The tables of a memory store, as dicts, and the changes to them; several stores may share one."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Callable
from datetime import UTC, datetime
from typing import NamedTuple

from msgspec.structs import replace

from statehold.records import OVER, Entry, Message, Ref, Row, Write
from statehold.store import Aside, Hint, Rollup, StoredChart, StoredDocument, WriteResult


class Claim(NamedTuple):
    worker: str
    until: datetime

    @staticmethod
    def is_free(claim: Claim | None, now: datetime) -> bool:
        """Whether another worker may claim it."""
        return claim is None or claim.until <= now


class Memory:
    """What memory stores keep; it outlives them, as a file or a server does.

    ``now`` is the clock that leases are measured by.
    """

    def __init__(self, now: Callable[[], datetime] | None = None) -> None:
        self.now = now or (lambda: datetime.now(UTC))
        self.rows: dict[Ref, Row] = {}
        #: the order of insertion, which breaks ties between equal times
        self.order: dict[Ref, int] = {}
        self.last_order = 0
        #: (wake_at, order, ref), sorted
        self.wakes: list[tuple[datetime, int, Ref]] = []
        self.journal: dict[Ref, list[Entry]] = {}
        self.keys: dict[tuple[Ref, str], Entry] = {}
        #: by number, which rises
        self.mail: dict[int, Message] = {}
        self.mail_keys: dict[tuple[Ref, str], int] = {}
        self.last_number = 0
        self.charts: dict[str, dict[int, StoredChart]] = {}
        #: by machine, in the order of their versions
        self.documents: dict[str, dict[int, StoredDocument]] = {}
        self.rollups: dict[tuple[str, int, int, datetime, str], Rollup] = {}
        #: worker to the end of its lease
        self.leases: dict[str, datetime] = {}
        #: who has claimed a row or a message, and until when
        self.row_claims: dict[Ref, Claim] = {}
        self.mail_claims: dict[int, Claim] = {}
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
        if len(taken) != len(write.consumed) or not taken <= self.mail.keys():
            return WriteResult.CONFLICT
        if self._uses_key_again(write, taken | self._recalled(write)):
            return WriteResult.KEY_USED
        if self._repeats_position(write):
            return WriteResult.CONFLICT
        for number in taken:
            self.take(number)
        for number in self._recalled(write):
            self.take(number)
        if write.released:
            self._release(ref)
        for message in write.messages:
            self._put(message)
        for entry in write.entries:
            self._note(entry)
        self.keep(ref, before, write.row)
        return WriteResult.WRITTEN

    def _recalled(self, write: Write) -> set[int]:
        if not write.recalled:
            return set()
        wanted, sender = set(write.recalled), write.row.ref
        return {
            number
            for number, message in self.mail.items()
            if message.send_id in wanted and message.sender == sender
        }

    def _uses_key_again(self, write: Write, leaving: set[int]) -> bool:
        brought = [(Ref(e.machine, e.id), e.key) for e in write.entries if e.key is not None]
        brought += [(m.to, m.key) for m in write.messages if m.key is not None]
        if not brought:
            return False
        return len(set(brought)) != len(brought) or any(
            key in self.keys or self.mail_keys.get(key, 0) not in leaving | {0} for key in brought
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

    def take(self, number: int) -> None:
        """Takes a message out; one that is not there is no error."""
        self.mail_claims.pop(number, None)
        message = self.mail.pop(number, None)
        if message is not None and message.key is not None:
            del self.mail_keys[message.to, message.key]

    def _release(self, ref: Ref) -> None:
        for number, message in self.mail.items():
            if message.held and message.to == ref:
                self.mail[number] = replace(message, held=False)

    def _put(self, message: Message) -> None:
        self.last_number += 1
        self.mail[self.last_number] = replace(message, number=self.last_number)
        if message.key is not None:
            self.mail_keys[message.to, message.key] = self.last_number

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
            self.last_order += 1
            self.order[ref] = self.last_order
        order = self.order[ref]
        if before is not None and before.wake_at is not None:
            del self.wakes[bisect_left(self.wakes, (before.wake_at, order, ref))]
        if row.wake_at is not None:
            insort(self.wakes, (row.wake_at, order, ref))
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
        order = self.order.pop(ref)
        if row.wake_at is not None:
            del self.wakes[bisect_left(self.wakes, (row.wake_at, order, ref))]
        for entry in self.journal.pop(ref, ()):
            if entry.key is not None:
                del self.keys[ref, entry.key]
        self.row_claims.pop(ref, None)
        self.aside.pop(ref, None)
        del self.rows[ref]
        return True

    def aside_of(self, ref: Ref) -> Aside | None:
        """Why the row is set aside; None once it has been written again."""
        rev, aside = self.aside.get(ref, (0, None))
        row = self.rows.get(ref)
        return aside if row is not None and row.rev == rev else None


def entry_position(entry: Entry) -> tuple[int, int]:
    """Where an entry stands in its journal."""
    return (entry.seq, entry.part)
