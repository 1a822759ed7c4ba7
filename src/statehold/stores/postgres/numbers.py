"""Numbers of instances, for which no counter in the database is asked."""

from __future__ import annotations

import secrets

#: how many numbers follow one another
RUN = 65_536


class InstanceNumbers:
    """Runs of numbers that follow one another from random 63-bit numbers on.

    Entries of instances that were started together then stand together in the journal's index, and
    a batch of steps touches few of its pages. Two of a million runs overlap with a probability of
    1 in 141; then a number may be there already, in one partition of 64. It is refused by the
    journal's key, and :meth:`begin_anew` is called.
    """

    def __init__(self) -> None:
        self._next = self._end = 0

    def take(self) -> int:
        """A number from 1 to 2**63 - 1."""
        if self._next == self._end:
            self.begin_anew()
        number = self._next
        self._next += 1
        return number

    def begin_anew(self) -> None:
        """The next number begins another run."""
        self._next = 1 + secrets.randbelow(2**63 - RUN)
        self._end = self._next + RUN
