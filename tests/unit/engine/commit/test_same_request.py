"""A request that is sent again with its key is the same request, and a caller's own."""

from __future__ import annotations

import asyncio
import dataclasses
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from msgspec import UNSET
from pydantic import BaseModel, ConfigDict, Field, RootModel

from statehold import Event, Machine, State, on
from statehold.chart.fingerprint import fingerprint
from statehold.chart.values import Shape
from statehold.engine import Engine
from statehold.engine.commit.keys import forms_of_key
from statehold.engine.requests import intake
from statehold.errors import InstanceExists, KeyReused
from statehold.records import Caller
from statehold.store import Store
from statehold.stores import MemoryStore, SqliteStore
from statehold.stores.postgres.store import PostgresStore
from tests.unit.engine.sample_machines import Add, Counter, Note
from tests.unit.engine.world import journal

pytestmark = pytest.mark.anyio

ANN, BOB = Caller("ann", frozenset()), Caller("bob", frozenset())
NOBODY = Caller("", frozenset())

_made = 0


def anew() -> int:
    """Another number each time, as a clock or chance gives it."""
    global _made
    _made += 1
    return _made


class Part(BaseModel):
    number: int = Field(default_factory=anew)
    names: set[str] = set()


class Goods(BaseModel):
    model_config = ConfigDict(extra="allow", populate_by_name=True)

    number: int = Field(default_factory=anew)
    tags: frozenset[str] = frozenset()
    prices: dict[str, float] = {}
    parts: list[Part] = []
    when: datetime | None = Field(default=None, alias="madeAt")


@dataclasses.dataclass
class Box:
    tags: set[str]
    number: int = dataclasses.field(default_factory=anew)


class Pack(Event):
    number: int = Field(default_factory=anew)
    tags: set[str] = Field(default_factory=set)
    parts: list[Part] = Field(default_factory=list)


class Packing(Machine[Goods], name="packing", version=1):
    open = State(initial=True)
    pack = on(Pack, open)


class Boxing(Machine[Box], name="boxing", version=1):
    open = State(initial=True)
    pack = on(Pack, open)


MACHINES: list[Any] = [Packing, Boxing, Counter]
Opened = Callable[[], Any]


@pytest.fixture(params=["memory", "sqlite", "postgres"])
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> Opened:
    """Opens an engine on one store, one after another."""
    kept = MemoryStore()

    def store() -> Store:
        if request.param == "memory":
            return kept
        if request.param == "sqlite":
            return SqliteStore(tmp_path / "same.db")
        return PostgresStore(request.getfixturevalue("migrated_dsn"))

    @asynccontextmanager
    async def running() -> AsyncIterator[Engine]:
        async with Engine(store(), MACHINES) as engine:
            yield engine

    return running


# --- what counts ----------------------------------------------------------------------------------

#: the same start, and the same event, spelt in several ways
STARTS: list[list[Any]] = [
    [b"{}", b" { } ", {}, lambda: Goods(), UNSET, None, b"null"],
    [
        b'{"tags": ["a", "b", "c"], "prices": {"x": 1, "y": 2.5}}',
        b'{"prices": {"y": 2.5, "x": 1.0}, "tags": ["c", "a", "b", "a"]}',
        {"tags": ["b", "a", "c"], "prices": {"y": 2.5, "x": 1}},
        lambda: Goods(tags=frozenset("cab"), prices={"y": 2.5, "x": 1.0}),
    ],
    [
        b'{"parts": [{"names": ["q", "p"]}, {"number": 7}], "more": {"b": 1, "a": [2]}}',
        b'{"more": {"a": [2], "b": 1}, "parts": [{"names": ["p", "q"]}, {"number": 7}]}',
        lambda: Goods.model_validate(
            {"parts": [Part(names={"p", "q"}), Part(number=7)], "more": {"b": 1, "a": [2]}}
        ),
        lambda: {"parts": [Part(names={"q", "p"}), Part(number=7)], "more": {"b": 1, "a": [2]}},
    ],
    [b'{"madeAt": "2026-01-01T00:00:00Z"}', lambda: Goods(madeAt=datetime(2026, 1, 1, tzinfo=UTC))],
]
EVENTS: list[list[Any]] = [
    [b'{"type": "Pack"}', '{"type":"Pack"}', {"type": "Pack"}, lambda: Pack()],
    [
        b'{"type": "Pack", "tags": ["a", "b"], "parts": [{"names": ["q", "p"]}]}',
        b'{"parts": [{"names": ["p", "q"]}], "tags": ["b", "a"], "type": "Pack"}',
        lambda: Pack(tags={"b", "a"}, parts=[Part(names={"p", "q"})]),
    ],
]
OTHERS: list[tuple[bytes, bytes]] = [
    (b'{"tags": ["a"]}', b'{"tags": ["b"]}'),
    (b'{"tags": ["a"]}', b'{"tags": ["a", "b"]}'),
    (b'{"parts": [{"number": 1}, {"number": 2}]}', b'{"parts": [{"number": 2}, {"number": 1}]}'),
    (b'{"number": 1}', b'{"number": 2}'),
    (b"{}", b'{"number": 2}'),
]


