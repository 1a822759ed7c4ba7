"""Requests of callers: a new instance, an event."""

from __future__ import annotations

import hashlib
from typing import Any, ClassVar

import msgspec
from msgspec import Raw

from statehold.chart.access import Right
from statehold.chart.machine import Definition
from statehold.chart.payload import left_out, load_event
from statehold.engine.requests.context import EngineContext
from statehold.engine.requests.request import Request, ready, take_event
from statehold.errors import InstanceExists, StaleSeq, UnknownInstance
from statehold.instance.authorize import (
    authorize,
    is_permitted,
    may_some,
    refuse,
    refuse_internal,
)
from statehold.instance.draft import Draft
from statehold.instance.journal import Origin
from statehold.instance.reply import InstanceReply
from statehold.instance.senders import has_role_for
from statehold.instance.state import InstanceState, not_started
from statehold.interpreter.step import start
from statehold.records import Caller, Message, Ref

_encode = msgspec.json.Encoder().encode


class StartInstance(Request):
    """``input`` is of the type that a start takes already, ``raw`` the same as JSON; ``given`` is
    the request's fingerprint, where it has a key."""

    label = "start"
    right = "start"

    def __init__(
        self,
        ref: Ref,
        definition: Definition[Any],
        input: Any,
        raw: bytes,
        key: str | None,
        caller: Caller,
        given: str | None,
    ) -> None:
        super().__init__(ref, key=key, caller=caller)
        self.definition = definition
        self.raw = raw
        self.input = input
        self.given = given
        #: by which earlier releases recognise a request; entry actions may change it
        self.plain = {"type": "Start", "digest": hashlib.sha256(raw).hexdigest()[:32]}

    def authorize(self, draft: Draft) -> None:
        """By role alone, before any of the machine's code runs; what depends on the instance is
        decided in :meth:`apply`, on the one that it makes."""
        if not may_some(self.caller, "start", draft.definition):
            refuse(self.caller, "start", draft.definition.name)

    def apply(self, draft: Draft, context: EngineContext) -> InstanceReply:
        of_all = is_permitted(self.caller, "start", draft.definition)
        if draft.exists and of_all:
            raise InstanceExists(draft.ref.machine, draft.ref.id)
        if draft.definition is not self.definition:
            # another version was deployed while this waited
            with self.own_words():
                self.input = draft.definition.input.load(self.raw, draft.definition.input_words)
            self.definition = draft.definition
        now, empty = draft.now, not_started(draft.ref, draft.definition, draft.now)
        taken = start(draft.definition, self.input, now, instance=draft.ref.id)
        asked = None if self.key is None else self.plain
        origin = Origin("start", asked, self.caller, key=self.key, given=self.given)
        begun = draft.prepare(taken, origin, empty)
        if not of_all:
            # who may start only what is its own does not learn what else there is
            authorize(self.caller, "start", draft.definition, begun.advanced.instance)
            if draft.exists:
                raise InstanceExists(draft.ref.machine, draft.ref.id)
        draft.apply(begun)
        return draft.reply(self.caller)

    def same_request(self, kind: str, event: Any, given: str | None) -> bool:
        return kind == "start" and _is_same(given, self.given, event, self.plain)

    def describe(self) -> str:
        return "a start"


class SendEvent(Request):
    """``event`` is an event of the machine, ``plain`` the same as it goes over the wire; ``given``
    is the request's fingerprint, where it has a key."""

    label = "send"
    right: ClassVar[Right | None] = "send"
    upgrades_first = True

    def __init__(
        self,
        ref: Ref,
        definition: Definition[Any],
        event: Any,
        plain: Any,
        *,
        key: str | None,
        expected_seq: int | None,
        caller: Caller,
        given: str | None,
    ) -> None:
        super().__init__(ref, key=key, caller=caller)
        self.given = given
        self.definition = definition
        self.event = event
        self.plain = plain
        self.expected_seq = expected_seq

    def authorize_on(self, definition: Definition[Any], instance: InstanceState | None) -> None:
        if has_role_for(self.caller, self.event.__event__, definition):
            self.is_undecided = False
        elif instance is not None and instance.status == "paused":
            # it is held, and no upgrade asks again
            authorize(self.caller, "send", definition, instance)
        else:
            self.require("send", definition, instance)

    def apply(self, draft: Draft, context: EngineContext) -> InstanceReply:
        # first, and again where another version was deployed meanwhile: it may be internal there
        refuse_internal(self.caller, draft.definition, self.event.__event__)
        if not draft.exists:
            raise UnknownInstance(draft.ref.machine, draft.ref.id)
        if self.expected_seq is not None and self.expected_seq != draft.instance.seq:
            raise StaleSeq(draft.ref.machine, draft.ref.id, self.expected_seq, draft.instance.seq)
        if draft.instance.status == "paused":
            return self._hold(draft, context)
        ready(draft, context)
        if draft.definition is not self.definition:
            # another version was deployed meanwhile, and the event may have another shape in it
            limit = context.limits.event_bytes
            left = left_out(self.event)
            with self.own_words():
                self.event, self.plain = load_event(draft.definition, self.plain, limit, left)
            self.definition = draft.definition
        origin = Origin("event", self.plain, self.caller, key=self.key, given=self.given)
        take_event(draft, self.event, origin, context)
        return draft.reply(self.caller)

    def _hold(self, draft: Draft, context: EngineContext) -> InstanceReply:
        # one that was built without its own validation would be lost when the instance resumes
        left = left_out(self.event)
        with self.own_words():
            load_event(draft.definition, self.plain, context.limits.event_bytes, left)
        roles = None if self.caller.roles is None else sorted(self.caller.roles)
        held: dict[str, Any] = {"event": self.plain, "caller": self.caller.name, "roles": roles}
        if self.caller.teams:
            held["teams"] = sorted(self.caller.teams)
        if self.caller.proved:
            held["proved"] = True
        if left:
            held["left_out"] = left
        if self.given is not None:
            held["given"] = self.given
        body = _encode(held)
        message = Message(draft.ref, "event", body, held=True, key=self.key)
        with self.own_words():
            draft.hold(message, context.limits.held)
        return draft.reply(self.caller, held=True)

    def same_request(self, kind: str, event: Any, given: str | None) -> bool:
        plain = msgspec.json.decode(self.plain) if isinstance(self.plain, Raw) else self.plain
        return kind in ("event", "refused") and _is_same(given, self.given, event, plain)

    def describe(self) -> str:
        return f"the event {self.event.__event__}"


def _is_same(given: str | None, mine: str | None, event: Any, plain: Any) -> bool:
    """Compares fingerprints, or else the events as they were read: the sender may now write out a
    field that it left out before."""
    return (given is not None and given == mine) or bool(event == plain)
