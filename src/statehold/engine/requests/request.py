"""A request for one instance, applied to its draft in a batch.

``apply`` runs on a draft that may have been changed by requests before it. It changes the draft
wholly, or raises and leaves it as it was, with one exception: an upgrade that fails leaves an
incident.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any, ClassVar

from statehold.chart.access import Right
from statehold.chart.machine import Definition
from statehold.engine.requests.context import EngineContext
from statehold.errors import Forbidden, InstanceOver, Refused, StateholdError, UnknownInstance
from statehold.instance.audited import audit_entry
from statehold.instance.authorize import authorize, covers, depends_on_data
from statehold.instance.disclosure import disclosed
from statehold.instance.draft import Draft
from statehold.instance.journal import Origin
from statehold.instance.refusal import not_allowed
from statehold.instance.state import InstanceState
from statehold.instance.upgrades import upgrade
from statehold.interpreter.snapshot import Snapshot
from statehold.interpreter.step import step
from statehold.records import ANYONE, OVER, AuditEntry, Caller, Message, MessageId, Ref, Row

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
    #: what its caller needs the right to do; None: only the engine itself makes such a request
    right: ClassVar[Right | None] = None
    #: an act of administration, which gets a line of the audit log in the same commit
    is_audited: bool = False
    #: it works on the instance as an upgrade in passing makes it
    upgrades_first: ClassVar[bool] = False
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
    #: what it was refused on; a caller learns no more of it than it may read
    about: tuple[Definition[Any], InstanceState | None] | None = None
    #: its refusal is about what the caller sent, not about what is stored
    own_fault: bool = False
    #: whether its caller has the right is known only once the instance is upgraded
    is_undecided: bool = False

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
        self.about, self.own_fault, self.is_undecided = None, False, False
        self.future = asyncio.get_running_loop().create_future()

    def reply(self, answer: Any) -> None:
        """Answers it, unless it was answered or its caller has gone."""
        if not self.future.done():
            self.future.set_result(answer)

    def reject(self, error: StateholdError) -> None:
        """Refuses it, unless it was answered or its caller has gone. The caller gets what it may
        know of the error (:mod:`statehold.instance.disclosure`)."""
        if not self.future.done():
            if self.caller.roles is not None:
                about = self.about or (None, None)
                error = disclosed(error, self.caller, *about, is_own=self.own_fault)
            self.future.set_exception(error)

    # --- what its caller may do ---

    def authorize(self, draft: Draft) -> None:
        """Raises ``Forbidden`` unless its caller may do this to the instance as it is now. It is
        not asked for the program's own code."""
        self.authorize_on(draft.definition, draft.instance if draft.exists else None)

    def authorize_on(self, definition: Definition[Any], instance: InstanceState | None) -> None:
        """As :meth:`authorize`, on an instance that is not in the draft yet, or on none."""
        if self.right is None:
            raise Forbidden(f"{self.describe()} is not for callers")
        self.require(self.right, definition, instance)

    def require(
        self, right: Right, definition: Definition[Any], instance: InstanceState | None
    ) -> None:
        """Raises ``Forbidden`` unless its caller has the right. Of an instance of an older version
        the upgrade in passing asks again, with the new data: a condition is left to that."""
        if (
            self.upgrades_first
            and instance is not None
            and instance.unloaded is not None
            and instance.status not in OVER
            and covers(self.caller.machines, definition.name)
            and depends_on_data(self.caller, right, definition)
        ):
            self.is_undecided = True
            return
        authorize(self.caller, right, definition, instance)
        self.is_undecided = False

    @contextmanager
    def own_words(self) -> Iterator[None]:
        """What is refused within is about what the caller itself has sent."""
        try:
            yield
        except Refused:
            self.own_fault = True
            raise

    def asks_key(self) -> bool:
        """Marks the request so that the store is asked whether its key was used before. False if it
        has no key, or is marked already."""
        if self.key is None or self.asks_first:
            return False
        self.asks_first = True
        return True

    # --- what it does ---

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

    def audit_entry(self, now: datetime) -> AuditEntry:
        """Its line of the audit log, once it is done."""
        return audit_entry(now, self.caller, self.label, self.ref.machine, self.ref.id)

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
