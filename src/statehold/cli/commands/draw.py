"""``draw``: a chart as a picture, or as the text of other programs' diagrams."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from pathlib import Path
from typing import Annotated, Any

import anyio
import typer

from statehold.chart.model import Chart
from statehold.cli.offering import load_offered
from statehold.cli.options import CallerName, Headers, Offer, Output, Roles, Target, TokenFile, Url
from statehold.cli.outcome import UsageError
from statehold.cli.picture import draw_png, draw_svg
from statehold.cli.session import connect
from statehold.cli.targets import chart_of, load_machines_or_charts
from statehold.cli.terminal import note, print_document
from statehold.client.asynchronous import DEFAULT_URL
from statehold.errors import NotFound
from statehold.formats.dot import to_dot
from statehold.formats.label import Detail
from statehold.formats.mermaid import to_mermaid


class Format(Enum):
    svg = "svg"
    png = "png"
    mermaid = "mermaid"
    dot = "dot"


class LabelChoice(Enum):
    full = "full"
    events = "events"
    names = "names"


class Direction(Enum):
    down = "down"
    right = "right"


class Theme(Enum):
    light = "light"
    dark = "dark"


#: states that an error names, when a chart does not have the one that was asked for
STATES_NAMED = 40
_PICTURES = (Format.svg, Format.png)
_SUFFIXES = {".svg": Format.svg, ".png": Format.png, ".dot": Format.dot, ".gv": Format.dot}


def draw(
    target: Target,
    format: Annotated[
        Format | None,
        typer.Option(help="Left out: what the output's name ends with; else mermaid."),
    ] = None,
    detail: Annotated[LabelChoice, typer.Option(help="What stands at arrows.")] = LabelChoice.full,
    instance: Annotated[
        str | None, typer.Option(metavar="ID", help="Light the state that it is in now.")
    ] = None,
    direction: Annotated[
        Direction | None, typer.Option(help="Where arrows lead; svg and png.")
    ] = None,
    theme: Annotated[Theme | None, typer.Option(help="svg and png.")] = None,
    collapse: Annotated[
        list[str] | None,
        typer.Option(
            metavar="STATE",
            help="Hide what is in it; may be repeated. Left out: as much as is needed to see at "
            "most some 40 states. svg and png.",
        ),
    ] = None,
    whole: Annotated[bool, typer.Option("--whole", help="Collapse nothing.")] = False,
    look_into: Annotated[
        str | None,
        typer.Option(metavar="STATE", help="Only it and its neighbours; svg and png."),
    ] = None,
    scale: Annotated[
        float | None,
        typer.Option(min=0.1, max=10, help="Pixels for each of the drawing's; png, 2 if left out."),
    ] = None,
    offer: Offer = None,
    output: Output = None,
    url: Url = DEFAULT_URL,
    caller: CallerName = None,
    roles: Roles = None,
    token_file: TokenFile = None,
    header: Headers = [],  # noqa: B006 -- typer reads it, and nobody changes it
) -> None:
    """Draw a machine's chart, as a picture or as a diagram's text.

    Pictures are the studio's own: svg and png need Node.js. With --instance, the state that the
    instance is in on the server is lit.
    """
    form = format or (_SUFFIXES.get(output.suffix.lower()) if output else None) or Format.mermaid
    wanted: dict[str, Any] = {
        "direction": direction and direction.value.upper(),
        "theme": theme and theme.value,
        "root": look_into,
        "collapsed": [] if whole else collapse,
        "scale": scale,
    }
    given = {name: value for name, value in wanted.items() if value is not None}
    _check_options(form, given)
    charts = [chart_of(one) for one in load_machines_or_charts(target, load_offered(offer or ()))]
    if len(charts) > 1 and (form in _PICTURES or instance is not None):
        names = ", ".join(chart.name for chart in charts)
        raise UsageError(f"{target} has several machines, {names}; name one, as module:Class")
    active: list[str] = []
    if instance is not None:
        active = anyio.run(_state_of, charts[0], instance, url, caller, roles, token_file, header)
    if form in _PICTURES:
        _write(_picture(charts[0], form, given, detail, active, instance), output)
    else:
        _write(_text(charts, form, detail.value, active), output)


def _check_options(form: Format, given: Mapping[str, Any]) -> None:
    """Raises ``UsageError`` for options that the form has no use for."""
    if form not in _PICTURES and given.keys() - {"scale"}:
        raise UsageError(
            f"--direction, --theme, --collapse, --whole and --look-into are for pictures, and "
            f"{form.value} is text that others lay out; give --format svg or --format png"
        )
    if "scale" in given and form is not Format.png:
        raise UsageError("--scale is for --format png; other pictures have no pixels")


def _picture(
    chart: Chart,
    form: Format,
    given: dict[str, Any],
    detail: LabelChoice,
    active: Sequence[str],
    instance: str | None,
) -> str | bytes:
    root = given.get("root")
    _check_states(chart, [*given.get("collapsed", ()), *([root] if root else ())])
    title = f"{chart.name}, version {chart.version}"
    if instance is not None:
        title += f", {instance}"
    options = {**given, "detail": detail.value, "active": active, "title": title}
    if form is Format.png:
        return draw_png(chart, **options)
    return draw_svg(chart, **options)


def _text(charts: Sequence[Chart], form: Format, detail: Detail, active: Sequence[str]) -> str:
    to_text: Callable[..., str] = to_mermaid if form is Format.mermaid else to_dot
    return "\n".join(
        to_text(chart, detail=detail, active=active).rstrip("\n") + "\n" for chart in charts
    )


async def _state_of(
    chart: Chart,
    id: str,
    url: str,
    caller: str | None,
    roles: str | None,
    token_file: Path | None,
    header: list[str],
) -> list[str]:
    async with connect(url, caller, roles, header, token_file) as client:
        reply = await client.get(chart.name, id)
    if reply.version != chart.version:
        raise UsageError(
            f"{id} is of version {reply.version} of {chart.name}, and what is to be drawn is "
            f"version {chart.version}; name the machine of version {reply.version}"
        )
    return reply.state


def _check_states(chart: Chart, named: list[str]) -> None:
    known = [state.id for state in chart.states if state.id]
    for state in named:
        if state not in known:
            more = f" and {len(known) - STATES_NAMED} more" if len(known) > STATES_NAMED else ""
            names = ", ".join(known[:STATES_NAMED])
            raise NotFound(f"{chart.name} has no state {state!r}; it has {names}{more}")


def _write(content: str | bytes, output: Path | None) -> None:
    if output is None:
        if isinstance(content, bytes) and sys.stdout.isatty():
            raise UsageError("a PNG is nothing for a terminal; give it a file, -o FILE")
        if isinstance(content, bytes):
            sys.stdout.buffer.write(content)
            sys.stdout.flush()
        else:
            print_document(content)
        return
    try:
        output.write_bytes(content.encode() if isinstance(content, str) else content)
    except OSError as error:
        raise UsageError(f"{output} can't be written: {error.strerror}") from None
    note(f"wrote {output}")
