"""Which transitions a configuration and an event choose, and which states they exit and enter.

This is the structural half of SCXML's Appendix D, over numbers in document order. Nothing here
runs a function of the machine: the caller answers guards. It is slow and is called once for each
case; :mod:`.configuration` keeps the results.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from statehold.chart.model import Guard, Policy, Transition, Trigger
from statehold.chart.tree import Tree
from statehold.interpreter import version4

#: names that begin so are the interpreter's own; ``AnyEvent`` does not take them
RESERVED_PREFIXES = ("after.", "done.state.", "done.invoke.", "error.")

History = Mapping[str, tuple[str, ...]]


class EntrySet(NamedTuple):
    """What is entered (Appendix D, ``statesToEnter``), in document order.

    ``defaults`` are those of ``states`` whose initial content runs; ``contents`` maps a state to
    the history state below it whose default content runs.
    """

    states: tuple[int, ...]
    defaults: frozenset[int]
    contents: Mapping[int, int]


def is_reserved(name: str) -> bool:
    return name.startswith(RESERVED_PREFIXES)


def matches(policy: Policy, trigger: Trigger, name: str) -> bool:
    """Whether an event of this name can make the transition a candidate (SCXML 3.12.1)."""
    if trigger.kind == "any":
        return policy.matching != "exact" or not is_reserved(name)
    if policy.matching == "exact":
        return name in trigger.events
    match = _token_match if policy.matching == "token" else _wildcard_match
    return any(match(descriptor, name) for descriptor in trigger.events)


def _token_match(descriptor: str, name: str) -> bool:
    if descriptor == "*":
        return True
    prefix = descriptor.removesuffix(".*").removesuffix(".")
    return name == prefix or name.startswith(f"{prefix}.")


def _wildcard_match(descriptor: str, name: str) -> bool:
    if descriptor in (name, "*"):
        return True
    return descriptor.endswith(".*") and (
        name == descriptor[:-2] or name.startswith(descriptor[:-1])
    )


def _looseness(trigger: Trigger, name: str) -> int:
    """Smaller where the descriptor that takes the event gives more of its name."""
    if name in trigger.events:
        # more than the longest wildcard for it, `name.*`
        return -len(name) - 3
    return min((-len(d) for d in trigger.events if _wildcard_match(d, name)), default=-1)


def candidates(tree: Tree, state: int, name: str | None) -> list[Transition]:
    """The state's own transitions for the event, in the order in which their guards are asked.

    ``name`` None: the immediate ones. Only under token matching is that document order alone.
    """
    own = tree.transitions[state]
    if name is None:
        return [t for t in own if t.trigger.kind == "always"]
    policy = tree.chart.policy
    if policy.matching == "exact":
        # looked up, as a state may have thousands
        naming = tree.takers.get(name, _NONE).get(state, ())
        return [*naming, *(() if is_reserved(name) else tree.anything.get(state, ()))]
    found = [t for t in own if t.trigger.kind != "always" and matches(policy, t.trigger, name)]
    if policy.matching == "wildcard":
        found.sort(key=lambda t: _looseness(t.trigger, name))
    return found


def sources(tree: Tree, name: str | None) -> Sequence[int]:
    """The states that may have candidates for the event, in document order."""
    if name is None or tree.chart.policy.matching != "exact":
        return range(len(tree.states))
    naming = tree.takers.get(name, _NONE).keys()
    return sorted(naming if is_reserved(name) else naming | tree.anything.keys())


def heard(tree: Tree, active: Sequence[int], names: Sequence[str]) -> tuple[str, ...]:
    """Those of the events for which the root or one of these states has a candidate."""
    states = (*active, 0)
    if tree.chart.policy.matching != "exact":
        return tuple(
            name for name in names if any(candidates(tree, state, name) for state in states)
        )
    anything = any(state in tree.anything for state in states)
    named = {
        name for s in states for t in tree.transitions[s] for name in t.trigger.events
        if t.trigger.kind != "always"
    }  # fmt: skip
    return tuple(name for name in names if name in named or (anything and not is_reserved(name)))


def is_taken(tree: Tree, name: str) -> bool:
    """Whether some transition names the event, or takes any."""
    policy = tree.chart.policy
    if policy.matching == "exact":
        return bool(sources(tree, name))
    return any(
        t.trigger.kind != "always" and matches(policy, t.trigger, name)
        for t in tree.chart.transitions
    )


_NONE: Mapping[int, list[Transition]] = {}


def select(
    tree: Tree,
    active: Sequence[int],
    name: str | None,
    history: History,
    answer: Callable[[Guard], bool | None],
) -> tuple[Transition, ...] | None:
    """The optimal transition set (SCXML Appendix D, ``selectTransitions``).

    ``answer`` gives None where a guard's answer is not known yet; the result is None then.
    """
    enabled: dict[str, Transition] = {}
    nesting = tree.chart.policy.nesting
    if nesting == "xstate4" or (name is not None and nesting == "xstate"):
        found, known = _enabled_within(tree, 0, frozenset(active), name, answer)
        if not known:
            return None
        enabled = {transition.id: transition for transition in found}
    else:
        for leaf in _leaves(tree, active, name):
            chosen, known = _first_enabled(tree, (leaf, *tree.ancestors(leaf)), name, answer)
            if not known:
                return None
            if chosen is not None:
                enabled.setdefault(chosen.id, chosen)
    chosen_set = remove_conflicts(tree, active, tuple(enabled.values()), history)
    if name is None and nesting == "xstate":
        # XState runs the content of immediate ones in the order of the leaves, too
        return chosen_set
    # conflicts are decided in the order of the leaves, content runs in document order (3.13)
    return tuple(sorted(chosen_set, key=lambda transition: tree.order[transition.id]))


def _leaves(tree: Tree, active: Sequence[int], name: str | None) -> Iterable[int]:
    """The active leaves that are, or are within, states with candidates for the event."""
    if name is None or tree.chart.policy.matching != "exact":
        return (state for state in active if not tree.children[state])
    naming = tree.takers.get(name, _NONE)
    anything = _NONE if is_reserved(name) else tree.anything
    found: set[int] = set()
    # of the active ones: there may be many more sources than these, or many fewer
    for source in (0, *active):
        if source not in naming and source not in anything:
            continue
        inside = active[bisect_left(active, source) : bisect_left(active, tree.end[source])]
        found.update(state for state in inside if not tree.children[state])
    return sorted(found)


def _enabled_within(
    tree: Tree,
    state: int,
    active: frozenset[int],
    name: str | None,
    answer: Callable[[Guard], bool | None],
) -> tuple[list[Transition], bool]:
    """The enabled transitions of the states inside, region by region; if there are none, that of
    the state itself."""
    found: list[Transition] = []
    for child in tree.children[state]:
        if child in active:
            inside, known = _enabled_within(tree, child, active, name, answer)
            if not known:
                return [], False
            found += inside
    if found:
        return found, True
    chosen, known = _first_enabled(tree, (state,), name, answer)
    return [] if chosen is None else [chosen], known


def _first_enabled(
    tree: Tree,
    states: Sequence[int],
    name: str | None,
    answer: Callable[[Guard], bool | None],
) -> tuple[Transition | None, bool]:
    for state in states:
        for transition in candidates(tree, state, name):
            for guard in transition.guards:
                said = answer(guard)
                if said is None:
                    return None, False
                if not said:
                    break
            else:
                return transition, True
    return None, True


def remove_conflicts(
    tree: Tree, active: Sequence[int], enabled: Sequence[Transition], history: History
) -> tuple[Transition, ...]:
    """Where exit sets intersect, the transition with the deeper source wins, else the earlier."""
    if len(enabled) < 2:
        return tuple(enabled)
    if tree.chart.policy.nesting == "xstate4":
        return version4.compatible(tree, active, enabled, history)
    kept: dict[str, Transition] = {}
    #: the domains of those that exit anything, in order: none of these lies within another
    tops: list[int] = []
    of_top: dict[int, Transition] = {}
    for transition in enabled:
        top = domain(tree, transition, history)
        if top is None or not _active_below(tree, active, top):
            kept[transition.id] = transition
            continue
        source = tree.index[transition.source]
        first, end = bisect_left(tops, top), bisect_left(tops, tree.end[top])
        if first and tree.is_descendant(top, tops[first - 1]):
            first -= 1
        rivals = tops[first:end]
        if all(tree.is_descendant(source, tree.index[of_top[one].source]) for one in rivals):
            for one in rivals:
                del kept[of_top.pop(one).id]
            tops[first:end] = [top]
            of_top[top] = kept[transition.id] = transition
    return tuple(kept.values())


def _active_below(tree: Tree, active: Sequence[int], top: int) -> Sequence[int]:
    """The active states below this one, which stand together, as they are in document order."""
    return active[bisect_right(active, top) : bisect_left(active, tree.end[top])]


def exit_set(
    tree: Tree,
    active: Sequence[int],
    transitions: Sequence[Transition],
    history: History,
) -> tuple[int, ...]:
    """The active states that the transitions leave, in document order (``computeExitSet``)."""
    if tree.chart.policy.nesting == "xstate4":
        return version4.turnover(tree, active, transitions, history).exits
    exits: set[int] = set()
    for transition in transitions:
        top = domain(tree, transition, history)
        if top is not None:
            exits.update(_active_below(tree, active, top))
    return tuple(sorted(exits))


def domain(tree: Tree, transition: Transition, history: History) -> int | None:
    """The state within which everything happens (``getTransitionDomain``); None: targetless."""
    targets = effective_targets(tree, transition, history)
    if not targets:
        return None
    source = tree.index[transition.source]
    if (
        transition.internal
        and tree.states[source].kind in ("compound", "parallel")
        and all(tree.is_descendant(target, source) for target in targets)
    ):
        return source
    return tree.lcca((source, *targets), parallel=tree.chart.policy.nesting != "scxml")


def effective_targets(tree: Tree, transition: Transition, history: History) -> tuple[int, ...]:
    """Targets, each history state replaced by the states that it means now."""
    found: dict[int, None] = {}
    pending = [tree.index[target] for target in reversed(transition.targets)]
    while pending:
        state = pending.pop()
        if tree.states[state].kind != "history":
            found[state] = None
        elif remembered := history.get(tree.states[state].id):
            found.update(dict.fromkeys(tree.index[name] for name in remembered))
        else:
            pending.extend(reversed(tree.initial[state]))
    return tuple(found)


def led_to_own_history(
    tree: Tree, transitions: Sequence[Transition], history: History
) -> tuple[int, ...]:
    """States that stay active while all states in them are exited for their own history, where that
    means what is active now (:attr:`.Policy.own_history_is_now`)."""
    if not tree.chart.policy.own_history_is_now:
        return ()
    found = []
    for transition in transitions:
        source = tree.index[transition.source]
        own = any(tree.index[target] in tree.histories[source] for target in transition.targets)
        if own and domain(tree, transition, history) == source:
            found.append(source)
    return tuple(found)


def entry_set(
    tree: Tree,
    active: Sequence[int],
    transitions: Sequence[Transition],
    history: History,
    recorded: History,
) -> EntrySet:
    """What the transitions enter (``computeEntrySet``); ``active`` are the states before them.

    ``recorded`` is what history states remember once the exit set is exited: a transition that
    leaves a state for its own history leads back to where it was. The domain is that of the exit.
    """
    if tree.chart.policy.nesting == "xstate4":
        turned = version4.turnover(tree, active, transitions, history)
        return EntrySet(turned.entered, turned.defaults, {})
    known = {**history, **recorded}
    entering = _Entering(tree, known)
    for transition in transitions:
        targets = [tree.index[target] for target in transition.targets]
        for target in targets:
            entering.below(target)
        top = domain(tree, transition, history)
        if top is not None:
            for target in effective_targets(tree, transition, known):
                entering.above(target, top)
            entering.within(top)
    return entering.entry()


def initial_entry(tree: Tree) -> EntrySet:
    """What the start enters, the root included."""
    entering = _Entering(tree, {})
    entering.below(0)
    return entering.entry()


def default_entry(tree: Tree, states: Sequence[int]) -> EntrySet:
    """What is entered for all of these states to be active together."""
    entering = _Entering(tree, {})
    for state in states:
        entering.below(state)
    for state in states:
        entering.above(state, 0)
    entering.within(0)
    return entering.entry()


class _Entering:
    """Gathers ``statesToEnter``, ``statesForDefaultEntry`` and ``defaultHistoryContent``."""

    def __init__(self, tree: Tree, history: History) -> None:
        self.tree = tree
        self.history = history
        self.states: set[int] = set()
        #: all that are around one of the states
        self.around: set[int] = set()
        self.defaults: set[int] = set()
        self.contents: dict[int, int] = {}

    def entry(self) -> EntrySet:
        return EntrySet(tuple(sorted(self.states)), frozenset(self.defaults), self.contents)

    def below(self, state: int) -> None:
        """``addDescendantStatesToEnter``."""
        tree = self.tree
        node = tree.states[state]
        if node.kind == "history":
            remembered = self.history.get(node.id)
            if remembered:
                onward = tuple(tree.index[name] for name in remembered)
            else:
                self.contents[tree.parent[state]] = state
                onward = tree.initial[state]
            self._onward(onward, tree.parent[state])
            return
        self._add(state)
        if node.kind == "compound":
            self.defaults.add(state)
            self._onward(tree.initial[state], state)
        elif node.kind == "parallel":
            self._regions(state)

    def above(self, state: int, top: int) -> None:
        """``addAncestorStatesToEnter``."""
        tree = self.tree
        for ancestor in tree.ancestors(state):
            if ancestor == top or not tree.is_descendant(ancestor, top):
                break
            self._add(ancestor)
            if tree.states[ancestor].kind == "parallel":
                self._regions(ancestor)

    def within(self, top: int) -> None:
        """Enters every region of a parallel state that stays active while its regions are exited.

        Appendix D has no such case: its domains are compound states.
        """
        if self.tree.states[top].kind == "parallel":
            self._regions(top)

    def _onward(self, targets: Sequence[int], top: int) -> None:
        for target in targets:
            self.below(target)
        for target in targets:
            self.above(target, top)

    def _regions(self, parallel: int) -> None:
        tree = self.tree
        for region in tree.children[parallel]:
            if region not in self.around:
                self.below(region)

    def _add(self, state: int) -> None:
        self.states.add(state)
        above = self.tree.parent[state]
        while above >= 0 and above not in self.around:
            self.around.add(above)
            above = self.tree.parent[above]


def recorded_history(
    tree: Tree, active: Sequence[int], exits: Sequence[int]
) -> dict[str, tuple[str, ...]]:
    """What the history states of the exited states remember afterwards (SCXML 3.10.2)."""
    recorded: dict[str, tuple[str, ...]] = {}
    for state in exits:
        for history in tree.histories[state]:
            node = tree.states[history]
            recorded[node.id] = tuple(
                tree.states[s].id
                for s in active
                if (
                    tree.is_descendant(s, state) and not tree.children[s]
                    if node.deep
                    else tree.parent[s] == state
                )
            )
    return recorded
