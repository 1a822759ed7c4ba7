"""Commands that look at a machine's code and talk to nobody."""

from __future__ import annotations

from collections import Counter
from enum import Enum
from pathlib import Path
from typing import Annotated, Any

import pydantic_core
import typer
from rich.console import Console
from rich.table import Table

from statehold.chart.machine import Definition
from statehold.chart.model import ROOT
from statehold.cli.outcome import DONE, REFUSED, explain_failure
from statehold.cli.session import Json
from statehold.cli.targets import load_machines
from statehold.errors import DefinitionError
from statehold.formats.mermaid import to_mermaid

Targets = Annotated[list[str], typer.Argument(metavar="TARGET...", help="module:Class or path.py")]


class Format(Enum):
    mermaid = "mermaid"


def check(targets: Targets, json: Json = False) -> None:
    """Say whether machines can be run, and every mistake in those that can't."""
    summaries: list[dict[str, Any]] = []
    code = DONE
    for target in targets:
        try:
            summaries += [summary_of(definition) for definition in load_machines([target])]
        except DefinitionError as error:
            # the other targets are looked at too: a person mends them all at once
            code = REFUSED
            if json:
                summaries.append({"name": error.machine, "ok": False, **error.details()})
            else:
                explain_failure(error)
    console = Console(highlight=False)
    if json:
        console.file.write(pydantic_core.to_json(summaries).decode() + "\n")
    elif summaries:
        console.print(_summary_table(summaries))
    raise typer.Exit(code)


def draw(
    target: Annotated[str, typer.Argument(metavar="TARGET", help="module:Class or path.py")],
    format: Annotated[Format, typer.Option(help="The notation.")] = Format.mermaid,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="A file.")] = None,
) -> None:
    """Draw a machine's chart as a diagram."""
    drawn = "\n".join(to_mermaid(d.chart).rstrip("\n") + "\n" for d in load_machines([target]))
    if output is None:
        typer.echo(drawn, nl=False)
    else:
        output.write_text(drawn, encoding="utf-8")
        typer.echo(f"wrote {output}", err=True)


def summary_of(definition: Definition[Any]) -> dict[str, Any]:
    """What ``check`` tells of a machine that can be run."""
    chart = definition.chart
    kinds = Counter(transition.trigger.kind for transition in chart.transitions)
    return {
        "name": chart.name,
        "version": chart.version,
        "ok": True,
        "doc": chart.doc,
        "states": sum(1 for state in chart.states if state.id != ROOT),
        "transitions": len(chart.transitions),
        "timers": kinds["after"],
        "events": [event.name for event in chart.events],
        "effects": sorted(definition.effects),
        "children": sorted(definition.children),
        "upgrades_from": sorted(upgrade.from_version for upgrade in definition.upgrades),
    }


def _summary_table(summaries: list[dict[str, Any]]) -> Table:
    table = Table(box=None, header_style="dim", pad_edge=False)
    for column in ("machine", "version", "states", "transitions", "timers", "events", "effects"):
        table.add_column(column, overflow="fold", justify="right" if column in _NUMBERS else "left")
    for summary in summaries:
        table.add_row(
            f"[green]✓[/] [bold]{summary['name']}[/]",
            str(summary["version"]),
            str(summary["states"]),
            str(summary["transitions"]),
            str(summary["timers"]),
            ", ".join(summary["events"]) or "[dim]none[/]",
            ", ".join(summary["effects"]) or "[dim]none[/]",
        )
    return table


_NUMBERS = frozenset({"version", "states", "transitions", "timers"})
