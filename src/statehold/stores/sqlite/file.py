"""The file of a SQLite store: its owner, its schema, and the meaning of its errors."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType

from statehold.errors import StoreInUse, StoreRefused, StoreUnavailable
from statehold.stores.sqlite.migrate import APPLICATION_ID, check_schema, migrate

#: the first with the JSON functions and STRICT tables
OLDEST_SQLITE = (3, 38, 0)

#: mode of new files: only the server's user may read instances
PRIVATE = 0o600

#: how long a statement waits for another program's lock; the event loop waits with it
BUSY_SECONDS = 0.1

#: with less room on the disk, a commit is likely to fail
FREE_BYTES = 1 << 20

_SETTINGS: tuple[str, ...] = (
    # FULL: a commit is on the disk before it is answered; WAL's default would be NORMAL for many
    "PRAGMA synchronous = FULL",
    # where fsync alone leaves the data in the drive's cache (macOS); no effect elsewhere
    "PRAGMA fullfsync = ON",
    "PRAGMA cache_size = -65536",
    "PRAGMA temp_store = MEMORY",
    "PRAGMA journal_size_limit = 67108864",
)


def readable(raw: bytes) -> str:
    """Text of the file; damaged bytes must not make a page unreadable."""
    return raw.decode("utf-8", "backslashreplace")


class SqliteFile:
    """An owned, migrated database. Use it as a context: inside, ``sqlite3`` may be called freely.

    When an error leaves it, an open transaction is rolled back, and an error that SQLite raised
    for the state of the file becomes ``StoreUnavailable``.
    """

    def __init__(self, path: Path, worker: str) -> None:
        """Raises ``StoreRefused`` if the file can't be used as it is, ``StoreUnavailable`` if the
        obstacle may pass."""
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
                self.db.text_factory = readable
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
        """Raises ``StoreUnavailable`` where the database, its log or its lock was deleted or
        replaced, or this process is not the one that opened it.

        SQLite would keep writing to the deleted file, and everything would be lost at the end;
        without the lock file another process could open the database beside this one.
        """
        for path, identity in self._identities:
            there = _identity(path)
            if there is None:
                raise StoreUnavailable(f"{path} was deleted while it was open; restore it")
            if there != identity:
                raise StoreUnavailable(
                    f"{path} was replaced by another file while it was open; start again to use it"
                )
        if not self._owner.holds() and not self._takes_lock_again():
            raise StoreUnavailable(
                f"{self._owner.path} was deleted or replaced while {self.path} was open, and this "
                "process is not its only owner any more; start it again"
            )

    def _takes_lock_again(self) -> bool:
        """Takes the lock again if its file was deleted and no other process has written since."""
        return self._data_version() == self._version and self._owner.take_again()

    def _data_version(self) -> int:
        """Changes with each commit of another connection."""
        return int(self.db.execute("PRAGMA data_version").fetchone()[0])

    def check_writable(self) -> None:
        """Raises what SQLite raises for a write, but keeps none.

        ``BEGIN IMMEDIATE`` alone takes the lock, and succeeds on a read-only file.
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
        check_schema(self.path, self.db)
        mode = self.db.execute("PRAGMA journal_mode = WAL").fetchone()[0]
        if mode != "wal":
            raise StoreRefused(
                f"{self.path}: the file system has no write-ahead log (journal mode {mode}); "
                "choose a local disk"
            )
        for setting in _SETTINGS:
            self.db.execute(setting)
        migrate(self.path, self.db)
        self.check_writable()
        # both are there from the first write to the last connection's end
        paths = [f"{self.path}{suffix}" for suffix in ("", "-wal", "-shm")]
        self._identities = [(path, _identity(path)) for path in paths]
        self._version = self._data_version()


def is_condition(error: BaseException) -> bool:
    """Whether an error is about the state of the file, not about the statement."""
    return isinstance(error, sqlite3.OperationalError) or type(error) in (
        sqlite3.DatabaseError,
        sqlite3.InternalError,
    )


