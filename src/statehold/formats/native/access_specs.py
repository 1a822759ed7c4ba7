"""Who may do what, as the native document writes it."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from pydantic import Discriminator, Field, Tag

from statehold.chart.access import Ownership
from statehold.formats.native.part import Part, tag_of
from statehold.formats.native.shapes import (
    Expression,
    Name,
    NotNull,
    OneOrMore,
    Several,
)


class GrantSpec(Part):
    """Callers who are permitted something: by a role, an index or a condition, one of the three."""

    role: Annotated[Name | None, NotNull()] = None
    """Callers with this role."""
    index: Annotated[Name | None, NotNull()] = None
    """Callers whose id, or one of whose teams, is the instance's value of this index."""
    of: Annotated[Ownership | None, NotNull()] = None
    """Of an index: whose value it is, the caller's id, one of its teams, or either if left out."""
    when: Annotated[Expression | None, NotNull()] = None
    """CEL over `data`, `caller.id`, `caller.roles` and `caller.teams`; for start, send and act."""


#: a text is a role, or ``anyone`` or ``nobody``
Granted: TypeAlias = Annotated[
    Annotated[Name, Tag("<value>")] | Annotated[GrantSpec, Tag("<mapping>")],
    Discriminator(tag_of),
]
#: one grant, or a list of which one has to hold
Grants: TypeAlias = OneOrMore[Granted]


class AccessSpec(Part):
    """Who has which right: a role, `anyone`, `nobody`, a grant, or a list of which one has to hold.
    What is left out is for the server to say."""

    start: Grants | None = None
    """Starting an instance."""
    read: Grants | None = None
    """Seeing an instance as its view shows it, and sending to it where `send` is left out."""
    inspect: Grants | None = None
    """Seeing all of an instance: its data, journal, past and incidents."""
    send: Grants | None = None
    """Sending events that some transition without `by` takes."""
    act: Grants | None = None
    """Acting on an instance by hand: pausing, cancelling, retrying and the like."""
    put: Grants | None = None
    """Putting a version of the machine."""
    upgrade: Grants | None = None
    """Upgrading instances."""
    erase: Grants | None = None
    """Erasing an instance."""


class SenderSpec(Part):
    """Instances of a machine, as senders."""

    machine: Name
    """The machine's name."""


#: a text is a role
Sender: TypeAlias = Annotated[
    Annotated[Name | None, Tag("<value>")] | Annotated[SenderSpec, Tag("<mapping>")],
    Discriminator(tag_of),
]
Senders: TypeAlias = Annotated[Several[Sender], Field()]
