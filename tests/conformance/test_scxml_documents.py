"""The rows of what statechart interpreters get wrong, as SCXML documents of our own."""

from __future__ import annotations

import pytest

from statehold.store import Query
from tests.conformance.sessions import ends, running

pytestmark = pytest.mark.anyio

#: writes down the order in which things happen
LOG = '<datamodel><data id="log" expr="[]"/></datamodel>'


def note(what: str) -> str:
    return f'<assign location="log" expr="log.concat([\'{what}\'])"/>'


def noting(state: str) -> str:
    return f"<onentry>{note(f'in {state}')}</onentry><onexit>{note(f'out {state}')}</onexit>"


async def log_of(body: str, *events: str) -> list[str]:
    async with running(LOG + body) as session:
        for event in events:
            await session.send(event)
        log: list[str] = (await session.data())["log"]
        return log


async def test_scxml_asks_inner_states_before_outer_ones_and_takes_the_first_in_the_text() -> None:
    body = """
    <state id="outer">
      <transition event="e" target="wrong"/>
      <state id="inner">
        <transition event="e" target="first"/>
        <transition event="e" target="wrong"/>
      </state>
    </state>
    <state id="first"/><state id="wrong"/>"""
    async with running(body) as session:
        assert await session.send("e") == ["first"]


async def test_scxml_leaves_a_parallel_state_for_a_transition_between_its_regions() -> None:
    body = f"""
    <parallel id="p">{noting("p")}
      <state id="a"><transition event="e" target="b"/></state>
      <state id="b"/>
    </parallel>"""
    assert await log_of(body, "e") == ["in p", "out p", "in p"]


async def test_scxml_transitions_are_external_unless_they_say_internal() -> None:
    body = f"""
    <state id="a" initial="b">{noting("a")}
      <transition event="outside" target="b"/>
      <transition event="inside" type="internal" target="b"/>
      <state id="b"/>
    </state>"""
    assert await log_of(body, "inside", "outside") == ["in a", "out a", "in a"]


async def test_scxml_internal_means_nothing_for_a_parallel_source() -> None:
    body = f"""
    <parallel id="p">{noting("p")}
      <transition event="e" type="internal" target="a"/>
      <state id="a"/><state id="b"/>
    </parallel>"""
    assert await log_of(body, "e") == ["in p", "out p", "in p"]


async def test_scxml_lets_a_descendant_preempt_what_another_region_took_from_an_ancestor() -> None:
    body = """
    <state id="all">
      <transition event="e" target="wrong"/>
      <parallel id="p">
        <state id="a"/>
        <state id="b"><transition event="e" target="right"/></state>
      </parallel>
    </state>
    <state id="right"/><state id="wrong"/>"""
    async with running(body) as session:
        assert await session.send("e") == ["right"]


async def test_scxml_targetless_transitions_conflict_with_nothing() -> None:
    body = f"""
    <parallel id="p">
      <state id="a"><transition event="e">{note("targetless")}</transition></state>
      <state id="b">
        <state id="b1"><transition event="e" target="b2"/></state><state id="b2"/>
      </state>
    </parallel>"""
    async with running(LOG + body) as session:
        assert await session.send("e") == ["a", "b2"]
        assert (await session.data())["log"] == ["targetless"]


async def test_scxml_exits_in_reverse_document_order() -> None:
    body = f"""
    <parallel id="p">{noting("p")}
      <transition event="e" target="after"/>
      <state id="a">{noting("a")}</state><state id="b">{noting("b")}</state>
    </parallel><state id="after"/>"""
    assert (await log_of(body, "e"))[3:] == ["out b", "out a", "out p"]


async def test_scxml_entry_comes_before_initial_content_and_that_before_history_content() -> None:
    body = f"""
    <state id="s"><onentry>{note("entry")}</onentry>
      <initial><transition target="h">{note("initial")}</transition></initial>
      <history id="h"><transition target="t">{note("history")}</transition></history>
      <state id="t">{noting("t")}</state>
    </state>"""
    assert await log_of(body) == ["entry", "initial", "history", "in t"]


