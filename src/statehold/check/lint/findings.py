"""Static checks: what is wrong with a machine, told before it runs.

1. What can never happen is read off a search that errs on one side only
   (:mod:`statehold.interpreter.explore`): a finding that says "never" is right whatever the
   functions do. Where the search was cut, such findings are not made, and ``search-cut`` says so.
2. Functions are read, not run, with one exception: where ``ask`` is true, guards are asked about
   made-up data (:mod:`.samples`), since they are pure.
3. The search begins at the start. Instances that an upgrade brings over may be where no start
   leads; where there is such a place, "never" is a warning and not an error.
4. What is silenced on the chart, with a reason, is not told. A silence without a finding is a
   finding.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from statehold.chart.codes import CODES, Code
from statehold.chart.machine import AMachine
from statehold.chart.model import Chart
from statehold.check.lint import choice, completion, fields, loops, overlap, states, timing
from statehold.check.lint.analysis import Analysis
from statehold.check.lint.catalogue import CATALOGUE
from statehold.check.lint.finding import SEVERITIES, Finding
from statehold.check.lint.samples import Samples

__all__ = ["STEP_LIMIT", "Finding", "findings"]

#: microsteps that are followed to find out what can happen
STEP_LIMIT = 10_000
#: errors that hold for what a start leads to
FROM_THE_START: frozenset[Code] = frozenset(
    {
        "never-chosen", "in-guard-impossible", "timer-never-fires", "never-done",
        "invoke-never-starts",
    }
)  # fmt: skip
#: found by asking guards alone
ASKED: frozenset[Code] = frozenset({"overlapping-guards"})

_CHECKS = (
    states.unreachable,
    states.dead_ends,
    states.traps,
    states.no_end,
    states.histories,
    states.owners,
    choice.never_chosen,
    choice.duplicates,
    choice.impossible_guards,
    choice.constant_guards,
    choice.conflicting_regions,
    choice.does_nothing,
    timing.timers,
    timing.deadlines,
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
)


def findings(
    machine: AMachine | Chart, *, limit: int = STEP_LIMIT, ask: bool = True
) -> tuple[Finding, ...]:
    """What the checks find in a valid machine or a bare chart: errors first, then warnings.

    ``limit`` bounds the search for what can happen. ``ask`` False: no function is called.
    """
    definition = None if isinstance(machine, Chart) else machine.definition
    chart = machine if isinstance(machine, Chart) else machine.definition.chart
    subject = Analysis(chart, definition, limit)
    samples = Samples(subject) if ask and definition is not None else None
    found = [finding for check in _CHECKS for finding in check(subject)]
    found += loops.endless(subject, samples)
    if samples is not None:
        found += overlap.overlapping(subject, samples)
    if subject.takes_strangers:
        found = [_but_for_strangers(finding) for finding in found]
    if not subject.complete:
        found.append(_cut(subject, limit))
    silenced = {(s.code, s.place) for s in chart.silenced if s.reason}
    told = [f for f in found if silenced.isdisjoint(_silencing(f))]
    told += _about_silences(subject, found, asked=samples is not None)
    rank = {code: number for number, code in enumerate(CATALOGUE)}
    told.sort(key=lambda f: (SEVERITIES.index(f.severity), rank[f.code]))
    return tuple(dict.fromkeys(told))


def _but_for_strangers(finding: Finding) -> Finding:
    if finding.code not in FROM_THE_START:
        return finding
    message = f"{finding.message}, save in an instance that an upgrade brings over"
    return msgspec.structs.replace(finding, severity="warning", message=message)


def _cut(subject: Analysis, limit: int) -> Finding:
    return subject.finding(
        "search-cut",
        "chart",
        "",
        f"more than {limit} microsteps can happen in it, which is as many as were followed: "
        "nothing is said of what can never happen",
        "follow more of them (--limit), or make a part of it a machine of its own",
    )


def _silencing(finding: Finding) -> tuple[tuple[str, str], ...]:
    """The codes and places that silence it. That of a rule, ``reject``, stands for the transitions
    that it was made into, ``reject[cooking]``, too."""
    code, place = finding.code, finding.place
    return (code, ""), (code, place), (code, place.partition("[")[0])


def _about_silences(subject: Analysis, found: list[Finding], *, asked: bool) -> Iterator[Finding]:
    used = {one for finding in found for one in _silencing(finding)}
    for silence in subject.chart.silenced:
        where = f" at {silence.place}" if silence.place else ""
        if silence.code not in CODES or not silence.reason:
            what = "has no reason" if silence.code in CODES else "is no code of a check"
            yield subject.finding(
                "silence-unknown",
                "chart",
                "",
                f"what is silenced{where}, {silence.code!r}, {what}",
                "the codes are listed in the guide on checking; a reason is a sentence",
            )
            continue
        unsure = not subject.complete or (not asked and silence.code in ASKED)
        if not unsure and (silence.code, silence.place) not in used:
            yield subject.finding(
                "silence-unused",
                "chart",
                "",
                f"{silence.code}{where} is silenced, and there is no such finding",
                "take the silence out",
            )
