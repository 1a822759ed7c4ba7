"""What a start takes in place of the data, and the data that are made of it.

1. Expressions see ``input``, ``now`` and ``instance``; there are no data yet.
2. Fields of the data that are not set get their defaults; one that has none has to be set.
3. ``null`` leaves an optional field out, or gives it its default.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from statehold.chart.deferred import deferral
from statehold.chart.machine import Function, Maker, Uses
from statehold.define.function import positional
from statehold.expression.cel.language import NULL, TIMESTAMP, CelExpression
from statehold.formats.native.data_specs import NO_SCHEMA, InputSpec
from statehold.formats.native.fields import TypedField
from statehold.formats.native.functions import (
    Functions,
    Situation,
    evaluate,
    input_situation,
    shape_of,
)
from statehold.formats.native.problems import Problems, near
from statehold.formats.native.types import Types
from statehold.plain.values import Path

_PATH: Path = ("input",)


class ReadInput(NamedTuple):
    """``name`` is what the chart calls the function."""

    maker: Maker
    name: str
    schema: dict[str, Any]


def read_input(
    spec: InputSpec | None, problems: Problems, types: Types, functions: Functions
) -> ReadInput | None:
    """None where a start takes the data, or with a problem reported."""
    if spec is None:
        return None
    written = {"type": "object", "properties": problems.at((*_PATH, "properties")) or {}}
    if "required" in spec.model_fields_set:
        written["required"] = problems.at((*_PATH, "required"))
    schema = NO_SCHEMA.model_copy(
        update={
            "type": ["object"],
            "properties": spec.properties or {},
            "required": spec.required,
        }
    )
    typed = types.read(schema, written, _PATH, "Input")
    if (spec.function is None) == ("set" not in spec.model_fields_set):
        problems.add(
            _PATH,
            "it has to say how the data are made: by set or by function, one of the two",
            "write set: {field: input.field}",
        )
        return None
    if spec.function is not None:
        made = _offered(spec.function, problems, functions)
    else:
        made = _set(spec.set, problems, functions, input_situation(typed))
    if made is None:
        return None
    name, function = made
    return ReadInput(Maker(shape_of(typed), function), name, typed.schema)


def _offered(name: str, problems: Problems, functions: Functions) -> tuple[str, Function] | None:
    path = (*_PATH, "function")
    call = functions.offered.functions.get(name)
    if call is None:
        hint = near(name, functions.offered.functions) if functions.offered.functions else ""
        problems.add(
            path,
            f"no function {name!r} is offered",
            hint or "write set: with CEL, or offer one: --offer MODULE, Offered(functions=...)",
        )
        return None
    takes, why = positional(call), deferral(call)
    if takes not in (1, 2) or why is not None:
        problems.add(
            path,
            f"the offered function {name!r} {why or 'has the wrong parameters'}",
            "it takes (input) or (input, context), and gives the data",
        )
        return None
    return name, Function(call, takes)


def _set(
    given: Mapping[str, str], problems: Problems, functions: Functions, situation: Situation
) -> tuple[str, Function] | None:
    path, made = (*_PATH, "set"), dict[str, CelExpression]()
    known = {name: field for name, field in functions.fields.typed.items() if "." not in name}
    # in the order of names, which a stored chart keeps: the function's name depends on it
    for name, text in sorted(given.items()):
        if name not in known:
            problems.add((*path, name), f"the data has no field {name!r}", near(name, known))
            continue
        expression = functions.expression(text, (*path, name), situation, _wanted(known[name]))
        if expression is not None:
            made[name] = expression
    for name, field in known.items():
        if field.required and name not in given:
            problems.add(
                path,
                f"the field {name!r} of the data is required, and is not set",
                "set it, or give it a default",
            )
    if len(made) < len(given):
        return None
    optional = frozenset(name for name in made if _is_optional(known[name]))

    def make(input: Any, context: Any) -> dict[str, Any]:
        values = {name: evaluate(one, None, input, context) for name, one in made.items()}
        return {
            name: value
            for name, value in values.items()
            if value is not None or name not in optional
        }

    text = "; ".join(f"{name} = {one.text}" for name, one in made.items())
    return text or "the defaults", Function(make, 2, Uses(writes=frozenset(made)))


def _is_optional(field: TypedField) -> bool:
    """Whether null stands for leaving it out."""
    return not field.required and not field.typed.nullable


def _wanted(field: TypedField) -> tuple[Any, ...]:
    kind = field.typed.kind
    wanted = (kind, NULL) if field.typed.nullable or _is_optional(field) else (kind,)
    # a moment is kept as its text
    return (*wanted, TIMESTAMP) if kind.name == "string" else wanted
