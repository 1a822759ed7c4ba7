"""The table of commands, and what ``--help`` and ``check`` leave unloaded."""

from __future__ import annotations

import importlib
import inspect
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from statehold.cli import environment, options
from statehold.cli.application import COMMANDS, load_command
from statehold.engine import limits

#: each takes a tenth of a second or more to import
HEAVY = {"asyncpg", "fastapi", "httpx", "opentelemetry", "prometheus_client", "uvicorn"}
#: what only machines that come as data need
DATA = {"cel_expr_python", "lxml", "tree_sitter", "yaml"}

LIGHT = """
from pydantic import BaseModel
from statehold import Event, Machine, State, on

class Data(BaseModel): ...
class Press(Event): ...
class Light(Machine[Data], name="light", version=1):
    dark = State(initial=True)
    lit = State()
    press = on(Press, dark >> lit)
    again = on(Press, lit >> dark)
"""


def loaded_by(*arguments: str, cwd: Path) -> set[str]:
    """Top-level packages, and parts of this one, that a command has imported when it ends."""
    program = (
        "import json, sys\n"
        "from statehold.cli import main\n"
        "try: main(sys.argv[1:])\n"
        "except SystemExit as end: assert not end.code, end.code\n"
        "sys.stderr.write(json.dumps(sorted(sys.modules)))\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", program, *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
        cwd=cwd,
    )
    modules = json.loads(run.stderr)
    own = {".".join(name.split(".")[:2]) for name in modules if name.startswith("statehold.")}
    return own | {name.partition(".")[0] for name in modules}


def test_help_loads_no_command_and_no_machine(tmp_path: Path) -> None:
    loaded = loaded_by("--help", cwd=tmp_path)
    assert loaded & {*HEAVY, *DATA, "pydantic", "msgspec", "asyncio", "sqlite3"} == set()
    assert {name for name in loaded if name.startswith("statehold.")} == {
        "statehold.cli",
        "statehold.errors",
    }


def test_check_of_a_class_loads_no_engine_no_server_and_no_reader_of_documents(
    tmp_path: Path,
) -> None:
    (tmp_path / "light.py").write_text(LIGHT, encoding="utf-8")
    loaded = loaded_by("check", "light.py", cwd=tmp_path)
    assert loaded & {*HEAVY, *DATA, "asyncio", "sqlite3"} == set()
    unwanted = {"client", "doctor", "engine", "observe", "server", "store", "stores", "wire"}
    assert loaded & {f"statehold.{part}" for part in unwanted} == set()


@pytest.mark.parametrize(
    ("name", "where", "line"),
    [(name, *row) for commands in COMMANDS.values() for name, row in commands.items()],
)
def test_the_line_in_the_table_is_the_first_of_the_command_s_help(
    name: str, where: str, line: str
) -> None:
    module, _, attribute = where.partition(":")
    command = getattr(importlib.import_module(f"statehold.cli.commands.{module}"), attribute)
    text = command.info.help if isinstance(command, typer.Typer) else inspect.getdoc(command)
    assert text is not None
    assert text.partition("\n\n")[0] == line


@pytest.mark.parametrize("name", [name for commands in COMMANDS.values() for name in commands])
def test_every_command_of_the_table_loads_under_its_name(name: str) -> None:
    assert load_command(name).name == name


def test_the_longest_lag_of_a_standby_is_that_of_the_engine() -> None:
    assert options.LONGEST_READ_LAG_SECONDS == limits.LONGEST_READ_LAG_SECONDS


def test_environment_variables_are_named_in_one_place() -> None:
    package = Path(environment.__file__).parents[1]
    naming = {
        path.relative_to(package).as_posix()
        for path in package.rglob("*.py")
        if re.search(r"STATEHOLD_[A-Z]", path.read_text(encoding="utf-8"))
    }
    assert naming == {"cli/environment.py"}
