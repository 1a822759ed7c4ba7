"""The native notation, JSON and YAML: read, started with a few events, written and read again."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

from statehold import effect
from statehold.chart.effect import Call
from statehold.errors import StateholdError
from statehold.formats.native import read_native, write_native
from statehold.formats.notation import HttpCall, Offered
from statehold.interpreter import start, step
from statehold.plain.read import read_plain
from tests.fuzz.documents import document as made
from tests.fuzz.target import Target

#: bytes of a document that is written again too, for which it is read twice
WRITTEN_LIMIT = 50_000
NOW = datetime(2030, 1, 1, tzinfo=UTC)
EXAMPLES = Path(__file__).parents[3] / "examples" / "refund"


@effect
async def lent(data: Any) -> None:
    """Never performed here."""


def _refuse(call: HttpCall) -> Any:
    async def request(data: Any, attempt: Call) -> None:
        raise AssertionError("nothing is asked for in a fuzzer")

    return request


OFFERED = Offered(functions={"lent": lambda data: True}, effects={"lent": lent}, http=_refuse)


def read(document: bytes) -> None:
    definition = read_native(document, OFFERED).definition
    if len(document) < WRITTEN_LIMIT:
        again = read_native(write_native(definition), OFFERED).definition
        assert again.chart == definition.chart, "a chart came back as another one"
    try:
        data = DATA if "charge" in definition.chart.data_schema.get("properties", {}) else {}
        snapshot = start(definition, definition.data.check(data), NOW).snapshot
    except StateholdError:
        # other data, or a step that its own expressions stop
        return
    for name, shape in definition.events.items():
        try:
            snapshot = step(definition, snapshot, shape.parse(b"{}"), NOW).snapshot
        except StateholdError:
            assert name


DATA: dict[str, Any] = {"charge": "c-1", "cents": 90_000}

HEAVY = """
statehold: 1
name: heavy
data: {properties: {charge: {type: string}, cents: {type: integer}, l: {type: array, default: [1]}}}
events: {Go: {}}
states: {a: {initial: true, entry: {function: lent}}, b: {history: deep, default: a}}
transitions:
  loop: {always: true, from: a, when: "data.l.size() < 9", do: {set: {l: "data.l + [data.l]"}}}
  big: {on: Go, from: a, when: "data.l.map(a, data.l.map(b, [a])).size() > 3", do: {effect: lent}}
  text: {on: Go, from: a, when: "string(data.cents).replace('', data.charge).matches('(x{9}){9}')"}
  late: {after: "duration(string(data.cents) + 's')", from: a, to: a, reenter: true}
effects: {lent: {}}
"""

HOSTILE = (
    "a: &a [x, x]\nb: &b [*a, *a, *a]\nc: [*b, *b, *b]\n",
    "a: !!python/object/apply:os.system [x]\n",
    "[" * 3_000,
    "- " * 3_000,
    '{"a":' * 3_000,
    "? " * 3_000,
    "a: |\n" + " x\n" * 500,
    "%YAML 1.1\n---\na: b\n...\n---\nc: d\n",
)


def yamls() -> Sequence[bytes]:
    sound = [path.read_bytes() for path in sorted(EXAMPLES.glob("*.yaml"))]
    return [*sound, HEAVY.encode(), *(text.encode() for text in HOSTILE)]


def jsons() -> Sequence[bytes]:
    written = [json.dumps(read_plain(raw).value).encode() for raw in yamls()[:3]]
    return [*written, *(generated(Random(seed)) for seed in range(4))]


def generated(random: Random) -> bytes:
    return json.dumps(made(random)).encode()


WORDS = (
    *("statehold", "states", "initial", "final", "history", "default", "parallel", "transitions"),
    *("on", "from", "to", "when", "do", "set", "raise", "send", "emit", "with", "after", "always"),
    *("on_done", "on_result", "on_failure", "effects", "http", "url", "body", "gives", "offered"),
    *("data", "properties", "required", "pattern", "additionalProperties", "upgrades", "view"),
    *("data.l", "data.l.map(x, x)", "event", "result", "now", "duration('1s')", "has(data.l)"),
    *("indexes", "null", "templates", "parameters", "use", "with", "input", "input.m", "function"),
    *("into", "on_cancel", "errors", "TimeoutError", "4xx", "label", "id", "invoke", "$ask", "$$x"),
)

NATIVE_JSON = Target("native-json", read, jsons, notation="json", words=WORDS, generate=generated)
NATIVE_YAML = Target("native-yaml", read, yamls, notation="text", words=WORDS)
