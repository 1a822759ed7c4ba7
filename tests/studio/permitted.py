"""A server for the machine that the table of who may do what is about.

::

    python -m tests.studio.permitted PORT

A header says of which kind a caller is, as a browser behind a proxy would have it added.
"""

from __future__ import annotations

import sys

import uvicorn
from starlette.requests import Request

from docs.generator.permissions import KINDS, SERVER, OrderFlow
from statehold.engine import Engine
from statehold.records import Caller
from statehold.server import create_app
from statehold.server.problems import Unauthorized

HEADER = "x-kind"


def by_kind(request: Request) -> Caller:
    caller = KINDS.get(request.headers.get(HEADER, ""))
    if caller is None:
        raise Unauthorized("nothing says who you are")
    return caller


def main(port: int) -> None:
    app = create_app(
        lambda: Engine("memory:", machines=[OrderFlow]), authenticate=by_kind, access=SERVER
    )
    uvicorn.run(app, port=port, log_level="warning", timeout_graceful_shutdown=1)


if __name__ == "__main__":
    main(int(sys.argv[1]))
