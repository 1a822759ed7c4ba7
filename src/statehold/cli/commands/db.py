"""``db``: the schema of a store."""

from __future__ import annotations

import asyncio
from enum import Enum
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from statehold.cli.options import DirectStore, Json, Schema, StoreAddress
from statehold.cli.outcome import DONE, REFUSED, UsageError
from statehold.cli.progress import progress_documents, progress_lines
from statehold.cli.terminal import Terminal, print_json
from statehold.stores import StoreOptions, open_store
from statehold.stores.address import is_shared
from statehold.stores.queries import load_migrations
from statehold.stores.sqlite.inspect import schema_number

database = typer.Typer(no_args_is_help=True, help="The schema of a database.")


class Phase(Enum):
    before = "before"
    after = "after"
    all = "all"


class Migrations(msgspec.Struct, frozen=True):
    """``can_run``: this release may run on it. ``unfinished``: the one of ``pending`` that has
    begun."""

    applied: tuple[str, ...]
    pending: tuple[str, ...]
    unknown: tuple[str, ...]
    can_run: bool
    unfinished: str | None = None


@database.command()
def check(
    store: StoreAddress,
    schema: Schema = None,
    direct_store: DirectStore = None,
    json: Json = False,
) -> None:
    """Say which migrations are applied, and whether this release can run on the schema."""
    options = StoreOptions(schema=schema, direct_store=direct_store)
    options.check(store)
    found = asyncio.run(_of_postgres(store, options)) if is_shared(store) else _of_sqlite(store)
    if json:
        print_json(msgspec.to_builtins(found))
    else:
        _print(found)
    raise typer.Exit(DONE if found.can_run else REFUSED)


@database.command()
def upgrade(
    store: StoreAddress,
    phase: Annotated[
        Phase,
        typer.Option(
            help="before: what this release needs to run. after, all: also what no older one can "
            "live with, once none runs."
        ),
    ] = Phase.before,
    schema: Schema = None,
    direct_store: DirectStore = None,
    json: Json = False,
) -> None:
    """Bring a PostgreSQL database to the schema of this release; a SQLite file does so itself.

    What was interrupted goes on where it was."""
    options = StoreOptions(schema=schema, direct_store=direct_store)
    options.check(store)
    if not is_shared(store):
        raise UsageError(
            "only a PostgreSQL database is upgraded by hand; a SQLite file is, when a server opens "
            "it"
        )
    applied = asyncio.run(_upgrade(store, phase, options, json))
    if json:
        print_json(applied)
        return
    console = Terminal()
    for name in applied:
        console.say(("✓", "green"), f" {name}")
    if not applied:
        console.say(("nothing to do", "dim"))


async def _of_postgres(store: str, options: StoreOptions) -> Migrations:
    # asyncpg is an extra
    from statehold.stores.postgres import migrate

    state = await migrate.check(options.server(store), options.schema)
    return Migrations(state.applied, state.pending, state.unknown, state.can_run, state.unfinished)


async def _upgrade(store: str, phase: Phase, options: StoreOptions, json: bool) -> list[str]:
    from statehold.stores.postgres import migrate

    return await migrate.upgrade(
        options.server(store),
        "before" if phase is Phase.before else "after",
        schema=options.schema,
        report=progress_documents if json else progress_lines(),
    )


def _of_sqlite(store: str) -> Migrations:
    if store == "memory:":
        raise UsageError("memory: has no schema; give --store postgresql://… or sqlite:///FILE")
    open_store(store)
    names = tuple(migration.name for migration in load_migrations("sqlite"))
    number = schema_number(Path(store.removeprefix("sqlite:///")))
    return Migrations(
        names[:number],
        names[number:],
        tuple(str(n) for n in range(len(names) + 1, number + 1)),
        number <= len(names),
    )


def _print(found: Migrations) -> None:
    console = Terminal()
    for names, word, style in (
        (found.applied, "applied", "green"),
        (found.pending, "pending", "yellow"),
        (found.unknown, "newer  ", "yellow"),
    ):
        for name in names:
            begun = " has begun; `statehold db upgrade` goes on" if name == found.unfinished else ""
            console.say((word, style), f" {name}{begun}")
    if found.can_run:
        console.say(("this release can run on it", "green"))
    else:
        console.say(("this release can't run on it", "red"))
