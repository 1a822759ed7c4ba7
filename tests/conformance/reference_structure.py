"""The structural procedures of SCXML's Appendix D, each by walking the chart anew."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from statehold.chart.model import ROOT, Block, Chart, StateNode, Transition

History = Mapping[str, tuple[str, ...]]


class Structure:
    """Questions about a chart."""

    def __init__(self, chart: Chart) -> None:
        self.chart = chart
        self.states: dict[str, StateNode] = {state.id: state for state in chart.states}
        self.any_ancestor = chart.policy.nesting == "xstate"
        self.order = {state.id: place for place, state in enumerate(chart.states)}

    # --- states --------------------------------------------------------------------------

    def kind(self, state: str) -> str:
        return self.states[state].kind

    def is_atomic(self, state: str) -> bool:
        return self.kind(state) in ("atomic", "final")

    def parent(self, state: str) -> str:
        parent = self.states[state].parent
        assert parent is not None, f"{state!r} is the root"
        return parent

    def child_states(self, state: str) -> list[str]:
        return [s.id for s in self.chart.states if s.parent == state and s.kind != "history"]

    def histories(self, state: str) -> list[StateNode]:
        return [s for s in self.chart.states if s.parent == state and s.kind == "history"]

    def default_targets(self, state: str) -> tuple[str, ...]:
        initial = self.states[state].initial
        assert initial is not None, f"{state!r} has no default"
        return initial.targets

    def proper_ancestors(self, state: str, upto: str | None = None) -> list[str]:
        """From the parent upwards, without ``upto``; up to and with the root if it is None."""
        found = []
        at = self.states[state].parent
        while at is not None and at != upto:
            found.append(at)
            at = self.states[at].parent
        return found

    def is_descendant(self, state: str, of: str) -> bool:
        return of in self.proper_ancestors(state)

    def entry_order(self, states: Iterable[str]) -> list[str]:
        return sorted(states, key=self.order.__getitem__)

    def exit_order(self, states: Iterable[str]) -> list[str]:
        return self.entry_order(states)[::-1]

    def is_in_final_state(self, state: str, configuration: Collection[str]) -> bool:
        children = self.child_states(state)
        if self.kind(state) == "compound":
            return any(c in configuration and self.kind(c) == "final" for c in children)
        if self.kind(state) == "parallel":
            return all(self.is_in_final_state(child, configuration) for child in children)
        return False

    # --- transitions ---------------------------------------------------------------------

    def exit_set(
        self, transitions: Iterable[Transition], configuration: Collection[str], history: History
    ) -> set[str]:
        states: set[str] = set()
        for transition in transitions:
            if transition.targets:
                domain = self.domain(transition, history)
                states |= {s for s in configuration if self.is_descendant(s, domain)}
        return states

    def domain(self, transition: Transition, history: History) -> str:
        """``getTransitionDomain``, for a transition with targets.

        Ours goes beyond it in ways that make a parallel state a domain: a root may be parallel, a
        parallel source may be internal, and with XState's nesting any ancestor will do.
        """
        targets = self.effective_targets(transition.targets, history)
        source = transition.source
        if (
            transition.internal
            and self.kind(source) in ("compound", "parallel")
            and all(self.is_descendant(target, source) for target in targets)
        ):
            return source
        return self.find_lcca([source, *targets])

    def find_lcca(self, states: Sequence[str]) -> str:
        for ancestor in self.proper_ancestors(states[0]):
            if self.kind(ancestor) != "compound" and ancestor != ROOT and not self.any_ancestor:
                continue
            if all(self.is_descendant(state, ancestor) for state in states[1:]):
                return ancestor
        return ROOT  # a transition of the root itself

    def effective_targets(self, targets: Iterable[str], history: History) -> list[str]:
        found: list[str] = []
        for target in targets:
            if self.kind(target) != "history":
                found.append(target)
            elif history.get(target):
                found.extend(history[target])
            else:
                found.extend(self.effective_targets(self.default_targets(target), history))
        return list(dict.fromkeys(found))

    def recorded(self, history: StateNode, configuration: Collection[str]) -> tuple[str, ...]:
        """What a history state remembers when its parent is exited."""
        parent = self.parent(history.id)
        if history.deep:
            found = [
                s for s in configuration if self.is_atomic(s) and self.is_descendant(s, parent)
            ]
        else:
            found = [s for s in configuration if self.states[s].parent == parent]
        return tuple(self.entry_order(found))


class EntrySet:
    """``computeEntrySet`` and its helpers; gathers what the three arguments of it gather."""

    def __init__(self, structure: Structure, history: History) -> None:
        self.structure = structure
        self.history = history
        self.to_enter: set[str] = set()
        self.default_entry: set[str] = set()
        self.history_content: dict[str, tuple[Block, ...]] = {}

    def of_start(self) -> EntrySet:
        self.add_descendants(ROOT)
        return self

    def of(self, transitions: Sequence[Transition], domains: Sequence[str]) -> EntrySet:
        for transition, domain in zip(transitions, domains, strict=True):
            for target in transition.targets:
                self.add_descendants(target)
            for target in self.structure.effective_targets(transition.targets, self.history):
                self.add_ancestors(target, domain)
            if transition.targets and self.structure.kind(domain) == "parallel":
                self.add_missing_children(domain)
        return self

    def add_descendants(self, state: str) -> None:
        """``addDescendantStatesToEnter``."""
        kind = self.structure.kind(state)
        if kind == "history":
            self.add_history(state)
            return
        self.to_enter.add(state)
        if kind == "compound":
            self.default_entry.add(state)
            targets = self.structure.default_targets(state)
            for target in targets:
                self.add_descendants(target)
            for target in targets:
                self.add_ancestors(target, state)
        elif kind == "parallel":
            self.add_missing_children(state)

    def add_history(self, state: str) -> None:
        parent = self.structure.parent(state)
        targets = self.history.get(state, ())
        if not targets:
            initial = self.structure.states[state].initial
            assert initial is not None, f"history {state!r} has no default"
            self.history_content[parent] = initial.actions
            targets = initial.targets
        for target in targets:
            self.add_descendants(target)
        for target in targets:
            self.add_ancestors(target, parent)

    def add_ancestors(self, state: str, upto: str) -> None:
        """``addAncestorStatesToEnter``."""
        for ancestor in self.structure.proper_ancestors(state, upto):
            self.to_enter.add(ancestor)
            if self.structure.kind(ancestor) == "parallel":
                self.add_missing_children(ancestor)

    def add_missing_children(self, parallel: str) -> None:
        for child in self.structure.child_states(parallel):
            if not any(self.structure.is_descendant(s, child) for s in self.to_enter):
                self.add_descendants(child)
