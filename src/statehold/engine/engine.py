"""The engine: machines on a store, from one object."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any, Self, overload

from msgspec import UNSET, UnsetType

from statehold.chart.left_out import LeftOut
from statehold.chart.machine import (
    AMachine,
    Definition,
    E,
    I,
    MachineClass,
    MachineName,
    Plain,
    V,
)
from statehold.engine.clock import Clock
from statehold.engine.lifecycle import Lifecycle
from statehold.engine.limits import Limits
from statehold.engine.machines.loader import Deployments
from statehold.engine.observer import EngineStats, Observer, StoreCounts, Tracer
from statehold.engine.parts import Parts
from statehold.engine.questions import Questions
from statehold.engine.recorded import records_refusals
from statehold.engine.requests.operator import (
    Cancel,
    CancelTimerRequest,
    FireTimer,
    ForcedCancel,
    Pause,
    ResolveEffect,
    ResolveIncident,
    Resume,
    RetryEffect,
    SkipEffect,
    SkipIncident,
)
from statehold.engine.requests.request import Request
from statehold.engine.resources.providers import Resources
from statehold.engine.retention.policy import Retention
from statehold.engine.settings import settings_of
from statehold.errors import StateholdError
from statehold.instance.authorize import authorize
from statehold.instance.reply import InstanceReply
from statehold.records import ANYONE, Caller, Ref
from statehold.store import Store
from statehold.wire.machines import PutReport
from statehold.wire.operations import PurgeReport, SendRequest, UpgradeReport


@records_refusals
class Engine(Questions):
    """Runs machines on a store::

        async with Engine(SqliteStore("orders.db"), machines=[OrderFlow]) as engine:
            await engine.start(OrderFlow, id="o-1", data=Order(items=["pizza"]))
            reply = await engine.send(OrderFlow, "o-1", Accept(prep_minutes=12), key="k1")

    ``store`` is a store or the address of one (``sqlite:///orders.db``, ``memory:``). A machine is
    named by its class, its definition or its name. A request is answered once it is committed.
    ``schema``, ``direct_store`` and ``read_store`` go with the address of a PostgreSQL store
    (:class:`statehold.stores.StoreOptions`): the schema that its tables are in, the server's own
    address where the store's is one of a pooler, and that of a standby for lists and counts.

    Every error is a :class:`~statehold.errors.StateholdError`; a ``Refused`` has changed nothing.

    ``seed`` makes ids and jitter repeatable. ``worker`` names this engine among those that share
    the store; the name must be new to the store, and is generated if omitted. ``observer`` is
    called for what the engine does, ``tracer`` for each request (:mod:`statehold.observe` has
    both). ``retention`` is how long finished instances are kept, for every machine or by its name;
    without it nothing is purged. With ``deployments`` the engine also runs the machines that are
    deployed to the store as data, and takes new ones while it runs.

    ``resources`` are what its effects take by type: plain values, and async context manager
    functions that open what they are annotated with, each once, while the engine is open; a mapping
    names the types (:mod:`statehold.engine.resources.provider`).
    """

    def __init__(
        self,
        store: Store | str,
        machines: Iterable[AMachine],
        *,
        schema: str | None = None,
        direct_store: str | None = None,
        read_store: str | None = None,
        clock: Clock | None = None,
        limits: Limits | None = None,
        seed: int | None = None,
        worker: str | None = None,
        observer: Observer | None = None,
        tracer: Tracer | None = None,
        retention: Retention | Mapping[str, Retention] | None = None,
        deployments: Deployments | None = None,
        resources: Resources = (),
    ) -> None:
        #: with those that were deployed, while it is open
        definitions: dict[str, Definition[Any]] = {}
        #: by name, as they run now
        self.machines: Mapping[str, Definition[Any]] = MappingProxyType(definitions)
        given = settings_of(
            store,
            machines,
            schema=schema,
            direct_store=direct_store,
            read_store=read_store,
            clock=clock,
            limits=limits,
            seed=seed,
            worker=worker,
            observer=observer,
            tracer=tracer,
            retention=retention,
            deployments=deployments,
            resources=resources,
        )
        self._lifecycle = Lifecycle(lambda: Parts(given, definitions))

    @property
    def _parts(self) -> Parts:
        return self._lifecycle.parts

    # --- its life ---

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def open(self) -> None:
        """Checks the machines against the store and resumes what was left unfinished.

        An engine that was closed can be opened again, on another event loop too.

        Raises ``DefinitionError`` where a chart can't do what it says, changed under its version,
        or an upgrade is missing or wrong, ``StoreRefused`` or ``StoreUnavailable`` where the store
        can't be used, ``ArchiveFailed`` where an archive can't, ``StateholdError`` for an engine
        that is open, ``ResourcesInvalid`` where an effect takes a resource that nothing gives. A
        resource that fails to open raises nothing: the attempts that need it fail.
        """
        await self._lifecycle.open()

    async def close(self) -> None:
        """Stops gracefully: takes no more requests, and ends effects or hands them back."""
        await self._lifecycle.close()

    async def check_ready(self) -> None:
        """Raises ``Unavailable`` if a request could not be served now."""
        await self._parts.health.check_ready()

    # --- requests ---

    @overload
    async def start(
        self, machine: type[MachineClass[Any, I, V]], id: str | None = None,
        data: I | Plain | UnsetType | None = UNSET, *,
        key: str | None = None, caller: Caller = ANYONE, left_out: LeftOut | None = None,
    ) -> InstanceReply[V]: ...  # fmt: skip
    @overload
    async def start(
        self, machine: Definition[Any] | str, id: str | None = None, data: Any = UNSET, *,
        key: str | None = None, caller: Caller = ANYONE, left_out: LeftOut | None = None,
    ) -> InstanceReply: ...  # fmt: skip
    async def start(
        self,
        machine: MachineName,
        id: str | None = None,
        data: Any = UNSET,
        *,
        key: str | None = None,
        caller: Caller = ANYONE,
        left_out: LeftOut | None = None,
    ) -> InstanceReply:
        """A new instance. ``data``: a value of the machine's data type, or of its input's where it
        has one, plain values, or JSON; left out, the type's defaults.

        Without an ``id`` one is generated: from the ``key`` if there is one, so that the same
        request of a caller gives the same instance. ``left_out`` are fields of JSON that its sender
        filled in with defaults (:mod:`statehold.chart.left_out`). Raises ``InstanceExists``,
        ``InvalidPayload``, ``StepFailed``.
        """
        return await self._parts.intake.start(machine, id, data, key, caller, left_out)

    @overload
    async def send(
        self, machine: type[MachineClass[E, Any, V]], id: str, event: E | Plain, *,
        key: str | None = None, expected_seq: int | None = None, caller: Caller = ANYONE,
        left_out: LeftOut | None = None,
    ) -> InstanceReply[V]: ...  # fmt: skip
    @overload
    async def send(
        self, machine: Definition[Any] | str, id: str, event: Any, *,
        key: str | None = None, expected_seq: int | None = None, caller: Caller = ANYONE,
        left_out: LeftOut | None = None,
    ) -> InstanceReply: ...  # fmt: skip
    async def send(
        self,
        machine: MachineName,
        id: str,
        event: Any,
        *,
        key: str | None = None,
        expected_seq: int | None = None,
        caller: Caller = ANYONE,
        left_out: LeftOut | None = None,
    ) -> InstanceReply:
        """Sends an event to an instance: an event object, a mapping in wire form, or JSON.

        Raises ``UnknownInstance``, ``UnknownEvent``, ``InvalidPayload``, ``StaleSeq``,
        ``NotAllowed``, ``StepFailed``, ``KeyReused``. The same ``key`` gives the same answer and
        no second step. A paused instance holds the event; the answer says ``held``. ``left_out``
        are fields of JSON that its sender filled in with defaults
        (:mod:`statehold.chart.left_out`).
        """
        return await self._parts.intake.send(
            machine, id, event, key, expected_seq, caller, left_out
        )

    async def send_many(
        self, requests: Sequence[SendRequest], *, caller: Caller = ANYONE
    ) -> list[InstanceReply | StateholdError]:
        """Many events at once. Returns a reply or an error for each, in order."""
        return await self._parts.intake.send_many(requests, caller)

    # --- requests of an operator ---

    async def pause(
        self,
        machine: MachineName[V],
        id: str,
        *,
        reason: str | None = None,
        caller: Caller = ANYONE,
    ) -> InstanceReply[V]:
        """From now on the instance holds events until it is resumed."""
        return await self._ask(Pause, machine, id, caller, reason)

    async def resume(
        self,
        machine: MachineName[V],
        id: str,
        *,
        reason: str | None = None,
        caller: Caller = ANYONE,
    ) -> InstanceReply[V]:
        return await self._ask(Resume, machine, id, caller, reason)

    async def cancel(
        self, machine: MachineName[V], id: str, *,
        force: bool = False, reason: str | None = None, caller: Caller = ANYONE,
    ) -> InstanceReply[V]:  # fmt: skip
        """Ends the instance. What its chart says about that happens before: an ``on_cancel``
        transition has it go on until it ends by itself, else the exit actions of its active states
        run. Asked again meanwhile, it changes nothing.

        Raises ``CancelFailed`` where an action raises. With ``force`` nothing of the chart runs,
        and all effects end; that also ends an instance that can't be read or upgraded."""
        kind = ForcedCancel if force else Cancel
        return await self._ask(kind, machine, id, caller, reason)

    async def retry(
        self, incident: str, *, reason: str | None = None, caller: Caller = ANYONE
    ) -> InstanceReply:
        """Attempts again what ran out of attempts. Raises ``UnknownIncident``."""
        return await self._parts.intake.retry(incident, reason, caller)

    async def repair(
        self,
        machine: MachineName[V],
        id: str,
        data: Any,
        *,
        state: Sequence[str] = (),
        reason: str | None = None,
        caller: Caller = ANYONE,
    ) -> InstanceReply[V]:
        """Gives an instance that can't be read new data, and new states where ``state`` names the
        active leaves. It continues from there, in the version that runs here.

        Raises ``ActRefused`` where it can be read, ``InvalidPayload`` where the data does not fit
        the machine's type or the states make no configuration.
        """
        ref = self._ref(machine, id, caller)
        return await self._parts.intake.repair(ref, data, state, reason, caller)

    async def skip(
        self, incident: str, *, reason: str | None = None, caller: Caller = ANYONE
    ) -> InstanceReply:
        """Gives the incident up: it leads to no event."""
        at = self._parts.intake.incident(incident, caller)
        return await self._parts.intake.ask(SkipIncident(*at, reason, caller))

    async def resolve(
        self,
        incident: str,
        result: Any = None,
        *,
        reason: str | None = None,
        caller: Caller = ANYONE,
    ) -> InstanceReply:
        """Takes ``result``, plain JSON values, as the result of the effect."""
        at = self._parts.intake.incident(incident, caller)
        return await self._parts.intake.ask(ResolveIncident(*at, result, reason, caller))

    async def fire_timer(
        self, machine: MachineName[V], id: str, timer: str, *,
        reason: str | None = None, caller: Caller = ANYONE,
    ) -> InstanceReply[V]:  # fmt: skip
        """Fires the timer now. Raises ``UnknownTimer``; ``NotAllowed`` where no transition takes
        it, ``StepFailed``, ``ActRefused`` while paused: then the timer keeps running."""
        return await self._ask(FireTimer, machine, id, caller, timer, reason)

    async def cancel_timer(
        self, machine: MachineName[V], id: str, timer: str, *,
        reason: str | None = None, caller: Caller = ANYONE,
    ) -> InstanceReply[V]:  # fmt: skip
        """Cancels the timer; entering its state again sets it again. Raises ``UnknownTimer``."""
        return await self._ask(CancelTimerRequest, machine, id, caller, timer, reason)

    async def reschedule_timer(
        self,
        machine: MachineName[V],
        id: str,
        timer: str,
        *,
        due: datetime | None = None,
        seconds: float | None = None,
        reason: str | None = None,
        caller: Caller = ANYONE,
    ) -> InstanceReply[V]:
        """Lets the timer fire at ``due``, or ``seconds`` from now; give one of them. Raises
        ``UnknownTimer``, ``InvalidPayload``."""
        ref = self._ref(machine, id, caller)
        return await self._parts.intake.reschedule_timer(ref, timer, due, seconds, reason, caller)

    async def retry_effect(
        self,
        machine: MachineName[V],
        id: str,
        key: str,
        *,
        reason: str | None = None,
        caller: Caller = ANYONE,
    ) -> InstanceReply[V]:
        """Attempts an effect again at once that waits for its next attempt or for a decision.
        Raises ``UnknownEffect``, ``ActRefused`` while an attempt is running."""
        return await self._ask(RetryEffect, machine, id, caller, key, reason)

    async def skip_effect(
        self,
        machine: MachineName[V],
        id: str,
        key: str,
        *,
        reason: str | None = None,
        caller: Caller = ANYONE,
    ) -> InstanceReply[V]:
        """Gives an effect up, running or not: it leads to no event. Raises ``UnknownEffect``."""
        return await self._ask(SkipEffect, machine, id, caller, key, reason)

    async def resolve_effect(
        self,
        machine: MachineName[V],
        id: str,
        key: str,
        result: Any = None,
        *,
        reason: str | None = None,
        caller: Caller = ANYONE,
    ) -> InstanceReply[V]:
        """Takes ``result``, plain JSON values, as the result of an effect, running or not. Raises
        ``UnknownEffect``, ``InvalidPayload``, ``ActRefused`` while paused."""
        return await self._ask(ResolveEffect, machine, id, caller, key, result, reason)

    async def upgrade(
        self,
        machine: MachineName,
        id: str | None = None,
        *,
        reason: str | None = None,
        caller: Caller = ANYONE,
    ) -> UpgradeReport:
        """Upgrades one instance, or all of them, to the version that runs here."""
        return await self._parts.bulk_upgrader.upgrade(machine, id, reason, caller)

    async def purge(
        self,
        machine: MachineName,
        retention: Retention,
        *,
        dry_run: bool = False,
        caller: Caller = ANYONE,
    ) -> PurgeReport:
        """Purges now what this ``retention`` no longer keeps; a dry run only counts it.

        Raises ``ArchiveFailed`` where an instance can't be archived: then it stays.
        """
        definition = await self._parts.intake.found(machine, caller, "erase")
        authorize(caller, "erase", definition)
        return await self._parts.pruner.purge(
            definition.name, retention, dry_run=dry_run, caller=caller
        )

    async def put(
        self,
        document: bytes | str,
        notation: str = "native",
        *,
        reason: str | None = None,
        caller: Caller = ANYONE,
        dry_run: bool = False,
    ) -> PutReport:
        """Deploys a machine that comes as data, or its next version: it is checked, stored with
        its caller and reason, and run by every worker from then on. A dry run stores nothing.

        The same text again changes nothing. Raises ``DocumentRefused`` with all its problems,
        ``PutRefused`` where it conflicts with what is stored, ``TooLarge``.
        """
        return await self._parts.deployer.put(document, notation, reason, caller, dry_run=dry_run)

    # --- questions of the program itself ---

    def unserved(self) -> Mapping[str, tuple[int, str]]:
        """Deployed machines that can't run here: the version, and why."""
        return dict(self._parts.context.unserved)

    def troubles(self) -> Sequence[str]:
        """What needs an operator though requests are served: one sentence each."""
        return self._parts.health.troubles()

    def stats(self) -> EngineStats:
        """Numbers of this engine, now."""
        return self._parts.health.stats()

    async def store_counts(self) -> StoreCounts:
        """What the store has of each machine; takes a few queries for each."""
        return await self._parts.machines.store_counts()

    def definition(self, machine: MachineName) -> Definition[Any]:
        """Raises ``UnknownMachine``."""
        return self._parts.intake.definition(machine)

    def _ref(self, machine: MachineName, id: str, caller: Caller = ANYONE) -> Ref:
        return self._parts.intake.ref(machine, id, caller)

    async def _ask(
        self,
        act: Callable[..., Request],
        machine: MachineName[V],
        id: str,
        caller: Caller,
        *how: Any,
    ) -> InstanceReply[V]:
        return await self._parts.intake.ask(act(self._ref(machine, id, caller), *how, caller))
