"""A store in one SQLite file, owned by one process.

Statements run on the event loop's own thread. Python's ``sqlite3`` releases the interpreter's lock
at each row, and in a thread beside a busy loop each return costs a switch interval of 5 ms; here it
costs nothing. The price is that the loop blocks for the length of a statement, so each is bounded:
by ``limit``, by an index, or by the size of the engine's batch
(``docs/decisions/0003-sqlite.md``).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from os import PathLike
from pathlib import Path
from typing import Any

from statehold.errors import StoreInUse, StoreRefused, StoreUnavailable
from statehold.records import AuditEntry, Entry, Message, MessageId, Ref, Row, Status, Write
from statehold.store import (
    FIRST_ID,
    PAGE_LIMIT,
    Aside,
    Group,
    Heartbeat,
    Hint,
    Page,
    Query,
    Rollup,
    StoredChart,
    Unwritable,
    WriteResult,
)
from statehold.stores.columns import (
    StoredConfiguration,
    chart_of,
    counts_of,
    groups_of,
    holders_of,
    rollup_columns,
    rollup_of,
    row_of,
)
from statehold.stores.paging import (
    EARLIEST,
    check_once_each,
    cursor_of,
    finished_position_of,
    incident_position_of,
    microseconds,
    moment,
    page_size,
    rests,
)
from statehold.stores.queries import load_queries
from statehold.stores.sqlite.columns import (
    ConfigurationNumbers,
    entry_of,
    message_of,
)
from statehold.stores.sqlite.documents import SqliteDocuments
from statehold.stores.sqlite.file import SqliteFile
from statehold.stores.sqlite.lists import Lists, array
from statehold.stores.sqlite.sweep import sweep
from statehold.stores.sqlite.writer import Writer

#: what SQLite, or Python before it, raises for values that do not fit their columns, and what
#: another configuration with the same number is
_UNWRITABLE = (
    sqlite3.IntegrityError,
    sqlite3.DataError,
    OverflowError,
    UnicodeEncodeError,
    StoreRefused,
)


class SqliteStore(SqliteDocuments):
    """``path`` is created at the first opening; its directory must exist.

    Beside the file stand ``-wal`` and ``-shm``, which SQLite keeps while it is open and which
    belong to it, and ``.lock``, which names the process that owns it.
    """

    exclusive = True
    standby = None

    def __init__(self, path: str | PathLike[str]) -> None:
        self._path = Path(path)
        self._q = load_queries("sqlite")
        self._open: SqliteFile | None = None
        self._worker = ""
        #: until when this process, the only one, has claimed rows
        self._claims: dict[tuple[str, str], tuple[int, datetime]] = {}

    async def open(self, worker: str) -> None:
        if self._open is not None:
            raise StoreInUse(str(self._path), f"this very store, worker {self._worker}")
        file = SqliteFile(self._path, worker)
        try:
            with file:
                self._configurations = ConfigurationNumbers(file.db, self._q)
                self._lists = Lists(self._q, self._configurations)
                self._writer = Writer(file.db, self._q, self._configurations)
        except BaseException:
            file.close()
            raise
        self._open, self._worker = file, worker

    async def close(self) -> None:
        file, self._open = self._open, None
        self._claims.clear()
        if file is not None:
            file.close()

    async def join(self, worker: str, lease: timedelta) -> None:
        self._worker = worker

    async def beat(self, lease: timedelta) -> Heartbeat:
        return Heartbeat(None, (self._worker,))

    async def leave(self) -> None:
        """Nothing to release: ``close`` releases the lock of the file."""

    async def workers(self) -> tuple[str, ...]:
        return (self._worker,)

    async def notify(self, hint: Hint) -> None:
        """There are no other workers."""

    def listen(self, on_hint: Callable[[Hint], None]) -> None:
        """There are no other workers."""

    async def ping(self) -> None:
        file = self._file()
        with file:
            file.check_in_place()
            file.check_room()
            file.check_writable()

    async def load(self, refs: Sequence[Ref]) -> dict[Ref, Row]:
        with self._file() as db:
            return self._load(db, refs)

    async def commit(self, writes: Sequence[Write]) -> list[WriteResult]:
        if not writes:
            return []
        check_once_each(writes)
        file = self._file()
        try:
            with file:
                file.check_in_place()
                outcomes = self._writer.commit(writes)
        except _UNWRITABLE as error:
            raise Unwritable(str(error)) from error
        if self._claims:
            for write in writes:
                self._claims.pop((write.row.machine, write.row.id), None)
        return outcomes

    async def replies(self, keys: Sequence[tuple[Ref, str]]) -> dict[tuple[Ref, str], Entry]:
        with self._file() as db:
            found: dict[tuple[Ref, str], Entry] = {}
            for ref, key in keys:
                columns = db.execute(self._q["entry_of_key"], (ref.machine, ref.id, key)).fetchone()
                if columns is not None:
                    found[ref, key] = entry_of(columns)
            return found

    async def mail_of_keys(self, keys: Sequence[tuple[Ref, str]]) -> dict[tuple[Ref, str], Message]:
        found: dict[tuple[Ref, str], Message] = {}
        with self._file() as db:
            for ref, key in keys:
                wanted = (ref.machine, ref.id, key)
                columns = db.execute(self._q["mail_of_key"], wanted).fetchone()
                if columns is not None:
                    found[ref, key] = message_of(columns)
        return found

    async def held_mail(self, ref: Ref, limit: int) -> list[Message]:
        with self._file() as db:
            wanted = (ref.machine, ref.id, page_size(limit))
            return [message_of(columns) for columns in db.execute(self._q["held_mail"], wanted)]

    async def due(
        self, machines: Sequence[str], now: datetime, limit: int, until: datetime | None = None
    ) -> list[Row]:
        claims = self._claims
        if until is not None and claims:
            for key in [key for key, (_, end) in claims.items() if end <= now]:
                del claims[key]
        claimed = [] if until is None else [place for place, _ in claims.values()]
        wanted = {
            "machines": array(machines),
            "now": microseconds(now),
            "limit": page_size(limit),
            "claimed": array(claimed),
        }
        with self._file() as db:
            found = db.execute(self._q["due"], wanted).fetchall()
            rows = [self._row(columns[:-1]) for columns in found]
        if until is not None:
            claims.update(
                ((row.machine, row.id), (columns[-1], until))
                for row, columns in zip(rows, found, strict=True)
            )
        return rows

    async def next_wake(
        self, machines: Sequence[str], after: datetime | None = None
    ) -> datetime | None:
        wanted = {
            "machines": array(machines),
            "after": EARLIEST if after is None else microseconds(after),
        }
        with self._file() as db:
            asked = (self._q["next_wake"], self._q["next_message"])
            found = [db.execute(question, wanted).fetchone()[0] for question in asked]
            return min((moment(at) for at in found if at is not None), default=None)

    async def orphans(
        self, machines: Sequence[str], alive: Sequence[str] | None, limit: int
    ) -> list[Row]:
        living, size = set((self._worker,) if alive is None else alive), page_size(limit)
        wanted: dict[str, str | int] = {"machines": array(machines)}
        rows: list[Row] = []
        with self._file() as db:
            for (held_by,) in db.execute(self._q["holders"]).fetchall():
                if len(rows) >= size:
                    break
                if not living.issuperset(holders_of(held_by)):
                    wanted |= {"held_by": held_by, "limit": size - len(rows)}
                    found = db.execute(self._q["rows_held_by"], wanted)
                    rows += [self._row(columns) for columns in found]
        return rows

    async def set_aside(self, rows: Sequence[tuple[Row, Aside]]) -> None:
        file = self._file()
        with file as db:
            file.check_in_place()
            db.execute("BEGIN IMMEDIATE")
            for row, aside in rows:
                wanted = {
                    "machine": row.machine,
                    "id": row.id,
                    "rev": row.rev,
                    "since": microseconds(aside.since),
                    "why": aside.why,
                }
                is_new = db.execute(self._q["note_aside"], wanted).rowcount == 1
                db.execute(self._q["set_aside" if is_new else "stay_aside"], wanted)
            db.execute("COMMIT")

    async def asides(self, refs: Sequence[Ref]) -> dict[Ref, Aside]:
        found: dict[Ref, Aside] = {}
        with self._file() as db:
            for ref in refs:
                columns = db.execute(self._q["aside"], (ref.machine, ref.id)).fetchone()
                if columns is not None:
                    found[ref] = Aside(moment(columns[0]), columns[1])
        return found

    async def set_aside_rows(
        self, machines: Sequence[str], after: Ref | None, limit: int
    ) -> list[Row]:
        wanted = {
            "machines": array(machines),
            "machine": "" if after is None else after.machine,
            "id": "" if after is None else after.id,
            "limit": page_size(limit),
        }
        with self._file() as db:
            found = db.execute(self._q["set_aside_rows"], wanted).fetchall()
            return [self._row(columns) for columns in found]

    async def mail(
        self,
        machines: Sequence[str] | None,
        now: datetime,
        after: MessageId | None,
        limit: int,
        until: datetime | None = None,
    ) -> list[Message]:
        first = after or FIRST_ID
        with self._file() as db:
            if machines is None:
                machines = [machine for (machine,) in db.execute(self._q["addressees"])]
            wanted = {
                "machines": array(machines),
                "now": microseconds(now),
                "at": first.at,
                "writer": first.writer,
                "rev": first.rev,
                "ordinal": first.ordinal,
                "limit": page_size(limit),
            }
            return [message_of(columns) for columns in db.execute(self._q["mail"], wanted)]

    async def still_there(self, ids: Sequence[MessageId]) -> set[MessageId]:
        with self._file():
            return self._writer.still_there(ids)

    async def count(self, machine: str) -> dict[tuple[int, Status, tuple[str, ...]], int]:
        return counts_of(self._counted(machine))

    async def groups(self, machine: str) -> dict[Group, int]:
        return groups_of(self._counted(machine))

    async def count_incidents(self, machine: str) -> int:
        with self._file() as db:
            wanted = (machine, PAGE_LIMIT)
            return int(db.execute(self._q["count_incidents"], wanted).fetchone()[0])

    async def journal(
        self, ref: Ref, after: tuple[int, int] = (0, -1), limit: int = 100
    ) -> list[Entry]:
        with self._file() as db:
            wanted = (ref.machine, ref.id, *after, page_size(limit))
            return [entry_of(columns) for columns in db.execute(self._q["journal"], wanted)]

    async def journal_before(self, ref: Ref, seq: int, limit: int = 100) -> list[Entry]:
        with self._file() as db:
            wanted = (ref.machine, ref.id, seq, page_size(limit))
            return [entry_of(columns) for columns in db.execute(self._q["journal_before"], wanted)]

    async def incidents(self, machine: str | None, limit: int, cursor: str | None) -> Page:
        last = (EARLIEST, "", "") if cursor is None else incident_position_of(cursor)
        size = page_size(limit)
        wanted = {
            "machine": machine,
            "changed_at": last[0],
            "after_machine": last[1],
            "after_id": last[2],
            "limit": size + 1,
        }
        with self._file() as db:
            found = db.execute(self._q["incidents"], wanted).fetchall()
            rows = tuple(self._row(columns) for columns in found[:size])
        if len(found) <= size:
            return Page(rows, None)
        end = found[size - 1]
        return Page(rows, cursor_of((end[8], end[0], end[1])))

    async def charts(self, machine: str) -> list[StoredChart]:
        with self._file() as db:
            return [chart_of(columns) for columns in db.execute(self._q["charts"], (machine,))]

    async def add_chart(self, chart: StoredChart) -> None:
        file = self._file()
        with file as db:
            file.check_in_place()
            columns = (chart.machine, chart.version, chart.chart, microseconds(chart.stored_at))
            db.execute(self._q["insert_chart"], columns)

    async def discard(self, ids: Sequence[MessageId]) -> None:
        file = self._file()
        with file:
            file.check_in_place()
            self._writer.discard(ids)

    # --- what is counted --------------------------------------------------------------------

    async def put_rollups(self, rollups: Sequence[Rollup]) -> None:
        file = self._file()
        with file as db:
            file.check_in_place()
            db.execute("BEGIN IMMEDIATE")
            db.executemany(self._q["put_rollup"], map(rollup_columns, rollups))
            db.execute("COMMIT")

    async def rollups(
        self, machine: str, since: datetime, version: int | None, limit: int
    ) -> list[Rollup]:
        wanted = {
            "machine": machine,
            "since": microseconds(since),
            "version": version,
            "limit": limit,
        }
        with self._file() as db:
            return [rollup_of(*columns) for columns in db.execute(self._q["rollups"], wanted)]

    async def old_rollups(self, span: int, before: datetime, limit: int) -> list[Rollup]:
        with self._file() as db:
            wanted = (span, microseconds(before), page_size(limit))
            return [rollup_of(*columns) for columns in db.execute(self._q["old_rollups"], wanted)]

    async def exchange_rollups(self, gone: Sequence[Rollup], by: Rollup | None) -> bool:
        file = self._file()
        with file as db:
            file.check_in_place()
            db.execute("BEGIN IMMEDIATE")
            taken = db.executemany(self._q["take_rollup"], map(rollup_columns, gone)).rowcount
            if taken != len(gone):
                db.execute("ROLLBACK")
                return False
            if by is not None:
                db.execute(self._q["put_rollup"], rollup_columns(by))
            db.execute("COMMIT")
        return True

    # --- what is over -----------------------------------------------------------------------

    async def finished(
        self,
        machine: str,
        before: datetime,
        limit: int,
        cursor: str | None = None,
        now: datetime | None = None,
        until: datetime | None = None,
    ) -> Page:
        last = (EARLIEST, 0) if cursor is None else finished_position_of(cursor)
        size = page_size(limit)
        wanted = {
            "machine": machine,
            "before": microseconds(before),
            "since": last[0],
            "place": last[1],
            "limit": size,
        }
        with self._file() as db:
            found = db.execute(self._q["finished"], wanted).fetchall()
            rows = tuple(self._row(columns[:-1]) for columns in found)
        # a full page counts as not the last: finding out would cost another document
        full = len(rows) == size
        position = (found[-1][7], found[-1][-1]) if full else None
        if until is not None:
            rows = tuple(row for row in rows if rests(row))
        return Page(rows, None if position is None else cursor_of(position))

    async def mailed(self, refs: Sequence[Ref]) -> set[Ref]:
        with self._file():
            return {ref for ref in refs if self._writer.is_mailed(ref)}

    async def forget(self, rows: Sequence[Row], audit: Sequence[AuditEntry] = ()) -> list[bool]:
        file = self._file()
        with file:
            file.check_in_place()
            return self._writer.forget(rows, audit)

    async def sweep(self, limit: int) -> int:
        file = self._file()
        with file as db:
            file.check_in_place()
            return sweep(db, self._q, page_size(limit))

    # --- reading ----------------------------------------------------------------------------

    def _file(self) -> SqliteFile:
        if self._open is None:
            raise StoreUnavailable(f"{self._path} is closed; open the store first")
        return self._open

    def _counted(self, machine: str) -> list[tuple[StoredConfiguration, int]]:
        """The machine's configurations, each with how many instances it has."""
        with self._file() as db:
            found = db.execute(self._q["configurations_of_machine"], (machine,)).fetchall()
            return [(self._configurations.of_number(number), count) for number, count in found]

    def _row(self, columns: tuple[Any, ...]) -> Row:
        return row_of(columns, self._configurations.of_number(columns[2]))

    def _load(self, db: sqlite3.Connection, refs: Sequence[Ref]) -> dict[Ref, Row]:
        found: dict[Ref, Row] = {}
        load_row = self._q["load_row"]
        for ref in refs:
            columns = db.execute(load_row, (ref.machine, ref.id)).fetchone()
            if columns is not None:
                found[ref] = self._row(columns)
        return found

    # last in the class: below it the name would no longer be the built-in one's
    async def list(self, query: Query) -> Page:
        with self._file() as db:
            refs, cursor = self._lists.page(db, query)
            return Page(tuple(self._load(db, refs).values()), cursor)
