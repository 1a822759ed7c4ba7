"""Checks the filters of a list. A name that no version of the machine has is an error that lists
the known ones: an empty list would read as "there are none".

Names are checked only after a query found nothing. So a query that finds something costs no more,
and a name that some instance has is never refused, even if the version that runs no longer has it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any, get_args

from statehold.chart.machine import Definition
from statehold.chart.model import ROOT
from statehold.engine.machines.compatibility import stored_versions
from statehold.engine.queries.form_schemas import owners_of, tags_of
from statehold.engine.requests.texts import check_query_texts
from statehold.errors import InvalidPayload
from statehold.records import Status
from statehold.store import PAGE_LIMIT, Order, Query, Store

#: names in one message
NAMES_LISTED = 40


def check_query(query: Query) -> None:
    """Raises ``InvalidPayload`` for values that no store could search for."""
    check_query_texts(query)
    wrong: dict[str, str] = {}
    if query.status is not None:
        wrong |= _unknown("status", query.status, get_args(Status))
    wrong |= _unknown("order", query.order, get_args(Order))
    if not 1 <= query.limit <= PAGE_LIMIT:
        wrong["limit"] = f"{query.limit} is not 1 to {PAGE_LIMIT}"
    since = query.in_state_since
    if since is not None and since.utcoffset() is None:
        wrong["in_state_since"] = f"{since} has no time zone; use UTC"
    if wrong:
        raise InvalidPayload("the query", wrong)


async def check_names(
    store: Store, definition: Definition[Any], query: Query, *, reads_all: bool
) -> None:
    """Raises ``InvalidPayload`` where a name in the filter is none of the machine's, in any of its
    versions that the store has seen, nor any that an instance has, for those who may read all."""
    versions = await stored_versions(store, definition.name)
    groups = await store.groups(definition.name) if reads_all else {}
    charts = [definition.chart, *versions.charts.values()]
    wrong: dict[str, str] = {}
    if query.state is not None:
        states = (s.id for c in charts for s in c.states if s.id != ROOT and s.kind != "history")
        in_use = (leaf for group in groups for leaf in group.state)
        wrong |= _unknown("state", query.state, [*states, *in_use])
    if query.tag is not None:
        tags = (tag for chart in charts for tag in tags_of(chart))
        in_use = (tag for group in groups for tag in group.tags)
        wrong |= _unknown("tag", query.tag, [*tags, *in_use])
    if query.owner is not None:
        owners = (owner for chart in charts for owner in owners_of(chart))
        in_use = (owner for group in groups for owner in group.owners)
        wrong |= _unknown("owner", query.owner, [*owners, *in_use])
    if query.version is not None:
        numbers = {definition.version, *versions.charts, *versions.unreadable}
        newest_first = map(str, sorted(numbers, reverse=True))
        wrong |= _unknown("version", str(query.version), newest_first)
    for name in query.where:
        wrong |= _unknown("where", name, definition.indexes, "index")
    if wrong:
        raise InvalidPayload("the query", wrong)


def _unknown(field: str, given: str, names: Iterable[str], noun: str = "") -> dict[str, str]:
    known = list(dict.fromkeys(names))
    return (
        {}
        if given in known
        else {field: f"no {noun or field} is called {given!r}; {listed(known)}"}
    )


def listed(known: Collection[str]) -> str:
    names = list(known)[:NAMES_LISTED]
    more = f" and {len(known) - NAMES_LISTED} more" if len(known) > NAMES_LISTED else ""
    return f"there are {', '.join(names)}{more}" if names else "there are none"
