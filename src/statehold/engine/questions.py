"""What an engine is asked: each question names the right that its caller needs."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime
from functools import partial

from statehold.chart.access import Right
from statehold.chart.machine import MachineName, V
from statehold.chart.model import Chart
from statehold.engine.parts import Parts
from statehold.engine.queries.journals import Past
from statehold.engine.queries.rights import reads_document, visible_chart
from statehold.engine.queries.search import search
from statehold.engine.recorded import records_refusals
from statehold.engine.requests.intake import name_of
from statehold.engine.requests.texts import check_texts, check_version
from statehold.instance.authorize import authorize, authorize_audit
from statehold.instance.reply import InstanceReply
from statehold.records import ANYONE, Caller, Ref
from statehold.security import AuditPage, AuditQuery, TokenStore
from statehold.store import Query, StoredDocument
from statehold.wire.instances import Changes, Explanation, Incidents, Instances
from statehold.wire.journal import Journal, JournalEntry
from statehold.wire.machines import Flows, Found, MachineDetail, Machines, Window


@records_refusals
class Questions:
    """The part of an engine that reads.

    A question asks for its caller's right first, ``read`` where its text says nothing else, and
    raises ``Forbidden``. Who does not have it on all instances of a machine does not learn whether
    one exists.
    """

    @property
    def _parts(self) -> Parts:
        raise NotImplementedError

    async def read(
        self, machine: MachineName[V], id: str, *, view: str | None = None, caller: Caller = ANYONE
    ) -> InstanceReply[V]:
        """The instance as it is now, in the caller's view or in the ``view`` of this name. Raises
        ``UnknownInstance``, ``Forbidden``, and ``InvalidPayload`` for a view that is not the
        caller's."""
        return await self._parts.instances.read(
            await self._asked(machine, id, caller), caller, view
        )

    async def list(
        self, query: Query, *, max_lag_seconds: float | None = None, caller: Caller = ANYONE
    ) -> Instances:
        """A page of the instances that the caller may read. ``max_lag_seconds`` bounds how far it
        may be behind, within ``Limits.read_lag_seconds``: with less than the time since a write was
        acknowledged, it has that write; with 0, it is not behind."""
        return await self._parts.instances.list(query, max_lag_seconds, caller)

    async def journal(
        self, machine: MachineName, id: str, *,
        after: int = 0, limit: int = 100, data: bool = False, caller: Caller = ANYONE,
    ) -> Journal:  # fmt: skip
        """Entries of the journal with a seq above ``after``; with ``data``, the data after each.
        For those who may ``inspect`` it."""
        ref = await self._asked(machine, id, caller, "inspect")
        return await self._parts.journals.journal(ref, after, limit, caller, data=data)

    async def at(self, machine: MachineName, id: str, seq: int, *, caller: Caller = ANYONE) -> Past:
        """State and data after the step ``seq``, from the journal alone. For those who may
        ``inspect`` it."""
        ref = await self._asked(machine, id, caller, "inspect")
        return await self._parts.journals.at(ref, seq, caller)

    async def explain(
        self, machine: MachineName, id: str, *, caller: Caller = ANYONE
    ) -> Explanation:
        """Where it is, why, and what can happen next. For those who may ``inspect`` it; children
        that the caller may not read are left out."""
        ref = await self._asked(machine, id, caller, "inspect")
        return await self._parts.instances.explain(ref, caller)

    def watch(
        self, machine: MachineName, id: str, *, after: int = 0, caller: Caller = ANYONE
    ) -> AsyncIterator[JournalEntry]:
        """Entries of the journal above ``after``, then new ones; ends with the instance. For those
        who may ``inspect`` it, and raises ``Forbidden`` as soon as the caller may not any more."""
        find = partial(self._asked, machine, id, caller, "inspect")
        return self._parts.watching.watch(find, after, caller)

    def watch_view(
        self, machine: MachineName[V], id: str, *, view: str | None = None, caller: Caller = ANYONE
    ) -> AsyncIterator[InstanceReply[V]]:
        """The instance as :meth:`read` shows it, now and after each change of that; changes that
        follow each other fast may be one. Ends with the instance, and raises ``Forbidden`` as soon
        as the caller may not read it any more."""
        find = partial(self._asked, machine, id, caller)
        return self._parts.watching.watch_view(find, caller, view)

    async def watch_machine(
        self, machine: MachineName, *, caller: Caller = ANYONE
    ) -> AsyncIterator[Changes]:
        """Which instances of the machine have changed, as they are now; several changes of one may
        be merged. The first item is empty: every later change is reported. Ends when the engine
        stops. For those who may read all instances. Raises ``UnknownMachine`` at once."""
        return await self._parts.watching.watch_machine(name_of(machine), caller)

    async def watch_machines(self, *, caller: Caller = ANYONE) -> AsyncIterator[Changes]:
        """As :meth:`watch_machine`, of every machine of which the caller may read all instances."""
        return self._parts.watching.watch_machines(caller)

    async def incidents(
        self, machine: MachineName | None = None, *,
        limit: int = 50, cursor: str | None = None, max_lag_seconds: float | None = None,
        caller: Caller = ANYONE,
    ) -> Incidents:  # fmt: skip
        """Open incidents of the instances that the caller may ``inspect``. ``limit`` counts
        instances, each with all its incidents; ``max_lag_seconds`` as in :meth:`list`."""
        check_texts("the request", cursor=cursor)
        name = None if machine is None else name_of(machine)
        return await self._parts.incidents.incidents(name, limit, cursor, max_lag_seconds, caller)

    async def machine_list(
        self, *, max_lag_seconds: float | None = None, caller: Caller = ANYONE
    ) -> Machines:
        """What runs here, of what the caller has any right on, with counts where it may read all
        instances; ``max_lag_seconds`` as in :meth:`list`."""
        return await self._parts.machines.machines(max_lag_seconds, caller)

    async def machine_detail(
        self, machine: MachineName, version: int | None = None, *,
        max_lag_seconds: float | None = None, caller: Caller = ANYONE,
    ) -> MachineDetail:  # fmt: skip
        """A machine's chart, for those who have any right on it, with counts where the caller may
        read all instances; ``max_lag_seconds`` as in :meth:`list`."""
        check_version(version)
        definition = await self._parts.finder.machine(name_of(machine), caller)
        return await self._parts.machines.machine(definition, version, max_lag_seconds, caller)

    async def flows(
        self, machine: MachineName, window: Window = "24h", version: int | None = None, *,
        max_lag_seconds: float | None = None, caller: Caller = ANYONE,
    ) -> Flows:  # fmt: skip
        """Throughput of the machine in the window, of one version or of all; ``max_lag_seconds`` as
        in :meth:`list`. For those who may read all instances. Raises ``InvalidPayload`` for a
        version that the store has not seen."""
        check_version(version)
        definition = await self._parts.finder.machine(name_of(machine), caller)
        authorize(caller, "read", definition)
        chart = await self._parts.machines.chart(definition, version)
        read = partial(
            self._parts.throughput.flows,
            definition=definition, chart=chart, window=window, version=version,
        )  # fmt: skip
        return await self._parts.reading.ask(read, max_lag_seconds)

    async def search(
        self, text: str, *,
        limit: int = 20, max_lag_seconds: float | None = None, caller: Caller = ANYONE,
    ) -> Found:  # fmt: skip
        """Search results for a text in every machine that the caller has any right on, at most
        ``limit`` of each kind, of instances those that it may read; ``max_lag_seconds`` as in
        :meth:`list`."""
        check_texts("the request", text=text)
        read = partial(
            search, context=self._parts.context, text=text, limit=limit, caller=caller
        )  # fmt: skip
        return await self._parts.reading.ask(read, max_lag_seconds)

    async def document(
        self, machine: MachineName, version: int | None = None, *, caller: Caller = ANYONE
    ) -> StoredDocument:
        """A deployed version, the newest if none is named, for those who may ``inspect`` all
        instances, or may ``put`` it. Raises ``InvalidPayload`` where that version was not deployed,
        or the machine is given by code."""
        check_version(version)
        name = name_of(machine)
        if caller.roles is not None:
            definition = await self._parts.finder.machine(name, caller, "inspect")
            if not reads_document(caller, definition):
                authorize(caller, "inspect", definition)
        return await self._parts.machines.document(name, version)

    async def chart(
        self, machine: MachineName, version: int | None = None, *, caller: Caller = ANYONE
    ) -> Chart:
        """The chart of a version, for those who have any right on the machine; its outline for
        those who may inspect no instance."""
        check_version(version)
        definition = await self._parts.finder.machine(name_of(machine), caller)
        chart = await self._parts.machines.chart(definition, version)
        return visible_chart(caller, definition, chart)

    @property
    def tokens(self) -> TokenStore:
        """The tokens of the store, for an authenticator."""
        return self._parts.store

    def now(self) -> datetime:
        """The time by the engine's clock."""
        return self._parts.context.now()

    async def audit(self, query: AuditQuery, *, caller: Caller = ANYONE) -> AuditPage:
        """A page of the audit log, for those whom the server permits it
        (:attr:`.chart.access.ServerAccess.audit`)."""
        check_texts(
            "the request",
            machine=query.machine,
            id=query.id,
            caller=query.caller,
            action=query.action,
            cursor=query.cursor,
        )
        authorize_audit(caller)
        return await self._parts.store.audit(query)

    def refused(
        self, caller: Caller, action: str, machine: str = "", id: str = "", detail: str = ""
    ) -> None:
        """Records a refusal in the audit log that was not this engine's own, such as a server's.
        Returns at once: it is written about a second later. The engine's own are recorded."""
        self._parts.audit.refused(caller, action, machine, id, detail)

    async def _asked(
        self, machine: MachineName, id: str, caller: Caller, right: Right = "read"
    ) -> Ref:
        """The instance that a caller asks for, whose machine it sees."""
        await self._parts.finder.machine(name_of(machine), caller, right)
        return self._parts.intake.ref(machine, id)
