"""Uses of a state's class: each has copies of the states and rules in its body.

The values of the parameters stand in place of the parameters, and functions and effects see the
part of the data that the use names. What is made is an ordinary compound or parallel state: nothing
but the class notation knows of uses.
"""

from __future__ import annotations

import dataclasses
import inspect
import typing
from collections.abc import Callable, Iterable
from typing import Any

from statehold.chart.effect import Effect
from statehold.chart.error_kinds import ErrorIs
from statehold.chart.machine import Definition
from statehold.chart.validate import STATE_LIMIT
from statehold.define.body import noted_rules
from statehold.define.effects import Child
from statehold.define.function import name_of
from statehold.define.narrowing import Fault, Narrowing, part_fault
from statehold.define.parameter import MISSING, Parameter, annotation, fits, value_name
from statehold.define.rule import Rule, next_number
from statehold.define.source_line import caller
from statehold.define.state import (
    Active,
    Arrow,
    Declared,
    Nested,
    Source,
    StateClass,
    Use,
    body_of,
    is_node,
)
from statehold.errors import DefinitionError, Problem

#: what a use takes beside its parameters
OPTIONS = ("initial", "data", "label")
#: where functions change the data; elsewhere they read it
_CHANGING = frozenset({"entry", "exit", "do"})
#: what belongs to one state or rule alone
_OWN = frozenset({"rules", "use", "machine", "id", "number"})
_UNUSED_HINT = (
    "hand it to a state or a rule; a function that is made from it can't see its value: make the "
    "function the parameter"
)
#: the name in a use of what it was given
GIVEN = "_given"


def parameters_of(cls: type) -> dict[str, Parameter]:
    return {name: value for name, value in vars(cls).items() if isinstance(value, Parameter)}


def parameter_problems(cls: type) -> list[Problem]:
    """Gives the parameters of a class their names; what is wrong with them."""
    place = f"{cls.__name__} ({caller()})"
    problems: list[Problem] = []
    known = parameters_of(cls)
    used = _used(cls, set()) if known else set()
    for name, parameter in known.items():
        hint = annotation(cls, name)
        fault: Fault | None = None
        if parameter.name:
            fault = (f"is the parameter {parameter.name} again", f"name {parameter.name} instead")
        elif name in OPTIONS:
            fault = ("every use has an option of this name", "rename the parameter")
        elif name.startswith("_"):
            fault = ("its name begins with an underscore", "rename the parameter")
        elif hint is None:
            fault = ("its type is not given", f"write {name}: str = parameter(), or its type")
        elif id(parameter) not in used and not _is_of_states(hint):
            fault = ("nothing in the body uses it", _UNUSED_HINT)
        parameter.name = parameter.name or name
        if fault is not None:
            problems.append(Problem(f"{place}, {name}", *fault))
    return problems


def _is_of_states(hint: Any) -> bool:
    """A state as a value is part of the use, whether the body names it or not."""
    return isinstance(hint, type) and issubclass(hint, (Source, Nested))


def _used(value: Any, seen: set[int]) -> set[int]:
    """The ids of the parameters that a body hands on."""
    if id(value) in seen:
        return set()
    seen.add(id(value))
    inside: Iterable[Any] = ()
    if isinstance(value, Parameter):
        return {id(value)}
    if isinstance(value, Nested):
        inside = vars(value)[GIVEN].values()
    elif isinstance(value, StateClass):
        inside = (item for _, item in body_of(value) if not isinstance(item, Parameter))
    elif isinstance(value, Source):
        inside = _fields_of(value._declared)
    elif isinstance(value, tuple):
        inside = value
    elif _is_notation(value):
        inside = _fields_of(value)
    found: set[int] = set()
    for item in inside:
        found |= _used(item, seen)
    return found


def _is_notation(value: Any) -> bool:
    """A part of the notation: an arrow, a rule, a child and the like."""
    return (
        dataclasses.is_dataclass(value)
        and not isinstance(value, type)
        and type(value).__module__.startswith("statehold.define.")
    )


def _fields_of(value: Any) -> Iterable[Any]:
    return (getattr(value, field.name) for field in dataclasses.fields(value))


def make_use(use: Nested, given: dict[str, Any]) -> None:
    """Fills a use of a class: ``given`` are its parameters and options by name.

    What is wrong is noted in it, and reported with the machine that it becomes part of. Raises
    ``DefinitionError`` where more states and transitions would be copied than a machine may have
    states.
    """
    _Copy(None, {}, _Budget(type(use).__name__)).use(use, given, caller())


