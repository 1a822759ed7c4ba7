"""Whether a chart is valid: every structural problem at once. Nothing is repaired.

Rules:

1.  The root stands first, every other state follows its parent depth first, and no id is twice.
2.  A compound state has children and a default entry among its descendants; a parallel one has
    children and no default entry; atomic, final and history states have no children.
3.  A history state stands in a compound or parallel state and has a default below it.
4.  A set of targets can be active together.
5.  A transition starts in a state that can be active and be left, and has what its trigger needs.
6.  Ids of transitions and of invokes are unique, and no id of an invoke is the name of another
    effect that an action asks for; names that guards refer to exist.
7.  Everything is bounded: ``STATE_LIMIT``, ``TRANSITION_LIMIT``, ``DEPTH_LIMIT``,
    ``ACTIVE_LIMIT``, ``DELAY_LIMIT_SECONDS``, ``VERSION_LIMIT``.
8.  Its stored form is read back as the same chart (:mod:`.readback`). Where it is not, values may
    be of any type and nothing else is checked.
"""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise

from statehold.chart.event import CANCEL_EVENT, timer_event
from statehold.chart.labels import label_fault
from statehold.chart.model import ROOT, Chart, Delay, StateNode, Transition
from statehold.chart.readback import problems_of_storing
from statehold.errors import Problem

STATE_LIMIT = 10_000
TRANSITION_LIMIT = 100_000
#: levels of states below the root
DEPTH_LIMIT = 64
#: states that are active at once: what one event does takes time and memory of their number
ACTIVE_LIMIT = 1_000
#: a hundred years: a moment much later than that has no date
DELAY_LIMIT_SECONDS = 36_500 * 86_400
#: what every store's integers hold
VERSION_LIMIT = 2**31 - 1
NAME_PATTERN = re.compile(r"[a-z][a-z0-9_-]{0,63}")

_WITHOUT_CHILDREN = ("atomic", "final", "history")


def validate(chart: Chart) -> list[Problem]:
    """Every structural problem, in document order; an empty list for a sound chart.

    A problem's place is ``chart`` or what :func:`place_of_state` and :func:`place_of_transition`
    give.
    """
    return _Validation(chart).problems


def effects_of_actions(chart: Chart) -> dict[str, None]:
    """The names of the effects that actions ask for, each once, in the chart's order."""
    blocks = [block for state in chart.states for block in (*state.entry, *state.exit)]
    blocks += [block for one in chart.transitions for block in one.actions]
    return {action.name: None for block in blocks for action in block if action.kind == "effect"}


def place_of_state(id: str) -> str:
    return f"state {id}" if id else "the root"


def place_of_transition(id: str) -> str:
    return f"transition {id}"


