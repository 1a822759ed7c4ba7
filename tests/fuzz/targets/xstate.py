"""XState's JSON: read, drawn, bound to whatever it asks for, started, written and read again."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from examples.onboarding import v1
from examples.order.flow import OrderFlow
from statehold.chart.effect import Effect
from statehold.chart.machine import Definition
from statehold.errors import DefinitionError
from statehold.formats.mermaid import to_mermaid
from statehold.formats.notation import Offered
from statehold.formats.xstate import read_xstate, read_xstate_chart, write_xstate
from statehold.interpreter import start
from tests.fuzz.target import Target

#: bytes of a document that is written again too, for which it is read several times
WRITTEN_LIMIT = 50_000
NOW = datetime(2030, 1, 1, tzinfo=UTC)


def read(document: bytes) -> None:
    chart, _, needed = read_xstate_chart(document)
    to_mermaid(chart)
    if len(document) < WRITTEN_LIMIT:
        again, _, _ = read_xstate_chart(json.dumps(write_xstate(chart)))
        assert again.to_json() == chart.to_json(), "a chart came back as another one"
    offered = Offered(
        functions={one.name: _delay if one.role == "delay" else _no for one in needed},
        effects={one.name: Effect(one.name, _no, False) for one in needed if one.role == "effect"},
    )
    try:
        definition = read_xstate(document, offered).definition
    except DefinitionError:
        # a name that is a guard's and a delay's, say
        return
    start(definition, definition.data.check({}), NOW)


def _no(data: Any, **params: Any) -> None:
    return None


def _delay(data: Any) -> timedelta:
    return timedelta(seconds=1)


V5: dict[str, Any] = {
    "id": "shop", "version": "2", "description": "A shop", "context": {"count": 0, "items": []},
    "initial": "open", "tags": ["x"], "meta": {"a": 1},
    "states": {
        "open": {
            "id": "door", "tags": "busy", "entry": ["greet", {"type": "log", "params": {"n": 1}}],
            "exit": "leave", "description": "open now", "initial": "idle",
            "invoke": {"src": "watch", "id": "w", "onDone": "#shut", "onError": {"actions": "x"}},
            "after": {"1000": [{"guard": "late", "target": "shut"}, ".idle"], "slow": "shut"},
            "on": {
                "BUY": [{"target": ".pay", "guard": {"type": "above", "params": {"min": 3}}}],
                "item.*": {"actions": {"type": "xstate.raise", "params": {"event": {"type": "X"}}}},
                "*": {"actions": {"type": "xstate.assign", "params": {"assignment": {"n": 1}}}},
                "STOP": {"target": "#shop.shut", "reenter": True}, "NO": None,
            },
            "states": {
                "idle": {"always": {"target": "pay", "guard": {
                    "type": "xstate.and", "guards": ["a", {"type": "xstate.not", "guards": ["b"]},
                    {"type": "xstate.stateIn", "params": {"stateValue": "#door"}}]}}},
                "pay": {"type": "parallel", "onDone": "h", "states": {
                    "a": {"initial": "b", "states": {"b": {"on": {"E": "c"}},
                                                        "c": {"type": "final"}}},
                    "d": {"initial": "e", "states": {"e": {"type": "final", "output": {"z": 1}}}}}},
                "h": {"type": "history", "history": "deep", "target": "pay"},
            },
        },
        "shut": {"id": "shut", "type": "final", "output": {"total": 1}},
    },
}  # fmt: skip
V4: dict[str, Any] = {
    "id": "light", "initial": "green", "strict": True, "context": {"n": 1},
    "states": {
        "green": {"on": {"": {"target": "red", "cond": "dark"}, "T": {"target": "red", "in": "#g"}},
                  "id": "g", "activities": ["beep"], "onEntry": "x", "after": [
                      {"delay": 5, "target": "red"}]},
        "red": {"invoke": [{"src": {"type": "walk"}, "data": {"a": 1}, "onDone": "green"}],
                "on": {"P": {"target": ".w", "internal": False, "actions": [
                    {"type": "xstate.send", "event": "Q", "delay": 5, "id": "q"},
                    {"type": "xstate.cancel", "sendId": "q"}]}},
                "initial": "w", "states": {"w": {"type": "final", "data": {"k": 2}}}},
    },
}  # fmt: skip


def seeds() -> Sequence[bytes]:
    found = [getattr(value, "definition", None) for value in (OrderFlow, *vars(v1).values())]
    charts = {id(d): d.chart for d in found if isinstance(d, Definition)}
    documents = [V5, V4, *map(write_xstate, charts.values())]
    return [json.dumps(document).encode() for document in documents]


XSTATE = Target(
    "xstate",
    read,
    seeds,
    notation="json",
    words=(
        "states", "on", "initial", "type", "parallel", "final", "history", "deep", "target",
        "guard", "cond", "actions", "invoke", "src", "onDone", "onError", "always", "after",
        "entry", "exit", "context", "meta", "statehold", "id", "tags", "params", "guards",
        "xstate.raise", "xstate.and", "xstate.stateIn", "xstate.assign", "event", "internal",
        "reenter", "output", "#shop", ".pay", "#door", "*", "a.*", "not(a)", "in(#door)",
        "and(a, b)", "order", "trigger", "order", "policy", "invokes", "data_schema",
    ),
)  # fmt: skip
