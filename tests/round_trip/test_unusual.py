"""Events keep which of their fields were given; one that was put together past its own validation
is refused where it comes from, and so is a number that no reader of JSON takes."""

from __future__ import annotations

import asyncio
import enum
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, ConfigDict, Field, GetCoreSchemaHandler, SecretStr
from pydantic_core import CoreSchema, core_schema

from statehold import Call, Engine, Event, Final, Machine, State, effect, on, on_failure
from statehold.errors import ActionFailed, InvalidPayload
from statehold.stores import MemoryStore, SqliteStore

pytestmark = pytest.mark.anyio

#: real seconds after which a test that waits for a signal has failed
PATIENCE = 20.0
LARGE = 10**5000


class Zone(BaseModel):
    model_config = ConfigDict(extra="allow")
    name: str = ""
    price: float = 0.0


class Patch(Event):
    note: str | None = None
    price: float | None = None
    zone: Zone = Zone()
    zones: list[Zone] = Field(default_factory=list)
    by_name: dict[int, Zone] = Field(default_factory=dict)


class Count(Event):
    """Of types that are proven."""

    n: int = Field(default=1, gt=0)
    note: str | None = None


class Relay(Event):
    number: int


PATCHES: list[Any] = [
    Patch(price=2.5),
    Patch(
        zone=Zone(price=1.5),
        zones=[Zone(name="a"), Zone()],
        by_name={7: Zone.model_validate({"name": "b", "more": 1})},
    ),
    Count(n=2),
    Count(note=None),
]
BROKEN: list[Any] = [Count(n=1).model_copy(update={"n": -1}), Count.model_construct(n=LARGE)]


def machine_that_hears() -> tuple[Any, asyncio.Queue[Any]]:
    heard: asyncio.Queue[Any] = asyncio.Queue()

    def hear(data: Any, event: Any) -> None:
        heard.put_nowait(event.model_dump(exclude_unset=True))

    def relay(data: Any, event: Relay, context: Any) -> None:
        context.send(None, None, [*PATCHES, *BROKEN][event.number])

    class Hearing(Machine[dict[str, int]], name="hearing", version=1):
        open = State(initial=True)
        patch = on(Patch, open, do=hear)
        count = on(Count, open, do=hear)
        send = on(Relay, open, do=relay)

    return Hearing, heard


async def test_an_event_keeps_which_fields_were_given(tmp_path: Path) -> None:
    machine, heard = machine_that_hears()
    for store in (MemoryStore(), SqliteStore(tmp_path / "given.db")):
        async with Engine(store, [machine]) as engine:
            await engine.start(machine, "x")
            for number, event in enumerate(PATCHES):
                given = event.model_dump(exclude_unset=True)
                plain = {"type": type(event).__name__, **event.model_dump(exclude_unset=True)}
                for one in (event, plain):
                    await engine.send(machine, "x", one)
                    assert heard.get_nowait() == given
                    await engine.pause(machine, "x")
                    await engine.send(machine, "x", one)
                    await engine.resume(machine, "x")
                    assert heard.get_nowait() == given
                await engine.send(machine, "x", Relay(number=number))
                assert await asyncio.wait_for(heard.get(), PATIENCE) == given


@pytest.mark.parametrize("event", BROKEN)
async def test_an_event_past_its_validation_is_refused_where_it_comes_from(event: Any) -> None:
    machine, heard = machine_that_hears()
    async with Engine("memory:", [machine]) as engine:
        await engine.start(machine, "x")
        requests = [event, Relay(number=len(PATCHES) + BROKEN.index(event))]
        for one in requests:
            with pytest.raises(InvalidPayload) as caught:
                await engine.send(machine, "x", one)
            assert list(caught.value.fields) == ["n"] or "n" in str(caught.value)
        assert [line.kind for line in (await engine.journal(machine, "x")).entries] == ["start"]
        await engine.pause(machine, "x")
        with pytest.raises(InvalidPayload):
            await engine.send(machine, "x", event)
        await engine.resume(machine, "x")
        assert heard.empty()


class Measure(Event):
    ratio: float | None = None
    raw: bytes = b""
    zones: list[Zone] = Field(default_factory=list)


@pytest.mark.parametrize(
    ("fields", "place"),
    [
        ({"ratio": float("nan")}, "ratio"),
        ({"zones": [{"price": float("inf")}]}, "zones.0.price"),
        ({"zones": [Zone.model_construct(price=float("nan"))]}, "zones.0.price"),
        ({"raw": b"\xff"}, "raw"),
        ({"raw": SecretStr("hunter2")}, "raw"),
        ({"raw": "\ud800"}, "raw"),
    ],
)
async def test_a_mapping_arrives_as_it_is_or_is_refused_by_name(fields: Any, place: str) -> None:
    heard: asyncio.Queue[Any] = asyncio.Queue()

    class Measuring(Machine[dict[str, int]], name="measuring", version=1):
        open = State(initial=True)
        measure = on(Measure, open, do=lambda data, event: heard.put_nowait(event))

    async with Engine("memory:", [Measuring]) as engine:
        await engine.start(Measuring, "x")
        with pytest.raises(InvalidPayload) as caught:
            await engine.send(Measuring, "x", {"type": "Measure", **fields})
        assert list(caught.value.fields) == [place]
        assert (await engine.read(Measuring, "x")).seq == 1
        whole = {"type": "Measure", "raw": b"abc", "zones": [Zone(name="a"), {"price": 2}]}
        await engine.send(Measuring, "x", whole)
        event = heard.get_nowait()
        assert (event.raw, event.zones[0], event.zones[1].price) == (b"abc", Zone(name="a"), 2.0)


