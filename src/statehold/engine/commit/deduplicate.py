"""Deduplicates requests: one whose key was used before gets the answer of the first.

1. Used keys are looked up only for requests that do not go through: a used key makes the commit
   lose (``WriteResult.KEY_USED``), and a refusal may be due to the first request.
2. A key belongs to its caller. Another caller's request under the same key gets a key of its own.
   Its caller gets the reply again, without what it may not read any more.
3. Of several requests with one key in a batch, the first goes on and the others come back after it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from statehold.engine.commit.keys import forms_of_key, is_of_caller
from statehold.engine.commit.lookup import Lookup
from statehold.engine.requests.request import Request
from statehold.errors import InstanceUnreadable, KeyReused
from statehold.instance.authorize import is_permitted
from statehold.instance.earlier_reply import earlier_reply, limited_reply
from statehold.instance.reply import InstanceReply
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
                return await self._repeat_entry(request, entry)
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
        if _is_others(request, body.get("caller", ""), proved=body.get("proved", False)):
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

    async def _repeat_entry(self, request: Request, entry: Entry) -> bool:
        body = _body(entry.body)
        if _is_others(request, body.caller or "", proved=body.proved):
            return True
        is_same = request.same_request(entry.kind, body.event, body.given)
        if not is_same or entry.reply is None:
            _reject_reuse(request, entry.kind, body.event)
        elif request.caller.roles is None:
            request.reply(earlier_reply(entry.reply, self._lookup.known(request.ref.machine)))
        else:
            request.reply(await self._still_shown(request, entry.reply, body.roles))
        return False

    async def _still_shown(
        self, request: Request, reply: bytes, roles: tuple[str, ...] | None
    ) -> InstanceReply:
        """The reply, as far as its caller may read it now. ``roles`` are those that it had then;
        None: not known."""
        try:
            found = await self._lookup.committed([request.ref])
        except InstanceUnreadable:
            # what it may read can't be found out
            found = {}
        instance = found[request.ref].instance if request.ref in found else None
        definition = self._lookup.definition(request.ref.machine)
        reads = is_permitted(request.caller, "read", definition, instance)
        had = None if roles is None else frozenset(roles)
        return limited_reply(reply, definition, request.caller, reads=reads, had=had)


def _is_others(request: Request, caller: str, *, proved: bool) -> bool:
    """Whether the key that was found is another caller's; then the request gets another key."""
    forms = forms_of_key(request.caller, request.given_key or "")
    number = forms.index(request.key or "")
    if is_of_caller(request.caller, caller, proved=proved) or number == len(forms) - 1:
        return False
    request.key = forms[number + 1]
    return True


def _reject_reuse(request: Request, kind: str, event: Any) -> None:
    name = event.get("type", "") if isinstance(event, dict) else ""
    first = f"{kind} {name}".strip()
    request.reject(KeyReused(request.given_key or "", first, request.describe()))
