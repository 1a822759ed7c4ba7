"""Documents that are as large as they may be are read and checked in seconds, whatever their shape.

Before, the checks took time of two numbers multiplied: of states and transitions, of transitions
and events.
"""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from statehold.check.lint.findings import findings
from statehold.formats.native import read_native


def chain(count: int) -> dict[str, Any]:
    return {f"s{n}": {"initial": True} if n == 0 else {} for n in range(count)}


def ring(count: int, **trigger: Any) -> dict[str, Any]:
    return {
        f"t{n}": {"from": f"s{n}", "to": f"s{(n + 1) % count}", **trigger} for n in range(count)
    }


SHAPES: dict[str, dict[str, Any]] = {
    "many states": {
        "states": chain(4_990),
        "events": {"E": {}},
        "transitions": ring(4_990, on="E"),
    },
    "many timers": {"states": chain(2_000), "transitions": ring(2_000, after="1s")},
    "many transitions of one state": {
        "states": chain(2),
        "events": {f"E{n}": {} for n in range(900)},
        "transitions": {
            f"t{n}": {"on": f"E{n % 900}", "from": "s0", "to": "s1"} for n in range(9_000)
        },
    },
    "many regions": {
        "parallel": True,
        "states": {
            f"r{n}": {"states": {f"a{m}": {"initial": True} if m == 0 else {} for m in range(40)}}
            for n in range(100)
        },
    },
    "many fields": {
        "states": chain(1),
        "data": {"properties": {f"p{n}": {"type": "string", "default": ""} for n in range(2_000)}},
    },
    "many choices": {
        "states": chain(1),
        "data": {
            "properties": {
                f"p{n}": {"enum": [f"v{n}_{m}" for m in range(1_000)], "default": f"v{n}_0"}
                for n in range(60)
            }
        },
    },
}


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_a_large_document_is_checked_in_seconds(shape: dict[str, Any]) -> None:
    text = json.dumps({"statehold": 1, "name": "large", "version": 1, **shape})
    began = time.process_time()
    findings(read_native(text).definition)
    # a quiet machine takes under 2; a put of the slowest of these took 7.5
    assert time.process_time() - began < 6
