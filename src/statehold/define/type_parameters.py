"""The parameters of a machine's base class: ``Machine[Data, Events, Input, Output]``."""

from __future__ import annotations

import typing
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from statehold.chart.event import AnyEvent, Event
from statehold.define.function import UNKNOWN, accepts, is_any, members_of, name_of
from statehold.errors import Problem


class Parameters(NamedTuple):
    """What stands in the brackets; ``UNKNOWN`` for what does not."""

    data: Any = UNKNOWN
    events: Any = UNKNOWN
    input: Any = UNKNOWN
    output: Any = UNKNOWN

    def is_open(self, name: str) -> bool:
        """Whether it was left out. Then there may be the default of its type variable here, which
        for the input is the variable of the data."""
        given = getattr(self, name)
        is_any_by_default = name in ("events", "output") and is_any(given)
        return given is UNKNOWN or isinstance(given, typing.TypeVar) or is_any_by_default

    def line(self, **parts: str) -> str:
        """The base as one would write it, with these parts in place of its own."""
        own = {name: type_ for name, type_ in self._asdict().items() if type_ is not UNKNOWN}
        last = max(self._fields.index(name) for name in (*own, *parts))
        # what is left out before the last part has to be there: the defaults
        defaults = {"events": "Any", "input": name_of(self.data)}
        written = [
            parts.get(name) or (name_of(own[name]) if name in own else defaults[name])
            for name in self._fields[: last + 1]
        ]
        return f"Machine[{', '.join(written)}]"


def parameters_of(machine: type) -> Parameters:
    """Those of a class that has them in its own line of bases."""
    for base in vars(machine).get("__orig_bases__", ()):
        if typing.get_origin(base) in machine.__bases__:
            given = Parameters(*typing.get_args(base)[: len(Parameters._fields)])
            return given._replace(**dict.fromkeys(filter(given.is_open, given._fields), UNKNOWN))
    return Parameters()


class NamedEvents:
    """The second parameter: the events that a machine says it takes.

    ``further`` are those that no rule names, which only a rule for ``AnyEvent`` can take.
    """

    def __init__(
        self, parameters: Parameters, of_rules: Mapping[str, type[Event]], *, any_event: bool
    ) -> None:
        self._parameters = parameters
        self._of_rules = of_rules
        self._any_event = any_event
        self._named = [] if self.are_open else list(members_of(parameters.events))

    @property
    def are_open(self) -> bool:
        """Whether the class leaves open which events there are."""
        return self._parameters.events is UNKNOWN

    def further(self) -> dict[str, type[Event]]:
        """By name, in the order of the class."""
        if not self._any_event:
            return {}
        found = {event.__event__: event for event in self._named if _is_event(event)}
        return {name: event for name, event in found.items() if name not in self._of_rules}

    def problems(self, place: str) -> list[Problem]:
        """None where the class names the events of the rules, or leaves them open."""
        if self.are_open:
            return []
        strange = [member for member in self._named if not _is_event(member)]
        if strange:
            return [
                Problem(
                    place,
                    f"the second parameter of Machine names {_names(strange)}, which is not the "
                    "class of an event",
                    "write Machine[Data, First | Second] with subclasses of Event, or "
                    "Machine[Data, Never] for none",
                )
            ]
        doubles = self._doubles()
        if doubles:
            return [
                Problem(
                    place,
                    f"two event classes are called {name}, in {first.__module__} and "
                    f"{second.__module__}",
                    "rename one of them",
                )
                for name, first, second in doubles
            ]
        return self._differing(place)

    def _doubles(self) -> list[tuple[str, type[Event], type[Event]]]:
        first = dict(self._of_rules)
        return [
            (event.__event__, known, event)
            for event in self._named
            if (known := first.setdefault(event.__event__, event)) is not event
        ]

    def _differing(self, place: str) -> list[Problem]:
        heard = set(self._of_rules.values())
        missing = [
            event
            for event in self._of_rules.values()
            # no sender outside can send an internal one
            if event not in self._named and not event.__internal__
        ]
        surplus = [] if self._any_event else [e for e in self._named if e not in heard]
        if not missing and not surplus:
            return []
        said = [
            *([f"missing is {_names(missing)}"] if missing else []),
            *([f"no rule takes {_names(surplus)}"] if surplus else []),
        ]
        meant = [event for event in self._named if event not in surplus] + missing
        line = self._parameters.line(events=" | ".join(e.__name__ for e in meant) or "Never")
        return [
            Problem(
                place,
                f"its second parameter names other events than its rules: {'; '.join(said)}",
                f"write {line}{', or rules for the others' if surplus else ''}",
            )
        ]


def output_problems(
    parameters: Parameters, outputs: Mapping[str, Any], place: str
) -> list[Problem]:
    """Where the fourth parameter is not the type of what final states give; ``outputs`` are the
    types by the ids of those at the top, ``UNKNOWN`` where they are not annotated."""
    named = parameters.output
    if named is UNKNOWN:
        return []
    strange = {
        id: members
        for id, type_ in outputs.items()
        if (members := [m for m in members_of(type_) if not accepts(named, m)])
    }
    if not strange:
        return []
    given = "; ".join(f"{id} gives {_names(members)}" for id, members in strange.items())
    known = [m for type_ in (named, *outputs.values()) for m in members_of(type_)]
    union = " | ".join(name_of(m) for m in dict.fromkeys(known) if m is not UNKNOWN)
    return [
        Problem(
            place,
            f"its fourth parameter says that its output is {name_of(named)}, but {given}",
            f"write {parameters.line(output=union)}, or give another output=",
        )
    ]


def _is_event(member: Any) -> bool:
    return (
        isinstance(member, type)
        and issubclass(member, Event)
        # neither is ever sent
        and member not in (Event, AnyEvent)
    )


def _names(members: Iterable[Any]) -> str:
    return ", ".join(name_of(member) or repr(member) for member in members)
