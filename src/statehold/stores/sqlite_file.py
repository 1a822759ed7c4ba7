"""The file below a SQLite store: who owns it, which schema it has, what its errors mean."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType

from statehold.errors import SchemaMismatch, StoreInUse, StoreRefused, StoreUnavailable
from statehold.stores.queries import load_migrations

#: "Sthd", at a fixed place in the file's header: tells our databases from other programs'
APPLICATION_ID = 0x53746864

#: the first with the JSON functions and STRICT tables
OLDEST_SQLITE = (3, 38, 0)

#: rights of the files that are made: what instances are is for the server's user alone
PRIVATE = 0o600

#: how long a statement waits for another program's lock; the event loop waits with it
BUSY_SECONDS = 0.1

#: less room than this on the disk, and a commit is likely to fail
FREE_BYTES = 1 << 20

_SETTINGS = (
    # FULL: a commit is on the disk before it is answered; WAL's default would be NORMAL for many
    "PRAGMA synchronous = FULL",
    # where fsync alone leaves the data in the drive's cache (macOS); no effect elsewhere
    "PRAGMA fullfsync = ON",
    "PRAGMA cache_size = -65536",
    "PRAGMA temp_store = MEMORY",
    "PRAGMA journal_size_limit = 67108864",
)


def _text(raw: bytes) -> str:
    """Text of the file; what is damaged in it must not keep a page from being read."""
    return raw.decode("utf-8", "backslashreplace")


class SqliteFile:
    """An owned, migrated database. Use it with ``with``: inside, ``sqlite3`` may be called freely.

    On the way out an open transaction is rolled back, and what SQLite raised because of the
    file's condition becomes ``StoreUnavailable``; the next use starts clean.
    """

    def __init__(self, path: Path, worker: str) -> None:
        """Raises ``StoreRefused`` where the file can't be used as it is, ``StoreUnavailable``
        where it may be later."""
        self.path = _checked(path)
        self._owner = _Owner(self.path, worker)
        try:
            _make_private(self.path)
            with _translated(self._why_not_opened):
                self.db = sqlite3.connect(
                    self.path,
                    timeout=BUSY_SECONDS,
                    isolation_level=None,
                    cached_statements=512,
                )
                self.db.text_factory = _text
            try:
                with _translated(self._why_not_opened):
                    self._make_ready()
            except BaseException:
                self.db.close()
                raise
        except BaseException:
            self._owner.release()
            raise

    def close(self) -> None:
        try:
            self.db.close()
        finally:
            self._owner.release()

    def __enter__(self) -> sqlite3.Connection:
        return self.db

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is None:
            return
        if self.db.in_transaction:
            # fails where SQLite rolled back by itself, or can't now and will at the next opening
            with contextlib.suppress(sqlite3.OperationalError):
                self.db.execute("ROLLBACK")
        if is_condition(error):
            raise StoreUnavailable(f"{self.path}: {_reason(error)}") from error

    def check_in_place(self) -> None:
        """Raises ``StoreUnavailable`` where the file was deleted or replaced.

        SQLite would go on writing to the deleted one, and everything would be lost at the end.
        """
        try:
            there = os.stat(self.path)
        except OSError as error:
            raise StoreUnavailable(f"{self.path}: {error.strerror}; restore it") from error
        if (there.st_dev, there.st_ino) != self._identity:
            raise StoreUnavailable(
                f"{self.path} was replaced by another file while it was open; start again to use it"
            )

    def check_writable(self) -> None:
        """Raises what SQLite says of a write, without one being kept.

        ``BEGIN IMMEDIATE`` alone asks for the lock, and on a read-only file is content to read.
        """
        self.db.execute("BEGIN IMMEDIATE")
        self.db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        self.db.execute("ROLLBACK")

    def check_room(self) -> None:
        """Raises ``StoreUnavailable`` where the database or its disk is full or read-only."""
        used, limit, free = (
            self.db.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("page_count", "max_page_count", "freelist_count")
        )
        if used >= limit and not free:
            raise StoreUnavailable(
                f"{self.path} has {used} pages, the limit is {limit}; raise max_page_count"
            )
        if not hasattr(os, "statvfs"):
            return
        disk = os.statvfs(self.path)
        if disk.f_flag & os.ST_RDONLY:
            raise StoreUnavailable(f"{self.path} is on a read-only file system; remount it")
        if disk.f_bavail * disk.f_frsize < FREE_BYTES:
            raise StoreUnavailable(
                f"{self.path}: its disk has {disk.f_bavail * disk.f_frsize} bytes left, "
                f"{FREE_BYTES} are needed; free some"
            )

    def _why_not_opened(self, error: sqlite3.Error) -> Exception:
        why = f"{self.path}: {_reason(error)}"
        if _code(error) in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR):
            return StoreUnavailable(why)
        return StoreRefused(why)

    def _make_ready(self) -> None:
        known = load_migrations("sqlite")
        found = self._schema()
        if found > len(known):
            raise SchemaMismatch(str(self.path), found, len(known))
        mode = self.db.execute("PRAGMA journal_mode = WAL").fetchone()[0]
        if mode != "wal":
            raise StoreRefused(
                f"{self.path}: the file system has no write-ahead log (journal mode {mode}); "
                "choose a local disk"
            )
        for setting in _SETTINGS:
            self.db.execute(setting)
        for migration in known[found:]:
            self._migrate(migration.sql, migration.number)
        self.check_writable()
        there = os.stat(self.path)
        self._identity = (there.st_dev, there.st_ino)

    def _schema(self) -> int:
        """The number of the last migration, 0 for a new file; refuses other programs' files."""
        number = int(self.db.execute("PRAGMA user_version").fetchone()[0])
        program = self.db.execute("PRAGMA application_id").fetchone()[0]
        tables = self.db.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]
        is_new = (number, program, tables) == (0, 0, 0)
        if program != APPLICATION_ID and not is_new:
            raise StoreRefused(
                f"{self.path} is a database of another program; give Statehold a file of its own"
            )
        return number

    def _migrate(self, sql: str, number: int) -> None:
        """In one transaction, the schema's number included: done whole or not at all."""
        try:
            self.db.executescript(
                f"BEGIN IMMEDIATE;\n{sql}\nPRAGMA application_id = {APPLICATION_ID};\n"
                f"PRAGMA user_version = {number};\nCOMMIT;"
            )
        except BaseException:
            if self.db.in_transaction:
                self.db.execute("ROLLBACK")
            raise


