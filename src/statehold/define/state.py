"""States as objects, and the arrows between them.

A state is an attribute of the class that contains it: an object if it has no children, otherwise a
nested class. ``a >> b`` is an arrow, ``a | b`` are several sources; both take objects and nested
classes.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeAlias, Union

from statehold.chart.context import Context
from statehold.chart.effect import Effect
from statehold.chart.model import Kind
from statehold.define.body import Body, names_of
from statehold.define.effects import Child
from statehold.define.narrowing import Fault, Narrowing
from statehold.define.source_line import caller

#: a moment is aware; a duration counts from the entry of the state
DelayLike: TypeAlias = timedelta | Callable[[Any], timedelta] | Callable[[Any], datetime]
AnyFunction: TypeAlias = (
    Callable[[Any], Any] | Callable[[Any, Any], Any] | Callable[[Any, Any, Context], Any]
)
#: what ``entry`` and ``exit`` take: functions change the data, effects are started and outlive the
#: state
Content: TypeAlias = (
    AnyFunction | Effect[Any, Any] | tuple[AnyFunction | Effect[Any, Any], ...] | None
)
Invoked: TypeAlias = Effect[Any, Any] | Child | tuple[Effect[Any, Any] | Child, ...] | None


class Source:
    """What an arrow can start from or lead to: ``State``, ``Final``, ``History``."""

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

    if not TYPE_CHECKING:

        def __call__(self, *args: Any, **kwargs: Any) -> Any:
            raise TypeError(not_callable(self))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.id!r})"


class State(Source):
    """An atomic state: one without children.

    ::

        offering = State(initial=True, invoke=offer, owner="restaurant", deadline=minutes(10))

    - ``initial``: the child that its parent enters by default.
    - ``entry``, ``exit``: an action or an effect, or a tuple of them, run when the state is entered
      or left.
    - ``invoke``: an effect or a :func:`child`, or a tuple of them, that lives as long as the state
      is active.
    - ``owner``: the role whose turn it is; instances can be listed by it.
    - ``tags``: texts that instances can be listed by.
    - ``deadline``: when the state should be left, for boards and reports: a duration from its
      entry, or a function of the data that gives a duration or an aware moment. Nothing happens
      when it passes.
    - ``doc``: a description.
    - ``label``: what people read in its place, on screens and in drawings, one line; if left out,
      its name in words.
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
        label: str = "",
    ) -> None:
        self._declared = Declared(
            "atomic", initial, entry, exit, invoke, owner, tags, deadline, doc,
            label=label, where=caller(),
        )  # fmt: skip


class Final(Source):
    """A final state: the end of the instance if it stands at the top, else of its parent.

    ::

        delivered = Final(output=receipt_of)

    When it is entered at the top, every active state is exited and the instance is done. Inside a
    compound state it completes that state, which ``on_done`` takes.

    - ``output``: a function of the data (and the event, and the context) that gives the instance's
      output, or the ``output`` of the parent's :class:`statehold.Done` event.
    - ``initial``, ``entry``, ``exit``, ``owner``, ``tags``, ``doc``, ``label``: as for
      :class:`State`.
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
        label: str = "",
    ) -> None:
        self._declared = Declared(
            "final", initial, entry, exit, None, owner, tags, None, doc, output,
            label=label, where=caller(),
        )  # fmt: skip


class History(Source):
    """A target that means what was active in its parent when the parent was last left.

    ::

        class cooking(Compound):
            chopping = State(initial=True)
            baking = State()
            where_it_was = History()


        resume = on(Resume, paused >> cooking.where_it_was)

    - ``deep``: it remembers the active states down to the leaves; else the active children alone,
      each of which is then entered by default.
    - ``default``: the target while nothing is remembered, a state or a tuple of states; if left
      out, what the parent enters by default.
    - ``doc``: a description.
    """

    __slots__ = ()

    def __init__(self, *, deep: bool = False, default: Target | None = None, doc: str = "") -> None:
        self._declared = Declared("history", deep=deep, default=default, doc=doc, where=caller())


class StateClass(type):
    """The metaclass of nested states: it gives them the operators of states."""

    _declared: Declared

    @classmethod
    def __prepare__(cls, name: str, bases: tuple[type, ...], /, **kwargs: Any) -> Body:
        return Body()

    def __rshift__(cls, target: Target) -> Arrow:
        return Arrow((cls,), target)

    # ``|`` of classes makes a type; a state is never one, so here it joins sources
    def __or__(cls, other: Any) -> Sources:  # type: ignore[override]
        return Sources((cls, *_members(other)))

    def __ror__(cls, other: Any) -> Sources:  # type: ignore[override]
        return Sources((*_members(other), cls))


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
    label: str = ""
    where: str = ""
    id: str | None = None
    machine: type | None = None
    rules: dict[int, str] = field(default_factory=dict)
    use: Use | None = None
    #: of a class: the number of the rule that comes next when its body is complete
    end: int = 0


@dataclass(slots=True, eq=False)
class Use:
    """What is inside a use of a state's class, by name.

    ``narrowing`` says what its functions see, if it has ``data=``; ``faults`` are what is wrong
    with it, each with the way out.
    """

    body: dict[str, Any] = field(default_factory=dict)
    #: what stands in it for the states of its class, by their ids
    copies: dict[int, Any] = field(default_factory=dict)
    narrowing: Narrowing | None = None
    faults: list[Fault] = field(default_factory=list)


def docstring(cls: type) -> str:
    """The class's own docstring, not one that it inherits."""
    return inspect.cleandoc(cls.__dict__.get("__doc__") or "")