class _Budget:
    """Counts what one use copies, uses inside it included."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.left = STATE_LIMIT

    def spend(self) -> None:
        self.left -= 1
        if self.left < 0:
            problem = Problem(
                f"{self.name} ({caller()})",
                f"a use of it has more than {STATE_LIMIT} states and transitions",
                "have fewer uses in it, or start a machine for each of them",
            )
            raise DefinitionError(self.name, [problem])


class _Copy:
    """Copies one body. ``values`` are those of parameters, by the parameters' ids; ``end`` is the
    number of the rule after its last one."""

    def __init__(
        self, narrowing: Narrowing | None, values: dict[int, Any], budget: _Budget, end: int = 0
    ) -> None:
        self.narrowing = narrowing
        self.values = values
        self.budget = budget
        self.end = end
        #: what stands in the copy in place of states and others, by the ids of the originals
        self.replaced: dict[int, Any] = {}
        self.fresh: list[Declared] = []
        self.rules: list[tuple[Rule, str, Nested]] = []
        self.others: list[tuple[Any, str, Nested]] = []
        #: of classes, the rules that start from no state, and the copy
        self.noted: list[tuple[dict[int, str], Declared]] = []
        #: of all states, the original and the copy
        self.pairs: list[tuple[Declared, Declared]] = []

    def use(self, into: Nested, given: dict[str, Any], where: str) -> None:
        """Makes a use of its class; it stands in the body that ``self`` copies."""
        cls = type(into)
        faults: list[Fault] = []
        narrowing, own = self.narrowing, None
        part = given.get("data")
        if part is not None:
            fault = part_fault(part)
            if fault is not None:
                faults.append(fault)
            else:
                own = narrowing = Narrowing(part, self.narrowing)
        values = _values(cls, given, faults)
        known = {id(one): values[name] for name, one in parameters_of(cls).items()}
        plain = cls._declared
        inside = _Copy(narrowing, known, self.budget, plain.end)
        vars(into)[GIVEN] = given
        into._declared = dataclasses.replace(
            _blank(plain),
            initial=bool(given.get("initial", plain.initial)),
            label=given.get("label", plain.label),
            where=where,
            use=Use(narrowing=own, faults=faults),
        )
        inside.fresh.append(into._declared)
        inside.states(cls, into)
        inside.finish()
        for name, value in values.items():
            if name not in vars(into):
                vars(into)[name] = _as_attribute(inside.swap(value))

    def given(self, value: Any) -> Any:
        """A value that is handed on to a use in the body, not narrowed yet: its functions see what
        the functions in that use see."""
        if isinstance(value, Parameter):
            return self.values.get(id(value), value)
        if isinstance(value, tuple):
            return tuple(map(self.given, value))
        if isinstance(value, (Source, Nested)):
            apart = _Copy(None, self.values, self.budget)
            made = apart.state(value)
            apart.finish()
            return made
        return value

    # --- states ---

    def states(self, holder: Any, into: Nested) -> None:
        """A copy of each; what they hold follows when all of them are there."""
        use = _use_of(into)
        if isinstance(holder, StateClass):
            self.noted.append((noted_rules(holder), into._declared))
        use.copies = self.replaced
        for name, value in body_of(holder):
            found = self.values.get(id(value), value)
            if isinstance(value, Rule):
                self.rules.append((value, name, into))
                use.body[name] = value
            elif is_node(found) and not isinstance(found, Parameter):
                made = self.replaced[id(value)] = self.state(found)
                vars(into)[name] = use.body[name] = made
            elif not isinstance(value, Parameter):
                use.body[name] = value
                self.others.append((value, name, into))

    def state(self, value: Any) -> Any:
        self.budget.spend()
        made: Any
        if isinstance(value, Nested) and GIVEN in vars(value):
            made = object.__new__(type(value))
            given = {name: self.given(item) for name, item in vars(value)[GIVEN].items()}
            self.use(made, given, value._declared.where)
            self.match(value, made)
            return made
        made = object.__new__(value if isinstance(value, StateClass) else type(value))
        made._declared = _blank(value._declared)
        self.replaced[id(value)] = made
        self.fresh.append(made._declared)
        self.pairs.append((value._declared, made._declared))
        if isinstance(made, Nested):
            made._declared.use = Use()
            self.states(value, made)
        return made

    def match(self, old: Any, new: Any) -> None:
        """A use in the body was made again: what the body names of it is now that of the copy."""
        self.replaced[id(old)] = new
        self.pairs.append((old._declared, new._declared))
        for name, value in vars(old).items():
            found = vars(new).get(name)
            if isinstance(value, Parameter):
                self.replaced[id(value)] = found
            elif is_node(value) and is_node(found):
                if isinstance(value, Nested):
                    self.match(value, found)
                else:
                    self.replaced[id(value)] = found
                    self.pairs.append((value._declared, found._declared))
            elif isinstance(value, Effect | Child):
                self.replaced[id(value)] = found

    def finish(self) -> None:
        """Gives the copies what their originals hold."""
        for declared in self.fresh:
            for field, value in self.parts(declared).items():
                setattr(declared, field, None if value is MISSING else value)
        for other, name, into in self.others:
            if isinstance(other, Effect | Child):
                vars(into)[name] = self.swap(other)
        for rule, name, into in sorted(self.rules, key=lambda item: item[0].number):
            self.budget.spend()
            made = dataclasses.replace(rule, **self.parts(rule), number=next_number())
            if made.subject is MISSING:
                del _use_of(into).body[name]
            else:
                _use_of(into).body[name] = vars(into)[name] = made
        named = {rule.number for rule, _, _ in self.rules}
        for old, new in self.pairs:
            # those without a name are reported with the machine; later ones stand elsewhere
            lost = {n: where for n, where in old.rules.items() if n < self.end and n not in named}
            new.rules.update(lost)
        for rules, new in self.noted:
            new.rules.update({n: where for n, where in rules.items() if n not in named})

    # --- what they hold ---

    def parts(self, value: Any, swap: Callable[..., Any] | None = None) -> dict[str, Any]:
        own = _OWN if isinstance(value, (Declared, Rule)) else ()
        swap = swap or self.swap
        return {
            field.name: swap(getattr(value, field.name), changes=field.name in _CHANGING)
            for field in dataclasses.fields(value)
            if field.name not in own
        }

    def swap(self, value: Any, *, changes: bool = False) -> Any:
        """What stands in the copy in place of a value of the original."""
        if id(value) in self.replaced:
            return self.replaced[id(value)]
        if isinstance(value, Parameter):
            found = self.values.get(id(value), value)
            is_open = found is MISSING or isinstance(found, Parameter)
            return found if is_open else self.swap(found, changes=changes)
        if isinstance(value, tuple):
            return tuple(self.items(value, changes=changes))
        if is_node(value) or isinstance(value, type | Definition | ErrorIs):
            return value
        if isinstance(value, Arrow | Active):
            return dataclasses.replace(value, **self.parts(value, self.target))
        if _is_notation(value):
            made = dataclasses.replace(value, **self.parts(value))
            if isinstance(value, Child):
                # a rule may name the very child that a state invokes
                self.replaced[id(value)] = made
            return made
        if self.narrowing is None:
            return value
        if isinstance(value, Effect):
            return self.narrowing.effect(value)
        if callable(value) and typing.get_origin(value) is None:
            return self.narrowing.function(value, changes=changes)
        return value

    def target(self, value: Any, *, changes: bool = False) -> Any:
        """A function among the ends of an arrow gives states, and sees no data."""
        if isinstance(value, tuple):
            return tuple(self.items(value, changes=changes, swap=self.target))
        return value if inspect.isfunction(value) else self.swap(value, changes=changes)

    def items(
        self, values: tuple[Any, ...], *, changes: bool, swap: Callable[..., Any] | None = None
    ) -> Iterable[Any]:
        """A parameter among others may stand for several, or for none."""
        for value in values:
            item = (swap or self.swap)(value, changes=changes)
            if isinstance(value, Parameter) and isinstance(item, tuple):
                yield from item
            elif not (isinstance(value, Parameter) and (item is None or item is MISSING)):
                yield item


def _blank(declared: Declared) -> Declared:
    """The same, of a state that is part of no machine yet."""
    return dataclasses.replace(declared, rules={}, id=None, machine=None, use=None)


def _use_of(state: Nested) -> Use:
    use = state._declared.use
    assert use is not None, state
    return use


def _as_attribute(value: Any) -> Any:
    """A value under the parameter's name. Where it is a parameter of a class around it, rules there
    may name the value of this use, which can see less of the data."""
    if not isinstance(value, Parameter):
        return value
    made = Parameter(MISSING)
    made.name = value.name
    return made


def _values(cls: Any, given: dict[str, Any], faults: list[Fault]) -> dict[str, Any]:
    """The values of the parameters by name, ``MISSING`` where there is none."""
    known = parameters_of(cls)
    values: dict[str, Any] = {}
    for name in given:
        if name not in known and name not in OPTIONS:
            there = f"its parameters are {', '.join(known)}" if known else "it has none"
            faults.append((f"{cls.__name__} has no parameter {name!r}", there))
    for name, parameter in known.items():
        value = values[name] = given.get(name, parameter.default)
        what = f"the parameter {name} of {cls.__name__}"
        if value is MISSING:
            faults.append((f"{what} is missing", f"write {cls.__name__}({name}=...)"))
        elif isinstance(value, StateClass):
            values[name] = MISSING
            faults.append((f"{what} is the class {value.__name__}", "give it a use of the class"))
        elif not fits(hint := annotation(cls, name), value):
            message = f"{what} is {value_name(value)}, not {name_of(hint)}"
            faults.append((message, "give it a value of that type"))
    return values
