"""What XState does not do of a chart that is written for it.

All of it is in the document, under ``meta.statehold``, and is read back; XState itself ignores it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from statehold.chart.model import Chart, StateNode
from statehold.chart.validate import place_of_state, place_of_transition
from statehold.formats.notation import Omission
from statehold.formats.xstate.terms import json_of

_NO_WORD = "XState has no such"
_NO_FUNCTION = "a document can't carry functions, and XState has no name for this one"


def unsaid(chart: Chart) -> tuple[Omission, ...]:
    """In the order of the chart."""
    return (*_of_chart(chart), *_of_states(chart), *_of_transitions(chart))


def _of_chart(chart: Chart) -> Iterator[Omission]:
    if chart.input is not None:
        yield Omission(f"input {chart.input}", "the chart", "XState starts with the context")
    if chart.label:
        yield Omission("label", "the chart", _NO_WORD)
    for event in chart.events:
        if event.label:
            yield Omission("label", f"event {event.name}", _NO_WORD)
    if "native" in chart.meta:
        why = "XState does not evaluate CEL; its texts are names of functions there"
        yield Omission("expressions", "the chart", why)
    if chart.policy.cancelling_exits and any(state.exit for state in chart.states):
        why = "XState stops a machine without them"
        yield Omission("exit actions of a cancellation", "the chart", why)


def _of_states(chart: Chart) -> Iterator[Omission]:
    parents = {state.id: state.parent for state in chart.states}
    for state in chart.states:
        place = place_of_state(state.id)
        for what, value in (
            ("owner", state.owner),
            ("deadline", state.deadline),
            ("label", state.label),
        ):
            if value:
                yield Omission(what, place, _NO_WORD)
        if state.output is not None and state.output != "null" and json_of(state.output) is None:
            yield Omission(f"output {state.output}", place, _NO_FUNCTION)
        if _enters_deeper(state, parents):
            yield Omission("its initial states", place, "XState enters one child at first")
        for invoke in state.invokes:
            if invoke.input is not None and json_of(invoke.input) is None:
                yield Omission(f"input {invoke.input} of {invoke.id}", place, _NO_FUNCTION)


def _enters_deeper(state: StateNode, parents: Mapping[str, str | None]) -> bool:
    if state.initial is None or state.kind == "history":
        return False
    first, *others = state.initial.targets
    return bool(others) or parents[first] != state.id


def _of_transitions(chart: Chart) -> Iterator[Omission]:
    for row in chart.transitions:
        place = place_of_transition(row.id)
        if row.trigger.kind == "cancel":
            why = "a machine that is stopped goes on to no state"
            yield Omission("transition for a cancellation", place, why)
        yield from (
            Omission(f"role {guard.name}", place, "XState knows no senders' roles")
            for guard in row.guards
            if guard.kind == "by"
        )
