"""The output of all commands: text without markup, and tables that break no word.

Nothing that is printed is parsed for markup: an id such as ``[red]`` or ``:cat:`` is shown as it
is. Styles are given beside the text, ``line(("o-1", "bold"), " is ", ("done", "blue"))``.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Collection, Iterable, Sequence
from typing import Any

import pydantic_core
from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

from statehold.cli.printable import printable, printable_json

#: a text, or a text and its style
Part = str | tuple[str, str] | Text

#: what is no terminal has no edge at which a line would have to end
_NO_EDGE = 100_000
#: columns between two columns
_GAP = 2


def line(*parts: Part) -> Text:
    """One line; what is not printable in it is spelled out."""
    made = Text()
    for part in parts:
        if isinstance(part, Text):
            made.append_text(part)
        elif isinstance(part, str):
            made.append(printable(part))
        else:
            made.append(printable(part[0]), style=part[1])
    return made


def count_of(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def lines(parts: Iterable[Text]) -> Text:
    """Several lines, as one cell of a table."""
    return Text("\n").join(parts)


class Terminal(Console):
    """stdout or stderr. Lines end at words; one that has none stays whole."""

    def __init__(self, *, stderr: bool = False) -> None:
        super().__init__(stderr=stderr, highlight=False, markup=False, emoji=False)
        if not self.is_terminal and not os.environ.get("COLUMNS"):
            self.width = _NO_EDGE
        elif self.width < 1:
            # COLUMNS=0, as some programs leave it: nothing at all would be printed
            self.width = 80

    def show(self, *shown: RenderableType) -> None:
        for one in shown:
            self.print(one, crop=False)

    def say(self, *parts: Part) -> None:
        """One line that only the terminal itself breaks."""
        self.print(line(*parts), soft_wrap=True)

    def render(
        self, renderable: RenderableType, options: ConsoleOptions | None = None
    ) -> Iterable[Segment]:
        """Whatever came here by another way than :func:`line` is made printable, too."""
        if isinstance(renderable, Text):
            options = options or self.options
            options = options.update(width=max(options.max_width, _longest(renderable)))
        for segment in super().render(renderable, options):
            if segment.control is None:
                yield Segment(printable(segment.text, lines=True), segment.style)
            else:
                yield segment


def print_json(value: Any) -> None:
    """One line of JSON on stdout: a pydantic model, or values that JSON has."""
    encoding = (sys.stdout.encoding or "utf-8").lower()
    text = pydantic_core.to_json(value).decode()
    sys.stdout.write(printable_json(text, ascii=not encoding.startswith("utf")) + "\n")
    sys.stdout.flush()


def print_document(text: str) -> None:
    """A document on stdout: as it is, but for a terminal printable."""
    sys.stdout.write(printable(text, lines=True) if sys.stdout.isatty() else text)
    sys.stdout.flush()


def note(text: str) -> None:
    """A line on stderr, about what was done."""
    Terminal(stderr=True).say(text)


def _longest(text: Text) -> int:
    return max((cell_len(word) for word in text.plain.split()), default=1)


class Rows:
    """Rows below each other: a table where it fits without breaking a word, else a block for each
    row, a line for each of its cells.

    Columns in ``whole`` are not broken at spaces either. ``titles`` False: no line of titles.
    """

    def __init__(
        self,
        columns: Sequence[str],
        *,
        whole: Collection[str] = (),
        right: Collection[str] = (),
        titles: bool = True,
    ) -> None:
        self._columns = columns
        self._whole = whole
        self._right = right
        self._titles = titles
        self._rows: list[Sequence[Text]] = []

    def add(self, *cells: Part) -> None:
        self._rows.append([cell if isinstance(cell, Text) else line(cell) for cell in cells])

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        widths = self._widths(options.max_width)
        if widths is None:
            yield from self._blocks(console, options.max_width)
        else:
            yield self._table(widths)

    def _widths(self, room: int) -> list[int] | None:
        """As wide as their texts, or less, down to their longest word; None: there is no room."""
        titles = [cell_len(title) if self._titles else 0 for title in self._columns]
        widths, least = titles[:], titles[:]
        for row in self._rows:
            for n, cell in enumerate(row):
                texts = cell.plain.split("\n")
                widths[n] = max(widths[n], *map(cell_len, texts))
                whole = self._columns[n] in self._whole
                least[n] = max(least[n], widths[n] if whole else _longest(cell))
        over = sum(widths) + _GAP * (len(widths) - 1) - room
        if over > sum(widths) - sum(least):
            return None
        while over > 0:
            # the widest of those that can give gives, down to the next one or as far as it can
            n = max((n for n in range(len(widths)) if widths[n] > least[n]), key=widths.__getitem__)
            given = min(over, widths[n] - least[n])
            others = [w for w in widths if w < widths[n]]
            if others and widths[n] - max(others) < given:
                given = max(1, widths[n] - max(others))
            widths[n] -= given
            over -= given
        return widths

    def _table(self, widths: Sequence[int]) -> Table:
        table = Table(
            box=None,
            header_style="dim",
            pad_edge=False,
            padding=(0, _GAP, 0, 0),
            show_header=self._titles,
        )
        for title, width in zip(self._columns, widths, strict=True):
            right = title in self._right
            table.add_column(
                title if self._titles else "",
                width=width,
                justify="right" if right else "left",
                overflow="fold",
                no_wrap=title in self._whole,
            )
        for row in self._rows:
            table.add_row(*row)
        return table

    def _blocks(self, console: Console, room: int) -> Iterable[Text]:
        """Each cell from a line of its own on: after its title, or indented below the first."""
        widest = max(cell_len(title) for title in self._columns) + _GAP
        for number, row in enumerate(self._rows):
            if number and self._titles:
                yield Text("")
            for n, (title, cell) in enumerate(zip(self._columns, row, strict=True)):
                if not cell.plain:
                    continue
                margin = widest if self._titles else _GAP * bool(n)
                width = _NO_EDGE if title in self._whole else max(room - margin, _longest(cell))
                broken = cell.wrap(console, width, overflow="fold")
                for first, text in enumerate(broken):
                    text.rstrip()
                    label = title if self._titles and not first else ""
                    made = Text(no_wrap=True, overflow="ignore")
                    made.append(label.ljust(margin), style="dim")
                    yield made.append_text(text)
