"""Requests about one order, and how a problem is checked."""

from __future__ import annotations

from typing import Any

import httpx

INSTANCES = "/api/machines/order/instances"
ONE = f"{INSTANCES}/o-1"
ACCEPT = {"type": "Accept", "prep_minutes": 12}


def problem(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    """The problem that the answer is; fails unless it is this one, whole and well told."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    told: dict[str, Any] = answer.json()
    assert told["type"] == f"urn:statehold:problem:{code}"
    assert told["status"] == status
    assert told["title"]
    assert told["detail"]
    return told
