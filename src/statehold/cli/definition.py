"""Commands that look at a machine's code and talk to nobody."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import Annotated

import typer

from statehold.cli.targets import load_machines
from statehold.formats.mermaid import to_mermaid

Targets = Annotated[list[str], typer.Argument(metavar="TARGET...", help="module:Class or path.py")]


class Format(Enum):
    mermaid = "mermaid"


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
