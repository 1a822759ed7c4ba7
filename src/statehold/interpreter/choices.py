"""Which sets of active states each event can lead to, for every answer of the guards.

A set of active states is one number here: bit ``i`` is the state numbered ``i``, and the root's bit
is always set. Which transitions an event chooses depends on few of these bits: on the states that
have a transition for it, and on those that the guards of these transitions name
(:meth:`Choices.of` says why). So the interpreter's selection runs once for each combination of
these few bits, and what a chosen set exits and enters is kept as masks. A search then goes from
place to place by ``&`` and ``|``, however many other regions are active.

The caches grow no faster than the number of places visited, so a search's own limit bounds them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeAlias

from statehold.chart.event import done_event
from statehold.chart.model import Block, Chart, Guard, Transition
from statehold.chart.tree import Tree
from statehold.interpreter.selection import (
    EntrySet,
    candidates,
    domain,
    entry_set,
    exit_set,
    initial_entry,
    is_taken,
    led_to_own_history,
    recorded_history,
    select,
    sources,
)

#: combinations of answers of the guards that one event asks in one configuration
ANSWER_LIMIT = 4096
#: answers, and active states, that are looked at for all choices of one chart
LOOK_LIMIT = 1_000_000

#: what history states remember: pairs, sorted
Memory: TypeAlias = tuple[tuple[str, tuple[str, ...]], ...]


class Entered:
    """The states that are entered, as a mask; ``finals`` among them in document order."""

    __slots__ = ("finals", "mask", "runs_code")

    def __init__(self, tree: Tree, entry: EntrySet) -> None:
        self.mask = mask_of(entry.states)
        self.finals = tuple(s for s in entry.states if tree.states[s].kind == "final")
        states = tree.states
        self.runs_code = (
            any(_runs(states[s].entry) for s in entry.states)
            or any(_initial_runs(tree, s) for s in entry.defaults)
            or any(_initial_runs(tree, s) for s in entry.contents.values())
        )


class Choice:
    """A set of transitions that may be chosen together.

    ``guards`` are answers of guards that choose it, in the order asked. ``kept`` masks the states
    whose own history it leads to without leaving them.
    """

    __slots__ = (
        "_below", "_entered", "_exits", "_memory", "_tree", "guards", "kept", "runs_code",
        "transitions",
    )  # fmt: skip

    def __init__(
        self,
        tree: Tree,
        chosen: tuple[Transition, ...],
        guards: tuple[tuple[str, bool], ...],
        memory: Memory,
    ) -> None:
        self._tree = tree
        self._memory = dict(memory)
        self._entered: dict[tuple[Memory, int], Entered] = {}
        self._exits: dict[int, int] | None = None
        self.transitions = chosen
        self.guards = guards
        #: masks all that they may exit; what XState 4 exits depends on all active states
        self._below = 0
        if tree.chart.policy.nesting == "xstate4":
            self._exits = {}
        else:
            for transition in chosen:
                top = domain(tree, transition, self._memory)
                if top is not None:
                    self._below |= (1 << tree.end[top]) - (1 << (top + 1))
        self.kept = mask_of(led_to_own_history(tree, chosen, self._memory))
        self.runs_code = any(_runs(transition.actions) for transition in chosen)

    def exits(self, active: int) -> int:
        """Which of the active states are exited."""
        if self._exits is None:
            return active & self._below
        found = self._exits.get(active)
        if found is None:
            states = states_of(active & ~1)
            found = mask_of(exit_set(self._tree, states, self.transitions, self._memory))
            self._exits[active] = found
        return found

    def entered(self, active: int, recorded: Memory) -> Entered:
        """``recorded`` is what history states remember once this choice has exited its states,
        those of the states in ``kept`` included."""
        key = recorded, 0 if self._exits is None else active
        found = self._entered.get(key)
        if found is None:
            states = () if self._exits is None else states_of(active & ~1)
            entry = entry_set(self._tree, states, self.transitions, self._memory, dict(recorded))
            found = self._entered[key] = Entered(self._tree, entry)
        return found


class Choices:
    """The choices of one chart. ``cut``: there were more than ``ANSWER_LIMIT`` combinations, or
    ``LOOK_LIMIT`` was reached."""

    def __init__(self, chart: Chart) -> None:
        tree = Tree(chart)
        self.tree = tree
        self.cut = False
        self._looks = 0
        #: guards with their answers, each pair once: thousands of choices may have thousands
        self._pairs: dict[tuple[str, bool], tuple[str, bool]] = {}
        self.leaves = mask_of(s for s, below in enumerate(tree.children) if s and not below)
        self.exits_run_code = mask_of(s for s, n in enumerate(tree.states) if _runs(n.exit))
        self._remembered = mask_of(s for s, kept in enumerate(tree.histories) if kept)
        self._initial_may_remember = any(
            tree.states[target].kind == "history" for targets in tree.initial for target in targets
        )
        self._names: dict[str | None, _Name] = {}
        self._recorded: dict[int, Memory] = {}
        #: the names of the completions that some transition takes
        self._completions: dict[int, str] = {}
        for number, state in enumerate(tree.states):
            done = done_event(state.id)
            if is_taken(tree, done):
                self._completions[number] = done

    def beginning(self) -> Entered:
        return Entered(self.tree, initial_entry(self.tree))

    def sources(self, name: str | None) -> int:
        """Mask of the states that have a transition for the event; None: an immediate one."""
        return self._name(name).sources

    def of(self, name: str | None, active: int, memory: Memory) -> tuple[Choice | None, ...]:
        """The choice for each combination of the guards' answers; None: nothing is enabled.

        Two configurations with the same relevant states give the same. A leaf skips an ancestor's
        transition for the event only for that of a deeper state, all of which are relevant, and all
        regions of an active state are active. Whether transitions conflict depends on their
        domains: where one lies within the other, both exit what is active below it.
        """
        known = self._name(name)
        key = (active & known.relevant, memory if known.remembers else ())
        found = known.choices.get(key)
        if found is None:
            sets = self._chosen_sets(name, active, key[1])
            found = tuple(Choice(self.tree, *one, key[1]) if one[0] else None for one in sets)
            known.choices[key] = found
        return found

    def recorded(self, exits: int) -> Memory:
        """What the history states of these states remember once all in them is exited."""
        if not exits & self._remembered:
            return ()
        found = self._recorded.get(exits)
        if found is None:
            states = states_of(exits)
            # all that is active below one of them is among them
            recorded = recorded_history(self.tree, states, states)
            found = self._recorded[exits] = tuple(sorted(recorded.items()))
        return found

    def completions(self, entered: Entered, active: int) -> tuple[tuple[str, ...], bool]:
        """Completions that entering final states queues, and whether the instance ends.

        ``active`` are the states that are active afterwards.
        """
        tree = self.tree
        names: list[str] = []
        ends = False
        for final in entered.finals:
            # states that are entered after it are not active yet
            so_far = active & ~(entered.mask >> (final + 1) << (final + 1))
            parent = tree.parent[final]
            if parent == 0:
                ends = True
                continue
            if parent in self._completions:
                names.append(self._completions[parent])
            above = tree.parent[parent]
            while tree.states[above].kind == "parallel" and self._is_done(above, so_far):
                if above == 0:
                    ends = True
                    break
                if above in self._completions:
                    names.append(self._completions[above])
                above = tree.parent[above]
        return tuple(names), ends

    def leaves_of(self, active: int) -> tuple[str, ...]:
        """Ids of the active leaves, in document order."""
        states = self.tree.states
        return tuple(states[s].id for s in states_of(active & self.leaves))

    def _is_done(self, state: int, active: int) -> bool:
        """SCXML Appendix D, ``isInFinalState``."""
        tree = self.tree
        kind = tree.states[state].kind
        if kind == "compound":
            return any(
                tree.states[child].kind == "final" and active >> child & 1
                for child in tree.children[state]
            )
        return kind == "parallel" and all(self._is_done(c, active) for c in tree.children[state])

    def _chosen_sets(
        self, name: str | None, active: int, memory: Memory
    ) -> Iterator[tuple[tuple[Transition, ...], tuple[tuple[str, bool], ...]]]:
        states = states_of(active & ~1)
        ids = {self.tree.states[state].id for state in states}
        history = dict(memory)
        seen: set[tuple[str, ...]] = set()
        pending: list[dict[Guard, bool]] = [{}]
        asked = 0
        while pending:
            answers = pending.pop()
            missing: list[Guard] = []
            order: dict[Guard, bool] = dict(answers)

            def answer(
                guard: Guard,
                answers: dict[Guard, bool] = answers,
                missing: list[Guard] = missing,
                order: dict[Guard, bool] = order,
            ) -> bool | None:
                if guard.kind == "in":
                    return order.setdefault(guard, guard.name in ids)
                said = answers.get(guard)
                if said is None:
                    missing.append(guard)
                return said

            chosen = select(self.tree, states, name, history, answer)
            self._looks += len(order) + len(states)
            if self._looks > LOOK_LIMIT:
                self.cut = True
                return
            if chosen is None:
                pending.append({**order, missing[0]: False})
                if asked >= ANSWER_LIMIT:
                    self.cut = True
                    continue
                asked += 1
                pending.append({**order, missing[0]: True})
                continue
            of = tuple(transition.id for transition in chosen)
            if of not in seen:
                seen.add(of)
                pairs = ((guard.name, said) for guard, said in order.items())
                yield chosen, tuple(self._pairs.setdefault(pair, pair) for pair in pairs)

    def _name(self, name: str | None) -> _Name:
        known = self._names.get(name)
        if known is None:
            tree = self.tree
            for_it = {s: candidates(tree, s, name) for s in sources(tree, name)}
            transitions = [t for those in for_it.values() for t in those]
            taking = mask_of(s for s, those in for_it.items() if those)
            asked = mask_of(
                tree.index[g.name] for t in transitions for g in t.guards if g.kind == "in"
            )
            remembers = self._initial_may_remember or any(
                tree.states[tree.index[target]].kind == "history"
                for t in transitions
                for target in t.targets
            )
            relevant = taking | asked
            if remembers and tree.chart.policy.nesting == "xstate4":
                # a history state means what is active now, which decides what excludes what
                relevant = -1
            known = self._names[name] = _Name(taking, relevant, remembers)
        return known


class _Name:
    """What the chart does with events of one name.

    ``sources`` masks the states with a transition for it, ``relevant`` those that the choice
    depends on; ``remembers``: it depends on history states, too.
    """

    __slots__ = ("choices", "relevant", "remembers", "sources")

    def __init__(self, sources: int, relevant: int, remembers: bool) -> None:
        self.sources = sources
        self.relevant = relevant
        self.remembers = remembers
        self.choices: dict[tuple[int, Memory], tuple[Choice | None, ...]] = {}


def mask_of(states: Iterable[int]) -> int:
    mask = 0
    for state in states:
        mask |= 1 << state
    return mask


def states_of(mask: int) -> tuple[int, ...]:
    """The numbers of the states, in document order."""
    found = []
    while mask:
        lowest = mask & -mask
        found.append(lowest.bit_length() - 1)
        mask ^= lowest
    return tuple(found)


def _runs(blocks: Iterable[Block]) -> bool:
    """Whether a function of the machine is called, which may raise events."""
    return any(action.kind == "run" for block in blocks for action in block)


def _initial_runs(tree: Tree, state: int) -> bool:
    initial = tree.states[state].initial
    return initial is not None and _runs(initial.actions)
