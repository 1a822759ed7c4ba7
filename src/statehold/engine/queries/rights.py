"""What a caller may read: of which instances, and how much of each.

Who may ``read`` an instance and not ``inspect`` it sees its state and its view, and of a list's
entry what :func:`summary_of` leaves. Whatever else could show more, as a filter, an order or a
cursor may, needs ``inspect``.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from statehold.chart.access import RIGHTS, Right
from statehold.chart.machine import Definition
from statehold.chart.model import Chart
from statehold.chart.outline import outline
from statehold.errors import Forbidden, InvalidPayload
from statehold.instance.authorize import (
    is_permitted,
    may_some,
    named_indexes,
    owned,
    refuse,
)
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


def reads_all(caller: Caller, definition: Definition[Any]) -> bool:
    return owned(caller, "read", definition) is None


def inspects_all(caller: Caller, definition: Definition[Any]) -> bool:
    return owned(caller, "inspect", definition) is None


def reads_document(caller: Caller, definition: Definition[Any]) -> bool:
    """Whether the caller may read what a machine was deployed from."""
    return inspects_all(caller, definition) or is_permitted(caller, "put", definition)


def visible_chart(caller: Caller, definition: Definition[Any], chart: Chart) -> Chart:
    """A chart of the machine, as far as the caller may see it. Its ``meta`` has the document's
    conditions of ``access`` and its views."""
    if reads_document(caller, definition):
        return chart
    if may_some(caller, "inspect", definition):
        return replace(chart, meta={})
    return outline(chart)


def rights_on(caller: Caller, definition: Definition[Any]) -> list[Right]:
    """What a caller may do with a machine's instances, with all of them or with some."""
    return [right for right in RIGHTS if may_some(caller, right, definition)]


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
