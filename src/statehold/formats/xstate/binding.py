"""Binds the names in a chart to the functions, effects and machines that are offered.

A function takes ``(data)``, ``(data, event)`` or ``(data, event, context)``; parameters of an
action or a guard are keyword arguments beside them. Composed guards and actions that are data are
built here.
"""

from __future__ import annotations

import copy
import functools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from statehold.chart.context import Context
from statehold.chart.deferred import deferral, truth
from statehold.chart.event import NamedEvent
from statehold.chart.machine import Function, Uses
from statehold.chart.model import Action, Block, Chart, Delay
from statehold.chart.validate import place_of_state, place_of_transition
from statehold.define.function import positional
from statehold.formats.notation import Offered
from statehold.formats.xstate.findings import Findings, shorten
from statehold.formats.xstate.terms import Composed, composed, data_action, json_of, split_params

SIGNATURE = "(data), (data, event) or (data, event, context)"
#: places that are shown for one name
PLACES_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Name:
    """A name in a chart that needs an offer, with its places."""

    name: str
    #: guard, action, delay, input, output, effect, machine
    role: str
    places: tuple[str, ...]


def names_in(chart: Chart, places: Mapping[str, str] | None = None) -> tuple[Name, ...]:
    """The names that need an offer, once for each role, in document order.

    ``places`` say where states and transitions stand, by what :func:`.place_of_state` and
    :func:`.place_of_transition` give.
    """
    found: dict[tuple[str, str], dict[str, None]] = {}
    for text, role, place in _texts_in(chart):
        where = (places or {}).get(place, place)
        for name, inner in _leaves(text, role):
            found.setdefault((name, inner), {})[where] = None
    return tuple(Name(name, role, tuple(where)) for (name, role), where in found.items())


class Binder:
    """Builds the functions of a chart; missing or unusable ones are added to ``findings``."""

    def __init__(self, chart: Chart, offered: Offered, findings: Findings) -> None:
        self.chart = chart
        self.offered = offered
        self.findings = findings

    def functions(self) -> dict[str, Function]:
        made: dict[str, Function] = {}
        for text, role, _ in _texts_in(self.chart):
            if role not in ("effect", "machine") and text not in made:
                function = self._function(text, role)
                if function is not None:
                    made[text] = function
        return made

    def check(self, needed: tuple[Name, ...]) -> None:
        """Reports every function that is missing, or can't be called with its arguments."""
        for name in needed:
            place = ", ".join(name.places[:PLACES_SHOWN])
            if len(name.places) > PLACES_SHOWN:
                place += f" and {len(name.places) - PLACES_SHOWN} more"
            shown = shorten(name.name)
            if name.role == "effect":
                if name.name not in self.offered.effects:
                    hint = f"offer an @effect called {shown}, or a machine of that name"
                    self.findings.complain(place, f"nothing is offered for invoke {shown!r}", hint)
            elif name.role == "machine":
                if name.name not in self.offered.machines:
                    hint = "offer a machine of that name"
                    self.findings.complain(place, f"no machine {shown!r} is offered", hint)
            else:
                self._check_function(name, place)

    def _check_function(self, name: Name, place: str) -> None:
        plain, params = split_params(name.name)
        function = self.offered.functions.get(name.name) or self.offered.functions.get(plain)
        shown = shorten(plain)
        takes = SIGNATURE
        if params and name.name not in self.offered.functions:
            takes += f", and {', '.join(f'{key}=' for key in params)}"
        if function is None:
            self.findings.complain(
                place, f"{name.role} {shown!r} is not offered", f"write a function of {takes}"
            )
        elif (why := deferral(function)) is not None:
            hint = "a step does not wait; return a value, or invoke an effect"
            self.findings.complain(place, f"{name.role} {shown!r} {why}", hint)
        elif self._called(name.name) is None:
            hint = f"it takes {takes}"
            self.findings.complain(place, f"{name.role} {shown!r} has the wrong parameters", hint)

    # --- functions ---

    def _function(self, text: str, role: str) -> Function | None:
        if text in self.offered.functions:
            return self._called(text)
        if role in ("input", "output") and (json_of(text) is not None or text == "null"):
            value = json_of(text)
            return Function(lambda data: copy.deepcopy(value), 1, Uses())
        if role == "guard" and (guard := composed(text)) is not None:
            return self._composed(guard)
        if role == "action" and (data := data_action(text)) is not None:
            return _DATA_ACTIONS[data[0]](data[1])
        return self._called(text)

    def _called(self, text: str) -> Function | None:
        """An offered function, with its parameters; None where there is none that fits."""
        call: Callable[..., Any] | None = self.offered.functions.get(text)
        if call is None:
            name, params = split_params(text)
            call = self.offered.functions.get(name)
            if call is not None and params is not None:
                call = functools.partial(call, **params)
        if call is None or not callable(call) or deferral(call) is not None:
            return None
        takes = positional(call)
        return Function(call, takes) if takes in (1, 2, 3) else None

    def _composed(self, guard: Composed) -> Function | None:
        if guard.word == "in":
            state = guard.names[0].removeprefix("#")
            return Function(lambda data, event, context: context.active(state), 3)
        inner = [self._function(name, "guard") for name in guard.names]
        asked = [function for function in inner if function is not None]
        if len(asked) < len(inner):
            return None

        def ask(data: Any, event: Any, context: Any) -> bool:
            given = (data, event, context)
            answers = (truth(one.call(*given[: one.takes])) for one in asked)
            if guard.word == "not":
                return not next(answers)
            return all(answers) if guard.word == "and" else any(answers)

        return Function(ask, 3)


