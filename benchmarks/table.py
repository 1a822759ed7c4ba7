"""How results are printed: a table for people, and ``ratio`` lines for programs.

A ratio line is ``ratio <what> <peer> <ours / theirs>``; neither name has a space in it.
"""

from __future__ import annotations

from collections.abc import Sequence


def print_table(title: str, header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """The first column is set to the left, the others, being numbers, to the right."""
    widths = [max(len(row[n]) for row in [header, *rows]) for n in range(len(header))]
    print(f"\n{title}\n")
    for row in [header, ["-" * width for width in widths], *rows]:
        first, *others = (
            cell.rjust(width) if n else cell.ljust(width)
            for n, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        print("  ".join([first, *others]))
    print(flush=True)


def print_ratio(what: str, peer: str, ratio: float) -> None:
    if " " in what or " " in peer:
        raise ValueError(f"names in a ratio line have no spaces: {what!r}, {peer!r}")
    print(f"ratio {what} {peer} {ratio:.2f}", flush=True)


def number(value: float) -> str:
    """At least three digits that mean something: 1,234,567 or 12.3 or 0.0123."""
    if value >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def percent(share: float) -> str:
    return f"{share:.0%}"
