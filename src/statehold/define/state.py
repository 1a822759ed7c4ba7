"""States as objects, and the arrows between them.

A state is an attribute of the class that holds it: an object for one without children, a nested
class for one with. ``a >> b`` is an arrow, ``a | b`` several sources; both work on objects and on
nested classes alike.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Self, TypeAlias

from statehold.chart.context import Context
from statehold.chart.effect import Effect
from statehold.chart.model import Kind
from statehold.define.effects import Child
from statehold.define.source_line import caller

#: a moment is aware; a duration counts from the entry of the state
DelayLike: TypeAlias = timedelta | Callable[[Any], timedelta] | Callable[[Any], datetime]
AnyFunction: TypeAlias = (
    Callable[[Any], Any] | Callable[[Any, Any], Any] | Callable[[Any, Any, Context], Any]
)
#: what ``entry`` and ``exit`` take: functions change the data, effects are asked for and outlive
#: the state
Content: TypeAlias = (
    AnyFunction | Effect[Any, Any] | tuple[AnyFunction | Effect[Any, Any], ...] | None
)
Invoked: TypeAlias = Effect[Any, Any] | Child | tuple[Effect[Any, Any] | Child, ...] | None


class Source:
    """Anything an arrow can start from or lead to: ``State``, ``Final``, ``History``."""

    __slots__ = ("_declared",)

    _declared: Declared

    @property
    def id(self) -> str:
        """The path in the chart, ``fulfilling.kitchen.cooking``; empty until the machine is
        compiled."""
        return self._declared.id or ""

    def __rshift__(self, target: Target) -> Arrow:
        return Arrow((self,), target)

    def __or__(self, other: Node | Sources) -> Sources:
        return Sources((self, *_members(other)))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.id!r})"


class State(Source):
    """A state without children.

    ``initial``: the one its parent enters by default. ``entry``, ``exit``: one function or effect,
    or a tuple. ``invoke``: effects, or children made by :func:`.effects.child`, that live as long
    as the state is active. ``owner``: who has to act here. ``deadline``: when it is to be left,
    for boards and reports; nothing happens by itself then.
    """

    __slots__ = ()

    def __init__(
        self,
        *,
        initial: bool = False,
        entry: Content = None,
        exit: Content = None,
        invoke: Invoked = None,
        owner: str | None = None,
        tags: tuple[str, ...] = (),
        deadline: DelayLike | None = None,
        doc: str = "",
    ) -> None:
        self._declared = Declared(
            "atomic", initial, entry, exit, invoke, owner, tags, deadline, doc, where=caller()
        )


class Final(Source):
    """An end: of the instance at the top, of the compound state that holds it elsewhere.

    ``output`` is a function of the data; its value is the instance's output, or comes with the
    :class:`statehold.Done` event of the compound state.
    """

    __slots__ = ()

    def __init__(
        self,
        *,
        initial: bool = False,
        output: AnyFunction | None = None,
        entry: Content = None,
        exit: Content = None,
        owner: str | None = None,
        tags: tuple[str, ...] = (),
        doc: str = "",
    ) -> None:
        self._declared = Declared(
            "final", initial, entry, exit, None, owner, tags, None, doc, output, where=caller()
        )


class History(Source):
    """Stands for what was active in the state that holds it when that was last left.

    ``deep``: down to the leaves, else its children alone. ``default`` says where to go when it
    was never left; left out, it is what the state that holds it enters by default.
    """

    __slots__ = ()

    def __init__(self, *, deep: bool = False, default: Target | None = None, doc: str = "") -> None:
        self._declared = Declared("history", deep=deep, default=default, doc=doc, where=caller())


class StateClass(type):
    """The type of nested classes: gives them the operators of states."""

    _declared: Declared

    def __rshift__(cls, target: Target) -> Arrow:
        return Arrow((cls,), target)

    # a class's own ``|`` makes a type; here it never can, a state is no type of anything
    def __or__(cls, other: Any) -> Sources:  # type: ignore[override]
        return Sources((cls, *_members(other)))

    def __ror__(cls, other: Any) -> Sources:  # type: ignore[override]
        return Sources((*_members(other), cls))


class Compound(metaclass=StateClass):
    """A state with children of which exactly one is active: ``class kitchen(Compound): ...``.

    The options are those of :class:`State`; the docstring is its description.
    """

    def __init_subclass__(
        cls,
        *,
        initial: bool = False,
        entry: Content = None,
        exit: Content = None,
        invoke: Invoked = None,
        owner: str | None = None,
        tags: tuple[str, ...] = (),
        deadline: DelayLike | None = None,
    ) -> None:
        super().__init_subclass__()
        cls._declared = Declared(
            "compound", initial, entry, exit, invoke, owner, tags, deadline, where=caller()
        )
        cls._declared.doc = docstring(cls)

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        raise TypeError(f"{cls.__name__} is a state; it has no instances, use the class itself")


class Parallel(metaclass=StateClass):
    """A state whose children are all active together: ``class fulfilling(Parallel): ...``.

    The options are those of :class:`State`; the docstring is its description.
    """

    def __init_subclass__(
        cls,
        *,
        initial: bool = False,
        entry: Content = None,
        exit: Content = None,
        invoke: Invoked = None,
        owner: str | None = None,
        tags: tuple[str, ...] = (),
        deadline: DelayLike | None = None,
    ) -> None:
        super().__init_subclass__()
        cls._declared = Declared(
            "parallel", initial, entry, exit, invoke, owner, tags, deadline, where=caller()
        )
        cls._declared.doc = docstring(cls)

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        raise TypeError(f"{cls.__name__} is a state; it has no instances, use the class itself")


Node: TypeAlias = Source | StateClass
#: several targets lie in different regions of one parallel state
Target: TypeAlias = Node | tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Sources:
    """Several states that one transition leaves: ``offering | fulfilling``."""

    nodes: tuple[Node, ...]

    def __or__(self, other: Node | Sources) -> Sources:
        return Sources((*self.nodes, *_members(other)))

    def __rshift__(self, target: Target) -> Arrow:
        return Arrow(self.nodes, target)


@dataclass(frozen=True, slots=True)
class Arrow:
    """From where to where; a rule makes it a transition. ``target`` None: targetless."""

    sources: tuple[Node, ...]
    target: Target | None

    def targets(self) -> tuple[Node, ...]:
        if self.target is None:
            return ()
        return self.target if isinstance(self.target, tuple) else (self.target,)


@dataclass(frozen=True, slots=True)
class Active:
    """The guard made by :func:`active`."""

    node: Node


def active(state: Node) -> Active:
    """A guard: the state is active now. ``when=active(fulfilling.courier.waiting)``"""
    return Active(state)


@dataclass(slots=True, eq=False)
class Declared:
    """What the notation declares about a state, until its machine is compiled.

    ``rules`` are the source lines of the rules that start here, by their numbers, so that a rule
    that is assigned to no name is found.
    """

    kind: Kind
    initial: bool = False
    entry: Content = None
    exit: Content = None
    invoke: Invoked = None
    owner: str | None = None
    tags: tuple[str, ...] = ()
    deadline: DelayLike | None = None
    doc: str = ""
    output: AnyFunction | None = None
    deep: bool = False
    default: Target | None = None
    where: str = ""
    id: str | None = None
    machine: type | None = None
    rules: dict[int, str] = field(default_factory=dict)


def declared(node: Node) -> Declared:
    return node._declared


def is_node(value: object) -> bool:
    """Whether it is a state: an object, or a nested class other than the two bases."""
    return isinstance(value, Source | StateClass) and value not in (Compound, Parallel)


def docstring(cls: type) -> str:
    """The class's own docstring, not one that it inherits."""
    return inspect.cleandoc(cls.__dict__.get("__doc__") or "")


def _members(value: Any) -> tuple[Node, ...]:
    if isinstance(value, Sources):
        return value.nodes
    if is_node(value):
        return (value,)
    raise TypeError(f"| joins states, not {value!r}")