def is_condition(error: BaseException) -> bool:
    """Whether SQLite speaks of the file's condition rather than of a mistake in the call."""
    return isinstance(error, sqlite3.OperationalError) or type(error) in (
        sqlite3.DatabaseError,
        sqlite3.InternalError,
    )


_REASONS = {
    sqlite3.SQLITE_BUSY: "another program is writing to it; end that program's transaction",
    sqlite3.SQLITE_LOCKED: "another program is writing to it; end that program's transaction",
    sqlite3.SQLITE_READONLY: "it can't be written; give this user the right to write the file "
    "and its directory",
    sqlite3.SQLITE_IOERR: "the disk failed to read or write; look at the system's log",
    sqlite3.SQLITE_CORRUPT: "it is damaged; restore it from a backup",
    sqlite3.SQLITE_FULL: "the disk is full, or the database's own limit is reached; make room",
    sqlite3.SQLITE_CANTOPEN: "it can't be opened; see that this user may read and write the file "
    "and its directory",
    sqlite3.SQLITE_NOTADB: "it is not a SQLite database; choose another path",
}


def _code(error: BaseException) -> int:
    """The primary result code, the low byte of the extended one; 0 where there is none."""
    return int(getattr(error, "sqlite_errorcode", 0)) & 0xFF


def _reason(error: BaseException) -> str:
    known = _REASONS.get(_code(error))
    name = getattr(error, "sqlite_errorname", "")
    return f"{known} ({error}, {name})" if known else f"{error} {name}".rstrip()


