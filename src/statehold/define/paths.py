"""The states that rules name, as their paths in the chart."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from types import CellType, FunctionType
from typing import Any

from statehold.define.declarations import Declarations
from statehold.define.rule import several
from statehold.define.state import Anywhere, is_node


class StatePaths:
    """Finds them; notes what is no state of this machine."""

    def __init__(self, declarations: Declarations, complain: Callable[[str, str, str], None]):
        self.declarations = declarations
        self.complain = complain
        self.machine = declarations.machine

    def of(
        self,
        nodes: tuple[Any, ...],
        place: str,
        holder: str | None = None,
        *,
        body: str = "",
    ) -> tuple[str, ...] | None:
        """Paths, each once; None, with problems noted, where one is no state of this machine.

        ``holder`` is what ``anywhere`` means, ``body`` the path of the body that a rule stands in.
        """
        found: dict[str, None] = {}
        complete = True
        for node in self._resolved(nodes, place):
            path = self._path(self.declarations.copy_of(node, body), place, holder)
            complete = complete and path is not None
            if path is not None:
                found[path] = None
        return tuple(found) if complete else None

    def _path(self, node: Any, place: str, holder: str | None) -> str | None:
        if isinstance(node, Anywhere):
            if holder is None:
                self.complain(place, "anywhere is no target", "name the state that it leads to")
            return holder
        path = self.declarations.id_of(node)
        if path is not None or node is _UNRESOLVED or self.declarations.is_refused(node):
            return path
        if not is_node(node):
            self.complain(place, f"{node!r} is not a state", "arrows lead from state to state")
        elif node._declared.machine not in (None, self.machine):
            self.complain(
                place,
                f"{node._declared.id} is a state of another machine, "
                f"{node._declared.machine.__name__}",
                "send it an event from an action (context.send), or invoke it with child()",
            )
        else:
            self.complain(
                place,
                f"the state made at {node._declared.where} has no name in this machine",
                "assign it to an attribute of the class, and use no name twice",
            )
        return None

    def _resolved(self, nodes: tuple[Any, ...], place: str) -> Iterator[Any]:
        for node in nodes:
            if inspect.isfunction(node):
                yield from self._given(node, place)
            else:
                yield node

    def _given(self, function: FunctionType, place: str) -> tuple[Any, ...]:
        """What a function gives that stands for states of a body around the rule's."""
        try:
            found = several(self._bound(function)())
        except Exception as error:  # noqa: BLE001 - not swallowed: it is a problem of the class
            self.complain(
                place,
                f"the function for a state raised {type(error).__name__}: {error}",
                f"write lambda: {self.machine.__name__}. and the path of the state",
            )
            return (_UNRESOLVED,)
        if not found:
            self.complain(place, "the function for a state gives none", "let it give the state")
            return (_UNRESOLVED,)
        return found

    def _bound(self, function: FunctionType) -> FunctionType:
        """The same with the machine under its name, which it gets only after its body."""
        name, machine = self.machine.__name__, self.machine
        if function.__module__ != machine.__module__:
            return function
        closure = zip(function.__code__.co_freevars, function.__closure__ or (), strict=True)
        bound = FunctionType(
            function.__code__,
            {**function.__globals__, name: machine},
            function.__name__,
            function.__defaults__,
            tuple(CellType(machine) if free == name else cell for free, cell in closure),
        )
        bound.__kwdefaults__ = function.__kwdefaults__
        return bound


#: in place of what a function did not give, which is noted
_UNRESOLVED: Any = object()
