"""An engine refuses an upgrade that would have to guess what a timer becomes."""

from __future__ import annotations

import logging

import pytest

from statehold import (
    DefinitionError,
    minutes,
)
from statehold.engine import Deployments, Engine
from statehold.errors import DocumentRefused
from statehold.formats.native import read_native
from statehold.store import StoredChart, StoredDocument
from statehold.stores import Memory, MemoryStore
from tests.unit.upgrade.timed import NOW, One, Renamed, carried, dues

FIRST = """
statehold: 1
name: ticket
version: 1
events: {Close: {}}
states:
  open: {initial: true}
  closed: {final: true}
transitions:
  close: {on: Close, from: open, to: closed}
  lapse: {after: 10m, from: open, to: closed}
  remind: {after: 3m, from: open}
"""
SECOND = FIRST.replace("version: 1", "version: 2").replace("remind:", "escalate:") + (
    "upgrades:\n  - from: 1\n"
)
SAYS = SECOND + "    timers: {remind: escalate}\n"
DROPS = SECOND + "    timers: {remind: null}\n"


def test_a_document_says_what_becomes_of_its_timers() -> None:
    first = read_native(FIRST).definition
    kept = read_native(SAYS).definition
    assert kept.upgrades[0].timers == {"remind": "escalate"}
    assert set(dues(carried(first, kept)).values()) == {minutes(10), minutes(3)}
    dropped = read_native(DROPS).definition
    assert dues(carried(first, dropped)) == {"lapse": minutes(10), "escalate": minutes(4)}


@pytest.mark.anyio
async def test_a_put_that_would_have_to_guess_is_refused_and_changes_nothing() -> None:
    async with Engine(MemoryStore(Memory()), [], deployments=Deployments()) as engine:
        await engine.put(FIRST)
        with pytest.raises(DocumentRefused) as refused:
            await engine.put(SECOND)
        assert "which may have become escalate" in refused.value.problems[0].message
        assert engine.machines["ticket"].definition.version == 1
        report = await engine.put(SAYS)
        assert report.added
        assert "upgrade-drops-timer" not in {finding.code for finding in report.findings}


@pytest.mark.anyio
async def test_a_put_that_drops_a_timer_says_so() -> None:
    async with Engine(MemoryStore(Memory()), [], deployments=Deployments()) as engine:
        await engine.put(FIRST)
        gone = SECOND.replace("  escalate: {after: 3m, from: open}\n", "")
        found = {finding.code: finding for finding in (await engine.put(gone)).findings}
        finding = found["upgrade-drops-timer"]
        assert finding.severity == "warning"
        assert "timer remind" in finding.place


@pytest.mark.anyio
async def test_a_document_that_relied_on_guessing_still_opens_with_a_warning(
    caplog: pytest.LogCaptureFixture,
) -> None:
    memory = Memory()
    async with Engine(MemoryStore(memory), [], deployments=Deployments()) as engine:
        await engine.put(FIRST)
        await engine.start("ticket", "t-1")
    store = MemoryStore(memory)
    document = StoredDocument("ticket", 2, "native", SECOND.encode(), NOW)
    async with Engine(store, [], deployments=Deployments()) as engine:
        await store.add_document(document, 100)
    with caplog.at_level(logging.WARNING):
        async with Engine(MemoryStore(memory), [], deployments=Deployments()) as engine:
            assert engine.machines["ticket"].definition.version == 2
            assert (await engine.upgrade("ticket")).upgraded == 1
            assert (await engine.read("ticket", "t-1")).version == 2
    assert "which may have become escalate" in caplog.text


@pytest.mark.anyio
async def test_an_engine_does_not_start_with_a_version_that_would_have_to_guess(
    caplog: pytest.LogCaptureFixture,
) -> None:
    memory = Memory()
    async with Engine(MemoryStore(memory), [One]) as engine:
        await engine.start(One, "i")
    with pytest.raises(DefinitionError, match="which may have become escalate"):
        async with Engine(MemoryStore(memory), [Renamed]):
            pass
    async with Engine(MemoryStore(memory), [One]) as engine:
        assert (await engine.read(One, "i")).version == 1
    assert "which may have become" not in caplog.text


@pytest.mark.anyio
async def test_a_version_that_runs_already_opens_and_warns(
    caplog: pytest.LogCaptureFixture,
) -> None:
    memory = Memory()
    async with Engine(MemoryStore(memory), [Renamed]):
        # as after releases that guessed: both versions are stored
        memory.charts["m"][1] = StoredChart("m", 1, One.chart.to_json(), NOW)
    async with Engine(MemoryStore(memory), [Renamed]):
        pass
    assert "which may have become escalate" in caplog.text
