"""``put``: a machine as data, into a running server."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from statehold import wire
from statehold.cli.outcome import NotFound, UsageError
from statehold.cli.session import Session, talks

TakesPuts = Annotated[
    bool,
    typer.Option("--put", help="Run the machines that were put into the store; let more be put."),
]
RunsPuts = Annotated[
    bool, typer.Option("--put", help="Run the machines that were put into the store, too.")
]


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


def _print(console: Console, report: wire.PutReport) -> None:
    name = f"[bold]{escape(report.machine)}[/] v{report.version}"
    if report.there:
        console.print(f"{name} is there already; nothing was changed")
    elif report.dry_run:
        console.print(f"{name} could be put; nothing was changed")
    else:
        console.print(f"[green]✓[/] {name} was put")
    for finding in report.findings:
        colour = "yellow" if finding.severity == "warning" else "dim"
        console.print(
            f"  [{colour}]{finding.severity}[/] {escape(finding.code)}, {escape(finding.place)}: "
            f"{escape(finding.message)}"
        )
    for omission in report.omissions:
        console.print(f"  [yellow]left out[/] {escape(omission)}")
    for change in report.changes:
        console.print(f"  [dim]change[/] {escape(change)}")
    for upgrade in report.upgrades:
        _print_upgrade(console, upgrade)


def _print_upgrade(console: Console, upgrade: wire.UpgradePlanView) -> None:
    more = "" if upgrade.complete else ", and perhaps more"
    console.print(
        f"  [dim]upgrade[/] from v{upgrade.from_version}: {upgrade.configurations} "
        f"{'state' if upgrade.configurations == 1 else 'states'} to be in{more}, "
        f"each with a place in the new chart"
    )
    for moved in upgrade.moved:
        before, after = (escape(", ".join(leaves)) for leaves in (moved.before, moved.after))
        console.print(f"    {before} → {after}")
