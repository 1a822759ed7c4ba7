"""States of a document: nested mappings."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from statehold.chart.model import ROOT, Delay, Initial, Invoke, Kind, StateNode
from statehold.chart.validate import DEPTH_LIMIT
from statehold.expression.cel.language import Kind as ValueKind
from statehold.formats.native.action_specs import FunctionSpec
from statehold.formats.native.actions import Actions
from statehold.formats.native.durations import duration_of
from statehold.formats.native.functions import NOWHERE, Functions
from statehold.formats.native.model import InvokeSpec, MachineSpec, StateSpec
from statehold.formats.native.problems import Problems, TooManyProblems, near
from statehold.formats.notation import STATE_LIMIT, Offered
from statehold.plain.values import Path

#: states that one arrow leads to, and regions of one parallel state
TARGET_LIMIT = 100
REGION_LIMIT = 200
#: effects and machines that all states together invoke
INVOKE_LIMIT = 1_000


@dataclass(slots=True)
class DeclaredState:
    """One state of the document, with its place in the tree."""

    id: str
    parent: str
    spec: StateSpec
    path: Path
    kind: Kind
    children: list[str] = field(default_factory=list)


class StateTree:
    """Every state by its path, in document order; all else may refer to any of them."""

    def __init__(self, problems: Problems, machine: MachineSpec) -> None:
        self.problems = problems
        kind: Kind = "parallel" if machine.parallel else "compound"
        self.root = DeclaredState(
            ROOT, "", StateSpec.model_construct(states=machine.states), (), kind
        )
        self.states: dict[str, DeclaredState] = {}
        if not machine.states:
            problems.add(("states",), "there are none", "write states: {waiting: {initial: true}}")
        self._add(self.root, 0)

    def _add(self, parent: DeclaredState, depth: int) -> None:
        path = (*parent.path, "states")
        if depth > DEPTH_LIMIT:
            self.problems.add(path, f"it lies more than {DEPTH_LIMIT} levels deep")
            return
        for name, spec in parent.spec.states.items():
            here = (*path, name)
            if len(self.states) >= STATE_LIMIT:
                self.problems.add(here, f"there are more than {STATE_LIMIT} states")
                return
            id = f"{parent.id}.{name}" if parent.id else name
            state = DeclaredState(id, parent.id, spec, here, self._kind(spec, here))
            parent.children.append(id)
            self.states[id] = state
            for key in {"use", "with_", "data"} & spec.model_fields_set:
                message = "there is no template that it could use"
                self.problems.add((*here, key.rstrip("_")), message, "declare it in templates")
            self._add(state, depth + 1)

    def _kind(self, spec: StateSpec, path: Path) -> Kind:
        kinds: list[Kind] = ["final"] if spec.final else []
        if spec.history:
            kinds.append("history")
        if spec.parallel:
            kinds.append("parallel")
        if len(kinds) > 1:
            self.problems.add(path, f"it is {' and '.join(kinds)}", "it is one of them")
        if kinds:
            return kinds[0]
        return "compound" if spec.states else "atomic"

    def kind(self, id: str) -> Kind:
        return self.holder(id).kind

    def holder(self, id: str) -> DeclaredState:
        return self.states[id] if id else self.root

    def marked(self, id: str) -> list[str]:
        """The children that are marked as initial."""
        return [child for child in self.holder(id).children if self.states[child].spec.initial]

    def initial_of(self, id: str) -> Initial | None:
        marked = self.marked(id)
        return Initial((marked[0],)) if marked else None

    def named(
        self, paths: list[str], path: Path, limit: int | None = TARGET_LIMIT
    ) -> tuple[str, ...] | None:
        """Ids of states; None, with problems reported, where one is no state."""
        if limit is not None and len(paths) > limit:
            self.problems.add(path, f"it names {len(paths)} states; the limit is {limit}")
            return None
        found: list[str] = []
        is_sound = True
        for text, here in self.problems.items(paths, path):
            if text in self.states:
                found.append(text)
                continue
            is_sound = False
            short = [id for id in self.states if id.rpartition(".")[2] == text]
            hint = f"write the whole path: {' or '.join(short[:5])}" if short else ""
            self.problems.add(here, f"there is no state {text!r}", hint or near(text, self.states))
        return tuple(dict.fromkeys(found)) if is_sound else None


class States:
    """Compiles them."""

    def __init__(
        self, tree: StateTree, actions: Actions, functions: Functions, offered: Offered
    ) -> None:
        self.tree = tree
        self.problems = tree.problems
        self.actions = actions
        self.functions = functions
        self.offered = offered
        self.children: dict[str, Any] = {}
        self._invoke_count = 0

    def read(self) -> Iterator[StateNode]:
        root = self.tree.root
        initial = self.tree.initial_of(ROOT) if root.kind == "compound" else None
        self._check_children(root)
        yield StateNode(ROOT, root.kind, None, initial)
        for state in self.tree.states.values():
            self._check_children(state)
            yield self._state(state)

    def _check_children(self, state: DeclaredState) -> None:
        if state.kind == "parallel" and len(state.children) > REGION_LIMIT:
            self.problems.add(
                (*state.path, "states"),
                f"it has {len(state.children)} regions; the limit is {REGION_LIMIT}",
            )
            raise TooManyProblems
        marked = self.tree.marked(state.id)
        for surplus in marked if state.kind == "parallel" else marked[1:]:
            self.problems.add(
                (*self.tree.states[surplus].path, "initial"),
                "every child of a parallel state is entered"
                if state.kind == "parallel"
                else f"it is the second initial state of its parent, after {marked[0]}",
                "leave it out",
            )

    def _state(self, state: DeclaredState) -> StateNode:
        spec, path = state.spec, state.path
        if state.kind != "history" and "default" in spec.model_fields_set:
            self.problems.add((*path, "default"), "only history states have a default")
        output = None
        if spec.output is not None:
            output = self.functions.value(spec.output, (*path, "output"), NOWHERE)
        return StateNode(
            id=state.id,
            kind=state.kind,
            parent=state.parent,
            initial=self._initial(state),
            entry=self.actions.block(spec.entry, (*path, "entry"), NOWHERE),
            exit=self.actions.block(spec.exit, (*path, "exit"), NOWHERE),
            invokes=tuple(self._invokes(state)),
            deep=state.kind == "history" and spec.history == "deep",
            output=output,
            owner=spec.owner,
            tags=words_of(spec.tags),
            deadline=self.delay(spec.deadline, (*path, "deadline")),
            doc=spec.doc or "",
            label=spec.label or "",
            meta=spec.meta,
        )

    def _initial(self, state: DeclaredState) -> Initial | None:
        if state.kind == "compound":
            return self.tree.initial_of(state.id)
        if state.kind != "history":
            return None
        if state.spec.default or self.problems.at((*state.path, "default")) is not None:
            ids = self.tree.named(state.spec.default, (*state.path, "default"))
            return Initial(ids) if ids else None
        return None

    def delay(self, value: str | FunctionSpec | None, path: Path) -> Delay | None:
        if value is None:
            return None
        constant = duration_of(value)
        if constant is not None:
            return Delay(seconds=constant.total_seconds())
        name = self.functions.delay(value, path, NOWHERE)
        return Delay(function=name) if name else None

    # --- invokes ---

    def _invokes(self, state: DeclaredState) -> Iterator[Invoke]:
        for spec, path in self.problems.items(state.spec.invoke, (*state.path, "invoke")):
            if (spec.effect is None) == (spec.machine is None):
                self.problems.add(path, "it names one of effect and machine", "name one")
                continue
            self._invoke_count += 1
            if self._invoke_count > INVOKE_LIMIT:
                self.problems.add(path, f"there are more than {INVOKE_LIMIT} invokes")
                raise TooManyProblems
            invoke = self._effect(spec, state, path) or self._machine(spec, state, path)
            if invoke is not None:
                yield invoke

    def _effect(self, spec: InvokeSpec, state: DeclaredState, path: Path) -> Invoke | None:
        name, known = spec.effect, self.actions.known.effects
        if name is None:
            return None
        if name not in known:
            # one that stands alone has no key of its own
            here = (*path, "effect") if isinstance(self.problems.at(path), dict) else path
            self.problems.add(here, f"no effect is called {name!r}", near(name, known))
        if "input" in spec.model_fields_set:
            self.problems.add((*path, "input"), "an effect gets the whole data", "leave it out")
        return Invoke(spec.id or f"{state.id}/{name}", name)

    def _machine(self, spec: InvokeSpec, state: DeclaredState, path: Path) -> Invoke | None:
        name = spec.machine or ""
        machine = self.offered.machines.get(name)
        if machine is None:
            hint = near(name, self.offered.machines)
            self.problems.add((*path, "machine"), f"no machine {name!r} is offered", hint)
            return None
        self.children[name] = machine.definition
        given = None
        if "input" in spec.model_fields_set:
            given = self._input(spec.input, (*path, "input"))
        return Invoke(spec.id or f"{state.id}/{name}", name, "machine", given)

    def _input(self, value: str | FunctionSpec | dict[str, str], path: Path) -> str | None:
        """CEL that gives a map, or a mapping of CEL."""
        if isinstance(value, dict):
            return self.functions.record(value, path, NOWHERE)
        return self.functions.value(value, path, NOWHERE, (ValueKind("map"),))


def words_of(words: list[str | None]) -> tuple[str, ...]:
    """Each of them once."""
    return tuple(dict.fromkeys(word for word in words if word is not None))
