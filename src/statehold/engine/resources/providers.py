"""The resources that an engine was given: found by type, and in the order in which they open.

A type is provided by what was given for that very type, else by the only one whose class is a
subclass of it. So an effect may ask for a base class or a protocol that the class names as a base.
"""

from __future__ import annotations

import typing
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from graphlib import CycleError, TopologicalSorter
from typing import Any, TypeAlias

from statehold.chart.effect import Effect, Parameter
from statehold.chart.machine import Definition
from statehold.define.function import UNKNOWN, name_of
from statehold.engine.resources.provider import Provider, provider_of, secrets_in
from statehold.errors import Problem, ResourcesInvalid

#: providers and plain values; a dictionary, beside them or alone, has some by their types
Resources: TypeAlias = Iterable[Any] | Mapping[Any, Any]


class Providers:
    """``problems`` are those that the resources have by themselves."""

    def __init__(self, given: Resources = ()) -> None:
        self.problems: list[Problem] = []
        #: in the order in which they can be opened
        self.ordered: tuple[Provider, ...] = ()
        self._by_type: dict[Any, Provider] = {}
        self._found: dict[Any, Provider | None] = {}
        for made in self._read(given):
            self._add(made)
        self._order()
        self._secrets = secrets_in(self._by_type.values())

    def find(self, type_: Any) -> Provider | None:
        """What provides the type; None if nothing does, or several do."""
        if type_ not in self._found:
            fitting = self._fitting(type_)
            self._found[type_] = fitting[0] if len(fitting) == 1 else None
        return self._found[type_]

    @property
    def types(self) -> tuple[Any, ...]:
        return tuple(self._by_type)

    def check(self, effects: Iterable[tuple[str, Effect[Any, Any]]]) -> None:
        """Raises ``ResourcesInvalid`` with all their problems, and with the parameters of these
        effects that nothing is provided for. Each effect has a place, such as its machine's."""
        problems = list(self.problems)
        seen: set[tuple[int, str]] = set()
        for place, effect in effects:
            for parameter in effect.resources:
                if (id(effect), parameter.name) in seen:
                    continue
                seen.add((id(effect), parameter.name))
                problems += self._missing(f"effect {effect.name} of {place}", parameter)
        if problems:
            raise ResourcesInvalid(problems)

    def redacted(self, text: str) -> str:
        """The text without the secrets among the plain values."""
        for secret in self._secrets:
            text = text.replace(secret, "…")
        return text

    def _read(self, given: Resources) -> Iterator[Provider]:
        for one in [given] if isinstance(given, Mapping) else given:
            # of a class of its own, it is a value
            is_typed = one is given or type(one) is dict
            pairs = one.items() if is_typed else [(UNKNOWN, one)]
            for type_, value in pairs:
                made = provider_of(value, type_)
                if isinstance(made, Problem):
                    self.problems.append(made)
                else:
                    yield made

    def _add(self, provider: Provider) -> None:
        known = self._by_type.get(provider.type)
        if known is None:
            number, named = 1, provider
            while any(one.name == named.name for one in self._by_type.values()):
                number += 1
                named = replace(provider, name=f"{provider.name}#{number}")
            self._by_type[provider.type] = named
        else:
            message = f"{known.name} and {provider.name} both give {name_of(provider.type)}"
            hint = (
                "take one out, or give one a type of its own: Bank = NewType('Bank', Client), or a "
                "subclass"
            )
            self.problems.append(Problem("resources", message, hint))

    def _fitting(self, type_: Any) -> list[Provider]:
        exact = self._by_type.get(type_)
        if exact is not None:
            return [exact]
        return [one for one in self._by_type.values() if type_ in _bases_of(one.type)]

    def _missing(self, place: str, parameter: Parameter) -> list[Problem]:
        fitting = self._fitting(parameter.type)
        if len(fitting) == 1:
            return []
        type_ = name_of(parameter.type)
        if fitting:
            several = " and ".join(one.shown for one in fitting)
            message = f"parameter {parameter.name} takes {type_}, and {several} both are one"
            hint = "annotate it with the type of one of them"
        else:
            message = f"parameter {parameter.name} takes {type_}, which no resource gives"
            known = ", ".join(name_of(one) for one in self._by_type)
            hint = (
                f"give one to the engine, resources=[...], or to the command, --resources "
                f"module:name; there {f'are {known}' if known else 'is none'}"
            )
        return [Problem(place, message, hint)]

    def _order(self) -> None:
        needed: dict[Provider, list[Provider]] = {}
        for provider in self._by_type.values():
            found = needed[provider] = []
            for parameter in provider.needs:
                one = self.find(parameter.type)
                if one is None:
                    self.problems += self._missing(f"resource {provider.name}", parameter)
                else:
                    found.append(one)
        try:
            self.ordered = tuple(TopologicalSorter(needed).static_order())
        except CycleError as error:
            circle = " needs ".join(one.name for one in reversed(error.args[1]))
            self.problems.append(
                Problem("resources", f"they need each other: {circle}", "take one need out")
            )


def effects_of(
    machines: Iterable[Definition[Any]], lent: Iterable[Effect[Any, Any]] = ()
) -> Iterator[tuple[str, Effect[Any, Any]]]:
    """The effects of machines and of those that they invoke, each with its place, and those that
    are lent to machines that come as data: any of them may be put."""
    seen: set[int] = set()
    pending = list(machines)
    while pending:
        machine = pending.pop(0)
        if id(machine) in seen:
            continue
        seen.add(id(machine))
        for effect in machine.effects.values():
            yield f"machine {machine.name}", effect
        pending += [child.definition for child in machine.children.values()]
    for effect in lent:
        yield "those that are offered", effect


def _bases_of(type_: Any) -> tuple[Any, ...]:
    plain = typing.get_origin(type_) or type_
    # of what NewType and Annotated make, nothing: such a type stands for nothing else
    return tuple(plain.__mro__[:-1]) if isinstance(plain, type) else ()
