"""Archives instances as JSON lines: one line for each instance, with its journal.

1. When ``sync`` returns, every line written before it is on the disk. Only those instances may be
   purged.
2. A line that is incomplete is removed; a crash may leave one at the end of a file, whose instance
   was not purged then.
3. A file is written by one archive and never opened again. A new one begins each day, beyond
   ``size`` bytes, and after each failure.
4. A line is written in pieces, so that a journal of any length takes bounded memory.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import UTC, date, datetime
from io import FileIO
from pathlib import Path
from typing import ParamSpec, TypeVar

import msgspec
from msgspec import Raw, Struct

from statehold.engine.commit.keys import shown_key
from statehold.errors import ArchiveFailed
from statehold.instance.stored import is_whole, salvage
from statehold.records import Entry, Parent, Row

P = ParamSpec("P")
T = TypeVar("T")

#: the version of the format; a reader should refuse one that it does not know
FORMAT = 1
#: bytes that are buffered before they are written
GATHER_BYTES = 1_000_000
#: files of one machine, day and writer
FILES = 100_000

_encode = msgspec.json.Encoder().encode
#: checks that it is JSON
_skim = msgspec.json.Decoder(Raw).decode


class Archive:
    """Lines of one machine in files ``MACHINE.DAY.WORKER.N.jsonl`` of a directory.

    ``now`` gives the day. Raises ``ArchiveFailed`` if it can't write.
    """

    def __init__(
        self,
        directory: Path | str,
        machine: str,
        worker: str,
        now: Callable[[], datetime],
        size: int,
    ) -> None:
        self._directory = Path(directory)
        self._prefix = machine
        self._worker = re.sub(r"[^A-Za-z0-9_-]", "_", worker)
        self._now = now
        self._size = size
        self._day: date | None = None
        self._file: FileIO | None = None
        self._path: Path | None = None
        self._buffer = bytearray()
        #: bytes that went to the file, and how many of them are known to be on the disk
        self._written = self._synced = 0

    def check(self) -> None:
        """Raises ``ArchiveFailed`` where the directory is not one that can be written to."""
        if not self._directory.is_dir():
            raise ArchiveFailed(f"{self._directory} is no directory; make it, or choose another")
        if not os.access(self._directory, os.W_OK | os.X_OK):
            raise ArchiveFailed(f"{self._directory} can't be written; give this user the right to")

    async def add(self, row: Row, journal: AsyncIterator[Sequence[Entry]]) -> None:
        """Writes one line; if that fails, all that was not synced is removed."""
        try:
            await self._rotate()
            self._buffer += _head(row)
            comma = b""
            async for entries in journal:
                for entry in entries:
                    self._buffer += comma
                    self._buffer += _encode(_line_of(entry))
                    comma = b","
                if len(self._buffer) >= GATHER_BYTES:
                    await self._in_thread(self._flush)
            self._buffer += b"]}\n"
        except BaseException:
            self.drop()
            raise

    async def sync(self) -> None:
        """Returns once every line is on the disk."""
        if self._buffer or self._written != self._synced:
            try:
                await self._in_thread(self._sync)
            except BaseException:
                self.drop()
                raise

    async def close(self) -> None:
        """Closes the file; what was not synced is removed."""
        self.drop()

    def drop(self) -> None:
        """Removes what is not known to be on the disk, and closes the file."""
        file, self._file = self._file, None
        kept, self._written, self._synced = self._synced, 0, 0
        self._buffer.clear()
        if file is None or self._path is None:
            return
        # a disk that refuses even this leaves half a line, whose instance stays where it is
        with contextlib.suppress(OSError):
            file.truncate(kept)
        with contextlib.suppress(OSError):
            file.close()
        if not kept:
            with contextlib.suppress(OSError):
                self._path.unlink()

    async def _rotate(self) -> None:
        today = self._now().astimezone(UTC).date()
        if self._day != today or self._written + len(self._buffer) >= self._size:
            await self.sync()
            self.drop()
            self._day = today

    async def _in_thread(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """To its end even where the caller is cancelled: two must not have the file at once."""
        work = asyncio.ensure_future(asyncio.to_thread(function, *args, **kwargs))
        try:
            return await asyncio.shield(work)
        except asyncio.CancelledError:
            await asyncio.wait([work])
            raise
        except OSError as error:
            raise ArchiveFailed(
                f"{self._path or self._directory} can't be written: {error.strerror}; nothing is "
                "purged until it can"
            ) from error

    # --- in a thread ---

    def _flush(self) -> None:
        if self._file is None:
            self._file = self._begin()
        left = bytes(self._buffer)
        while left:
            left = left[self._file.write(left) :]
        self._written += len(self._buffer)
        self._buffer.clear()

    def _sync(self) -> None:
        self._flush()
        assert self._file is not None
        os.fsync(self._file.fileno())
        if not self._synced:
            self._sync_directory()
        self._synced = self._written

    def _begin(self) -> FileIO:
        for number in range(1, FILES + 1):
            name = f"{self._prefix}.{self._day}.{self._worker}.{number}.jsonl"
            self._path = self._directory / name
            try:
                # unbuffered: closing must not write again what a full disk refused
                return FileIO(self._path, "x", opener=_open_private)
            except FileExistsError:
                continue
        raise ArchiveFailed(f"{self._directory} has {FILES} files of a day; move them elsewhere")

    def _sync_directory(self) -> None:
        """Without it a file may be on the disk and have no name."""
        if os.name == "nt":
            return
        directory = os.open(self._directory, os.O_RDONLY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)


def _open_private(path: str, flags: int) -> int:
    """Creates the file readable by this user alone, whatever the process's umask is."""
    return os.open(path, flags, 0o600)


