"""Functions and the clock of SCXML documents: read with the document, and run by the engine."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conformance.sessions import imported, running

pytestmark = pytest.mark.anyio

WATCH = """
<datamodel><data id="started" expr="0"/><data id="laps" expr="[]"/><data id="face"/></datamodel>
<script>
function two(n) { return n &lt; 10 ? '0' + n : '' + n }
function shown(ms) {
  var time = new Date(ms);
  return [time.getUTCMinutes(), time.getUTCSeconds()].map(two).join(':');
}
function elapsed() { return Date.now() - started }
function lap() { laps.push(elapsed()); return laps.length }
</script>
<state id="ready"><transition event="start" target="running">
  <assign location="started" expr="Date.now()"/></transition></state>
<state id="running">
  <transition event="lap"><if cond="lap() &gt; 1"><assign location="face" expr="shown(elapsed())"/>
    </if></transition>
  <transition event="check" cond="elapsed() &gt;= 65000" target="over"/>
</state>
<state id="over"/>"""


async def test_a_stop_watch_measures_with_functions_and_the_moment_of_each_step() -> None:
    async with running(WATCH) as session:
        await session.send("start")
        await session.wait(5)
        await session.send("lap")
        assert await session.send("check") == ["running"]
        await session.wait(60)
        await session.send("lap")
        assert await session.send("check") == ["over"]
        data = await session.data()
    assert (data["laps"], data["face"]) == ([5000, 65000], "01:05")
    assert set(data) == {"started", "laps", "face"}


FUNCTIONS = """
<datamodel>
  <data id="n" expr="1"/>
  <data id="isOne" expr="function () { return n === 1 }"/>
  <data id="twice">function (n) { return n * 2 }</data>
  <data id="error"/>
</datamodel>
<state id="a"><transition event="go" cond="isOne()" target="b">
  <assign location="n" expr="twice(n) + helped()"/></transition></state>
<state id="b"><datamodel><data id="helped" expr="() =&gt; 5"/></datamodel>
  <onentry><assign location="isOne" expr="1"/></onentry>
  <transition event="error.execution"><assign location="error" expr="_event.data['reason']"/>
  </transition></state>"""


async def test_data_whose_value_is_a_function_is_a_function_of_the_document() -> None:
    async with running(FUNCTIONS) as session:
        assert await session.send("go") == ["b"]
        data = await session.data()
    assert data["n"] == 7
    assert "the function 'isOne' can't be changed" in data["error"]
    assert set(data) == {"n", "error"}


def test_functions_are_no_part_of_the_data_that_a_document_declares() -> None:
    chart = imported(FUNCTIONS).definition.chart
    assert sorted(chart.data_schema["properties"]) == ["error", "n"]


def test_a_guard_that_would_change_data_is_an_omission() -> None:
    body = """<datamodel><data id="n" expr="1"/></datamodel>
    <script>function next() { n++; return n }</script>
    <state id="a"><transition cond="next() == 2" target="b"/></state><state id="b"/>"""
    (omission,) = imported(body).omissions
    assert "'next' changes n, which only a script may do" in str(omission)


def test_a_function_that_is_refused_is_an_omission_and_hinders_no_other() -> None:
    body = """<script>function chance() { return Math.random() } var n = 1;</script>
    <state id="a"/>"""
    (omission,) = imported(body).omissions
    assert str(omission).startswith("line 1, the root: function 'chance': the function")
    assert "it fails when it is called" in str(omission)


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("f = () =&gt; 1", "a function is no data"),
        ("f = deep(1000)", "calls functions within functions too deep"),
        ("while (true) deep(1)", "100,000 units of work"),
        ("throw new Error('nothing left')", "nothing left"),
        ("f = new Date()", "a Date is no data"),
    ],
)
async def test_what_a_script_may_not_do_is_an_error_of_execution(script: str, reason: str) -> None:
    body = f"""<datamodel><data id="f"/><data id="why"/></datamodel>
    <script>function deep(n) {{ if (n) {{ return 1 + deep(n - 1) }} return 0 }}</script>
    <state id="a"><onentry><script>{script}</script></onentry>
      <transition event="error.execution" target="b">
        <assign location="why" expr="_event.data['reason']"/></transition></state>
    <state id="b"/>"""
    async with running(body) as session:
        data: dict[str, Any] = await session.data()
    assert reason in data["why"]


async def test_functions_of_a_script_that_another_file_holds_are_the_document_s_too() -> None:
    body = """<datamodel><data id="x" expr="0"/></datamodel><script src="lib.js"/>
    <state id="a"><transition cond="isReady()" target="b"/></state><state id="b"/>"""
    sources = {"lib.js": "var ready = true; function isReady() { return ready && x === 0 }"}
    async with running(body, sources) as session:
        assert await session.state() == ["b"]


OBJECTS = """
<datamodel><data id="host" expr="{}"/><data id="said"/><data id="face"/></datamodel>
<script>
function Watch() {
  var begun = undefined;
  this.laps = 0;
  this.start = function () { this.laps = 0; begun = Date.now() };
  this.lap = function () { return ++this.laps };
  this.elapsed = function () { return begun === undefined ? 0 : Date.now() - begun };
}
var watch = new Watch()
</script>
<state id="ready">
  <onentry><script>if (!host.say) { host.say = function (text) { said = text } }</script></onentry>
  <transition event="start" target="running"><script>watch.start()</script></transition></state>
<state id="running">
  <invoke id="child"><content>
    <scxml datamodel="ecmascript" version="1.0" xmlns="http://www.w3.org/2005/07/scxml">
      <datamodel><data id="watch" expr="{}"/></datamodel>
      <state id="c"><transition event="go"><script>if (!watch.lap) {
        watch.lap = function () { return 'other' } }</script></transition></state></scxml>
  </content></invoke>
  <transition event="lap" cond="watch.elapsed() &gt; 4000"><script>watch.lap()</script>
    <send event="shown"><param name="whole" expr="watch"/></send></transition>
  <transition event="shown"><assign location="face" expr="_event.data.whole.laps"/>
    <script>host.say('at ' + watch.elapsed())</script></transition>
</state>"""


async def test_objects_with_methods_go_on_from_step_to_step() -> None:
    assert not imported(OBJECTS).omissions
    async with running(OBJECTS) as session:
        await session.send("lap")
        await session.send("start")
        await session.send("lap")
        await session.wait(5)
        await session.send("lap")
        data = await session.data()
    assert (data["face"], data["said"], data["host"]) == (1, "at 5000", {})
    assert data["watch"] == {"laps": 1}
    assert set(data["watch (private)"]) == {"begun"}
