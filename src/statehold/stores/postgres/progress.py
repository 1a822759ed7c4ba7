"""What a migration says of itself while it runs."""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct


class Progress(Struct, frozen=True):
    """``step`` of a migration, the ``place``-th ``of`` all, has taken ``rows`` so far."""

    migration: str
    step: str
    place: int
    of: int
    rows: int
    is_done: bool


class Waiting(Struct, frozen=True):
    """Another process migrates the database; this one waits until it has ended."""


Report = Callable[[Progress | Waiting], None]