class _Head(Struct, frozen=True, gc=False):
    format: int
    machine: str
    id: str
    version: int
    seq: int
    rev: int
    status: str
    state: tuple[str, ...]
    tags: tuple[str, ...]
    owners: tuple[str, ...]
    indexes: dict[str, str]
    created_at: datetime
    #: when it ended
    since: datetime
    changed_at: datetime
    parent: Parent | None
    data: Raw
    output: Raw


class _Line(Struct, frozen=True, gc=False):
    seq: int
    part: int
    at: datetime
    kind: str
    body: Raw
    key: str | None
    reply: Raw


_NULL = Raw(b"null")


def _head(row: Row) -> bytes:
    """The line up to its journal, which is left open."""
    document = salvage(row.document)
    data = bytes(document.data)
    if data == b"null" and not is_whole(row.document):
        # all of it, since it is unknown where the data is
        data = row.document
    head = _Head(
        FORMAT,
        row.machine,
        row.id,
        row.version,
        row.seq,
        row.rev,
        row.status,
        row.state,
        row.tags,
        row.owners,
        dict(row.indexes),
        row.created_at,
        row.since,
        row.changed_at,
        document.parent,
        _json(data),
        _NULL if document.output is None else _json(bytes(document.output)),
    )
    return _encode(head)[:-1] + b',"journal":['


def _line_of(entry: Entry) -> _Line:
    return _Line(
        entry.seq,
        entry.part,
        entry.at,
        entry.kind,
        _json(entry.body),
        shown_key(entry.key),
        _NULL if entry.reply is None else _json(entry.reply),
    )


def _json(raw: bytes) -> Raw:
    """The stored JSON; damaged JSON, which would make the whole line unreadable, as a text."""
    try:
        if not raw.isascii():
            raw.decode()
        _skim(raw)
    except (UnicodeDecodeError, msgspec.MsgspecError, RecursionError):
        return Raw(_encode({"unreadable": raw.decode("utf-8", "backslashreplace")}))
    return Raw(msgspec.json.format(raw, indent=-1) if b"\n" in raw else raw)
