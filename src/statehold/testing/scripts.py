"""Scripts as tests: those of a folder as pytest's cases, and modules of tests written from some."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import pytest

from statehold.check.script import Script
from statehold.check.script_file import FILE_BYTES, Notation, read_script, write_script
from statehold.errors import Problem, ScriptInvalid

#: scripts of one folder
SCRIPT_LIMIT = 1_000
_NOTATIONS: dict[str, Notation] = {".json": "json", ".yaml": "yaml", ".yml": "yaml"}


def script_cases(folder: Path | str) -> list[object]:
    """The scripts of a folder, one case each, its file's name for an id.

    ::

        @pytest.mark.parametrize("script", script_cases("tests/scripts"))
        def test_orders_do_what_was_saved(script):
            play(OrderFlow, script).check()

    Scripts are ``*.json``, ``*.yaml`` and ``*.yml``. Raises ``ValueError`` where there is none, so
    that a misspelt folder is no test that passes, and ``ScriptInvalid`` for one that can't be read.
    """
    found = sorted(path for path in Path(folder).iterdir() if path.suffix in _NOTATIONS)
    if not 0 < len(found) <= SCRIPT_LIMIT:
        raise ValueError(f"{folder} holds {len(found)} scripts; there must be 1 to {SCRIPT_LIMIT}")
    return [pytest.param(script_in(path), id=path.stem) for path in found]


def script_in(path: Path) -> Script:
    """Raises ``ScriptInvalid``, with the file for a place, and ``OSError``."""
    with path.open("rb") as file:
        # one byte more tells that there is too much
        raw = file.read(FILE_BYTES + 1)
    try:
        return read_script(raw, _NOTATIONS.get(path.suffix))
    except ScriptInvalid as error:
        raise ScriptInvalid(
            [Problem(f"{path}, {one.place}", one.message, one.hint) for one in error.problems]
        ) from None


def module_of_tests(target: str, cases: Sequence[tuple[str, Script]]) -> str:
    """A pytest module that plays each script against the machine of ``target``.

    ``target`` is as on the command line: ``module:Class``, or ``path.py:Class``.
    """
    written = "".join(
        f"    pytest.param(\n        {_quoted(write_script(script))},\n"
        f"        id={name!r},\n    ),\n"
        for name, script in cases
    )
    return f'''"""What instances of {target} do.

Written by statehold, to be kept and changed.
"""

import pytest

{_import(target)}
from statehold.testing import play, read_script

SCRIPTS = [
{written}]


@pytest.mark.parametrize("script", SCRIPTS)
def test_it_does_what_the_script_says(script: str) -> None:
    play(machine, read_script(script)).check()
'''


def _import(target: str) -> str:
    where, _, name = target.rpartition(":")
    if re.fullmatch(r"[\w.]+", where) and not where.endswith(".py") and name.isidentifier():
        return f"from {where} import {name} as machine"
    return (
        "from statehold.cli.targets import load_machines\n\n"
        f"[machine] = load_machines([{target!r}])\n"
    )


def _quoted(text: str) -> str:
    """Between triple quotes where it can stand there as it is."""
    if "\\" in text or '"""' in text or text.endswith('"'):
        return repr(text)
    return f'"""\\\n{text}"""'
