"""Restate: a virtual object for each instance, called through the HTTP ingress.

The server is the program that its npm package carries, with its defaults, on a fresh directory;
the service runs on hypercorn as Restate's guide to serving has it, with uvloop and one worker a
core (one alone was a fifth slower). Neither has to do with PostgreSQL: Restate keeps a log and
a RocksDB of its own.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path

from benchmarks.left_out import LeftOut
from benchmarks.load import HOST, Connection, free_port, request, serving, until_ready
from benchmarks.parcel import scan
from benchmarks.peers import interpreter, npm

FOLDER = Path(__file__).parent / "restate"
PACKAGE = "@restatedev/restate-server"
HYPERCORN = """\
bind = "{host}:{port}"
worker_class = "uvloop"
workers = {workers}
h2_max_concurrent_streams = 2147483647
keep_alive_max_requests = 2147483647
keep_alive_timeout = 2147483647
"""


@asynccontextmanager
async def running(place: Path) -> AsyncIterator[int]:
    """The server and the service; gives the ingress's port. Raises ``LeftOut``."""
    program = _program()
    sdk = interpreter.version("restate-sdk")
    print(f"restate-server {npm.wanted(FOLDER, PACKAGE)}, restate-sdk {sdk}", flush=True)
    ingress, admin, service, fabric = (free_port() for _ in range(4))
    settings = place / "hypercorn.toml"
    settings.write_text(
        HYPERCORN.format(host=HOST, port=service, workers=os.cpu_count() or 1), encoding="utf-8"
    )
    with ExitStack() as servers:
        servers.enter_context(
            serving(
                [interpreter.PYTHON, "-m", "hypercorn", "--config", settings, "service:app"],
                place / "service.log",
                directory=FOLDER,
            )
        )
        servers.enter_context(
            serving(
                [program, "--no-logo", "--listen-mode", "tcp", "--base-dir", place / "restate"],
                place / "restate.log",
                environment={
                    "RESTATE_INGRESS__BIND_ADDRESS": f"{HOST}:{ingress}",
                    "RESTATE_ADMIN__BIND_ADDRESS": f"{HOST}:{admin}",
                    "RESTATE_ADMIN__DISABLE_WEB_UI": "true",
                    "RESTATE_BIND_ADDRESS": f"{HOST}:{fabric}",
                    "RESTATE_DISABLE_TELEMETRY": "true",
                },
            )
        )
        await until_ready(service, None)
        await until_ready(admin, "/health")
        await until_ready(ingress, "/restate/health")
        connection = await Connection.to(admin)
        deployment = {"uri": f"http://{HOST}:{service}"}
        await connection.ask(request("POST", "/deployments", deployment))
        connection.close()
        yield ingress


def scans(instances: int) -> list[bytes]:
    """A request for each object."""
    return [
        request("POST", f"/Parcel/parcel-{n}/scan", scan(n).model_dump()) for n in range(instances)
    ]


def _program() -> Path:
    missing = npm.why_not()
    if missing:
        raise LeftOut(missing)
    try:
        npm.install(FOLDER, PACKAGE)
    except npm.NodeFailed as error:
        raise LeftOut(str(error)) from error
    scope = FOLDER / "node_modules" / PACKAGE.partition("/")[0]
    found = sorted(scope.glob("restate-server-*/bin/restate-server"))
    if not found:
        raise LeftOut("its package has no program for this system and processor")
    return found[0]
