"""``check``: mistakes in machines, found before they run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer
from rich.text import Text

from statehold.chart.machine import Definition
from statehold.chart.model import ROOT
from statehold.check.lint.finding import SEVERITIES, Finding
from statehold.check.lint.findings import STEP_LIMIT, findings
from statehold.cli.offering import load_offered
from statehold.cli.options import Json, Offer, Targets
from statehold.cli.outcome import DONE, REFUSED, UsageError, explain_failure
from statehold.cli.targets import load_machines
from statehold.cli.terminal import Rows, Terminal, count_of, line, print_json
from statehold.errors import DefinitionError, NotFound

#: modules of one folder
FILE_LIMIT = 1_000

_STYLES = {"error": "bold red", "warning": "yellow", "info": "dim"}


def check(
    targets: Targets,
    offer: Offer = None,
    json: Json = False,
    strict: Annotated[bool, typer.Option("--strict", help="Exit with 1 on warnings too.")] = False,
    limit: Annotated[
        int, typer.Option(min=1, help="How many microsteps to follow, in each machine.")
    ] = STEP_LIMIT,
) -> None:
    """Check machines before they run: errors and likely mistakes.

    A machine with errors does not start, and the exit code is 1. Warnings are probably mistakes; an
    intended one is silenced in the machine, with a reason.
    """
    offered = load_offered(offer or ())
    summaries: list[dict[str, Any]] = []
    checked: list[tuple[Definition[Any], tuple[Finding, ...]]] = []
    code = DONE
    loaded: list[Definition[Any]] = []
    for target in (one for given in targets for one in _files(given)):
        try:
            loaded += load_machines([target], offered)
        except NotFound as error:
            # a module of a folder need not define a machine
            if target in targets:
                code = code or explain_failure(error)
        except DefinitionError as error:
            # the other targets are checked too, so that all mistakes are reported at once
            code = REFUSED
            if json:
                summaries.append({"name": error.machine, "ok": False, **error.details()})
            else:
                explain_failure(error)
    for definition in loaded:
        found = findings(definition, limit=limit, beside=loaded)
        checked.append((definition, found))
        summaries.append(_summary(definition, found))
        wrong = ("error", "warning") if strict else ("error",)
        if any(finding.severity in wrong for finding in found):
            code = REFUSED
    console = Terminal()
    if json:
        print_json(summaries)
    elif summaries:
        console.show(_summary_table(summaries))
        for definition, found in checked:
            _print(console, definition, found)
    raise typer.Exit(code)


def _files(target: str) -> list[str]:
    """A folder stands for the modules in it and below, except tests and private ones.

    Raises ``NotFound`` for a folder without any.
    """
    if not Path(target).is_dir():
        return [target]
    found = sorted(str(path) for path in Path(target).rglob("*.py") if _may_define(path))
    if not found:
        raise NotFound(f"there is no Python module in {target}")
    if len(found) > FILE_LIMIT:
        raise UsageError(
            f"{target} has {len(found)} modules; the limit is {FILE_LIMIT}: name folders in it"
        )
    return found


def _may_define(path: Path) -> bool:
    hidden = any(part.startswith(".") for part in path.parts if part not in (".", ".."))
    return not hidden and not path.name.startswith(("test_", "conftest", "__"))


def _print(console: Terminal, definition: Definition[Any], found: Sequence[Finding]) -> None:
    """The findings of one machine, the worst first."""
    if not found:
        return
    counted = Counter(finding.severity for finding in found)
    total = ", ".join(count_of(counted[s], _NOUNS[s]) for s in SEVERITIES if counted[s])
    console.say()
    console.say((definition.name, "bold"), f" {definition.version}: {total}")
    for finding in found:
        severity = (finding.severity, _STYLES[finding.severity])
        console.say("  ", severity, " ", (finding.code, "dim"), " ", (finding.where, "bold"))
        console.say(f"    {finding.message}")
        if finding.hint:
            console.say("    ", ("hint", "green"), f" {finding.hint}")


_NOUNS = {"error": "error", "warning": "warning", "info": "remark"}


def _mark(summary: dict[str, Any]) -> Text:
    found = {finding["severity"] for finding in summary["findings"]}
    if "error" in found:
        return line(("✗", "bold red"))
    return line(("!", "yellow") if "warning" in found else ("✓", "green"))


def _summary(definition: Definition[Any], found: Sequence[Finding]) -> dict[str, Any]:
    """The summary of a machine that can be run."""
    chart = definition.chart
    kinds = Counter(transition.trigger.kind for transition in chart.transitions)
    return {
        "name": chart.name,
        "version": chart.version,
        "ok": not any(finding.severity == "error" for finding in found),
        "doc": chart.doc,
        "states": sum(1 for state in chart.states if state.id != ROOT),
        "transitions": len(chart.transitions),
        "timers": kinds["after"],
        "events": [event.name for event in chart.events],
        "effects": sorted(definition.effects),
        "children": sorted(definition.children),
        "upgrades_from": sorted(upgrade.from_version for upgrade in definition.upgrades),
        "findings": [msgspec.structs.asdict(finding) for finding in found],
    }


def _summary_table(summaries: list[dict[str, Any]]) -> Rows:
    numbers = ("version", "states", "transitions", "timers")
    table = Rows(("machine", *numbers, "events", "effects"), whole=("machine",), right=numbers)
    for summary in summaries:
        table.add(
            line(_mark(summary), " ", (summary["name"], "bold")),
            *(str(summary[number]) for number in numbers),
            ", ".join(summary["events"]) or ("none", "dim"),
            ", ".join(summary["effects"]) or ("none", "dim"),
        )
    return table
