# long because each route of the server has its method, and a user reads them as one list
"""The client, written once: :mod:`.blocking` runs it for code without an event loop."""

from __future__ import annotations

import uuid
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from datetime import datetime
from types import TracebackType
from typing import Any, Self, TypeVar, overload

import httpx
import pydantic_core
from msgspec import UNSET, UnsetType
from pydantic import BaseModel

from statehold.chart.event import Event
from statehold.chart.left_out import LeftOut, left_out_of
from statehold.chart.machine import Definition, E, I, MachineClass, MachineName, V
from statehold.chart.payload import event_json, jsonable
from statehold.client.addresses import (
    path_of,
)
from statehold.client.credentials import Bearer, TokenSource, claims
from statehold.client.keys import key_headers, naming_keys
from statehold.client.operator import Operator
from statehold.client.problems import reply_or_error
from statehold.client.shown import read_as
from statehold.client.transport import Backoff, Transport
from statehold.client.watch import watch_changes, watch_instance, watch_replies
from statehold.errors import StateholdError, Unavailable
from statehold.records import Status
from statehold.store import Order
from statehold.wire.audit import AuditLines
from statehold.wire.instances import Changes, Explanation, Instances, Reply, Summary
from statehold.wire.journal import Journal, JournalEntry
from statehold.wire.machines import (
    Flows,
    Found,
    MachineDetail,
    Machines,
    MachineSummary,
    PutReport,
    Window,
)
from statehold.wire.operations import Me, SendAnswers, SendRequest

W = TypeVar("W", bound=BaseModel)

DEFAULT_URL = "http://127.0.0.1:8420"


