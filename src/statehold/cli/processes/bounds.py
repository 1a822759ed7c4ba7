"""Bounds of the HTTP server that an operator sets: ``--bound streams=5000``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields

from statehold.cli.outcome import UsageError
from statehold.server.bounds import Bounds


def read_bounds(given: Sequence[str]) -> Bounds:
    """Raises ``UsageError`` for a bound that is unknown, given twice, or not a number above 0."""
    known = {one.name: one.type for one in fields(Bounds)}
    found: dict[str, float] = {}
    for text in given:
        name, sign, number = text.partition("=")
        if not sign or name not in known:
            raise UsageError(
                f"--bound {text}: write NAME=NUMBER; the names are {', '.join(sorted(known))}"
            )
        if name in found:
            raise UsageError(f"--bound {text}: {name} is given twice")
        try:
            # annotations are texts in that module
            value = int(number) if known[name] == "int" else float(number)
        except ValueError:
            kind = "a whole number" if known[name] == "int" else "a number"
            raise UsageError(f"--bound {text}: {number!r} is not {kind}") from None
        if not 0 < value < float("inf"):
            raise UsageError(f"--bound {text}: it has to be above 0")
        found[name] = value
    try:
        return Bounds(**found)  # type: ignore[arg-type]
    except ValueError as error:
        raise UsageError(f"--bound: {error}") from None
