"""A better label needs no new version: of a document that is put again, and of a class."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from statehold import Event, Final, Machine, State, on
from statehold.engine import Deployments, Engine
from statehold.errors import PutRefused
from statehold.stores import MemoryStore, SqliteStore

pytestmark = pytest.mark.anyio

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
"""
BETTER = FIRST.replace("events: {Close: {}}", "events: {Close: {label: Close it}}").replace(
    "{initial: true}", "{initial: true, label: Waits for an answer}"
)


async def test_a_document_is_put_again_with_other_labels_under_its_version() -> None:
    async with Engine(MemoryStore(), [], deployments=Deployments()) as engine:
        await engine.put(FIRST)
        await engine.start("ticket", "t-1")
        report = await engine.put(BETTER)
        assert (report.added, report.version) == (True, 1)
        assert report.changes == [
            "state open: label was none and is Waits for an answer",
            "event Close: label was none and is Close it",
        ]
        said = (await engine.explain("ticket", "t-1")).summary
        assert "is running in Waits for an answer, for" in said
        assert "It accepts Close it (to closed)." in said
        with pytest.raises(PutRefused):
            await engine.put(BETTER.replace("to: closed", "to: open"))
        assert "Waits for an answer" in (await engine.explain("ticket", "t-1")).summary


def lamp(label: str) -> type[Machine[None]]:
    class Push(Event, label=label): ...

    class Lamp(Machine[None], name="lamp", version=1, label=label):
        dark = State(initial=True, label=label)
        lit = Final()
        push = on(Push, dark >> lit)

    return Lamp


async def test_a_class_changes_its_labels_without_a_version(tmp_path: Path) -> None:
    path = tmp_path / "s.db"
    before, after = lamp("Off"), lamp("Nobody has pushed it")
    async with Engine(SqliteStore(path), [before]) as engine:
        await engine.start(before, "l-1")
    async with Engine(SqliteStore(path), [after]) as engine:
        assert "in Nobody has pushed it" in (await engine.explain(after, "l-1")).summary
        detail: Any = await engine.machine_detail(after)
        assert detail.label == "Nobody has pushed it"
