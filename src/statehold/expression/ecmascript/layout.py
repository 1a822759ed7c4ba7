"""The compiler's analysis of a text: the names it uses, and the slots of its variables.

1. A unit is what has variables of its own while it runs: the text itself, and each function in it.
2. A local variable has a slot in each unit that uses it. At run time the slot holds a cell, a list
   of one value, so that a function shares the variables around it with whatever made it.
3. A name that is no local variable, no function and no constant is a variable of the machine.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from statehold.expression.ecmascript.kinds import THIS, Kind, Role
from statehold.expression.language import DEPTH_LIMIT, ExpressionRefused


@dataclass(eq=False, slots=True)
class Local:
    """A variable of a function, a block or a loop."""

    name: str
    is_constant: bool = False
    #: for a variable around a method, which has no cell: where it is now
    role: Role | None = None


@dataclass(slots=True)
class Uses:
    """What a text depends on, beside its own variables.

    ``asks`` are the functions of the scope that it may call (``In``), and ``Date`` where it asks
    for the time. ``changes_locals``: it may change what one of its own variables holds, which may
    be a part of the machine's data or of the event.
    """

    reads: set[str] = field(default_factory=set)
    writes: set[str] = field(default_factory=set)
    asks: set[str] = field(default_factory=set)
    changes_locals: bool = False

    def add(self, other: Uses, this: str = "") -> None:
        """``this`` is the object that a method is called on."""
        self.reads |= {this if name == THIS else name for name in other.reads}
        self.writes |= {this if name == THIS else name for name in other.writes}
        self.asks |= other.asks
        self.changes_locals |= other.changes_locals


class Unit:
    """``captured`` are the slots of variables of the unit around it: here, and there."""

    def __init__(self, parent: Unit | None, depth: int) -> None:
        self.parent = parent
        self.depth = depth
        self.deepest = depth
        self.size = 0
        self.loops = 0
        self.switches = 0
        self.scopes: list[dict[str, Local]] = [{}]
        self.slots: dict[Local, int] = {}
        self.captured: list[tuple[int, int]] = []

    def new_slot(self, local: Local) -> int:
        slot = self.slots[local] = self.size
        self.size += 1
        return slot


class Layout:
    """``may_write``: the text may change the machine's data."""

    def __init__(self, text: str, *, may_write: bool) -> None:
        self.text = text
        self.may_write = may_write
        self.uses = Uses()
        self.parts = 0
        self.unit = Unit(None, 0)
        self._depth = 0
        #: of a method: what its objects are, the variable that names the one it is called on, and
        #: its ``this``
        self.kind: Kind | None = None
        self.object: Local | None = None
        self.this_of_method: Local | None = None

    @property
    def is_function(self) -> bool:
        return self.unit.parent is not None

    @property
    def is_outermost_function(self) -> bool:
        return self.unit.parent is not None and self.unit.parent.parent is None

    def begin_method(self, kind: Kind, around: Mapping[str, Role]) -> None:
        """The text is a method; ``around`` are the names that it sees beside the document's."""
        self.kind = kind
        self.object = self.declare("(object)")
        for name, role in around.items():
            self.declare(name).role = role

    def enter(self) -> None:
        """One part of the text, one level deeper."""
        self.parts += 1
        self._depth += 1
        self.unit.deepest = max(self.unit.deepest, self._depth)
        if self._depth > DEPTH_LIMIT:
            raise self.refused(f"is nested more than {DEPTH_LIMIT} levels deep")

    def leave(self) -> None:
        self._depth -= 1

    def open_unit(self) -> None:
        self.unit = Unit(self.unit, self._depth)

    def close_unit(self) -> Unit:
        closed = self.unit
        assert closed.parent is not None
        self.unit = closed.parent
        return closed

    def open_scope(self) -> None:
        self.unit.scopes.append({})

    def close_scope(self) -> None:
        self.unit.scopes.pop()

    def declare(self, name: str, *, is_constant: bool = False) -> Local:
        """A variable of the innermost scope; making its cell is work, as a part of the text is."""
        self.parts += 1
        local = self.unit.scopes[-1][name] = Local(name, is_constant)
        self.unit.new_slot(local)
        return local

    def is_declared_here(self, name: str) -> bool:
        return name in self.unit.scopes[-1]

    def local(self, name: str) -> Local | None:
        """The local variable of this name, of this unit or one around it."""
        unit: Unit | None = self.unit
        while unit is not None:
            for scope in reversed(unit.scopes):
                if name in scope:
                    return scope[name]
            unit = unit.parent
        return None

    def slot(self, local: Local) -> int:
        """Where this unit holds the variable; one from around it is captured."""
        return _slot(self.unit, local)

    def slots(self, locals_: Iterable[Local]) -> tuple[int, ...]:
        return tuple(self.slot(local) for local in locals_)

    def refused(self, message: str, hint: str = "", at: int | None = None) -> ExpressionRefused:
        return ExpressionRefused(self.text, message, hint, at)


def _slot(unit: Unit, local: Local) -> int:
    found = unit.slots.get(local)
    if found is not None:
        return found
    assert unit.parent is not None
    outer = _slot(unit.parent, local)
    slot = unit.new_slot(local)
    unit.captured.append((slot, outer))
    return slot
