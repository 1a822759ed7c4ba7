"""Turns calls of the engine into requests for one instance: checks their names, queues them."""

from __future__ import annotations

import contextlib
import hashlib
import re
import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from statehold.chart.access import Right
from statehold.chart.fingerprint import fingerprint
from statehold.chart.initial import initial_data
from statehold.chart.left_out import LeftOut, leave_out
from statehold.chart.machine import Definition, MachineName
from statehold.chart.payload import bound_input, parse_event
from statehold.engine.commit.keys import forms_of_key
from statehold.engine.commit.queue import RequestQueue
from statehold.engine.machines.loader import Loader
from statehold.engine.requests.context import EngineContext
from statehold.engine.requests.external import SendEvent, StartInstance
from statehold.engine.requests.operator import RescheduleTimer, RetryIncident
from statehold.engine.requests.repair import Repair, Reread
from statehold.engine.requests.request import Request
from statehold.engine.requests.texts import check_request, check_texts
from statehold.errors import (
    Forbidden,
    InstanceExists,
    InvalidPayload,
    MachineUnserved,
    NewerVersion,
    StateholdError,
    Stopping,
    TooLarge,
    UnknownEvent,
    UnknownIncident,
    UnknownMachine,
)
from statehold.instance.attempts import UNREADABLE_KEY
from statehold.instance.authorize import may_some, refuse, refuse_internal
from statehold.instance.disclosure import check_seen, disclosed, unknown_machine
from statehold.instance.reply import InstanceReply
from statehold.instance.senders import authorize_some_event
from statehold.records import ANYONE, Caller, Ref
from statehold.store import Store
from statehold.wire.base import ID_PATTERN, KEY_LIMIT, MAX_DELAY_SECONDS
from statehold.wire.operations import SendRequest

_id = re.compile(ID_PATTERN)


