"""``db``: the schema of a store."""

from __future__ import annotations

import asyncio
from enum import Enum
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from statehold.cli.options import Json, StoreAddress
from statehold.cli.outcome import DONE, REFUSED, UsageError
from statehold.cli.progress import progress_documents, progress_lines
from statehold.cli.terminal import Terminal, print_json
from statehold.stores import open_store
from statehold.stores.address import is_shared
from statehold.stores.queries import load_migrations
from statehold.stores.sqlite.inspect import schema_number

database = typer.Typer(no_args_is_help=True, help="The schema of a database.")


class Phase(Enum):
    before = "before"
    after = "after"
    all = "all"


class Schema(msgspec.Struct, frozen=True):
    """``can_run``: this release may run on it. ``unfinished``: the one of ``pending`` that has
    begun."""

    applied: tuple[str, ...]
    pending: tuple[str, ...]
    unknown: tuple[str, ...]
    can_run: bool
    unfinished: str | None = None


@database.command()
def check(store: StoreAddress, json: Json = False) -> None:
    """Say which migrations are applied, and whether this release can run on the schema."""
    schema = asyncio.run(_postgres_schema(store)) if is_shared(store) else _sqlite_schema(store)
    if json:
        print_json(msgspec.to_builtins(schema))
    else:
        _print(schema)
    raise typer.Exit(DONE if schema.can_run else REFUSED)


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
    json: Json = False,
) -> None:
    """Bring a PostgreSQL database to the schema of this release; a SQLite file does so itself.

    What was interrupted goes on where it was."""
    if not is_shared(store):
        raise UsageError(
            "only a PostgreSQL database is upgraded by hand; a SQLite file is, when a server opens "
            "it"
        )
    applied = asyncio.run(_upgrade(store, phase, json))
    if json:
        print_json(applied)
        return
    console = Terminal()
    for name in applied:
        console.say(("✓", "green"), f" {name}")
    if not applied:
        console.say(("nothing to do", "dim"))


async def _postgres_schema(store: str) -> Schema:
    # asyncpg is an extra
    from statehold.stores.postgres import migrate

    state = await migrate.check(store)
    return Schema(state.applied, state.pending, state.unknown, state.can_run, state.unfinished)


async def _upgrade(store: str, phase: Phase, json: bool) -> list[str]:
    from statehold.stores.postgres import migrate

    report = progress_documents if json else progress_lines()
    return await migrate.upgrade(
        store, "before" if phase is Phase.before else "after", report=report
    )


def _sqlite_schema(store: str) -> Schema:
    if store == "memory:":
        raise UsageError("memory: has no schema; give --store postgresql://… or sqlite:///FILE")
    open_store(store)
    names = tuple(migration.name for migration in load_migrations("sqlite"))
    number = schema_number(Path(store.removeprefix("sqlite:///")))
    return Schema(
        names[:number],
        names[number:],
        tuple(str(n) for n in range(len(names) + 1, number + 1)),
        number <= len(names),
    )


def _print(schema: Schema) -> None:
    console = Terminal()
    for names, word, style in (
        (schema.applied, "applied", "green"),
        (schema.pending, "pending", "yellow"),
        (schema.unknown, "newer  ", "yellow"),
    ):
        for name in names:
            begun = (
                " has begun; `statehold db upgrade` goes on" if name == schema.unfinished else ""
            )
            console.say((word, style), f" {name}{begun}")
    if schema.can_run:
        console.say(("this release can run on it", "green"))
    else:
        console.say(("this release can't run on it", "red"))
