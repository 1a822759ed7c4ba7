"""Who may do what with a machine and its instances.

A machine states it as ``access``::

    access = Access(
        start="customer",
        read=index("customer") | role("support"),
        inspect=role("ops"),
        act=role("ops"),
    )

It is no part of the chart: it changes without a new version. What it means for a caller is decided
by :func:`statehold.instance.authorize.authorize` alone.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any, Literal, Protocol, TypeAlias, get_args

from msgspec import Struct
from msgspec.structs import force_setattr

#: what a caller asks to do. ``read``: what the view shows; ``inspect``: the journal, the whole
#: data, the past and incidents; ``act``: pause, cancel, retry, fire a timer and the like, by hand
Right = Literal["start", "read", "inspect", "send", "act", "put", "upgrade", "erase"]

#: whose value an index has: the caller's id, one of its teams, or either
Ownership = Literal["caller", "teams", "either"]

RIGHTS: tuple[Right, ...] = get_args(Right)
#: those whose grants may depend on data
ON_DATA: frozenset[Right] = frozenset(("start", "send", "act"))

#: what a role's name can't begin with: a machine is no role that a person could be given
_MACHINE = "machine:"


class Grant(Struct, frozen=True):
    """Who is permitted something: one of the classes below, or several joined by ``|``."""

    def __or__(self, other: Grant | str) -> Grant:
        return AnyOf((*_parts(self), *_parts(as_grant(other))))

    def __ror__(self, other: str) -> Grant:
        return as_grant(other) | self


class HasRole(Grant, frozen=True):
    """Callers with this role."""

    name: str


class OwnsIndex(Grant, frozen=True):
    """Callers whose own value the instance has under an index: their id (``of="caller"``), one of
    their teams (``"teams"``), or any of these (``"either"``)."""

    name: str
    of: Ownership = "either"


class When(Grant, frozen=True):
    """Where ``condition(data, caller)`` is true; for ``start``, ``send`` and ``act`` only, since
    lists can't be searched by it."""

    condition: Callable[[Any, Any], Any]


class Everyone(Grant, frozen=True):
    """Every caller that the server lets in."""


class AnyOf(Grant, frozen=True):
    """Callers whom one of the grants permits; of none: nobody."""

    grants: tuple[Grant, ...] = ()


#: as notations take it: a text is a role, a function a condition
GrantLike: TypeAlias = Grant | str | Callable[[Any, Any], Any]

anyone: Grant = Everyone()
nobody: Grant = AnyOf()


def role(name: str) -> Grant:
    """Callers with this role."""
    return HasRole(name)


def index(name: str, of: Ownership = "either") -> Grant:
    """Callers whose id or one of whose teams is the instance's value of this index."""
    return OwnsIndex(name, of)


def when(condition: Callable[[Any, Any], Any]) -> Grant:
    """Callers for whom ``condition(data, caller)`` is true; for ``start``, ``send`` and ``act``."""
    return When(condition)


class _Defined(Protocol):
    @property
    def definition(self) -> Any: ...


def machine(which: str | _Defined) -> str:
    """In ``by=``: messages of this machine's instances; by its name, or its class."""
    return _MACHINE + (which if isinstance(which, str) else which.definition.name)


def is_machine(by: str) -> bool:
    """Whether it is a machine in ``by=``, and no role."""
    return by.startswith(_MACHINE)


def machine_of(by: str) -> str | None:
    """The machine's name; None for a role."""
    return by.removeprefix(_MACHINE) if is_machine(by) else None


def in_words(by: str) -> str:
    """A role or a machine of ``by=``, for messages to people."""
    named = machine_of(by)
    return by if named is None else f"machine {named}"


def is_outside(roles: Collection[str] | None) -> bool:
    """Whether these are the roles of a caller of a server, and not the program's own code (None) or
    a machine, which alone may send internal events."""
    return roles is not None and not any(map(is_machine, roles))


def as_grant(value: Any) -> Grant:
    """Raises ``TypeError`` for what is no grant."""
    if isinstance(value, Grant):
        return value
    if isinstance(value, str):
        return HasRole(value)
    if callable(value):
        return When(value)
    raise TypeError(f"{value!r} grants nothing; write a role, role(…), index(…), anyone or nobody")


def _parts(grant: Grant) -> tuple[Grant, ...]:
    return grant.grants if isinstance(grant, AnyOf) else (grant,)


class Access(Struct, frozen=True, kw_only=True):
    """Who has which right; a text is a role. None: left to the server (:class:`ServerAccess`).

    ``send`` is needed for events that a transition without ``by=`` may take; one whose transitions
    all state ``by=`` is permitted by that. Where ``send`` is left out and ``read`` is not,
    those who may read an instance may send to it. Raises ``TypeError`` for what is no grant.
    """

    start: GrantLike | None = None
    read: GrantLike | None = None
    inspect: GrantLike | None = None
    send: GrantLike | None = None
    act: GrantLike | None = None
    put: GrantLike | None = None
    upgrade: GrantLike | None = None
    erase: GrantLike | None = None

    def __post_init__(self) -> None:
        for right in RIGHTS:
            given = getattr(self, right)
            if given is not None:
                force_setattr(self, right, as_grant(given))

    def grant(self, right: Right) -> Grant | None:
        """Who has the right; None: it is left out."""
        found: Grant | None = getattr(self, right)
        return found


#: what a machine states that states nothing
UNSTATED = Access()


class ServerAccess(Struct, frozen=True, kw_only=True):
    """What a server permits: the rights that a machine leaves out (``unstated``), and what belongs
    to no machine. ``audit``: reading the audit log; ``metrics``: reading ``/metrics``."""

    unstated: Access = UNSTATED
    audit: Grant = nobody
    metrics: Grant = nobody


#: permits nothing that a machine does not state
CLOSED = ServerAccess()
#: for the machine's own user: everything but acts by hand, which have to be permitted
OWN_USER = ServerAccess(
    unstated=Access(start=anyone, read=anyone, inspect=anyone, send=anyone),
    metrics=anyone,
)
