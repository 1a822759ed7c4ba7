"""The client, written once: :mod:`.blocking` runs it for code without an event loop."""

from __future__ import annotations

import json
import uuid
from collections.abc import (
    AsyncGenerator,
    AsyncIterator,
    Awaitable,
    Callable,
    Iterator,
    Mapping,
    Sequence,
)
from contextlib import aclosing, contextmanager
from datetime import datetime
from types import TracebackType
from typing import Any, Self, TypeVar
from urllib.parse import quote

import anyio
import httpx
import msgspec
import pydantic_core
from msgspec import UNSET
from pydantic import BaseModel, ValidationError

from statehold.chart.event import Event
from statehold.chart.left_out import Tree, left_out_of
from statehold.chart.machine import AMachine
from statehold.chart.payload import event_json, jsonable
from statehold.client.events import ServerEvent, read_events
from statehold.client.problems import ProblemError, error_of
from statehold.client.transport import (
    Backoff,
    Failures,
    Transport,
    failure_of,
    retry_after_seconds,
    unreachable,
)
from statehold.errors import BeyondEnd, InvalidPayload, Refused, StateholdError, Unavailable
from statehold.records import Status
from statehold.store import Order
from statehold.wire.instances import Changes, Explanation, Incidents, Instances, Reply, Summary
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
from statehold.wire.operations import Me, SendAnswer, SendAnswers, SendRequest, UpgradeReport

W = TypeVar("W", bound=BaseModel)

#: characters of a header that says which fields of an object were left out; without it they count
#: as given
LEFT_OUT_LIMIT = 4_000

DEFAULT_URL = "http://127.0.0.1:8420"

#: a machine's class, or its name
MachineName = AMachine | str


