"""Running folders of SCXML cases, on small suites of our own of both kinds."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.conformance.sessions import document
from tests.conformance.suites.__main__ import main
from tests.conformance.suites.cases import find

WALK = document(
    '<state id="a"><transition event="go" target="b"/></state>'
    '<state id="b"><onentry><send event="late" delay="1s"/></onentry>'
    '<transition event="late" target="c"/></state><state id="c"/>'
)
SCRIPT = {
    "initialConfiguration": ["a"],
    "events": [
        {"event": {"name": "go"}, "nextConfiguration": ["b"]},
        {"event": {"name": "other"}, "after": 999, "nextConfiguration": ["b"]},
        {"event": {"name": "other"}, "after": 1, "nextConfiguration": ["c"]},
    ],
}
PASSES = document('<state id="s"><transition target="pass"/></state><final id="pass"/>')
FAILS = document('<state id="s"><transition target="fail"/></state><final id="fail"/>')


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


def write(folder: Path, name: str, text: str, script: object = None) -> None:
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text)
    if script is not None:
        (folder / name).with_suffix(".json").write_text(json.dumps(script))


def report(folder: Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, list[str]]:
    code = main([str(folder)])
    return code, capsys.readouterr().out.splitlines()


def test_a_script_is_played_on_a_virtual_clock(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(folder, "walk/one.scxml", WALK, SCRIPT)
    assert report(folder, capsys) == (0, ["1 passed, 0 failed, 0 skipped"])


def test_the_initial_configuration_is_compared_too(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(folder, "one.scxml", WALK, {**SCRIPT, "initialConfiguration": ["a", "b"]})
    code, lines = report(folder, capsys)
    assert code == 1
    assert lines == [
        "failed one: it begins in {a}, not in {a, b}",
        "0 passed, 1 failed, 0 skipped",
    ]


def test_a_case_of_before_the_recommendation_is_known_wherever_its_suite_lies(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    write(folder, "test/more-parallel/test10.scxml", WALK, {"legacySemantics": SCRIPT})
    case = folder / "test" / "more-parallel"
    for above in (folder, folder / "test", case):
        assert report(above, capsys) == (0, ["1 passed, 0 failed, 0 skipped"])
    monkeypatch.chdir(case)
    assert report(Path(), capsys) == (0, ["1 passed, 0 failed, 0 skipped"])


def test_a_configuration_with_something_left_over_is_a_failure(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = document('<parallel id="p"><state id="a"/><state id="b"/></parallel>')
    script = {
        "initialConfiguration": ["a", "b"],
        "events": [{"event": {"name": "e"}, "nextConfiguration": ["a"]}],
    }
    write(folder, "one.scxml", text, script)
    code, lines = report(folder, capsys)
    assert (code, lines[0]) == (1, "failed one: after event 1, e, it is in {a, b}, not in {a}")


def test_a_document_without_a_script_passes_where_it_comes_to_its_state_pass(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(folder, "test1.scxml", PASSES)
    write(folder, "test2.scxml", FAILS)
    write(folder, "test3.scxml", document('<state id="stuck"/>'))
    code, lines = report(folder, capsys)
    assert code == 1
    assert lines == [
        "failed test2: it ended in {fail}",
        "failed test3: it stays in {stuck}",
        "1 passed, 2 failed, 0 skipped",
    ]


def test_documents_that_others_invoke_are_no_cases(folder: Path) -> None:
    parent = document(
        '<state id="s"><invoke src="file:test1sub1.scxml"/>'
        '<transition event="done.invoke" target="pass"/></state><final id="pass"/>'
    )
    write(folder, "test1.scxml", parent)
    write(folder, "test1sub1.scxml", document('<final id="f"/>'))
    assert [case.name for case in find(folder)] == ["test1"]
    assert main([str(folder)]) == 0


def test_cases_that_cannot_be_run_are_reported_with_their_reason(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    manifest = (
        '<assertions><assert><test id="1" conformance="mandatory" manual="true"/></assert>'
        '<assert><test id="2" conformance="optional" manual="false"/></assert></assertions>'
    )
    (folder / "manifest.xml").write_text(manifest)
    write(folder, "test1.txml.scxml", PASSES)
    http = PASSES.replace(
        "<transition",
        '<onentry><send type="http://www.w3.org/TR/scxml/#BasicHTTPEventProcessor"/></onentry>'
        "<transition",
    )
    write(folder, "test2.txml.scxml", http)
    write(folder, "test3.txml.scxml", PASSES)
    code, lines = report(folder, capsys)
    assert code == 0
    http_is_optional = "it needs the Basic HTTP I/O processor, which is optional and not there"
    assert lines == [
        "skipped test1.txml: a person has to look at its output",
        f"skipped test2.txml (optional): {http_is_optional}",
        "mandatory: 1 passed, 0 failed, 1 skipped",
        "optional: 0 passed, 0 failed, 1 skipped",
        "1 passed, 0 failed, 2 skipped",
    ]


def test_a_document_that_is_refused_fails_with_every_problem(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(folder, "test1.scxml", document('<state id="s"><transition target="gone"/></state>'))
    code, lines = report(folder, capsys)
    assert code == 1
    assert "its target 'gone' is unknown" in lines[0]
    assert "line 1" in lines[0]


def test_a_folder_without_documents_is_an_error(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(folder)]) == 2
    assert "no SCXML document" in capsys.readouterr().err
    assert main([""]) == 2
    assert "make conformance SUITE=folder" in capsys.readouterr().err
