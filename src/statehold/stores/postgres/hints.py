"""Hints between workers, over PostgreSQL's notifications: best effort, for speed alone."""

from __future__ import annotations

import logging
from collections.abc import Callable
from hashlib import sha256

import msgspec
from msgspec.structs import replace

from statehold.errors import StoreRefused, StoreUnavailable
from statehold.store import Hint
from statehold.stores.postgres.connections import Connections

log = logging.getLogger(__name__)

#: bytes that PostgreSQL lets a notification have
_PAYLOAD_BYTES = 7_900


class _Notification(msgspec.Struct, frozen=True, omit_defaults=True):
    """A hint with the worker that gave it, which need not receive it."""

    worker: str
    hint: Hint


_decode = msgspec.json.Decoder(_Notification).decode


def channel_of(schema: str) -> str:
    """The channel of hints: one of the database, so each schema has its own. A schema's name may
    be as long as a channel's, and so is not a part of it."""
    return f"statehold_{sha256(schema.encode()).hexdigest()[:32]}"


def payload_of(worker: str, hint: Hint) -> str:
    """What is sent; one that would be too long says less."""
    payload = msgspec.json.encode(_Notification(worker, hint))
    if len(payload) > _PAYLOAD_BYTES:
        payload = msgspec.json.encode(_Notification(worker, replace(hint, changed=None)))
    return payload.decode()


class Listener:
    """Gives the hints of other workers to ``on_hint``."""

    def __init__(self, on_hint: Callable[[Hint], None]) -> None:
        self._on_hint = on_hint
        self._worker = ""

    async def attach(self, link: Connections, worker: str) -> None:
        """Listens on the connection, also on one that replaces a lost one. ``worker`` is this one,
        whose own hints are left out."""
        self._worker = worker
        try:
            await link.listen(channel_of(link.schema), self._receive)
        except (StoreUnavailable, StoreRefused) as error:
            # the heartbeat that led here has succeeded, and hints are not needed
            log.warning("hints are not heard: %s", error)

    def _receive(self, payload: str) -> None:
        try:
            found = _decode(payload)
        except msgspec.MsgspecError:
            log.warning("a notification that is no hint: %.100s", payload)
            return
        if found.worker != self._worker:
            self._on_hint(found.hint)
