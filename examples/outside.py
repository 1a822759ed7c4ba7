"""HTTP requests of the examples' effects, which share one client: ``resources`` has it.

``ORDER_EFFECTS_URL`` and ``ONBOARDING_EFFECTS_URL`` are the addresses. Without one, the request
is logged and counts as done, so that an example runs by itself.
"""

from __future__ import annotations

import logging
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx

from statehold import Call, Permanent

log = logging.getLogger(__name__)

TIMEOUT_SECONDS = 10.0


@asynccontextmanager
async def http_client() -> AsyncIterator[httpx.AsyncClient]:
    """Open while the engine is; its connections are used again."""
    async with httpx.AsyncClient(timeout=TIMEOUT_SECONDS) as http:
        yield http


#: for ``serve --resources examples.outside:resources``
resources = [http_client]


async def post(http: httpx.AsyncClient, path: str, payload: dict[str, Any], call: Call) -> Any:
    """The answer's JSON; None without an address or a body.

    ``call.key`` is sent as the idempotency key, since the same request may be sent twice. An answer
    of 4xx raises ``Permanent``, as a retry would not change it. Other errors are raised unchanged,
    and the engine retries.
    """
    base = os.environ.get(f"{call.machine.upper()}_EFFECTS_URL")
    if base is None:
        log.info("%s would be sent to %s: %s", call.key, path, payload)
        return None
    response = await http.post(f"{base}{path}", json=payload, headers={"Idempotency-Key": call.key})
    if response.is_client_error:
        raise Permanent(f"{path} answered {response.status_code}: {response.text[:200]}")
    response.raise_for_status()
    return response.json() if response.content else None
