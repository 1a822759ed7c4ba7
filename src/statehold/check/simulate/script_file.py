"""Scripts as files: reads JSON or YAML, reporting all mistakes at once, and writes them.

1. YAML is another spelling of JSON and nothing more (:mod:`statehold.plain`).
2. What is read is bounded: by ``FILE_BYTES``, ``STEP_LIMIT`` and the limits of all documents.
3. A duration may be written ``12m``; the script that comes out has seconds.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec
from msgspec import Struct

from statehold.check.simulate.duration import duration_text, seconds_of
from statehold.check.simulate.script import (
    AdvanceStep,
    CancelStep,
    ExpectStep,
    FailStep,
    Script,
    ScriptStep,
    SendStep,
    SucceedStep,
)
from statehold.errors import Problem, ScriptInvalid
from statehold.plain.read import Notation, read_plain
from statehold.plain.values import TextRefused

#: bytes of a script
FILE_BYTES = 256_000
#: steps of a script
STEP_LIMIT = 10_000

#: by the suffix of a file's name
NOTATIONS: Mapping[str, Notation] = {".json": "json", ".yaml": "yaml", ".yml": "yaml"}

S = TypeVar("S", bound=Struct)

#: the kinds of steps, by their keys; the first key that is present counts
_WORDS: tuple[tuple[str, type[ScriptStep]], ...] = (
    ("send", SendStep),
    ("advance", AdvanceStep),
    ("succeed", SucceedStep),
    ("fail", FailStep),
    ("cancel", CancelStep),
    ("expect", ExpectStep),
    ("data", ExpectStep),
    ("done", ExpectStep),
)


def read_script(raw: bytes | str, notation: Notation | None = None) -> Script:
    """Reads a script; without a ``notation``, its first character decides.

    Raises ``ScriptInvalid`` with every problem and its place.
    """
    try:
        plain = read_plain(raw, limit=FILE_BYTES, notation=notation).value
    except TextRefused as error:
        raise ScriptInvalid([error.problem]) from None
    problems: list[Problem] = []
    script = _script(plain, problems)
    if problems or script is None:
        raise ScriptInvalid(problems)
    return script


def write_script(script: Script, notation: Notation = "yaml") -> str:
    """The script as text, which reads back as the same script; YAML has durations as words."""
    plain = msgspec.to_builtins(script)
    # steps come last, after the head
    plain["steps"] = plain.pop("steps", [])
    if notation == "json":
        return json.dumps(plain, indent=2, ensure_ascii=False) + "\n"
    for one in plain["steps"]:
        if "advance" in one:
            one["advance"] = duration_text(one["advance"])
    # PyYAML is an extra
    from statehold.plain.yaml_writer import dumped

    return dumped(plain)


def notation_of(name: str) -> Notation | None:
    """The notation by the suffix of a file's name; None: unknown."""
    return next((one for suffix, one in NOTATIONS.items() if name.endswith(suffix)), None)


def _script(plain: Any, problems: list[Problem]) -> Script | None:
    if not isinstance(plain, dict):
        raise _invalid(f"is {_kind(plain)}, not a mapping with machine and steps")
    given = dict(plain)
    steps = given.pop("steps", [])
    head = _struct(Script, given, "", problems)
    if not isinstance(steps, list):
        problems.append(Problem("steps", f"is {_kind(steps)}, not a list of steps"))
        return None
    if len(steps) > STEP_LIMIT:
        problems.append(Problem("steps", f"{len(steps)} steps, a script has at most {STEP_LIMIT}"))
        return None
    read = [_step(one, f"steps.{number}", problems) for number, one in enumerate(steps, 1)]
    if head is None:
        return None
    if head.at is not None and head.at.tzinfo is None:
        problems.append(Problem("at", "has no time zone", "end it in Z for UTC"))
    return msgspec.structs.replace(head, steps=tuple(one for one in read if one is not None))


def _step(plain: Any, place: str, problems: list[Problem]) -> ScriptStep | None:
    words = ", ".join(dict.fromkeys(word for word, _ in _WORDS))
    if not isinstance(plain, dict):
        problems.append(Problem(place, f"is {_kind(plain)}, not a mapping", f"one of {words}"))
        return None
    kind = next((kind for word, kind in _WORDS if word in plain), None)
    if kind is None:
        has = ", ".join(map(str, plain)) or "nothing"
        problems.append(Problem(place, f"has {has}, but no key of a step", f"one of {words}"))
        return None
    step: ScriptStep | None = _struct(kind, plain, place, problems)
    if isinstance(step, SendStep) and not isinstance(step.send.get("type"), str):
        problems.append(
            Problem(f"{place}.send", "has no type", "the event's name: {type: Accept, ...}")
        )
    return step


def _struct(
    kind: type[S], plain: Mapping[Any, Any], place: str, problems: list[Problem]
) -> S | None:
    """Reads field by field, to find every mistake; None where there is one."""
    before = len(problems)
    under = f"{place}." if place else ""
    fields = {one.name: one for one in msgspec.structs.fields(kind)}
    values: dict[str, Any] = {}
    for name, given in plain.items():
        if name not in fields:
            problems.append(
                Problem(f"{under}{name}", "is not a field", f"there are {', '.join(fields)}")
            )
            continue
        try:
            value = seconds_of(given) if name == "advance" else given
            values[name] = msgspec.convert(value, fields[name].type)
        except (msgspec.ValidationError, ValueError) as error:
            problems.append(Problem(f"{under}{name}", str(error)))
    for name, field in fields.items():
        if field.required and name not in plain:
            problems.append(Problem(f"{under}{name}", "is missing"))
    if len(problems) > before:
        return None
    return kind(**values)


def _kind(plain: Any) -> str:
    return {dict: "a mapping", list: "a list", str: "text", type(None): "empty"}.get(
        type(plain), "a number"
    )


def _invalid(message: str) -> ScriptInvalid:
    return ScriptInvalid([Problem("the script", message)])
