"""``statehold explore``: a machine searched before it runs; it talks to nobody."""

from __future__ import annotations

import json as json_module
import re
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer
from rich.console import Group, RenderableType

from statehold.chart.machine import Definition
from statehold.check import Exploration, Verdict, Way, always, leads_to, never, reachable
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

_STATES = "STATES are paths with &, | and ~; the word done is one too."


def explore(
    target: Target,
    to: Annotated[
        list[str], typer.Option("--to", metavar="STATES", help=f"The shortest way to it. {_STATES}")
    ] = [],  # noqa: B006 - typer copies it
    never_: Annotated[
        list[str], typer.Option("--never", metavar="STATES", help="Can't be reached; else how.")
    ] = [],  # noqa: B006
    always_: Annotated[
        list[str], typer.Option("--always", metavar="STATES", help="Holds in every place.")
    ] = [],  # noqa: B006
    leads: Annotated[
        list[str],
        typer.Option("--leads-to", metavar="'P -> Q'", help="From P, Q is bound to come."),
    ] = [],  # noqa: B006
    data: Annotated[
        str | None, typer.Option("--data", help="The data at the start, JSON; else the least.")
    ] = None,
    event: Annotated[
        list[str],
        typer.Option("--event", help="An event to try, JSON, instead of made ones of its name."),
    ] = [],  # noqa: B006
    limit: Annotated[
        int, typer.Option(min=1, max=10_000_000, help="Places, and configurations, to look at.")
    ] = PLACE_LIMIT,
    offer: Offer = None,
    save: Annotated[
        Path | None, typer.Option("--save", metavar="DIR", help="Writes the ways as scripts.")
    ] = None,
    json: Json = False,
) -> None:
    """Search all behaviour of a machine, and check properties.

    The chart alone is searched with guards both ways; then the machine itself is run in every
    way, its own guards and actions with it. What was left out is told. Exit code 1: a property
    does not hold or is not known to, or a step raises.
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
    ways = found.shortest_to_states()
    saved = [] if save is None else _save(save, definition, ways, verdicts, found)
    if json:
        print_json(_told(definition, configurations, found, ways, verdicts))
    else:
        console = Terminal()
        console.show(_report(definition, configurations, found, ways, verdicts))
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
    ways: dict[str, Way | None],
    verdicts: list[Verdict],
    found: Exploration,
) -> list[Path]:
    """Raises ``UsageError`` where they can't be written."""
    named = {f"to {state}": way for state, way in ways.items()}
    named |= {verdict.property: verdict.way for verdict in verdicts}
    named |= {f"fails {n}": way for n, (_, way) in enumerate(found.failures, 1)}
    written: list[Path] = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, way in named.items():
            if way is None:
                continue
            stem = re.sub(r"[^\w.]+", "-", f"{definition.name} {name}").strip("-")[:STEM_LIMIT]
            path = folder / f"{stem}.json"
            if path in written:
                # another property that reads like it; neither may be lost
                path = folder / f"{stem}-{len(written) + 1}.json"
            text = msgspec.json.format(msgspec.json.encode(way.script), indent=2)
            path.write_bytes(text + b"\n")
            written.append(path)
    except OSError as error:
        raise UsageError(f"{error.filename or folder}: {error.strerror}") from None
    return written


def _told(
    definition: Definition[Any],
    configurations: Reachable,
    found: Exploration,
    ways: dict[str, Way | None],
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
        "states": {state: None if way is None else _way(way) for state, way in ways.items()},
        "properties": [
            {
                "property": verdict.property,
                "holds": verdict.holds,
                "why": verdict.why,
                "way": None if verdict.way is None else _way(verdict.way),
                "circle": verdict.circle,
            }
            for verdict in verdicts
        ],
        "failures": [{"error": fault.error, "way": _way(way)} for fault, way in found.failures],
    }


def _way(way: Way) -> dict[str, Any]:
    script = msgspec.to_builtins(way.script)
    return {"lines": way.lines, "script": script, "exact": way.exact}


def _report(
    definition: Definition[Any],
    configurations: Reachable,
    found: Exploration,
    ways: dict[str, Way | None],
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
    for told in space.left_out:
        facts.add(("left out", "dim"), told)
    if space.complete:
        facts.add(("left out", "dim"), "nothing")
    facts.add(("never taken", "dim"), ", ".join(found.never_taken) or "none")
    parts: list[RenderableType] = [
        line((definition.name, "bold"), (f" v{definition.version}", "dim")),
        facts,
        "",
        _states(ways),
    ]
    for verdict in verdicts:
        style = {True: "green", False: "red", None: "yellow"}[verdict.holds]
        first, *more = str(verdict).splitlines()
        parts += ["", line((first, style)), *map(line, more)]
    for fault, way in found.failures:
        parts += ["", line((fault.error, "red")), *(line(f"  {told}") for told in way.lines)]
    return Group(*parts)


def _states(ways: dict[str, Way | None]) -> Rows:
    table = Rows(("state", "steps", "the shortest way there"), whole=("state",), right=("steps",))
    for state, way in ways.items():
        if way is None:
            table.add(state, "", ("none was found", "yellow"))
            continue
        events = [told.split(". ", 1)[1].rsplit(":", 1)[0] for told in way.lines[1:]]
        table.add(state, str(len(events)), "; ".join(events) or ("start", "dim"))
    return table
