"""What `statehold draw` says where no picture can be made; tests/studio/test_draw.py makes some."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from statehold.chart.model import Chart, Initial, StateNode
from statehold.cli import picture
from statehold.cli.picture import NoPicture, draw_png, draw_svg

CHART = Chart(
    "door",
    1,
    (
        StateNode("", "compound", initial=Initial(("closed",))),
        StateNode("closed", "atomic", parent=""),
    ),
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """As if a program were built there."""
    (tmp_path / "draw.mjs").write_text("")
    return tmp_path


def a_node(folder: Path, does: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another program in Node's place, the only one on the path."""
    node = folder / "node"
    node.write_text(f'#!/bin/sh\n[ "$1" = --version ] && echo v20.1.0 && exit\n{does}\n')
    node.chmod(node.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{folder}:/bin:/usr/bin")


def test_an_installation_without_the_program_says_how_to_get_it(tmp_path: Path) -> None:
    with pytest.raises(NoPicture, match=r"make studio.*--format mermaid"):
        draw_svg(CHART, folder=tmp_path)


def test_without_node_there_is_a_way_out(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(picture, "_places", lambda: iter([str(folder)]))
    with pytest.raises(NoPicture, match=r"no node on the path.*--format mermaid"):
        draw_svg(CHART, folder=folder)


def test_an_old_node_is_reported_with_its_version(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(picture, "_places", lambda: iter([str(folder)]))
    node = folder / "node"
    node.write_text("#!/bin/sh\necho v16.20.0\n")
    node.chmod(0o755)
    with pytest.raises(NoPicture, match=r"Node\.js 18 or later.*is version 16"):
        draw_svg(CHART, folder=folder)


def test_a_refusal_of_the_program_is_reported(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_node(folder, 'cat >/dev/null; echo "it has no state x" >&2; exit 1', monkeypatch)
    with pytest.raises(NoPicture, match=r"door could not be drawn: it has no state x"):
        draw_svg(CHART, folder=folder)


def test_a_layout_that_never_ends_is_ended(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    a_node(folder, "exec sleep 60", monkeypatch)
    monkeypatch.setattr(picture, "LAYOUT_SECONDS", 0.2)
    with pytest.raises(NoPicture, match=r"longer than 0\.2 s.*--collapse"):
        draw_svg(CHART, folder=folder)


def test_an_invalid_drawing_is_not_made_into_png(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_node(folder, "cat >/dev/null; echo hello", monkeypatch)
    with pytest.raises(NoPicture, match="something else than a drawing"):
        draw_png(CHART, folder=folder)
