"""Metrics of several processes behind one address.

A scrape reaches whichever of them takes the connection. That one asks the others, each over a
socket in a directory that they share, and answers for all: every series has the label ``process``,
so that a process that ended takes its counters with it, and its successor's begin at zero as they
should. One that does not answer in time is left out; ``statehold_processes`` is how many did.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
from msgspec import Struct
from prometheus_client.metrics_core import GaugeMetricFamily, Metric

log = logging.getLogger(__name__)

#: how long a scrape waits for another process
ANSWER_SECONDS = 1.0
#: of a Unix socket's path, on every system
PATH_BYTES = 103
#: bytes that are read of another process's answer
ANSWER_BYTES = 8_000_000


class _Sample(Struct, array_like=True):
    name: str
    labels: dict[str, str]
    value: float


class _Family(Struct, array_like=True):
    name: str
    doc: str
    type: str
    samples: list[_Sample]


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(list[_Family]).decode


class Processes:
    """``process`` names this one; letters, digits, ``-`` and ``_``."""

    def __init__(self, directory: Path, process: str) -> None:
        if not process or not process.replace("-", "").replace("_", "").isalnum():
            raise ValueError(
                f"{process!r} can't name a process: letters, digits, - and _, at least one"
            )
        path = os.path.abspath(directory / f"{process}.sock")
        if len(os.fsencode(path)) > PATH_BYTES:
            raise ValueError(
                f"{path} has {len(os.fsencode(path))} bytes, and a Unix socket's path has at most "
                f"{PATH_BYTES}; choose a directory with a shorter path"
            )
        self._directory = directory
        self._process = process

    @asynccontextmanager
    async def answering(self, own: Callable[[], list[Metric]]) -> AsyncIterator[None]:
        """Answers the others with what ``own`` gives, until the end of the block."""

        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            try:
                writer.write(_packed(own()))
                await writer.drain()
            except ConnectionError as error:
                log.info("a process that requested metrics did not wait for them: %s", error)
            finally:
                writer.close()

        path = self._directory / f"{self._process}.sock"
        # a predecessor that was killed left its own behind
        path.unlink(missing_ok=True)
        server = await asyncio.start_unix_server(answer, path)
        mine = path.stat().st_ino
        try:
            yield
        finally:
            server.close()
            await server.wait_closed()
            # a successor that was started before this one's end has put its own there
            if path.exists() and path.stat().st_ino == mine:
                path.unlink(missing_ok=True)

    async def with_others(self, own: list[Metric]) -> list[Metric]:
        """This process's families and the others', each series with the label ``process``."""
        paths = [
            path for path in sorted(self._directory.glob("*.sock")) if path.stem != self._process
        ]
        answers = await asyncio.gather(*(_ask(path) for path in paths))
        merged: dict[str, Metric] = {}
        _merge(merged, self._process, _unpacked(_packed(own)))
        count = 1
        for path, answer in zip(paths, answers, strict=True):
            if answer is not None:
                count += 1
                _merge(merged, path.stem, answer)
        doc = "Processes behind this address that answered."
        return [*merged.values(), GaugeMetricFamily("statehold_processes", doc, value=count)]


async def _ask(path: Path) -> list[_Family] | None:
    """What another process answers; None if it does not, or with something else."""
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            reader, writer = await asyncio.open_unix_connection(path)
            try:
                parts: list[bytes] = []
                while (part := await reader.read(65536)) and sum(map(len, parts)) <= ANSWER_BYTES:
                    parts.append(part)
            finally:
                writer.close()
        return _unpacked(b"".join(parts))
    except (OSError, TimeoutError, msgspec.MsgspecError) as error:
        log.info("process %s did not send its metrics: %r", path.stem, error)
        return None


def _packed(families: Sequence[Metric]) -> bytes:
    return _encode(
        [
            _Family(
                family.name,
                family.documentation,
                family.type,
                [_Sample(one.name, dict(one.labels), float(one.value)) for one in family.samples],
            )
            for family in families
        ]
    )


def _unpacked(raw: bytes) -> list[_Family]:
    return _decode(raw)


def _merge(merged: dict[str, Metric], process: str, families: Sequence[_Family]) -> None:
    for family in families:
        into = merged.get(family.name)
        if into is None:
            into = merged[family.name] = Metric(family.name, family.doc, family.type)
        for one in family.samples:
            into.add_sample(one.name, {**one.labels, "process": process}, one.value)