class AsyncClient:
    """Talks to one server.

    ``caller`` and ``roles`` are told in the headers that a server believes by default; whatever
    else a server wants to know goes into ``headers``. ``backoff`` bounds how often a request that
    may be repeated is. Event loops may use it one after another. Every method raises the errors
    that an engine raises, ``Unavailable`` where no answer came, and :class:`.ProblemError` for a
    problem that has no class.
    """

    def __init__(
        self,
        base_url: str = DEFAULT_URL,
        *,
        caller: str | None = None,
        roles: Sequence[str] | None = None,
        headers: Mapping[str, str] | None = None,
        timeout_seconds: float = 30.0,
        backoff: Backoff = Backoff(),  # noqa: B008 - frozen
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        told = dict(headers or {})
        if caller is not None:
            told["Statehold-Caller"] = caller
        if roles is not None:
            told["Statehold-Roles"] = ", ".join(roles)

        def make() -> httpx.AsyncClient:
            return httpx.AsyncClient(
                base_url=base_url, headers=told, timeout=timeout_seconds, transport=transport
            )

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
        await self._transport.close()

    # --- machines ------------------------------------------------------------------------------

    async def machines(self) -> list[MachineSummary]:
        return (await self._ask(Machines, "GET", "/api/machines")).machines

    async def machine(self, machine: MachineName, version: int | None = None) -> MachineDetail:
        return await self._ask(MachineDetail, "GET", _of(machine), params={"version": version})

    async def flows(
        self, machine: MachineName, window: Window = "24h", version: int | None = None
    ) -> Flows:
        """What went through it, of one version or of every."""
        params = {"window": window, "version": version}
        return await self._ask(Flows, "GET", f"{_of(machine)}/flows", params=params)

    async def search(self, text: str, *, limit: int = 20) -> Found:
        """What a text leads to in every machine, at most ``limit`` of each kind."""
        return await self._ask(Found, "GET", "/api/search", params={"q": text, "limit": limit})

    async def me(self) -> Me:
        """Whom the server takes this client for, and what it may do."""
        return await self._ask(Me, "GET", "/api/me")

    async def mermaid(self, machine: MachineName, instance: str | None = None) -> str:
        """The chart as Mermaid's text; with ``instance``, where it is now is marked."""
        params = {"format": "mermaid", "instance": instance}
        body = await self._transport.ask(
            "GET", f"{_of(machine)}/diagram", repeatable=True, params=params
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
        """Puts a machine that comes as data, or its next version. It may be asked for again: the
        same text changes nothing. Raises ``DocumentRefused`` with everything that is wrong."""
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
        """The text of a version, the newest if left out, as it was put."""
        return await self._transport.ask(
            "GET", f"{_of(machine)}/document", repeatable=True, params={"version": version}
        )

    # --- instances -----------------------------------------------------------------------------

    async def start(
        self, machine: MachineName, id: str | None = None, data: Any = UNSET, *,
        key: str | None = None,
    ) -> Reply:  # fmt: skip
        """Starts an instance. Repeated with the same ``key`` it gives the same reply; a key is
        generated if omitted, so that a lost answer is asked for again and starts nothing new.
        Where no answer comes at all, ``Unavailable.key`` has it."""
        request = {"id": id} if data is UNSET else {"id": id, "data": jsonable(data)}
        content = pydantic_core.to_json(request)
        return await self._keyed(f"{_of(machine)}/instances", content, key, left_out_of(data))

    async def send(
        self, machine: MachineName, id: str, event: Event | Mapping[str, Any], *,
        key: str | None = None, expected_seq: int | None = None,
    ) -> Reply:  # fmt: skip
        """Sends an event, and sends it again where no answer came: under its ``key``, which is
        generated if omitted, so that it is applied once. Where no answer comes at all,
        ``Unavailable.key`` has it: sent again with it, the event is still applied once.
        ``reply.held``: the instance is paused and the event waits for its resumption."""
        content = pydantic_core.to_json(_event(event))
        path = f"{_of(machine, id)}/events"
        return await self._keyed(path, content, key, left_out_of(event), expected_seq)

    async def send_many(self, requests: Sequence[SendRequest]) -> list[Reply | StateholdError]:
        """Sends up to a server's bound (1000) of events; answers in order, a refused one with its
        error. Requests without a key are given one; ``Unavailable.keys`` has them where no answer
        came, and ``Unavailable.key`` that of one request that is answered so."""
        keyed = [r if r.key else r.model_copy(update={"key": str(uuid.uuid4())}) for r in requests]
        with _naming(*(r.key or "" for r in keyed), batch=True):
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
            _reply_or_error(answer, request.key)
            for answer, request in zip(answers.answers, keyed, strict=True)
        ]

    async def get(self, machine: MachineName, id: str) -> Reply:
        return await self._ask(Reply, "GET", _of(machine, id))

    async def page(
        self, machine: MachineName, *,
        state: str | None = None, tag: str | None = None, owner: str | None = None,
        status: Status | None = None, version: int | None = None,
        where: Mapping[str, str] | None = None, in_state_since: datetime | None = None,
        incidents: bool = False, q: str | None = None, order: Order = "created",
        limit: int = 50, cursor: str | None = None,
    ) -> Instances:  # fmt: skip
        """One page of instances, newest first or longest in their state first; every argument
        narrows. ``q`` is how their ids begin, and sorts by id."""
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
        return await self._ask(Instances, "GET", f"{_of(machine)}/instances", params=params)

    async def list(
        self, machine: MachineName, *,
        state: str | None = None, tag: str | None = None, owner: str | None = None,
        status: Status | None = None, version: int | None = None,
        where: Mapping[str, str] | None = None, in_state_since: datetime | None = None,
        incidents: bool = False, q: str | None = None, order: Order = "created",
        page_size: int = 100,
    ) -> AsyncGenerator[Summary, None]:  # fmt: skip
        """Every instance that fits, over as many pages as there are."""
        cursor: str | None = None
        while True:
            page = await self.page(
                machine, state=state, tag=tag, owner=owner, status=status, version=version,
                where=where, in_state_since=in_state_since, incidents=incidents, q=q, order=order,
                limit=page_size, cursor=cursor,
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
        """One page of what happened to it; the next is asked for with ``after=journal.after``."""
        params = {"after": after, "limit": limit, "data": "true" if data else None}
        return await self._ask(Journal, "GET", f"{_of(machine, id)}/journal", params=params)

    async def explain(self, machine: MachineName, id: str) -> Explanation:
        return await self._ask(Explanation, "GET", f"{_of(machine, id)}/explain")

    # A generator that is left half-way is closed by whoever goes through it, here and below: the
    # event loop would close it in another task, while its connection is in use.

    async def watch(
        self, machine: MachineName, id: str, *, after: int = 0
    ) -> AsyncGenerator[JournalEntry, None]:
        """Every journal entry above ``after``, then each new one as it comes, until the instance
        is over. Reconnects by itself where the connection is lost, without a gap and without an
        entry twice; raises ``Unavailable`` where ``backoff`` gives up, which counts attempts since
        a connection was last opened.

        Raises ``BeyondEnd`` where the instance has no step ``after``. Where the history is another
        one after a reconnection, since a backup was restored or the id was given again, it begins
        anew with step 1: ``seq`` goes back.
        """
        instance = _of(machine, id)
        begin = after
        is_known = False
        while True:
            try:
                async with aclosing(self._history(instance, begin)) as entries:
                    async for entry in entries:
                        is_known = True
                        if entry is not None:
                            yield entry
                return
            except BeyondEnd:
                # the first connection only tells that the caller asked for what is not there
                if not is_known:
                    raise
            begin = 0

    async def _history(
        self, instance: str, after: int
    ) -> AsyncGenerator[JournalEntry | None, None]:
        """Entries above ``after``, over as many connections as it takes, each announced by None.
        Raises ``BeyondEnd`` where the last step that was seen is not there any more."""
        seen = (after, 0)
        step: JournalEntry | None = None

        async def position() -> dict[str, str]:
            if step is None:
                return {}
            await self._check_there(instance, step)
            return {"Last-Event-ID": str(step.seq)}

        async with aclosing(
            self._connected(f"{instance}/stream", {"after": after}, position)
        ) as events:
            async for event in events:
                if event is None:
                    yield None
                elif event.event == "end":
                    return
                elif event.event in ("step", "note"):
                    entry = _decode_entry(event.data)
                    place = (entry.seq, entry.part)
                    if place <= seen:
                        continue
                    seen = place
                    if entry.part == 0:
                        step = entry
                    yield entry

    async def _check_there(self, instance: str, step: JournalEntry) -> None:
        """Raises ``BeyondEnd`` where another step has its seq, or none; ``_Retry``."""
        path = f"{instance}/at/{step.seq}"
        try:
            response = await self._transport.http.get(path)
        except (httpx.TransportError, httpx.DecodingError) as error:
            raise _Retry(unreachable(self._transport.http, error), 0.0) from error
        if response.is_success:
            try:
                if _Moment.model_validate_json(response.content).at == step.at:
                    return
            except ValidationError as error:
                raise _Retry(_not_ours("GET", path, error), 0.0) from error
        else:
            failure = failure_of(response)
            if isinstance(failure, Unavailable):
                raise _Retry(failure, retry_after_seconds(response))
            if not isinstance(failure, InvalidPayload):
                raise failure
        raise BeyondEnd("", "", step.seq, 0)

    async def watch_machine(self, machine: MachineName) -> AsyncGenerator[Changes, None]:
        """Which of its instances change, as they are then. The first is empty; ``more``: others may
        have changed, too. Reconnects by itself where the connection is lost, and says ``more`` then
        for what it has missed; raises ``Unavailable`` as :meth:`watch` does."""
        async with aclosing(self._changes(f"{_of(machine)}/stream")) as found:
            async for changes in found:
                yield changes

    async def watch_machines(self) -> AsyncGenerator[Changes, None]:
        """As :meth:`watch_machine`, of every machine."""
        async with aclosing(self._changes("/api/stream")) as found:
            async for changes in found:
                yield changes

    async def _changes(self, path: str) -> AsyncGenerator[Changes, None]:
        is_first = True
        async with aclosing(self._connected(path, {}, _no_headers)) as events:
            async for event in events:
                if event is None:
                    continue
                if event.event == "change":
                    summary = Summary.model_validate_json(event.data)
                    yield Changes(instances=[summary])
                elif event.event in ("more", "hello"):
                    yield Changes(instances=[], more=not is_first)
                    is_first = False

    async def _connected(
        self,
        path: str,
        params: Mapping[str, Any],
        headers: Callable[[], Awaitable[Mapping[str, str]]],
    ) -> AsyncGenerator[ServerEvent | None, None]:
        """The events of one connection after the other, each announced by None.

        Attempts since the last one that was opened count towards giving up. Those that were opened,
        and ended soon without an event, only make the pause longer.
        """
        backoff = self._transport.backoff
        failures = Failures(backoff)
        idle = 0
        while True:
            opened: float | None = None
            was_idle = True
            try:
                async with aclosing(self._events(path, params, await headers())) as events:
                    async for event in events:
                        if event is None:
                            opened = anyio.current_time()
                            failures.reset()
                        else:
                            was_idle = False
                        yield event
                failure: Unavailable = Unavailable("the server ended the stream")
                wait = 0.0
            except _Retry as error:
                failure, wait = error.failure, error.wait_seconds
            if opened is None:
                await failures.wait(failure, wait)
                continue
            lasted = anyio.current_time() - opened
            idle = idle + 1 if was_idle and lasted < backoff.longest_seconds else 1
            await anyio.sleep(backoff.delay_seconds(idle, wait))

    async def pause(self, machine: MachineName, id: str, *, reason: str | None = None) -> Reply:
        return await self._reply("POST", f"{_of(machine, id)}/pause", _because(reason))

    async def resume(self, machine: MachineName, id: str, *, reason: str | None = None) -> Reply:
        return await self._reply("POST", f"{_of(machine, id)}/resume", _because(reason))

    async def cancel(self, machine: MachineName, id: str, *, reason: str | None = None) -> Reply:
        return await self._reply("POST", f"{_of(machine, id)}/cancel", _because(reason))

    async def repair(
        self, machine: MachineName, id: str, data: Any, *,
        state: Sequence[str] = (), reason: str | None = None,
    ) -> Reply:  # fmt: skip
        """Gives an instance that can't be read new data, and new states where ``state`` names the
        active leaves; it goes on from there."""
        repair = {"data": jsonable(data), "state": list(state), "reason": reason}
        content = pydantic_core.to_json(repair)
        return await self._reply("POST", f"{_of(machine, id)}/repair", content)

    async def fire_timer(
        self, machine: MachineName, id: str, timer: str, *, reason: str | None = None
    ) -> Reply:
        """Fires it now, whenever it is due."""
        return await self._reply("POST", _timer(machine, id, timer, "fire"), _because(reason))

    async def cancel_timer(
        self, machine: MachineName, id: str, timer: str, *, reason: str | None = None
    ) -> Reply:
        """It fires no more, unless its state is entered anew."""
        return await self._reply("POST", _timer(machine, id, timer, "cancel"), _because(reason))

    async def reschedule_timer(
        self, machine: MachineName, id: str, timer: str, *,
        due: datetime | None = None, seconds: float | None = None, reason: str | None = None,
    ) -> Reply:  # fmt: skip
        """It fires at ``due`` or ``seconds`` from now, of which one is given."""
        when = {"due": due} if due is not None else {"seconds": seconds}
        content = pydantic_core.to_json({**when, "reason": reason})
        return await self._reply("POST", _timer(machine, id, timer, "reschedule"), content)

    async def retry_effect(
        self, machine: MachineName, id: str, key: str, *, reason: str | None = None
    ) -> Reply:
        """Tries again at once what waits for its next try, or for a person."""
        return await self._reply("POST", _effect(machine, id, key, "retry"), _because(reason))

    async def skip_effect(
        self, machine: MachineName, id: str, key: str, *, reason: str | None = None
    ) -> Reply:
        """Gives it up, under way or not: no event comes of it."""
        return await self._reply("POST", _effect(machine, id, key, "skip"), _because(reason))

    async def resolve_effect(
        self, machine: MachineName, id: str, key: str, result: Any = None, *,
        reason: str | None = None,
    ) -> Reply:  # fmt: skip
        """Takes ``result`` for what it gave, under way or not."""
        content = pydantic_core.to_json({"result": jsonable(result), "reason": reason})
        return await self._reply("POST", _effect(machine, id, key, "resolve"), content)

    async def upgrade(
        self, machine: MachineName, id: str | None = None, *, reason: str | None = None
    ) -> UpgradeReport:
        """Brings one instance, or every one, to the machine's version. It may be asked for again:
        what is there already stays."""
        return await self._ask(
            UpgradeReport,
            "POST",
            f"{_of(machine, id)}/upgrade",
            content=_because(reason),
            repeatable=True,
        )

    # --- incidents -----------------------------------------------------------------------------

    async def incidents(
        self, machine: MachineName | None = None, *, limit: int = 50, cursor: str | None = None
    ) -> Incidents:
        params = {
            "machine": None if machine is None else _name(machine),
            "limit": limit,
            "cursor": cursor,
        }
        return await self._ask(Incidents, "GET", "/api/incidents", params=params)

    async def retry(self, incident: str, *, reason: str | None = None) -> Reply:
        return await self._reply("POST", f"{_incident(incident)}/retry", _because(reason))

    async def skip(self, incident: str, *, reason: str | None = None) -> Reply:
        return await self._reply("POST", f"{_incident(incident)}/skip", _because(reason))

    async def resolve(
        self, incident: str, result: Any = None, *, reason: str | None = None
    ) -> Reply:
        content = pydantic_core.to_json({"result": jsonable(result), "reason": reason})
        return await self._reply("POST", f"{_incident(incident)}/resolve", content)

    # --- what they are made of -----------------------------------------------------------------

    async def _keyed(
        self,
        path: str,
        content: bytes,
        key: str | None,
        left_out: Tree,
        expected_seq: int | None = None,
    ) -> Reply:
        key = key or str(uuid.uuid4())
        with _naming(key):
            return await self._reply("POST", path, content, _headers(key, left_out, expected_seq))

    async def _reply(
        self, method: str, path: str, content: bytes, headers: Mapping[str, str] | None = None
    ) -> Reply:
        return await self._ask(
            Reply, method, path, content=content, headers=headers,
            repeatable=headers is not None,
        )  # fmt: skip

    async def _ask(
        self, shape: type[W], method: str, path: str, *, repeatable: bool | None = None, **sent: Any
    ) -> W:
        again = method == "GET" if repeatable is None else repeatable
        body = await self._transport.ask(method, path, repeatable=again, **sent)
        try:
            return shape.model_validate_json(body)
        except ValidationError as error:
            # a proxy's page, say: whether the request was taken is not known
            raise _not_ours(method, path, error) from error

    async def _events(
        self, path: str, params: Mapping[str, Any], headers: Mapping[str, str]
    ) -> AsyncGenerator[ServerEvent | None, None]:
        """None at the first bytes, then one connection's events; raises ``_Retry`` where another
        may do better."""
        told = {"Accept": "text/event-stream", **headers}
        try:
            async with self._transport.http.stream(
                "GET", path, params=params, headers=told, timeout=_STREAM_TIMEOUT
            ) as response:
                if not response.is_success:
                    await response.aread()
                    failure = failure_of(response)
                    if isinstance(failure, Unavailable):
                        raise _Retry(failure, retry_after_seconds(response))
                    raise failure
                chunks = response.aiter_bytes()
                async for first in chunks:
                    yield None
                    async with aclosing(read_events(_with(first, chunks))) as events:
                        async for event in events:
                            yield event
        except (httpx.TransportError, httpx.DecodingError) as error:
            raise _Retry(unreachable(self._transport.http, error), 0.0) from error


class _Moment(BaseModel):
    """Of an instance after one of its steps, when that was."""

    at: datetime


async def _with(first: bytes, others: AsyncIterator[bytes]) -> AsyncGenerator[bytes, None]:
    yield first
    async for chunk in others:
        yield chunk


async def _no_headers() -> dict[str, str]:
    return {}


def _not_ours(method: str, path: str, error: ValidationError) -> Unavailable:
    return Unavailable(f"the answer to {method} {path} is not a Statehold server's: {error}")


class _Retry(Exception):
    def __init__(self, failure: Unavailable, wait_seconds: float) -> None:
        self.failure = failure
        self.wait_seconds = wait_seconds


#: three times the server's heartbeat: a stream that is silent for longer is dead
_STREAM_TIMEOUT = httpx.Timeout(30.0, read=45.0)

_decode_entry = JournalEntry.model_validate_json


def _name(machine: MachineName) -> str:
    return machine if isinstance(machine, str) else machine.definition.name


def _of(machine: MachineName, id: str | None = None) -> str:
    path = f"/api/machines/{_segment(_name(machine), 'machine')}"
    return path if id is None else f"{path}/instances/{_segment(id, 'id')}"


def _timer(machine: MachineName, id: str, timer: str, act: str) -> str:
    return f"{_of(machine, id)}/timers/{_segment(timer, 'timer')}/{act}"


def _effect(machine: MachineName, id: str, key: str, act: str) -> str:
    return f"{_of(machine, id)}/effects/{_segment(key, 'key')}/{act}"


def _segment(value: str, what: str) -> str:
    if value in ("", ".", ".."):
        # these would name another address
        raise InvalidPayload("the request", {what: f"{value!r} can't be one"})
    return quote(value, safe="")


def _incident(incident: str) -> str:
    return f"/api/incidents/{_segment(incident, 'incident')}"


def _event(event: Event | Mapping[str, Any]) -> dict[str, Any]:
    if isinstance(event, Event):
        sent: dict[str, Any] = event_json(event)
        return sent
    plain: dict[str, Any] = jsonable(dict(event))
    return plain


def _headers(key: str, left_out: Tree, expected_seq: int | None = None) -> dict[str, str]:
    if not (key.isascii() and key.isprintable() and key.strip() == key):
        raise InvalidPayload(
            "the request", {"key": f"{key!r} can't stand in a header; use printable ASCII"}
        )
    # quoted, so that a key which is itself in quotes stays as it is
    headers = {"Idempotency-Key": f'"{key}"'}
    if expected_seq is not None:
        headers["If-Match"] = f'"{expected_seq}"'
    # an object is the same one under its key whatever its defaults are the next time
    if left_out and len(named := json.dumps(left_out, separators=(",", ":"))) <= LEFT_OUT_LIMIT:
        headers["Statehold-Left-Out"] = named
    return headers


def _because(reason: str | None) -> bytes:
    return msgspec.json.encode({"reason": reason})


def _reply_or_error(answer: SendAnswer, key: str | None) -> Reply | StateholdError:
    if answer.reply is not None:
        return answer.reply
    error: StateholdError = (
        Unavailable("an answer is neither a reply nor a problem; is the server another's?")
        if answer.problem is None
        else error_of(answer.problem)
    )
    if isinstance(error, Unavailable):
        error.key = key
    return error


@contextmanager
def _naming(*keys: str, batch: bool = False) -> Iterator[None]:
    """Leaves the keys that were sent with the caller, whatever became of the answer."""
    try:
        yield
    except (Unavailable, ProblemError) as error:
        if isinstance(error, Refused):
            raise
        error.keys = keys
        if not batch:
            (error.key,) = keys
            error.add_note(f"the same request with key={error.key!r} takes effect once")
        raise