# --- numbers without a declared type -------------------------------------------------------------


class Go(Event):
    pass


class End(Event):
    pass


@effect(attempts=1)
async def count_all(data: dict[str, str], call: Call):  # type: ignore[no-untyped-def]
    return {"all": LARGE}


async def test_a_number_that_no_reader_takes_is_no_output_view_or_result() -> None:
    failed: asyncio.Queue[str] = asyncio.Queue()

    def large(data: dict[str, str]) -> Any:
        return [LARGE]

    def view_of(data: dict[str, str]) -> Any:
        return LARGE if data else 10**4000

    class Counting(Machine[dict[str, str]], name="counting", version=1):
        open = State(initial=True)
        busy = State(invoke=count_all)
        over = Final(output=large)
        go = on(Go, open >> busy)
        end = on(End, open >> over)
        broke = on_failure(
            count_all, busy >> open, do=lambda data, event: failed.put_nowait(event.message)
        )

    class Viewed(Machine[dict[str, str]], name="viewed", version=1):
        open = State(initial=True)
        go = on(Go, open, do=lambda data, event: {"a": "b"})
        view = view_of

    async with Engine("memory:", [Counting, Viewed]) as engine:
        await engine.start(Counting, "x", {})
        with pytest.raises(ActionFailed, match="4,300 digits"):
            await engine.send(Counting, "x", End())
        await engine.send(Counting, "x", Go())
        assert "4,300 digits" in await asyncio.wait_for(failed.get(), PATIENCE)
        await engine.start(Viewed, "x", {})
        with pytest.raises(ActionFailed, match="4,300 digits"):
            await engine.send(Viewed, "x", Go())
        assert (await engine.read(Viewed, "x")).view == 10**4000


# --- values that stand for what is read back -----------------------------------------------------


class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


class Painted(BaseModel):
    model_config = ConfigDict(use_enum_values=True)
    colour: Colour = Colour.RED
    colours: list[Colour] = []


class Length:
    """Has no ``__eq__``."""

    def __init__(self, metres: float, note: str = "") -> None:
        self.metres = metres
        self.note = note

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        read = core_schema.no_info_after_validator_function(cls, core_schema.float_schema())
        return core_schema.json_or_python_schema(
            read,
            core_schema.union_schema([core_schema.is_instance_schema(cls), read]),
            serialization=core_schema.plain_serializer_function_ser_schema(lambda one: one.metres),
        )


class Measured(BaseModel):
    length: Length = Field(default_factory=lambda: Length(1.0))


def paint(data: Any, event: Go) -> None:
    data.colour = Colour.BLUE
    data.colours = [Colour.BLUE]


def lengthen(data: Any, event: Go) -> None:
    data.length = Length(data.length.metres + 1)


@pytest.mark.parametrize(
    ("type_", "action", "shown"),
    [
        (Painted, paint, {"colour": "blue", "colours": ["blue"]}),
        (Measured, lengthen, {"length": 2.0}),
    ],
)
async def test_what_stands_for_the_value_that_is_read_back_is_taken(
    type_: Any, action: Callable[[Any, Go], None], shown: Any
) -> None:
    class Keeping(Machine[type_], name="keeping", version=1):
        open = State(initial=True)
        go = on(Go, open, do=action)

    async with Engine("memory:", [Keeping]) as engine:
        await engine.start(Keeping, "x")
        answer = await engine.send(Keeping, "x", Go())
        assert answer.view.model_dump(mode="json") == shown


async def test_an_attribute_that_is_not_written_is_lost_where_there_is_no_equality() -> None:
    def note_it(data: Measured, event: Go) -> None:
        data.length = Length(2.0, "by hand")

    class Keeping(Machine[Measured], name="keeping", version=1):
        open = State(initial=True)
        go = on(Go, open, do=note_it)

    async with Engine("memory:", [Keeping]) as engine:
        await engine.start(Keeping, "x")
        with pytest.raises(InvalidPayload) as caught:
            await engine.send(Keeping, "x", Go())
        assert list(caught.value.fields) == ["length.note"]


# --- objects of flat events, which are not read back ---------------------------------------------


class Flat(Event):
    n: int
    note: str | None = None


@pytest.mark.parametrize(
    "event",
    [Flat.model_construct(note="no n"), Flat.model_construct(n="x"), Flat(n=LARGE)],
    ids=["incomplete", "of a wrong type", "too many digits"],
)
async def test_a_flat_event_that_could_not_be_read_again_is_refused_by_name(event: Flat) -> None:
    class Flatly(Machine[dict[str, int]], name="flatly", version=1):
        open = State(initial=True)
        hear = on(Flat, open)

    async with Engine("memory:", [Flatly]) as engine:
        await engine.start(Flatly, "x")
        with pytest.raises(InvalidPayload) as caught:
            await engine.send(Flatly, "x", event)
        assert list(caught.value.fields) == ["n"]
        assert (await engine.read(Flatly, "x")).seq == 1
        assert (await engine.send(Flatly, "x", Flat(n=1))).seq == 2
