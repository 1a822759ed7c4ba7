"""The option ``access`` of a machine: who may do what, checked where the machine is declared."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any, get_args

from statehold.chart.access import (
    ON_DATA,
    RIGHTS,
    UNSTATED,
    Access,
    AnyOf,
    Everyone,
    Grant,
    HasRole,
    Ownership,
    OwnsIndex,
    Right,
    When,
    is_machine,
    machine_of,
)
from statehold.chart.deferred import deferral
from statehold.chart.validate import NAME_PATTERN
from statehold.define.function import positional

#: grants that one right has, joined by ``|``
GRANT_LIMIT = 32
#: characters of a role's name
ROLE_LIMIT = 200
#: where a grant is wrong: the right, what is wrong, and the way out
Fault = tuple[Right, str, str]


def access_faults(access: Access, indexes: Collection[str]) -> Iterator[Fault]:
    """What is wrong with an ``access``, for a machine that has these indexes."""
    for right in RIGHTS:
        grant = access.grant(right)
        parts = [] if grant is None else list(_parts(grant))
        if len(parts) > GRANT_LIMIT:
            yield right, f"it has {len(parts)} grants, the limit is {GRANT_LIMIT}", "use a role"
            continue
        for part in parts:
            yield from _faults(right, part, indexes)


def role_fault(role: object) -> tuple[str, str] | None:
    """What is wrong with a role's name, and the way out."""
    if not isinstance(role, str) or not role.strip() or "," in role or len(role) > ROLE_LIMIT:
        shown = ascii(role)[:80]
        return f"it names the role {shown}", f"a role is 1 to {ROLE_LIMIT} characters, no commas"
    if role != role.strip():
        return f"it names the role {role!r}", "leave out the spaces around it"
    if not role.isprintable():
        return f"it names the role {ascii(role)[:80]}", "a role is printable"
    if role in ("anyone", "nobody"):
        return f"it names the role {role!r}", f"write {role} without quotes"
    if is_machine(role):
        why = f"it names {role!r}, and a machine has no rights: its messages pass by=machine(…)"
        return why, "name a role, which can't begin with 'machine:'"
    return None


def by_fault(by: object) -> tuple[str, str] | None:
    """What is wrong with one of ``by=``, and the way out."""
    if not isinstance(by, str) or not by or "," in by:
        return f"by names the role {by!r}", "a role is a word without commas"
    named = machine_of(by)
    if named is not None and not NAME_PATTERN.fullmatch(named):
        return f"by names the machine {named!r}", "name one as its class does: machine('lead')"
    return None


def flat(access: Access) -> Access:
    """The same with each right's grants side by side, as lists of instances read them."""
    given = {right: access.grant(right) for right in RIGHTS}
    return Access(**{right: _flat(grant) for right, grant in given.items() if grant is not None})


def read_access(value: Any, indexes: Collection[str], complain: Any, place: str) -> Access:
    """``access`` in a machine's body."""
    if value is None:
        return UNSTATED
    if not isinstance(value, Access):
        what = ascii(value)[:80]
        complain(place, f"is {what}, no Access", 'write access = Access(read=role("support"))')
        return UNSTATED
    wrong = False
    for right, message, hint in access_faults(value, indexes):
        wrong = True
        complain(f"{place}.{right}", message, hint)
    return UNSTATED if wrong else flat(value)


def _faults(right: Right, part: Grant, indexes: Collection[str]) -> Iterator[Fault]:
    if isinstance(part, HasRole):
        if (fault := role_fault(part.name)) is not None:
            yield right, *fault
    elif isinstance(part, OwnsIndex):
        yield from _index_faults(right, part, indexes)
    elif isinstance(part, When):
        yield from _condition_faults(right, part)
    elif not isinstance(part, Everyone):
        yield right, f"{ascii(part)[:80]} grants nothing", "write role(…), index(…), anyone, nobody"


def _index_faults(right: Right, part: OwnsIndex, indexes: Collection[str]) -> Iterator[Fault]:
    if right == "put":
        yield right, f"it asks for the index {part.name!r}", "no instance is put; name a role"
    elif part.name not in indexes:
        known = ", ".join(indexes)
        hint = f"its indexes are {known}" if known else f"declare it: indexes = ({part.name!r},)"
        yield right, f"the machine has no index {ascii(part.name)[:80]}", hint
    elif part.of not in get_args(Ownership):
        yield right, f"index {part.name} is of {part.of!r}", "it is of caller, teams or either"


def _condition_faults(right: Right, part: When) -> Iterator[Fault]:
    if right not in ON_DATA:
        yield (
            right,
            "it has a condition, and lists can't be searched by one",
            f"conditions are for {', '.join(r for r in RIGHTS if r in ON_DATA)}; use an index here",
        )
        return
    why = deferral(part.condition) if callable(part.condition) else "is no function"
    if why is not None or positional(part.condition) != 2:
        yield (
            right,
            f"its condition {why or 'does not take two arguments'}",
            "write when(lambda data, caller: …)",
        )


def _parts(grant: Grant) -> Iterator[Grant]:
    if isinstance(grant, AnyOf):
        for one in grant.grants:
            yield from _parts(one)
    else:
        yield grant


def _flat(grant: Grant) -> Grant:
    parts = tuple(dict.fromkeys(_parts(grant)))
    return parts[0] if len(parts) == 1 else AnyOf(parts)
