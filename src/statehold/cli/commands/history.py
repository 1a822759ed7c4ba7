"""Commands for an instance's history, and the explanation of its state."""

from __future__ import annotations

from contextlib import aclosing
from typing import Annotated

import typer

from statehold.cli import render
from statehold.cli.options import Id, Machine
from statehold.cli.session import Session, talks
from statehold.wire.journal import JournalEntry


@talks
async def history(
    session: Session,
    machine: Machine,
    id: Id,
    after: Annotated[int, typer.Option(min=0, help="Only what came after this seq.")] = 0,
    limit: Annotated[int, typer.Option(min=1, help="At most so many entries.")] = 1000,
    data: Annotated[bool, typer.Option("--data", help="With the whole data at each step.")] = False,
) -> None:
    """Show what happened to an instance, step by step."""
    entries: list[JournalEntry] = []
    position: int | None = after
    while position is not None and len(entries) < limit:
        page = await session.client.journal(
            machine, id, after=position, limit=min(limit - len(entries), 1000), data=data
        )
        entries += page.entries
        position = page.after
    if session.json:
        session.print_json(entries)
        return
    session.console.show(render.history(entries, None if after else ()))
    if position is not None:
        session.console.say((f"more: --after {position}", "dim"))


@talks
async def watch(
    session: Session,
    machine: Machine,
    id: Id,
    after: Annotated[int, typer.Option(min=0, help="Begin after this seq.")] = 0,
) -> None:
    """Follow an instance as it moves, until it is over or ctrl-c."""
    before: list[str] | None = None if after else []
    seq = after
    # closed here, in this task: an async generator that is left to the event loop is closed in
    # another, while its connection is still in use
    async with aclosing(session.client.watch(machine, id, after=after)) as entries:
        async for entry in entries:
            if session.json:
                session.print_json(entry)
            else:
                if entry.seq < seq:
                    session.console.say((_ANOTHER, "yellow"))
                session.console.show(render.entry(entry, before))
            before, seq = entry.state, entry.seq


_ANOTHER = "another history now, as after a restored backup; from its start:"


@talks
async def explain(session: Session, machine: Machine, id: Id) -> None:
    """Explain why an instance is where it is, and what can happen next."""
    found = await session.client.explain(machine, id)
    if session.json:
        session.print_json(found)
    else:
        session.console.show(render.explanation(found, render.now()))
