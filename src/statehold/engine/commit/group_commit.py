"""Group commit: requests that arrive while a commit is under way make up the next one.

1. A turn takes what waits, loads the instances it does not hold in one query, applies each
   request to a draft of its instance, commits all drafts in one transaction, and then answers.
2. A turn never waits for more requests to come. One caller alone gets a commit of its own; the
   more there are, the more share one. Where a server commits, the next turn is worked out
   meanwhile, of other instances: what one is working on, the other leaves where it is.
3. A request that is refused is answered alone, with the others of its turn committed.
4. A draft whose compare-and-set was lost is thrown away with what was known of the instance, and
   its requests go into the next turn.
5. Requests for one instance are applied in the order in which they came; machines take turns.
6. Whether an idempotency key was used before is asked only of those that do not go through: a key
   that was used makes the commit lose, and a refusal may come of what the first one did.
7. Nothing is answered, performed or told to anyone before it is committed.
8. An instance that can't be read refuses its own requests, but for those that end or mend it, and
   is set aside in the store: no question for work gives it any more, and it is an incident.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any

import msgspec

from statehold.engine.commit.cache import Cache
from statehold.engine.commit.keys import key_of_caller
from statehold.engine.commit.queue import FairQueue
from statehold.engine.log_fields import about, logger
from statehold.engine.observer import tell
from statehold.engine.raised import by_signal
from statehold.engine.requests.context import Runtime
from statehold.engine.requests.request import Request
from statehold.errors import (
    ActionFailed,
    GuardFailed,
    InstanceUnreadable,
    KeyReused,
    LeaseLost,
    NewerVersion,
    Overloaded,
    Refused,
    StateholdError,
    Stopping,
    StoreUnavailable,
    described,
)
from statehold.instance.draft import Draft
from statehold.instance.loaded import Loaded, load, load_remains
from statehold.instance.reply import InstanceReply, earlier_reply
from statehold.instance.stored import COUNT_LIMIT
from statehold.instance.tracebacks import at, step_trace
from statehold.records import OVER, Entry, JournalBody, Message, Ref, Row, Write
from statehold.store import PAGE_LIMIT, Aside, Outcome, Store, Unwritable

log = logger(__name__)

_body = msgspec.json.Decoder(JournalBody).decode

#: requests that are worth two turns, one to be worked out while the other is committed
WORTH_HALVING = 16

#: conflicts of one request after which it is looked whether anybody else has caused them
LOOKS_AFTER = 3

#: told of every draft that was committed, before the answers go out
Committed = Callable[[Draft, Loaded], None]
#: told that this worker was taken for dead
Lost = Callable[[], None]
#: told that an instance is of a version that does not run here yet
Newer = Callable[[], None]
#: told of instances of which nobody knows whether they were committed
Doubted = Callable[[Iterable[Ref]], None]


class GroupCommit:
    """The queue of requests, and the one task that works it off."""

    def __init__(
        self,
        store: Store,
        runtime: Runtime,
        committed: Committed,
        doubted: Doubted,
        lost: Lost,
        newer: Newer,
    ) -> None:
        self._store = store
        self._lost = lost
        self._newer = newer
        self._runtime = runtime
        self._observer = runtime.observer
        self._tracer = runtime.tracer
        self._committed = committed
        self._doubted = doubted
        self._waiting = FairQueue()
        self._arrived = asyncio.Event()
        #: instances in the hands of a turn, with the requests that have to wait for its end
        self._busy: dict[Ref, list[Request]] = {}
        self._blocked = 0
        limits = runtime.limits
        self._held = Cache(limits.cached, limits.cached_bytes)
        #: what was set aside from here, with its ``rev``
        self._apart: OrderedDict[Ref, int] = OrderedDict()
        self._tasks: list[asyncio.Task[None]] = []
        self._closing = False

    def open(self) -> None:
        # a store that works on the loop's own thread leaves nothing to be done meanwhile
        turns = 1 if self._store.exclusive else self._runtime.limits.turns
        self._tasks = [
            asyncio.create_task(self._run(), name=f"statehold group commit {n + 1}")
            for n in range(turns)
        ]

    @property
    def waiting(self) -> int:
        """How many requests wait for a turn."""
        return len(self._waiting) + self._blocked

    @property
    def cached(self) -> int:
        """How many instances are kept decoded."""
        return len(self._held)

    @property
    def cached_bytes(self) -> int:
        """Bytes of their documents and data as JSON."""
        return self._held.bytes

    async def close(self) -> None:
        """Works off what waits, then stops."""
        self._closing = True
        self._arrived.set()
        await asyncio.gather(*self._tasks)

    async def ask(self, request: Request) -> Any:
        """The answer to a request, once it is committed; raises what refused it."""
        self.submit(request)
        return await request.future

    async def ask_all(self, requests: Sequence[Request]) -> list[Any]:
        """The answers to all of them; what refused one stands in its place. Raises ``Stopping``."""
        for request in requests:
            try:
                self.submit(request)
            except Overloaded as error:
                # those before it are on their way and are waited for all the same
                request.future.set_exception(error)
        return await asyncio.gather(
            *(request.future for request in requests), return_exceptions=True
        )

    def submit(self, request: Request) -> None:
        """Queues a request; raises ``Overloaded`` or ``Stopping``."""
        if self._closing:
            raise Stopping
        waiting = len(self._waiting) + self._blocked
        if waiting >= self._runtime.limits.waiting and not self._has_room(request.ref.machine):
            if self._observer is not None:
                tell(self._observer.overloaded, request)
            raise Overloaded(waiting, self._runtime.limits.waiting)
        if self._observer is not None:
            request.asked_at = time.perf_counter()
        if self._tracer is not None:
            tell(self._tracer.asked, request)
        self._waiting.put(request)
        self._arrived.set()

    def _has_room(self, machine: str) -> bool:
        """Where too much waits, a machine still has its share: the queue is full of others'."""
        share = self._runtime.limits.waiting // max(1, len(self._runtime.definitions))
        return len(self._runtime.definitions) > 1 and self._waiting.of(machine) < share

    async def look(self, refs: Sequence[Ref]) -> dict[Ref, Loaded]:
        """The instances that exist, as they are in the store."""
        found: dict[Ref, Loaded] = {}
        missing = list(refs)
        if self._store.exclusive:
            for ref in refs:
                loaded = self._held.get(ref)
                if loaded is not None:
                    found[ref] = _current(self._runtime, ref, loaded)
            missing = [ref for ref in refs if ref not in found]
        if missing:
            rows = await self._store.load(missing)
            for ref, row in rows.items():
                try:
                    found[ref] = load(self._runtime.definition(ref.machine), row)
                except InstanceUnreadable as error:
                    await self.set_aside([(row, error)])
                    raise
        return found

    async def set_aside(self, failed: Sequence[tuple[Row, StateholdError]]) -> None:
        """These can't be read, or worked on: from now on they wait for a person."""
        now, chars = self._runtime.now(), self._runtime.limits.error_chars
        aside: list[tuple[Row, Aside]] = []
        for row, error in failed:
            rests, is_apart = row.wake_at is None and not row.held_by, self.is_apart(row)
            # what is over and has nothing left to do only waits to be purged
            if rests and (is_apart or row.status in OVER):
                continue
            extra = about(self._runtime, row.ref, seq=row.seq)
            if not is_apart:
                log.error("an instance is set aside: %s", error, extra=extra)
            aside.append((row, Aside(now, str(error)[:chars])))
        if not aside:
            return
        try:
            await self._store.set_aside(aside)
        except StateholdError as error:
            log.warning("they could not be set aside: %s", error, extra=about(self._runtime))
            return
        for row, _ in aside:
            self._held.drop(row.ref)
            self.keep_apart(row)

    def keep_apart(self, row: Row) -> None:
        """It was set aside, and this process can't read it."""
        self._apart[row.ref] = row.rev
        self._apart.move_to_end(row.ref)
        if len(self._apart) > self._runtime.limits.cached:
            self._apart.popitem(last=False)

    def try_again(self, machine: str) -> None:
        """Another definition of the machine runs: it may read what could not be read before."""
        for ref in [ref for ref in self._apart if ref.machine == machine]:
            del self._apart[ref]

    def is_apart(self, row: Row) -> bool:
        """Whether it was set aside from here, and nothing has been written of it since."""
        return self._apart.get(row.ref) == row.rev

    def forget(self, refs: Iterable[Ref] | None = None) -> None:
        """What is held here of these, or of all, is not known to be true any more."""
        if refs is None:
            self._held.clear()
            return
        for ref in refs:
            self._held.drop(ref)

    async def _run(self) -> None:
        while True:
            await self._arrived.wait()
            if not self._waiting:
                if self._closing:
                    # still set, so that another turn finds it when it comes to its end
                    return
                self._arrived.clear()
                continue
            batch = self._take()
            for request in batch:
                self._busy.setdefault(request.ref, [])
            back: set[Request] = set()
            try:
                await self._turn(batch, back)
            except LeaseLost as error:
                # nothing was written, so nothing is in doubt
                self.forget()
                self._lost()
                _refuse(batch, error)
            except StateholdError as error:
                self._fail(batch, error)
            except Exception as error:
                # a bug of ours must not leave callers waiting, nor end the engine
                log.exception("a turn failed", extra=about(self._runtime))
                self._fail(batch, StoreUnavailable(described(error)))
            finally:
                self._put_back(batch, back)
            if self._observer is not None:
                answered = [request for request in batch if request.future.done()]
                tell(self._observer.answered, answered, time.perf_counter())

    def _fail(self, batch: Sequence[Request], error: StateholdError) -> None:
        """Whether the batch was written is not known: what is held of it may be wrong."""
        refs = dict.fromkeys(request.ref for request in batch)
        for ref in refs:
            self._held.drop(ref)
        self._doubted(refs)
        _refuse(batch, error)

    def _take(self) -> list[Request]:
        """The next turn's requests, in order; those for an instance in other hands step aside."""
        most = self._runtime.limits.batch
        if len(self._tasks) > 1 and not self._busy and len(self._waiting) >= WORTH_HALVING:
            # one half is worked out while the other is committed
            most = min(most, len(self._waiting) // 2)
        batch: list[Request] = []
        while self._waiting and len(batch) < most:
            request = self._waiting.take()
            # its caller has gone, or it was refused with the turn that put it back
            if request.future.done():
                continue
            if request.ref in self._busy:
                self._busy[request.ref].append(request)
                self._blocked += 1
            else:
                batch.append(request)
        return batch

    def _put_back(self, batch: Sequence[Request], back: Collection[Request]) -> None:
        """Ends a turn: what it puts back comes first again, then what had to wait for it."""
        first = [request for request in batch if request in back]
        for ref in dict.fromkeys(request.ref for request in batch):
            blocked = self._busy.pop(ref)
            self._blocked -= len(blocked)
            first += blocked
        if first:
            self._waiting.put_back(first)
            self._arrived.set()

    async def _turn(self, batch: Sequence[Request], back: set[Request]) -> None:
        """``back`` gets those requests that go into another turn."""
        batch = await self._without_repeats(batch, back)
        batch = await self._without_taken(batch)
        drafts, loaded = await self._drafts(batch)
        for request in batch:
            if request.wants_held_mail:
                request.held_mail = await self._store.held_mail(request.ref, PAGE_LIMIT)
        answers: list[tuple[Request, Any]] = []
        stale: list[Request] = []
        for request in batch:
            draft = drafts.get(request.ref)
            if draft is None or request.future.done():
                continue
            if self._tracer is not None:
                draft.trace = tell(self._tracer.applying, request, draft) or ""
            answer: Any
            try:
                answer = request.apply(draft, self._runtime)
            except (Refused, NewerVersion) as error:
                answer = error
                if isinstance(error, NewerVersion):
                    self._newer()
            # nothing is awaited in there: a cancellation, or an exit, is the machine's own
            except BaseException as error:
                if by_signal(error):
                    raise
                self._without_broken(request, error, batch, back)
                return
            if self._tracer is not None:
                tell(self._tracer.applied, request, draft)
            if isinstance(answer, (Refused, NewerVersion)) and _asks_now(request):
                back.add(request)
                continue
            if self._store.exclusive or request.ref in loaded or draft.touched:
                answers.append((request, answer))
            else:
                # no write puts it to the test, and others may have changed the instance since
                stale.append(request)
        changed = [draft for draft in drafts.values() if draft.touched]
        outcomes = await self._commit(changed) if changed else {}
        lost = {ref for ref, outcome in outcomes.items() if outcome is not Outcome.WRITTEN}
        for request, answer in answers:
            outcome = outcomes.get(request.ref)
            if isinstance(outcome, InstanceUnreadable):
                self._held.drop(request.ref)
                _refuse([request], outcome)
            elif request.ref in lost:
                if outcomes[request.ref] is Outcome.KEY_USED:
                    _asks_now(request)
                stale.append(request)
            elif isinstance(answer, StateholdError):
                if isinstance(answer, (ActionFailed, GuardFailed)):
                    self._note(request, answer)
                _refuse([request], answer)
            else:
                _answer(request, answer)
        back.update(self._again(stale))

    def _note(self, request: Request, error: ActionFailed | GuardFailed) -> None:
        """Whoever runs the machine is to see where its code has raised; the sender is not told."""
        trace = step_trace(error)
        extra = about(self._runtime, request.ref, **({"exception": trace} if trace else {}))
        what = f"{request.describe()} of {request.ref.machine}/{request.ref.id}"
        log.warning("%s was refused: %s%s", what, error, at(trace), extra=extra)

    def _without_broken(
        self, request: Request, error: BaseException, batch: Sequence[Request], back: set[Request]
    ) -> None:
        """What broke in a way that nobody foresaw may have left its draft half changed: nothing of
        this turn is committed, and the others of it start again without the one that broke."""
        place = f"{request.ref.machine}/{request.ref.id}"
        if not _asks_now(request):
            loaded = self._held.get(request.ref)
            extra = about(self._runtime, request.ref, seq=0 if loaded is None else loaded.row.seq)
            log.error(
                "%s of %s broke its turn", request.describe(), place, exc_info=error, extra=extra
            )
            known = (
                error
                if isinstance(error, StateholdError)
                else ActionFailed(request.describe(), error)
            )
            _refuse([request], known)
        back.update(one for one in batch if not one.future.done())

    async def _commit(self, changed: Sequence[Draft]) -> dict[Ref, Outcome | InstanceUnreadable]:
        pairs = [draft.write() for draft in changed]
        begun = 0.0 if self._observer is None else time.perf_counter()
        writes = [write for write, _ in pairs]
        outcomes: Sequence[Outcome | InstanceUnreadable]
        try:
            outcomes = await self._store.commit(writes)
        except Unwritable as error:
            outcomes = await self._commit_apart(writes, error)
        if self._observer is not None:
            told = [one if isinstance(one, Outcome) else Outcome.CONFLICT for one in outcomes]
            tell(self._observer.committed, changed, told, time.perf_counter() - begun)
        for draft, (_, loaded), outcome in zip(changed, pairs, outcomes, strict=True):
            if outcome is Outcome.WRITTEN:
                self._keep(draft.ref, loaded)
                self._committed(draft, loaded)
        return dict(zip((draft.ref for draft in changed), outcomes, strict=True))

    async def _commit_apart(
        self, writes: Sequence[Write], error: Unwritable
    ) -> list[Outcome | InstanceUnreadable]:
        """Writes that were refused together, in halves, until the one that is at fault is alone."""
        if len(writes) == 1:
            row = writes[0].row
            extra = about(self._runtime, row.ref, seq=row.seq)
            why = f"the store has no room for what is to be written of it ({error})"
            log.error("%s/%s: %s", row.machine, row.id, why, extra=extra)
            return [InstanceUnreadable(row.machine, row.id, row.version, why)]
        outcomes: list[Outcome | InstanceUnreadable] = []
        half = len(writes) // 2
        for part in (writes[:half], writes[half:]):
            try:
                outcomes += await self._store.commit(part)
            except Unwritable as one:
                outcomes += await self._commit_apart(part, one)
        return outcomes

    async def _drafts(self, batch: Sequence[Request]) -> tuple[dict[Ref, Draft], set[Ref]]:
        """A draft for each instance of the batch, and which of them were loaded just now."""
        runtime = self._runtime
        refs = dict.fromkeys(request.ref for request in batch)
        # apart from what is kept, where one that is loaded may push out another of this batch
        known = {ref: loaded for ref in refs if (loaded := self._held.get(ref)) is not None}
        rows = self._brought(batch, known)
        missing = [ref for ref in refs if ref not in known and ref not in rows]
        if missing:
            rows.update(await self._store.load(missing))
        drafts: dict[Ref, Draft] = {}
        turn = runtime.turn()
        unreadable: list[tuple[Row, InstanceUnreadable]] = []
        doubtful = {
            request.ref
            for request in batch
            if request.conflicts >= LOOKS_AFTER or request.looks_at_journal
        }
        for ref in refs:
            try:
                definition = runtime.definition(ref.machine)
            except StateholdError as error:
                _refuse([request for request in batch if request.ref == ref], error)
                continue
            try:
                if ref in rows:
                    known[ref] = load(definition, rows[ref])
                    self._keep(ref, known[ref])
                elif ref in known:
                    known[ref] = _current(runtime, ref, known[ref])
                if ref in doubtful and ref in known:
                    await self._check_journal(known[ref])
            except InstanceUnreadable as error:
                row = rows[ref] if ref in rows else known[ref].row
                unreadable.append((row, error))
                requests = [request for request in batch if request.ref == ref]
                _refuse([request for request in requests if not request.takes_remains], error)
                if all(request.future.done() for request in requests):
                    continue
                known[ref] = load_remains(definition, row, await self._journal_end(ref))
            drafts[ref] = Draft(
                ref,
                definition,
                known.get(ref),
                turn,
            )
        for row, why in unreadable:
            if row.ref in drafts:
                drafts[row.ref].unreadable = why
        if unreadable:
            await self.set_aside(unreadable)
        return drafts, set(missing)

    async def _check_journal(self, loaded: Loaded) -> None:
        """Raises ``InstanceUnreadable`` where the journal has what the row knows nothing of: the
        next line would have no place, and each write of the instance would lose to nobody."""
        row = loaded.row
        beyond = await self._store.journal(row.ref, (row.seq, loaded.instance.part), 1)
        if beyond:
            why = (
                f"its journal has a line {beyond[0].seq}.{beyond[0].part}, and its last is to be "
                f"{row.seq}.{loaded.instance.part}"
            )
            raise InstanceUnreadable(row.machine, row.id, row.version, why)

    async def _journal_end(self, ref: Ref) -> tuple[int, int]:
        """The place of the journal's last line, whatever the row says."""
        steps = await self._store.journal_before(ref, COUNT_LIMIT, 1)
        end = (steps[0].seq, 0) if steps else (0, 0)
        while True:
            lines = await self._store.journal(ref, end, PAGE_LIMIT)
            places = [(line.seq, line.part) for line in lines if line.seq < COUNT_LIMIT]
            if not places:
                return end
            end = places[-1]

    def _brought(self, batch: Sequence[Request], known: Mapping[Ref, Loaded]) -> dict[Ref, Row]:
        """Rows that requests bring along, where they are newer than what is kept. One that has lost
        since is not used again: its request asks the store."""
        rows: dict[Ref, Row] = {}
        for request in batch:
            row = request.row
            if row is not None and not request.conflicts:
                loaded = known.get(request.ref)
                if loaded is None or loaded.row.rev < row.rev:
                    rows[request.ref] = row
        return rows

    async def _without_repeats(
        self, batch: Sequence[Request], back: set[Request]
    ) -> Sequence[Request]:
        """Answers requests whose key was used before, where that is asked; the first of a key
        within a batch goes on."""
        if all(request.key is None for request in batch):
            return batch
        keys = list(
            dict.fromkeys(
                (request.ref, request.key or "") for request in batch if request.asks_first
            )
        )
        entries = await self._store.replies(keys) if keys else {}
        held = await self._store.mail_of_keys(keys) if keys else {}
        rest: list[Request] = []
        seen: set[tuple[Ref, str]] = set()
        for request in batch:
            if request.future.done():
                continue
            if request.key is None:
                rest.append(request)
                continue
            place = (request.ref, request.key)
            if place in entries or place in held:
                if await self._repeated(request, entries.get(place), held.get(place)):
                    back.add(request)
            elif place in seen:
                back.add(request)
            else:
                seen.add(place)
                rest.append(request)
        return rest

    async def _repeated(self, request: Request, entry: Entry | None, held: Message | None) -> bool:
        """Answers as the first time. True where that was another caller's request, and this one is
        to be asked again with a key of its own."""
        try:
            if entry is not None:
                return _repeat(request, entry)
            assert held is not None
            return await self._repeat_held(request, held)
        except (msgspec.MsgspecError, RecursionError, AttributeError, TypeError) as error:
            # damaged, it must not refuse the others of its turn
            why = f"what was answered to the key {request.given_key!r} can't be read: {error}"
            _refuse([request], InstanceUnreadable(request.ref.machine, request.ref.id, 0, why))
            return False

    async def _without_taken(self, batch: Sequence[Request]) -> Sequence[Request]:
        """Answers requests on messages that another worker has handled: only after a conflict."""
        numbers = [request.consumes for request in batch if request.conflicts and request.consumes]
        if not numbers:
            return batch
        there = await self._store.still_there(numbers)
        rest: list[Request] = []
        for request in batch:
            if request.conflicts and request.consumes and request.consumes not in there:
                _answer(request, None)
            else:
                rest.append(request)
        return rest

    async def _repeat_held(self, request: Request, message: Message) -> bool:
        """The event waits already: the answer is the same as the first time. True where it is
        another caller's and the request is to be asked again with a key of its own."""
        body = msgspec.json.decode(message.body)
        event = body.get("event")
        if _is_others(request, body.get("caller", "")):
            return True
        if not request.same_request(message.kind, event, body.get("given")):
            _reused(request, message.kind, event)
            return False
        try:
            loaded = (await self.look([request.ref]))[request.ref]
        except InstanceUnreadable as error:
            _refuse([request], error)
            return False
        _answer(request, InstanceReply(loaded.instance, request.caller, held=True))
        return False

    def _again(self, requests: Sequence[Request]) -> list[Request]:
        """Those of the requests that are to be applied again, to what the store has now."""
        limit = self._runtime.limits.conflicts
        back: list[Request] = []
        for request in requests:
            request.conflicts += 1
            self._held.drop(request.ref)
            if request.conflicts > limit:
                why = f"instance {request.ref.id!r} was changed by others {limit} times meanwhile"
                _refuse([request], StoreUnavailable(why))
            else:
                back.append(request)
        return back

    def _keep(self, ref: Ref, loaded: Loaded) -> None:
        if loaded.row.status in OVER and not self._store.exclusive:
            # another worker may purge it, and start one under its id that comes to the same rev
            self._held.drop(ref)
            return
        self._held.put(ref, loaded)


def _current(runtime: Runtime, ref: Ref, loaded: Loaded) -> Loaded:
    """As the definition that runs now has it, where another one was put meanwhile."""
    definition = runtime.definition(ref.machine)
    return loaded if loaded.instance.definition is definition else load(definition, loaded.row)


def _refuse(requests: Sequence[Request], error: StateholdError) -> None:
    for request in requests:
        if not request.future.done():
            request.future.set_exception(error)


def _asks_now(request: Request) -> bool:
    """Lets the request ask whether its key was used before it is applied again; False where it has
    no key, or has asked."""
    if request.key is None or request.asks_first:
        return False
    request.asks_first = True
    return True


def _answer(request: Request, answer: Any) -> None:
    if not request.future.done():
        request.future.set_result(answer)


def _repeat(request: Request, entry: Entry) -> bool:
    """Answers as the first time. True where that was another caller's request, and this one is to
    be asked again with a key of its own."""
    body = _body(entry.body)
    if _is_others(request, body.caller or ""):
        return True
    if request.same_request(entry.kind, body.event, body.given) and entry.reply is not None:
        _answer(request, earlier_reply(entry.reply))
    else:
        _reused(request, entry.kind, body.event)
    return False


def _is_others(request: Request, caller: str) -> bool:
    """Whether the key that was found is another caller's; then the request gets one of its own."""
    own = key_of_caller(request.caller, request.given_key or "")
    if caller == request.caller.name or request.key == own:
        return False
    request.key = own
    return True


def _reused(request: Request, kind: str, event: Any) -> None:
    name = event.get("type", "") if isinstance(event, dict) else ""
    _refuse(
        [request], KeyReused(request.given_key or "", f"{kind} {name}".strip(), request.describe())
    )
