"""Checks that a chart is read back unchanged from its stored form.

A chart is stored once, and later releases read it for as long as instances of its version exist. So
it is encoded, decoded and compared before it is stored. A value of a wrong type, a number that JSON
can't express and text that is not valid Unicode are reported with their places, before they could
make a store unreadable.
"""

from __future__ import annotations

import typing
from collections.abc import Iterator
from functools import cache
from typing import Any

import msgspec
from msgspec import Struct

from statehold.chart import model
from statehold.chart.model import ROOT, Chart, EventShape, Silence, StateNode, Transition
from statehold.errors import Problem

#: characters of a value that an error shows
SHOWN = 80

_encode = msgspec.json.Encoder(order="sorted").encode
#: what encoding, decoding and comparing values of any type may raise
_RAISED = (TypeError, ValueError, OverflowError, RecursionError, msgspec.MsgspecError)


def problems_of_storing(chart: Chart) -> list[Problem]:
    """Every part of the chart that is not read back equal; empty for nearly all charts."""
    if _fault(chart, Chart) is None:
        return []
    found = [*_problems("chart", chart, Chart, ("states", "transitions", "events", "silenced"))]
    for name, part, place in (
        ("states", StateNode, _place_of_state),
        ("transitions", Transition, _place_of_transition),
        ("events", EventShape, _place_of_event),
        ("silenced", Silence, _place_of_silence),
    ):
        held = getattr(chart, name)
        if type(held) is not tuple or not all(isinstance(one, part) for one in held):
            why = f"its {name} are not a tuple of {part.__name__}"
            found.append(Problem("chart", why, f"give a tuple of {part.__name__} objects"))
            continue
        for number, one in enumerate(held):
            found += _problems(place(one, number), one, part)
    # a fault of the whole that no part has by itself, as far as nesting goes
    return found or [Problem("chart", _fault(chart, Chart) or "", "nest it less deeply")]


def _problems(
    place: str, part: Struct, type_: Any, apart: tuple[str, ...] = ()
) -> Iterator[Problem]:
    if not apart and _fault(part, type_) is None:
        return
    for name, wanted in _types(type_).items():
        if name not in apart:
            value = getattr(part, name)
            fault = _fault(value, wanted)
            if fault is not None:
                hint = "give a value that JSON can hold, of the type that is declared"
                yield Problem(place, f"{name} is {_short(value)}: {fault}", hint)


def _fault(value: Any, type_: Any) -> str | None:
    """Why the stored form of a value is not the value; None where it is."""
    try:
        raw = value.to_json() if isinstance(value, Chart) else _encode(value)
        back = msgspec.json.decode(raw, type=type_)
        if back == value:
            return None
    except UnicodeEncodeError as error:
        what = ascii(error.object[error.start : error.end])
        return f"the character {what} is half of a surrogate pair, which is no Unicode text"
    except RecursionError:
        return "it is nested too deeply to be stored"
    except _RAISED as error:
        return _first_line(error)
    where, given, read = _first_difference(value, back)
    return f"{where}{_short(given)} would be read back as {_short(read)}"


def _first_difference(value: Any, back: Any) -> tuple[str, Any, Any]:
    """Where two values that are not equal differ first, and what stands there."""
    path: list[str] = []
    while True:
        pairs: list[tuple[Any, Any, Any]] = []
        if isinstance(value, dict) and isinstance(back, dict) and value.keys() == back.keys():
            pairs = [(key, value[key], back[key]) for key in value]
        elif isinstance(value, tuple | list) and type(value) is type(back):
            pairs = list(zip(range(len(value)), value, back, strict=False))
        apart = next((one for one in pairs if one[1] != one[2]), None)
        if apart is None:
            return f"{'.'.join(path)}: " if path else "", value, back
        path.append(str(apart[0]))
        value, back = apart[1:]


def _short(value: Any) -> str:
    shown = ascii(value)
    return shown if len(shown) <= SHOWN else f"{shown[: SHOWN - 1]}…"


def _first_line(error: Exception) -> str:
    line = str(error).partition("\n")[0]
    return f"{line[:1].lower()}{line[1:]}"


@cache
def _types(struct: Any) -> dict[str, Any]:
    return typing.get_type_hints(struct, dict(vars(model)))


def _place_of_state(state: Any, number: int) -> str:
    return _named("state", state.id, number) if state.id != ROOT else "the root"


def _place_of_transition(transition: Any, number: int) -> str:
    return _named("transition", transition.id, number)


def _place_of_event(event: Any, number: int) -> str:
    return _named("event", event.name, number)


def _place_of_silence(silence: Any, number: int) -> str:
    return _named("the silence of", silence.code, number)


def _named(what: str, name: Any, number: int) -> str:
    """As :mod:`.validate` calls it, where it has a name that can be written."""
    if isinstance(name, str):
        return f"{what} {name.encode('utf-8', 'backslashreplace').decode()}"
    return f"{what} {number}"
