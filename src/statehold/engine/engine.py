"""The engine: machines on a store, from one object."""

from __future__ import annotations

import contextlib
import hashlib
import importlib
import os
import random
import re
import socket
import uuid
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack
from datetime import datetime
from types import MappingProxyType
from typing import Any, Literal, Protocol, Self

from msgspec import UNSET

from statehold.chart.fingerprint import fingerprint
from statehold.chart.initial import initial_data
from statehold.chart.left_out import Tree, leave_out
from statehold.chart.machine import AMachine, Definition
from statehold.chart.model import Chart
from statehold.chart.payload import parse_event
from statehold.engine.background.capacity import Capacity
from statehold.engine.background.effect_canceller import EffectCanceller
from statehold.engine.background.effect_runner import EffectRunner
from statehold.engine.background.membership import Membership
from statehold.engine.background.message_dispatcher import MessageDispatcher
from statehold.engine.background.notifier import Notifier
from statehold.engine.background.poll_interval import PollInterval
from statehold.engine.background.rereader import Rereader
from statehold.engine.background.rescuer import Rescuer
from statehold.engine.background.timer_scheduler import TimerScheduler
from statehold.engine.clock import Clock, SystemClock
from statehold.engine.commit.group_commit import GroupCommit
from statehold.engine.commit.keys import key_of_caller
from statehold.engine.limits import Limits
from statehold.engine.log_fields import about, forget_outages, logger
from statehold.engine.machines.bulk_upgrade import BulkUpgrader
from statehold.engine.machines.compatibility import Fleet
from statehold.engine.machines.deploy import Deployer
from statehold.engine.machines.loader import Deployments, Loader
from statehold.engine.machines.startup_checks import check_machines
from statehold.engine.observer import EngineStats, Observer, StoreCounts, Tracer, tell
from statehold.engine.queries.instances import Past, Reader
from statehold.engine.queries.machines import MachineQueries
from statehold.engine.queries.search import search
from statehold.engine.queries.watchers import Watchers
from statehold.engine.requests.context import Identity, Runtime
from statehold.engine.requests.external import Send, Start
from statehold.engine.requests.operator import (
    Cancel,
    CancelTimer,
    FireTimer,
    Pause,
    RescheduleTimer,
    ResolveEffect,
    ResolveIncident,
    Resume,
    RetryEffect,
    RetryIncident,
    SkipEffect,
    SkipIncident,
)
from statehold.engine.requests.repair import Repair, Reread
from statehold.engine.requests.request import Request
from statehold.engine.requests.texts import (
    NAME_LIMIT,
    check_caller,
    check_request,
    check_texts,
    check_version,
)
from statehold.engine.retention.policy import Retention, by_machine
from statehold.engine.retention.pruner import Pruner
from statehold.engine.throughput.compactor import Compactor
from statehold.engine.throughput.recorder import Recorder
from statehold.engine.throughput.report import ThroughputReader
from statehold.errors import (
    DefinitionError,
    InstanceExists,
    InvalidPayload,
    MachineUnserved,
    NewerVersion,
    Problem,
    StateholdError,
    Stopping,
    TooLarge,
    UnknownEvent,
    UnknownIncident,
    UnknownMachine,
)
from statehold.instance.attempts import UNREADABLE_KEY, WAITING
from statehold.instance.draft import Draft, FailedAttempt
from statehold.instance.loaded import Loaded
from statehold.instance.reply import InstanceReply
from statehold.instance.tracebacks import at
from statehold.plain.text import name_fault
from statehold.records import ANYONE, Caller, Ref
from statehold.store import Hint, Query, Store, StoredDocument
from statehold.wire.base import ID_PATTERN, KEY_LIMIT, MAX_DELAY_SECONDS
from statehold.wire.instances import Changes, Explanation, Incidents, Instances
from statehold.wire.journal import Journal, JournalEntry
from statehold.wire.machines import Flows, Found, MachineDetail, Machines, PutReport, Window
from statehold.wire.operations import PurgeReport, SendRequest, UpgradeReport

log = logger(__name__)

_id = re.compile(ID_PATTERN)

_Life = Literal["new", "opening", "open", "closing", "closed"]


