"""What executable content of SCXML does, and what becomes of what goes wrong in it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conformance.sessions import ends, running

pytestmark = pytest.mark.anyio

COLLECTING = """
<state id="a"><onentry>{content}</onentry>
  <transition event="error"><assign location="error" expr="_event.data"/></transition>
</state>"""


async def data_after(content: str, declared: str = "", **attributes: str) -> dict[str, Any]:
    """The variables after an entry action, with the last error."""
    datamodel = f'<datamodel><data id="error"/>{declared}</datamodel>'
    body = datamodel + COLLECTING.format(content=content)
    async with running(body, None, None, **attributes) as session:
        return await session.data()


async def test_if_takes_the_first_branch_that_holds() -> None:
    content = """
    <if cond="x &lt; 1"><assign location="y" expr="'low'"/>
      <elseif cond="x &lt; 2"/><assign location="y" expr="'middle'"/>
      <else/><assign location="y" expr="'high'"/></if>"""
    for x, expected in ((0, "low"), (1, "middle"), (2, "high")):
        declared = f'<data id="x" expr="{x}"/><data id="y"/>'
        assert (await data_after(content, declared))["y"] == expected


async def test_a_condition_of_an_if_that_fails_is_false_and_is_reported() -> None:
    content = '<if cond="nothing"><raise event="x"/><else/><assign location="y" expr="1"/></if>'
    data = await data_after(content, '<data id="y"/>')
    assert data["y"] == 1
    assert data["error"]["tagname"] == "if"


async def test_foreach_goes_over_a_copy_and_makes_its_variables() -> None:
    content = """<foreach array="list" item="one" index="at">
      <assign location="list" expr="list.concat([one * 10 + at])"/></foreach>"""
    data = await data_after(content, '<data id="list" expr="[1, 2]"/>')
    assert data == {"error": None, "list": [1, 2, 10, 21], "one": 2, "at": 1}


@pytest.mark.parametrize(
    ("attributes", "reason"),
    [
        ('array="7" item="x"', "it is no list"),
        ('array="\'text\'" item="x"', "it is no list"),
        ('array="[1]" item="not a name"', "have to be names"),
        ('array="[1]" item="_event"', "have to be names"),
        ('array="[1]" item="x" index="1st"', "have to be names"),
    ],
)
async def test_a_foreach_over_what_is_no_list_or_into_no_variable_fails(
    attributes: str, reason: str
) -> None:
    data = await data_after(f'<foreach {attributes}><assign location="y" expr="1"/></foreach>')
    assert reason in data["error"]["reason"]
    assert "y" not in data


async def test_an_error_within_a_foreach_ends_it() -> None:
    content = """<foreach array="[1, 0, 2]" item="one">
      <assign location="n" expr="n + 1"/><assign location="y" expr="1 / one"/></foreach>"""
    data = await data_after(content, '<data id="n" expr="0"/><data id="y"/>')
    assert data["n"] == 2
    assert data["error"]["tagname"] == "foreach"


async def test_inline_content_is_json_or_text_with_single_spaces() -> None:
    declared = """
    <data id="number"> 12 </data><data id="list">[1, {"a": null}]</data>
    <data id="text"> two
      words </data><data id="xml"><root a="1"/></data><data id="none"/>"""
    content = '<assign location="none">{"b": [true]}</assign>'
    data = await data_after(content, declared)
    del data["error"]
    assert data == {
        "number": 12,
        "list": [1, {"a": None}],
        "text": "two words",
        "xml": '<root a="1"/>',
        "none": {"b": [True]},
    }


async def test_data_may_come_from_another_document() -> None:
    body = '<datamodel><data id="x" src="file:x.json"/></datamodel><state id="a"/>'
    async with running(body, {"x.json": "[1, 2]"}) as session:
        assert await session.data() == {"x": [1, 2]}


async def test_data_that_fails_leaves_the_others_alone_and_can_be_assigned_to() -> None:
    declared = '<data id="bad" expr="nothing"/><data id="good" expr="1"/>'
    data = await data_after('<assign location="bad" expr="2"/>', declared)
    assert (data["bad"], data["good"]) == (2, 1)
    assert data["error"]["tagname"] == "data"


async def test_late_binding_gives_values_when_a_state_is_entered_first() -> None:
    body = """
    <datamodel><data id="seen"/></datamodel>
    <state id="a"><onentry><assign location="seen" expr="x"/></onentry>
      <transition event="go" target="b"/></state>
    <state id="b"><datamodel><data id="x" expr="1"/></datamodel>
      <onentry><assign location="x" expr="x + 1"/></onentry>
      <transition event="go" target="a"/></state>"""
    async with running(body, binding="late") as session:
        assert (await session.data()) == {"seen": None}
        await session.send("go")
        assert (await session.data())["x"] == 2
        await session.send("go")
        await session.send("go")
        assert (await session.data()) == {"seen": 2, "x": 3}
    async with running(body) as session:
        assert (await session.data()) == {"seen": 1, "x": 1}


async def test_the_systems_variables_cannot_be_assigned_to() -> None:
    for name in ("_event", "_sessionid", "_name", "_ioprocessors", "_mine"):
        data = await data_after(f'<assign location="{name}" expr="1"/>')
        assert data["error"]["tagname"] == "assign", name


async def test_the_systems_variables_say_what_scxml_wants() -> None:
    content = """
    <assign location="id" expr="_sessionid"/><assign location="name" expr="_name"/>
    <assign location="io" expr="_ioprocessors['scxml']"/>"""
    declared = '<data id="id"/><data id="name"/><data id="io"/>'
    data = await data_after(content, declared, name="Order Flow")
    assert data["id"] == "order-flow/s"
    assert data["name"] == "Order Flow"
    assert data["io"] == {"location": "#_scxml_order-flow/s"}


async def test_events_say_what_kind_they_are() -> None:
    body = """
    <datamodel><data id="kinds" expr="[]"/></datamodel>
    <state id="a"><onentry>
        <raise event="raised"/><assign location="nowhere" expr="1"/>
      </onentry>
      <transition event="*">
        <assign location="kinds" expr="kinds.concat([_event.type])"/>
      </transition>
    </state>"""
    async with running(body) as session:
        await session.send("sent")
        assert (await session.data())["kinds"] == ["internal", "platform", "external"]


async def test_ids_of_messages_are_stored_and_cancel_them() -> None:
    body = """
    <datamodel><data id="one"/><data id="two"/></datamodel>
    <state id="a"><onentry>
        <send event="never" delay="1s" idlocation="one"/>
        <send event="later" delay="2s" idlocation="two"/>
        <cancel sendidexpr="one"/>
      </onentry>
      <transition event="later" cond="one !== two &amp;&amp; _event.sendid === two" target="b"/>
      <transition event="*" target="wrong"/>
    </state>
    <state id="b"/><state id="wrong"/>"""
    assert await ends(body) == ["b"]


async def test_what_is_sent_carries_names_and_parameters_or_one_value() -> None:
    body = """
    <datamodel><data id="x" expr="1"/><data id="got" expr="[]"/></datamodel>
    <state id="a"><onentry>
        <send event="e" namelist="x"><param name="y" expr="x + 1"/>
          <param name="z" location="x"/></send>
        <send event="e"><content expr="[x]"/></send>
        <send event="e"><content>some  text</content></send>
        <send event="e"/>
      </onentry>
      <transition event="e"><assign location="got" expr="got.concat([_event.data])"/></transition>
    </state>"""
    async with running(body) as session:
        got = (await session.data())["got"]
        assert got == [{"x": 1, "y": 2, "z": 1}, [1], "some text", None]


async def test_a_message_with_a_part_that_fails_is_not_sent() -> None:
    content = '<send event="e" id="i"><param name="x" expr="nothing"/></send>'
    data = await data_after(content)
    assert data["error"]["tagname"] == "send"


async def test_output_leaves_out_what_fails_and_reports_it() -> None:
    body = """
    <datamodel><data id="out"/><data id="error"/></datamodel>
    <state id="s"><transition event="error"><assign location="error" expr="_event.data"/>
      </transition>
      <transition event="done.state.s"><assign location="out" expr="_event.data"/></transition>
      <final id="f"><donedata><param name="good" expr="1"/><param name="bad" expr="nothing"/>
      </donedata></final>
    </state>"""
    async with running(body) as session:
        data = await session.data()
        assert data["out"] == {"good": 1}
        assert data["error"]["tagname"] == "param"


async def test_an_empty_finalize_takes_back_what_was_handed_on() -> None:
    body = """
    <datamodel><data id="x" expr="1"/><data id="y" expr="2"/></datamodel>
    <state id="a">
      <invoke namelist="x"><param name="z" location="y"/><finalize/>
        <content><scxml><datamodel><data id="x"/><data id="z"/></datamodel>
          <state id="i"><onentry><send target="#_parent" event="e">
            <param name="x" expr="x + 10"/><param name="z" expr="z + 10"/></send></onentry></state>
        </scxml></content></invoke>
      <transition event="e" cond="x === 11 &amp;&amp; y === 12" target="b"/>
    </state><state id="b"/>"""
    assert await ends(body) == ["b"]


async def test_an_invoke_whose_arguments_fail_is_not_started() -> None:
    body = """
    <state id="a">
      <invoke namelist="nothing"><content><scxml><final id="f"/></scxml></content></invoke>
      <transition event="done.invoke" target="wrong"/>
      <transition event="error.execution" target="b"/>
    </state><state id="b"/><state id="wrong"/>"""
    assert await ends(body) == ["b"]


async def test_which_document_is_invoked_may_be_known_only_then() -> None:
    child = '<scxml><final id="f"/></scxml>'
    by_source = """
    <datamodel><data id="which" expr="'none'"/></datamodel>
    <state id="a"><onentry><assign location="which" expr="'file:sub/one.scxml'"/></onentry>
      <invoke srcexpr="which"/><transition event="done.invoke" target="b"/>
    </state><state id="b"/>"""
    assert await ends(by_source, {"sub/one.scxml": child}) == ["b"]
    by_content = f"""
    <datamodel><data id="which">{child}</data></datamodel>
    <state id="a"><invoke typeexpr="'scxml'"><content expr="which"/></invoke>
      <transition event="done.invoke" target="b"/>
    </state><state id="b"/>"""
    assert await ends(by_content) == ["b"]


async def test_a_document_that_was_not_read_with_its_parent_cannot_be_invoked() -> None:
    for invoke in (
        "<invoke srcexpr=\"'other.scxml'\"/>",
        "<invoke><content expr=\"'&lt;scxml/>'\"/></invoke>",
        '<invoke><content expr="7"/></invoke>',
        "<invoke typeexpr=\"'voice'\"><content><scxml><final id='f'/></scxml></content></invoke>",
        '<invoke type="voice" src="x"/>',
        "<invoke/>",
    ):
        body = f"""
        <state id="a">{invoke}<transition event="error.execution" target="b"/></state>
        <state id="b"/>"""
        assert await ends(body) == ["b"], invoke


async def test_scripts_change_variables_and_may_make_new_ones() -> None:
    data = await data_after("<script>x = x + 1\nvar y = [x]</script>", '<data id="x" expr="1"/>')
    assert (data["x"], data["y"]) == (2, [2])


async def test_a_script_that_fails_makes_no_variables() -> None:
    data = await data_after("<script>var y = nothing.here</script>")
    assert "y" not in data
    assert data["error"]["tagname"] == "script"


async def test_a_script_of_the_document_runs_before_the_first_state_is_entered() -> None:
    body = '<script src="start.js"/><state id="a"><transition cond="x == 1" target="b"/></state>'
    assert await ends(body + '<state id="b"/>', {"start.js": "var x = 1"}) == ["b"]


async def test_a_variable_without_a_value_outlives_storage() -> None:
    body = """
    <datamodel><data id="x"/></datamodel>
    <state id="a"><transition event="e" cond="typeof x === 'undefined'" target="b"/></state>
    <state id="b"/>"""
    async with running(body) as session:
        assert await session.send("e") == ["b"]


async def test_expressions_with_too_much_work_are_errors_too() -> None:
    data = await data_after('<assign location="x" expr="\'a\'.repeat(1e9)"/>', '<data id="x"/>')
    assert data["error"]["tagname"] == "assign"


async def test_the_turns_of_nested_loops_are_bounded_together() -> None:
    thousand = "'a'.repeat(1000).split('')"
    content = f"""<foreach array="{thousand}" item="x"><foreach array="{thousand}" item="y">
      <assign location="n" expr="n + 1"/></foreach></foreach>"""
    data = await data_after(content, '<data id="n" expr="0"/>')
    assert "more than 10000 turns" in data["error"]["reason"]
    assert data["n"] < 10_000


CHILD = '<content><scxml datamodel="null"><final id="f"/></scxml></content>'
TALKER = """
<content><scxml><state id="s">
  <onentry><send target="#_parent" event="hello"/></onentry>
  <transition event="again" target="f"/></state><final id="f"/>
