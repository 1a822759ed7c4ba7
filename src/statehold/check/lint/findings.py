"""The static checks: mistakes in a machine, found before it runs.

1. The search (:mod:`statehold.interpreter.explore`) takes each guard both ways, so a finding that
   says "never" is right whatever the functions do. Where the search was cut, there are no such
   findings, and ``search-cut`` says so.
2. Functions are read, not run, with one exception: with ``ask``, guards are called with sample data
   (:mod:`.samples`), since they are pure.
3. The search begins at the start of an instance. An upgrade may bring instances to where no start
   leads; where that is possible, "never" is a warning and not an error.
4. Findings that the chart silences, with a reason, are left out. A silence without a finding is a
   finding.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from statehold.chart.codes import CODES, Code
from statehold.chart.machine import AMachine
from statehold.chart.model import Chart
from statehold.check.lint import (
    choice,
    completion,
    fields,
    loops,
    overlap,
    senders,
    states,
    timing,
    unused,
)
from statehold.check.lint.analysis import Analysis
from statehold.check.lint.catalogue import CATALOGUE
from statehold.check.lint.finding import SEVERITIES, Finding
from statehold.check.lint.samples import Samples

__all__ = ["STEP_LIMIT", "Finding", "findings"]

#: microsteps of the search
STEP_LIMIT = 10_000
#: errors about instances that were started with this version
FROM_THE_START: frozenset[Code] = frozenset(
    {
        "never-chosen", "in-guard-impossible", "timer-never-fires", "never-done",
        "invoke-never-starts",
    }
)  # fmt: skip
#: codes that need guards to be called
ASKED: frozenset[Code] = frozenset({"overlapping-guards"})

_CHECKS = (
    states.unreachable,
    states.dead_ends,
    states.traps,
    states.no_end,
    states.histories,
    states.owners,
    unused.owners,
    unused.tags,
    unused.labels,
    choice.never_chosen,
    choice.duplicates,
    choice.impossible_guards,
    choice.constant_guards,
    choice.conflicting_regions,
    choice.does_nothing,
    timing.timers,
    timing.deadlines,
    timing.short,
    completion.never_done,
    completion.done_unhandled,
    completion.failures,
    completion.results,
    completion.never_starts,
    completion.children,
    fields.never_set,
    fields.unknown_fields,
    fields.changing_guards,
    fields.impure,
    fields.unheard,
    fields.undeclared,
    senders.public,
    senders.refused,
    senders.unsendable,
    senders.unreadable,
    unused.roles,
)


def findings(
    machine: AMachine | Chart,
    *,
    limit: int = STEP_LIMIT,
    ask: bool = True,
    beside: Iterable[AMachine] = (),
) -> tuple[Finding, ...]:
    """The findings in a valid machine or a bare chart: errors first, then warnings.

    ``limit`` bounds the search. ``ask`` False: no function is called. ``beside`` are the machines
    that run beside it, whose messages to it are looked at; its children's always are.
    """
    definition = None if isinstance(machine, Chart) else machine.definition
    chart = machine if isinstance(machine, Chart) else machine.definition.chart
    others = tuple(one.definition for one in beside)
    analysis = Analysis(chart, definition, limit, others)
    samples = Samples(analysis) if ask and definition is not None else None
    found = [finding for check in _CHECKS for finding in check(analysis)]
    found += loops.endless(analysis, samples)
    if samples is not None:
        found += overlap.overlapping(analysis, samples)
    if analysis.has_upgraded:
        found = [_except_upgraded(finding) for finding in found]
    if not analysis.complete:
        found.append(_cut(analysis, limit))
    silenced = {(s.code, s.place) for s in chart.silenced if s.reason}
    kept = [f for f in found if silenced.isdisjoint(_silencing(f))]
    kept += _about_silences(analysis, found, asked=samples is not None)
    rank = {code: number for number, code in enumerate(CATALOGUE)}
    kept.sort(key=lambda f: (SEVERITIES.index(f.severity), rank[f.code]))
    return tuple(dict.fromkeys(kept))


def _except_upgraded(finding: Finding) -> Finding:
    if finding.code not in FROM_THE_START:
        return finding
    message = f"{finding.message}, except in an upgraded instance"
    return msgspec.structs.replace(finding, severity="warning", message=message)


def _cut(analysis: Analysis, limit: int) -> Finding:
    return analysis.finding(
        "search-cut",
        "chart",
        "",
        f"it has more than {limit} microsteps, which is the limit of the search: checks of what "
        "never happens are left out",
        "raise the limit (--limit), or make a part of it a machine of its own",
    )


def _silencing(finding: Finding) -> tuple[tuple[str, str], ...]:
    """The codes and places that silence it. A rule, ``reject``, also stands for the transitions
    that it was expanded to, ``reject[cooking]``."""
    code, place = finding.code, finding.place
    return (code, ""), (code, place), (code, place.partition("[")[0])


def _about_silences(analysis: Analysis, found: list[Finding], *, asked: bool) -> Iterator[Finding]:
    used = {one for finding in found for one in _silencing(finding)}
    for silence in analysis.chart.silenced:
        where = f" at {silence.place}" if silence.place else ""
        if silence.code not in CODES or not silence.reason:
            what = "has no reason" if silence.code in CODES else "is not the code of a check"
            yield analysis.finding(
                "silence-unknown",
                "chart",
                "",
                f"the silence{where}, {silence.code!r}, {what}",
                "the codes are listed in the guide on checking; a reason is a sentence",
            )
            continue
        unsure = not analysis.complete or (not asked and silence.code in ASKED)
        if not unsure and (silence.code, silence.place) not in used:
            yield analysis.finding(
                "silence-unused",
                "chart",
                "",
                f"{silence.code}{where} is silenced, and there is no such finding",
                "remove the silence",
            )
