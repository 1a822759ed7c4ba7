"""``audit``: what was refused, and who has administered what."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from enum import Enum
from pathlib import Path
from typing import IO, Annotated

import msgspec
import typer

from statehold.cli import render
from statehold.cli.arguments import read_moment
from statehold.cli.options import DirectStore, Json, Schema, StoreAddress
from statehold.cli.outcome import UsageError
from statehold.cli.terminal import Terminal, print_document, print_json
from statehold.records import AuditEntry
from statehold.security import AuditQuery
from statehold.stores import StoreOptions
from statehold.stores.audit import cursor_behind
from statehold.stores.security import open_security
from statehold.wire.audit import AuditLine, audit_line

audit = typer.Typer(no_args_is_help=True, help="What was refused, and who has administered what.")

PAGE = 1_000
#: an export ends so long ago: refusals are written a little after they happened, and one that is
#: written behind the last exported line would be left out
SETTLED = timedelta(minutes=1)
#: bytes of a line in an export at most, of which the last is read to go on
LINE_BYTES = 32_768
#: what JSON leaves as it is, and some readers take for the end of a line
_ESCAPED = {char: f"\\u{char:04x}" for char in (0x85, 0x2028, 0x2029)}


class Outcome(Enum):
    done = "done"
    refused = "refused"


_Since = Annotated[str | None, typer.Option("--since", metavar="TIME", help="From then on.")]
_Until = Annotated[str | None, typer.Option("--until", metavar="TIME", help="Before then.")]


@audit.command("list")
def list_(
    store: StoreAddress,
    machine: Annotated[str | None, typer.Option(help="About this machine.")] = None,
    id: Annotated[str | None, typer.Option("--id", help="About this instance.")] = None,
    caller: Annotated[str | None, typer.Option(help="Of this caller.")] = None,
    action: Annotated[str | None, typer.Option(help="Such as pause or token.revoke.")] = None,
    outcome: Annotated[Outcome | None, typer.Option(help="What was done, or refused.")] = None,
    since: _Since = None,
    until: _Until = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 50,
    schema: Schema = None,
    direct_store: DirectStore = None,
    json: Json = False,
) -> None:
    """List entries, newest first."""
    query = AuditQuery(
        machine=machine,
        id=id,
        caller=caller,
        action=action,
        outcome=None if outcome is None else outcome.value,
        since=_moment(since),
        until=_moment(until),
        limit=min(limit, PAGE),
    )

    async def read() -> list[AuditEntry]:
        found: list[AuditEntry] = []
        async for entry in _entries(
            store, StoreOptions(schema=schema, direct_store=direct_store), query
        ):
            found.append(entry)
            if len(found) == limit:
                break
        return found

    found = asyncio.run(read())
    if json:
        print_json([audit_line(entry) for entry in found])
    elif found:
        Terminal().show(render.audit(found))
    else:
        Terminal().say(("none", "green"), ": no entries")


@audit.command()
def export(
    store: StoreAddress,
    to: Annotated[
        Path | None,
        typer.Option(
            "--to",
            metavar="FILE",
            help="Add to this file, from behind its last line. Default: stdout.",
        ),
    ] = None,
    since: _Since = None,
    until: _Until = None,
    schema: Schema = None,
    direct_store: DirectStore = None,
) -> None:
    """Write entries as JSON lines, oldest first, up to a minute ago."""
    settled = datetime.now(UTC) - SETTLED
    asked = _moment(until)
    query = AuditQuery(
        since=_moment(since),
        until=settled if asked is None else min(asked, settled),
        oldest_first=True,
        limit=PAGE,
    )
    options = StoreOptions(schema=schema, direct_store=direct_store)
    if to is None:
        asyncio.run(_write(store, options, query, None))
        return
    try:
        opened = open(to, "a+b", opener=_private)  # noqa: SIM115 - closed below
    except OSError as error:
        raise UsageError(f"--to {str(to)!r} can't be written: {error.strerror}") from error
    with closing(opened) as file:
        query = msgspec.structs.replace(query, cursor=_cursor_of(file, to))
        written = asyncio.run(_write(store, options, query, file))
        file.flush()
        os.fsync(file.fileno())
    Terminal(stderr=True).say(("exported", "green"), f" {written} entries to {to}")


async def _write(
    store: str, options: StoreOptions, query: AuditQuery, file: IO[bytes] | None
) -> int:
    written = 0
    async for entry in _entries(store, options, query):
        line = audit_line(entry).model_dump_json().translate(_ESCAPED)
        if file is None:
            print_document(line + "\n")
        else:
            file.write(line.encode() + b"\n")
        written += 1
    return written


async def _entries(
    store: str, options: StoreOptions, query: AuditQuery
) -> AsyncIterator[AuditEntry]:
    async with open_security(store, options) as kept:
        while True:
            page = await kept.audit(query)
            for entry in page.entries:
                yield entry
            if page.cursor is None:
                return
            query = msgspec.structs.replace(query, cursor=page.cursor)


def _cursor_of(file: IO[bytes], path: Path) -> str | None:
    """Behind the last line of a file. One that is cut off, as of an export that was killed, is
    removed. Raises ``UsageError`` for a file of something else."""
    end = file.seek(0, os.SEEK_END)
    begin = max(0, end - LINE_BYTES)
    file.seek(begin)
    tail = file.read(LINE_BYTES)
    whole = tail.rfind(b"\n") + 1
    if whole < len(tail):
        file.truncate(begin + whole)
    if whole == 0:
        if begin > 0:
            raise UsageError(f"--to {str(path)!r} has no line of an export at its end")
        return None
    line = tail[:whole].rstrip(b"\n").rpartition(b"\n")[2]
    try:
        last = AuditLine.model_validate_json(line)
        number = int(last.id)
    except ValueError:
        raise UsageError(f"--to {str(path)!r} is no export: its last line is no entry") from None
    return cursor_behind(
        AuditEntry(last.at, "", False, "", "", "", "", last.outcome, number=number)
    )


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _moment(text: str | None) -> datetime | None:
    return None if text is None else read_moment(text)
