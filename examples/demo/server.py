"""``statehold serve`` as a process of its own, as on the command line."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from statehold import StateholdError

ROOT = Path(__file__).parents[2]
RESOURCES = "examples.outside:resources"
MACHINES = ("examples.order_v3.flow:OrderFlow", "examples.onboarding.v2:Onboarding")

START_SECONDS = 30.0
STOP_SECONDS = 30.0
#: ports that are tried after the requested one
PORTS_TRIED = 20
_LOG_LINES_SHOWN = 20


class ServerFailed(StateholdError):
    """The server did not start, or ended unexpectedly."""

    code = "demo-server"


@dataclass(frozen=True, slots=True)
class Served:
    """A running server. ``ended`` is done when its process has ended."""

    url: str
    ended: asyncio.Task[int]
    log: Path

    def failure(self) -> ServerFailed:
        lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()
        end = "\n".join(lines[-_LOG_LINES_SHOWN:])
        return ServerFailed(f"the server ended by itself; the end of its log:\n{end}")


def free_port(wanted: int) -> int:
    """The first free port from ``wanted`` on; 0 stays 0, which is any.

    Raises ``ServerFailed`` after ``PORTS_TRIED`` taken ones.
    """
    for port in range(wanted, min(wanted + PORTS_TRIED, 65536)) if wanted else (0,):
        try:
            with socket.create_server(("127.0.0.1", port)):
                return port
        except OSError:
            print(f"port {port} is taken, trying the next one")
    raise ServerFailed(
        f"no port from {wanted} to {wanted + PORTS_TRIED - 1} is free; choose another with --port"
    )


@asynccontextmanager
async def serving(
    store: str, port: int, log: Path, environment: Mapping[str, str]
) -> AsyncIterator[Served]:
    """A server of this interpreter, until the end of the block; raises ``ServerFailed``."""
    command = [sys.executable, "-c", "from statehold.cli import main; main()", "serve", *MACHINES,
               "--resources", RESOURCES]  # fmt: skip
    with log.open("wb") as errors:
        process = await asyncio.create_subprocess_exec(
            *command, "--store", store, "--port", str(port), "--act-role", "operator",
            cwd=ROOT,
            env={**os.environ, **environment, "PYTHONUNBUFFERED": "1"},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=errors,
            # ctrl-c is for this program, which then stops the server when the traffic has ended
            start_new_session=True,
        )  # fmt: skip
    ended = asyncio.create_task(process.wait())
    try:
        assert process.stdout is not None
        url = await _greeting(process.stdout, Served("", ended, log))
        yield Served(url, ended, log)
    finally:
        if process.returncode is None:
            process.terminate()
            try:
                await asyncio.wait_for(asyncio.shield(ended), STOP_SECONDS)
            except TimeoutError:
                process.kill()
        await ended


async def _greeting(stdout: asyncio.StreamReader, served: Served) -> str:
    """The address in the line that the server prints once it can be reached."""
    try:
        async with asyncio.timeout(START_SECONDS):
            line = (await stdout.readline()).decode()
    except TimeoutError:
        raise ServerFailed(f"the server was not up after {START_SECONDS:g} s") from None
    _, found, url = line.strip().rpartition(" at ")
    if not found:
        await served.ended
        raise served.failure()
    return url
