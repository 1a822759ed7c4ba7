"""The base class of machines."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Protocol, Self, overload

from typing_extensions import TypeVar

from statehold.chart.access import UNSTATED, Access
from statehold.chart.event import Event
from statehold.chart.machine import Definition, Upgrade
from statehold.chart.model import Chart
from statehold.define.body import MachineType
from statehold.define.compiler import compile_machine
from statehold.define.rule import Do
from statehold.define.silences import Silenced

D = TypeVar("D")
E = TypeVar("E", bound=Event, default=Any)
I = TypeVar("I", default=D)  # noqa: E741 - the input
O = TypeVar("O", default=Any)  # noqa: E741 - the output
V_co = TypeVar("V_co", covariant=True)


class _Viewed(Protocol[V_co]):
    @property
    def view(self) -> Callable[[Any], V_co]: ...


class _ViewedAtAll(Protocol):
    @property
    def view(self) -> Any: ...


if TYPE_CHECKING:
    # mypy leaves the options of a class with a metaclass unchecked
    class _Bodied:
        pass
else:

    class _Bodied(metaclass=MachineType):
        pass


class Machine(_Bodied, Generic[D, E, I, O]):
    """The base class of a machine.

    ``Machine[Order]`` says the type of the data: anything that pydantic's ``TypeAdapter`` takes;
    ``Machine[None]`` has none. ``Machine[Order, Accept | Reject]`` names its events too, so that
    type checkers know what may be sent to it: those of the rules, neither more nor fewer. Internal
    ones may be left out, and where a rule takes ``AnyEvent`` there may be more. ``Never`` stands
    for none, ``Any`` leaves them open. The third parameter is what a start takes, if that is not
    the data; the fourth is the type of what the final states at the top give, for machines that run
    this one as a child.

    The class takes ``name``, at most 64 lower-case letters, digits, underscores and hyphens, and
    ``version``, which counts from 1; ``label`` is what people read in place of the name. Its
    docstring describes the machine. Its body holds the states, then the rules::

        class OrderFlow(Machine[Order, Accept], name="order", version=1):
            offering = State(initial=True)
            cooking = State()
            accept = on(Accept, offering >> cooking)

    It may also hold

    - ``input``: a function that makes the data of what a start takes, ``(input)`` or ``(input,
      context)``; without one, a start takes the data. Its type is the third parameter,
      ``Machine[Order, Accept, NewOrder]``, or the annotation of the function's own;
    - ``access``: an :class:`statehold.Access`, who may do what; what it leaves out, and all of it
      where there is none, is for the server to say;
    - ``view``: a function of the data that gives what readers see; the whole data if left out.
      Under ``@staticmethod``, or as ``view = staticmethod(function)``, type checkers know what it
      gives: that is the type of ``reply.view``;
    - ``views``: names of roles with such functions, for what callers with a role see in its place;
      of several roles that a caller has, the first one here counts;
    - ``indexes``: names to functions of the data that give a text, a whole number or None, or a
      tuple of names of fields: instances can be listed by them;
    - ``do``: an action or an effect, or a tuple of them, that every transition does after its own;
    - ``upgrades``: a sequence of :class:`statehold.Upgrade`, how instances of earlier versions
      become ones of this version;
    - ``silences``: a sequence of :func:`silence`, findings of the static checks that are intended.

    The class is compiled where it is declared: ``OrderFlow.definition`` is what an engine runs and
    ``OrderFlow.chart`` its states and transitions. It has no instances: ``OrderFlow()`` raises
    ``TypeError``. A class with mistakes raises one ``DefinitionError`` that lists all of them,
    each with its place and a hint.
    """

    definition: ClassVar[Definition[Any]]
    chart: ClassVar[Chart]
    #: the interpreter's compiled form, as on the definition
    program: ClassVar[Any] = None
    access: ClassVar[Access] = UNSTATED
    views: ClassVar[Mapping[str, Callable[[Any], Any]]] = {}
    indexes: ClassVar[
        Mapping[str, Callable[[Any], str | int | None]] | tuple[str, ...] | list[str]
    ] = ()
    # mypy takes a function in a body for a method, without its first parameter
    do: ClassVar[Do[Any] | Callable[[], Any]] = ()
    upgrades: ClassVar[Sequence[Upgrade]] = ()
    silences: ClassVar[Sequence[Silenced]] = ()

    if TYPE_CHECKING:
        # the form of a MachineClass
        def _takes(self, event: E, input: I, /) -> None: ...
        @overload
        def _shows(self: _Viewed[V_co]) -> V_co: ...
        @overload
        def _shows(self: _ViewedAtAll) -> Any: ...
        @overload
        def _shows(self) -> D: ...
        def _shows(self) -> Any: ...
        def _gives(self, output: O, /) -> O: ...
        def _owns(self) -> D: ...

    def __init_subclass__(cls, *, name: str = "", version: int = 0, label: str = "") -> None:
        super().__init_subclass__()
        cls.definition = compile_machine(cls, name, version, label)
        cls.chart = cls.definition.chart

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        raise TypeError(
            f"{cls.__name__} is a machine; its instances live in an engine: "
            f"await engine.start({cls.__name__}, id=...)"
        )
