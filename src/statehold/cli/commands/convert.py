"""``convert``: a machine in another notation."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import Annotated

import typer

from statehold.cli.offering import load_offered
from statehold.cli.options import Offer, Output, Target
from statehold.cli.outcome import UsageError
from statehold.cli.targets import (
    chart_of,
    load_machines_or_charts,
    print_omissions,
)
from statehold.cli.terminal import note, print_document
from statehold.formats.write import write_document


class Notation(Enum):
    native = "native"
    xstate = "xstate"
    scxml = "scxml"
    mermaid = "mermaid"
    dot = "dot"


def convert(
    target: Target,
    to: Annotated[Notation, typer.Option("--to", help="The notation to write.")],
    offer: Offer = None,
    output: Output = None,
) -> None:
    """Write a machine in another notation.

    Parts that the notation can't express are listed on stderr. In XState's JSON they are kept where
    other programs ignore them, and read back from there.
    """
    found = load_machines_or_charts(target, load_offered(offer or ()))
    if len(found) > 1:
        names = ", ".join(chart_of(one).name for one in found)
        raise UsageError(f"{target} has several machines, {names}; name one, as module:Class")
    written = write_document(found[0], to.value)
    print_omissions(target, written.omissions)
    _write(written.text, output)


def _write(text: str, output: Path | None) -> None:
    if output is None:
        print_document(text)
        return
    try:
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{output} can't be written: {error.strerror}") from None
    note(f"wrote {output}")
