"""A machine: a chart with the type of its data and the functions that it names."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Generic, Protocol, TypeAlias

from typing_extensions import TypeVar

from statehold.chart.access import UNSTATED, Access
from statehold.chart.deferred import settled
from statehold.chart.effect import Effect
from statehold.chart.event import Event
from statehold.chart.model import Chart
from statehold.chart.values import Shape

D = TypeVar("D")


#: in :attr:`Uses.sends`, in place of a machine's name
ITSELF, PARENT = "", "#parent"


@dataclass(frozen=True, slots=True)
class Uses:
    """What an expression is known to read and write; of Python code it is not known.

    ``reads`` and ``writes`` are fields of the data, as ``a`` or ``a.b``; ``raises`` the names of
    events that it queues within the step; ``sends`` the machines that it sends to, with the names
    of the events (:data:`ITSELF`, :data:`PARENT`).
    """

    reads: frozenset[str] = frozenset()
    writes: frozenset[str] = frozenset()
    raises: frozenset[str] = frozenset()
    sends: frozenset[tuple[str, str]] = frozenset()


@dataclass(frozen=True, slots=True)
class Function:
    """A guard or an action, and how many of ``(data, event, context)`` it takes: 1, 2 or 3."""

    call: Callable[..., Any]
    takes: int
    #: None: not known
    uses: Uses | None = None


@dataclass(frozen=True, slots=True)
class Maker:
    """What a start takes where that is not the data, and the function that makes the data of it.

    ``function`` takes ``(input)`` or ``(input, context)``: 1 or 2.
    """

    input: Shape[Any]
    function: Function


@dataclass(frozen=True, slots=True)
class Upgrade:
    """How an instance of ``from_version`` becomes one of the version that declares this.

    ::

        upgrades = (Upgrade(1, states={"cooking": kitchen.cooking}, data=add_currency),)

    - ``states`` maps an old state's path to the new state (a state of the class, or a path). A path
      that is left out maps to itself.
    - ``data`` takes the old data as plain JSON values and gives the new data, as a value of the
      data type or as plain JSON values for it. None keeps the data.
    - ``effects`` maps names of effects in flight, as ``states`` does.
    - ``timers`` maps the paths of old ``after`` rules to new ones (rules or paths); None drops the
      timer. A rule of the same name needs no mapping.
    """

    from_version: int
    states: Mapping[str, Any] = field(default_factory=dict)
    data: Callable[[dict[str, Any]], Any] | None = None
    effects: Mapping[str, Any] = field(default_factory=dict)
    timers: Mapping[str, Any] = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class Definition(Generic[D]):
    """One version of a machine, ready to be interpreted.

    ``functions`` holds guards, actions, delays, inputs and outputs by the names that the chart
    uses; ``effects`` and ``children`` what its invokes name; ``indexes`` the functions whose
    values instances can be listed by.
    """

    chart: Chart
    data: Shape[D]
    events: Mapping[str, Shape[Event]] = field(default_factory=dict)
    #: None: a start takes the data
    maker: Maker | None = None
    functions: Mapping[str, Function] = field(default_factory=dict)
    effects: Mapping[str, Effect[Any, Any]] = field(default_factory=dict)
    children: Mapping[str, AMachine] = field(default_factory=dict)
    #: the types of the children's outputs by the children's names, where they are annotated
    child_outputs: Mapping[str, Any] = field(default_factory=dict)
    #: the type of its own instances' output; None where it is not annotated
    output_type: Any = None
    upgrades: tuple[Upgrade, ...] = ()
    #: who may do what
    access: Access = UNSTATED
    #: the machines that it may send to, by their names; None: any
    covers: tuple[str, ...] | None = None
    view: Callable[[D], Any] | None = None
    #: what callers with a role see in place of it; of several roles, the first one here
    views: Mapping[str, Callable[[D], Any]] = field(default_factory=dict)
    indexes: Mapping[str, Callable[[D], str | int | None]] = field(default_factory=dict)
    #: shapes of results of effects and outputs of children, made at first use
    results: dict[str, Shape[Any]] = field(default_factory=dict)
    outputs: dict[str, Shape[Any]] = field(default_factory=dict)
    #: the roles that every transition for an event asks for one of, by the event, made at first
    #: use; empty: some transition asks for none
    senders: dict[str, frozenset[str]] = field(default_factory=dict)
    #: the roles that any transition asks for, made at first use
    asked_roles: frozenset[str] | None = None
    #: the interpreter's compiled form, made at first use
    program: Any = field(default=None, repr=False)
    #: what the static checks found when an engine started, kept for the next start
    checked: Any = field(default=None, repr=False)
    #: names of the events that no caller of a server may send
    internal: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        self.internal = frozenset(event.name for event in self.chart.events if event.internal)

    @property
    def definition(self) -> Definition[D]:
        return self

    @property
    def name(self) -> str:
        return self.chart.name

    @property
    def version(self) -> int:
        return self.chart.version

    @property
    def input(self) -> Shape[Any]:
        """What a start takes."""
        return self.data if self.maker is None else self.maker.input

    @property
    def input_words(self) -> str:
        """What errors call it."""
        return "the data" if self.maker is None else "the input"

    def shown(self, data: D, named: str | None = None) -> Any:
        """What readers see of the data: what the view of this name gives, or else ``view``, or all
        of it where there is none."""
        view = self.view if named is None else self.views[named]
        return data if view is None else settled(view(data))


D_co = TypeVar("D_co", covariant=True, default=Any)
E_contra = TypeVar("E_contra", contravariant=True, default=Any)
I_contra = TypeVar("I_contra", contravariant=True, default=Any)
V_co = TypeVar("V_co", covariant=True, default=Any)
#: as an output is given and taken
P = TypeVar("P", default=Any)


class MachineClass(Protocol[E_contra, I_contra, V_co, P, D_co]):
    """What type checkers know of a class of the class notation: the events that may be sent to it,
    its input, what its ``view`` shows, its output and its data.

    Only checkers read the methods; :class:`statehold.Machine` has them for them alone. They are
    those of an instance, since of a class's own attributes pyright takes none for a protocol's that
    is not declared as a class variable.
    """

    program: ClassVar[Any]
    definition: ClassVar[Definition[Any]]

    def _takes(self, event: E_contra, input: I_contra, /) -> None: ...
    def _shows(self) -> V_co: ...
    def _gives(self, output: P, /) -> P: ...
    def _owns(self) -> D_co: ...


AMachine: TypeAlias = Definition[Any] | type[MachineClass]
"""A :class:`statehold.Definition`, or a class of the class notation, which carries one."""
#: in the signature of a function, an event and the input of the machine that it is given, its
#: output, and what its view shows, which is anything where the machine is not given by its class
E = TypeVar("E", bound=Event)
I = TypeVar("I")  # noqa: E741 - the input
O = TypeVar("O")  # noqa: E741 - the output
V = TypeVar("V", default=Any)
#: what stands for an event, data or input that has yet to be read: plain values, or JSON
Plain: TypeAlias = Mapping[str, Any] | bytes
#: a machine's class, its definition or its name; ``V`` is what its view shows, if that is known
MachineName: TypeAlias = type[MachineClass[Any, Any, V]] | Definition[Any] | str
