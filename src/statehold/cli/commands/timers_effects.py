"""Commands for an instance's timers and its running effects."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import typer

from statehold.cli.arguments import read_age, read_json
from statehold.cli.options import Id, Machine, Reason
from statehold.cli.outcome import UsageError
from statehold.cli.session import Session, talks

timer = typer.Typer(no_args_is_help=True, help="Fire, cancel or reschedule a timer.")
effect = typer.Typer(no_args_is_help=True, help="Retry, skip or resolve a running effect.")

Timer = Annotated[str, typer.Argument(metavar="TIMER", help="Its id, as in `explain --json`.")]
Key = Annotated[str, typer.Argument(metavar="KEY", help="Its key, as in `explain --json`.")]


@timer.command("fire")
@talks
async def fire(
    session: Session, machine: Machine, id: Id, timer: Timer, reason: Reason = None
) -> None:
    """Fire a timer now."""
    session.print_reply(await session.client.fire_timer(machine, id, timer, reason=reason))


@timer.command("cancel")
@talks
async def cancel_timer(
    session: Session, machine: Machine, id: Id, timer: Timer, reason: Reason = None
) -> None:
    """Cancel a timer: it does not fire, unless its state is entered again."""
    session.print_reply(await session.client.cancel_timer(machine, id, timer, reason=reason))


@timer.command("reschedule")
@talks
async def reschedule(
    session: Session,
    machine: Machine,
    id: Id,
    timer: Timer,
    after: Annotated[
        str | None, typer.Option("--in", metavar="AGE", help="From now on: 90s, 15m, 2h, 3d.")
    ] = None,
    at: Annotated[
        str | None, typer.Option("--at", metavar="TIME", help="When: 2026-01-31T09:00:00Z.")
    ] = None,
    reason: Reason = None,
) -> None:
    """Let a timer fire at another time."""
    if (after is None) == (at is None):
        raise UsageError("give either --in or --at")
    answer = await session.client.reschedule_timer(
        machine,
        id,
        timer,
        due=None if at is None else _moment(at),
        seconds=None if after is None else read_age(after).total_seconds(),
        reason=reason,
    )
    session.print_reply(answer)


@effect.command("retry")
@talks
async def retry_effect(
    session: Session, machine: Machine, id: Id, key: Key, reason: Reason = None
) -> None:
    """Retry an effect at once, beginning with its first attempt."""
    session.print_reply(await session.client.retry_effect(machine, id, key, reason=reason))


@effect.command("skip")
@talks
async def skip_effect(
    session: Session, machine: Machine, id: Id, key: Key, reason: Reason = None
) -> None:
    """Skip an effect: it ends without an event."""
    session.print_reply(await session.client.skip_effect(machine, id, key, reason=reason))


@effect.command("resolve")
@talks
async def resolve_effect(
    session: Session,
    machine: Machine,
    id: Id,
    key: Key,
    result: Annotated[
        str | None, typer.Option("--result", help="The effect's result as JSON, or @FILE.")
    ] = None,
    reason: Reason = None,
) -> None:
    """End an effect with this result."""
    given: Any = None if result is None else read_json("--result", result)
    answer = await session.client.resolve_effect(machine, id, key, given, reason=reason)
    session.print_reply(answer)


def _moment(given: str) -> datetime:
    try:
        moment = datetime.fromisoformat(given)
    except ValueError:
        raise UsageError(f"--at {given!r} is no time; write 2026-01-31T09:00:00Z") from None
    if moment.tzinfo is None:
        raise UsageError(f"--at {given!r} has no time zone; end it with Z, say")
    return moment
