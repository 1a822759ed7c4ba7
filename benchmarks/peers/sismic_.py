"""sismic: the charts as its YAML, run by its ``Interpreter`` without contract checking.

sismic evaluates guards and actions from source text; that is its documented and only way.
"""

from __future__ import annotations

import json
from time import perf_counter
from typing import Any

from sismic.interpreter import Interpreter
from sismic.io import import_from_yaml

from benchmarks.peers import COUNT_LIMIT, CYCLE, Lap, Run


def flat() -> Run:
    states = [
        {
            "name": source,
            "transitions": [
                {
                    "event": "tick",
                    "target": target,
                    "guard": f"count < {COUNT_LIMIT}",
                    "action": "count += 1",
                }
            ],
        }
        for source, target in (("a", "b"), ("b", "c"), ("c", "d"), ("d", "a"))
    ]
    return _runner({"name": "root", "initial": "a", "states": states}, "tick")


def parallel() -> Run:
    root = {"name": "top", "parallel states": [_region("left"), _region("right")]}
    return _runner(root, "flip")


def _region(region: str) -> dict[str, Any]:
    target = {f"{a}_{b}": f"{region}_{c}_{d}" for a, b, c, d in CYCLE}

    def leaf(place: str) -> dict[str, Any]:
        return {
            "name": f"{region}_{place}",
            "on entry": "count += 1",
            "on exit": "count += 1",
            "transitions": [{"event": "flip", "target": target[place]}],
        }

    def outer(name: str) -> dict[str, Any]:
        return {
            "name": f"{region}_{name}",
            "initial": f"{region}_{name}_x",
            "on entry": "count += 1",
            "on exit": "count += 1",
            "states": [leaf(f"{name}_x"), leaf(f"{name}_y")],
        }

    return {"name": region, "initial": f"{region}_one", "states": [outer("one"), outer("two")]}


def _runner(root: dict[str, Any], event: str) -> Run:
    # JSON is YAML, and sismic's own reader takes YAML alone
    chart = {"statechart": {"name": "benchmark", "preamble": "count = 0", "root state": root}}
    interpreter = Interpreter(import_from_yaml(json.dumps(chart)), ignore_contract=True)
    interpreter.execute()
    interpreter.context["count"] = 0

    def run(events: int) -> Lap:
        began = perf_counter()
        for _ in range(events):
            interpreter.queue(event).execute_once()
        return Lap(perf_counter() - began, interpreter.context["count"])

    return run
