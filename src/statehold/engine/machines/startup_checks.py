"""The static checks when an engine opens.

1. Errors refuse the opening, as a ``DefinitionError``, before the store is touched. A finding that
   is intended is silenced in the machine, with a reason.
2. Warnings are one log line for each machine. ``statehold check`` prints them in full.
3. The search is bounded by ``Limits.check_steps``, and no function of the machine is called. The
   findings are kept with the machine for other engines of the process.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from statehold.chart.machine import Definition
from statehold.check.lint.finding import Finding
from statehold.check.lint.findings import findings
from statehold.engine.log_fields import about, logger
from statehold.engine.requests.context import EngineContext
from statehold.errors import DefinitionError, Problem

log = logger(__name__)

#: findings that one log line names
NAMED_LIMIT = 10


def check_machines(context: EngineContext, machines: Iterable[Definition[Any]]) -> None:
    """Raises ``DefinitionError`` for the first machine with errors, listing all of them."""
    limit = context.limits.check_steps
    if not limit:
        return
    all_of_them = tuple(machines)
    for definition in all_of_them:
        found = _found(definition, limit, all_of_them)
        errors = [finding for finding in found if finding.severity == "error"]
        if errors:
            raise DefinitionError(definition.name, [_problem(finding) for finding in errors])
        warnings = [finding for finding in found if finding.severity == "warning"]
        if warnings:
            named = ", ".join(f"{f.code} ({f.where})" for f in warnings[:NAMED_LIMIT])
            more = len(warnings) - NAMED_LIMIT
            log.warning(
                "machine %s %d may have mistakes: %s%s; statehold check lists them",
                definition.name,
                definition.version,
                named,
                f" and {more} more" if more > 0 else "",
                extra=about(context, machine=definition.name, codes=[f.code for f in warnings]),
            )


def _found(
    definition: Definition[Any], limit: int, beside: tuple[Definition[Any], ...]
) -> tuple[Finding, ...]:
    if definition.checked is None or definition.checked[0] != (limit, beside):
        made = findings(definition, limit=limit, ask=False, beside=beside)
        definition.checked = ((limit, beside), made)
    found: tuple[Finding, ...] = definition.checked[1]
    return found


def _problem(finding: Finding) -> Problem:
    return Problem(
        f"{finding.code}, {finding.where}",
        finding.message,
        f"{finding.hint}; or silence {finding.code}, with a reason, if it is meant so",
    )
