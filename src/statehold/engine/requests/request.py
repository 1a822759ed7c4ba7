"""A request for one instance, applied to its draft in a batch.

``apply`` runs on a draft that may have been changed by requests before it. It changes the draft
wholly, or raises and leaves it as it was, with one exception: an upgrade that fails leaves an
incident.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar

from statehold.engine.requests.context import EngineContext
from statehold.errors import InstanceOver, StateholdError, UnknownInstance
from statehold.instance.draft import Draft
from statehold.instance.journal import Origin
from statehold.instance.refusal import not_allowed
from statehold.instance.upgrades import upgrade
from statehold.interpreter.snapshot import Snapshot
from statehold.interpreter.step import step
from statehold.records import ANYONE, Caller, Message, MessageId, Ref, Row

#: an upgrade that an event or a timer causes
_IN_PASSING = Origin("upgrade")


class Request(ABC):
    """One request for one instance. ``future`` gets the answer once it is committed.

    ``consumes`` is the message that it delivers, if it does. ``row`` is the instance's row
    where it was read just now.

    A request that ``wants_held_mail`` is given what is held for the instance, in its order.
    """

    #: names this kind of request in metrics, traces and logs
    label: ClassVar[str]
    wants_held_mail: ClassVar[bool] = False
    #: it also takes an instance that can't be read, of which the draft has what is left
    takes_remains: ClassVar[bool] = False
    #: the journal is checked to end where the row says
    looks_at_journal: ClassVar[bool] = False
    #: attributes that hold text of the caller, or None
    texts: ClassVar[tuple[str, ...]] = ("given_key",)
    #: when it was queued, by ``time.perf_counter``; only where there is an observer
    asked_at: float = 0.0
    #: what a tracer keeps with it
    span: Any = None
    #: how often it was applied in vain, as others changed its instance
    conflicts: int = 0
    consumes: MessageId | None = None
    row: Row | None = None
    #: its key may have been used before: the store is asked before it is applied
    asks_first: bool = False
    held_mail: Sequence[Message] = ()

    def __init__(self, ref: Ref, *, key: str | None = None, caller: Caller = ANYONE) -> None:
        self.ref = ref
        #: as it is stored
        self.key = key
        self.given_key = key
        self.caller = caller
        self.future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()

    def again(self) -> None:
        """Makes it ready to be asked once more after a refusal."""
        self.conflicts = 0
        self.row = None
        self.future = asyncio.get_running_loop().create_future()

    def reply(self, answer: Any) -> None:
        """Answers it, unless it was answered or its caller has gone."""
        if not self.future.done():
            self.future.set_result(answer)

    def reject(self, error: StateholdError) -> None:
        """Refuses it, unless it was answered or its caller has gone."""
        if not self.future.done():
            self.future.set_exception(error)

    def asks_key(self) -> bool:
        """Marks the request so that the store is asked whether its key was used before. False if it
        has no key, or is marked already."""
        if self.key is None or self.asks_first:
            return False
        self.asks_first = True
        return True

    @abstractmethod
    def apply(self, draft: Draft, context: EngineContext) -> Any:
        """Changes the draft and gives the answer, or raises and changes nothing."""

    def trace(self) -> str:
        """The ``traceparent`` of its cause; empty if unknown."""
        return ""

    def same_request(self, kind: str, event: Any, given: str | None) -> bool:
        """Whether the journal's entry under this key came from the same request: ``given`` is its
        fingerprint, None in what a release before this one wrote."""
        return False

    def describe(self) -> str:
        """The request in words, for errors."""
        return self.label.replace("_", " ")


def ready(draft: Draft, context: EngineContext, origin: Origin = _IN_PASSING) -> None:
    """Makes sure that the instance exists and is of the version that runs here: upgrades it.

    ``origin`` is the cause of the upgrade. Raises ``UnknownInstance`` or
    ``UpgradeFailed``, which leaves an incident, or ``NewerVersion``, which leaves nothing.
    """
    if not draft.exists:
        raise UnknownInstance(draft.ref.machine, draft.ref.id)
    if draft.instance.version != draft.definition.version and draft.instance.status in (
        "running",
        "paused",
    ):
        upgrade(draft, context.upgrade_plans.plan_for, origin)


def snapshot_of(draft: Draft) -> Snapshot[Any]:
    """The snapshot of a draft that is ready and not over; raises ``InstanceOver``."""
    if draft.instance.snapshot is None or draft.instance.status in ("done", "cancelled"):
        raise InstanceOver(draft.ref.machine, draft.ref.id, draft.instance.status)
    return draft.instance.snapshot


def take_event(draft: Draft, event: Any, origin: Origin, context: EngineContext) -> None:
    """Takes one step for an external event; raises ``NotAllowed`` where no transition takes it."""
    snapshot = draft.instance.snapshot
    roles = origin.caller.roles
    now = draft.now
    if snapshot is not None and not snapshot.done:
        taken = step(draft.definition, snapshot, event, now, roles=roles)
        if taken.accepted:
            draft.advance(taken, origin)
            return
    raise not_allowed(draft.instance, event, roles)
