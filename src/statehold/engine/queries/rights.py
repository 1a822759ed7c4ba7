"""What a caller may read: of which instances, and how much of each.

Who may ``read`` an instance and not ``inspect`` it sees its state and its view, and of a list's
entry what :func:`summary_of` leaves. Whatever else could show more, as a filter, an order or a
cursor may, needs ``inspect``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Never

from msgspec import Struct
from msgspec.structs import replace

from statehold.chart.access import RIGHTS, Right
from statehold.chart.machine import Definition
from statehold.errors import Forbidden, InvalidPayload, MachineUnserved, UnknownMachine
from statehold.instance.authorize import (
    is_permitted,
    may_some,
    named_indexes,
    owned,
    permitted_unstated,
    refuse,
)
from statehold.instance.disclosure import uses
from statehold.records import Caller, Row
from statehold.store import Query
from statehold.wire.instances import Summary

#: names and values of indexes that one list is merged from at most
PAIRS = 32

_Pairs = frozenset[tuple[str, str]]


class Scope(Struct, frozen=True):
    """A caller's part of a machine's instances: those that have one of the ``pairs``, each the name
    and a value of an index; None: all. ``inspects`` is the same of those that it may inspect.
    ``named`` are the indexes that it sees of an instance that it may only read."""

    definition: Definition[Any]
    caller: Caller
    pairs: _Pairs | None
    inspects: _Pairs | None
    named: frozenset[str]

    @property
    def inspects_what_it_reads(self) -> bool:
        return self.inspects is None or (self.pairs is not None and self.pairs <= self.inspects)

    def may_read(self, row: Row) -> bool:
        return is_permitted(self.caller, "read", self.definition, row)

    def may_inspect(self, row: Row) -> bool:
        return is_permitted(self.caller, "inspect", self.definition, row)

    def check(self, query: Query) -> None:
        """Raises ``Forbidden`` where an answer would show more than the caller may know, and
        ``InvalidPayload`` where it would take too many lists."""
        if self.pairs is not None and not self.pairs:
            refuse(self.caller, "read", query.machine)
        if self.pairs is not None and len(self.pairs) > PAIRS:
            why = (
                f"the caller's name and teams give {len(self.pairs)} lists that would have to be "
                f"merged, the limit is {PAIRS}; ask as a caller with fewer teams"
            )
            raise InvalidPayload("the request", {"caller": why})
        asked = [f"where={name}" for name in query.where if name not in self.named]
        asked += ["in_state_since"] if query.in_state_since is not None else []
        asked += ["incidents"] if query.incidents else []
        asked += ["order=since"] if query.order == "since" else []
        if asked and not self.inspects_what_it_reads:
            raise Forbidden(
                f"{', '.join(asked)} can be asked for by those who may inspect all instances of "
                f"the list, on machine {query.machine!r}"
            )
        if query.order == "since" and self.pairs is not None:
            raise Forbidden(
                "order=since sorts all instances, and is for those who may read all of them, on "
                f"machine {query.machine!r}; use order=created"
            )

    def summary(self, row: Row) -> Summary:
        """An instance in a list, as far as the caller may see it."""
        if self.may_inspect(row):
            return summary_of(row)
        indexes = {name: value for name, value in row.indexes.items() if name in self.named}
        return Summary(
            machine=row.machine,
            id=row.id,
            version=row.version,
            seq=row.seq,
            status=row.status,
            state=list(row.state),
            tags=list(row.tags),
            owners=list(row.owners),
            indexes=indexes,
        )


def scope_of(caller: Caller, definition: Definition[Any]) -> Scope:
    return Scope(
        definition,
        caller,
        owned(caller, "read", definition),
        owned(caller, "inspect", definition),
        named_indexes(caller, "read", definition),
    )


def inspected(caller: Caller, definition: Definition[Any]) -> Scope:
    """The part that the caller may inspect."""
    whole = scope_of(caller, definition)
    return replace(whole, pairs=whole.inspects)


def check_seen(
    caller: Caller,
    right: Right,
    definition: Definition[Any],
    definitions: Mapping[str, Definition[Any]],
) -> None:
    """Raises as :func:`refuse_unknown` where the caller does not see the machine."""
    if caller.roles is not None and not uses(caller, definition):
        unknown = UnknownMachine(definition.name, ())
        refuse_unknown(caller, right, definition.name, definitions, unknown)


def reads_all(caller: Caller, definition: Definition[Any]) -> bool:
    return owned(caller, "read", definition) is None


def inspects_all(caller: Caller, definition: Definition[Any]) -> bool:
    return owned(caller, "inspect", definition) is None


def rights_on(caller: Caller, definition: Definition[Any]) -> list[Right]:
    """What a caller may do with a machine's instances, with all of them or with some."""
    return [right for right in RIGHTS if may_some(caller, right, definition)]


def seen(caller: Caller, definitions: Mapping[str, Definition[Any]]) -> list[Definition[Any]]:
    """The machines that the caller sees: those on which it can have any right."""
    if caller.roles is None:
        return list(definitions.values())
    return [one for one in definitions.values() if uses(caller, one)]


def refuse_unknown(
    caller: Caller,
    right: Right,
    name: str,
    definitions: Mapping[str, Definition[Any]],
    error: UnknownMachine | MachineUnserved,
) -> Never:
    """Raises the same for a machine that does not run here and for one that the caller does not
    see: that it is unknown, to those who would have the right on a machine that states nothing, and
    that it is forbidden, to all others."""
    if caller.roles is None:
        raise error
    if not permitted_unstated(caller, right, name):
        refuse(caller, right, name)
    if isinstance(error, UnknownMachine):
        raise UnknownMachine(name, [one.name for one in seen(caller, definitions)]) from None
    raise error


def summary_of(row: Row) -> Summary:
    """An instance in a list, as those see it who may inspect it."""
    return Summary(
        machine=row.machine,
        id=row.id,
        version=row.version,
        seq=row.seq,
        status=row.status,
        state=list(row.state),
        tags=list(row.tags),
        owners=list(row.owners),
        indexes=dict(row.indexes),
        created_at=row.created_at,
        since=row.since,
        changed_at=row.changed_at,
        next_at=row.wake_at,
        deadline=row.deadline,
        incidents=row.incidents,
    )


def summaries(rows: Iterable[Row], scope: Scope) -> list[Summary]:
    return [scope.summary(row) for row in rows]
