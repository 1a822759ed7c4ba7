"""Parameters and results of every reader of a notation.

A reader takes text and returns an :class:`Imported`: a :class:`~statehold.Definition`, and a list
of the parts that it could not convert. If the text is not a machine that can run, it raises
:class:`~statehold.errors.DefinitionError`, with every problem at once.

The functions of such a definition are expressions, named in the chart by their own text. So the
stored chart is complete, a diagram shows each condition, and a changed expression is a changed
chart.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from statehold.chart.effect import Effect
from statehold.chart.machine import AMachine, Definition
from statehold.errors import StateholdError

#: bytes of one document
DOCUMENT_LIMIT = 1_000_000
#: states and transitions of one chart that comes as data
STATE_LIMIT = 5_000
TRANSITION_LIMIT = 20_000


@dataclass(frozen=True, slots=True)
class Omission:
    """A part of a document that the machine does not carry out.

    ``what`` names the element or the key, ``place`` where it stands (a state's path, a pointer),
    ``line`` counts from 1, None where the notation has no lines.
    """

    what: str
    place: str
    why: str
    line: int | None = None

    def __str__(self) -> str:
        line = "" if self.line is None else f"line {self.line}, "
        return f"{line}{self.place}: {self.what}: {self.why}"


@dataclass(frozen=True, slots=True)
class Imported:
    """A machine that came as data, and what of its document was left out."""

    definition: Definition[Any]
    omissions: tuple[Omission, ...] = ()


@dataclass(frozen=True, slots=True)
class HttpCall:
    """An effect that is a request to another server, as a machine declares it.

    ``path``, ``query``, ``headers`` and ``body`` are functions of the data and of the
    :class:`~statehold.chart.effect.Call`; ``url`` has placeholders in braces for what ``path``
    gives, each percent-encoded. It is performed above this layer.
    """

    method: str
    url: str
    path: Mapping[str, Callable[[Any, Any], Any]] = field(default_factory=dict)
    query: Mapping[str, Callable[[Any, Any], Any]] = field(default_factory=dict)
    headers: Mapping[str, Callable[[Any, Any], Any]] = field(default_factory=dict)
    body: Callable[[Any, Any], Any] | None = None
    #: the effect's result, from ``{"status", "headers", "body"}``; None: the body
    gives: Callable[[Mapping[str, Any]], Any] | None = None
    #: statuses that fail without another attempt; None: 4xx except 408, 425 and 429
    permanent: frozenset[int] | None = None
    #: the header that carries the call's key, the same at each attempt
    key_header: str = "Idempotency-Key"


class RequestRefused(StateholdError):
    """The server does not allow the host of a declared request."""

    code = "request-refused"


@dataclass(frozen=True, slots=True)
class Offered:
    """What a server offers to machines that come as data.

    ``functions`` are guards, actions, delays and inputs, for notations that name them (XState).
    ``effects`` and ``machines`` are what may be invoked by name. ``http`` makes an effect of a
    declared request, for hosts that it allows, and raises :class:`RequestRefused` for others; None:
    no requests.
    """

    functions: Mapping[str, Callable[..., Any]] = field(default_factory=dict)
    effects: Mapping[str, Effect[Any, Any]] = field(default_factory=dict)
    machines: Mapping[str, AMachine] = field(default_factory=dict)
    http: Callable[[HttpCall], Callable[..., Any]] | None = None


#: offers nothing
NOTHING = Offered()
