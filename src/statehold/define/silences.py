"""Findings of the static checks that are intended, each with its reason."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

from statehold.chart.codes import CODES, Code
from statehold.chart.event import Event
from statehold.chart.model import Silence
from statehold.define.binding import Binder
from statehold.define.declarations import Declarations
from statehold.define.rule import Rule
from statehold.define.source_line import caller
from statehold.define.state import Node, is_node

#: a state, a transition, an event, or the name of a field of the data or of a function
Silenceable: TypeAlias = Node | Rule | type[Event] | str


@dataclass(frozen=True, slots=True)
class Silenced:
    """What :func:`silence` gives."""

    code: str
    places: tuple[Any, ...]
    because: str
    where: str


def silence(code: Code, *places: Silenceable, because: str) -> Silenced:
    """Says that a finding of the static checks is intended. It stands in the machine's body::

        silences = (silence("dead-end", archived, because="kept for good"),)

    ``code`` is the finding's. ``places`` are states, rules or event classes of the machine, or
    names of fields of the data or of functions; without any it holds for the whole machine.
    ``because`` is the reason, which ``check`` shows. A code that no check has, a place of another
    machine or an empty reason is a mistake of the class (``DefinitionError``).
    """
    return Silenced(code, places, because, caller())


def read_silences(value: Any, declarations: Declarations, binder: Binder) -> tuple[Silence, ...]:
    """``silences``, with states, transitions and events replaced by their names."""
    if not isinstance(value, tuple | list) or not all(isinstance(s, Silenced) for s in value):
        binder.complain(
            declarations.place_of("silences"),
            "is not a list of silences",
            'write silences = (silence("dead-end", state, because="..."),)',
        )
        return ()
    return tuple(_silences(value, declarations, binder))


def _silences(value: Any, declarations: Declarations, binder: Binder) -> Iterator[Silence]:
    for said in value:
        place = f"{declarations.place_of('silences')} ({said.where})"
        if said.code not in CODES:
            binder.complain(
                place,
                f"no check has the code {said.code!r}",
                f"one of {', '.join(sorted(CODES))}",
            )
        if not isinstance(said.because, str) or not said.because.strip():
            binder.complain(
                place, f"{said.code} is silenced without a reason", 'because="..." says why'
            )
        for one in said.places or ("",):
            name = _name(one, place, declarations, binder)
            if name is not None:
                yield Silence(said.code, said.because, name)


def _name(value: Any, place: str, declarations: Declarations, binder: Binder) -> str | None:
    if isinstance(value, str):
        return value
    if isinstance(value, Rule):
        found = [named.id for named in declarations.rules if named.rule is value]
        if found:
            return found[0]
    elif is_node(value):
        path = declarations.id_of(value)
        if path is not None:
            return path
    elif isinstance(value, type) and issubclass(value, Event):
        return value.__event__
    binder.complain(
        place,
        f"{getattr(value, '__name__', repr(value))} is no state, transition or event of this "
        "machine",
        "name one of its own, or leave the place out",
    )
    return None
