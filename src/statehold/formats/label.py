"""Labels of transitions and states, shared by the diagram notations.

The name of a function may be the text of an expression, and long: each name is put on one line and
cut after ``NAME_LIMIT`` characters.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Literal

from statehold.chart.access import in_words
from statehold.chart.event import failure_event, result_event, timer_event
from statehold.chart.labels import event_labels, isolated
from statehold.chart.model import Block, Chart, Delay, Invoke, StateNode, Transition

Detail = Literal["full", "events", "names"]

#: characters of one name in a diagram
NAME_LIMIT = 72
#: names of one list in a diagram
NAMES_LIMIT = 8

_WORD = re.compile(r"\w+(#\d+)?")
_UNITS = ((86_400, "day"), (3600, "hour"), (60, "minute"), (1, "second"))


class Labels:
    """Labels of one chart's transitions and states; not escaped for any notation."""

    def __init__(self, chart: Chart, detail: Detail) -> None:
        self.detail = detail
        self._events = event_labels(chart)
        #: labels of the interpreter's own events
        self.outcomes: dict[str, str] = {}
        for state in chart.states:
            for invoke in state.invokes:
                name = cut(called_in(state, invoke) or _near(invoke.name, state.id))
                self.outcomes[result_event(invoke.id)] = f"on result of {name}"
                self.outcomes[failure_event(invoke.id)] = f"on failure of {name}"
        for transition in chart.transitions:
            if transition.trigger.kind == "after":
                spoken = f"after {spoken_delay(transition.trigger.delay, transition.source)}"
                self.outcomes[timer_event(transition.id)] = spoken

    def transition(self, transition: Transition) -> str:
        """``event by roles [guards] / actions``, or as much of it as ``detail`` asks for."""
        if self.detail == "names":
            return cut(_own_name(transition.id))
        happens = self.trigger(transition)
        if self.detail == "events":
            return happens
        roles = [
            " or ".join(map(in_words, g.name.split(",")))
            for g in transition.guards
            if g.kind == "by"
        ]
        guards = [
            f"in {guard.name}" if guard.kind == "in" else _near(guard.name, transition.source)
            for guard in transition.guards
            if guard.kind != "by"
        ]
        words = [happens]
        if roles:
            words.append(f"by {' and '.join(_some(roles))}")
        if guards:
            words.append(f"[{' and '.join(_some(guards))}]")
        if transition.actions:
            words.append(self.does(transition.actions, transition.source))
        return " ".join(words)

    def trigger(self, transition: Transition) -> str:
        trigger = transition.trigger
        match trigger.kind:
            case "after":
                return f"after {spoken_delay(trigger.delay, transition.source)}"
            case "done":
                return "on done"
            case "any":
                return "any event"
            case "always":
                return "always"
            case "cancel":
                return "on cancel"
        names = dict.fromkeys(
            self.outcomes.get(name) or self.event(name) for name in trigger.events
        )
        return " or ".join(_some(names))

    def event(self, name: str) -> str:
        return isolated(self._events.get(name, name))

    def does(self, blocks: Iterable[Block], place: str = "") -> str:
        """``/ actions`` of a state; empty without actions, or without full detail."""
        names = list(_names(blocks, place))
        return f"/ {', '.join(_some(names))}" if names and self.detail == "full" else ""

    def state(self, state: StateNode) -> list[str]:
        """What a state does, a line each."""
        lines = [f"owner {cut(state.owner)}"] if state.owner else []
        lines += [
            f"runs {'machine ' if invoke.kind == 'machine' else ''}"
            + cut(_near(invoke.name, state.id))
            + (f" as {cut(called)}" if (called := called_in(state, invoke)) else "")
            for invoke in state.invokes[:NAMES_LIMIT]
        ]
        if entry := list(_names(state.entry, state.id)):
            lines.append(f"entry / {', '.join(_some(entry))}")
        if leaving := list(_names(state.exit, state.id)):
            lines.append(f"exit / {', '.join(_some(leaving))}")
        if state.deadline is not None:
            lines.append(f"to be left within {spoken_delay(state.deadline, state.id)}")
        return lines


def called_in(state: StateNode, invoke: Invoke) -> str | None:
    """The id by which it differs from others of its name that its state invokes."""
    if sum(other.name == invoke.name for other in state.invokes) < 2:
        return None
    return invoke.id.removeprefix(f"{state.id}/")


def cut(name: str) -> str:
    """On one line, at most ``NAME_LIMIT`` characters."""
    name = " ".join(name.split()) if "\n" in name or "\t" in name else name
    return name if len(name) <= NAME_LIMIT else f"{name[: NAME_LIMIT - 1].rstrip()}…"


def spoken_delay(delay: Delay | None, place: str = "") -> str:
    """``10 minutes``, in the largest unit that leaves a whole number."""
    if delay is None or delay.seconds is None:
        return cut(_near((delay.function if delay else None) or "", place))
    for seconds, unit in _UNITS:
        count = delay.seconds / seconds
        if count >= 1 and count == int(count):
            return f"{int(count)} {unit}{'' if count == 1 else 's'}"
    return f"{delay.seconds:g} seconds"


def _some(names: Iterable[str]) -> list[str]:
    found = list(names)
    more = len(found) - NAMES_LIMIT
    return [*map(cut, found[:NAMES_LIMIT]), *([f"{more} more"] if more > 0 else [])]


def _names(blocks: Iterable[Block], place: str) -> Iterator[str]:
    for block in blocks:
        for action in block:
            name = _near(action.name, place)
            yield f"ask for {name}" if action.kind == "effect" else name


def _near(name: str, place: str) -> str:
    """A name as it is read at a state: without the path of the state around it that it begins with,
    as names of a use of a state do."""
    while place:
        if name.startswith(f"{place}.") and _WORD.fullmatch(name, len(place) + 1):
            return name[len(place) + 1 :]
        place = place.rpartition(".")[0]
    return name


def _own_name(transition: str) -> str:
    return re.sub(r"\[.*", "", transition, flags=re.DOTALL).rpartition(".")[2]
