"""What `statehold schema` prints."""

from __future__ import annotations

import json
from pathlib import Path

from typer.testing import CliRunner

import statehold.formats.native
from statehold.cli.application import application


def test_the_published_schema_is_printed() -> None:
    printed = CliRunner().invoke(application, ["schema"])
    assert printed.exit_code == 0
    kept = Path(statehold.formats.native.__file__).with_name("schema.json")
    assert json.loads(printed.stdout) == json.loads(kept.read_text(encoding="utf-8"))
