"""The JSON Schema of the native notation, for editors and for programs that write machines."""

from __future__ import annotations

from importlib.resources import files

import typer


def schema() -> None:
    """Print the JSON Schema of machines that come as JSON or YAML."""
    typer.echo(files("statehold.formats.native").joinpath("schema.json").read_text(), nl=False)
