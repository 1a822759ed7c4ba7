"""``explore``: a machine searched before it runs, without a server."""

from __future__ import annotations

import json as json_module
import re
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer
from rich.console import Group, RenderableType

from statehold.chart.machine import Definition
from statehold.check import Exploration, Verdict, Witness, always, leads_to, never, reachable
from statehold.check import explore as explore_machine
from statehold.check.explore.explore import most_configurations
from statehold.check.explore.explore import reachable as reachable_configurations
from statehold.check.explore.predicate import parse
from statehold.check.explore.property import Property
from statehold.check.explore.space import PLACE_LIMIT
from statehold.cli.commands.simulate import one_machine
from statehold.cli.offering import load_offered
from statehold.cli.options import Json, Offer, Target
from statehold.cli.outcome import DONE, REFUSED, UsageError
from statehold.cli.terminal import Rows, Terminal, count_of, line, print_json
from statehold.errors import InvalidPayload, NotFound, UnknownEvent
from statehold.interpreter.explore import SEARCH_LIMIT, Reachable

#: characters of a saved script's name
STEM_LIMIT = 120

_STATES = "STATES are paths with &, | and ~; done is one, too."


def explore(
    target: Target,
    to: Annotated[
        list[str], typer.Option("--to", metavar="STATES", help=f"A shortest path to it. {_STATES}")
    ] = [],  # noqa: B006 - typer copies it
    never_: Annotated[
        list[str],
        typer.Option("--never", metavar="STATES", help="Can't be reached; otherwise shows a path."),
    ] = [],  # noqa: B006
    always_: Annotated[
        list[str], typer.Option("--always", metavar="STATES", help="Holds in every place.")
    ] = [],  # noqa: B006
    leads: Annotated[
        list[str],
        typer.Option("--leads-to", metavar="'P -> Q'", help="After P, Q follows on every path."),
    ] = [],  # noqa: B006
    data: Annotated[
        str | None,
        typer.Option("--data", help="The data at the start, JSON; by default the smallest."),
    ] = None,
    event: Annotated[
        list[str],
        typer.Option(
            "--event", help="An event to try, JSON, instead of generated ones of its name."
        ),
    ] = [],  # noqa: B006
    limit: Annotated[
        int, typer.Option(min=1, max=10_000_000, help="Places, and configurations, to search.")
    ] = PLACE_LIMIT,
    offer: Offer = None,
    save: Annotated[
        Path | None, typer.Option("--save", metavar="DIR", help="Writes the witnesses as scripts.")
    ] = None,
    json: Json = False,
) -> None:
    """Search all behaviour of a machine, and check properties.

    First the chart alone is searched, with each guard both true and false; then the machine runs
    in every way, with its own guards and actions. The report names what was left out. Exit code 1:
    a property does not hold or is not known to, or a step raises.
    """
    definition = one_machine(target, load_offered(offer or ()))
    asked = _properties(definition, to, never_, always_, leads)
    configurations = reachable_configurations(definition.chart, limit=max(limit, SEARCH_LIMIT))
    try:
        found = explore_machine(
            definition,
            None if data is None else _json(data, "--data"),
            events=[_json(one, "--event") for one in event],
            limit=limit,
        )
    except (InvalidPayload, UnknownEvent) as error:
        raise UsageError(f"{error}; see --data and --event") from None
    try:
        verdicts = [found.check(one) for one in asked]
    except ValueError as error:
        raise NotFound(str(error)) from None
    witnesses = found.shortest_to_states()
    saved = [] if save is None else _save(save, definition, witnesses, verdicts, found)
    if json:
        print_json(_as_json(definition, configurations, found, witnesses, verdicts))
    else:
        console = Terminal()
        console.show(_report(definition, configurations, found, witnesses, verdicts))
        for path in saved:
            console.say((f"wrote {path}", "dim"))
    wrong = any(not verdict.holds for verdict in verdicts) or found.failures
    raise typer.Exit(REFUSED if wrong else DONE)


def _properties(
    definition: Definition[Any],
    to: list[str],
    never_: list[str],
    always_: list[str],
    leads: list[str],
) -> list[Property]:
    try:
        found = [reachable(parse(one)) for one in to]
        found += [never(parse(one)) for one in never_]
        found += [always(parse(one)) for one in always_]
        for one in leads:
            p, arrow, q = one.partition("->")
            if not arrow:
                raise ValueError(f"--leads-to takes 'P -> Q', not {one!r}")
            found.append(leads_to(parse(p), parse(q)))
    except ValueError as error:
        raise UsageError(str(error)) from None
    return found


def _json(text: str, what: str) -> Any:
    try:
        found = json_module.loads(text)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{what} is not JSON: {error}") from None
    if not isinstance(found, dict):
        raise UsageError(f"{what} takes a JSON object, not {text!r}")
    return found


