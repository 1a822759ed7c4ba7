"""Charts to SCXML: what was read from it is written unchanged; the rest has omissions."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from xml.sax.saxutils import quoteattr

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree
from pydantic import BaseModel

from statehold import Compound, Event, Final, Machine, State, after, minutes, on
from statehold.chart.event import NamedEvent
from statehold.chart.machine import Definition
from statehold.chart.model import Chart, Delay, Guard, Initial, StateNode, Transition, Trigger
from statehold.errors import DefinitionError
from statehold.formats.native import read_native
from statehold.formats.scxml import read_scxml, write_scxml
from statehold.formats.scxml.sending import delay_of
from statehold.formats.xstate import read_xstate_chart
from statehold.interpreter import Snapshot, Step, start, step
from statehold.testing.engine_kit import EngineKit
from tests.conformance.random_charts import machines
from tests.conformance.sessions import document, imported

NOW = datetime(2030, 1, 1, tzinfo=UTC)

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
            own = '<scxml><final id="f"/></scxml>'
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


def test_of_a_class_scxml_gets_the_structure_and_the_rest_is_an_omission() -> None:
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


class Plain(Machine[Door], name="plain", version=1):
    shut = State(initial=True)

    class ajar(Compound):
        wide = State(initial=True)
        stuck = State()
        push = on(Open, wide >> stuck)

    open_ = on(Open, shut >> ajar)
    fall = after(minutes(1), ajar >> shut)


@pytest.mark.anyio
async def test_timers_of_a_class_become_messages_that_are_taken_back() -> None:
    definition = read_scxml(write_scxml(Plain).text).definition
    async with EngineKit(definition) as kit:
        await kit.start(definition, "d")
        await kit.send(definition, "d", NamedEvent("Open"))
        await kit.advance(minutes(1) - timedelta(seconds=1))
        assert (await kit.read(definition, "d")).state == ["ajar.wide"]
        await kit.advance(timedelta(seconds=1))
        assert (await kit.read(definition, "d")).state == ["shut"]


# --- what a document can't carry is never left out of a condition ---


def conditions(machine: Any) -> list[tuple[str | None, bool]]:
    """Of each transition of the written document: its condition, and whether it has an event."""
    root = etree.fromstring(write_scxml(machine).text.encode())
    return [
        (one.get("cond"), "event" in one.attrib)
        for one in root.iter("{*}transition")
        if etree.QName(one.getparent()).localname not in ("initial", "history")
    ]


NATIVE = """
statehold: 1
name: till
version: 1
data: {properties: {paid: {type: integer, default: 0}}}
events: {pay: {properties: {x: {type: integer}}}}
states:
  open: {initial: true}
  done: {final: true}
transitions:
  much: {on: pay, from: open, to: done, when: data.paid > 3}
  some: {on: pay, from: open, to: done, when: "event.x != null && data.paid < 3", by: boss}
"""


def test_a_guard_of_a_class_or_in_cel_goes_out_as_a_condition() -> None:
    assert conditions(DoorFlow)[0] == ("(may()) && (by('porter'))", True)
    till = read_native(NATIVE).definition
    assert [cond for cond, _ in conditions(till)] == [
        "data.paid > 3",
        "(event.x != null && data.paid < 3) && (by('boss'))",
    ]


def test_a_transition_whose_guard_could_not_be_carried_is_never_taken() -> None:
    for machine in (DoorFlow, read_native(NATIVE).definition):
        definition = read_scxml(write_scxml(machine).text).definition
        begun: Snapshot[Any] = start(definition, {}, NOW).snapshot
        for event in ("Open", "pay"):
            assert step(definition, begun, NamedEvent(event), NOW).snapshot.state == begun.state


@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
@given(machines())
def test_no_transition_of_any_chart_becomes_unconditional(machine: Definition[object]) -> None:
    guarded = [one for one in machine.chart.transitions if one.guards]
    said = [cond for cond, _ in conditions(machine.chart) if cond is not None]
    assert len(said) == len(guarded)


@settings(max_examples=80, deadline=None)
@given(st.floats(0, 3_153_600_000, allow_nan=False))
def test_a_delay_is_written_exactly_and_read(seconds: float) -> None:
    begun = Initial(("a",))
    timer = Transition("t", "a", Trigger("after", ("after.t",), Delay(seconds=seconds)), ("b",))
    states = (
        StateNode("", "compound", None, begun),
        StateNode("a", "atomic", ""),
        StateNode("b", "atomic", ""),
    )
    text = write_scxml(Chart("m", 1, states, (timer,))).text
    (sent,) = etree.fromstring(text.encode()).iter("{*}send")
    written = sent.get("delay")
    assert written is not None
    assert re.fullmatch(r"[0-9]+(\.[0-9]+)?s", written)
    assert float(written[:-1]) == seconds
    assert read_scxml(text).omissions == ()
    assert (delay_of(written) or timedelta()) == timedelta(seconds=seconds)


def test_names_with_space_are_written_without_it_and_reported() -> None:
    begun = Initial(("to do",))
    states = (
        StateNode("", "compound", None, begun),
        StateNode("to do", "atomic", ""),
        StateNode("to_do", "atomic", ""),
    )
    go = Transition("go", "to do", Trigger("event", ("start now",)), ("to_do",))
    late = Transition("a 5", "to do", Trigger("after", ("after.a 5",), Delay(5.0)), ("to_do",))
    asked = Transition("in", "to_do", Trigger("event", ("x",)), ("to do",), (Guard("to do", "in"),))
    written = write_scxml(Chart("m", 1, states, (go, late, asked)))
    assert [omission.what for omission in written.omissions][:2] == [
        "state 'to do'",
        "event 'start now'",
    ]
    definition = read_scxml(written.text).definition
    begun_there: Step[Any] = start(definition, {}, NOW)
    assert begun_there.snapshot.state == ("to_do_2",)
    moved = step(definition, begun_there.snapshot, NamedEvent("start_now"), NOW)
    assert moved.snapshot.state == ("to_do",)
    assert not step(definition, moved.snapshot, NamedEvent("x"), NOW).accepted


def test_a_text_that_xml_cannot_hold_is_refused_by_its_character() -> None:
    states = (StateNode("", "compound", None, Initial(("a\0b",))), StateNode("a\0b", "atomic", ""))
    with pytest.raises(DefinitionError, match=r"XML can't hold the character U\+0000"):
        write_scxml(Chart("m", 1, states))


def test_of_xstate_what_scxml_does_otherwise_is_an_omission() -> None:
    always = {"guard": "ok", "actions": "note"}
    chart = read_xstate_chart({"initial": "a", "states": {"a": {"always": always}}})[0]
    assert [omission.what for omission in write_scxml(chart).omissions] == [
        "whole names of events",
        "XState's nesting",
        "immediate transitions",
        "guard ok",
        "function note",
    ]
