"""``put``: a machine as data, into a running server."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from statehold.cli.outcome import UsageError
from statehold.cli.session import Session, talks
from statehold.cli.terminal import Terminal, line
from statehold.errors import NotFound
from statehold.wire.machines import PutReport, UpgradePlanView


@talks
async def put(
    session: Session,
    file: Annotated[str, typer.Argument(metavar="FILE", help="JSON or YAML; -: standard input.")],
    notation: Annotated[str, typer.Option(help="Which notation it is in.")] = "native",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be.")] = False,
    reason: Annotated[str | None, typer.Option(help="Why; kept with the document.")] = None,
) -> None:
    """Put a machine, or its next version, into a running server."""
    report = await session.client.put(
        _read(file), notation=notation, dry_run=dry_run, reason=reason
    )
    if session.json:
        session.print_json(report)
    else:
        _print(session.console, report)


def _read(file: str) -> bytes:
    try:
        return sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    except FileNotFoundError:
        raise NotFound(f"there is no file {file}") from None
    except OSError as error:
        raise UsageError(f"{file}: {error.strerror}") from None


def _print(console: Terminal, report: PutReport) -> None:
    name = line((report.machine, "bold"), f" v{report.version}")
    if report.there:
        console.say(name, " is there already; nothing was changed")
    elif report.dry_run:
        console.say(name, " could be put; nothing was changed")
    else:
        console.say(("✓", "green"), " ", name, " was put")
    for finding in report.findings:
        colour = "yellow" if finding.severity == "warning" else "dim"
        console.say(
            "  ",
            (finding.severity, colour),
            f" {finding.code}, {finding.place}: {finding.message}",
        )
    for omission in report.omissions:
        console.say("  ", ("left out", "yellow"), f" {omission}")
    for change in report.changes:
        console.say("  ", ("change", "dim"), f" {change}")
    for upgrade in report.upgrades:
        _print_upgrade(console, upgrade)


def _print_upgrade(console: Terminal, upgrade: UpgradePlanView) -> None:
    more = "" if upgrade.complete else ", and perhaps more"
    console.say(
        "  ",
        ("upgrade", "dim"),
        f" from v{upgrade.from_version}: {upgrade.configurations} "
        f"{'state' if upgrade.configurations == 1 else 'states'} to be in{more}, "
        "each with a place in the new chart",
    )
    for moved in upgrade.moved:
        console.say(f"    {', '.join(moved.before)} → {', '.join(moved.after)}")
