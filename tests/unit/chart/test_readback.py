"""A chart is stored only if it is read back as it is; else each fault is a problem with a place."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from statehold import DefinitionError, Event, Final, Machine, State, on
from statehold.chart.machine import Upgrade
from statehold.chart.model import (
    Action,
    Chart,
    Delay,
    EventShape,
    Guard,
    Initial,
    Invoke,
    Policy,
    Silence,
    StateNode,
    Transition,
    Trigger,
)
from statehold.chart.readback import problems_of_storing
from statehold.chart.validate import VERSION_LIMIT, validate
from statehold.doctor.work import _of_versions
from statehold.engine import Engine
from statehold.errors import InvalidPayload, UpgradeFailed
from statehold.formats.native.read import read_native
from statehold.store import StoredChart
from statehold.stores import MemoryStore, SqliteStore


class Data(BaseModel):
    n: int = 0


class Unbounded(BaseModel):
    most: float = float("inf")


class Go(Event):
    pass


class Far(Event):
    most: float = float("inf")


def machine(
    name: Any = "m",
    version: Any = 1,
    data: Any = Data,
    event: Any = Go,
    rule_doc: Any = "",
    **state: Any,
) -> type[Machine[Any]]:
    class M(Machine[data], name=name, version=version):
        a = State(initial=True)
        b = State(**state)
        end = Final()
        go = on(event, a >> b, doc=rule_doc)
        stop = on(Go, b >> end)

    return M


@pytest.mark.parametrize(
    ("said", "place", "words"),
    [
        ({"tags": {"money"}}, "M.b", "tags is ({'money'},): expected `str`, got `array`"),
        ({"tags": ["money"]}, "M.b", "expected `str`, got `array`"),
        ({"tags": ("a", 1)}, "M.b", "tags is ('a', 1): expected `str`, got `int`"),
        ({"owner": 3}, "M.b", "owner is 3"),
        ({"owner": ("kitchen",)}, "M.b", "owner is ('kitchen',)"),
        ({"doc": 4}, "M.b", "doc is 4"),
        ({"doc": b"x"}, "M.b", "doc is b'x': b'x' would be read back as 'eA=='"),
        ({"doc": "half \ud83d"}, "M.b", "half of a surrogate pair"),
        ({"owner": "\udc00"}, "M.b", "half of a surrogate pair"),
        ({"rule_doc": 5}, "M.go", "doc is 5"),
        ({"name": 3}, "M ", "name is 3"),
        ({"name": "\ud800"}, "M ", "half of a surrogate pair"),
        ({"version": "1"}, "M ", "version is '1'"),
        ({"version": True}, "M ", "version is True"),
        ({"version": 1.0}, "M ", "version is 1.0"),
        ({"version": VERSION_LIMIT + 1}, "M ", f"the limit is {VERSION_LIMIT}"),
        ({"data": Unbounded}, "M ", "properties.most.default: inf would be read back as None"),
        ({"event": Far}, "event Far", "properties.most.default: inf"),
    ],
)
def test_a_class_whose_chart_can_not_be_stored_is_refused_with_its_place(
    said: dict[str, Any], place: str, words: str
) -> None:
    with pytest.raises(DefinitionError) as refused:
        machine(**said)
    assert any(
        problem.place.startswith(place) and words in problem.message
        for problem in refused.value.problems
    ), refused.value.problems
    str(refused.value).encode()


@pytest.mark.parametrize(
    "upgrade",
    [
        Upgrade("1"),  # type: ignore[arg-type]
        Upgrade(1.0),  # type: ignore[arg-type]
        Upgrade(True),
        Upgrade(1, states=5),  # type: ignore[arg-type]
        Upgrade(1, states={3: "a"}),  # type: ignore[dict-item]
        Upgrade(1, states={"x": 5}),
        Upgrade(1, effects={"x": 5}),
        Upgrade(1, timers=[("x", "y")]),  # type: ignore[arg-type]
    ],
)
def test_an_upgrade_of_wrong_types_is_refused_with_its_place(upgrade: Upgrade) -> None:
    with pytest.raises(DefinitionError, match=r"Two\.upgrades: one is Upgrade"):

        class Two(Machine[Data], name="two", version=2):
            upgrades = (upgrade,)
            a = State(initial=True)
            go = on(Go, a)


def test_text_of_any_unicode_and_members_of_enumerations_are_stored() -> None:
    class Team(StrEnum):
        KITCHEN = "küche"

    chart = machine(owner=Team.KITCHEN, tags=("a\0b", "😀"), doc="\0").chart
    assert Chart.from_json(chart.to_json()) == chart


def test_all_that_is_wrong_is_reported_at_once() -> None:
    root = StateNode("", "compound", None, Initial(("a",)))
    chart: Any = Chart("m", 1, (root, StateNode("a", "atomic", "", tags=(1,), owner=2)), doc=3)  # type: ignore[arg-type]
    assert [(p.place, p.message.partition(" is ")[0]) for p in validate(chart)] == [
        ("chart", "doc"), ("state a", "owner"), ("state a", "tags"),
    ]  # fmt: skip


# --- whatever stands in any field of any part ----------------------------------------------------

RUBBISH = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.binary(max_size=3),
    st.sampled_from(["\ud800", "a\0", float("nan"), 2**63, 1j, object(), {1: 2}, {"a": {1}}, [()]]),
    st.frozensets(st.text(max_size=2), max_size=2),
    st.lists(st.text(max_size=2), max_size=2),
    st.tuples(st.text(max_size=2), st.integers()),
    st.dictionaries(st.one_of(st.integers(), st.text(max_size=2)), st.floats(), max_size=2),
)  # fmt: skip
DELAY = Delay(1.5)
STATE = StateNode("a", "atomic", "", deadline=DELAY)
PARTS: list[Any] = [
    Policy(), DELAY, Action("f"), Guard("g"), Initial(("a",)), Invoke("i", "e"), STATE,
    Trigger("after", ("after.t",), DELAY), Transition("t", "a", Trigger("any")), EventShape("E"),
    Silence("dead-end", "meant"),
]  # fmt: skip


def chart_with(part: Any) -> Chart:
    """A chart that has the part in the place where such parts stand."""
    root = StateNode("", "compound", None, Initial(("a",)))
    state, transition = STATE, Transition("t", "a", Trigger("any"))
    rest: dict[str, Any] = {}
    match part:
        case Policy():
            rest["policy"] = part
        case Delay():
            state = msgspec.structs.replace(state, deadline=part)
        case Action():
            state = msgspec.structs.replace(state, entry=((part,),))
        case Guard():
            transition = msgspec.structs.replace(transition, guards=(part,))
        case Initial():
            root = msgspec.structs.replace(root, initial=part)
        case Invoke():
            state = msgspec.structs.replace(state, invokes=(part,))
        case StateNode():
            state = part
        case Trigger():
            transition = msgspec.structs.replace(transition, trigger=part)
        case Transition():
            transition = part
        case EventShape():
            rest["events"] = (part,)
        case Silence():
            rest["silenced"] = (part,)
    return Chart("m", 1, (root, state), (transition,), **rest)


@given(st.data())
def test_a_chart_with_rubbish_anywhere_is_read_back_equal_or_has_a_problem(
    data: st.DataObject,
) -> None:
    part = data.draw(st.sampled_from(PARTS))
    field = data.draw(st.sampled_from(part.__struct_fields__))
    chart = chart_with(msgspec.structs.replace(part, **{field: data.draw(RUBBISH)}))
    problems = problems_of_storing(chart)
    if problems:
        assert all(problem.place and problem.message and problem.hint for problem in problems)
        str(problems).encode()
        # the rest of the validation does not get to see values of other types
        assert validate(chart) == problems
    else:
        assert Chart.from_json(chart.to_json()) == chart
        validate(chart)


# --- documents -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"data": {"properties": {"n": {"type": "number", "default": 1e999}}}', "larger than any"),
        ('{"doc": "\\ud800"', "surrogate"),
        ('{"meta": {"\\udfff": 1}', "surrogate"),
        ('{"version": 2147483648', "2147483647"),
        ("meta: {x: 1e999}\n", "larger than any"),
        ('doc: "\\uD800"\n', "not YAML"),
    ],
)  # fmt: skip
def test_a_document_that_could_not_be_stored_is_refused_with_the_value(
    text: str, words: str
) -> None:
    rest = "statehold: 1\nname: t\nstates: {a: {}}\n"
    if text.startswith("{"):
        rest = ', "statehold": 1, "name": "t", "states": {"a": {}}}'
    with pytest.raises(DefinitionError, match=words):
        read_native((text + rest).encode())


# --- a store that has such a chart from before ---------------------------------------------------

UNREADABLE = b'{"name":"m","version":1,"states":[{"id":"","kind":"compound","tags":[["money"]]}]}'


@pytest.mark.anyio
@pytest.mark.parametrize("kind", ["memory", "sqlite"])
async def test_a_stored_chart_that_can_not_be_read_is_reported_and_left_out(
    kind: str, tmp_path: Path, caplog: pytest.LogCaptureFixture, anyio_backend: str
) -> None:
    store = MemoryStore() if kind == "memory" else SqliteStore(tmp_path / "x.db")
    first, second = machine(), machine(version=2)
    async with Engine(store, [first]) as engine:
        await engine.start(first, "i")
    await store.open("by hand")
    await _exchange_chart(store, UNREADABLE)
    await store.close()
    async with Engine(store, [first]) as engine:
        assert "can't be read and is left out" in caplog.text
        assert (await engine.send(first, "i", Go())).state == ["b"]
        assert (await engine.machine_detail(first)).versions == [1]
    async with Engine(store, [second]) as engine:
        # instances of its version are not upgraded, and wait for a person
        with pytest.raises(UpgradeFailed, match="stored chart of version 1 can't be read"):
            await engine.send(second, "i", Go())
        assert (await engine.incidents()).count == 1
        with pytest.raises(InvalidPayload, match="can't be read"):
            await engine.chart(second, 1)
        books: Any = engine._parts.store
        found = await _of_versions(books, second.definition)
        assert [(one.severity, one.code) for one in found] == [("warning", "chart")]
        assert "m, version 1: its stored chart can't be read" in found[0].what
        await engine.start(second, "j")
        await engine.cancel(second, "i", force=True)


async def _exchange_chart(store: Any, raw: bytes) -> None:
    """As an earlier release might have written it."""
    if isinstance(store, MemoryStore):
        known = store._memory.charts["m"][1]
        store._memory.charts["m"][1] = StoredChart("m", 1, raw, known.stored_at)
    else:
        store._open.db.execute("UPDATE charts SET chart = ? WHERE machine = 'm'", (raw,))