class Engine:
    """Runs machines on a store::

        async with Engine(SqliteStore("orders.db"), machines=[OrderFlow]) as engine:
            await engine.start(OrderFlow, id="o-1", data=Order(items=["pizza"]))
            reply = await engine.send(OrderFlow, "o-1", Accept(prep_minutes=12), key="k1")

    ``store`` is a store or the address of one (``sqlite:///orders.db``, ``memory:``). A machine is
    named by its class, its definition or its name. Everything that is asked is answered once it
    is committed; whatever is raised is a :class:`~statehold.errors.StateholdError`, and a
    ``Refused`` has changed nothing. ``seed`` makes ids and jitter repeatable. ``worker`` names this
    engine among those that share the store: a name that was never used on it before; one is made
    up where none is given. ``observer`` is told of what the engine does, ``tracer`` of each
    request (:mod:`statehold.observe` has both). ``retention`` says how long finished instances are
    kept, of every machine or by its name; without it nothing is ever purged. With
    ``deployments`` it also runs the machines that were put into the store as data, and takes new
    ones while it runs.
    """

    def __init__(
        self,
        store: Store | str,
        machines: Iterable[AMachine],
        *,
        clock: Clock | None = None,
        limits: Limits | None = None,
        seed: int | None = None,
        worker: str | None = None,
        observer: Observer | None = None,
        tracer: Tracer | None = None,
        retention: Retention | Mapping[str, Retention] | None = None,
        deployments: Deployments | None = None,
    ) -> None:
        self._store = _opened(store) if isinstance(store, str) else store
        lent = [] if deployments is None else deployments.offered.machines.values()
        self._coded = _by_name([*machines, *lent])
        #: with those that were put, while it is open
        self._definitions = dict(self._coded)
        #: by name, as they run now
        self.machines: Mapping[str, Definition[Any]] = MappingProxyType(self._definitions)
        if worker is not None and worker.startswith("("):
            raise ValueError(
                f"a worker can't be called {worker!r}: a name begins with no parenthesis"
            )
        name = worker or f"{socket.gethostname()}-{os.getpid()}-{uuid.uuid4().hex[:8]}"
        fault = name_fault(name, NAME_LIMIT)
        if fault is not None:
            raise ValueError(f"the worker's name: {fault}")
        self._identity = Identity(name, name)
        self._chance = random.Random(seed)
        self._clock = clock or SystemClock()
        self._limits = limits or Limits()
        self._observer = observer
        self._tracer = tracer
        self._retention = retention
        self._deployments = deployments
        # refuses names that nobody runs
        self._kept(open_ended=deployments is not None)
        self._life: _Life = "new"
        self._running = False
        self._assemble()

    def _assemble(self) -> None:
        """The parts of one opening: another one begins with new parts, on another event loop
        perhaps, and nothing of the last one is left in them."""
        self._definitions.clear()
        self._definitions.update(self._coded)
        self._runtime = runtime = Runtime(
            self.machines,
            self._clock,
            self._limits,
            self._identity,
            self._chance,
            Fleet(),
            Capacity(self._limits),
            self._observer,
            self._tracer,
        )
        self._membership = Membership(self._store, runtime, self._lost, self._beaten)
        self._loader = Loader(
            self._store, runtime, self._definitions, self._deployments, self._taken_up
        )
        self._group_commit = GroupCommit(
            self._store,
            runtime,
            self._committed,
            self._doubted,
            self._membership.doubt,
            self._loader.look,
        )
        self._watchers = Watchers()
        self._effect_runner = EffectRunner(
            self._store,
            runtime,
            self._group_commit,
            self._doubted,
            lambda: self._membership.is_alone,
        )
        self._message_dispatcher = MessageDispatcher(
            self._store, runtime, self._group_commit, self._interval()
        )
        self._timer_scheduler = TimerScheduler(
            self._store,
            runtime,
            self._group_commit,
            self._interval(),
            self._message_dispatcher.expect,
        )
        self._rescuer = Rescuer(
            self._store, runtime, self._group_commit, self._effect_runner.performs
        )
        self._rereader = Rereader(
            self._store, runtime, self._group_commit, self._effect_runner.performs
        )
        self._effect_canceller = EffectCanceller(self._store, runtime, self._effect_runner)
        self._pruner = Pruner(self._store, runtime, self._kept, self._group_commit.forget)
        self._bulk_upgrader = BulkUpgrader(self._store, self._group_commit)
        self._notifier = Notifier(self._store, runtime, self._heard)
        self._reader = Reader(
            self._store, self._runtime, self._group_commit, self._watchers, self._loader.renew
        )
        self._recorder = Recorder(self._store, runtime, uuid.uuid4().hex)
        self._compactor = Compactor(self._store, runtime)
        self._throughput = ThroughputReader(self._store, runtime, self._recorder)
        self._machine_queries = MachineQueries(self._store, runtime, self._throughput)
        self._deployer = Deployer(self._store, runtime, self._loader, self._notifier)

    # --- its life ---

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def open(self) -> None:
        """Checks the machines against the store and takes up whatever was left unfinished.

        An engine that was closed can be opened again, on another event loop too.

        Raises ``DefinitionError`` where a chart can't do what it says, changed under its version,
        or an upgrade is missing or wrong, ``StoreRefused`` or ``StoreUnavailable`` where the store
        can't be used, ``ArchiveFailed`` where an archive can't, ``StateholdError`` for an engine
        that is open.
        """
        if self._life not in ("new", "closed"):
            raise StateholdError(
                f"this engine is {self._life}; wait for its close, or make another one"
            )
        if self._life == "closed":
            self._assemble()
        self._life = "opening"
        forget_outages()
        try:
            await self._open()
        except BaseException:
            self._life = "closed"
            raise
        self._life = "open"
        self._running = True

    async def _open(self) -> None:
        if self._runtime.observer is not None:
            tell(self._runtime.observer.opened, self.machines)
        given = [self.machines[name] for name in self._loader.coded]
        check_machines(self._runtime, given)
        self._pruner.check()
        await self._store.open(self._runtime.worker)
        try:
            await self._loader.check()
            coded = {definition.name: definition for definition in given}
            await self._runtime.fleet.open(self._store, coded, self._runtime.now())
            await self._loader.open()
            await self._membership.open()
            self._group_commit.open()
            await self._rescuer.rescue()
        except BaseException:
            await self._close(self._loader, self._group_commit, self._membership, self._store)
            raise
        self._effect_runner.open()
        self._rescuer.open()
        self._rereader.open()
        self._effect_canceller.open()
        self._notifier.open()
        self._pruner.open()
        self._recorder.open()
        self._compactor.open()
        self._timer_scheduler.open()
        self._message_dispatcher.open()
        self._loader.run()

    async def close(self) -> None:
        """Stops gracefully: takes no more requests, ends what runs or hands it back."""
        if not self._running:
            return
        self._running, self._life = False, "closing"
        self._watchers.close()
        try:
            await self._close(
                self._loader,
                self._pruner,
                self._compactor,
                self._rescuer,
                self._rereader,
                self._timer_scheduler,
                self._message_dispatcher,
                self._effect_canceller,
                self._effect_runner,
                self._group_commit,
                self._recorder,
                self._notifier,
                self._membership,
                self._store,
            )
        finally:
            self._life = "closed"

    async def _close(self, *parts: _Part) -> None:
        """One after another, each whatever became of those before it: a store that stays open
        keeps everybody else out."""
        async with AsyncExitStack() as closing:
            for part in reversed(parts):
                closing.push_async_callback(part.close)

    async def check_ready(self) -> None:
        """Raises ``Unavailable`` if a request could not be served now."""
        if not self._running:
            raise Stopping
        self._membership.check()
        await self._store.ping()

    # --- requests ---

    async def start(
        self,
        machine: AMachine | str,
        id: str | None = None,
        data: Any = UNSET,
        *,
        key: str | None = None,
        caller: Caller = ANYONE,
        left_out: Tree | None = None,
    ) -> InstanceReply:
        """A new instance. ``data``: a value of the machine's data type, plain values, or JSON; left
        out, the type's defaults.

        Without an ``id`` one is generated: from the ``key`` if there is one, so that the same
        request of a caller gives the same instance. ``left_out`` are fields of JSON that its sender
        filled in with defaults (:mod:`statehold.chart.left_out`). Raises ``InstanceExists``,
        ``InvalidPayload``, ``StepFailed``.
        """
        definition = await self._found(machine)
        self._check_key(key)
        given = data
        if isinstance(given, bytes) and len(given) > self._runtime.limits.data_bytes:
            raise TooLarge("the data", len(given), self._runtime.limits.data_bytes)
        try:
            value = initial_data(definition.data, given, "the data")
        except InvalidPayload:
            # a newer version, put elsewhere just now, may have room for it
            if not await self._loader.renew(definition.name):
                raise
            definition = self.definition(machine)
            value = initial_data(definition.data, given, "the data")
        asked, read = None, value
        leave_out(read, left_out or {})
        raw, value = definition.data.write(value, "the data")
        if key is not None:
            asked = fingerprint(given, read, raw, left_out=bool(left_out))
        said = (definition, value, raw, key, caller, asked)
        if id is not None:
            return await self._start(id, *said)
        *first, last = await self._new_ids(definition.name, key, caller)
        for one in first:
            with contextlib.suppress(InstanceExists):
                return await self._start(one, *said)
        return await self._start(last, *said)

    async def _start(self, id: str, definition: Definition[Any], *said: Any) -> InstanceReply:
        request = Start(self._ref(definition, id), definition, *said)
        answer: InstanceReply = await self._ask(request)
        return answer

    async def send(
        self,
        machine: AMachine | str,
        id: str,
        event: Any,
        *,
        key: str | None = None,
        expected_seq: int | None = None,
        caller: Caller = ANYONE,
        left_out: Tree | None = None,
    ) -> InstanceReply:
        """Gives an instance an event: an event object, a mapping in wire form, or JSON.

        Raises ``UnknownInstance``, ``UnknownEvent``, ``InvalidPayload``, ``StaleSeq``,
        ``NotAllowed``, ``StepFailed``, ``KeyReused``. The same ``key`` gives the same answer and
        no second step. A paused instance holds the event; the answer says ``held``. ``left_out``
        are fields of JSON that its sender filled in with defaults
        (:mod:`statehold.chart.left_out`).
        """
        try:
            request = self._sending(machine, id, event, key, expected_seq, caller, left_out)
        except (UnknownMachine, UnknownEvent, InvalidPayload):
            # another worker may have been given a newer version just now
            if not await self._loader.renew(_name_of(machine)):
                raise
            request = self._sending(machine, id, event, key, expected_seq, caller, left_out)
        answer: InstanceReply = await self._ask(request)
        return answer

    async def send_many(
        self, requests: Sequence[SendRequest], *, caller: Caller = ANYONE
    ) -> list[InstanceReply | StateholdError]:
        """Many events at once, each answered for itself, in order."""
        answers: list[InstanceReply | StateholdError | None] = []
        submitted: list[tuple[int, Request]] = []
        for number, asked in enumerate(requests):
            try:
                request = self._sending(
                    asked.machine, asked.id, asked.event, asked.key, asked.expected_seq, caller
                )
                self._submit(request)
                submitted.append((number, request))
                answers.append(None)
            except StateholdError as error:
                answers.append(error)
        for number, sent in submitted:
            try:
                answers[number] = await self._answered(sent)
            except StateholdError as error:
                answers[number] = error
        return [answer for answer in answers if answer is not None]

    def _sending(
        self,
        machine: AMachine | str,
        id: str,
        event: Any,
        key: str | None,
        expected_seq: int | None,
        caller: Caller,
        left_out: Tree | None = None,
    ) -> Send:
        definition = self.definition(machine)
        self._check_key(key)
        parsed, plain = parse_event(definition, event, self._runtime.limits.event_bytes)
        if left_out:
            leave_out(parsed, left_out)
        given = None if key is None else _event_fingerprint(event, parsed, plain, bool(left_out))
        return Send(
            self._ref(definition, id),
            definition,
            parsed,
            plain,
            key=key,
            expected_seq=expected_seq,
            caller=caller,
            given=given,
        )

    # --- a person's requests ---

    async def pause(
        self,
        machine: AMachine | str,
        id: str,
        *,
        reason: str | None = None,
        caller: Caller = ANYONE,
    ) -> InstanceReply:
        """From now on the instance holds what comes, until it is resumed."""
        answer: InstanceReply = await self._ask(Pause(self._named(machine, id), reason, caller))
        return answer

    async def resume(
        self,
        machine: AMachine | str,
        id: str,
        *,
        reason: str | None = None,
        caller: Caller = ANYONE,
    ) -> InstanceReply:
        answer: InstanceReply = await self._ask(Resume(self._named(machine, id), reason, caller))
        return answer

    async def cancel(
        self,
        machine: AMachine | str,
        id: str,
        *,
        reason: str | None = None,
        caller: Caller = ANYONE,
    ) -> InstanceReply:
        """Ends the instance and all it has under way; no action of its chart runs."""
        answer: InstanceReply = await self._ask(Cancel(self._named(machine, id), reason, caller))
        return answer

    async def retry(
        self, incident: str, *, reason: str | None = None, caller: Caller = ANYONE
    ) -> InstanceReply:
        """Tries again what used up its tries. Raises ``UnknownIncident``."""
        ref, key = self._incident(incident)
        request: Request = RetryIncident(ref, key, reason, caller)
        if key == UNREADABLE_KEY:
            request = Reread(ref, self._effect_runner.performs, None, reason, caller)
        answer: InstanceReply = await self._ask(request)
        return answer

    async def repair(
        self,
        machine: AMachine | str,
        id: str,
        data: Any,
        *,
        state: Sequence[str] = (),
        reason: str | None = None,
        caller: Caller = ANYONE,
    ) -> InstanceReply:
        """Gives an instance that can't be read new data, and new states where ``state`` names the
        active leaves: it goes on from there, in the version that runs here.

        Raises ``ActRefused`` where it can be read, ``InvalidPayload`` where the data does not fit
        the machine's type or the states make no configuration.
        """
        ref = self._named(machine, id)
        definition = self.definition(machine)
        value = initial_data(definition.data, data, "the data")
        request = Repair(ref, definition.data.dump(value), state, reason, caller)
        answer: InstanceReply = await self._ask(request)
        return answer

    async def skip(
        self, incident: str, *, reason: str | None = None, caller: Caller = ANYONE
    ) -> InstanceReply:
        """Gives it up: no event comes of it."""
        ref, key = self._incident(incident)
        answer: InstanceReply = await self._ask(SkipIncident(ref, key, reason, caller))
        return answer

    async def resolve(
        self,
        incident: str,
        result: Any = None,
        *,
        reason: str | None = None,
        caller: Caller = ANYONE,
    ) -> InstanceReply:
        """Takes ``result``, plain JSON values, for what the effect gave."""
        ref, key = self._incident(incident)
        answer: InstanceReply = await self._ask(ResolveIncident(ref, key, result, reason, caller))
        return answer

    async def fire_timer(
        self,
        machine: AMachine | str,
        id: str,
        timer: str,
        *,
        reason: str | None = None,
        caller: Caller = ANYONE,
    ) -> InstanceReply:
        """Its time has come. Raises ``UnknownTimer``; ``NotAllowed`` where nothing would come of
        it, ``StepFailed``, ``ActRefused`` while paused: then it runs on."""
        ref = self._named(machine, id)
        answer: InstanceReply = await self._ask(FireTimer(ref, timer, reason, caller))
        return answer

    async def cancel_timer(
        self,
        machine: AMachine | str,
        id: str,
        timer: str,
        *,
        reason: str | None = None,
        caller: Caller = ANYONE,
    ) -> InstanceReply:
        """It will not fire, unless its state is entered anew. Raises ``UnknownTimer``."""
        ref = self._named(machine, id)
        answer: InstanceReply = await self._ask(CancelTimer(ref, timer, reason, caller))
        return answer

    async def reschedule_timer(
        self,
        machine: AMachine | str,
        id: str,
        timer: str,
        *,
        due: datetime | None = None,
        seconds: float | None = None,
        reason: str | None = None,
        caller: Caller = ANYONE,
    ) -> InstanceReply:
        """It fires at ``due`` or ``seconds`` from now, of which one is given. Raises
        ``UnknownTimer``, ``InvalidPayload``."""
        if (due is None) == (seconds is None):
            raise InvalidPayload("the request", {"due": "give either due or seconds"})
        if due is not None and due.utcoffset() is None:
            raise InvalidPayload("the request", {"due": "it has no time zone; end it with Z, say"})
        if seconds is not None and not 0 <= seconds <= MAX_DELAY_SECONDS:
            why = f"it is {seconds:g}; give 0 to {MAX_DELAY_SECONDS}, a hundred years"
            raise InvalidPayload("the request", {"seconds": why})
        ref = self._named(machine, id)
        request = RescheduleTimer(ref, timer, due, seconds, reason, caller)
        answer: InstanceReply = await self._ask(request)
        return answer

    async def retry_effect(
        self,
        machine: AMachine | str,
        id: str,
        key: str,
        *,
        reason: str | None = None,
        caller: Caller = ANYONE,
    ) -> InstanceReply:
        """Tries an effect again at once that waits, for its next try or a person. Raises
        ``UnknownEffect``, ``ActRefused`` while a try is under way."""
        ref = self._named(machine, id)
        answer: InstanceReply = await self._ask(RetryEffect(ref, key, reason, caller))
        return answer

    async def skip_effect(
        self,
        machine: AMachine | str,
        id: str,
        key: str,
        *,
        reason: str | None = None,
        caller: Caller = ANYONE,
    ) -> InstanceReply:
        """Gives an effect up, under way or not: no event comes of it. Raises ``UnknownEffect``."""
        ref = self._named(machine, id)
        answer: InstanceReply = await self._ask(SkipEffect(ref, key, reason, caller))
        return answer

    async def resolve_effect(
        self,
        machine: AMachine | str,
        id: str,
        key: str,
        result: Any = None,
        *,
        reason: str | None = None,
        caller: Caller = ANYONE,
    ) -> InstanceReply:
        """Takes ``result``, plain JSON values, for what the effect gave, under way or not. Raises
        ``UnknownEffect``, ``InvalidPayload``, ``ActRefused`` while paused."""
        ref = self._named(machine, id)
        answer: InstanceReply = await self._ask(ResolveEffect(ref, key, result, reason, caller))
        return answer

    async def upgrade(
        self,
        machine: AMachine | str,
        id: str | None = None,
        *,
        reason: str | None = None,
        caller: Caller = ANYONE,
    ) -> UpgradeReport:
        """Brings one instance, or all of them, to the version that runs here."""
        definition = await self._found(machine)
        await self._loader.renew(definition.name)
        definition = self.definition(machine)
        check_caller(caller)
        check_texts("the request", reason=reason)
        if not self._running:
            raise Stopping
        if id is not None:
            id = self._ref(definition, id).id
        return await self._bulk_upgrader.upgrade(definition, id, reason, caller)

    async def purge(
        self,
        machine: AMachine | str,
        retention: Retention,
        *,
        dry_run: bool = False,
    ) -> PurgeReport:
        """Purges at once what was kept long enough by this ``retention``; a dry run only counts it.

        Raises ``ArchiveFailed`` where it can't be written out: then it stays.
        """
        if not self._running:
            raise Stopping
        return await self._pruner.purge(self.definition(machine).name, retention, dry_run=dry_run)

    async def put(
        self,
        document: bytes | str,
        notation: str = "native",
        *,
        reason: str | None = None,
        caller: Caller = ANYONE,
        dry_run: bool = False,
    ) -> PutReport:
        """A machine that comes as data, or its next version: checked, kept with who put it and why,
        and run by every worker from then on. A dry run only says what would be.

        The same text again changes nothing. Raises ``DocumentRefused`` with everything that is
        wrong with it, ``PutRefused`` where it can't be put beside what is there, ``TooLarge``.
        """
        if not self._running:
            raise Stopping
        check_caller(caller)
        check_texts("the request", reason=reason, notation=notation)
        if isinstance(document, str):
            check_texts("the request", document=document)
            document = document.encode()
        return await self._deployer.put(document, notation, reason, caller, dry_run=dry_run)

    # --- questions ---

    async def read(
        self, machine: AMachine | str, id: str, *, caller: Caller = ANYONE
    ) -> InstanceReply:
        """The instance as it is now. Raises ``UnknownInstance``."""
        await self._found(machine)
        return await self._reader.read(self._named(machine, id), caller)

    async def list(self, query: Query) -> Instances:
        await self._found(query.machine)
        return await self._reader.list(query)

    async def journal(
        self,
        machine: AMachine | str,
        id: str,
        *,
        after: int = 0,
        limit: int = 100,
        data: bool = False,
    ) -> Journal:
        """Lines of the journal with a seq above ``after``; with ``data``, the data after each."""
        return await self._reader.journal(self._named(machine, id), after, limit, data=data)

    async def at(self, machine: AMachine | str, id: str, seq: int) -> Past:
        """State and data after the step ``seq``, from the journal alone."""
        return await self._reader.at(self._named(machine, id), seq)

    async def explain(
        self, machine: AMachine | str, id: str, *, caller: Caller = ANYONE
    ) -> Explanation:
        return await self._reader.explain(self._named(machine, id), caller)

    def watch(
        self, machine: AMachine | str, id: str, *, after: int = 0
    ) -> AsyncIterator[JournalEntry]:
        """Lines of the journal above ``after``, then as they come; ends with the instance."""
        return self._reader.watch(self._named(machine, id), after)

    async def watch_machine(self, machine: AMachine | str) -> AsyncIterator[Changes]:
        """Which of its instances have changed, as they are by then; several changes of one may come
        as one. The first, empty, says that all that follow are told; it ends when the engine
        stops. Raises ``UnknownMachine`` at once."""
        return self._reader.watch_machine((await self._found(machine)).name)

    async def watch_machines(self) -> AsyncIterator[Changes]:
        """As :meth:`watch_machine`, of every machine."""
        return self._reader.watch_machine(None)

    async def incidents(
        self,
        machine: AMachine | str | None = None,
        *,
        limit: int = 50,
        cursor: str | None = None,
    ) -> Incidents:
        """What waits for a person. ``limit`` counts instances, each with all its incidents."""
        check_texts("the request", cursor=cursor)
        name = None if machine is None else self.definition(machine).name
        return await self._reader.incidents(name, limit, cursor)

    async def machine_list(self) -> Machines:
        return await self._machine_queries.machines()

    async def machine_detail(
        self, machine: AMachine | str, version: int | None = None
    ) -> MachineDetail:
        check_version(version)
        await self._found(machine)
        return await self._machine_queries.machine(self.definition(machine).name, version)

    async def flows(
        self, machine: AMachine | str, window: Window = "24h", version: int | None = None
    ) -> Flows:
        """What went through it until now, of one version or of every. Raises ``InvalidPayload`` for
        a version that the store has not seen."""
        check_version(version)
        definition = await self._found(machine)
        chart = await self._machine_queries.chart(definition, version)
        return await self._throughput.flows(definition, chart, window, version)

    async def search(self, text: str, *, limit: int = 20) -> Found:
        """What a text leads to in every machine, at most ``limit`` of each kind."""
        check_texts("the request", text=text)
        return await search(self._store, self._runtime, text, limit)

    async def document(self, machine: AMachine | str, version: int | None = None) -> StoredDocument:
        """A version as it was put, the newest if none is named. Raises ``InvalidPayload`` where
        that version was not put, or the machine is given by code."""
        check_version(version)
        return await self._machine_queries.document(_name_of(machine), version)

    def unserved(self) -> Mapping[str, tuple[int, str]]:
        """Machines that were put and can't be run here: which version, and why."""
        return dict(self._runtime.unserved)

    def troubles(self) -> Sequence[str]:
        """What a person is to look at, though requests are taken: one sentence each."""
        limits, found = self._runtime.limits, []
        for name, (version, why) in sorted(self._runtime.unserved.items()):
            found.append(f"put and not run here: {name} {version}, {why}")
        age = self._membership.lease_age_seconds
        if age is not None and age > limits.heartbeat_seconds * 1.5:
            found.append(
                f"no heartbeat for {age:.0f} s; other workers take over at {limits.lease_seconds:g}"
            )
        for lane in self._runtime.capacity.lanes:
            if lane.hung:
                found.append(
                    f"calls of a {lane.kind} that go on though their time is up: {lane.hung}; at "
                    f"{limits.hung} further attempts fail"
                )
            if lane.queue:
                found.append(
                    f"attempts that wait for a place, of a {lane.kind}: {len(lane.queue)}; there "
                    f"are {lane.places} places"
                )
        return found

    async def chart(self, machine: AMachine | str, version: int | None = None) -> Chart:
        check_version(version)
        return await self._machine_queries.chart(await self._found(machine), version)

    def stats(self) -> EngineStats:
        """How this engine is, now."""
        membership = self._membership
        return EngineStats(
            self._group_commit.waiting,
            self._group_commit.cached,
            self._effect_runner.running,
            len(membership.alive),
            membership.lease_age_seconds,
            self._notifier.lost,
            self._group_commit.cached_bytes,
        )

    async def store_counts(self) -> StoreCounts:
        """What the store has of each machine: a few queries for each."""
        return await self._machine_queries.store_counts()

    def definition(self, machine: AMachine | str) -> Definition[Any]:
        """Raises ``UnknownMachine``."""
        return self._runtime.definition(_name_of(machine))

    async def _found(self, machine: AMachine | str) -> Definition[Any]:
        """As ``definition``; one that is not known here may have been put elsewhere just now."""
        try:
            return self.definition(machine)
        except (UnknownMachine, MachineUnserved):
            if not await self._loader.renew(_name_of(machine)):
                raise
            return self.definition(machine)

    # --- parts ---

    async def _ask(self, request: Request) -> Any:
        self._submit(request)
        return await self._answered(request)

    async def _answered(self, request: Request) -> Any:
        try:
            return await request.future
        except NewerVersion:
            # it was put elsewhere just now
            if not await self._loader.renew(request.ref.machine):
                raise
        request.again()
        self._submit(request)
        return await request.future

    def _submit(self, request: Request) -> None:
        if not self._running:
            raise Stopping
        check_request(request)
        self._group_commit.submit(request)

    def _committed(self, draft: Draft, loaded: Loaded) -> None:
        """What a commit sets going."""
        for key in draft.stopped:
            self._effect_runner.stop(draft.ref, key)
        for key in draft.started:
            self._effect_runner.begin(draft.definition, loaded, key)
        for mishap in draft.failed_attempts:
            self._note(draft, mishap)
        is_waiting = bool(loaded.row.held_by) and any(one in WAITING for one in loaded.row.held_by)
        if is_waiting:
            self._effect_runner.look()
        if draft.is_mended:
            self._message_dispatcher.again()
        if draft.messages or draft.released:
            self._message_dispatcher.expect()
            for message in draft.messages:
                if message.due_at is not None:
                    self._timer_scheduler.expect(message.due_at)
        if loaded.row.wake_at is not None:
            self._timer_scheduler.expect(loaded.row.wake_at)
        self._watchers.publish(draft.ref)
        # it is committed, whatever becomes of counting it
        tell(self._recorder.count, draft)
        # a worker that stops may not have heard of one that came to take its place
        if not self._membership.is_alone or not self._running:
            wake_at = loaded.row.wake_at
            # while it runs, this worker does what is due itself
            due = not self._running and wake_at is not None and wake_at <= draft.now
            due = due or is_waiting
            self._notifier.changed(draft.ref, mail=bool(draft.messages or draft.released), due=due)

    def _note(self, draft: Draft, mishap: FailedAttempt) -> None:
        """What waits for a person, and what the machine's own code has put off."""
        later = mishap.next
        is_incident = later.incident_at is not None
        if not is_incident and later.kind == "effect" and later.outcome is None:
            # the effect runner has logged it
            return
        more: dict[str, Any] = {"seq": draft.instance.seq, "attempt": later.attempt}
        if mishap.traceback:
            more["exception"] = mishap.traceback
        log.warning(
            "%s %s of %s/%s %s: %s%s",
            later.kind,
            mishap.name,
            draft.ref.machine,
            draft.ref.id,
            "is an incident" if is_incident else f"failed at attempt {later.attempt}",
            later.error,
            at(mishap.traceback),
            extra=about(self._runtime, draft.ref, **more),
        )

    def _heard(self, hint: Hint) -> None:
        """Another worker has changed something."""
        if hint.mail:
            self._message_dispatcher.expect()
        if hint.documents:
            self._loader.look()
        if hint.due:
            self._timer_scheduler.look()
            self._effect_runner.look()
        self._effect_canceller.look(hint.changed)
        if hint.changed is None:
            self._watchers.publish_many()
        for ref in hint.changed or ():
            self._watchers.publish(ref)

    def _beaten(self, is_time: bool) -> None:
        """After each heartbeat; ``is_time``: to look for what dead workers have left."""
        self._loader.look()
        self._effect_canceller.look()
        self._effect_runner.look()
        if is_time:
            self._rescuer.look()
            self._timer_scheduler.look()
            self._message_dispatcher.expect()

    def _taken_up(self, definition: Definition[Any]) -> None:
        """A machine that was put runs here from now on: whatever waits for it is looked for."""
        if self._runtime.observer is not None:
            tell(self._runtime.observer.opened, self.machines)
        if self._running:
            self._group_commit.try_again(definition.name)
            self._rereader.look()
            self._timer_scheduler.look()
            self._message_dispatcher.expect()
            self._rescuer.look()
            self._effect_runner.look()

    def _kept(self, *, open_ended: bool = True) -> Mapping[str, Retention]:
        return by_machine(self._retention, self.machines, open_ended=open_ended)

    def _lost(self) -> None:
        """This worker was taken for dead."""
        self._group_commit.forget()
        self._effect_runner.drop_all()

    def _interval(self) -> PollInterval:
        return PollInterval(
            self._runtime.limits,
            lambda: len(self._membership.alive),
            exclusive=self._store.exclusive,
        )

    def _doubted(self, refs: Iterable[Ref]) -> None:
        refs = list(refs)
        self._rescuer.doubt(refs)
        for ref in refs:
            # if it was written all the same, watchers would not hear of it before the next step
            self._watchers.publish(ref)

    def _named(self, machine: AMachine | str, id: str) -> Ref:
        return self._ref(self.definition(machine), id)

    def _ref(self, definition: Definition[Any], id: str) -> Ref:
        if not isinstance(id, str) or _id.fullmatch(id) is None:
            why = f"{id!r} is none: letters, digits and . _ : @ -, at most 200, a letter first"
            raise InvalidPayload("the id", {"id": why})
        return Ref(definition.name, id)

    def _incident(self, incident: str) -> tuple[Ref, str]:
        parts = incident.split("/", 2)
        if len(parts) != 3:
            raise UnknownIncident(incident)
        return self._named(parts[0], parts[1]), parts[2]

    def _check_key(self, key: str | None) -> None:
        if key is None:
            return
        check_texts("the request", key=key)
        if not 1 <= len(key) <= KEY_LIMIT:
            raise TooLarge("the idempotency key", len(key), KEY_LIMIT, "characters")

    async def _new_ids(self, machine: str, key: str | None, caller: Caller) -> Sequence[str]:
        """The ids to be tried for a start without one, in turn. The first caller of a key gets the
        id that earlier releases make of it, every other caller one of its own."""
        if key is None:
            return [str(uuid.UUID(int=self._runtime.chance.getrandbits(128), version=4))]
        first, own = (_id_from(f"{machine}\0{one}") for one in (key, key_of_caller(caller, key)))
        if caller.name:
            # one of its own is there even where the first caller's has been purged since
            ref = Ref(machine, own)
            if await self._store.load([ref]):
                return [own]
        return [first, own]


