"""Charts to SCXML: what came from there comes back as it was; the rest tells what is left out."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import timedelta
from xml.sax.saxutils import quoteattr

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from statehold import Compound, Event, Final, Machine, State, after, minutes, on
from statehold.chart.event import NamedEvent
from statehold.chart.model import Chart
from statehold.formats.scxml import read_scxml, write_scxml
from statehold.testing.engine_kit import EngineKit
from tests.conformance.sessions import document, imported

# --- documents of any shape ---

texts = st.text("ab<>&\"' =+.\n\t\u00e9", min_size=1, max_size=8)
names = st.sampled_from(["go", "stop.now", "x.*", "*", "done.state.s1", "done.invoke.i1"])
expressions = st.sampled_from(["x", "x + 1", "x == 1", "'a<b'", '"q"', "_event.data", "1 = 1", ""])


def element(name: str, attributes: dict[str, str], inside: str = "") -> str:
    shown = "".join(f" {key}={quoteattr(value)}" for key, value in attributes.items())
    return f"<{name}{shown}>{inside}</{name}>"


def _simple() -> st.SearchStrategy[str]:
    return st.one_of(
        st.builds(lambda e: element("raise", {"event": e}), st.sampled_from(["a", "b.c"])),
        st.builds(lambda e: element("assign", {"location": "x", "expr": e}), expressions),
        st.builds(
            lambda t: f"<assign location='x'>{t.replace('&', '').replace('<', '')}</assign>", texts
        ),
        st.builds(lambda t, e: element("log", {"label": t, "expr": e}), texts, expressions),
        st.builds(
            lambda e, d, t: element(
                "send",
                {"eventexpr": e, "delay": d, "target": t},
                '<param name="p" expr="x"/>',
            ),
            expressions,
            st.sampled_from(["1s", "20ms"]),
            st.sampled_from(["#_parent", "#_internal", ""]),
        ),
        st.builds(lambda t: element("cancel", {"sendid": t.strip() or "i"}), texts),
        st.just("<script>x = 1\nx = x + 2</script>"),
    )


contents = st.recursive(
    _simple(),
    lambda inner: st.one_of(
        st.builds(
            lambda e, a, b: element("if", {"cond": e}, f"{a}<elseif cond='x'/>{b}<else/>{a}"),
            expressions,
            inner,
            inner,
        ),
        st.builds(lambda a: element("foreach", {"array": "[1]", "item": "y"}, a), inner),
    ),
    max_leaves=4,
)
blocks = st.lists(contents, max_size=3).map("".join)


@st.composite
def documents(draw: st.DrawFn) -> str:
    counter = itertools.count(1)
    made: list[str] = []

    def parts(depth: int) -> Iterator[str]:
        yield from draw(
            st.lists(st.builds(lambda b: f"<onentry>{b}</onentry>", blocks), max_size=2)
        )
        yield from draw(st.lists(st.builds(lambda b: f"<onexit>{b}</onexit>", blocks), max_size=1))

    def transition() -> str:
        attributes = {"event": draw(names)}
        if draw(st.booleans()):
            attributes["cond"] = draw(expressions)
        if draw(st.booleans()):
            attributes["type"] = "internal"
        if len(made) > 0 and draw(st.booleans()):
            attributes["target"] = draw(st.sampled_from(made))
        return element("transition", attributes, draw(blocks))

    def state(depth: int) -> str:
        name = draw(st.sampled_from(["state", "state", "parallel"])) if depth < 3 else "state"
        attributes = {}
        if draw(st.integers(0, 4)):
            id = f"s{next(counter)}"
            attributes["id"] = id
            made.append(id)
        inside = list(parts(depth))
        count = draw(st.integers(1 if name == "parallel" else 0, 2)) if depth < 3 else 0
        children = [state(depth + 1) for _ in range(count)]
        mixed = [*children, *(transition() for _ in range(draw(st.integers(0, 2))))]
        inside += list(draw(st.permutations(mixed)))
        if depth == 1 and draw(st.booleans()):
            own = '<scxml datamodel="python"><final id="f"/></scxml>'
            inside.append(f"<invoke namelist='x'><content>{own}</content></invoke>")
        return element(name, attributes, "".join(inside))

    data = draw(st.sampled_from(["", '<datamodel><data id="x" expr="1"/></datamodel>']))
    script = draw(st.sampled_from(["", "<script>x = 3</script>"]))
    states = "".join(state(1) for _ in range(draw(st.integers(1, 3))))
    binding = draw(st.sampled_from(["early", "late"]))
    return document(data + script + states, name="Any", binding=binding)


def again(chart: Chart) -> Chart:
    written = write_scxml(chart)
    assert written.omissions == ()
    return read_scxml(written.text, name=chart.name, version=chart.version).definition.chart


@settings(max_examples=60, deadline=None)
@given(documents())
def test_any_document_that_is_read_written_and_read_is_the_same_chart(text: str) -> None:
    chart = read_scxml(text).definition.chart
    assert again(chart) == chart


def test_a_stored_chart_is_enough_to_write_its_document() -> None:
    chart = imported(
        '<datamodel><data id="x" expr="1"/></datamodel>'
        '<state id="a"><transition event="e" cond="x &lt; 2" target="a">'
        '<assign location="x" expr="x + 1"/></transition></state>'
    ).definition.chart
    stored = Chart.from_json(chart.to_json())
    assert '<assign expr="x + 1" location="x"/>' in write_scxml(stored).text
    assert again(stored) == chart


def test_transitions_keep_their_order_among_those_of_inner_states() -> None:
    chart = imported(
        '<parallel id="p"><transition event="e"/><state id="a"><transition event="e"/></state>'
        '<transition event="f"/><state id="b"><transition event="e"/></state></parallel>'
    ).definition.chart
    assert [one.source for one in chart.transitions] == ["p", "a", "p", "b"]
    assert again(chart) == chart


# --- charts from elsewhere ---


class Open(Event):
    pass


class Door(BaseModel):
    opened: int = 0


def count(door: Door) -> None:
    door.opened += 1


def may(door: Door) -> bool:
    return door.opened < 3


class DoorFlow(Machine[Door], name="door", version=1):
    shut = State(initial=True, owner="porter")

    class ajar(Compound):
        wide = State(initial=True)
        stuck = State()
        push = on(Open, wide >> stuck)

    gone = Final()
    open_ = on(Open, shut >> ajar, when=may, do=count, by="porter")
    fall = after(minutes(1), ajar >> shut)


PREFIXES = "in SCXML a transition for x takes x.y too, and * decides by its place"


def test_of_a_class_scxml_gets_the_structure_and_the_rest_is_told() -> None:
    written = write_scxml(DoorFlow)
    assert [str(omission) for omission in written.omissions] == [
        f"the chart: whole names of events: {PREFIXES}",
        "state shut: owner: SCXML has no such",
        "transition open_: guard may: a document can't carry Python",
        "transition open_: role porter: SCXML knows no senders' roles",
        "transition open_: function count: a document can't carry Python",
    ]
    chart = read_scxml(written.text).definition.chart
    theirs = DoorFlow.chart
    assert [(one.id, one.kind) for one in chart.states] == [
        (one.id, one.kind) for one in theirs.states
    ]
    assert {(one.source, one.targets) for one in chart.transitions} == {
        (one.source, one.targets) for one in theirs.transitions
    }


@pytest.mark.anyio
async def test_timers_of_a_class_become_messages_that_are_taken_back() -> None:
    definition = read_scxml(write_scxml(DoorFlow).text).definition
    async with EngineKit(definition) as kit:
        await kit.start(definition, "d")
        await kit.send(definition, "d", NamedEvent("Open"))
        await kit.advance(minutes(1) - timedelta(seconds=1))
        assert (await kit.read(definition, "d")).state == ["ajar.wide"]
        await kit.advance(timedelta(seconds=1))
        assert (await kit.read(definition, "d")).state == ["shut"]
