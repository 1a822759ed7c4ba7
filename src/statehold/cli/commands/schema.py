"""The JSON Schema of the native notation, for editors and for programs that write machines."""

from __future__ import annotations

from importlib.resources import files

from statehold.cli.terminal import print_document


def schema() -> None:
    """Print the JSON Schema of machines that come as JSON or YAML."""
    path = files("statehold.formats.native").joinpath("schema.json")
    print_document(path.read_text(encoding="utf-8"))
