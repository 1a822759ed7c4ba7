"""What reading a machine from data takes and gives, whatever the notation.

A reader takes text and gives an :class:`Imported`: a :class:`~statehold.Definition` and a list of
what could not be carried over. It raises :class:`~statehold.errors.DefinitionError`, with every
problem at once, where there is no machine in the text that could be run.

The functions of such a definition are expressions, and the names that the chart has for them are
their own text: the stored chart says all, a diagram shows what is asked, and a changed expression
is a changed chart.
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
    """Something that the document says and the machine does not do.

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
    gives, each percent-encoded. Who performs it stands above this layer.
    """

    method: str
    url: str
    path: Mapping[str, Callable[[Any, Any], Any]] = field(default_factory=dict)
    query: Mapping[str, Callable[[Any, Any], Any]] = field(default_factory=dict)
    headers: Mapping[str, Callable[[Any, Any], Any]] = field(default_factory=dict)
    body: Callable[[Any, Any], Any] | None = None
    #: what the effect gives, from ``{"status", "headers", "body"}``; None: the body
    gives: Callable[[Mapping[str, Any]], Any] | None = None
    #: statuses at which it is of no use to try again; None: 4xx but 408, 425 and 429
    permanent: frozenset[int] | None = None
    #: the header that carries the call's key, the same at each try
    key_header: str = "Idempotency-Key"


class RequestRefused(StateholdError):
    """A declared request is one that this server does not make: its host is not allowed."""

    code = "request-refused"


@dataclass(frozen=True, slots=True)
class Offered:
    """What a server lends to machines that come as data.

    ``functions`` are guards, actions, delays and inputs, for notations that name them (XState).
    ``effects`` and ``machines`` are what may be invoked by name. ``http`` makes an effect of a
    declared request, for hosts that it allows, and raises :class:`RequestRefused` for others; None:
    no requests.
    """

    functions: Mapping[str, Callable[..., Any]] = field(default_factory=dict)
    effects: Mapping[str, Effect[Any, Any]] = field(default_factory=dict)
    machines: Mapping[str, AMachine] = field(default_factory=dict)
    http: Callable[[HttpCall], Callable[..., Any]] | None = None


#: lends nothing
NOTHING = Offered()
