"""HTTP requests of the examples' effects.

``ORDER_EFFECTS_URL`` and ``ONBOARDING_EFFECTS_URL`` are the addresses. Without one, the request
is logged and counts as done, so that an example runs by itself.
"""

from __future__ import annotations

import logging
import os
from typing import Any

import httpx

from statehold import Call, Permanent

log = logging.getLogger(__name__)

TIMEOUT_SECONDS = 10.0


async def post(path: str, payload: dict[str, Any], call: Call) -> Any:
    """The answer's JSON; None without an address or a body.

    ``call.key`` is sent as the idempotency key, since the same request may be sent twice. An answer
    of 4xx raises ``Permanent``, as a retry would not change it. Other errors are raised unchanged,
    and the engine retries.
    """
    base = os.environ.get(f"{call.machine.upper()}_EFFECTS_URL")
    if base is None:
        log.info("%s would be sent to %s: %s", call.key, path, payload)
        return None
    async with httpx.AsyncClient(base_url=base, timeout=TIMEOUT_SECONDS) as http:
        response = await http.post(path, json=payload, headers={"Idempotency-Key": call.key})
    if response.is_client_error:
        raise Permanent(f"{path} answered {response.status_code}: {response.text[:200]}")
    response.raise_for_status()
    return response.json() if response.content else None
