"""Checks the texts of a request before it is queued: a store that can't write one text refuses all
that is written with it."""

from __future__ import annotations

from typing import Any

from statehold.chart.access import is_machine
from statehold.chart.validate import VERSION_LIMIT
from statehold.engine.requests.request import Request
from statehold.errors import InvalidPayload
from statehold.plain.text import name_fault, text_fault
from statehold.records import ANYONE, Caller
from statehold.store import Query

#: characters of a worker's name, and of an index's
NAME_LIMIT = 200


def check_texts(what: str, **texts: Any) -> None:
    """Each is text, or None; raises ``InvalidPayload`` naming those that are not."""
    faults = {
        name: fault
        for name, value in texts.items()
        if value is not None and (fault := text_fault(value)) is not None
    }
    if faults:
        raise InvalidPayload(what, faults)


def check_request(request: Request) -> None:
    if request.caller is not ANYONE:
        check_caller(request.caller)
    for name in request.texts:
        value = getattr(request, name)
        if value is not None:
            fault = text_fault(value)
            if fault is not None:
                raise InvalidPayload("the request", {name.removeprefix("given_"): fault})


def check_caller(caller: Caller) -> None:
    roles = {f"role {number}": role for number, role in enumerate(caller.roles or ())}
    check_texts("the caller", name=caller.name, **roles)
    for number, role in enumerate(caller.roles or ()):
        if is_machine(role):
            # only what an instance sent has it
            why = f"{role!r} is none: a role can't begin with 'machine:'"
            raise InvalidPayload("the caller", {f"role {number}": why})


def check_query_texts(query: Query) -> None:
    texts = ("state", "tag", "owner", "prefix", "cursor")
    check_texts("the query", **{name: getattr(query, name) for name in texts})
    check_texts("the query", **{f"where.{name!a}": one for name, one in query.where.items()})
    for name in query.where:
        fault = name_fault(name, NAME_LIMIT)
        if fault is not None:
            raise InvalidPayload("the query", {"where": fault})
    check_version(query.version)


def check_version(version: int | None) -> None:
    if version is not None and not 0 <= version <= VERSION_LIMIT:
        why = f"it is {version}; versions are 1 to {VERSION_LIMIT}"
        raise InvalidPayload("the version", {"version": why})
