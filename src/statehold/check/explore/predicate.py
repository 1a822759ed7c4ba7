"""Places, and predicates on them: ``active(...) & ~data(...)``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from msgspec import Struct

from statehold.chart.model import ROOT, Chart
from statehold.define.state import Node, declared, is_node


class Place(Struct, frozen=True):
    """An instance between two steps.

    ``leaves`` are the paths of its active leaves in document order, ``states`` those of all active
    states. ``timers`` are the ids of running timers, ``running`` the names of effects and children
    in flight, ``waiting`` the names of those that are incidents.
    """

    leaves: tuple[str, ...]
    states: frozenset[str]
    data: Any
    done: bool = False
    output: Any = None
    timers: tuple[str, ...] = ()
    running: tuple[str, ...] = ()
    waiting: tuple[str, ...] = ()


class Predicate:
    """A condition on a place. Combine with ``&``, ``|`` and ``~``.

    ``by_states``: the answer depends on the active states alone.
    """

    def __init__(
        self,
        ask: Callable[[Place], bool],
        words: str,
        *,
        by_states: bool = False,
        paths: frozenset[str] = frozenset(),
    ) -> None:
        self._ask = ask
        self.words = words
        self.by_states = by_states
        #: of the states that it names
        self.paths = paths

    def __call__(self, place: Place) -> bool:
        return bool(self._ask(place))

    def __and__(self, other: Predicate | Callable[[Place], bool]) -> Predicate:
        that = predicate(other)
        return self._with(that, lambda place: self(place) and that(place), "and")

    def __or__(self, other: Predicate | Callable[[Place], bool]) -> Predicate:
        that = predicate(other)
        return self._with(that, lambda place: self(place) or that(place), "or")

    def __invert__(self) -> Predicate:
        return Predicate(
            lambda place: not self(place),
            f"not {self.words}",
            by_states=self.by_states,
            paths=self.paths,
        )

    def __repr__(self) -> str:
        return f"<{self.words}>"

    def _with(self, that: Predicate, ask: Callable[[Place], bool], word: str) -> Predicate:
        return Predicate(
            ask,
            f"({self.words} {word} {that.words})",
            by_states=self.by_states and that.by_states,
            paths=self.paths | that.paths,
        )


def active(state: Node | str) -> Predicate:
    """The state is active: an object of the class notation, or a path."""
    path = _path(state)
    return Predicate(
        lambda place: path in place.states, path, by_states=True, paths=frozenset({path})
    )


def data(ask: Callable[[Any], bool], words: str = "") -> Predicate:
    """The data meets a condition: ``data(lambda order: order.courier is None)``."""
    return Predicate(lambda place: ask(place.data), words or _name(ask))


def done() -> Predicate:
    """The instance is done."""
    return Predicate(lambda place: place.done, "done")


def waiting(effect: str) -> Predicate:
    """The effect or child of this name is an incident, which waits for an operator."""
    return Predicate(lambda place: effect in place.waiting, f"an incident of {effect}")


def predicate(ask: Predicate | Callable[[Place], bool]) -> Predicate:
    """A plain function of a :class:`Place` as a predicate."""
    return ask if isinstance(ask, Predicate) else Predicate(ask, _name(ask))


def parse(text: str) -> Predicate:
    """Reads ``"a.b & ~c | d"``: paths of states, and ``done``; ``~`` binds closest, then ``&``.

    Raises ``ValueError`` for anything else.
    """
    either: Predicate | None = None
    for part in text.split("|"):
        both: Predicate | None = None
        for word in part.split("&"):
            name = word.strip()
            denied = name.startswith("~")
            name = name.lstrip("~").strip()
            if not name or any(mark in name for mark in "~() "):
                raise ValueError(
                    f"{text!r} is not made of states' paths with &, | and ~: {word.strip()!r}"
                )
            one = done() if name == "done" else active(name)
            one = ~one if denied else one
            both = one if both is None else both & one
        assert both is not None
        either = both if either is None else either | both
    assert either is not None
    return either


def unknown_paths(chart: Chart, *asked: Predicate) -> list[str]:
    """The states that predicates name and the chart does not have."""
    known = {state.id for state in chart.states if state.id != ROOT}
    return sorted({path for one in asked for path in one.paths} - known)


def _path(state: Node | str) -> str:
    if isinstance(state, str):
        return state
    if not is_node(state):
        raise TypeError(f"active() takes a state, or its path, not {state!r}")
    path = declared(state).id
    if not path:
        raise ValueError(f"{state!r} belongs to no machine yet; name it once its class is defined")
    return path


def _name(ask: Callable[..., Any]) -> str:
    name = getattr(ask, "__name__", repr(ask))
    return "a condition on the data" if name == "<lambda>" else str(name)
