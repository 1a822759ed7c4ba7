"""States of a document: a mapping in a mapping, and so on down."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from statehold.chart.model import ROOT, Delay, Initial, Invoke, Kind, StateNode
from statehold.chart.validate import DEPTH_LIMIT
from statehold.expression.cel.language import Kind as ValueKind
from statehold.formats.native.actions import Actions
from statehold.formats.native.functions import NOWHERE, Functions
from statehold.formats.native.reading import Reading, TooManyProblems, duration_of, near, shown
from statehold.formats.notation import STATE_LIMIT, Offered
from statehold.plain.values import Path

STATE_WORDS = frozenset(
    {"initial", "final", "history", "default", "parallel", "states", "entry", "exit", "invoke"}
    | {"owner", "tags", "deadline", "output", "doc", "meta"}
)
_INVOKE = frozenset({"effect", "machine", "input", "id"})
#: states that one arrow leads to, and regions of one parallel state
TARGET_LIMIT = 100
REGION_LIMIT = 200
#: effects and machines that all states together invoke
INVOKE_LIMIT = 1_000
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,99}")


@dataclass(slots=True)
class Place:
    """One state before it is compiled."""

    id: str
    parent: str
    said: Mapping[str, Any]
    path: Path
    kind: Kind
    initial: bool
    children: list[str] = field(default_factory=list)


class Outline:
    """Every state by its path, in document order; all else may refer to any of them."""

    def __init__(self, reading: Reading, root: Mapping[str, Any]) -> None:
        self.reading = reading
        kind: Kind = "parallel" if reading.flag(root.get("parallel"), ("parallel",)) else "compound"
        self.root = Place(ROOT, "", root, (), kind, False)
        self.states: dict[str, Place] = {}
        if not root.get("states"):
            reading.complain(
                ("states",), "there are none", "write states: {waiting: {initial: true}}"
            )
        self._add(self.root, 0)

    def _add(self, parent: Place, depth: int) -> None:
        path = (*parent.path, "states")
        if depth > DEPTH_LIMIT:
            self.reading.complain(path, f"it lies more than {DEPTH_LIMIT} levels deep")
            return
        for name, said in self.reading.mapping(parent.said.get("states"), path).items():
            here = (*path, name)
            if not NAME.fullmatch(name):
                self.reading.complain(
                    here, f"a state can't be called {name!r}", "use letters, digits, _ and -"
                )
                continue
            if len(self.states) >= STATE_LIMIT:
                self.reading.complain(here, f"there are more than {STATE_LIMIT} states")
                return
            said = self.reading.mapping(said, here, STATE_WORDS)
            id = f"{parent.id}.{name}" if parent.id else name
            state = Place(id, parent.id, said, here, self._kind(said, here), False)
            state.initial = self.reading.flag(said.get("initial"), (*here, "initial"))
            parent.children.append(id)
            self.states[id] = state
            self._add(state, depth + 1)

    def _kind(self, said: Mapping[str, Any], path: Path) -> Kind:
        has = [word for word in ("final", "history", "parallel") if said.get(word)]
        if len(has) > 1:
            self.reading.complain(path, f"it is {' and '.join(has)}", "it is one of them")
        if self.reading.flag(said.get("final"), (*path, "final")):
            return "final"
        if said.get("history"):
            if said["history"] not in ("shallow", "deep"):
                self.reading.complain(
                    (*path, "history"), f"it is {shown(said['history'])}", "write shallow or deep"
                )
            return "history"
        if self.reading.flag(said.get("parallel"), (*path, "parallel")):
            return "parallel"
        return "compound" if said.get("states") else "atomic"

    def kind(self, id: str) -> Kind:
        return self.states[id].kind if id else self.root.kind

    def holder(self, id: str) -> Place:
        return self.states[id] if id else self.root

    def initial_of(self, id: str) -> Initial | None:
        marked = [child for child in self.holder(id).children if self.states[child].initial]
        return Initial((marked[0],)) if marked else None

    def named(
        self, value: Any, path: Path, limit: int | None = TARGET_LIMIT
    ) -> tuple[str, ...] | None:
        """Paths of states; None, with problems noted, where one is no state."""
        found: list[str] = []
        whole = True
        given = self.reading.several(value)
        if limit is not None and len(given) > limit:
            self.reading.complain(path, f"it names {len(given)} states; the limit is {limit}")
            return None
        for item, rest in given:
            text = self.reading.text(item, (*path, *rest), "a state's path")
            if text in self.states:
                found.append(text)
                continue
            whole = False
            if text is not None:
                hint = near(text, self.states)
                short = [id for id in self.states if id.rpartition(".")[2] == text]
                if short:
                    hint = f"write the whole path: {' or '.join(short[:5])}"
                self.reading.complain((*path, *rest), f"there is no state {text!r}", hint)
        return tuple(dict.fromkeys(found)) if whole else None


class States:
    """Compiles them."""

    def __init__(
        self,
        outline: Outline,
        actions: Actions,
        functions: Functions,
        offered: Offered,
    ) -> None:
        self.outline = outline
        self.reading = outline.reading
        self.actions = actions
        self.functions = functions
        self.offered = offered
        self.children: dict[str, Any] = {}
        self.invokes = 0

    def read(self) -> Iterator[StateNode]:
        outline = self.outline
        root = outline.root
        initial = outline.initial_of(ROOT) if root.kind == "compound" else None
        self._check_children(root)
        yield StateNode(ROOT, root.kind, None, initial)
        for state in outline.states.values():
            self._check_children(state)
            yield self._state(state)

    def _check_children(self, state: Place) -> None:
        if state.kind == "parallel" and len(state.children) > REGION_LIMIT:
            self.reading.complain(
                (*state.path, "states"),
                f"it has {len(state.children)} regions; the limit is {REGION_LIMIT}",
            )
            raise TooManyProblems
        marked = [c for c in state.children if self.outline.states[c].initial]
        for surplus in marked if state.kind == "parallel" else marked[1:]:
            self.reading.complain(
                (*self.outline.states[surplus].path, "initial"),
                "every child of a parallel state is entered"
                if state.kind == "parallel"
                else f"it is the second initial state of its parent, after {marked[0]}",
                "leave it out",
            )

    def _state(self, state: Place) -> StateNode:
        said, path, reading = state.said, state.path, self.reading
        if state.kind != "history" and "default" in said:
            reading.complain((*path, "default"), "only history states have a default")
        output = None
        if "output" in said:
            output = self.functions.value(said["output"], (*path, "output"), NOWHERE)
        return StateNode(
            id=state.id,
            kind=state.kind,
            parent=state.parent,
            initial=self._initial(state),
            entry=self.actions.block(said.get("entry"), (*path, "entry"), NOWHERE),
            exit=self.actions.block(said.get("exit"), (*path, "exit"), NOWHERE),
            invokes=tuple(self._invokes(state)),
            deep=state.kind == "history" and said["history"] == "deep",
            output=output,
            owner=reading.text(said.get("owner"), (*path, "owner")),
            tags=reading.words(said.get("tags"), (*path, "tags")),
            deadline=self.delay(said.get("deadline"), (*path, "deadline")),
            doc=reading.text(said.get("doc"), (*path, "doc")) or "",
            meta=dict(reading.mapping(said.get("meta"), (*path, "meta"))),
        )

    def _initial(self, state: Place) -> Initial | None:
        if state.kind == "compound":
            return self.outline.initial_of(state.id)
        if state.kind != "history":
            return None
        default = state.said.get("default")
        if default is not None:
            ids = self.outline.named(default, (*state.path, "default"))
            return Initial(ids) if ids else None
        return None

    def delay(self, value: Any, path: Path) -> Delay | None:
        if value is None:
            return None
        constant = duration_of(value)
        if constant is not None:
            return Delay(seconds=constant.total_seconds())
        name = self.functions.delay(value, path, NOWHERE)
        return Delay(function=name) if name else None

    # --- invokes ---

    def _invokes(self, state: Place) -> Iterator[Invoke]:
        for item, rest in self.reading.several(state.said.get("invoke")):
            path = (*state.path, "invoke", *rest)
            if isinstance(item, str):
                item = {"effect": item}
            said = self.reading.mapping(item, path, _INVOKE)
            if ("effect" in said) == ("machine" in said):
                self.reading.complain(path, "it names one of effect and machine", "name one")
                continue
            self.invokes += 1
            if self.invokes > INVOKE_LIMIT:
                self.reading.complain(path, f"there are more than {INVOKE_LIMIT} invokes")
                raise TooManyProblems
            word = "effect" if "effect" in said else "machine"
            name = self.reading.text(said[word], (*path, word), "a name") or ""
            id = self.reading.text(said.get("id"), (*path, "id"), "a word") or f"{state.id}/{name}"
            if word == "effect":
                if name not in self.actions.known.effects:
                    self.reading.complain(
                        (*path, word), f"no effect is called {name!r}",
                        near(name, self.actions.known.effects),
                    )  # fmt: skip
                if "input" in said:
                    self.reading.complain(
                        (*path, "input"), "an effect is given the whole data", "leave it out"
                    )
                yield Invoke(id, name)
                continue
            machine = self.offered.machines.get(name)
            if machine is None:
                self.reading.complain(
                    (*path, word),
                    f"no machine {name!r} is offered",
                    near(name, self.offered.machines),
                )
                continue
            self.children[name] = machine.definition
            given = None
            if "input" in said:
                given = self._input(said["input"], (*path, "input"))
            yield Invoke(id, name, "machine", given)

    def _input(self, value: Any, path: Path) -> str | None:
        """An expression that gives a map, or a mapping of expressions."""
        if isinstance(value, str) or (isinstance(value, dict) and set(value) == {"function"}):
            return self.functions.value(value, path, NOWHERE, (ValueKind("map"),))
        return self.functions.record(self.reading.mapping(value, path), path, NOWHERE)