</scxml></content>"""


async def test_an_invoke_without_an_id_has_a_new_one_at_each_entry() -> None:
    body = f"""
    <datamodel><data id="now"/><data id="before"/><data id="of"/><data id="called"/>
      <data id="n" expr="0"/></datamodel>
    <state id="s"><onentry><assign location="n" expr="n + 1"/></onentry>
      <invoke idlocation="now">{CHILD}</invoke>
      <transition event="done.invoke" cond="n === 1 &amp;&amp; _event.invokeid === now" target="s">
        <assign location="before" expr="now"/></transition>
      <transition event="done.invoke" target="e">
        <assign location="of" expr="_event.invokeid"/>
        <assign location="called" expr="_event.name"/></transition>
    </state><state id="e"/>"""
    async with running(body) as session:
        data = await session.data()
    assert data["before"] == "s.1.1.1"
    assert data["now"] == data["of"] == "s.1.2.1"
    assert data["called"] == "done.invoke.s.1.2.1"


async def test_an_invoke_with_an_id_keeps_it() -> None:
    body = f"""
    <datamodel><data id="now"/><data id="called"/></datamodel>
    <state id="s"><invoke id="mine" idlocation="now">{CHILD}</invoke>
      <invoke>{TALKER}</invoke>
      <transition event="done.invoke.mine" target="e">
        <assign location="called" expr="_event.name + _event.invokeid"/></transition>
    </state><state id="e"/>"""
    async with running(body) as session:
        data = await session.data()
    assert (data["now"], data["called"]) == ("mine", "done.invoke.minemine")


async def test_a_child_without_an_id_sends_and_receives_under_its_current_one() -> None:
    body = f"""
    <datamodel><data id="now"/><data id="of"/><data id="lost"/></datamodel>
    <state id="s"><invoke idlocation="now">{TALKER}</invoke>
      <transition event="hello" cond="_event.invokeid == now">
        <assign location="of" expr="_event.invokeid"/>
        <send targetexpr="'#_s.1'" event="again"/>
        <send targetexpr="'#_' + now" event="again"/></transition>
      <transition event="error.communication"><assign location="lost" expr="1"/></transition>
      <transition event="done.invoke" target="e"/>
    </state><state id="e"/>"""
    async with running(body) as session:
        data = await session.data()
        assert await session.state() == ["e"]
    assert (data["of"], data["lost"]) == ("s.1.1.1", 1)


async def test_the_actions_of_a_transition_that_leaves_a_child_still_know_its_id() -> None:
    body = f"""
    <datamodel><data id="now"/><data id="of"/></datamodel>
    <state id="s"><invoke idlocation="now">{TALKER}</invoke>
      <transition event="hello" target="e"><assign location="of" expr="_event.invokeid"/>
      </transition>
    </state><state id="e"/>"""
    async with running(body) as session:
        data = await session.data()
    assert data["of"] == data["now"] == "s.1.1.1"


async def test_data_whose_source_cannot_be_had_is_an_error_and_there_without_a_value() -> None:
    body = """
    <datamodel><data id="x" src="gone.json"/><data id="why"/></datamodel>
    <state id="a"><transition event="error.execution" target="b">
      <assign location="why" expr="_event.data['reason']"/></transition></state>
    <state id="b"><onentry><assign location="x" expr="x == null ? 1 : 2"/></onentry></state>"""
    async with running(body) as session:
        data = await session.data()
    assert data["x"] == 1
    assert "'gone.json' can't be had" in data["why"]
