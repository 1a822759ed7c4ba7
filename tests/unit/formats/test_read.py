"""Which notation a document is in, and what is said where it can't be read."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from statehold.cli.targets import (
    chart_of,
    load_machines,
    load_machines_or_charts,
    split_target,
)
from statehold.errors import DefinitionError, StateholdError
from statehold.formats.notation import NOTHING
from statehold.formats.read import (
    ExtraMissing,
    UnknownNotation,
    is_document,
    notation_of,
    read_document,
)
from statehold.formats.write import write_document

XSTATE = {"id": "door", "initial": "a", "states": {"a": {}}}
SCXML = '<scxml xmlns="http://www.w3.org/2005/07/scxml" version="1.0"><state id="a"/></scxml>'


@pytest.mark.parametrize(
    ("raw", "name", "notation"),
    [
        ("", "x.scxml", "scxml"),
        ("", "x.XML", "scxml"),
        ("", "x.yml", "native"),
        ("{}", "x.json", "xstate"),
        ('{"statehold": 1}', "x.json", "native"),
        ('{"context": {"statehold": 1}}', "x.json", "xstate"),
        ("not JSON", "x.json", "xstate"),
        (SCXML, "", "scxml"),
        ("\ufeff  {}", "", "xstate"),
        ("statehold: 1", "", "native"),
        ("[" * 100_000, "x.json", "xstate"),
        (b"\xff\xfe", "", "native"),
    ],
)
def test_the_name_of_the_file_or_its_content_decides_the_notation(
    raw: str | bytes, name: str, notation: str
) -> None:
    given = raw if isinstance(raw, bytes) else raw.encode()
    assert notation_of(given, name) == notation
    if isinstance(raw, str):
        assert notation_of(raw, name) == notation


def test_only_files_that_can_be_documents_are_taken_for_some() -> None:
    assert [n for n in ("a.json", "a.py", "a", "a:B", "a/b.yaml") if is_document(n)] == [
        "a.json",
        "a/b.yaml",
    ]


def test_a_document_is_read_by_its_notation() -> None:
    for raw, name in ((json.dumps(XSTATE), "door.json"), (SCXML, "door.scxml")):
        chart = read_document(raw, NOTHING, name=name).definition.chart
        assert [state.id for state in chart.states] == ["", "a"]


def test_the_notation_may_say_the_version_of_xstate() -> None:
    for notation, nesting in (("xstate", "xstate"), ("xstate4", "xstate4"), ("xstate5", "xstate")):
        read = read_document(json.dumps(XSTATE), notation=notation).definition.chart
        assert read.policy.nesting == nesting


def test_a_target_of_the_command_line_may_say_the_notation_of_its_file(tmp_path: Path) -> None:
    file = tmp_path / "door.json"
    file.write_text(json.dumps(XSTATE))
    for said, nesting in (("", "xstate"), ("xstate4:", "xstate4"), ("xstate5:", "xstate")):
        (machine,) = load_machines([f"{said}{file}"])
        (chart,) = load_machines_or_charts(f"{said}{file}")
        assert machine.chart.policy.nesting == chart_of(chart).policy.nesting == nesting
    assert split_target("orders:OrderFlow") == (None, "orders:OrderFlow")
    assert split_target("xstate4:Order") == (None, "xstate4:Order")


def test_a_target_may_say_that_the_data_model_of_its_file_is_not_used(tmp_path: Path) -> None:
    file = tmp_path / "door.scxml"
    file.write_text(SCXML.replace("<scxml", '<scxml datamodel="jexl"', 1))
    with pytest.raises(DefinitionError, match="scxml-null"):
        load_machines([str(file)])
    (machine,) = load_machines([f"scxml-null:{file}"])
    assert [state.id for state in machine.chart.states] == ["", "a"]


def test_an_unknown_notation_is_refused_with_those_that_are_known() -> None:
    with pytest.raises(UnknownNotation, match="known are native, xstate, scxml"):
        read_document("", notation="uml")
    chart = read_document(json.dumps(XSTATE)).definition.chart
    with pytest.raises(UnknownNotation, match="known are native, xstate, scxml, mermaid, dot"):
        write_document(chart, "uml")


def test_a_missing_extra_is_named_with_what_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [n for n in sys.modules if n.startswith("statehold.formats.scxml")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "lxml", None)
    with pytest.raises(StateholdError, match=r"lxml.*pip install 'statehold\[scxml\]'") as caught:
        read_document(SCXML, name="a.scxml")
    assert isinstance(caught.value, ExtraMissing)


@pytest.mark.parametrize("notation", ["xstate", "scxml", "mermaid", "dot"])
def test_a_machine_is_written_in_each_notation(notation: str) -> None:
    definition = read_document(json.dumps(XSTATE)).definition
    assert "a" in write_document(definition, notation).text
    assert write_document(definition.chart, notation).text