def given(one: Any) -> Any:
    return one() if callable(one) else one


async def test_a_request_is_the_same_however_it_is_spelt_and_after_a_restart(
    opened: Opened,
) -> None:
    replies: dict[str, bytes] = {}
    for _ in range(2):
        async with opened() as engine:
            for number, spelt in enumerate(STARTS):
                for one in spelt:
                    answer = await engine.start(Packing, f"s-{number}", given(one), key="k")
                    reply = replies.setdefault(f"s-{number}", answer.json())
                    assert answer.json() == reply
            for number, spelt in enumerate(EVENTS):
                for one in spelt:
                    answer = await engine.send(Packing, "s-0", given(one), key=f"e-{number}")
                    assert answer.json() == replies.setdefault(f"e-{number}", answer.json())
            # a dataclass does not know which fields were set: as JSON it does
            for text in (b'{"tags": ["a", "b"]}', b'{"tags": ["b", "a"]}'):
                answer = await engine.start(Boxing, "b", text, key="k")
                assert answer.json() == replies.setdefault("b", answer.json())
    assert replies["e-1"] != replies["e-0"]


async def test_a_held_request_is_the_same_while_it_is_held_and_afterwards(opened: Opened) -> None:
    async with opened() as engine:
        await engine.start(Packing, "s")
        await engine.pause(Packing, "s")
        for one in EVENTS[1]:
            assert (await engine.send(Packing, "s", given(one), key="k", caller=ANN)).held
        with pytest.raises(KeyReused):
            await engine.send(Packing, "s", Pack(), key="k", caller=ANN)
    async with opened() as engine:
        assert (await engine.send(Packing, "s", given(EVENTS[1][2]), key="k", caller=ANN)).held
        await engine.resume(Packing, "s")
        for one in EVENTS[1]:
            assert (await engine.send(Packing, "s", given(one), key="k", caller=ANN)).seq == 4
        assert (await engine.read(Packing, "s")).seq == 4


async def test_another_request_under_the_key_is_still_refused(opened: Opened) -> None:
    async with opened() as engine:
        for number, (one, other) in enumerate(OTHERS):
            await engine.start(Packing, f"s-{number}", one, key="k")
            with pytest.raises(KeyReused, match="'k'"):
                await engine.start(Packing, f"s-{number}", other, key="k")
            events = [b'{"type": "Pack", ' + text[1:] for text in (one, other) if text != b"{}"]
            if len(events) == 2:
                await engine.send(Packing, f"s-{number}", events[0], key="e")
                with pytest.raises(KeyReused, match="'e'"):
                    await engine.send(Packing, f"s-{number}", events[1], key="e")


