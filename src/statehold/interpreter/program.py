"""A compiled machine: its tables, and the decision trees that its steps have built so far."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeVar

from statehold.chart.machine import AMachine, Definition
from statehold.interpreter.configuration import (
    Configuration,
    Configurations,
    DecisionNode,
    beginning,
)
from statehold.interpreter.tables import Tables

D = TypeVar("D")


def compile_program(machine: AMachine) -> Program[Any]:
    """The program of a machine, built at first use and kept on its definition."""
    definition = machine.definition
    if definition.program is None:
        definition.program = Program(definition)
    program: Program[Any] = definition.program
    # a class of the class notation keeps it too, which saves each step a look-up
    machine.program = program
    return program


class Program(Tables[D]):
    """The tables of a machine with its interned configurations."""

    def __init__(self, definition: Definition[D]) -> None:
        super().__init__(definition)
        self.configurations = Configurations(self)
        self._beginning: DecisionNode | None = None

    def configuration(self, leaves: Iterable[str]) -> Configuration:
        """The configuration with these active leaves; raises ``KeyError`` for an unknown state."""
        tree = self.tree
        active: set[int] = set()
        for leaf in leaves:
            state = tree.index[leaf]
            active.add(state)
            active.update(tree.ancestors(state))
        active.discard(0)
        return self.configurations[tuple(sorted(active))]

    def beginning(self) -> DecisionNode:
        """The leaf whose plan enters the chart from nowhere."""
        if self._beginning is None:
            self._beginning = beginning(self.configurations)
        return self._beginning