def event_of(value: Mapping[str, Any]) -> NamedEvent:
    """An event as XState writes it, flat: what it carries is all but its type."""
    fields = {key: inner for key, inner in value.items() if key != "type"}
    return NamedEvent(value["type"], fields or None)


# --- actions that are data -----------------------------------------------------------------


def _raise(value: Any) -> Function:
    event = event_of(value)

    def run(data: Any, _: Any, context: Context) -> None:
        context.raise_(event)

    return Function(run, 3, Uses(raises=frozenset({event.name})))


def _emit(value: Any) -> Function:
    event = event_of(value)

    def run(data: Any, _: Any, context: Context) -> None:
        context.emit(event)

    return Function(run, 3, Uses())


def _send(value: Any) -> Function:
    event = event_of(value["event"])
    delay = None if "delay" not in value else timedelta(milliseconds=value["delay"])
    id = value.get("id") or (None if delay is None else event.name)

    def run(data: Any, _: Any, context: Context) -> None:
        context.send(None, None, event, delay=delay, id=id)

    return Function(run, 3, Uses())


def _cancel(value: Any) -> Function:
    def run(data: Any, _: Any, context: Context) -> None:
        context.cancel(value)

    return Function(run, 3, Uses())


def _assign(value: Any) -> Function:
    def run(data: Any) -> None:
        data.update(copy.deepcopy(value))

    return Function(run, 1, Uses(writes=frozenset(value)))


_DATA_ACTIONS: dict[str, Callable[[Any], Function]] = {
    "raise": _raise,
    "emit": _emit,
    "send": _send,
    "cancel": _cancel,
    "assign": _assign,
}


# --- names ---------------------------------------------------------------------------------


def _leaves(text: str, role: str) -> Iterator[tuple[str, str]]:
    """What has to be offered for a text."""
    if role == "guard" and (guard := composed(text)) is not None:
        if guard.word != "in":
            for name in guard.names:
                yield from _leaves(name, role)
        return
    if role == "action" and data_action(text) is not None:
        return
    if role in ("input", "output") and (text == "null" or json_of(text) is not None):
        return
    yield text, role


def _texts_in(chart: Chart) -> Iterator[tuple[str, str, str]]:
    for state in chart.states:
        place = place_of_state(state.id)
        initial = () if state.initial is None else state.initial.actions
        yield from _actions((*state.entry, *initial, *state.exit), place)
        for invoke in state.invokes:
            yield invoke.name, invoke.kind, place
            if invoke.input is not None:
                yield invoke.input, "input", place
            yield from _actions((invoke.finalize,), place)
        if state.output is not None:
            yield state.output, "output", place
        yield from _delay(state.deadline, place)
    for transition in chart.transitions:
        place = place_of_transition(transition.id)
        yield from _delay(transition.trigger.delay, place)
        for guard in transition.guards:
            if guard.kind == "function":
                yield guard.name, "guard", place
        yield from _actions(transition.actions, place)


def _actions(blocks: tuple[Block, ...], place: str) -> Iterator[tuple[str, str, str]]:
    for block in blocks:
        for action in block:
            yield _action(action, place)


def _action(action: Action, place: str) -> tuple[str, str, str]:
    return action.name, "effect" if action.kind == "effect" else "action", place


def _delay(delay: Delay | None, place: str) -> Iterator[tuple[str, str, str]]:
    if delay is not None and delay.function is not None:
        yield delay.function, "delay", place