def _save(
    folder: Path,
    definition: Definition[Any],
    witnesses: dict[str, Witness | None],
    verdicts: list[Verdict],
    found: Exploration,
) -> list[Path]:
    """Raises ``UsageError`` where they can't be written."""
    named = {f"to {state}": witness for state, witness in witnesses.items()}
    named |= {verdict.property: verdict.witness for verdict in verdicts}
    named |= {f"fails {n}": witness for n, (_, witness) in enumerate(found.failures, 1)}
    written: list[Path] = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, witness in named.items():
            if witness is None:
                continue
            stem = re.sub(r"[^\w.]+", "-", f"{definition.name} {name}").strip("-")[:STEM_LIMIT]
            path = folder / f"{stem}.json"
            if path in written:
                # two properties may read alike
                path = folder / f"{stem}-{len(written) + 1}.json"
            text = msgspec.json.format(msgspec.json.encode(witness.script), indent=2)
            path.write_bytes(text + b"\n")
            written.append(path)
    except OSError as error:
        raise UsageError(f"{error.filename or folder}: {error.strerror}") from None
    return written


def _as_json(
    definition: Definition[Any],
    configurations: Reachable,
    found: Exploration,
    witnesses: dict[str, Witness | None],
    verdicts: list[Verdict],
) -> dict[str, Any]:
    space = found.space
    return {
        "machine": definition.name,
        "version": definition.version,
        "configurations": {
            "found": len(configurations.configurations),
            "looked_at": configurations.places,
            "complete": configurations.complete,
            "at_most": str(most_configurations(definition.chart)),
        },
        "snapshots": {
            "found": found.places,
            "configurations": len(found.configurations),
            "steps": space.steps,
            "depth": space.depth,
            "complete": space.complete,
            "limits": space.cut,
            "left_out": space.left_out,
        },
        "never_taken": found.never_taken,
        "states": {
            state: None if witness is None else _witness(witness)
            for state, witness in witnesses.items()
        },
        "properties": [
            {
                "property": verdict.property,
                "holds": verdict.holds,
                "why": verdict.why,
                "way": None if verdict.witness is None else _witness(verdict.witness),
                "circle": verdict.loop,
            }
            for verdict in verdicts
        ],
        "failures": [
            {"error": fault.error, "way": _witness(witness)} for fault, witness in found.failures
        ],
    }


def _witness(witness: Witness) -> dict[str, Any]:
    script = msgspec.to_builtins(witness.script)
    return {"lines": witness.lines, "script": script, "exact": witness.exact}


def _report(
    definition: Definition[Any],
    configurations: Reachable,
    found: Exploration,
    witnesses: dict[str, Witness | None],
    verdicts: list[Verdict],
) -> RenderableType:
    space = found.space
    facts = Rows(("what", "is"), whole=("what",), titles=False)
    most = f"{most_configurations(definition.chart):,}"
    facts.add(
        ("configurations", "dim"),
        line(f"{len(configurations.configurations):,}, all that guards could allow")
        if configurations.complete
        else line(
            f"{len(configurations.configurations):,}, ",
            ("there may be more", "yellow"),
            f", {most} at most",
        ),
    )
    facts.add(
        ("snapshots", "dim"),
        f"{count_of(found.places, 'place')} in "
        f"{count_of(len(found.configurations), 'configuration')}, "
        f"{count_of(space.steps, 'step')} taken, at most {space.depth} from the start",
    )
    for why, times in space.cut.items():
        facts.add(("limit", "yellow"), f"{why}; {count_of(times, 'step')} not followed")
    for what in space.left_out:
        facts.add(("left out", "dim"), what)
    if space.complete:
        facts.add(("left out", "dim"), "nothing")
    facts.add(("never taken", "dim"), ", ".join(found.never_taken) or "none")
    parts: list[RenderableType] = [
        line((definition.name, "bold"), (f" v{definition.version}", "dim")),
        facts,
        "",
        _states(witnesses),
    ]
    for verdict in verdicts:
        style = {True: "green", False: "red", None: "yellow"}[verdict.holds]
        first, *more = str(verdict).splitlines()
        parts += ["", line((first, style)), *map(line, more)]
    for fault, witness in found.failures:
        parts += ["", line((fault.error, "red")), *(line(f"  {step}") for step in witness.lines)]
    return Group(*parts)


def _states(witnesses: dict[str, Witness | None]) -> Rows:
    table = Rows(("state", "steps", "a shortest path"), whole=("state",), right=("steps",))
    for state, witness in witnesses.items():
        if witness is None:
            table.add(state, "", ("none was found", "yellow"))
            continue
        events = [step.split(". ", 1)[1].rsplit(":", 1)[0] for step in witness.lines[1:]]
        table.add(state, str(len(events)), "; ".join(events) or ("start", "dim"))
    return table