class Intake:
    """A machine that is unknown here is looked up in the store once more: another worker may have
    deployed it, or a newer version of it, just now."""

    def __init__(
        self, store: Store, context: EngineContext, queue: RequestQueue, loader: Loader
    ) -> None:
        self._store = store
        self._context = context
        self._queue = queue
        self._loader = loader

    # --- events ---

    async def start(
        self,
        machine: MachineName,
        id: str | None,
        data: Any,
        key: str | None,
        caller: Caller,
        left_out: LeftOut | None,
    ) -> InstanceReply:
        definition = await self.found(machine, caller, "start")
        # before any of the machine's own code reads the data
        if not may_some(caller, "start", definition):
            refuse(caller, "start", definition.name)
        _check_key(key)
        limit = self._context.limits.data_bytes
        if isinstance(data, bytes) and len(data) > limit:
            raise TooLarge(definition.input_words, len(data), limit)
        try:
            read = initial_data(definition.input, data, definition.input_words)
        except InvalidPayload:
            # a newer version may have room for it
            if not await self._loader.renew(definition.name):
                raise
            definition = self.definition(machine)
            read = initial_data(definition.input, data, definition.input_words)
        leave_out(read, left_out or {})
        raw, value = definition.input.write(read, definition.input_words)
        bound_input(definition, raw, limit)
        given = None
        if key is not None:
            given = fingerprint(data, read, raw, left_out=bool(left_out))

        async def at(id: str) -> InstanceReply:
            ref = _ref(definition, id)
            return await self.ask(StartInstance(ref, definition, value, raw, key, caller, given))

        if id is not None:
            return await at(id)
        *first, last = await self._new_ids(definition.name, key, caller)
        for one in first:
            with contextlib.suppress(InstanceExists):
                return await at(one)
        return await at(last)

    async def send(
        self,
        machine: MachineName,
        id: str,
        event: Any,
        key: str | None,
        expected_seq: int | None,
        caller: Caller,
        left_out: LeftOut | None,
    ) -> InstanceReply:
        try:
            try:
                request = self._send(machine, id, event, key, expected_seq, caller, left_out)
            except (UnknownMachine, UnknownEvent, InvalidPayload):
                if not await self._loader.renew(name_of(machine)):
                    raise
                request = self._send(machine, id, event, key, expected_seq, caller, left_out)
        except StateholdError as error:
            raise self._disclosed(error, machine, caller) from None
        self._submit(request)
        return await self._answered(request)

    async def send_many(
        self, requests: Sequence[SendRequest], caller: Caller
    ) -> list[InstanceReply | StateholdError]:
        answers: list[InstanceReply | StateholdError | None] = []
        submitted: list[tuple[int, Request]] = []
        for number, one in enumerate(requests):
            try:
                request = self._send(
                    one.machine, one.id, one.event, one.key, one.expected_seq, caller, None
                )
                self._submit(request)
                submitted.append((number, request))
                answers.append(None)
            except StateholdError as error:
                answers.append(self._disclosed(error, one.machine, caller))
        for number, sent in submitted:
            try:
                answers[number] = await self._answered(sent)
            except StateholdError as error:
                answers[number] = error
        return [answer for answer in answers if answer is not None]

    def _send(
        self,
        machine: MachineName,
        id: str,
        event: Any,
        key: str | None,
        expected_seq: int | None,
        caller: Caller,
        left_out: LeftOut | None,
    ) -> SendEvent:
        definition = self.definition(machine)
        if caller.roles is not None:
            try:
                authorize_some_event(caller, definition)
            except Forbidden:
                check_seen(caller, "send", definition, self._context.definitions)
                raise
        _check_key(key)
        parsed, plain = parse_event(definition, event, self._context.limits.event_bytes)
        # here too: under a key that was used, it would get the reply of that request
        refuse_internal(caller, definition, parsed.__event__)
        if left_out:
            leave_out(parsed, left_out)
        given = None
        if key is not None:
            text = event.encode() if isinstance(event, str) else event
            given = fingerprint(text, parsed, bytes(plain), left_out=bool(left_out))
        return SendEvent(
            _ref(definition, id),
            definition,
            parsed,
            plain,
            key=key,
            expected_seq=expected_seq,
            caller=caller,
            given=given,
        )

    async def _new_ids(self, machine: str, key: str | None, caller: Caller) -> Sequence[str]:
        """The ids to be tried for a start without one, in turn. The first caller of a key gets the
        id that earlier releases make of it, every other caller one of its own."""
        if key is None:
            return [str(uuid.UUID(int=self._context.chance.getrandbits(128), version=4))]
        ids = [_id_from(f"{machine}\0{one}") for one in forms_of_key(caller, key)]
        if caller.name:
            # one of its own is there even where the first caller's has been purged since
            there = await self._store.load([Ref(machine, id) for id in ids[1:]])
            for number in (2, 1):
                if Ref(machine, ids[number]) in there:
                    return ids[number:]
        return ids

    # --- requests of an operator ---

    async def retry(self, incident: str, reason: str | None, caller: Caller) -> InstanceReply:
        ref, key = self.incident(incident, caller)
        if key == UNREADABLE_KEY:
            performs = self._context.capacity.performs
            return await self.ask(Reread(ref, performs, None, reason, caller))
        return await self.ask(RetryIncident(ref, key, reason, caller))

    async def repair(
        self, ref: Ref, data: Any, state: Sequence[str], reason: str | None, caller: Caller
    ) -> InstanceReply:
        definition = self.definition(ref.machine)
        if not may_some(caller, "act", definition):
            refuse(caller, "act", definition.name)
        kind = definition.data
        value = initial_data(kind, data, "the data")
        return await self.ask(Repair(ref, kind.dump(value), state, reason, caller))

    async def reschedule_timer(
        self,
        ref: Ref,
        timer: str,
        due: datetime | None,
        seconds: float | None,
        reason: str | None,
        caller: Caller,
    ) -> InstanceReply:
        if (due is None) == (seconds is None):
            raise InvalidPayload("the request", {"due": "give either due or seconds"})
        if due is not None and due.utcoffset() is None:
            raise InvalidPayload("the request", {"due": "it has no time zone; end it with Z, say"})
        if seconds is not None and not 0 <= seconds <= MAX_DELAY_SECONDS:
            why = f"it is {seconds:g}; give 0 to {MAX_DELAY_SECONDS}, a hundred years"
            raise InvalidPayload("the request", {"seconds": why})
        return await self.ask(RescheduleTimer(ref, timer, due, seconds, reason, caller))

    # --- names ---

    def definition(self, machine: MachineName) -> Definition[Any]:
        """Raises ``UnknownMachine``."""
        return self._context.definition(name_of(machine))

    async def found(self, machine: MachineName, caller: Caller, right: Right) -> Definition[Any]:
        """As ``definition``; a machine that is unknown here is looked up in the store first. One
        that the caller does not see is unknown to it."""
        try:
            found = self.definition(machine)
        except (UnknownMachine, MachineUnserved) as error:
            if not await self._loader.renew(name_of(machine)):
                raise self._disclosed(error, machine, caller, right) from None
            found = self.definition(machine)
        self._check_seen(caller, right, found)
        return found

    def ref(self, machine: MachineName, id: str, caller: Caller = ANYONE) -> Ref:
        """An instance that the caller acts on. Raises ``UnknownMachine``, ``Forbidden``,
        ``InvalidPayload``."""
        try:
            definition = self.definition(machine)
        except (UnknownMachine, MachineUnserved) as error:
            raise self._disclosed(error, machine, caller, "act") from None
        self._check_seen(caller, "act", definition)
        return _ref(definition, id)

    def _check_seen(self, caller: Caller, right: Right, definition: Definition[Any]) -> None:
        if caller.roles is not None and not may_some(caller, right, definition):
            check_seen(caller, right, definition, self._context.definitions)

    def incident(self, incident: str, caller: Caller = ANYONE) -> tuple[Ref, str]:
        """The instance and the key of an incident. Raises ``UnknownIncident``."""
        parts = incident.split("/", 2)
        if len(parts) != 3:
            raise UnknownIncident(incident)
        return self.ref(parts[0], parts[1], caller), parts[2]

    def _disclosed(
        self, error: StateholdError, machine: MachineName, caller: Caller, right: Right = "send"
    ) -> StateholdError:
        """What a caller may learn of a request that can't be read."""
        definitions = self._context.definitions
        if isinstance(error, (UnknownMachine, MachineUnserved)):
            return unknown_machine(error, caller, right, definitions)
        return disclosed(error, caller, definitions.get(name_of(machine)), is_own=True)

    # --- to the queue ---

    async def ask(self, request: Request) -> InstanceReply:
        """The answer to a request, once it is committed."""
        self._submit(request)
        return await self._answered(request)

    def check_open(self) -> None:
        """Raises ``Stopping``."""
        if not self._context.identity.takes_requests:
            raise Stopping

    def _submit(self, request: Request) -> None:
        self.check_open()
        check_request(request)
        self._queue.submit(request)

    async def _answered(self, request: Request) -> InstanceReply:
        answer: InstanceReply
        try:
            answer = await request.future
            return answer
        except NewerVersion:
            if not await self._loader.renew(request.ref.machine):
                raise
        request.again()
        self._submit(request)
        answer = await request.future
        return answer


def name_of(machine: MachineName) -> str:
    return machine if isinstance(machine, str) else machine.definition.name


def _ref(definition: Definition[Any], id: str) -> Ref:
    if not isinstance(id, str) or _id.fullmatch(id) is None:
        why = f"{id!r} is none: letters, digits and . _ : @ -, at most 200, a letter first"
        raise InvalidPayload("the id", {"id": why})
    return Ref(definition.name, id)


def _check_key(key: str | None) -> None:
    if key is None:
        return
    check_texts("the request", key=key)
    if not 1 <= len(key) <= KEY_LIMIT:
        raise TooLarge("the idempotency key", len(key), KEY_LIMIT, "characters")


def _id_from(text: str) -> str:
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
    return str(uuid.UUID(bytes=digest[:16], version=5))
