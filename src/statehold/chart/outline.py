"""What a chart shows to those who may not inspect its instances: where these can be and what leads
from where to where, and nothing of what is computed.

In charts from documents the name of a function is its text, with the constants in it.
"""

from __future__ import annotations

from msgspec.structs import replace

from statehold.chart.model import Chart, Delay, Guard, Initial, Invoke, StateNode, Transition

#: in place of a function of the data
CONDITION, COMPUTED = Guard("condition"), "computed"


def outline(chart: Chart) -> Chart:
    """The chart without its functions, its notes for tools and what is silenced. A transition with
    conditions has one, which has no name."""
    return replace(
        chart,
        states=tuple(map(_state, chart.states)),
        transitions=tuple(map(_transition, chart.transitions)),
        input=None if chart.input is None else COMPUTED,
        silenced=(),
        meta={},
    )


def _state(node: StateNode) -> StateNode:
    return replace(
        node,
        initial=None if node.initial is None else Initial(node.initial.targets),
        entry=(),
        exit=(),
        invokes=tuple(map(_invoke, node.invokes)),
        output=None if node.output is None else COMPUTED,
        deadline=_delay(node.deadline),
        meta={},
    )


def _invoke(invoke: Invoke) -> Invoke:
    name = invoke.name if invoke.choice is None else COMPUTED
    return Invoke(invoke.id, name, invoke.kind, autoforward=invoke.autoforward)


def _transition(transition: Transition) -> Transition:
    guards = [guard for guard in transition.guards if guard.kind != "function"]
    if len(guards) < len(transition.guards):
        guards.append(CONDITION)
    trigger = replace(transition.trigger, delay=_delay(transition.trigger.delay))
    return replace(transition, trigger=trigger, guards=tuple(guards), actions=(), meta={})


def _delay(delay: Delay | None) -> Delay | None:
    return delay if delay is None or delay.function is None else Delay(function=COMPUTED)