_REASONS = {
    sqlite3.SQLITE_BUSY: "another program is writing to it; end that program's transaction",
    sqlite3.SQLITE_LOCKED: "another program is writing to it; end that program's transaction",
    sqlite3.SQLITE_READONLY: "it can't be written; give this user the right to write the file "
    "and its directory",
    sqlite3.SQLITE_IOERR: "the disk failed to read or write; see the system's log",
    sqlite3.SQLITE_CORRUPT: "it is damaged; restore it from a backup",
    sqlite3.SQLITE_FULL: "the disk is full, or the database's own limit is reached; make room",
    sqlite3.SQLITE_CANTOPEN: "it can't be opened; check that this user may read and write the file "
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
    """The file itself, so that two names of one file have one owner."""
    if sqlite3.sqlite_version_info < OLDEST_SQLITE:
        raise StoreRefused(
            f"SQLite {sqlite3.sqlite_version} is too old; use a Python with "
            f"{'.'.join(map(str, OLDEST_SQLITE))} or newer"
        )
    real = Path(os.path.realpath(path))
    if not real.parent.is_dir():
        raise StoreRefused(f"{real.parent} is not a directory; create it, or choose another path")
    if real.exists() and not real.is_file():
        raise StoreRefused(f"{real} is not a file; choose another path")
    # checked before SQLite opens it: SQLite would create a log that is read-only as the file is,
    # and stays so when the file no longer is
    needed = (real, real.parent) if real.exists() else (real.parent,)
    for path in needed:
        if not os.access(path, os.R_OK | os.W_OK):
            raise StoreRefused(f"{path} can't be written; give this user the right to")
    return real


def holder_of(lock: Path) -> str | None:
    """The holder that the lock file names; None if no process holds the lock.

    It takes a shared lock for a moment: only an opening at that very moment would be refused.
    Raises ``OSError`` where the file can't be read.
    """
    with lock.open("rb") as file:
        try:
            _lock(file.fileno(), shared=True)
        except OSError:
            holder = file.read(200).decode("utf-8", errors="replace").strip()
            return holder or "another process"
    return None


def _open_private(path: Path) -> int:
    """Creates a missing file for this user alone, whatever the umask of the process is."""
    return os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), PRIVATE)


def _make_private(path: Path) -> None:
    """SQLite would make the file as readable as the umask lets it, and gives the -wal and -shm
    files the rights that the database has."""
    try:
        os.close(_open_private(path))
    except OSError as error:
        raise StoreRefused(
            f"{path} can't be created: {error.strerror}; check that this user may write there"
        ) from error


def _identity(path: str) -> tuple[int, int] | None:
    """Which file it is; None if there is none, or it can't be read."""
    try:
        there = os.stat(path)
    except OSError:
        return None
    return (there.st_dev, there.st_ino)


def _identity_of(file: int) -> tuple[int, int]:
    there = os.fstat(file)
    return (there.st_dev, there.st_ino)


#: the locks of this process
_owners: set[_Owner] = set()


class _Owner:
    """An exclusive lock on a file beside the database, which names its holder, and on Linux one on
    the database itself, which stays where the other file is deleted.

    The file is left behind on purpose: were it deleted, a second opener could lock the new one
    while a third still waits on the old. The system drops the locks when the process ends.

    A lock belongs to the open file, which a forked child shares: a child closes it at once, so that
    the lock ends with the process that took it.

    SQLite's own locks on the database are the process's, and end when the process closes any file
    descriptor of it. So the one here is closed after SQLite's, and a second opener in this process
    is refused before it opens one. On other systems than Linux the two kinds of locks exclude each
    other.
    """

    def __init__(self, path: Path, worker: str) -> None:
        self.path = path.with_name(path.name + ".lock")
        self._database = path
        self._worker = worker
        self._database_file = self._take_database() if sys.platform == "linux" else None
        try:
            self._file: int | None = self._take()
        except BaseException:
            self._close_database()
            raise
        _owners.add(self)

    def holds(self) -> bool:
        """Whether others who look for the lock find this one."""
        if self._file is None:
            return False
        return _identity(str(self.path)) == _identity_of(self._file)

    def take_again(self) -> bool:
        """Takes the lock of the file that is there now, or of a new one."""
        if self._file is None:
            return False
        try:
            file = self._take()
        except (StoreRefused, StoreUnavailable):
            return False
        os.close(self._file)
        self._file = file
        return True

    def release(self) -> None:
        _owners.discard(self)
        file, self._file = self._file, None
        if file is not None:
            os.close(file)
        self._close_database()

    def _close_database(self) -> None:
        file, self._database_file = self._database_file, None
        if file is not None:
            os.close(file)

    def _take_database(self) -> int:
        there = _identity(str(self._database))
        for owner in _owners:
            if owner._database_file is not None and there == _identity_of(owner._database_file):
                raise self._in_use()
        try:
            file = _open_private(self._database)
        except OSError as error:
            raise StoreRefused(f"{self._database} can't be opened: {error.strerror}") from error
        try:
            _lock(file)
        except OSError:
            os.close(file)
            raise self._in_use() from None
        return file

    def _in_use(self) -> StoreInUse:
        try:
            holder = self.path.read_text("utf-8", errors="replace").strip()[:200]
        except OSError:
            holder = ""
        return StoreInUse(str(self._database), holder or "another process")

    def _take(self) -> int:
        try:
            file = _open_private(self.path)
        except OSError as error:
            raise StoreRefused(
                f"{self.path} can't be created: {error.strerror}; check that this user may write "
                "there"
            ) from error
        try:
            _lock(file)
        except OSError:
            os.close(file)
            raise self._in_use() from None
        try:
            os.ftruncate(file, 0)
            os.write(file, f"process {os.getpid()}, worker {self._worker}\n".encode())
        except OSError as error:
            # the lock would outlive this attempt and keep the next one out
            os.close(file)
            raise StoreUnavailable(f"{self.path} can't be written: {error.strerror}") from error
        return file


def _release_all() -> None:
    for owner in list(_owners):
        owner.release()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_release_all)


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