#: what a state may be called too, and then hides in the body that it stands in
RULE_FUNCTIONS = (
    "on", "after", "always", "on_done", "on_result", "on_failure", "on_cancel", "active", "child",
    "effect", "parameter", "silence", "seconds", "minutes", "hours", "days",
)  # fmt: skip


def not_callable(value: object) -> str:
    """Why a state or a rule can't be called: most often it has the name of a rule function."""
    names = names_of(value)
    called = names[0] if names else getattr(value, "__name__", "it")
    if called in RULE_FUNCTIONS:
        return (
            f"{called!r} is a name of this body and hides statehold's {called}(): rename it, or "
            f"write statehold.{called}(...) after import statehold"
        )
    return f"{called!r} is a state or a transition, which is not called; leave the parentheses out"


def _members(value: Any) -> tuple[Node, ...]:
    if isinstance(value, Sources):
        return value.nodes
    if isinstance(value, Anywhere):
        raise TypeError("anywhere stands alone: it holds all states of its body")
    if is_node(value):
        return (value,)
    raise TypeError(f"| joins states, not {value!r}")


class Nested(metaclass=StateClass):
    """A state with states inside: a class, or a use of one, which is an instance of it."""

    _declared: Declared

    def __rshift__(self, target: Target) -> Arrow:
        return Arrow((self,), target)

    def __or__(self, other: Node | Sources) -> Sources:
        return Sources((self, *_members(other)))

    if not TYPE_CHECKING:

        def __call__(self, *args: Any, **kwargs: Any) -> Any:
            raise TypeError(not_callable(self))


# with `|`, the operator of states would be meant
Node: TypeAlias = Union[Source, StateClass, Nested]  # noqa: UP007
#: several targets lie in different regions of one parallel state; a function gives what stands in a
#: body around this one, which has no name here
Target: TypeAlias = Node | tuple[Node, ...] | Callable[[], Node | tuple[Node, ...]]


class Anywhere:
    """Stands for the state whose body a rule stands in: the machine at the top, or the compound or
    parallel state around the rule.

    ::

        class OrderFlow(Machine[Order], name="order", version=1):
            ...
            fail = on(Fail, anywhere >> failed)

    The rule is one of that state, and holds whatever is active inside it. States inside are asked
    first, as in any statechart. ``on(Note, anywhere, do=...)`` leaves no state. Its one value is
    ``anywhere``.
    """

    __slots__ = ()

    def __rshift__(self, target: Target) -> Arrow:
        return Arrow((self,), target)

    def __repr__(self) -> str:
        return "anywhere"


#: the state whose body the rule stands in
anywhere = Anywhere()


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
    """Sources and target of a transition, ``a >> b``. ``target`` None: targetless."""

    sources: tuple[Node | Anywhere, ...]
    target: Target | None

    def targets(self) -> tuple[Any, ...]:
        """Its states, or the function that gives them."""
        if self.target is None:
            return ()
        return self.target if isinstance(self.target, tuple) else (self.target,)


@dataclass(frozen=True, slots=True)
class Active:
    """The guard that :func:`active` gives."""

    node: Node | Callable[[], Node]


def active(state: Node | Callable[[], Node]) -> Active:
    """A guard that says yes while the state is active (SCXML 5.9.1, ``In``).

    ::

        serve = on(Serve, ready >> served, when=active(fulfilling.courier.waiting))

    A state of a body around the rule's is given by a function:
    ``active(lambda: OrderFlow.fulfilling.courier.waiting)``.
    """
    return Active(state)


def body_of(holder: Any) -> Iterator[tuple[str, Any]]:
    """What stands in a class, or in a use of one, by name and in order."""
    use = holder._declared.use if isinstance(holder, Nested) else None
    for name, value in list(vars(holder).items() if use is None else use.body.items()):
        if not (name.startswith("__") and name.endswith("__")) and name != "_declared":
            yield name, value


def declared(node: Node) -> Declared:
    return node._declared


def is_node(value: object) -> bool:
    """Whether it is a state: an object, a use, or a nested class other than the two bases."""
    return isinstance(value, (Source, StateClass, Nested)) and hasattr(value, "_declared")