HISTORY = """
<state id="s">
  <history id="h" type="{kind}"><transition target="a"/></history>
  <state id="a"/>
  <state id="b" initial="b1">
    <state id="b1"><transition event="next" target="b2"/></state><state id="b2"/>
  </state>
  <transition event="to-b" target="b"/>
  <transition event="leave" target="away"/>
</state>
<state id="away"><transition event="back" target="h"/></state>"""


async def test_scxml_history_is_shallow_or_deep_and_has_a_default() -> None:
    for kind, expected in (("shallow", "b1"), ("deep", "b2")):
        async with running(HISTORY.format(kind=kind), initial="away") as session:
            assert await session.send("back") == ["a"]
            for event in ("to-b", "next", "leave"):
                await session.send(event)
            assert await session.send("back") == [expected]


async def test_scxml_initial_may_name_several_states_deep_below() -> None:
    body = """
    <parallel id="p">
      <state id="a"><state id="a1"/><state id="a2"/></state>
      <state id="b"><state id="b1"/><state id="b2"/></state>
    </parallel>"""
    async with running(body, initial="a2 b2") as session:
        assert await session.state() == ["a2", "b2"]


async def test_scxml_says_a_parallel_state_is_done_once_all_regions_are() -> None:
    body = f"""
    <parallel id="p">
      <transition event="done.state.a">{note("a done")}</transition>
      <transition event="done.state.b">{note("b done")}</transition>
      <transition event="done.state.p" target="after"/>
      <state id="a"><state id="a1"><transition event="a" target="af"/></state>
        <final id="af"/></state>
      <state id="b"><state id="b1"><transition event="b" target="bf"/></state>
        <final id="bf"/></state>
    </parallel><state id="after"/>"""
    async with running(LOG + body) as session:
        await session.send("a")
        assert await session.send("b") == ["after"]
        assert (await session.data())["log"] == ["a done", "b done"]


async def test_scxml_ends_at_a_final_state_at_the_top_and_runs_exit_actions() -> None:
    body = f"""
    <state id="s">{noting("s")}<transition event="e" target="over"/></state>
    <final id="over"><onexit>{note("out over")}</onexit>
      <donedata><param name="sum" expr="1 + 2"/></donedata>
    </final>"""
    async with running(LOG + body) as session:
        await session.send("e")
        answer = await session.answer()
        assert (answer.status, answer.output) == ("done", {"sum": 3})
        assert (await session.data())["log"] == ["in s", "out s", "out over"]


async def test_scxml_takes_immediate_transitions_before_each_internal_event() -> None:
    body = """
    <datamodel><data id="n" expr="0"/></datamodel>
    <state id="a"><onentry><raise event="e"/></onentry>
      <transition event="e" target="wrong"/>
      <transition cond="n == 0" target="b"/>
    </state>
    <state id="b"><transition event="e" target="c"/></state>
    <state id="c"/><state id="wrong"/>"""
    assert await ends(body) == ["c"]


async def test_scxml_takes_raised_events_before_sent_ones() -> None:
    body = """
    <state id="a"><onentry><send event="sent"/><raise event="raised"/></onentry>
      <transition event="raised" target="b"/><transition event="sent" target="wrong"/></state>
    <state id="b"><transition event="sent" target="c"/></state>
    <state id="c"/><state id="wrong"/>"""
    assert await ends(body) == ["c"]


async def test_scxml_matches_prefixes_of_tokens_in_the_order_of_the_text() -> None:
    body = """
    <state id="a">
      <transition event="foo.bar.*" target="deep"/>
      <transition event="*" target="star"/>
      <transition event="foo" target="late"/>
    </state>
    <state id="deep"/><state id="star"/><state id="late"/>"""
    for event, expected in (("foo.bar.x", "deep"), ("foo.bar", "deep"), ("foo", "star")):
        async with running(body) as session:
            assert await session.send(event) == [expected]


