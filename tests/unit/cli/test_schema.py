"""What `statehold schema` prints."""

from __future__ import annotations

import json

from typer.testing import CliRunner

from statehold.cli.application import application
from statehold.formats.native.schema import json_schema


def test_the_schema_of_the_native_notation_is_printed() -> None:
    printed = CliRunner().invoke(application, ["schema"])
    assert printed.exit_code == 0
    assert json.loads(printed.stdout) == json_schema()
