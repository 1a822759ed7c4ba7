"""Calls guards with sample data.

The data are generated from the declared schema: small enumerations, and values around the constants
in the guards. A sample for which two guards are true is a witness that they overlap; without one
they may still overlap.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import combinations, islice, product
from typing import Any, NamedTuple

from statehold.chart.deferred import truth
from statehold.chart.machine import Function
from statehold.check.lint.analysis import Analysis
from statehold.errors import InvalidPayload

#: values of the data, and of an event, for one comparison
DATA_LIMIT = 256
EVENT_LIMIT = 24
#: values of one field
VALUE_LIMIT = 24
#: depth of a schema that is followed, and parts of it for one comparison
DEPTH_LIMIT = 4
PART_LIMIT = 5_000
#: elements of one list, characters of a shown value
LENGTH_LIMIT = 8
SHOWN_LIMIT = 60

_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
_QUOTED = re.compile(r"'([^'\\]*)'|\"([^\"\\]*)\"")
_BY_FORMAT = {
    "date-time": ("2030-01-01T00:00:00Z", "2020-01-01T00:00:00Z"),
    "date": ("2030-01-01", "2020-01-01"),
    "uuid": ("00000000-0000-4000-8000-000000000000",),
    "duration": ("PT1M", "P1D"),
}


class Comparison(NamedTuple):
    """``both`` is a sample for which both are true, in words. The numbers count the samples for
    which only one of them is."""

    both: str | None
    first_alone: int
    second_alone: int


class Samples:
    """Calls the guards of a machine."""

    def __init__(self, analysis: Analysis) -> None:
        assert analysis.definition is not None
        self.analysis = analysis
        self.definition = analysis.definition
        self.schemas = {e.name: e.schema for e in analysis.chart.events}

    def compare(
        self, first: Sequence[str], second: Sequence[str], event: str | None
    ) -> Comparison | None:
        """None where the guards can't be called."""
        names = tuple(dict.fromkeys((*first, *second)))
        if not all(map(self.can_be_asked, names)):
            return None
        both, one_alone, other_alone = None, 0, 0
        for data, occurred in self.situations(names, event):
            said = {name: self.ask(name, data, occurred) for name in names}
            one = _all(said[name] for name in first)
            other = _all(said[name] for name in second)
            if one and other:
                both = both or self.words(names, data, occurred)
            elif one and other is False:
                one_alone += 1
            elif other and one is False:
                other_alone += 1
        return Comparison(both, one_alone, other_alone)

    def agreeing(self, yes: Sequence[str], no: Sequence[str]) -> str | None:
        """Data for which the guards ``yes`` are true and ``no`` are false, in words."""
        names = (*yes, *no)
        if not all(map(self.can_be_asked, names)):
            return None
        for data, occurred in self.situations(names, None):
            if all(self.ask(name, data, occurred) is True for name in yes) and all(
                self.ask(name, data, occurred) is False for name in no
            ):
                return self.words(names, data, occurred)
        return None

    # --- calls ---

    def can_be_asked(self, name: str) -> bool:
        """Whether it is, by its source, a pure function of data and event."""
        function = self.definition.functions.get(name)
        if function is None or function.takes > 2:
            return False
        reading = self.analysis.reading(name)
        return not reading.outside and not reading.writes

    def ask(self, name: str, data: Any, event: Any) -> bool | None:
        """None where it raises, or takes an event and there is none."""
        function: Function = self.definition.functions[name]
        if function.takes == 2 and event is None:
            return None
        try:
            return truth(function.call(*(data, event)[: function.takes]))
        except Exception:  # noqa: BLE001 - data that no instance has may well break it
            return None

    # --- samples ---

    def situations(self, names: Sequence[str], event: str | None) -> Iterator[tuple[Any, Any]]:
        """Data, and an event where one of the guards takes it."""
        wanted = any(self.definition.functions[name].takes == 2 for name in names)
        constants = list(self.constants(names))
        events: list[Any] = [None]
        if wanted and event is not None and event in self.definition.events:
            shape = self.definition.events[event]
            schema = self.schemas.get(event, {})
            made = _Maker(schema, constants).objects(schema, None, EVENT_LIMIT)
            events = list(_valid(shape, made)) or [None]
        schema = self.analysis.chart.data_schema
        made = _Maker(schema, constants).objects(schema, self.fields(names), DATA_LIMIT)
        return islice(product(_valid(self.definition.data, made), events), DATA_LIMIT)

    def fields(self, names: Sequence[str]) -> frozenset[str] | None:
        """The fields that the guards read; None: not known."""
        readings = [self.analysis.reading(name) for name in names]
        if not all(reading.known for reading in readings):
            return None
        return frozenset().union(*(reading.reads for reading in readings))

    def constants(self, names: Sequence[str]) -> Iterator[Any]:
        for name in names:
            yield from self.analysis.reading(name).constants
            function = self.definition.functions[name]
            if function.uses is not None:
                # an expression has its own text for a name
                yield from (json.loads(found) for found in _NUMBER.findall(name) if _plain(found))
                yield from (one or other for one, other in _QUOTED.findall(name))

    def words(self, names: Sequence[str], data: Any, event: Any) -> str:
        plain = json.loads(self.definition.data.dump(data))
        fields = self.fields(names)
        if isinstance(plain, dict) and fields is not None:
            plain = {name: value for name, value in plain.items() if name in fields}
        words = _shown(plain)
        if event is None:
            return words
        return f"{words} and {event.__event__} {_shown(event.model_dump(mode='json'))}"


