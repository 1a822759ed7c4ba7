"""The bounds of one instance, in an engine and in a simulation."""

from __future__ import annotations

from dataclasses import dataclass

from statehold.chart.payload import DATA_BYTES, EVENT_BYTES


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceLimits:
    """Counts, bytes and characters. Each has a named error."""

    #: bytes of an instance's data as JSON; more is ``TooLarge``
    data_bytes: int = DATA_BYTES
    #: bytes of one event as JSON
    event_bytes: int = EVENT_BYTES
    #: messages held for one paused instance; one more is ``TooLarge``. They are applied in one
    #: turn when it is resumed, so this has to stay below the store's page
    held: int = 900
    #: delayed messages of one instance that end with it; one more is ``TooLarge``
    delayed: int = 1_000
    #: characters of an error that is stored
    error_chars: int = 2_000
