"""Cancelling in the harness, scripts, the explorer and the checks, and in every notation."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel

from statehold import (
    Cancellation,
    Event,
    Final,
    Machine,
    State,
    after,
    effect,
    minutes,
    on,
    on_cancel,
    on_result,
)
from statehold.check import active, explore
from statehold.check.lint.findings import findings
from statehold.check.simulate.paths import paths
from statehold.check.simulate.script import CancelStep, ExpectStep, Script
from statehold.check.simulate.script_file import read_script, write_script
from statehold.check.simulate.simulate import play
from statehold.errors import ActionFailed, InstanceOver, ScriptFailed
from statehold.formats.label import Labels
from statehold.formats.native import read_native, write_native
from statehold.formats.scxml import read_scxml, write_scxml
from statehold.formats.xstate import read_xstate_chart
from statehold.formats.xstate.writer import write_xstate
from statehold.testing import Harness
from tests.conformance.sessions import document


class Stay(BaseModel):
    notes: list[str] = []
    broken: bool = False


class Pay(Event):
    pass


class Crack(Event):
    pass


@effect(attempts=1)
async def give_back(stay: Stay) -> str:
    return "given back"


def note(stay: Stay, event: Cancellation) -> None:
    if stay.broken:
        raise ValueError("the note is lost")
    stay.notes.append(f"{event.reason}, {event.by_parent}")


def leave(stay: Stay) -> None:
    stay.notes.append("left")


def crack(stay: Stay) -> None:
    stay.broken = True


def is_whole(stay: Stay) -> bool:
    return not stay.broken


class Room(Machine[Stay], name="room", version=1):
    asked = State(initial=True, exit=leave)
    paid = State(exit=(leave, give_back))
    undoing = State(invoke=give_back)
    undone = Final()
    slept = Final()

    pay = on(Pay, asked >> paid)
    crack = on(Crack, paid, do=crack)
    sleep = after(minutes(60), paid >> slept)
    undo = on_cancel(paid >> undoing, do=note)
    back = on_result(give_back, undoing >> undone)
    lost = after(minutes(5), undoing >> undone)


def test_the_harness_cancels_as_an_engine_does() -> None:
    room = Harness(Room).send(Pay()).cancel("a mistake")
    assert (room.state, room.status, room.done) == (["undoing"], "running", False)
    assert room.data.notes[-1] == "a mistake, False"
    taken = room.seq
    assert room.cancel("again").seq == taken
    room.succeed(give_back, "all of it", key=room.running[-1].key)
    assert (room.state, room.status) == (["undone"], "cancelled")
    with pytest.raises(InstanceOver):
        room.cancel()
    assert "Cancellation(reason='a mistake'" in room.log


def test_the_harness_ends_what_takes_none_by_its_exit_actions() -> None:
    room = Harness(Room).cancel(by_parent=True)
    assert (room.state, room.status, room.data.notes) == (["asked"], "cancelled", ["left"])


def test_the_harness_refuses_where_an_action_raises() -> None:
    room = Harness(Room).send(Pay()).send(Crack())
    before = room.seq
    with pytest.raises(ActionFailed, match="the note is lost"):
        room.cancel()
    assert (room.seq, room.state) == (before, ["paid"])


def test_a_script_cancels_and_reads_back_as_itself() -> None:
    script = read_script(
        """
        machine: room
        steps:
          - send: {type: Pay}
          - cancel: a mistake
          - expect: [undoing]
          - cancel: ""
            by_parent: true
          - advance: 5m
          - expect: [undone]
            done: true
        """
    )
    assert script.steps[1] == CancelStep("a mistake")
    assert play(Room, script).check().state == ("undone",)
    assert read_script(write_script(script)) == script


def test_a_script_fails_where_there_is_nothing_to_cancel() -> None:
    steps = (CancelStep("one"), ExpectStep(done=True), CancelStep("two"))
    with pytest.raises(ScriptFailed, match="the cancellation is stopped"):
        play(Room, Script("room", steps)).check()


def test_a_path_is_found_for_a_transition_that_only_a_cancellation_takes() -> None:
    found = {path.transition: path for path in paths(Room)}
    script = found["undo"].script
    assert script is not None
    assert CancelStep("") in script.steps
    play(Room, script).check()
    assert found["back"].script is not None


def test_the_search_cancels_where_the_chart_takes_it_and_once() -> None:
    found = explore(Room, Stay())
    assert found.never_taken == ()
    way = found.shortest(active(Room.undoing))
    assert way is not None
    assert way.lines[-1] == "2. it is cancelled: paid → undoing"
    play(Room, way.script).check()
    # asked is ended by a cancellation, undoing takes no second one
    ended = {
        (node.point.instance.status, *node.point.snapshot.state)
        for node in found.space.nodes
        if node.point.snapshot.done
    }
    assert ended == {("cancelled", "asked"), ("cancelled", "undone"), ("done", "slept")}


def test_the_search_finds_a_clean_up_that_raises() -> None:
    [fault] = explore(Room, Stay()).space.faults
    assert "the note is lost" in fault.error


def test_nothing_is_cancelled_in_the_search_of_a_chart_that_takes_none() -> None:
    class Plain(Machine[Stay], name="plain", version=1):
        asked = State(initial=True, exit=leave)
        done = Final()
        pay = on(Pay, asked >> done)

    assert len(explore(Plain, Stay()).space.nodes) == 2


def test_the_checks_know_that_a_cancellation_may_come() -> None:
    # the failure of an effect is the one thing that is left open
    assert {(one.code, one.place) for one in findings(Room)} == {("unhandled-failure", "undoing")}


def test_the_drawing_names_it() -> None:
    chart = Room.definition.chart
    labels = Labels(chart, "full")
    undo = next(one for one in chart.transitions if one.id == "undo")
    assert labels.transition(undo) == "on cancel / note"


ROOM = """
statehold: 1
name: room
version: 1
data: {properties: {why: {type: string, default: ""}}}
states:
  paid: {initial: true}
  undoing: {}
  undone: {final: true}
