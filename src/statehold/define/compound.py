"""States with states inside: classes, and uses of them under names of their own."""

from __future__ import annotations

from typing import Any, ClassVar, Self

from typing_extensions import dataclass_transform

from statehold.chart.model import Kind
from statehold.define.narrowing import Part
from statehold.define.parameter import option, parameter
from statehold.define.rule import next_number
from statehold.define.source_line import caller
from statehold.define.state import (
    RULE_FUNCTIONS,
    Content,
    Declared,
    DelayLike,
    Invoked,
    Nested,
    docstring,
    not_callable,
)
from statehold.define.use import make_use, parameter_problems
from statehold.errors import DefinitionError


@dataclass_transform(kw_only_default=True, eq_default=False, field_specifiers=(parameter, option))
class _Options(Nested):
    """The options of the class, and of its uses."""

    _kind: ClassVar[Kind]

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
        label: str = "",
    ) -> None:
        super().__init_subclass__()
        if cls.__module__ != __name__:
            cls._declared = Declared(
                cls._kind, initial, entry, exit, invoke, owner, tags, deadline,
                label=label, where=caller(), end=next_number(),
            )  # fmt: skip
            cls._declared.doc = docstring(cls)
            problems = parameter_problems(cls)
            if problems:
                raise DefinitionError(cls.__name__, problems)

    def __new__(cls, *args: Any, **given: Any) -> Self:
        if args and cls.__name__ in RULE_FUNCTIONS:
            raise TypeError(not_callable(cls))
        if not hasattr(cls, "_declared") or args:
            raise TypeError(
                f"{cls.__name__} takes what its uses give by name"
                if args
                else f"write class name({cls.__name__}): ..."
            )
        use = super().__new__(cls)
        make_use(use, given)
        return use


class _Usable(_Options):
    _initial: bool = option(default=False, alias="initial")
    _data: Part | None = option(default=None, alias="data")
    _label: str = option(default="", alias="label")


class Compound(_Usable):
    """A compound state: one of its children is active whenever it is.

    ::

        class kitchen(Compound, owner="cook"):
            cooking = State(initial=True)
            packed = Final()
            pack = on(Packed, cooking >> packed)

    The class takes the options of :class:`State` except ``doc``: its docstring is its description.
    One child is ``initial``. The body may hold rules, too; they stand in the smallest class that
    contains both ends, or further inside, with a function for a target outside:
    ``on(Cancel, cooking >> (lambda: OrderFlow.cancelled))``.

    A class that stands outside of a machine is used by calling it, under as many names as one
    likes. Each use has states of its own; :func:`parameter` is what they differ in::

        class checking(Parallel):
            domain = Verify(ask=resolve_domain, data="domain")
            phone = Verify(ask=call_back, office="support", data="phone")


        refuse = on(Refuse, checking.domain.unclear >> refused)

    - ``initial``, ``label``: as for :class:`State`.
    - ``data``: what the functions and effects of this use see in place of the data: the name of
      a field, or two functions, ``(read, put)``. ``read(data)`` gives the part, and
      ``put(data, part)`` puts it back after an action, in place or by returning new data. The
      effects are effects of their own then, whose names begin with the use's path:
      ``checking.domain.resolve_domain``, which ``checking.domain.ask`` is.
    """

    _kind = "compound"


class Parallel(_Usable):
    """A parallel state: all of its children, its regions, are active whenever it is.

    ::

        class fulfilling(Parallel):
            class kitchen(Compound): ...

            class courier(Compound): ...

    It is done when each of its regions is, which ``on_done`` takes. The class takes the options of
    :class:`State` except ``doc``: its docstring is its description. It can have parameters and be
    used several times, as :class:`Compound` can.
    """

    _kind = "parallel"