async def test_what_an_earlier_release_stored_under_a_key_gives_its_reply(
    opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as before:
        before.setattr(intake, "fingerprint", lambda *_, **__: None)
        async with opened() as engine:
            first = await engine.start(Counter, "c", {"count": 1}, key="s", caller=ANN)
            second = await engine.send(Counter, "c", Add(n=2), key="k", caller=ANN)
            third = await engine.start(Counter, key="no-id", caller=ANN)
    async with opened() as engine:
        again = await engine.start(Counter, "c", {"count": 1}, key="s", caller=ANN)
        assert again.json() == first.json()
        assert (await engine.send(Counter, "c", Add(n=2), key="k", caller=ANN)).json() == (
            second.json()
        )
        assert (await engine.start(Counter, key="no-id", caller=ANN)).json() == third.json()
        assert (await engine.start(Counter, key="no-id", caller=BOB)).id != third.id
        with pytest.raises(KeyReused):
            await engine.send(Counter, "c", Add(n=3), key="k", caller=ANN)
        assert (await engine.send(Counter, "c", Add(n=2), key="k", caller=BOB)).seq == 3


def test_a_fingerprint_does_not_depend_on_the_process() -> None:
    code = (
        "from pydantic import BaseModel\n"
        "from statehold.chart.fingerprint import fingerprint\n"
        "from statehold.chart.values import Shape\n"
        "class M(BaseModel):\n    a: set[str]\n    b: dict[str, frozenset[tuple[str, int]]]\n"
        "m = M(a=set('abcdef'), b={'y': frozenset({('p', 1), ('q', 2), ('r', 3)}), 'x': set()})\n"
        "print(fingerprint(m, m, Shape(M).dump(m)))\n"
    )
    found = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(found) == 1


def test_values_that_are_not_models_have_fingerprints_too() -> None:
    for type_, one, same, other in (
        (set[int], b"[1, 2]", b"[2, 1]", b"[1]"),
        (list[int], b"[1, 2]", b"[1,2]", b"[2, 1]"),
        (dict[str, set[str]], b'{"a": ["x", "y"]}', b'{"a": ["y", "x"]}', b'{"a": ["x"]}'),
        (RootModel[set[int]], b"[1, 2]", b"[2, 1]", b"[1]"),
        (list[frozenset[int]], b"[[1, 2], [3]]", b"[[2, 1], [3]]", b"[[3], [1, 2]]"),
        (float, b"2", b"2.0", b"2.5"),
        (float, b"2e3", b"2000.0", b"2e4"),
        (float, b"1E21", b"1000000000000000000000", b"1e22"),
        (str, b'"2e3"', b' "2e3"', b'"2000.0"'),
        (None, b"null", b" null", b"0"),
        (dict[str, Any], b'{"a": {"b": 1, "c": 2}}', b'{"a": {"c": 2, "b": 1}}', b"{}"),
    ):
        shape = Shape[Any](type_)
        marks = [fingerprint(raw, shape.parse(raw), b"") for raw in (one, same)]
        assert marks[0] == marks[1]
        assert fingerprint(other, None, b"") != marks[0]


class Spread(BaseModel):
    """Its numbers have a written form, whatever they are."""

    model_config = ConfigDict(ser_json_inf_nan="strings")
    wide: float = 0.0
    number: int = Field(default_factory=anew)


class Spreading(Machine[Spread], name="spreading", version=1):
    open = State(initial=True)


async def test_a_request_with_a_number_that_only_pydantic_reads_is_the_same_again() -> None:
    async with Engine("memory:", [Spreading]) as engine:
        for id, given in (("nan", b'{"wide": NaN}'), ("wide", b'{"wide": 1e999}')):
            first = await engine.start(Spreading, id, given, key="k")
            again = await engine.start(Spreading, id, given, key="k")
            assert again.json() == first.json()
            with pytest.raises(KeyReused):
                await engine.start(Spreading, id, b'{"wide": 1}', key="k")
        wide = [float("nan"), float("inf"), -float("inf"), 1.0]
        for number, one in enumerate(wide):
            first = await engine.start(Spreading, f"w-{number}", {"wide": one}, key="k")
            again = await engine.start(Spreading, f"w-{number}", {"wide": one}, key="k")
            assert again.json() == first.json()
            for other in wide[:number] + wide[number + 1 :]:
                with pytest.raises(KeyReused):
                    await engine.start(Spreading, f"w-{number}", {"wide": other}, key="k")


# --- whose it is ---------------------------------------------------------------------------------


async def test_callers_with_the_same_key_make_requests_of_their_own(opened: Opened) -> None:
    callers = [ANN, BOB, NOBODY, Caller("eve", None)]
    replies: list[bytes] = []
    for _ in range(2):
        async with opened() as engine:
            if not replies:
                await engine.start(Counter, "c")
            for number, caller in enumerate(callers):
                answer = await engine.send(Counter, "c", Add(n=number + 1), key="k", caller=caller)
                again = await engine.send(Counter, "c", Add(n=number + 1), key="k", caller=caller)
                assert again.json() == answer.json()
                if len(replies) < len(callers):
                    replies.append(answer.json())
                assert answer.json() == replies[number]
                with pytest.raises(KeyReused, match="'k'"):
                    await engine.send(Counter, "c", Note(text="x"), key="k", caller=caller)
            assert (await engine.read(Counter, "c")).view.count == 1 + 2 + 3 + 4
            lines = await journal(engine, Counter, "c")
            assert [(line.key, line.caller) for line in lines] == [
                (None, None), ("k", "ann"), ("k", "bob"), ("k", None), ("k", "eve"),
            ]  # fmt: skip
    assert len(set(replies)) == len(callers)


async def test_callers_that_use_one_key_at_once_each_get_their_own_reply(opened: Opened) -> None:
    async with opened() as engine:
        await engine.start(Counter, "c")
        callers = [Caller(f"caller-{number % 5}", None) for number in range(20)]
        answers = await asyncio.gather(
            *(engine.send(Counter, "c", Add(), key="k", caller=caller) for caller in callers)
        )
        assert len({answer.json() for answer in answers}) == 5
        for number in range(5):
            assert len({answer.json() for answer in answers[number::5]}) == 1
        assert (await engine.read(Counter, "c")).view.count == 5


async def test_a_start_with_the_key_of_another_caller_is_another_start(opened: Opened) -> None:
    async with opened() as engine:
        first = await engine.start(Counter, "c", {"count": 7}, key="k", caller=ANN)
        for data in ({"count": 7}, {}):
            with pytest.raises(InstanceExists):
                await engine.start(Counter, "c", data, key="k", caller=BOB)
        ids = {
            caller.name: (await engine.start(Counter, key="k", caller=caller)).id
            for caller in (BOB, ANN, NOBODY)
        }
        assert len(set(ids.values())) == 3
    async with opened() as engine:
        assert (
            await engine.start(Counter, "c", {"count": 7}, key="k", caller=ANN)
        ).json() == first.json()
        for caller in (NOBODY, ANN, BOB):
            assert (await engine.start(Counter, key="k", caller=caller)).id == ids[caller.name]
        with pytest.raises(KeyReused):
            await engine.start(Counter, None, {"count": 1}, key="k", caller=BOB)


async def test_starts_of_several_callers_at_once_give_each_an_instance(opened: Opened) -> None:
    async with opened() as engine:
        callers = [ANN, BOB, NOBODY] * 4
        answers = await asyncio.gather(
            *(engine.start(Counter, key="k", caller=caller) for caller in callers)
        )
        assert len({answer.id for answer in answers}) == 3
        for number in range(3):
            assert len({answer.json() for answer in answers[number::3]}) == 1


async def test_held_requests_of_several_callers_are_all_applied_once(opened: Opened) -> None:
    async with opened() as engine:
        await engine.start(Counter, "c")
        await engine.pause(Counter, "c")
        for _ in range(2):
            for caller in (ANN, BOB):
                assert (await engine.send(Counter, "c", Add(), key="k", caller=caller)).held
        await engine.resume(Counter, "c")
        seqs = [
            (await engine.send(Counter, "c", Add(), key="k", caller=caller)).seq
            for caller in (BOB, ANN, BOB)
        ]
        assert seqs[0] == seqs[2] != seqs[1]
        assert (await engine.read(Counter, "c")).view.count == 2


async def test_no_one_gets_a_callers_reply_by_guessing_how_its_key_is_stored(
    opened: Opened,
) -> None:
    async with opened() as engine:
        await engine.start(Counter, "c")
        await engine.send(Counter, "c", Add(n=1), key="k", caller=BOB)
        anns = await engine.send(Counter, "c", Add(n=1), key="k", caller=ANN)
        for caller in (NOBODY, BOB):
            guessed = await engine.send(
                Counter, "c", Add(n=1), key=forms_of_key(ANN, "k")[1], caller=caller
            )
            assert guessed.seq > anns.seq
        assert (await engine.send(Counter, "c", Add(n=1), key="k", caller=ANN)).json() == (
            anns.json()
        )
