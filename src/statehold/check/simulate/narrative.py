"""The narrative of an instance: its steps, in words."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

from statehold.chart.access import in_words
from statehold.interpreter.trace import Microstep

#: lines that are kept; older ones are dropped
LINE_LIMIT = 10_000
#: lines that a failed assertion shows, from the end
SHOWN = 40
_WIDTH_LIMIT = 300


class Narrative:
    """Gets a paragraph for each step, and a line for each note.

    ``roles`` are the guards that ask for the sender's role, which have a wording of their own.
    """

    def __init__(self, roles: Collection[str] = ()) -> None:
        self._roles = roles
        self._lines: deque[str] = deque(maxlen=LINE_LIMIT)

    def fork(self) -> Narrative:
        """A copy that goes on from here."""
        other = Narrative(self._roles)
        other._lines.extend(self._lines)
        return other

    def step(
        self,
        seq: int,
        at: datetime,
        what: str,
        before: Sequence[str],
        after: Sequence[str],
        trace: Iterable[Microstep],
        asked: Iterable[str],
    ) -> None:
        """Adds a step: its cause, the states before and after, the guards, and its commands."""
        self._add(f"{seq:>4}  {at:%Y-%m-%d %H:%M:%S}  {what}")
        came, now = ", ".join(before), ", ".join(after)
        moved = f"{came or '(nothing)'} -> {now}" if came != now else f"stays in {now}"
        self._add(f"      {moved}{self._reasons(trace)}")
        for line in asked:
            self._add(f"      {line}")

    def note(self, at: datetime, what: str) -> None:
        """Adds a line that is no step."""
        self._add(f"   -  {at:%Y-%m-%d %H:%M:%S}  {what}")

    def _add(self, line: str) -> None:
        self._lines.append(line if len(line) <= _WIDTH_LIMIT else f"{line[: _WIDTH_LIMIT - 1]}…")

    def _reasons(self, trace: Iterable[Microstep]) -> str:
        """The guards with their answers and the transitions taken, in order."""
        parts: list[str] = []
        for microstep in trace:
            for guard, said in microstep.guards:
                asked = guard
                if guard in self._roles:
                    asked = f"sent by {' or '.join(map(in_words, guard.split(',')))}"
                parts.append(f"{asked}: {'yes' if said else 'no'}")
            parts += microstep.transitions
        return f"   [{', '.join(parts)}]" if parts else ""

    def __str__(self) -> str:
        return "\n".join(self._lines)

    def end(self) -> str:
        """The last lines, and how many there are before them."""
        lines = list(self._lines)
        left_out = len(lines) - SHOWN
        if left_out <= 0:
            return "\n".join(lines)
        return "\n".join([f"      ({left_out} lines before)", *lines[left_out:]])
