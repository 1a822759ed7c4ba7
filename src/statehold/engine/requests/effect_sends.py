"""Events that an effect sends to its instance while it runs."""

from __future__ import annotations

from typing import Any

import msgspec

from statehold.chart.machine import Definition
from statehold.chart.payload import left_out, load_event
from statehold.engine.requests.context import EngineContext
from statehold.engine.requests.external import SendEvent
from statehold.engine.requests.request import ready, take_event
from statehold.errors import AttemptOver, UnknownInstance
from statehold.instance.attempts import Attempt
from statehold.instance.draft import Draft
from statehold.instance.journal import Origin
from statehold.instance.messages import machine_caller
from statehold.instance.reply import InstanceReply
from statehold.records import ANYONE, Message, Ref

_encode = msgspec.json.Encoder().encode


class EffectEvent(SendEvent):
    """An event of an attempt to the instance that runs it, in the name of its machine.

    Only the attempt that the instance has now may send: one whose state was left, which was
    postponed or which another worker has taken over gets ``AttemptOver``. ``known`` is the attempt
    as it began.
    """

    label = "effect_send"
    right = None

    def __init__(
        self,
        ref: Ref,
        definition: Definition[Any],
        event: Any,
        plain: Any,
        *,
        effect: tuple[str, str],
        known: Attempt,
        key: str | None,
    ) -> None:
        super().__init__(
            ref,
            definition,
            event,
            plain,
            key=key,
            expected_seq=None,
            # the request itself is the engine's, as that of a message
            caller=ANYONE,
            given=None,
        )
        self.sender = machine_caller(ref.machine)
        self.effect_key, self.effect = effect
        self.known = known

    def trace(self) -> str:
        return self.known.trace

    def apply(self, draft: Draft, context: EngineContext) -> InstanceReply:
        if not draft.exists:
            raise UnknownInstance(draft.ref.machine, draft.ref.id)
        self._check(draft)
        if draft.instance.status == "paused":
            return self._keep(draft, context)
        ready(draft, context)
        # an upgrade may have dropped the effect
        self._check(draft)
        if draft.definition is not self.definition:
            limit, left = context.limits.event_bytes, left_out(self.event)
            self.event, self.plain = load_event(draft.definition, self.plain, limit, left)
            self.definition = draft.definition
        origin = Origin("event", self.plain, self.sender, self._cause, key=self.key)
        take_event(draft, self.event, origin, context)
        return draft.reply(self.caller)

    @property
    def _cause(self) -> str:
        return f"{self.ref.machine}/{self.ref.id} effect {self.effect} {self.effect_key}"

    def _check(self, draft: Draft) -> None:
        now = draft.instance.attempts.get(self.effect_key)
        known = self.known
        if now is None or (now.worker, now.attempt) != (known.worker, known.attempt):
            raise AttemptOver(self.effect, known.attempt, self.ref.machine, self.ref.id)

    def _keep(self, draft: Draft, context: EngineContext) -> InstanceReply:
        """It waits for the resumption like any event, before the effect's own outcome."""
        held = {"event": self.plain, "cause": self._cause, "effect": self.effect_key}
        if left := left_out(self.event):
            held["left_out"] = left
        message = Message(
            draft.ref, "event", _encode(held), sender=draft.ref, held=True, key=self.key
        )
        draft.hold(message, context.limits.held)
        return draft.reply(self.caller, held=True)
