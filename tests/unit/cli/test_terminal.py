"""What commands print: no word is broken, and nothing from outside controls the terminal."""

from __future__ import annotations

import io
import json
import re
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from rich.cells import cell_len
from rich.console import RenderableType

from statehold.cli import render
from statehold.cli.printable import printable
from statehold.cli.terminal import Rows, Terminal, line, print_json
from statehold.wire.instances import (
    EffectView,
    Explanation,
    Incident,
    PossibleTransition,
    Reply,
    Summary,
    TimerView,
)
from statehold.wire.journal import JournalEntry

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
STATE = "fulfilling.courier.waiting_for_the_second_attempt"
HOSTILE = "\x1b[2J\x9b31m\x07[red]evil[/red] :cat: \\[/]\u202ekcab\r\nok \\"


class _Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


def shown(
    monkeypatch: pytest.MonkeyPatch, *what: RenderableType, width: int | None, colour: bool = False
) -> str:
    """On a terminal of that width, or through a pipe."""
    monkeypatch.delenv("COLUMNS", raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    out = io.StringIO() if width is None else _Screen()
    monkeypatch.setattr(sys, "stdout", out)
    if width is not None:
        monkeypatch.setenv("COLUMNS", str(width))
    Terminal().show(*what)
    return out.getvalue() if colour else re.sub(r"\x1b\[[0-9;]*m", "", out.getvalue())


def summary(id: str, state: list[str], **more: object) -> Summary:
    given = {
        "machine": "order", "id": id, "version": 1, "seq": 12, "status": "running", "state": state,
        "tags": [], "owners": ["restaurant", "courier"], "indexes": {}, "created_at": NOW,
        "since": NOW - timedelta(hours=26), "changed_at": NOW, "incidents": 2,
        "next_at": NOW + timedelta(minutes=61),
    }  # fmt: skip
    return Summary.model_validate({**given, **more})


def entry(**more: object) -> JournalEntry:
    given = {
        "seq": 3, "at": NOW, "kind": "event", "version": 1, "state": [STATE], "status": "running",
        "event": {"type": "CourierIsAsked"}, "caller": "ada",
        "change": {"set": {"note": "a long remark about the order " * 4}, "unset": []},
        "reason": "since nobody was there to take it",
    }  # fmt: skip
    return JournalEntry.model_validate({**given, **more})


IDS = [
    "o-1",
    "2f1d6f1c-4a55-4f7c-9d3e-0a2a3f5c8b11",
    "order." + "x" * 120,
    "\u6ce8\u6587-\u5341\u4e8c\u756a-\u6771\u4eac",  # each as wide as two columns
    "cafe\u0301-\U0001f468\u200d\U0001f469\u200d\U0001f467",
]


def tables() -> dict[str, tuple[RenderableType, list[str]]]:
    """Each with words that are to be found whole."""
    since = NOW - timedelta(days=2)
    incident = Incident(
        id=f"order/{IDS[1]}/3.0", machine="order", instance=IDS[1], kind="effect",
        name="offer_to_restaurant", state=[STATE], attempts=5, since=since,
        error="ConnectionError: the restaurant's telephone does not answer " * 3,
    )  # fmt: skip
    return {
        "list": (
            render.summaries([summary(id, [STATE, "fulfilling.packed"]) for id in IDS], NOW),
            [*IDS, STATE, "fulfilling.packed", "running", "restaurant", "incidents"],
        ),
        "incidents": (
            render.incidents([incident], NOW),
            [incident.id, "offer_to_restaurant", "ConnectionError:", "telephone"],
        ),
        "history": (
            render.history([entry(), entry(part=1, kind="tried")], ["offering"]),
            ["CourierIsAsked", STATE, "2026-05-01", "remark"],
        ),
        "watch": (render.entry(entry(), ["offering"]), ["CourierIsAsked", STATE, "remark"]),
    }


@pytest.mark.parametrize("width", [None, 200, 80, 40, 10])
@pytest.mark.parametrize("what", ["list", "incidents", "history", "watch"])
def test_a_table_breaks_no_word(
    what: str, width: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    table, words = tables()[what]
    out = shown(monkeypatch, table, width=width)
    for word in words:
        assert word in out, out
    if width is not None:
        # nothing is longer than the screen but for a word that is, after its title
        bound = max(width, len("transition  ") + max(map(cell_len, words)))
        assert max(cell_len(result.rstrip()) for result in out.splitlines()) <= bound


def test_through_a_pipe_a_row_is_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    table, _ = tables()["list"]
    rows = shown(monkeypatch, table, width=None).splitlines()
    assert len(rows) == 1 + len(IDS)
    for id, row in zip(IDS, rows[1:], strict=True):
        assert row.startswith(f"{id} ")


def test_columns_that_may_give_are_narrowed_and_ids_are_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    table = Rows(("id", "error"), whole=("id",))
    table.add("an id with spaces", "one two three four five six seven eight nine ten")
    out = shown(monkeypatch, table, width=40)
    assert [result.rstrip() for result in out.splitlines()] == [
        "id                 error",
        "an id with spaces  one two three four",
        "                   five six seven eight",
        "                   nine ten",
    ]


def test_without_room_for_a_table_each_cell_is_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    table = Rows(("id", "state"), whole=("id", "state"))
    table.add("o-1", STATE)
    table.add("o-2", "done")
    assert shown(monkeypatch, table, width=40).splitlines() == [
        "id     o-1",
        f"state  {STATE}",
        "",
        "id     o-2",
        "state  done",
    ]


def _reply(text: str) -> Reply:
    return Reply(
        machine=text, id=text, version=1, seq=1, status="running", state=[text],
        view={text: text}, tags=[text], owners=[text], allowed=[text], output=text,
    )  # fmt: skip


def _explanation(text: str) -> Explanation:
    effect = EffectView(
        key=text, name=text, state=text, status="waiting", attempt=1, attempts=2, error=text,
        asked_at=NOW,
    )  # fmt: skip
    incident = Incident(
        id=text, machine=text, instance=text, kind="effect", name=text, state=[text], attempts=1,
        error=text, since=NOW,
    )  # fmt: skip
    following = PossibleTransition(
        transition=text, kind="event", event=text, source=text, targets=[text], possible=False,
        stopped_by=[text],
    )  # fmt: skip
    return Explanation(
        summary=text, instance=_reply(text), since=NOW, because=None, active=[],
        timers=[TimerView(id=text, state=text, due=NOW, seconds_left=0.0)], effects=[effect],
        next=[following], incidents=[incident],
    )  # fmt: skip


HOSTILE_OUTPUTS: dict[str, Callable[[str], RenderableType]] = {
    "reply": lambda text: render.reply(_reply(text)),
    "show": lambda text: render.instance(_explanation(text), NOW),
    "explain": lambda text: render.explanation(_explanation(text), NOW),
    "list": lambda text: render.summaries([summary(text, [text], owners=[text])], NOW),
    "history": lambda text: render.history(
        [entry(event={"type": text}, caller=text, reason=text, state=[text],
               change={"set": {text: text}, "unset": [text]},
               effects=[{"name": text, "what": text, "error": text}])],
        [text],
    ),
    "a text past the functions that make lines": lambda text: text,
}  # fmt: skip


@pytest.mark.parametrize("width", [None, 200, 40])
@pytest.mark.parametrize("what", HOSTILE_OUTPUTS)
def test_nothing_from_outside_controls_the_terminal(
    what: str, width: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = shown(monkeypatch, HOSTILE_OUTPUTS[what](HOSTILE), width=width, colour=True)
    # what is ours: colours and the end of a line, nothing else
    left = re.sub(r"\x1b\[[0-9;]*m", "", out).replace("\n", "")
    assert printable(left) == left
    assert "\x1b[2J" not in out
    assert "31m" not in re.sub(r"x9b31m", "", left)
    assert "[red]evil[/red]" in left
    assert ":cat:" in left


def test_a_new_line_in_an_id_begins_no_line(monkeypatch: pytest.MonkeyPatch) -> None:
    out = shown(monkeypatch, render.reply(_reply("o-1\norder/o-2 v1 done")), width=None)
    assert len(out.splitlines()) == 1
    assert "o-1\\norder/o-2" in out


@pytest.mark.parametrize("text", ["\\", "\\\\", "[", "[/]", "a\\[b]", "[bold]"])
def test_what_looks_like_markup_is_text(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert shown(monkeypatch, line((text, "bold"), "|"), width=None) == f"{text}|\n"


@pytest.mark.parametrize("character", [*"\x00\x1b\x7f\x85\x9b\u2028\u202e\u2066\ud800"])
def test_a_control_character_is_spelled_out(character: str) -> None:
    result = printable(f"a{character}b", lines=True)
    assert re.fullmatch(r"a\\(x[0-9a-f]{2}|u[0-9a-f]{4})b", result)


def test_letters_of_any_script_are_left_as_they_are() -> None:
    text = "Zürich \u6771\u4eac \u05e9\u05dc\u05d5\u05dd \u0645\u0631\u062d \U0001f468\u200d"
    assert printable(text) == text


def test_json_has_no_control_characters_and_is_the_same(
    capsys: pytest.CaptureFixture[str],
) -> None:
    value = {"id": "a\x1b\x7f\x9b\u202e\nb", "n": 2**70}
    print_json(value)
    out = capsys.readouterr().out
    assert printable(out.rstrip("\n")) == out.rstrip("\n")
    assert json.loads(out) == value


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252"])
def test_json_is_json_in_every_encoding(encoding: str, monkeypatch: pytest.MonkeyPatch) -> None:
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding=encoding))
    value = {"id": "\u6ce8\u6587 caf\xe9 \U0001f468 \x1b"}
    print_json(value)
    assert json.loads(raw.getvalue().decode("ascii")) == value
