"""Requests about one order, and how a problem is checked."""

from __future__ import annotations

from typing import Any

import httpx

INSTANCES = "/api/machines/order/instances"
ONE = f"{INSTANCES}/o-1"
ACCEPT = {"type": "Accept", "prep_minutes": 12}
#: who may send it
RESTAURANT = {"Statehold-Roles": "restaurant"}


def problem(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    """The problem that the answer is; fails unless it is this one, and complete."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    found: dict[str, Any] = answer.json()
    assert found["type"] == f"urn:statehold:problem:{code}"
    assert found["status"] == status
    assert found["title"]
    assert found["detail"]
    return found
