"""Reads who may do what: ``access``, and the senders that a transition takes an event of."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from statehold.chart.access import (
    RIGHTS,
    UNSTATED,
    Access,
    AnyOf,
    Grant,
    anyone,
    index,
    machine,
    machine_of,
    nobody,
    role,
    when,
)
from statehold.define.access import access_faults, by_fault, flat
from statehold.expression.cel.language import BOOL, STRING, CelExpression, list_of, map_of
from statehold.expression.language import EvaluationFailed
from statehold.formats.native.access_specs import AccessSpec, Granted, GrantSpec, Senders
from statehold.formats.native.functions import Functions, Situation, find_variable
from statehold.formats.native.problems import Problems
from statehold.plain.values import Path

#: conditions of one right, each of which may take a tenth of a second
CONDITION_LIMIT = 1
ASKING = Situation(
    {
        "caller": map_of(STRING),
        "caller.id": STRING,
        "caller.roles": list_of(STRING),
        "caller.teams": list_of(STRING),
    },
    frozenset({"caller"}),
    in_step=False,
)
_WORDS = {"anyone": anyone, "nobody": nobody}


def read_access(
    spec: AccessSpec | None, functions: Functions, problems: Problems, indexes: Collection[str]
) -> Access:
    """The document's ``access``; what is wrong is reported."""
    if spec is None:
        return UNSTATED
    found: dict[str, Grant] = {}
    for right in RIGHTS:
        grants, path = getattr(spec, right), ("access", right)
        if grants is None:
            continue
        made = [
            _grant(grant, here, functions, problems) for grant, here in problems.items(grants, path)
        ]
        conditions = sum(isinstance(grant, GrantSpec) and bool(grant.when) for grant in grants)
        if conditions > CONDITION_LIMIT:
            problems.add(path, f"it has {conditions} conditions", "join them with || in one")
        found[right] = AnyOf(tuple(one for one in made if one is not None))
    access = flat(Access(**found))
    for right, message, hint in access_faults(access, indexes):
        problems.add(("access", right), message, hint)
    return access


def read_senders(given: Senders, path: Path, problems: Problems) -> tuple[str, ...]:
    """The roles and machines of ``by``, as a chart has them."""
    found = []
    for one, here in problems.items(given, path):
        if one is None:
            continue
        by = one if isinstance(one, str) else machine(one.machine)
        if isinstance(one, str) and machine_of(one) is not None:
            problems.add(here, f"{one!r} is no role", f"write {{machine: {machine_of(one)}}}")
        elif (fault := by_fault(by)) is not None:
            problems.add(here, *fault)
        else:
            found.append(by)
    return tuple(dict.fromkeys(found))


def _grant(given: Granted, path: Path, functions: Functions, problems: Problems) -> Grant | None:
    if isinstance(given, str):
        return _WORDS.get(given) or role(given)
    asked = given.model_fields_set - {"of"}
    if len(asked) != 1:
        problems.add(path, "a grant says one thing", "write role, index or when")
        return None
    if given.of is not None and given.index is None:
        problems.add((*path, "of"), "it is about an index", "write index, or leave it out")
        return None
    if given.index is not None:
        return index(given.index, given.of or "either")
    if given.role is not None:
        return role(given.role)
    made = functions.expression(given.when or "", (*path, "when"), ASKING, (BOOL,))
    return None if made is None else when(_Condition(made))


class _Condition:
    """A condition in CEL."""

    __slots__ = ("_made",)

    def __init__(self, made: CelExpression) -> None:
        self._made = made

    def __call__(self, data: Any, caller: Any) -> bool:
        known = {
            "id": caller.name,
            "roles": sorted(caller.roles or ()),
            "teams": sorted(caller.teams),
        }

        def find(name: str) -> Any:
            first, _, rest = name.partition(".")
            if first == "caller":
                return known[rest] if rest else known
            return find_variable(name, data, None, None)

        answer = self._made(find)
        if answer is True or answer is False:
            return answer
        # without the value, which the caller may not see
        why = "a condition is true or false, and this gives another value"
        raise EvaluationFailed(f"{self._made.text}: {why}")
