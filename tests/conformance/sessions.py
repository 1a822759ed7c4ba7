"""SCXML documents of our own, run on the engine: what the tests of SCXML have in common."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from typing import Any

from statehold.chart.event import NamedEvent
from statehold.chart.machine import Definition
from statehold.engine.limits import Limits
from statehold.errors import NotAllowed
from statehold.formats.notation import Imported
from statehold.formats.scxml import read_scxml
from statehold.instance.reply import InstanceReply
from statehold.testing.engine_kit import EngineKit

ID = "s"


def document(body: str, **attributes: str) -> str:
    """A document in the ECMAScript data model, unless another is named."""
    given = {"datamodel": "ecmascript", **attributes}
    shown = " ".join(f'{key}="{value}"' for key, value in given.items())
    return f'<scxml xmlns="http://www.w3.org/2005/07/scxml" version="1.0" {shown}>{body}</scxml>'


def imported(body: str, sources: Mapping[str, str] | None = None, **attributes: str) -> Imported:
    """What is read; ``sources`` are other documents, by their names."""
    known = {name: text.encode() for name, text in (sources or {}).items()}
    return read_scxml(document(body, **attributes), resolve=known.__getitem__)


class Running:
    """One session."""

    def __init__(self, kit: EngineKit, definition: Definition[Any]) -> None:
        self.kit = kit
        self.definition = definition

    async def answer(self) -> InstanceReply:
        return await self.kit.read(self.definition, ID)

    async def state(self) -> list[str]:
        return list((await self.answer()).state)

    async def data(self) -> dict[str, Any]:
        view: dict[str, Any] = (await self.answer()).view
        return view

    async def send(self, name: str, data: Any = None) -> list[str]:
        """The state after an event; one that nothing takes changes nothing."""
        with suppress(NotAllowed):
            await self.kit.send(self.definition, ID, NamedEvent(name, data))
        await self.kit.settle()
        return await self.state()

    async def wait(self, seconds: float) -> list[str]:
        await self.kit.advance(timedelta(seconds=seconds))
        return await self.state()


@asynccontextmanager
async def running(
    body: str,
    sources: Mapping[str, str] | None = None,
    data: Any = None,
    **attributes: str,
) -> AsyncIterator[Running]:
    """A session of a document, at rest."""
    definition = imported(body, sources, **attributes).definition
    # a chart that shows what is not chosen holds what is never chosen
    limits = Limits(grace_seconds=0.0, check_steps=0)
    async with EngineKit(definition, limits=limits) as kit:
        await kit.start(definition, ID, data)
        await kit.settle()
        yield Running(kit, definition)


async def ends(body: str, sources: Mapping[str, str] | None = None, **attributes: str) -> list[str]:
    """The state of a session after a minute."""
    async with running(body, sources, **attributes) as session:
        return await session.wait(60)
