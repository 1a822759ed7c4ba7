"""Names of functions, effects and child machines in the chart, each checked once."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any

from statehold.chart.deferred import deferral
from statehold.chart.effect import Effect
from statehold.chart.machine import Definition, Function
from statehold.chart.model import Action, Block, Delay, Invoke
from statehold.chart.values import Shape
from statehold.define.effects import Child
from statehold.define.function import (
    UNKNOWN,
    accepts,
    accepts_all,
    name_of,
    parameter_types,
    positional,
    result_of,
)
from statehold.define.into import Into, field_type, fields_of, is_frozen
from statehold.define.narrowing import Narrowed, Narrowing
from statehold.define.rule import Rule, several
from statehold.define.state import is_node
from statehold.errors import Problem

#: a word that children of one machine in one state differ by
CHILD_ID = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,63}")


class Binder:
    """The functions, effects and children by the names that the chart uses for them.

    ``data`` is the type of the data, ``UNKNOWN`` where it is not given.
    """

    def __init__(self, data: Any) -> None:
        self.data = data
        self.functions: dict[str, Function] = {}
        self.effects: dict[str, Effect[Any, Any]] = {}
        self.children: dict[str, Definition[Any]] = {}
        #: shapes of results of effects
        self.results: dict[str, Shape[Any]] = {}
        #: the types that functions take the outputs of children for, and the place of the first one
        self.outputs: dict[str, tuple[Any, str]] = {}
        #: ids of the invokes of each child that a state names
        self.invoked: dict[Child, list[str]] = {}
        self.problems: list[Problem] = []
        self._names: dict[Any, str] = {}

    def complain(self, place: str, message: str, hint: str = "") -> None:
        self.problems.append(Problem(place, message, hint))

    def function(self, value: Any, role: str, place: str, event: Any = UNKNOWN) -> str | None:
        """The function's name in the chart; None, with a problem noted, where it can't be used.

        ``role`` is what it is used as, ``event`` the type of its second argument.
        """
        takes = self._checked(value, role, place, event)
        if takes is None:
            return None
        key = value if _is_hashable(value) else id(value)
        name = self._names.get(key)
        if name is None:
            name = self._names[key] = self._free(plain_name(value))
            self.functions[name] = Function(value, takes, getattr(value, "uses", None))
        return name

    def block(self, value: Any, role: str, place: str, event: Any = UNKNOWN) -> tuple[Block, ...]:
        """``do``, ``entry`` or ``exit`` as one block, or none."""
        actions: list[Action] = []
        for item in several(value):
            if isinstance(item, Effect):
                self.effect(item, place)
                actions.append(Action(item.name, "effect"))
            elif name := self.function(item, role, place, event):
                actions.append(Action(name))
        return (tuple(actions),) if actions else ()

    def delay(self, value: Any, role: str, place: str, event: Any = UNKNOWN) -> Delay | None:
        """A duration or a function; None where it is neither."""
        if isinstance(value, timedelta):
            return Delay(seconds=value.total_seconds())
        if isinstance(value, int | float):
            self.complain(
                place, f"{role} is the number {value}", "write a duration, such as minutes(10)"
            )
            return None
        name = self.function(value, role, place, event)
        return Delay(function=name) if name else None

    def invokes(self, value: Any, state: str, place: str) -> tuple[Invoke, ...]:
        found: list[Invoke] = []
        for item in several(value):
            if isinstance(item, Effect):
                self.effect(item, place)
                found.append(Invoke(f"{state}/{item.name}", item.name))
            elif isinstance(item, Child):
                machine = self.child(item, place)
                if machine is not None:
                    given = (
                        self.function(item.input, "input of a child", place)
                        if item.input is not None
                        else None
                    )
                    id = f"{state}/{self._child_id(item, machine.name, place)}"
                    if any(invoke.id == id for invoke in found):
                        self.complain(
                            place,
                            f"invokes two children as {id!r}",
                            f'give each an id: child({_shown(item.machine)}, id="left")',
                        )
                        continue
                    self.invoked.setdefault(item, []).append(id)
                    found.append(Invoke(id, machine.name, "machine", given))
            else:
                self.complain(place, f"can't invoke {_shown(item)}", _invoke_hint(item))
        return tuple(found)

    def _child_id(self, child: Child, machine: str, place: str) -> str:
        if child.id is None:
            return machine
        if not isinstance(child.id, str) or not CHILD_ID.fullmatch(child.id):
            self.complain(
                place,
                f"a child's id is {ascii(child.id)[:80]}",
                "write a word of at most 64 letters, digits, underscores and hyphens",
            )
            return machine
        return child.id

    def into(
        self,
        field: Any,
        result: Any,
        child: Definition[Any] | None,
        place: str,
        narrowing: Narrowing | None = None,
    ) -> str | None:
        """The name of the action by which a result of this type becomes the field of the data;
        None, with a problem noted, where it can't. ``result`` None: the type is not annotated, and
        a child's output is then taken for the field's. ``narrowing``: it is a field of that part.
        """
        if not isinstance(field, str):
            self.complain(place, f"into is {_shown(field)}", 'name a field: into="receipt"')
            return None
        data = self.data if narrowing is None else narrowing.type
        wanted = self.field(field, place, data)
        if wanted is None:
            return None
        if result is None and wanted not in (UNKNOWN, Any, object):
            if child is None:
                self.complain(
                    place,
                    f"into names {field}, which is {name_of(wanted)}, and what it gets has no type",
                    f"annotate what the effect gives: -> {name_of(wanted)}",
                )
                return None
            self._take_output(child, wanted, place)
        if result is not None and not accepts_all(wanted, result):
            self.complain(
                place,
                f"into names {field}, which is {name_of(wanted)}, and it gets {name_of(result)}",
                "name a field of that type, or set it in an action: do=",
            )
            return None
        action: Any = Into(field, is_frozen(data))
        if narrowing is not None:
            action = narrowing.function(action, changes=True)
        return self.function(action, "action", place)

    def field(self, field: str, place: str, data: Any) -> Any:
        """The type of a field of the data, UNKNOWN where that is not known; None, with a problem
        noted, where there is no such field."""
        found = field_type(data, field)
        if found is not None:
            return found
        known = fields_of(data)
        self.complain(
            place,
            f"the data has no field {ascii(field)[:80]}",
            f"its fields are {', '.join(known)}"
            if known
            else f"{name_of(data)} has no fields; set it in an action: do=",
        )
        return None

    def effect(self, effect: Effect[Any, Any], place: str) -> None:
        known = self.effects.setdefault(effect.name, effect)
        if known is not effect:
            self.complain(
                place, f"another effect is called {effect.name!r} too", "rename one of the two"
            )
        if known is effect:
            self._check_result(effect, place)
        expected, data = parameter_types(effect.run), self._seen_by(effect.run)
        if known is effect and expected and not accepts(expected[0], data):
            self.complain(
                place,
                f"effect {effect.name} takes {name_of(expected[0])}, but {_whose(effect.run)} data "
                f"is {name_of(data)}",
                "annotate it with the type of the data",
            )

    def _check_result(self, effect: Effect[Any, Any], place: str) -> None:
        type_ = effect.result_type
        if type_ in (None, type(None), Any) or effect.name in self.results:
            return
        shape = self._shape(type_, f"effect {effect.name} gives {name_of(type_)}, which", place)
        if shape is not None:
            self.results[effect.name] = shape

    def _shape(self, type_: Any, what: str, place: str) -> Shape[Any] | None:
        try:
            return Shape(type_)
        except Exception as error:  # noqa: BLE001 - any error of pydantic about a type
            self.complain(
                place,
                f"{what} can't be read from JSON: {str(error).partition(chr(10))[0]}",
                "annotate it with a pydantic model, a dataclass, or plain types",
            )
            return None

    def output_of(self, machine: Definition[Any], functions: Iterable[Any], place: str) -> None:
        """Notes the type that functions take the child's output for, if the child has none."""
        for function in functions:
            if machine.output_type is not None or not callable(function):
                continue
            taken = result_of(parameter_types(function)[1:2])
            if taken is not None:
                self._take_output(machine, taken, place)

    def _take_output(self, machine: Definition[Any], taken: Any, place: str) -> None:
        known, where = self.outputs.setdefault(machine.name, (taken, place))
        if known != taken:
            self.complain(
                place,
                f"it takes the output of {machine.name} for {name_of(taken)}, and {where} "
                f"takes it for {name_of(known)}",
                f"take it for one type, or annotate what the final states of {machine.name} give",
            )

    def child_outputs(self, place: str) -> dict[str, Any]:
        """The type of each child's output, if the child or the functions that take it have one."""
        found: dict[str, Any] = {}
        for name, machine in self.children.items():
            type_ = machine.output_type
            if type_ is None:
                type_, place = self.outputs.get(name, (None, place))
            if type_ is None:
                continue
            what = f"the output of {name} is taken for {name_of(type_)}, which"
            if self._shape(type_, what, place) is not None:
                found[name] = type_
        return found

    def child(self, child: Child, place: str) -> Definition[Any] | None:
        machine = getattr(child.machine, "definition", None)
        if not isinstance(machine, Definition):
            self.complain(
                place, f"{_shown(child.machine)} is no machine", "give child() a Machine class"
            )
            return None
        if self.children.setdefault(machine.name, machine) is not machine:
            self.complain(
                place, f"another child machine is called {machine.name!r} too", "rename one of them"
            )
        return machine

    def _checked(self, value: Any, role: str, place: str, event: Any) -> int | None:
        """How many arguments to call it with; None, with a problem noted, if it can't be called."""
        if isinstance(value, Effect):
            self.complain(
                place,
                f"effect {value.name} is used as {_article(role)}",
                "effects go to invoke=, do=, entry= and exit= and answer with an event; a "
                f"{role} is a plain function",
            )
            return None
        if not callable(value) or is_node(value) or isinstance(value, Rule):
            self.complain(
                place, f"{_shown(value)} is used as {_article(role)}", "give it a function"
            )
            return None
        name = plain_name(value)
        why = deferral(value)
        if why is not None:
            self.complain(
                place,
                f"{role} {name} {why}",
                "a step waits for nothing: return a value, or make it an @effect and take its "
                "outcome with on_result",
            )
            return None
        takes = positional(value)
        if takes not in (1, 2, 3):
            counted = "unknown" if takes is None else takes
            self.complain(
                place,
                f"{role} {name} has the wrong parameters (required positional ones: {counted})",
                "it takes (data), (data, event) or (data, event, context)",
            )
            return None
        self._check_annotations(value, f"{role} {name}", place, event)
        return takes

    def _seen_by(self, function: Any) -> Any:
        """The type of the data that it is called with."""
        return function.narrowing.type if isinstance(function, Narrowed) else self.data

    def _check_annotations(self, value: Any, who: str, place: str, event: Any) -> None:
        found, data = parameter_types(value), self._seen_by(value)
        if found and not accepts(found[0], data):
            self.complain(
                place,
                f"{who} takes {name_of(found[0])}, but {_whose(value)} data is {name_of(data)}",
                "annotate its first parameter with the type of the data",
            )
        if len(found) > 1 and not accepts_all(found[1], event):
            self.complain(
                place,
                f"{who} takes the event {name_of(found[1])}, but the transition's is "
                f"{name_of(event)}",
                f"annotate it with {name_of(event)}, a union with it, or Event",
            )

    def _free(self, name: str) -> str:
        number, free = 1, name
        while free in self.functions:
            number += 1
            free = f"{name}#{number}"
        return free


def _whose(function: Any) -> str:
    return f"{function.narrowing.path}'s" if isinstance(function, Narrowed) else "the machine's"


def _article(role: str) -> str:
    return f"{'an' if role[0] in 'aeiou' else 'a'} {role}"


def plain_name(value: Callable[..., Any]) -> str:
    if isinstance(value, Narrowed):
        return f"{value.narrowing.path}.{plain_name(value.__wrapped__)}"
    name = getattr(value, "__name__", None) or getattr(
        getattr(value, "func", None), "__name__", type(value).__name__
    )
    return str(name).strip("<>")


def _shown(value: Any) -> str:
    text = getattr(value, "__name__", None) or repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."


def _invoke_hint(item: Any) -> str:
    if hasattr(item, "definition"):
        return f"write invoke=child({_shown(item)})"
    if inspect.isroutine(item):
        return f"put @effect above {_shown(item)}"
    return "give it an effect, child(Machine), or a tuple of them"


def _is_hashable(value: Any) -> bool:
    try:
        hash(value)
    except TypeError:
        return False
    return True