async def test_scxml_errors_end_their_block_and_become_events() -> None:
    body = f"""
    <state id="a">
      <onentry>{note("first")}<assign location="nowhere" expr="1"/>{note("never")}</onentry>
      <onentry>{note("next block")}</onentry>
      <transition event="error.execution" target="b"/>
    </state>
    <state id="b"/>"""
    async with running(LOG + body) as session:
        assert await session.state() == ["b"]
        assert (await session.data())["log"] == ["first", "next block"]


async def test_scxml_conditions_that_fail_are_no_and_become_events() -> None:
    body = """
    <state id="a">
      <transition event="error.execution" target="b"/>
      <transition event="e" cond="nothing.here" target="wrong"/>
    </state>
    <state id="b"/><state id="wrong"/>"""
    async with running(body) as session:
        assert await session.send("e") == ["b"]


async def test_scxml_errors_name_the_element_the_line_and_the_reason() -> None:
    body = """
    <datamodel><data id="noted"/></datamodel>
    <state id="a">
      <onentry>
        <assign location="nowhere" expr="1"/>
      </onentry>
      <transition event="error"><assign location="noted" expr="_event.data"/></transition>
    </state>"""
    async with running(body) as session:
        noted = (await session.data())["noted"]
        assert (noted["tagname"], noted["line"]) == ("assign", 5)
        assert "nowhere" in noted["reason"]


async def test_scxml_sends_without_a_receiver_are_communication_errors() -> None:
    for target in ("#_scxml_foo", "#_nobody", "#_parent", "#_scxml_machine/gone"):
        body = f"""
        <state id="a"><onentry><send id="i" event="e" target="{target}"/></onentry>
          <transition event="error.communication" cond="_event.sendid == 'i'" target="b"/>
        </state>
        <state id="b"/>"""
        assert await ends(body) == ["b"], target


async def test_scxml_targets_and_types_that_are_none_are_execution_errors() -> None:
    for attributes in (
        'target="baz"',
        'type="27"',
        'delay="soon"',
        'delay="1s" target="#_internal"',
    ):
        body = f"""
        <state id="a"><onentry><send event="e" {attributes}/></onentry>
          <transition event="error.execution" target="b"/>
        </state>
        <state id="b"/>"""
        assert await ends(body) == ["b"], attributes


CHILD = """
<invoke id="c"><content><scxml initial="i" name="child">
  <state id="i"><transition event="stop" target="f"/></state>
  <final id="f"><donedata><content expr="'well'"/></donedata></final>
</scxml></content></invoke>"""


async def test_scxml_invokes_at_the_end_of_the_step_where_the_state_is_still_active() -> None:
    body = f"""
    <state id="a">{CHILD}<transition target="b"/></state>
    <state id="b"><transition event="go" target="d"/></state>
    <state id="d">{CHILD.replace('"c"', '"d.c"')}
      <transition event="go"><send target="#_d.c" event="stop"/></transition>
      <transition event="done.invoke.d.c" cond="_event.data == 'well'" target="e"/>
    </state>
    <state id="e"/>"""
    async with running(body) as session:
        assert await session.state() == ["b"]
        await session.send("go")
        assert await session.send("go") == ["e"]


async def test_scxml_cancels_an_invoke_when_its_state_is_left_and_drops_its_events() -> None:
    body = """
    <state id="a">
      <invoke><content><scxml>
        <state id="i"><onentry><send target="#_parent" event="late" delay="5s"/></onentry></state>
      </scxml></content></invoke>
      <transition event="go" target="b"/>
    </state>
    <state id="b"><transition event="*" target="wrong"/></state><state id="wrong"/>"""
    async with running(body) as session:
        await session.send("go")
        assert await session.wait(60) == ["b"]


