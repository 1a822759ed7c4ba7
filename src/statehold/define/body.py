"""The bodies of machines and states while they run: what stands in them, and what a name may have
meant that is not there."""

from __future__ import annotations

import sys
from types import FrameType
from typing import Any

#: where a body keeps the rules that start from no state
NOTED = "__noted_rules__"


class Body(dict[str, Any]):
    """Its names. One that is found nowhere raises ``NameError`` with a way out: a class body does
    not see the names of the bodies around it, and a class has no name in its own body."""

    def __init__(self, *, is_machine: bool = False) -> None:
        super().__init__()
        self.is_machine = is_machine

    def __missing__(self, name: str) -> Any:
        frame = sys._getframe(1)
        around = _bodies(frame) if frame.f_locals is self else []
        known = (
            name.startswith("__")
            or not around
            or name in frame.f_code.co_freevars
            or name in frame.f_globals
            or name in frame.f_builtins
        )
        way_out = None if known else _way_out(name, around)
        if way_out is None:
            # not here: Python goes on to look for it
            raise KeyError(name)
        raise NameError(f"name {name!r} is not defined here: {way_out}", name=name)


def names_of(value: object) -> list[str]:
    """What a value is called in the body that is running."""
    body = _running()
    return [] if body is None else [name for name, known in body.items() if known is value]


def note_rule(number: int, where: str) -> None:
    """Notes a rule that starts from no state, so that it is found if it is assigned to no name."""
    body = _running()
    if body is not None:
        body.setdefault(NOTED, {})[number] = where


def noted_rules(holder: type) -> dict[int, str]:
    """The source lines of those rules in a body, by their numbers."""
    found: dict[int, str] = vars(holder).get(NOTED, {})
    return found


def _running() -> dict[str, Any] | None:
    """The names of the first body up the stack."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        if "__qualname__" in frame.f_locals:
            return frame.f_locals
        frame = frame.f_back
    return None


def _bodies(inner: FrameType) -> list[FrameType]:
    """The bodies from the outermost, which is the machine's or that of a state used by several, to
    one that is running."""
    found: list[FrameType] = []
    frame: FrameType | None = inner
    while frame is not None and isinstance(body := frame.f_locals, Body):
        found.insert(0, frame)
        if body.is_machine:
            break
        frame = frame.f_back
    return found


def _way_out(name: str, bodies: list[FrameType]) -> str | None:
    path = [frame.f_locals["__qualname__"].rpartition(".")[2] for frame in bodies]
    if name in path:
        return (
            "a class gets its name after its body; write anywhere for the state in whose body the "
            "rule stands"
        )
    if len(path) == 1:
        # in the machine's own body nothing is out of sight
        return None
    around = [body.f_locals[name] for body in bodies[:-1] if name in body.f_locals]
    if around and getattr(around[-1], "is_parameter", False):
        return (
            "a body does not see the parameters of those around it; hand it to a use of a class "
            "that stands outside"
        )
    # where it does not stand yet, it is meant to follow in the machine's own body
    depth = next((at for at in range(len(bodies) - 1, 0, -1) if name in bodies[at - 1].f_locals), 1)
    where = ".".join((*path[:depth], name))
    return (
        "a body does not see the names of those around it; for a target there, write "
        f"(lambda: {where})"
    )


class MachineType(type):
    """The metaclass of machines; it is there for the errors of their bodies alone."""

    @classmethod
    def __prepare__(cls, name: str, bases: tuple[type, ...], /, **kwargs: Any) -> Body:
        return Body(is_machine=True)
