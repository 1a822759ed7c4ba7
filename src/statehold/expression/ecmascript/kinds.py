"""Kinds of objects with methods: those of a constructor, and each one that a document names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

#: where a function stands: its script, and the byte at which it begins there
Origin: TypeAlias = tuple[str, int]
#: what a name around a method is to it: a variable that is stored with its object, the object
#: itself, or gone once the script or the constructor has ended
Role: TypeAlias = Literal["stored", "itself", "gone"]
#: in what a method uses: its object, whichever that is
THIS: Final = "this"


class ObjectName:
    """An object of the document. ``private`` is the variable that holds those of its constructor;
    ``cells`` are what its methods get as the variables around them."""

    __slots__ = ("cells", "name", "private")

    def __init__(self, name: str) -> None:
        self.name = name
        self.private = f"{name} (private)"
        self.cells = ([self],)


@dataclass(slots=True)
class Method:
    """``origins`` are all places where the same function stands; ``is_made``: an object has it from
    its constructor or from ``{…}``, and not by an assignment."""

    around: Mapping[str, Role]
    origins: set[Origin]
    is_made: bool


@dataclass(eq=False, slots=True)
class Kind:
    """``name`` is that of the constructor or of the object; ``base`` is an object's constructor."""

    name: str
    methods: dict[str, Method] = field(default_factory=dict)
    base: Kind | None = None
    object: ObjectName = field(init=False)

    def __post_init__(self) -> None:
        self.object = ObjectName(self.name)

    def full_name(self, key: str) -> str:
        """The document's name for the method in a field; empty where there is none."""
        if key in self.methods:
            return f"{self.name}.{key}"
        return "" if self.base is None else self.base.full_name(key)

    def made(self) -> Iterator[tuple[str, Method]]:
        """The methods that a value brings when it is given to the object."""
        for key, method in self.methods.items():
            if method.is_made:
                yield key, method
        if self.base is not None:
            yield from self.base.made()