transitions:
  undo:
    on_cancel: true
    from: paid
    to: undoing
    when: cancellation.reason != "no"
    do: {set: {why: 'cancellation.by_parent ? "parent" : cancellation.reason'}}
  over: {after: 5m, from: undoing, to: undone}
"""


@pytest.mark.parametrize(
    ("reason", "by_parent", "why", "state"),
    [
        ("gone", False, "gone", "undoing"),
        ("", True, "parent", "undoing"),
        ("no", False, "", "paid"),
    ],
)
def test_a_document_says_it_too(reason: str, by_parent: bool, why: str, state: str) -> None:
    machine = read_native(ROOM).definition
    room: Harness[Any] = Harness(machine).cancel(reason, by_parent=by_parent)
    assert (room.data["why"], room.state) == (why, [state])
    assert read_native(write_native(machine)).definition.chart == machine.chart


def test_xstate_keeps_it_and_scxml_says_that_it_leaves_it_out() -> None:
    chart = Room.definition.chart
    again = read_xstate_chart(write_xstate(chart))[0]
    assert {t.id: t.trigger for t in again.transitions} == {
        t.id: t.trigger for t in chart.transitions
    }
    written = write_scxml(chart)
    assert any("cancellation" in str(one) for one in written.omissions)
    assert "error.cancelled" not in written.text


def test_a_session_of_scxml_runs_its_exit_actions() -> None:
    body = """
    <datamodel><data id="log" expr="''"/></datamodel>
    <state id="a"><onexit><assign location="log" expr="log + _event.name + ' a'"/></onexit>
      <state id="b"><onexit><assign location="log" expr="log + 'b '"/></onexit></state>
    </state>
    <state id="c"><transition event="error.*" target="a"/></state>"""
    session: Harness[Any] = Harness(read_scxml(document(body)).definition).cancel()
    assert session.data["log"] == "b error.cancelled a"
    assert session.status == "cancelled"
