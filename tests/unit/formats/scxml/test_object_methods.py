"""Objects with methods in the sessions of SCXML documents: stored, upgraded, explored."""

from __future__ import annotations

import dataclasses
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from statehold.chart.event import NamedEvent
from statehold.chart.machine import Definition, Upgrade
from statehold.check.explore.explore import explore
from statehold.engine.limits import Limits
from statehold.formats.scxml import read_scxml
from statehold.testing.engine_kit import EngineKit
from tests.conformance.sessions import document
from tests.unit.check.player import play

pytestmark = pytest.mark.anyio

LIMITS = Limits(grace_seconds=0.0, check_steps=0)

WATCH = """
<script>
function Watch(step) {
  var begun, laps = [];
  this.count = 0;
  this.start = function () { begun = Date.now() };
  this.lap = function () { laps.push(Date.now() - begun); this.count += step; return laps.length };
  NEXT
}
var watch = new Watch(2)
</script>
<state id="ready"><transition event="start" target="running"><script>watch.start()</script>
</transition></state>
<state id="running"><transition event="lap" cond="watch.count &lt; 6"><script>watch.lap()</script>
</transition>
<transition event="again" target="ready"><script>watch = new Watch(3)</script></transition>
TRANSITION
</state>"""
TOTAL = "this.total = function () { return laps.reduce((a, b) => a + b, 0) };"
TAKEN = """<transition event="total">
<assign location="watch.count" expr="watch.total()"/></transition>"""


def watch(*, version: int = 1) -> Definition[Any]:
    more = ("", "") if version == 1 else (TOTAL, TAKEN)
    text = WATCH.replace("NEXT", more[0]).replace("TRANSITION", more[1])
    found = read_scxml(document(text), name="watch", version=version)
    assert not found.omissions
    upgrades = (Upgrade(1),) if version > 1 else ()
    return dataclasses.replace(found.definition, upgrades=upgrades)


async def test_each_session_has_its_own_and_the_next_version_goes_on_with_it(
    tmp_path: Path,
) -> None:
    store, machine = f"sqlite:///{tmp_path / 'kept.db'}", watch()
    async with EngineKit(machine, store=store, limits=LIMITS) as kit:
        for id in ("one", "two"):
            await kit.start(machine, id)
            await kit.settle()
        for name in ("start", "lap"):
            await kit.send(machine, "one", NamedEvent(name))
            await kit.advance(timedelta(seconds=5))
        clock = kit.clock
        views = [(await kit.read(machine, id)).view for id in ("one", "two")]
    assert views[0]["watch"] == {"count": 2}
    assert {**views[0]["watch (private)"], "begun": 0} == {"begun": 0, "laps": [5000], "step": 2}
    assert views[1]["watch (private)"] == {"begun": None, "laps": [], "step": 2}
    later = watch(version=2)
    async with EngineKit(later, store=store, clock=clock, limits=LIMITS) as kit:
        assert (await kit.engine.upgrade("watch")).upgraded == 2
        await kit.send(later, "one", NamedEvent("lap"))
        await kit.send(later, "one", NamedEvent("total"))
        assert (await kit.read(later, "one")).view["watch"] == {"count": 15_000}
        await kit.send(later, "one", NamedEvent("again"))
        view = (await kit.read(later, "one")).view
        assert view["watch"] == {"count": 0}
        assert view["watch (private)"] == {"begun": None, "laps": [], "step": 3}


def test_what_methods_do_is_explored() -> None:
    found = explore(watch(), events=[NamedEvent("start"), NamedEvent("lap")])
    way = found.shortest(lambda place: place.data["watch"]["count"] == 6)
    assert way is not None
    assert [line.split(":")[0] for line in way.lines] == [
        "start", "1. start", "2. lap", "3. lap", "4. lap"
    ]  # fmt: skip
    assert play(watch(), way.script).data["watch"] == {"count": 6}
    assert found.shortest(lambda place: place.data["watch"]["count"] > 6) is None