@contextlib.contextmanager
def _translated(translate: Callable[[sqlite3.Error], Exception]) -> Iterator[None]:
    try:
        yield
    except sqlite3.DatabaseError as error:
        raise translate(error) from error


def _checked(path: Path) -> Path:
    """The file itself, so that two names of one file are one owner's."""
    if sqlite3.sqlite_version_info < OLDEST_SQLITE:
        raise StoreRefused(
            f"SQLite {sqlite3.sqlite_version} is too old; use a Python with "
            f"{'.'.join(map(str, OLDEST_SQLITE))} or newer"
        )
    real = Path(os.path.realpath(path))
    if not real.parent.is_dir():
        raise StoreRefused(f"{real.parent} is no directory; make it, or choose another path")
    if real.exists() and not real.is_file():
        raise StoreRefused(f"{real} is not a file; choose another path")
    # asked before SQLite is: it would leave a log beside the file that is as read-only as the
    # file, and stays so when the file no longer is
    needed = (real, real.parent) if real.exists() else (real.parent,)
    for path in needed:
        if not os.access(path, os.R_OK | os.W_OK):
            raise StoreRefused(f"{path} can't be written; give this user the right to")
    return real


def holder_of(lock: Path) -> str | None:
    """Whom the lock's file names, where some process has it; None where none has.

    Asks by taking the lock for a moment, shared with others who ask: only an opening at that very
    moment would be refused. Raises ``OSError`` where the file can't be read.
    """
    with lock.open("rb") as file:
        try:
            _lock(file.fileno(), shared=True)
        except OSError:
            told = file.read(200).decode("utf-8", errors="replace").strip()
            return told or "another process"
    return None


def _open_private(path: Path) -> int:
    """Made for this user alone where it is not there, whatever the process's umask is."""
    return os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), PRIVATE)


def _make_private(path: Path) -> None:
    """SQLite would make the file as readable as the umask lets it, and gives the -wal and -shm
    files the rights that the database has."""
    try:
        os.close(_open_private(path))
    except OSError as error:
        raise StoreRefused(
            f"{path} can't be made: {error.strerror}; see that this user may write there"
        ) from error


class _Owner:
    """An exclusive lock on a file beside the database, which names its holder.

    The file is left behind on purpose: were it deleted, a second opener could lock the new one
    while a third still waits on the old. The system drops the lock when the process ends.
    """

    def __init__(self, path: Path, worker: str) -> None:
        self._path = path.with_name(path.name + ".lock")
        try:
            self._file = _open_private(self._path)
        except OSError as error:
            raise StoreRefused(
                f"{self._path} can't be made: {error.strerror}; see that this user may write there"
            ) from error
        try:
            _lock(self._file)
        except OSError:
            holder = self._path.read_text("utf-8", errors="replace").strip()[:200]
            os.close(self._file)
            raise StoreInUse(str(path), holder or "another process") from None
        try:
            os.ftruncate(self._file, 0)
            os.write(self._file, f"process {os.getpid()}, worker {worker}\n".encode())
        except OSError as error:
            # the lock would outlive this attempt and keep the next one out
            os.close(self._file)
            raise StoreUnavailable(f"{self._path} can't be written: {error.strerror}") from error

    def release(self) -> None:
        os.close(self._file)


if sys.platform == "win32":
    import msvcrt

    def _lock(file: int, *, shared: bool = False) -> None:
        # a byte far behind the text: a locked byte can't be read by others
        os.lseek(file, 1 << 30, os.SEEK_SET)
        msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
        os.lseek(file, 0, os.SEEK_SET)

else:
    import fcntl

    def _lock(file: int, *, shared: bool = False) -> None:
        # flock, not lockf: it also stops a second opener in the same process
        fcntl.flock(file, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
