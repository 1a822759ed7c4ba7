"""Reads the bodies of a machine's classes: the names of its states and rules."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from msgspec import Struct

from statehold.chart.model import ROOT, Kind
from statehold.define.body import noted_rules
from statehold.define.compound import Compound, Parallel
from statehold.define.narrowing import Narrowing
from statehold.define.parameter import Parameter
from statehold.define.rule import Rule, several
from statehold.define.state import (
    Arrow,
    Declared,
    Final,
    History,
    Nested,
    Node,
    Source,
    State,
    StateClass,
    Use,
    body_of,
    declared,
)
from statehold.define.use import parameters_of
from statehold.errors import Problem

#: names in a machine's body that are neither states nor rules
OPTIONS = frozenset({"access", "view", "views", "indexes", "upgrades", "silences", "do"})
#: names that the compiled class gets
COMPILED = frozenset({"definition", "chart", "program"})


class NamedState(Struct, frozen=True):
    """A state with its path. ``parent`` is the path of its parent."""

    node: Any
    declared: Declared
    id: str
    parent: str
    place: str


class NamedRule(Struct, frozen=True):
    """A rule with its path; ``holder`` is the path of the class that contains it."""

    rule: Rule
    id: str
    holder: str
    place: str


class Declarations:
    """All states in document order and all rules in the order of the text."""

    def __init__(self, machine: type) -> None:
        self.machine = machine
        self.states: list[NamedState] = []
        self.rules: list[NamedRule] = []
        self.problems: list[Problem] = []
        self._known: dict[int, NamedState] = {}
        #: ids of states that were refused with all that is inside them
        self._refused: set[int] = set()
        self._kinds: dict[str, Kind] = {ROOT: "compound"}
        self._uses: dict[str, Use] = {}
        self._taken: dict[int, NamedRule] = {}
        if any("definition" in vars(base) for base in machine.__mro__[1:]):
            self._complain(
                machine.__name__,
                "inherits from another machine",
                "write its states out; only Machine[...] itself can be the base",
            )
        #: what the machine's ``do`` holds, which every transition does
        self.always_do: tuple[Any, ...] = ()
        self._read(machine, "")
        self.rules.sort(key=lambda named: named.rule.number)
        self._look_for_lost_rules()

    def id_of(self, node: Node) -> str | None:
        """The state's path, or None for one that is not part of this machine."""
        named = self._known.get(id(node))
        return named.id if named else None

    def kind_of(self, path: str) -> Kind:
        """The kind of a state that is part of this machine."""
        return self._kinds[path]

    def place_of(self, path: str) -> str:
        return f"{self.machine.__name__}.{path}"

    def _complain(self, place: str, message: str, hint: str) -> None:
        self.problems.append(Problem(place, message, hint))

    def is_refused(self, node: Node) -> bool:
        """Whether the state is left out, for a reason that is among the problems already."""
        return id(node) in self._refused

    def copy_of(self, node: Any, body: str) -> Any:
        """What stands for a state of a class in the use of it around a body, if there is one."""
        for use in self._uses_around(body):
            if id(node) in use.copies:
                return use.copies[id(node)]
        return node

    def narrowing_of(self, body: str) -> Narrowing | None:
        """What the functions in a body see, if it is a part of the data."""
        for use in self._uses_around(body):
            if use.narrowing is not None:
                return use.narrowing
        return None

    def _uses_around(self, body: str) -> Iterator[Use]:
        while body:
            use = self._uses.get(body)
            if use is not None:
                yield use
            body = body.rpartition(".")[0]

    def _read(self, holder: Any, prefix: str) -> None:
        for name, value in body_of(holder):
            path = f"{prefix}{name}"
            if isinstance(value, Parameter):
                self._parameter(value, path)
            elif isinstance(value, (Source, StateClass, Nested)):
                self._name_state(name, path, prefix.removesuffix("."), value)
            elif isinstance(value, Rule):
                self._name_rule(name, path, prefix.removesuffix("."), value)
            else:
                self._other(name, path, value)

    def _name_state(self, name: str, path: str, parent: str, node: Node) -> None:
        if node in (Compound, Parallel):
            self._complain(
                self.place_of(path), "is no state yet", f"write class {name}({_name(node)}): ..."
            )
            return
        said = declared(node)
        named = NamedState(node, said, path, parent, f"{self.place_of(path)} ({said.where})")
        first = self._known.get(id(node))
        if first is not None:
            self._complain(
                named.place,
                f"is the same object as {first.id}",
                f"make a {_made_by(node)} of its own for each name",
            )
            return
        if said.machine not in (None, self.machine):
            self._complain(
                named.place,
                f"belongs to machine {_name(said.machine)} already",
                f"make a {_made_by(node)} of its own for each machine",
            )
            return
        if isinstance(node, StateClass) and parameters_of(node):
            self._refuse(node)
            given = ", ".join(f"{parameter}=..." for parameter in parameters_of(node))
            self._complain(
                named.place,
                f"is a class with parameters: {', '.join(parameters_of(node))}",
                f"use it: {name} = {_name(node)}({given})",
            )
            return
        self._check_name(name, named.place, top=not parent)
        said.machine, said.id = self.machine, path
        self._known[id(node)] = named
        self._kinds[path] = said.kind
        self.states.append(named)
        if isinstance(node, (StateClass, Nested)):
            cls: type = node if isinstance(node, StateClass) else type(node)
            self._note_use(named)
            if cls.__bases__ not in ((Compound,), (Parallel,)):
                self._complain(
                    named.place,
                    "inherits from more than Compound or Parallel",
                    "states don't inherit; write its body out",
                )
            self._read(node, f"{path}.")

    def _note_use(self, named: NamedState) -> None:
        use = named.declared.use
        if use is None:
            return
        self._uses[named.id] = use
        for fault in use.faults:
            self._complain(named.place, *fault)
        if use.narrowing is not None:
            use.narrowing.named(named.id)

    def _refuse(self, node: Any) -> None:
        self._refused.add(id(node))
        for _, value in () if isinstance(node, Source) else body_of(node):
            if isinstance(value, (Source, StateClass, Nested)):
                self._refuse(value)

    def _parameter(self, value: Parameter, path: str) -> None:
        if "." not in path:
            self._complain(
                self.place_of(path), "is a parameter", "a Compound or a Parallel can have some"
            )

    def _name_rule(self, name: str, path: str, holder: str, rule: Rule) -> None:
        named = NamedRule(rule, path, holder, f"{self.place_of(path)} ({rule.where})")
        first = self._taken.get(id(rule))
        if first is not None:
            self._complain(
                named.place,
                f"is the same transition as {first.id}",
                "give a transition one name",
            )
            return
        self._check_name(name, named.place, top=not holder)
        self._taken[id(rule)] = named
        self.rules.append(named)

    def _check_name(self, name: str, place: str, *, top: bool) -> None:
        if name.startswith("_"):
            self._complain(place, "its name begins with an underscore", "choose another name")
        elif top and name in OPTIONS | COMPILED:
            self._complain(place, f"{name!r} has a meaning of its own here", "choose another name")

    def _other(self, name: str, path: str, value: Any) -> None:
        place = self.place_of(path)
        if path == "do":
            self.always_do = tuple(map(_unwrapped, several(value)))
        elif name == "do" and callable(_unwrapped(value)):
            self._complain(
                place,
                "is done at every transition of a machine, and this is a state",
                "write it in the machine's body, or as do= of the rules here",
            )
        elif "." not in path and name in COMPILED:
            self._complain(place, f"{name!r} is set by the compiler", "choose another name")
        elif isinstance(value, Arrow):
            self._complain(
                place, "is an arrow without an event", "write on(Event, a >> b), after(...), ..."
            )
        elif value in (State, Final, History):
            self._complain(place, "is no state yet", f"write {name} = {_name(value)}()")
        elif isinstance(value, type) and any(
            isinstance(member, Source | StateClass | Rule) for _, member in body_of(value)
        ):
            self._complain(
                place,
                "holds states, but is no state itself",
                f"write class {name}(Compound) or class {name}(Parallel)",
            )

    def _look_for_lost_rules(self) -> None:
        named_rules = {named.rule.number for named in self.rules}
        holders = [(self.machine.__name__, self.machine)]
        holders += [(n.id, n.node) for n in self.states if isinstance(n.node, StateClass)]
        for holder, body in holders:
            for number, where in noted_rules(body).items():
                if number not in named_rules:
                    self._complain(
                        f"{self.machine.__name__} ({where})",
                        f"a transition from anywhere in {holder} has no name",
                        "assign it to an attribute, and use no name twice in a class",
                    )
        for named in self.states:
            for number, where in named.declared.rules.items():
                if number not in named_rules:
                    self._complain(
                        f"{self.machine.__name__} ({where})",
                        f"a transition from {named.id} has no name",
                        "assign it to an attribute, and use no name twice in a class",
                    )


def _made_by(node: Node) -> str:
    """How another one is made, for a hint."""
    return f"{_name(type(node))}(...)" if isinstance(node, Nested) else "State()"


def _unwrapped(value: Any) -> Any:
    return value.__func__ if isinstance(value, staticmethod) else value


def _name(cls: Any) -> str:
    return str(getattr(cls, "__name__", cls))
