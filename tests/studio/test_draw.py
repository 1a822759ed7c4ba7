"""Pictures from the command line: the studio's drawing, by its program for Node.js."""

from __future__ import annotations

import struct
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from docs.generator import attempts
from statehold.cli.picture import draw_svg
from statehold.cli.targets import chart_of, load_machines_or_charts
from tests.acceptance.command_line import run
from tests.acceptance.reader import ROOT, blocks

pytestmark = pytest.mark.usefixtures("built")

ORDER = "examples.order.flow"
SVG = "{http://www.w3.org/2000/svg}"


def classes(svg: str, name: str) -> list[set[str]]:
    """Of the groups that are of this class: all that they are of."""
    groups = ET.fromstring(svg).iter(f"{SVG}g")
    found = (set(group.get("class", "").split()) for group in groups)
    return [one for one in found if name in one]


def words(svg: str) -> str:
    return " ".join(text.strip() for text in ET.fromstring(svg).itertext() if text.strip())


def size(png: bytes) -> tuple[int, int]:
    assert png.startswith(b"\x89PNG")
    width, height = struct.unpack(">II", png[16:24])
    return width, height


def test_a_machine_is_drawn_as_svg_that_stands_alone() -> None:
    drawn = run("draw", ORDER, "--format", "svg")
    assert drawn.code == 0, drawn.err
    assert len(classes(drawn.out, "state")) == 6
    assert "Restaurant accepted by restaurant / note_prep_time" in words(drawn.out)
    assert "font/woff2;base64," in drawn.out
    assert "var(" not in drawn.out


def test_the_readmes_picture_shows_the_readmes_machine(tmp_path: Path) -> None:
    (code,) = [
        text
        for language, text in blocks("README.md")
        if language == "python" and text.startswith("# orders.py\n")
    ]
    (tmp_path / "orders.py").write_text(code, encoding="utf-8")
    drawn = run("draw", str(tmp_path / "orders.py"), "--format", "svg", "--direction", "right")
    picture = (ROOT / "docs" / "images" / "order.svg").read_text(encoding="utf-8")
    assert words(picture) == words(drawn.out)


def test_the_picture_of_attempts_shows_the_engines_table() -> None:
    drawn = draw_svg(attempts.machine().chart, direction="down")
    picture = (ROOT / "docs" / "images" / "attempts.svg").read_text(encoding="utf-8")
    assert words(picture) == words(drawn)


def test_a_files_name_says_what_to_draw(tmp_path: Path) -> None:
    names = ("order.svg", "order.png", "order.dot", "order.mmd")
    files = [tmp_path / name for name in names]
    for file in files:
        assert run("draw", ORDER, "-o", str(file)).code == 0
    svg, png, dot, mermaid = (file.read_bytes() for file in files)
    assert svg.startswith(b"<svg ")
    assert png.startswith(b"\x89PNG")
    assert dot.startswith(b"digraph")
    assert mermaid.startswith(b"stateDiagram-v2")


def test_a_png_has_as_many_pixels_as_were_asked_for(tmp_path: Path) -> None:
    for scale in ("1", "3"):
        file = tmp_path / f"{scale}.png"
        assert run("draw", ORDER, "--scale", scale, "-o", str(file)).code == 0
    width, height = size((tmp_path / "1.png").read_bytes())
    assert size((tmp_path / "3.png").read_bytes()) == (3 * width, 3 * height)


def test_groups_are_collapsed_or_looked_into(tmp_path: Path) -> None:
    target = "examples.order_v3.flow"
    whole = run("draw", target, "--format", "svg").out
    shut = run("draw", target, "--format", "svg", "--collapse", "standard").out
    inside = run("draw", target, "--format", "svg", "--look-into", "standard").out
    assert len(classes(whole, "state")) == 12
    assert len(classes(shut, "shut")) == 1
    assert len(classes(shut, "state")) == 9
    assert len(classes(inside, "outside")) == 3
    dark = run("draw", target, "--format", "svg", "--theme", "dark", "--direction", "right").out
    assert "#0f1116" in dark
    assert "#0f1116" not in whole


def test_active_states_are_lit() -> None:
    chart = chart_of(load_machines_or_charts(ORDER)[0])
    drawn = draw_svg(chart, active=["ready"], title="order, version 1, o-1")
    assert classes(drawn, "active") == [{"state", "atomic", "active"}]
    assert words(drawn).startswith("order, version 1, o-1")


@pytest.mark.parametrize(
    ("arguments", "code", "answer"),
    [
        (["--format", "svg", "--collapse", "nowhere"], 3, "it has creating, accepted"),
        (["--format", "svg", "--look-into", "nowhere"], 3, "no state 'nowhere'"),
        (["--theme", "dark"], 2, "give --format svg"),
        (["--format", "dot", "--whole"], 2, "give --format svg"),
        (["--format", "svg", "--scale", "3"], 2, "--scale is for --format png"),
        (["--format", "svg", "-o", "/nowhere/order.svg"], 2, "can't be written"),
    ],
)
def test_a_refused_drawing_has_a_reason(arguments: list[str], code: int, answer: str) -> None:
    ran = run("draw", ORDER, *arguments)
    assert ran.code == code
    assert answer in ran.err
    assert ran.out == ""


def test_two_machines_are_not_one_picture() -> None:
    ran = run("draw", "examples.defects.no_end", "--format", "svg")
    assert ran.code == 2
    assert "no-end, no-end-mended" in ran.err
