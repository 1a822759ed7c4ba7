"""Idempotency keys: in the headers of a request, and with the caller where no answer came."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager

from statehold.chart.left_out import LeftOut
from statehold.client.problems import ProblemError
from statehold.errors import InvalidPayload, Refused, Unavailable

#: characters of a header that says which fields of an object were left out; without it they count
#: as given
LEFT_OUT_LIMIT = 4_000


def key_headers(key: str, left_out: LeftOut, expected_seq: int | None = None) -> dict[str, str]:
    if not (key.isascii() and key.isprintable() and key.strip() == key):
        raise InvalidPayload(
            "the request", {"key": f"{key!r} can't stand in a header; use printable ASCII"}
        )
    # quoted, so that a key which is itself in quotes stays as it is
    headers = {"Idempotency-Key": f'"{key}"'}
    if expected_seq is not None:
        headers["If-Match"] = f'"{expected_seq}"'
    # with the defaults left out, the same request stays the same when the defaults change
    if left_out and len(named := json.dumps(left_out, separators=(",", ":"))) <= LEFT_OUT_LIMIT:
        headers["Statehold-Left-Out"] = named
    return headers


@contextmanager
def naming_keys(*keys: str, batch: bool = False) -> Iterator[None]:
    """Adds the keys that were sent to an error that leaves open whether they were applied."""
    try:
        yield
    except (Unavailable, ProblemError) as error:
        if isinstance(error, Refused):
            raise
        error.keys = keys
        if not batch:
            (error.key,) = keys
            error.add_note(f"the same request with key={error.key!r} takes effect once")
        raise
