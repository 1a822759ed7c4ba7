"""Commands that start, move and look at instances."""

from __future__ import annotations

from typing import Annotated, cast, get_args

import typer
from msgspec import UNSET

from statehold.cli import render
from statehold.cli.arguments import read_age, read_fields, read_json, read_pairs
from statehold.cli.options import Id, Key, Machine, Reason
from statehold.cli.outcome import UsageError
from statehold.cli.session import Session, talks
from statehold.errors import Forbidden, Refused
from statehold.records import Status
from statehold.wire.instances import Summary


@talks
async def start(
    session: Session,
    machine: Machine,
    id: Annotated[str | None, typer.Argument(metavar="ID", help="Generated if omitted.")] = None,
    fields: Annotated[
        list[str] | None,
        typer.Argument(metavar="NAME=VALUE...", help="Fields of the data, or of the input."),
    ] = None,
    data: Annotated[
        str | None, typer.Option("--data", help="The data, or the input, as JSON, or @FILE.")
    ] = None,
    key: Key = None,
) -> None:
    """Start an instance: start order o-1 items='["pizza"]'."""
    pairs = list(fields or [])
    if id is not None and "=" in id:
        # an id has no `=`, so it was left out and this is the first field
        pairs.insert(0, id)
        id = None
    if data is not None and pairs:
        raise UsageError("give the data either as NAME=VALUE or as --data, not both")
    value = read_json("--data", data) if data is not None else (read_fields(pairs) or UNSET)
    session.print_reply(await session.client.start(machine, id, value, key=key))


@talks
async def send(
    session: Session,
    machine: Machine,
    id: Id,
    type: Annotated[str | None, typer.Argument(metavar="EVENT", help="The event's name.")] = None,
    fields: Annotated[
        list[str] | None,
        typer.Argument(metavar="NAME=VALUE...", help="Its fields; a value is JSON, or text."),
    ] = None,
    event: Annotated[
        str | None, typer.Option("--event", help="The whole event as JSON, or @FILE.")
    ] = None,
    key: Key = None,
    expect: Annotated[
        int | None, typer.Option("--expect", min=0, help="Refuse if its seq is another.")
    ] = None,
) -> None:
    """Send an event: send order o-1 Accept prep_minutes=12."""
    if (type is None) == (event is None):
        raise UsageError("give the event either as EVENT NAME=VALUE... or as --event JSON")
    if event is not None:
        payload = read_json("--event", event)
        if not isinstance(payload, dict):
            raise UsageError('--event is to be an object: {"type": "Accept", "prep_minutes": 12}')
    else:
        payload = {"type": type, **read_fields(fields or [])}
    answer = await session.client.send(machine, id, payload, key=key, expected_seq=expect)
    session.print_reply(answer)


@talks
async def show(session: Session, machine: Machine, id: Id) -> None:
    """Show an instance: its state, its view, allowed events, timers and effects."""
    try:
        explanation = await session.client.explain(machine, id)
    except Forbidden:
        # who may read it, and not inspect it, is shown as much
        reply = await session.client.get(machine, id)
        if session.json:
            session.print_json(reply)
        else:
            session.console.show(render.readable(reply))
        return
    if session.json:
        session.print_json(render.instance_as_plain(explanation))
    else:
        session.console.show(render.instance(explanation, render.now()))


@talks
async def list_(
    session: Session,
    machine: Machine,
    state: Annotated[str | None, typer.Option(help="In this state or below it.")] = None,
    tag: Annotated[str | None, typer.Option()] = None,
    owner: Annotated[str | None, typer.Option()] = None,
    status: Annotated[str | None, typer.Option(help="running, paused, done or cancelled.")] = None,
    where: Annotated[
        list[str] | None, typer.Option(help="NAME=VALUE of an index; may be repeated.")
    ] = None,
    older_than: Annotated[
        str | None,
        typer.Option(metavar="AGE", help="In their present state that long: 90s, 15m, 2h, 3d."),
    ] = None,
    version: Annotated[int | None, typer.Option(min=1, help="Of this version.")] = None,
    incidents: Annotated[bool, typer.Option(help="Only those that wait for a person.")] = False,
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 50,
) -> None:
    """List instances, newest first."""
    if status is not None and status not in get_args(Status):
        raise UsageError(f"--status {status!r} is none of {', '.join(get_args(Status))}")
    found: list[Summary] = []
    wanted = session.client.list(
        machine,
        state=state,
        tag=tag,
        owner=owner,
        status=cast("Status | None", status),
        version=version,
        where=read_pairs("--where", where or []),
        in_state_since=None if older_than is None else render.now() - read_age(older_than),
        incidents=incidents,
        page_size=min(limit, 1000),
        # the command before this one may have changed what is listed, and was another client
        max_lag_seconds=0,
    )
    async for summary in wanted:
        found.append(summary)
        if len(found) == limit:
            break
    if session.json:
        session.print_json(found)
    elif found:
        session.console.show(render.summaries(found, render.now()))
        if len(found) == limit:
            session.console.say((f"the first {limit}; --limit for more", "dim"))
    else:
        session.console.say(("none", "dim"))


@talks
async def pause(session: Session, machine: Machine, id: Id, reason: Reason = None) -> None:
    """Pause an instance: its events are held until it resumes."""
    session.print_reply(await session.client.pause(machine, id, reason=reason))


@talks
async def resume(session: Session, machine: Machine, id: Id, reason: Reason = None) -> None:
    """Resume a paused instance."""
    session.print_reply(await session.client.resume(machine, id, reason=reason))


@talks
async def cancel(
    session: Session,
    machine: Machine,
    id: Id,
    force: Annotated[
        bool,
        typer.Option(help="End it at once: nothing of its chart runs, and all its effects end."),
    ] = False,
    reason: Reason = None,
) -> None:
    """Cancel an instance: its chart cleans up; --force ends it at once."""
    session.print_reply(await session.client.cancel(machine, id, force=force, reason=reason))


@talks
async def repair(
    session: Session,
    machine: Machine,
    id: Id,
    data: Annotated[str, typer.Option("--data", help="The data as JSON, or @FILE.")],
    state: Annotated[
        list[str] | None,
        typer.Option("--state", help="An active state, again for each; left out, they stay."),
    ] = None,
    reason: Reason = None,
) -> None:
    """Give an unreadable instance new data; it goes on from there."""
    given = read_json("--data", data)
    answer = await session.client.repair(machine, id, given, state=state or (), reason=reason)
    session.print_reply(answer)


@talks
async def upgrade(
    session: Session,
    machine: Machine,
    id: Annotated[str | None, typer.Argument(metavar="ID", help="Every one if left out.")] = None,
    reason: Reason = None,
) -> None:
    """Upgrade one instance, or all, to the version that the server runs."""
    report = await session.client.upgrade(machine, id, reason=reason)
    if session.json:
        session.print_json(report)
    else:
        session.console.say(
            (report.machine, "bold"),
            f" v{report.version}: {report.upgraded} upgraded, "
            f"{report.already} were there already, {len(report.failed)} failed",
        )
        for instance, why in report.failed.items():
            session.console.say("  ", (instance, "red"), f" {why}")
    if report.failed:
        raise Refused(f"{len(report.failed)} could not be upgraded; see: statehold incidents")