async def test_scxml_exits_a_cancelled_session_and_drops_what_that_sends_to_its_parent() -> None:
    body = """
    <state id="a">
      <invoke type="http://www.w3.org/TR/scxml/" id="c"><content><scxml name="child">
        <state id="i"><onexit>
          <send target="#_parent" event="late"/><raise event="never"/>
          <send event="mine" delay="1s"/>
        </onexit><transition event="never mine" target="i"/></state>
      </scxml></content></invoke>
      <transition event="go" target="b"/>
    </state>
    <state id="b"><transition event="*" target="wrong"/></state><state id="wrong"/>"""
    async with running(body) as session:
        assert await session.send("go") == ["b"]
        assert await session.wait(60) == ["b"]
        [child] = (await session.kit.engine.list(Query("child"))).instances
        assert child.status == "cancelled"
        lines = (await session.kit.engine.journal("child", child.id)).entries
        assert [line.kind for line in lines] == ["start", "cancel"]
        assert [one["event"]["type"] for one in lines[-1].sent] == ["late", "mine"]


async def test_scxml_forwards_events_to_a_child_that_wants_them_and_finalizes_its_answers() -> None:
    body = """
    <datamodel><data id="n" expr="0"/></datamodel>
    <state id="a">
      <invoke autoforward="true">
        <content><scxml>
          <state id="i"><transition event="ping">
            <send target="#_parent" event="pong">
              <param name="n" expr="_event.data['n'] + 1"/>
            </send>
          </transition></state>
        </scxml></content>
        <finalize><assign location="n" expr="_event.data['n']"/></finalize>
      </invoke>
      <transition event="pong" cond="n == 8" target="b"/>
    </state>
    <state id="b"/>"""
    async with running(body) as session:
        assert await session.send("ping", {"n": 7}) == ["b"]


async def test_scxml_delayed_sends_outlive_their_state_and_end_with_cancel_or_the_session() -> None:
    body = """
    <state id="a"><onentry>
      <send event="late" delay="2s"/><send id="no" event="never" delay="1s"/>
      </onentry><transition target="b"/></state>
    <state id="b"><onentry><cancel sendid="no"/></onentry>
      <transition event="late" target="c"/><transition event="never" target="wrong"/></state>
    <state id="c"/><state id="wrong"/>"""
    async with running(body) as session:
        assert await session.wait(1.5) == ["b"]
        assert await session.wait(0.5) == ["c"]
    ending = """
    <state id="a">
      <invoke><content><scxml>
        <state id="i"><onentry><send target="#_parent" event="late" delay="1s"/></onentry>
          <transition target="f"/></state><final id="f"/>
      </scxml></content></invoke>
      <transition event="late" target="wrong"/>
    </state><state id="wrong"/>"""
    assert await ends(ending) == ["a"]


async def test_scxml_asks_in_under_every_data_model() -> None:
    body = """
    <parallel id="p">
      <state id="a"><state id="a1"><transition event="e" target="a2"/></state>
        <state id="a2"/></state>
      <state id="b"><state id="b1"><transition event="f" cond="In('a2')" target="b2"/></state>
        <state id="b2"/></state>
    </parallel>"""
    for datamodel in ("null", "ecmascript"):
        async with running(body, datamodel=datamodel) as session:
            assert await session.send("f") == ["a1", "b1"]
            await session.send("e")
            assert await session.send("f") == ["a2", "b2"]


async def test_scxml_discards_what_nothing_takes() -> None:
    body = """
    <state id="a">
      <invoke><content><scxml>
        <state id="i"><onentry><send target="#_parent" event="unheard"/></onentry>
          <transition event="error" target="f"/></state><final id="f"/>
      </scxml></content></invoke>
      <transition event="done.invoke" target="wrong"/>
    </state><state id="wrong"/>"""
    assert await ends(body) == ["a"]