class AsyncClient(Operator):
    """A client of one server.

    ``caller`` and ``roles`` are sent in the headers that a server on this host believes; ``token``
    is sent as ``Authorization: Bearer``, and may be a function that gives one, and another once the
    server refuses it; ``headers`` are sent as they are. ``timeout_seconds`` bounds one attempt,
    ``backoff`` how often a repeatable request is repeated. Event loops use a client in turn.

    Lists and counts may come from a standby of the server's store, as ``lag_seconds`` says. They
    are never behind what this client has written, and with ``max_lag_seconds=0`` not behind at all.

    Every method raises the errors that an engine raises, ``Unavailable`` where
    no answer came, and :class:`.ProblemError` for a problem that has no class.
    """

    def __init__(
        self,
        base_url: str = DEFAULT_URL,
        *,
        caller: str | None = None,
        roles: Sequence[str] | None = None,
        token: TokenSource | None = None,
        headers: Mapping[str, str] | None = None,
        timeout_seconds: float = 30.0,
        backoff: Backoff = Backoff(),  # noqa: B008 - frozen
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        sent = claims(caller, roles, headers)
        auth = None if token is None else Bearer(token)

        def make() -> httpx.AsyncClient:
            return httpx.AsyncClient(
                base_url=base_url, headers=sent, auth=auth, timeout=timeout_seconds,
                transport=transport,
            )  # fmt: skip

        self._transport = Transport(make, backoff)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Closes the connections."""
        await self._transport.close()

    # --- machines ------------------------------------------------------------------------------

    async def machines(self, *, max_lag_seconds: float | None = None) -> list[MachineSummary]:
        """The machines that the server runs."""
        return (await self._read(Machines, "/api/machines", {}, max_lag_seconds)).machines

    async def machine(
        self, machine: MachineName, version: int | None = None, *,
        max_lag_seconds: float | None = None,
    ) -> MachineDetail:  # fmt: skip
        """A machine with its chart, of the newest version by default."""
        params = {"version": version}
        return await self._read(MachineDetail, path_of(machine), params, max_lag_seconds)

    async def flows(
        self, machine: MachineName, window: Window = "24h", version: int | None = None, *,
        max_lag_seconds: float | None = None,
    ) -> Flows:  # fmt: skip
        """A machine's throughput, of one version or of all."""
        params = {"window": window, "version": version}
        return await self._read(Flows, f"{path_of(machine)}/flows", params, max_lag_seconds)

    async def search(
        self, text: str, *, limit: int = 20, max_lag_seconds: float | None = None
    ) -> Found:
        """Machines, states, events and instances that match a text, at most ``limit`` of each."""
        params = {"q": text, "limit": limit}
        return await self._read(Found, "/api/search", params, max_lag_seconds)

    async def audit(
        self, /, *, limit: int = 50, cursor: str | None = None, **only: str
    ) -> AuditLines:
        """A page of the audit log, newest first; ``only`` those with this ``machine``, ``id``,
        ``caller``, ``action`` or ``outcome``, and from ``since`` up to ``until`` (ISO 8601)."""
        params = {**only, "limit": limit, "cursor": cursor}
        return await self._ask(AuditLines, "GET", "/api/audit", params=params)

    async def me(self) -> Me:
        """The caller that the server takes this client for, and its permissions."""
        return await self._ask(Me, "GET", "/api/me")

    async def mermaid(self, machine: MachineName, instance: str | None = None) -> str:
        """The chart as Mermaid text; the states of ``instance`` are highlighted."""
        params = {"format": "mermaid", "instance": instance}
        body = await self._transport.ask(
            "GET", f"{path_of(machine)}/diagram", repeatable=True, params=params
        )
        return body.decode()

    async def put(
        self,
        document: bytes | str,
        *,
        notation: str = "native",
        dry_run: bool = False,
        reason: str | None = None,
    ) -> PutReport:
        """Deploys a machine that comes as data, or its next version. The same text again changes
        nothing. Raises ``DocumentRefused`` with every problem of the document."""
        text = document.encode() if isinstance(document, str) else document
        is_json = text.lstrip()[:1] == b"{"
        return await self._ask(
            PutReport,
            "POST",
            "/api/machines",
            content=text,
            headers={"Content-Type": "application/json" if is_json else "application/yaml"},
            params={"notation": notation, "dry_run": dry_run or None, "reason": reason},
            repeatable=True,
        )

    async def document(self, machine: MachineName, version: int | None = None) -> bytes:
        """The document of a version that was deployed as data, by default of the newest."""
        return await self._transport.ask(
            "GET", f"{path_of(machine)}/document", repeatable=True, params={"version": version}
        )

    # --- instances -----------------------------------------------------------------------------

    @overload
    async def start(
        self, machine: type[MachineClass[Any, I, V]], id: str | None = None,
        data: I | Mapping[str, Any] | UnsetType | None = UNSET, *, key: str | None = None,
    ) -> Reply[V]: ...  # fmt: skip
    @overload
    async def start(
        self, machine: Definition[Any] | str, id: str | None = None, data: Any = UNSET, *,
        key: str | None = None,
    ) -> Reply: ...  # fmt: skip
    async def start(
        self, machine: MachineName, id: str | None = None, data: Any = UNSET, *,
        key: str | None = None,
    ) -> Reply:  # fmt: skip
        """Starts an instance; the same ``key`` again gives the same reply. A key is generated if
        omitted, so that a request whose answer is lost is repeated and starts one instance.
        Where no answer comes at all, ``Unavailable.key`` has the key."""
        request = {"id": id} if data is UNSET else {"id": id, "data": jsonable(data)}
        content = pydantic_core.to_json(request)
        path = f"{path_of(machine)}/instances"
        return read_as(machine, await self._keyed(path, content, key, left_out_of(data)))

    @overload
    async def send(
        self, machine: type[MachineClass[E, Any, V]], id: str, event: E | Mapping[str, Any], *,
        key: str | None = None, expected_seq: int | None = None,
    ) -> Reply[V]: ...  # fmt: skip
    @overload
    async def send(
        self, machine: Definition[Any] | str, id: str, event: Event | Mapping[str, Any], *,
        key: str | None = None, expected_seq: int | None = None,
    ) -> Reply: ...  # fmt: skip
    async def send(
        self, machine: MachineName, id: str, event: Event | Mapping[str, Any], *,
        key: str | None = None, expected_seq: int | None = None,
    ) -> Reply:  # fmt: skip
        """Sends an event; it is repeated where no answer came and applied once, because of its
        ``key``, which is generated if omitted. Where no answer comes at all, ``Unavailable.key``
        has the key: the event sent again with it is still applied once. ``reply.held``: the
        instance is paused, and the event waits until it resumes."""
        content = pydantic_core.to_json(_event(event))
        path = f"{path_of(machine, id)}/events"
        reply = await self._keyed(path, content, key, left_out_of(event), expected_seq)
        return read_as(machine, reply)

    async def send_many(self, requests: Sequence[SendRequest]) -> list[Reply | StateholdError]:
        """Sends several events, at most the server's bound (1000), and returns a reply or an error
        for each, in order. A key is generated for each request without one. Where no answer came,
        ``Unavailable.keys`` has all keys; an ``Unavailable`` among the answers has its own
        request's ``key``."""
        keyed = [r if r.key else r.model_copy(update={"key": str(uuid.uuid4())}) for r in requests]
        with naming_keys(*(r.key or "" for r in keyed), batch=True):
            answers = await self._ask(
                SendAnswers,
                "POST",
                "/api/events",
                content=pydantic_core.to_json(keyed),
                repeatable=True,
            )
            if len(answers.answers) != len(keyed):
                raise Unavailable(f"{len(keyed)} requests got {len(answers.answers)} answers")
        return [
            reply_or_error(answer, request.key)
            for answer, request in zip(answers.answers, keyed, strict=True)
        ]

    async def get(self, machine: MachineName[V], id: str, *, view: str | None = None) -> Reply[V]:
        """An instance as it is now, in the caller's view or in its ``view`` of this name."""
        params = {} if view is None else {"view": view}
        reply: Reply = await self._ask(Reply, "GET", path_of(machine, id), params=params)
        return read_as(machine, reply)

    async def page(
        self, machine: MachineName, *,
        state: str | None = None, tag: str | None = None, owner: str | None = None,
        status: Status | None = None, version: int | None = None,
        where: Mapping[str, str] | None = None, in_state_since: datetime | None = None,
        incidents: bool = False, q: str | None = None, order: Order = "created",
        limit: int = 50, cursor: str | None = None, max_lag_seconds: float | None = None,
    ) -> Instances:  # fmt: skip
        """One page of instances, newest first (``order="created"``) or longest in their state first
        (``"since"``); every argument narrows. ``q`` is a prefix of the id, and sorts by id."""
        params = {
            "state": state,
            "tag": tag,
            "owner": owner,
            "status": status,
            "version": version,
            "where": [f"{name}={value}" for name, value in (where or {}).items()] or None,
            "in_state_since": in_state_since.isoformat() if in_state_since else None,
            "incidents": "true" if incidents else None,
            "q": q,
            "order": order,
            "limit": limit,
            "cursor": cursor,
        }
        path = f"{path_of(machine)}/instances"
        return await self._read(Instances, path, params, max_lag_seconds)

    async def list(
        self, machine: MachineName, *,
        state: str | None = None, tag: str | None = None, owner: str | None = None,
        status: Status | None = None, version: int | None = None,
        where: Mapping[str, str] | None = None, in_state_since: datetime | None = None,
        incidents: bool = False, q: str | None = None, order: Order = "created",
        page_size: int = 100, max_lag_seconds: float | None = None,
    ) -> AsyncGenerator[Summary, None]:  # fmt: skip
        """Every instance that matches, fetched page by page."""
        cursor: str | None = None
        while True:
            page = await self.page(
                machine, state=state, tag=tag, owner=owner, status=status, version=version,
                where=where, in_state_since=in_state_since, incidents=incidents, q=q, order=order,
                limit=page_size, cursor=cursor, max_lag_seconds=max_lag_seconds,
            )  # fmt: skip
            for summary in page.instances:
                yield summary
            cursor = page.cursor
            if cursor is None:
                return

    async def journal(
        self, machine: MachineName, id: str, *, after: int = 0, limit: int = 100,
        data: bool = False,
    ) -> Journal:  # fmt: skip
        """One page of an instance's journal; ``after=journal.after`` asks for the next."""
        params = {"after": after, "limit": limit, "data": "true" if data else None}
        return await self._ask(Journal, "GET", f"{path_of(machine, id)}/journal", params=params)

    async def explain(self, machine: MachineName, id: str) -> Explanation:
        """Where an instance is, since when and why, and what can happen next."""
        return await self._ask(Explanation, "GET", f"{path_of(machine, id)}/explain")

    async def watch(
        self, machine: MachineName, id: str, *, after: int = 0
    ) -> AsyncGenerator[JournalEntry, None]:
        """Every journal entry after ``after``, then each new one, until the instance is over.

        A lost connection is opened again, without a gap and without an entry twice; raises
        ``Unavailable`` where ``backoff`` gives up, which counts attempts since a connection was
        last open. Raises ``BeyondEnd`` if the instance has no step ``after``. If the history is
        another one after a reconnection, because a backup was restored or the id was used again,
        it begins again with step 1: ``seq`` goes back. Raises ``Forbidden`` for a caller who may
        not inspect the instance: :meth:`watch_view` is for those who may read it.
        """
        async with aclosing(watch_instance(self._transport, path_of(machine, id), after)) as found:
            async for entry in found:
                yield entry

    async def watch_view(
        self, machine: MachineName[V], id: str, *, view: str | None = None
    ) -> AsyncGenerator[Reply[V], None]:
        """The instance as :meth:`get` shows it, now and after each change, until it is over; for
        callers who may read and not inspect it, too. Reconnects and raises as :meth:`watch`."""
        found = watch_replies(self._transport, path_of(machine, id), view)
        async with aclosing(found) as replies:
            async for reply in replies:
                yield read_as(machine, reply)

    async def watch_machine(self, machine: MachineName) -> AsyncGenerator[Changes, None]:
        """The instances of a machine that change, as they are then.

        The first item is empty: from then on every change is reported. ``more``: other instances
        may have changed, too. A lost connection is opened again, and ``more`` stands for what was
        missed; raises ``Unavailable`` as :meth:`watch` does.
        """
        async with aclosing(watch_changes(self._transport, f"{path_of(machine)}/stream")) as found:
            async for changes in found:
                yield changes

    async def watch_machines(self) -> AsyncGenerator[Changes, None]:
        """The same for all machines."""
        async with aclosing(watch_changes(self._transport, "/api/stream")) as found:
            async for changes in found:
                yield changes

    # --- requests ------------------------------------------------------------------------------

    async def _keyed(
        self,
        path: str,
        content: bytes,
        key: str | None,
        left_out: LeftOut,
        expected_seq: int | None = None,
    ) -> Reply:
        key = key or str(uuid.uuid4())
        with naming_keys(key):
            return await self._reply(
                "POST", path, content, key_headers(key, left_out, expected_seq)
            )


def _event(event: Event | Mapping[str, Any]) -> dict[str, Any]:
    if isinstance(event, Event):
        sent: dict[str, Any] = event_json(event)
        return sent
    plain: dict[str, Any] = jsonable(dict(event))
    return plain
