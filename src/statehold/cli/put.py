"""``put``, and what ``serve`` and ``worker`` lend to machines that were put."""

from __future__ import annotations

import importlib
import inspect
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape

from statehold import wire
from statehold.chart.effect import Effect
from statehold.chart.machine import AMachine
from statehold.cli.outcome import NotFound, UsageError
from statehold.cli.session import Session, talks
from statehold.cli.targets import definition_of
from statehold.formats.notation import HttpCall, Offered

TakesPuts = Annotated[
    bool,
    typer.Option("--put", help="Run the machines that were put into the store; let more be put."),
]
RunsPuts = Annotated[
    bool, typer.Option("--put", help="Run the machines that were put into the store, too.")
]
Offer = Annotated[
    list[str] | None,
    typer.Option(
        "--offer",
        metavar="MODULE",
        help="Lend its functions, effects and machines to those that are put; may be repeated.",
    ),
]
AllowHost = Annotated[
    list[str] | None,
    typer.Option(
        "--allow-host",
        metavar="HOST[:PORT]",
        help="Let machines that are put send requests there, over https; may be repeated.",
    ),
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


# --- what is lent ---------------------------------------------------------------------------------


def check_lending(puts: bool, offer: Sequence[str], allow_hosts: Sequence[str]) -> None:
    """Raises ``UsageError``."""
    if not puts and (offer or allow_hosts):
        option = "--offer" if offer else "--allow-host"
        raise UsageError(f"{option} lends to machines that are put, which needs --put")
    if allow_hosts:
        # httpx is an extra
        from statehold.effects.hosts import Hosts

        try:
            Hosts(allow_hosts)
        except ValueError as error:
            raise UsageError(f"--allow-host: {error}") from None


def load_offered(
    modules: Sequence[str], http: Callable[[HttpCall], Callable[..., Any]] | None
) -> Offered:
    """Effects, machines and functions that the modules define themselves, by their names.

    Raises ``NotFound``, and ``UsageError`` for two of one name.
    """
    functions: dict[str, Callable[..., Any]] = {}
    effects: dict[str, Effect[Any, Any]] = {}
    machines: dict[str, AMachine] = {}
    for name in modules:
        if str(Path.cwd()) not in sys.path:
            sys.path.insert(0, str(Path.cwd()))
        try:
            module = importlib.import_module(name)
        except ModuleNotFoundError as error:
            if error.name is None or not (name == error.name or name.startswith(f"{error.name}.")):
                raise
            raise NotFound(f"no module is called {name!r}, looked for from {Path.cwd()}") from None
        for word, value in vars(module).items():
            definition = definition_of(value)
            if isinstance(value, Effect):
                _lend(effects, value.name, value)
            elif definition is not None and getattr(value, "__module__", name) == name:
                _lend(machines, definition.name, definition)
            elif (
                inspect.isfunction(value) and value.__module__ == name and not word.startswith("_")
            ):
                _lend(functions, word, value)
    return Offered(functions, effects, machines, http)


def _lend(lent: dict[str, Any], name: str, value: Any) -> None:
    if lent.setdefault(name, value) is not value:
        raise UsageError(f"--offer: two things are called {name!r}; rename one")
