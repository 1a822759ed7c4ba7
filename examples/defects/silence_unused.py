"""A silence for a finding that no longer exists."""

from __future__ import annotations

from statehold import Event, Final, Machine, State, on, silence


class Archived(Event): ...


class Record(Machine[None, Archived], name="silence-unused", version=1):
    kept = State(initial=True)
    archived = Final()

    archive = on(Archived, kept >> archived)

    silences = (silence("dead-end", archived, because="what is archived is kept for good"),)


class Mended(Machine[None, Archived], name="silence-unused-mended", version=1):
    kept = State(initial=True)
    archived = State()

    archive = on(Archived, kept >> archived)

    silences = (silence("dead-end", archived, because="what is archived is kept for good"),)
