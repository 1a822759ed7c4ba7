"""The bounds of one instance, whoever runs it."""

from __future__ import annotations

from dataclasses import dataclass

from statehold.chart.payload import DATA_BYTES, EVENT_BYTES


@dataclass(frozen=True, slots=True)
class InstanceLimits:
    """Counts, bytes and characters. A value that is reached has a named error."""

    #: bytes of an instance's data as JSON; more is ``TooLarge``
    data_bytes: int = DATA_BYTES
    #: bytes of one event as JSON
    event_bytes: int = EVENT_BYTES
    #: messages held for one paused instance; one more is ``TooLarge``. They are applied in one
    #: turn when it is resumed, so this is to stay below the store's page
    held: int = 900
    #: messages that one instance has sent for later; one more is ``TooLarge``
    delayed: int = 1_000
    #: characters of an error that is kept
    error_chars: int = 2_000
