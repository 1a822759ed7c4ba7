"""In whichever role a value comes to an engine, on whichever store, before and after a restart, it
is what it was, or is refused by name and nothing has changed.

``STATEHOLD_EXAMPLES=200`` looks for longer, at every shape.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from pydantic import TypeAdapter, create_model

from statehold import (
    Call,
    Engine,
    Event,
    Final,
    Machine,
    State,
    Undeliverable,
    Upgrade,
    child,
    effect,
    on,
    on_failure,
    on_result,
)
from statehold.engine.limits import Limits
from statehold.errors import ActionFailed, InvalidPayload, UnknownInstance
from statehold.store import PAGE_LIMIT, Query, Store
from statehold.stores import MemoryStore, SqliteStore
from statehold.stores.postgres.store import PostgresStore
from tests.round_trip.shapes import SHAPES, Shaped, described

#: real seconds after which a test that waits for a signal has failed
PATIENCE = 20.0
#: of each shape, on each store; with more of them every shape is tried
EXAMPLES = int(os.environ.get("STATEHOLD_EXAMPLES", "2"))
CHOSEN = (
    "float", "float-or-none", "str", "datetime", "bytes", "int", "deque-maxlen", "set", "any",
    "dict-of-any", "plain", "aliased", "only-aliased", "read-otherwise", "swapped", "computed",
    "open", "private", "subclass", "discriminated", "generic", "settings", "dataclass",
    "typed-dict", "taxed", "taxed-once", "written-secret",
)  # fmt: skip
NAMES = [
    name for name, shaped in SHAPES.items()
    if not shaped.refused and (EXAMPLES > 2 or name in CHOSEN)
]  # fmt: skip


class Put(Event):
    """Says which of the values that were drawn is meant."""

    number: int


class Relay(Put):
    pass


class Work(Put):
    pass


class End(Put):
    pass


class Kit:
    """The machines of one shape, the values that were drawn for it, and what the machines heard."""

    def __init__(self, name: str, shaped: Shaped) -> None:
        self.values: list[Any] = []
        #: what actions were given, as a description
        self.heard: asyncio.Queue[Any] = asyncio.Queue()
        #: the same of new instances
        self.born: asyncio.Queue[Any] = asyncio.Queue()
        values, heard, born = self.values, self.heard, self.born
        kind: Any = create_model("Kept", value=(shaped.type | None, None), n=(int, -1))
        given_: Any = create_model("Given", __base__=Event, value=(shaped.type | None, None))
        self.kind, self.given = kind, given_

        def chosen(data: Any) -> Any:
            return self.kept(data.n)

        def text_of(data: Any) -> str | None:
            return data.value if isinstance(data.value, str) else None

        def note_birth(data: Any) -> None:
            born.put_nowait(described(data.value))

        def hear(data: Any, event: Any) -> None:
            heard.put_nowait(described(event.value))

        def hear_result(data: Any, event: Any) -> None:
            heard.put_nowait(described(event.value.value))

        def hear_failure(data: Any, event: Any) -> None:
            heard.put_nowait(f"{event.error}: {event.message}")

        def put_value(data: Any, event: Put) -> None:
            data.value = values[event.number]

        def pick(data: Any, event: Put) -> None:
            data.n = event.number

        def send_it(data: Any, event: Put, context: Any) -> None:
            context.send(None, None, self.event(event.number))

        def carried(old: dict[str, Any]) -> Any:
            return self.kept(old["n"]) if old["n"] >= 0 else None

        async def work(data: Any, call: Call) -> Any:
            return self.kept(data.n)

        work.__annotations__["return"] = kind
        works = effect(attempts=1)(work)

        def machine_of(number: int, how: tuple[Upgrade, ...] = ()) -> Any:
            class Main(Machine[kind], name=f"m-{name}", version=number):
                resting = State(initial=True, entry=note_birth)
                working = State(invoke=works)
                over = Final(output=chosen)
                given = on(given_, resting, do=hear)
                put = on(Put, resting, do=put_value)
                relay = on(Relay, resting, do=send_it)
                undelivered = on(Undeliverable, resting, do=hear_reason)
                go = on(Work, resting >> working, do=pick)
                worked = on_result(works, working >> resting, do=hear_result)
                broke = on_failure(works, working >> resting, do=hear_failure)
                end = on(End, resting >> over, do=pick)
                indexes = {"value": text_of}  # noqa: RUF012 - as machines are written
                upgrades = how

            return Main

        def hear_reason(data: Any, event: Undeliverable) -> None:
            heard.put_nowait(event.reason)

        self.machine: Any = machine_of(1)
        self.next_machine: Any = machine_of(2, (Upgrade(1, data=carried),))

        class Parent(Machine[dict[str, int]], name=f"p-{name}", version=1):
            resting = State(initial=True)
            waiting = State(invoke=child(self.machine, input=lambda data: self.kept(data["n"])))
            go = on(Put, resting >> waiting, do=lambda data, event: {"n": event.number})
            lost = on_failure(self.machine, waiting >> resting, do=hear_failure)

        class Viewed(Machine[dict[str, int]], name=f"v-{name}", version=1):
            resting = State(initial=True)
            put = on(Put, resting, do=lambda data, event: {"n": event.number})

            def view(data: dict[str, int]) -> Any:  # type: ignore[misc]
                return {"value": values[data["n"]] if data else None}

        self.parent: Any = Parent
        self.viewed: Any = Viewed

    def kept(self, number: int) -> Any:
        return self.kind.model_construct(value=self.values[number], n=number)

    def event(self, number: int) -> Any:
        return self.given.model_construct(value=self.values[number])


class Trial:
    """One value in each role. ``kept`` has the instances with one, and its description then."""

    def __init__(self, engine: Engine, kit: Kit, kept: dict[tuple[Any, str], Any]) -> None:
        self.engine = engine
        self.kit = kit
        self.kept = kept
        self.number = len(kit.values) - 1
        self.wanted = described(kit.values[-1])

    async def run(self) -> None:
        for role in (
            self.start, self.action, self.event, self.held, self.sent, self.result, self.output,
            self.view, self.child,
        ):  # fmt: skip
            # a step that lost its place in a turn is taken again, and heard twice
            while not self.kit.heard.empty():
                self.kit.heard.get_nowait()
            await role(f"{role.__name__}-{self.number}")

    async def start(self, id: str) -> None:
        machine, kit = self.kit.machine, self.kit
        data = kit.kind.model_construct(value=kit.values[-1], n=-1)
        if await self.taken(self.engine.start(machine, id, data)):
            assert kit.born.get_nowait() == self.wanted
            if isinstance(kit.values[-1], str):
                asked = {"value": str(kit.values[-1])}
                query = Query(machine.definition.name, where=asked)
                assert id in [one.id for one in (await self.engine.list(query)).instances]
            await self.reads(machine, id)
            self.kept[machine, id] = self.wanted
        else:
            with pytest.raises(UnknownInstance):
                await self.engine.read(machine, id)

    async def action(self, id: str) -> None:
        machine = self.kit.machine
        await self.begun(machine, id)
        if await self.taken(self.engine.send(machine, id, Put(number=self.number))):
            await self.reads(machine, id)
        else:
            assert (await self.engine.read(machine, id)).seq == 1

    async def event(self, id: str) -> None:
        await self.begun(self.kit.machine, id)
        if await self.taken(self.engine.send(self.kit.machine, id, self.kit.event(self.number))):
            await self.hears()

    async def held(self, id: str) -> None:
        machine = self.kit.machine
        await self.begun(machine, id)
        await self.engine.pause(machine, id)
        taken = await self.taken(self.engine.send(machine, id, self.kit.event(self.number)))
        await self.engine.resume(machine, id)
        if taken:
            await self.hears()

    async def sent(self, id: str) -> None:
        await self.begun(self.kit.machine, id)
        if await self.taken(self.engine.send(self.kit.machine, id, Relay(number=self.number))):
            await self.hears()

    async def result(self, id: str) -> None:
        await self.begun(self.kit.machine, id)
        await self.engine.send(self.kit.machine, id, Work(number=self.number))
        heard = await asyncio.wait_for(self.kit.heard.get(), PATIENCE)
        assert heard == self.wanted or ("InvalidPayload" in heard and "value" in heard), heard

    async def output(self, id: str) -> None:
        machine = self.kit.machine
        await self.begun(machine, id)
        end = self.engine.send(machine, id, End(number=self.number), key=f"{self.number}")
        if not await self.taken(end):
            assert (await self.engine.read(machine, id)).status == "running"
            return
        written = strict((await self.engine.read(machine, id)).json())["output"]
        back = TypeAdapter(self.kit.kind).validate_json(
            json.dumps(written), context={"stored": True}, by_alias=True, by_name=True
        )
        assert described(back.value) == self.wanted

    async def view(self, id: str) -> None:
        viewed = self.kit.viewed
        await self.engine.start(viewed, id, {})
        if await self.taken(self.engine.send(viewed, id, Put(number=self.number), key=id)):
            again = await self.engine.send(viewed, id, Put(number=self.number), key=id)
            assert strict(again.json()) == strict((await self.engine.read(viewed, id)).json())

    async def child(self, id: str) -> None:
        await self.engine.start(self.kit.parent, id, {})
        self.forget_births()
        if await self.taken(self.engine.send(self.kit.parent, id, Put(number=self.number))):
            assert await asyncio.wait_for(self.kit.born.get(), PATIENCE) == self.wanted
            if (self.kit.machine, f"start-{self.number}") in self.kept:
                # it may not be committed yet; after the restart it has to be there
                self.kept[self.kit.machine, f"{id}:2.1"] = self.wanted
            else:
                # the child's own first step was refused, which its parent hears as a failure
                assert "value" in await asyncio.wait_for(self.kit.heard.get(), PATIENCE)

    # --- what is asked again and again ---

    async def begun(self, machine: Any, id: str) -> None:
        await self.engine.start(machine, id, {"n": -1})
        self.forget_births()

    async def taken(self, asked: Awaitable[Any]) -> bool:
        """False where it was refused, by name."""
        try:
            await asked
        except (InvalidPayload, ActionFailed) as error:
            refused = str(error)
        else:
            return True
        assert "value" in refused, refused
        # an entry action of a start that was refused after it
        self.forget_births()
        return False

    def forget_births(self) -> None:
        while not self.kit.born.empty():
            self.kit.born.get_nowait()

    async def hears(self) -> None:
        assert await asyncio.wait_for(self.kit.heard.get(), PATIENCE) == self.wanted

    async def reads(self, machine: Any, id: str) -> None:
        answer = await self.engine.read(machine, id)
        assert described(answer.view.value) == self.wanted
        strict(answer.json())


def strict(raw: bytes) -> Any:
    """What is JSON to everybody."""

    def refuse(name: str) -> None:
        raise AssertionError(f"{name} is no JSON: {raw!r}")

    return json.loads(raw, parse_constant=refuse)


@pytest.fixture(params=["memory", "sqlite", "postgres"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    if request.param == "memory":
        return MemoryStore()
    if request.param == "sqlite":
        return SqliteStore(tmp_path / "trip.db")
    return PostgresStore(request.getfixturevalue("migrated_dsn"))


@pytest.mark.timeout(120 * EXAMPLES)
def test_a_value_is_what_it_was_in_every_role_or_is_refused_by_name(store: Store) -> None:
    kits = {name: Kit(name, SHAPES[name]) for name in NAMES}
    kept: dict[tuple[Any, str], Any] = {}
    old = [one for kit in kits.values() for one in (kit.parent, kit.viewed)]
    new = [kit.next_machine for kit in kits.values()]
    with asyncio.Runner() as runner:

        @contextmanager
        def opened(machines: list[Any]) -> Iterator[Engine]:
            engine = Engine(store, machines, limits=Limits(grace_seconds=0.0))
            runner.run(engine.open())
            try:
                yield engine
            finally:
                runner.run(engine.close())

        with opened(old) as engine:
            for name, kit in kits.items():
                try_value = trying(runner, engine, name, kit, kept)
                try_value()
        with opened(old) as engine:
            runner.run(read_again(engine, kits, kept))
        with opened(new) as engine:
            runner.run(upgraded(engine, kits, kept))


def trying(
    runner: asyncio.Runner, engine: Engine, name: str, kit: Kit, kept: dict[tuple[Any, str], Any]
) -> Callable[[], None]:
    @settings(
        max_examples=EXAMPLES, database=None, suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(SHAPES[name].values)
    def try_value(value: Any) -> None:
        kit.values.append(value)
        runner.run(Trial(engine, kit, kept).run())

    return try_value


async def read_again(
    engine: Engine, kits: dict[str, Kit], kept: dict[tuple[Any, str], Any]
) -> None:
    """After a restart everything that was taken is there and equal, and nothing is unreadable."""
    for (machine, id), wanted in kept.items():
        answer = await engine.read(machine, id)
        assert described(answer.view.value) == wanted
    assert (await engine.incidents()).incidents == []
    for kit in kits.values():
        for machine in (kit.machine, kit.viewed, kit.parent):
            query = Query(machine.definition.name, limit=PAGE_LIMIT)
            for one in (await engine.list(query)).instances:
                strict((await engine.read(machine, one.id)).json())
                strict((await engine.journal(machine, one.id)).model_dump_json().encode())


async def upgraded(engine: Engine, kits: dict[str, Kit], kept: dict[tuple[Any, str], Any]) -> None:
    """An upgrade keeps a value, or puts one that is equal, or fails by its name."""
    by_machine = {kit.machine: kit for kit in kits.values()}
    for (machine, id), wanted in kept.items():
        newer = by_machine[machine].next_machine
        assert (await engine.upgrade(newer, id)).failed == {}
        assert described((await engine.read(newer, id)).view.value) == wanted
    for kit in kits.values():
        for number, value in enumerate(kit.values):
            # it left this state with the number of the value in its data
            id, newer = f"result-{number}", kit.next_machine
            report = await engine.upgrade(newer, id)
            if report.failed:
                assert "value" in report.failed[id]
                assert (await engine.read(newer, id)).version == 1
            else:
                assert described((await engine.read(newer, id)).view.value) == described(value)
