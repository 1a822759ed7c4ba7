"""The trace of a step: one record for each round of selection."""

from __future__ import annotations

from msgspec import Struct


class Microstep(Struct, frozen=True, gc=False):
    """One round of selection: the guards asked, and the transitions taken (SCXML: a microstep).

    ``event`` is None for immediate transitions. ``guards`` are pairs of a guard's name and its
    answer, in the order asked; ``transitions`` ids in document order; ``exited`` and ``entered``
    ids in the order in which it happened.
    """

    event: str | None
    guards: tuple[tuple[str, bool], ...]
    transitions: tuple[str, ...]
    exited: tuple[str, ...]
    entered: tuple[str, ...]
