"""Documents whose start takes an input are put, changed and upgraded like others."""

from __future__ import annotations

import pytest

from statehold.engine import Deployments, Engine
from statehold.errors import InvalidPayload, PutRefused
from statehold.stores import Memory, MemoryStore

pytestmark = pytest.mark.anyio

FIRST = """
statehold: 1
name: ticket
version: 1
data:
  properties:
    subject: {type: string}
    votes: {type: integer, default: 0}
  required: [subject]
input:
  properties: {text: {type: string, maxLength: 20}}
  required: [text]
  set: {subject: input.text + "?"}
events: {Close: {}}
states:
  open: {initial: true}
  closed: {final: true}
transitions:
  close: {on: Close, from: open, to: closed}
"""
SECOND = (
    FIRST.replace("version: 1", "version: 2").replace("text", "words").replace("20", "30")
    + "upgrades: [{from: 1}]\n"
)


async def test_an_instance_is_started_with_the_input_of_the_version_that_runs() -> None:
    async with Engine(MemoryStore(), [], deployments=Deployments()) as engine:
        await engine.put(FIRST)
        first = await engine.start("ticket", "t-1", {"text": "why"})
        assert first.view == {"subject": "why?", "votes": 0}
        report = await engine.put(SECOND)
        assert "input: field text was removed" in report.changes
        assert "input: field words was added" in report.changes
        # the data is the same: nothing of it is mapped
        await engine.upgrade("ticket")
        assert (await engine.read("ticket", "t-1")).view == first.view
        with pytest.raises(InvalidPayload, match=r"text: is not known.*|words: is missing"):
            await engine.start("ticket", "t-2", {"text": "why"})
        assert (await engine.start("ticket", "t-2", {"words": "how"})).view["subject"] == "how?"


async def test_another_input_under_the_same_version_is_refused() -> None:
    async with Engine(MemoryStore(), [], deployments=Deployments()) as engine:
        await engine.put(FIRST)
        assert not (await engine.put(FIRST)).added
        with pytest.raises(PutRefused, match="as version 2"):
            await engine.put(FIRST.replace("20", "21"))


async def test_a_worker_that_has_not_heard_of_the_newer_input_looks_it_up() -> None:
    memory = Memory()
    async with (
        Engine(MemoryStore(memory), [], deployments=Deployments()) as one,
        Engine(MemoryStore(memory), [], deployments=Deployments()) as two,
    ):
        await one.put(FIRST)
        assert (await two.start("ticket", "t-1", {"text": "why"})).view["subject"] == "why?"
        await one.put(SECOND)
        assert (await two.start("ticket", "t-2", {"words": "how"})).view["subject"] == "how?"
