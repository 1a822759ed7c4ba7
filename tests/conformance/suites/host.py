"""Where cases run: the real engine on a store in memory, its clock moved by hand.

Parent and child sessions, messages between them and delays are the engine's own work, so what a
case proves holds for machines that are served.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from statehold.chart.event import NamedEvent
from statehold.engine.limits import Limits
from statehold.errors import NotAllowed
from statehold.formats.notation import Omission
from statehold.formats.scxml import read_scxml
from statehold.testing.engine_kit import EngineKit

CASE = "case"


class Host:
    """One document, running; ``omissions`` are what it says and the machine does not do."""

    def __init__(self, path: Path) -> None:
        imported = read_scxml(path.read_bytes(), resolve=_resolver(path.parent))
        self.definition = imported.definition
        self.omissions: Sequence[Omission] = imported.omissions
        # suites hold charts that the checks complain of with reason
        limits = Limits(grace_seconds=0.0, check_steps=0)
        self._kit = EngineKit(self.definition, limits=limits)

    async def __aenter__(self) -> Self:
        await self._kit.__aenter__()
        await self._kit.start(self.definition, CASE)
        await self._kit.settle()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._kit.__aexit__(kind, error, trace)

    async def leaves(self) -> frozenset[str]:
        """The active leaves."""
        return frozenset((await self._kit.read(self.definition, CASE)).state)

    async def is_over(self) -> bool:
        return (await self._kit.read(self.definition, CASE)).status != "running"

    async def send(self, name: str, data: Any) -> None:
        """One event from outside; SCXML drops what nothing takes."""
        with suppress(NotAllowed):
            await self._kit.send(self.definition, CASE, NamedEvent(name, data))
        await self._kit.settle()

    async def wait(self, time: timedelta) -> None:
        await self._kit.advance(time)


def _resolver(folder: Path) -> Any:
    def resolve(name: str) -> bytes:
        return (folder / name).read_bytes()

    return resolve