def _event_fingerprint(given: Any, parsed: Any, plain: Any, left_out: bool) -> str:
    given = given.encode() if isinstance(given, str) else given
    return fingerprint(given, parsed, bytes(plain), left_out=left_out)


def _id_from(text: str) -> str:
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
    return str(uuid.UUID(bytes=digest[:16], version=5))


def _name_of(machine: AMachine | str) -> str:
    return machine if isinstance(machine, str) else machine.definition.name


def _opened(address: str) -> Store:
    """The engine knows no store by name; only an address makes it look for one."""
    store: Store = importlib.import_module("statehold.stores").open_store(address)
    return store


class _Part(Protocol):
    async def close(self) -> None: ...


def _by_name(machines: Iterable[AMachine]) -> dict[str, Definition[Any]]:
    """The machines and, with them, those that they invoke."""
    found: dict[str, Definition[Any]] = {}
    pending = [machine.definition for machine in machines]
    while pending:
        definition = pending.pop(0)
        known = found.get(definition.name)
        if known is definition:
            continue
        if known is not None:
            raise DefinitionError(
                definition.name,
                [
                    Problem(
                        f"versions {known.version} and {definition.version}",
                        "two machines of one name were given to one engine",
                        "give the newest version alone, with its upgrades, or another name",
                    )
                ],
            )
        found[definition.name] = definition
        pending += [child.definition for child in definition.children.values()]
    return found
