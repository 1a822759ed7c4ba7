"""Deduplicates requests: one whose key was used before gets the answer of the first.

1. Used keys are looked up only for requests that do not go through: a used key makes the commit
   lose (``WriteResult.KEY_USED``), and a refusal may be due to the first request.
2. A key belongs to its caller. Another caller's request under the same key gets a key of its own.
3. Of several requests with one key in a batch, the first goes on and the others come back after it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from statehold.engine.commit.keys import key_of_caller
from statehold.engine.commit.lookup import Lookup
from statehold.engine.requests.request import Request
from statehold.errors import InstanceUnreadable, KeyReused
from statehold.instance.reply import InstanceReply, earlier_reply
from statehold.records import Entry, JournalBody, Message, Ref
from statehold.store import Store

_body = msgspec.json.Decoder(JournalBody).decode


class Deduplicator:
    def __init__(self, store: Store, lookup: Lookup) -> None:
        self._store = store
        self._lookup = lookup

    async def without_repeats(
        self, batch: Sequence[Request], back: set[Request]
    ) -> Sequence[Request]:
        """Those requests that were not answered before, and answers the others. ``back`` gets those
        that go into another batch."""
        has_keys = is_retried = False
        for request in batch:
            has_keys = has_keys or request.key is not None
            is_retried = is_retried or bool(request.conflicts)
        if has_keys:
            batch = await self._without_used_keys(batch, back)
        if is_retried:
            batch = await self._without_handled_messages(batch)
        return batch

    async def _without_used_keys(
        self, batch: Sequence[Request], back: set[Request]
    ) -> Sequence[Request]:
        keys = list(
            dict.fromkeys(
                (request.ref, request.key or "") for request in batch if request.asks_first
            )
        )
        entries = await self._store.replies(keys) if keys else {}
        held = await self._store.mail_of_keys(keys) if keys else {}
        rest: list[Request] = []
        seen: set[tuple[Ref, str]] = set()
        for request in batch:
            if request.future.done():
                continue
            if request.key is None:
                rest.append(request)
                continue
            place = (request.ref, request.key)
            if place in entries or place in held:
                if await self._repeats(request, entries.get(place), held.get(place)):
                    back.add(request)
            elif place in seen:
                back.add(request)
            else:
                seen.add(place)
                rest.append(request)
        return rest

    async def _without_handled_messages(self, batch: Sequence[Request]) -> Sequence[Request]:
        """After a conflict: answers requests whose message another worker has handled."""
        ids = [one.consumes for one in batch if one.conflicts and one.consumes is not None]
        if not ids:
            return batch
        there = await self._store.still_there(ids)
        rest: list[Request] = []
        for request in batch:
            if request.conflicts and request.consumes and request.consumes not in there:
                request.reply(None)
            else:
                rest.append(request)
        return rest

    async def _repeats(self, request: Request, entry: Entry | None, held: Message | None) -> bool:
        """Answers as the first time. True where that was another caller's request, and this one is
        to be asked again with a key of its own."""
        try:
            if entry is not None:
                return _repeat_entry(request, entry)
            assert held is not None
            return await self._repeat_held(request, held)
        except (msgspec.MsgspecError, RecursionError, AttributeError, TypeError) as error:
            # damaged, it must not refuse the others of its batch
            why = f"what was answered to the key {request.given_key!r} can't be read: {error}"
            request.reject(InstanceUnreadable(request.ref.machine, request.ref.id, 0, why))
            return False

    async def _repeat_held(self, request: Request, message: Message) -> bool:
        """The event waits for the resumption already: the answer is the same as the first time."""
        body = msgspec.json.decode(message.body)
        event = body.get("event")
        if _is_others(request, body.get("caller", "")):
            return True
        if not request.same_request(message.kind, event, body.get("given")):
            _reject_reuse(request, message.kind, event)
            return False
        try:
            loaded = (await self._lookup.committed([request.ref]))[request.ref]
        except InstanceUnreadable as error:
            request.reject(error)
            return False
        request.reply(InstanceReply(loaded.instance, request.caller, held=True))
        return False


def _repeat_entry(request: Request, entry: Entry) -> bool:
    body = _body(entry.body)
    if _is_others(request, body.caller or ""):
        return True
    is_same = request.same_request(entry.kind, body.event, body.given)
    if is_same and entry.reply is not None:
        request.reply(earlier_reply(entry.reply))
    else:
        _reject_reuse(request, entry.kind, body.event)
    return False


def _is_others(request: Request, caller: str) -> bool:
    """Whether the key that was found is another caller's; then the request gets another key."""
    own = key_of_caller(request.caller, request.given_key or "")
    if caller == request.caller.name or request.key == own:
        return False
    request.key = own
    return True


def _reject_reuse(request: Request, kind: str, event: Any) -> None:
    name = event.get("type", "") if isinstance(event, dict) else ""
    first = f"{kind} {name}".strip()
    request.reject(KeyReused(request.given_key or "", first, request.describe()))
