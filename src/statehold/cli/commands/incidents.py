"""Commands for incidents."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from statehold.cli import render
from statehold.cli.arguments import read_json
from statehold.cli.options import Reason
from statehold.cli.session import Session, talks
from statehold.wire.instances import Incident as WireIncident

Incident = Annotated[
    str, typer.Argument(metavar="INCIDENT", help="machine/instance/key, as `incidents` lists it.")
]


@talks
async def incidents(
    session: Session,
    machine: Annotated[str | None, typer.Argument(metavar="MACHINE")] = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 50,
) -> None:
    """List what ran out of attempts and needs a decision, oldest first."""
    found: list[WireIncident] = []
    cursor: str | None = None
    while True:
        page = await session.client.incidents(
            machine,
            limit=min(limit - len(found), 1000),
            cursor=cursor,
            # the command before this one may have settled one, and was another client
            max_lag_seconds=0,
        )
        found += page.incidents
        cursor = page.cursor
        if cursor is None or len(found) >= limit:
            break
    if session.json:
        session.print_json(found[:limit])
    elif found:
        session.console.show(render.incidents(found[:limit], render.now()))
    else:
        session.console.say(("none", "green"), ": no open incidents")


@talks
async def retry(session: Session, incident: Incident, reason: Reason = None) -> None:
    """Retry it."""
    session.print_reply(await session.client.retry(incident, reason=reason))


@talks
async def skip(session: Session, incident: Incident, reason: Reason = None) -> None:
    """Go on without it."""
    session.print_reply(await session.client.skip(incident, reason=reason))


@talks
async def resolve(
    session: Session,
    incident: Incident,
    result: Annotated[
        str | None, typer.Option("--result", help="The effect's result as JSON, or @FILE.")
    ] = None,
    reason: Reason = None,
) -> None:
    """Use this as its result."""
    given: Any = None if result is None else read_json("--result", result)
    session.print_reply(await session.client.resolve(incident, given, reason=reason))
