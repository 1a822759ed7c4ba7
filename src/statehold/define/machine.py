"""The class that a machine is written as."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, Generic, Self, TypeVar

from statehold.chart.machine import Definition, Upgrade
from statehold.chart.model import Chart
from statehold.define.compiler import compile_machine
from statehold.define.silences import Silenced

D = TypeVar("D")


class Machine(Generic[D]):
    """A machine: ``class OrderFlow(Machine[Order], name="order", version=1)``.

    ``Order`` is the type of the data: anything that pydantic's ``TypeAdapter`` takes. The body
    holds the states, then the table of transitions; the class is compiled where it stands, and
    ``OrderFlow.definition`` is what an engine runs. Beside them the body may hold

    - ``view``: a function of the data (plain or ``staticmethod``), what readers see of it;
    - ``indexes``: names to functions of the data, or a tuple of names of its fields, by which
      instances can be listed;
    - ``upgrades``: how instances of earlier versions become ones of this version;
    - ``silences``: findings of the static checks that are meant to be so, and why.

    Raises ``DefinitionError``, which lists every mistake with its place and a hint.
    """

    definition: ClassVar[Definition[Any]]
    chart: ClassVar[Chart]
    #: the interpreter's compiled form, as on the definition
    program: ClassVar[Any] = None
    indexes: ClassVar[
        Mapping[str, Callable[[Any], str | int | None]] | tuple[str, ...] | list[str]
    ] = ()
    upgrades: ClassVar[Sequence[Upgrade]] = ()
    silences: ClassVar[Sequence[Silenced]] = ()

    def __init_subclass__(cls, *, name: str = "", version: int = 0) -> None:
        super().__init_subclass__()
        cls.definition = compile_machine(cls, name, version)
        cls.chart = cls.definition.chart

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        raise TypeError(
            f"{cls.__name__} is a machine; its instances live in an engine: "
            f"await engine.start({cls.__name__}, id=...)"
        )