class _Validation:
    def __init__(self, chart: Chart) -> None:
        self.chart = chart
        self.problems: list[Problem] = []
        self.states: dict[str, StateNode] = {}
        self.above: dict[str, tuple[str, ...]] = {}
        self.children: dict[str, list[StateNode]] = {}
        self.problems += problems_of_storing(chart)
        if self.problems:
            return
        self._check_chart()
        if len(chart.states) <= STATE_LIMIT and len(chart.transitions) <= TRANSITION_LIMIT:
            self._check_order()
            self._check_active()
            for state in self.states.values():
                self._check_state(state)
            self._check_invokes()
            self._check_transitions()

    def _complain(self, place: str, message: str, hint: str) -> None:
        self.problems.append(Problem(place, message, hint))

    # --- the whole ---

    def _check_chart(self) -> None:
        chart = self.chart
        if not chart.name:
            self._complain("chart", "it has no name", 'give it one: name="order"')
        elif not NAME_PATTERN.fullmatch(chart.name):
            self._complain(
                "chart",
                f"its name is {chart.name!r}",
                "use up to 64 lower-case letters, digits, _ and -, a letter first",
            )
        if chart.version < 1:
            self._complain(
                "chart", f"its version is {chart.version}", "give it 1 or more: version=1"
            )
        elif chart.version > VERSION_LIMIT:
            self._complain(
                "chart",
                f"its version is {chart.version}; the limit is {VERSION_LIMIT}",
                "count versions 1, 2, 3 …",
            )
        self._check_label("chart", chart.label)
        for event in chart.events:
            self._check_label(f"event {event.name}", event.label)
        for what, found, limit in (
            ("states", len(chart.states), STATE_LIMIT),
            ("transitions", len(chart.transitions), TRANSITION_LIMIT),
        ):
            if found > limit:
                self._complain(
                    "chart",
                    f"it has {found} {what}; the limit is {limit}",
                    "split it into several machines",
                )
        if chart.input == "":
            self._complain("chart", "the function that makes its data has no name", "name it")
        if chart.input_schema and chart.input is None:
            self._complain(
                "chart",
                "it has a schema of an input, and no function that makes the data of it",
                "name the function, or drop the schema: a start takes the data then",
            )
        names = Counter(event.name for event in chart.events)
        for name, count in names.items():
            if count > 1:
                self._complain(
                    "chart", f"event {name} is declared {count} times", "declare it once"
                )

    def _check_active(self) -> None:
        """How many states are active at once, all regions counted."""
        most: dict[str, int] = {}
        for id, state in reversed(self.states.items()):
            inside = [most[child.id] for child in self.children.get(id, ())]
            together = sum(inside) if state.kind == "parallel" else max(inside, default=0)
            most[id] = together + (state.kind != "history")
        # the root is not counted
        if (found := most.get(ROOT, 1) - 1) > ACTIVE_LIMIT:
            self._complain(
                "chart",
                f"{found} of its states can be active at once; the limit is {ACTIVE_LIMIT}",
                "let it have fewer regions, or start a machine for each of them",
            )

    def _check_order(self) -> None:
        """Fills the tables; a state that is out of place is left out of them."""
        states = self.chart.states
        if not states or states[0].id != ROOT or states[0].parent is not None:
            self._complain("chart", "its first state is not the root", "begin with the root state")
            return
        if states[0].kind not in ("compound", "parallel"):
            self._complain(
                place_of_state(ROOT),
                f"it is of kind {states[0].kind}",
                "the root is compound or parallel",
            )
        declared = {state.id for state in states}
        self.states[ROOT], self.above[ROOT], self.children[ROOT] = states[0], (), []
        line: tuple[str, ...] = (ROOT,)
        for state in states[1:]:
            place, parent = place_of_state(state.id), state.parent
            if state.id in self.states:
                self._complain(place, "its id is taken by another state", "rename one of them")
            elif parent is None or parent not in declared:
                shown = "no parent" if parent is None else f"the unknown parent {parent!r}"
                self._complain(place, f"it has {shown}", "name a state of the chart")
            elif parent not in line:
                self._complain(
                    place,
                    f"it does not follow its parent {parent} in document order",
                    "list states depth first, each parent before its children",
                )
            else:
                line = (*line[: line.index(parent) + 1], state.id)
                self._place(state, parent, len(line) - 1)

    def _place(self, state: StateNode, parent: str, depth: int) -> None:
        if depth == DEPTH_LIMIT + 1:
            self._complain(
                place_of_state(state.id),
                f"it lies {depth} levels deep; the limit is {DEPTH_LIMIT}",
                "make the inner part a machine of its own",
            )
        self.states[state.id] = state
        self.above[state.id] = (parent, *self.above[parent])
        self.children[state.id] = []
        self.children[parent].append(state)

    def _check_label(self, place: str, label: str) -> None:
        if label and (fault := label_fault(label)) is not None:
            self._complain(place, *fault)

    # --- states ---

    def _check_state(self, state: StateNode) -> None:
        place, children = place_of_state(state.id), self.children[state.id]
        active = [child for child in children if child.kind != "history"]
        if children and state.kind in _WITHOUT_CHILDREN:
            self._complain(
                place,
                f"it is {state.kind} and has children, {children[0].id} the first",
                "make it compound or parallel, or move them out",
            )
        if not active and state.kind in ("compound", "parallel"):
            self._complain(place, f"it is {state.kind} and has no states inside", "add some")
        if state.kind == "parallel":
            for child in children:
                if child.kind == "final":
                    self._complain(
                        place_of_state(child.id),
                        "it is final and a child of a parallel state",
                        "put it into one of the regions: each ends with a final state of its own",
                    )
        self._check_initial(state, active)
        self._check_options(state)
        self._check_label(place, state.label)
        if state.deadline is not None:
            self._check_delay(place, "deadline", state.deadline)

    def _check_initial(self, state: StateNode, children: Sequence[StateNode]) -> None:
        place, initial = place_of_state(state.id), state.initial
        if initial is None:
            if state.kind == "compound" and children:
                names = ", ".join(child.id for child in children[:5])
                self._complain(
                    place, "it has no initial state", f"mark one with initial=True: {names}"
                )
            elif state.kind == "history":
                self._complain(
                    place, "it has no default", "say where to go while nothing is remembered"
                )
            return
        if state.kind not in ("compound", "history"):
            self._complain(
                place, f"it is {state.kind} and has an initial state", "only compound states have"
            )
            return
        top = state.parent if state.kind == "history" else state.id
        what = "default" if state.kind == "history" else "initial"
        if not initial.targets:
            self._complain(place, f"its {what} names no state", "name one")
        for target in initial.targets:
            if target not in self.states:
                self._complain(place, f"its {what} {target!r} is unknown", "name a state below it")
            elif top is not None and top not in self.above[target]:
                self._complain(
                    place,
                    f"its {what} {target} does not lie below {top or 'the root'}",
                    "name a state below it",
                )
            elif target == state.id:
                self._complain(place, f"its {what} is itself", "name another state")
        self._check_together(place, f"its {what} targets", initial.targets)

    def _check_options(self, state: StateNode) -> None:
        place = place_of_state(state.id)
        if state.kind == "history":
            if state.entry or state.exit or state.invokes or state.deadline:
                self._complain(
                    place,
                    "it is a history state and has actions, invokes or a deadline",
                    "it is never active itself; give them to the states it leads to",
                )
        elif state.deep:
            self._complain(place, f"it is {state.kind} and deep", "only history states are deep")
        if state.kind == "final" and state.invokes:
            self._complain(place, "it is final and invokes something", "invoke it earlier")
        if state.output is not None and state.kind != "final":
            self._complain(place, f"it is {state.kind} and has an output", "only final states have")

    def _check_invokes(self) -> None:
        counted = Counter(i.id for state in self.states.values() for i in state.invokes)
        for state in self.states.values():
            for id in dict.fromkeys(invoke.id for invoke in state.invokes):
                if counted[id] > 1:
                    self._complain(
                        place_of_state(state.id),
                        f"invoke {id!r} is there {counted[id]} times",
                        "give each invoke an id of its own",
                    )
        asked = effects_of_actions(self.chart)
        for state in self.states.values():
            for invoke in state.invokes:
                if invoke.id in asked and (invoke.kind, invoke.name) != ("effect", invoke.id):
                    # the outcome of the one would be taken for the other's
                    self._complain(
                        place_of_state(state.id),
                        f"{invoke.name} is invoked as {invoke.id!r}, an effect that an action asks "
                        "for",
                        "give the invoke another id",
                    )

    # --- transitions ---

    def _check_transitions(self) -> None:
        self.immediate = _Immediate(self.chart.transitions, self.above)
        counted = Counter(transition.id for transition in self.chart.transitions)
        for id, count in counted.items():
            if count > 1:
                self._complain(
                    place_of_transition(id), f"{count} transitions have its id", "rename the others"
                )
        for transition in self.chart.transitions:
            self._check_transition(transition)

    def _check_transition(self, transition: Transition) -> None:
        place = place_of_transition(transition.id)
        source = self.states.get(transition.source)
        if source is None:
            self._complain(
                place, f"its source {transition.source!r} is unknown", "name a state of the chart"
            )
        elif source.kind in ("final", "history"):
            self._complain(
                place,
                f"it starts from {source.id}, which is {source.kind}",
                "nothing leaves a final state; start from its parent, or make it a State"
                if source.kind == "final"
                else "a history state is only a target",
            )
        for target in transition.targets:
            if target not in self.states:
                self._complain(place, f"its target {target!r} is unknown", "name a state")
            elif target == ROOT:
                self._complain(place, "its target is the root", "name a state inside")
        self._check_together(place, "its targets", transition.targets)
        self._check_trigger(place, transition)
        for guard in transition.guards:
            if guard.kind == "in" and guard.name not in self.states:
                self._complain(
                    place, f"its guard asks for the unknown state {guard.name!r}", "name a state"
                )
        if self._is_endless(transition):
            self._complain(
                place,
                "it is taken again at once, for ever: no guard, and its source stays active",
                "add a guard that becomes false, or lead out of the source",
            )

    def _check_trigger(self, place: str, transition: Transition) -> None:
        trigger = transition.trigger
        if trigger.kind == "after":
            if trigger.delay is None:
                self._complain(place, "it is timed and has no delay", "give it one")
            else:
                self._check_delay(place, "delay", trigger.delay)
            if trigger.events != (timer_event(transition.id),):
                self._complain(
                    place,
                    f"it waits for {', '.join(trigger.events) or 'nothing'}",
                    f"a timed transition waits for {timer_event(transition.id)}",
                )
            return
        if trigger.delay is not None:
            self._complain(place, f"it is of kind {trigger.kind} and has a delay", "leave it out")
        if trigger.kind in ("always", "any"):
            if trigger.events:
                self._complain(place, f"it is of kind {trigger.kind} and names events", "drop them")
        elif trigger.kind == "cancel":
            if trigger.events != (CANCEL_EVENT,):
                named = ", ".join(trigger.events) or "nothing"
                why = f"it is taken when the instance is cancelled, and waits for {named}"
                self._complain(place, why, f"name {CANCEL_EVENT}, and nothing else")
        elif not trigger.events:
            self._complain(place, f"it is of kind {trigger.kind} and names no event", "name one")

    def _is_endless(self, transition: Transition) -> bool:
        if transition.trigger.kind != "always" or transition.guards:
            return False
        if self.chart.policy.nesting != "scxml":
            # there it is taken once
            return False
        source = transition.source
        stays = source in self.states and all(
            target in self.states and (target == source or source in self.above[target])
            for target in transition.targets
        )
        return stays and not self._may_end(transition)

    def _may_end(self, endless: Transition) -> bool:
        """Whether another immediate transition may be taken in its place: one that stands before
        it, deeper down, or in another region."""
        source, immediate = endless.source, self.immediate
        own = immediate.own[source]
        if own[0] is not endless or immediate.below[source] > len(own):
            return True
        region = source
        for above in self.above[source]:
            if self.states[above].kind == "parallel":
                here = immediate.below[region] + len(immediate.own[above])
                if immediate.below[above] > here:
                    return True
            region = above
        return False

    # --- both ---

    def _check_together(self, place: str, what: str, targets: Iterable[str]) -> None:
        """Two targets can be active together if they part at a parallel state, or lie in line."""
        chosen: dict[str, tuple[str, str]] = {}
        for target in dict.fromkeys(targets):
            line = self._line(target) if target in self.states else ()
            for above, below in pairwise(line):
                if self.states[above].kind == "parallel":
                    continue
                first, other = chosen.setdefault(above, (below, target))
                if first != below:
                    self._complain(
                        place,
                        f"{what} {other} and {target} can't be active together",
                        "several targets lie in different regions of one parallel state",
                    )
                    return

    def _line(self, target: str) -> tuple[str, ...]:
        """From the root down; a history state counts as the state that holds it."""
        down = (*reversed(self.above[target]), target)
        return down[:-1] if self.states[target].kind == "history" else down

    def _check_delay(self, place: str, what: str, delay: Delay) -> None:
        if (delay.seconds is None) == (delay.function is None):
            self._complain(
                place, f"its {what} has to be seconds or a function, one of them", "give one"
            )
        seconds = delay.seconds
        if seconds is None:
            return
        if not (math.isfinite(seconds) and seconds >= 0):
            self._complain(place, f"its {what} is {seconds} seconds", "give a number, 0 or more")
        elif seconds > DELAY_LIMIT_SECONDS:
            self._complain(
                place,
                f"its {what} is {seconds:g} seconds; the limit is {DELAY_LIMIT_SECONDS}",
                "give a hundred years or less",
            )


class _Immediate:
    """Immediate transitions by their source, and how many there are from each state downwards."""

    def __init__(
        self, transitions: Iterable[Transition], above: Mapping[str, tuple[str, ...]]
    ) -> None:
        self.own: dict[str, list[Transition]] = defaultdict(list)
        self.below: Counter[str] = Counter()
        for transition in transitions:
            if transition.trigger.kind == "always" and transition.source in above:
                self.own[transition.source].append(transition)
                self.below.update((transition.source, *above[transition.source]))