def _plain(number: str) -> bool:
    digits = number.removeprefix("-")
    return len(digits) < LENGTH_LIMIT * 2 and (digits[0] != "0" or digits[:2] in ("0", "0."))


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        words = ", ".join(f"{name} = {_short(one)}" for name, one in value.items())
        return words or "any data"
    return _short(value)


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= SHOWN_LIMIT else f"{text[: SHOWN_LIMIT - 1]}…"


def _all(answers: Iterable[bool | None]) -> bool | None:
    """True if all are, False if one is false, None if not known."""
    known = list(answers)
    return False if False in known else None if None in known else True


def _valid(shape: Any, made: Iterable[Any]) -> Iterator[Any]:
    for one in made:
        try:
            yield shape.check(one)
        except InvalidPayload:
            continue


class _Maker:
    """Plain values that mostly fit a JSON Schema; the caller checks them."""

    def __init__(self, root: Mapping[str, Any], constants: Iterable[Any]) -> None:
        self.root = root
        #: looked at so far
        self.parts = 0
        known = [c for c in constants if isinstance(c, int | float | str)]
        self.numbers = sorted({c for c in known if not isinstance(c, bool | str)})[:VALUE_LIMIT]
        self.strings = sorted({c for c in known if isinstance(c, str)})[:VALUE_LIMIT]

    def objects(
        self, schema: Mapping[str, Any], fields: frozenset[str] | None, limit: int
    ) -> Iterator[Any]:
        """Objects with all combinations of the fields' values, or all pairs of them."""
        schema = self.resolved(schema)
        properties: Mapping[str, Any] = schema.get("properties", {})
        required = [name for name in schema.get("required", ()) if name in properties]
        base = {name: self.values(properties[name], 1)[0] for name in required}
        varied = [name for name in properties if fields is None or name in fields]
        choices = {name: self.values(properties[name], 1) for name in varied}
        size = 1
        for those in choices.values():
            size *= len(those)
        sets = [varied] if size <= limit or len(varied) < 3 else combinations(varied, 2)
        made = (
            {**base, **dict(zip(names, values, strict=True))}
            for names in sets
            for values in product(*(choices[name] for name in names))
        )
        yield from islice(made, limit * 4)

    def values(self, schema: Any, depth: int) -> list[Any]:
        """At least one, each once, no more than ``VALUE_LIMIT``."""
        found: list[Any] = []
        for value in self.raw(schema, depth):
            if not any(type(value) is type(one) and value == one for one in found):
                found.append(value)
            if len(found) >= VALUE_LIMIT:
                break
        return found or [None]

    def raw(self, schema: Any, depth: int) -> Iterator[Any]:
        self.parts += 1
        if self.parts > PART_LIMIT or depth > DEPTH_LIMIT:
            return
        schema = self.resolved(schema)
        if "default" in schema:
            yield schema["default"]
        if "const" in schema or "enum" in schema:
            yield from schema.get("enum", [schema.get("const")])
            return
        for part in (*schema.get("anyOf", ()), *schema.get("oneOf", ())):
            yield from self.raw(part, depth + 1)
        kinds = schema.get("type", ())
        for kind in (kinds,) if isinstance(kinds, str) else kinds:
            yield from self.of_kind(kind, schema, depth)

    def of_kind(self, kind: str, schema: Mapping[str, Any], depth: int) -> Iterator[Any]:
        if kind in ("integer", "number"):
            edges = [schema.get("minimum"), schema.get("maximum")]
            edges += [schema.get("exclusiveMinimum"), schema.get("exclusiveMaximum")]
            known = (*self.numbers, *(edge for edge in edges if edge is not None), 0, 1)
            near = [number + away for number in known for away in (0, 1, -1)]
            # for the guard that wants both a multiple and a minimum
            near += [one + other for one, other in combinations(self.numbers, 2)]
            yield from (int(number) if kind == "integer" else number for number in near)
        elif kind == "string":
            yield from _BY_FORMAT.get(schema.get("format", ""), ())
            yield from self.strings
            yield "a" * max(1, min(schema.get("minLength", 1), 64))
            yield ""
        elif kind == "boolean":
            yield from (False, True)
        elif kind == "null":
            yield None
        elif kind == "array" and depth < DEPTH_LIMIT:
            element = self.values(schema.get("items", {}), depth + 1)[0]
            lengths = {0, 1, *(n + d for n in self.numbers if n == int(n) for d in (0, 1))}
            for length in sorted(lengths):
                if 0 <= length <= LENGTH_LIMIT:
                    yield [element] * int(length)
        elif kind == "object" and depth < DEPTH_LIMIT:
            yield from islice(self.objects(schema, None, VALUE_LIMIT), VALUE_LIMIT)

    def resolved(self, schema: Any) -> Mapping[str, Any]:
        """Follows references within the document."""
        for _ in range(DEPTH_LIMIT):
            if not isinstance(schema, Mapping):
                return {}
            path = schema.get("$ref")
            if not isinstance(path, str) or not path.startswith("#/"):
                return schema
            found: Any = self.root
            for part in path[2:].split("/"):
                found = found.get(part, {}) if isinstance(found, Mapping) else {}
            schema = found
        return {}
