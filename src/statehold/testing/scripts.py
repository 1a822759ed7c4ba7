"""The scripts of a folder as test cases for pytest."""

from __future__ import annotations

from pathlib import Path

from statehold.check.simulate.script import Script
from statehold.check.simulate.script_file import FILE_BYTES, NOTATIONS, notation_of, read_script
from statehold.errors import Problem, ScriptInvalid

#: scripts of one folder
SCRIPT_LIMIT = 1_000


def script_cases(folder: Path | str) -> list[object]:
    """A case for each script of a folder, with the name of its file for an id.

    ::

        @pytest.mark.parametrize("script", script_cases("tests/scripts"))
        def test_orders_do_what_was_saved(script):
            play(OrderFlow, script).check()

    Scripts are ``*.json``, ``*.yaml`` and ``*.yml``. Raises ``ValueError`` for a folder without
    any, which may be misspelt, and ``ScriptInvalid`` for a script that can't be read.
    """
    import pytest

    found = sorted(path for path in Path(folder).iterdir() if path.suffix in NOTATIONS)
    if not 0 < len(found) <= SCRIPT_LIMIT:
        raise ValueError(f"{folder} holds {len(found)} scripts; there must be 1 to {SCRIPT_LIMIT}")
    return [pytest.param(script_in(path), id=path.stem) for path in found]


def script_in(path: Path) -> Script:
    """Raises ``ScriptInvalid``, which names the file, and ``OSError``."""
    with path.open("rb") as file:
        # one byte more, to notice a file that is too large
        raw = file.read(FILE_BYTES + 1)
    try:
        return read_script(raw, notation_of(path.name))
    except ScriptInvalid as error:
        raise ScriptInvalid(
            [Problem(f"{path}, {one.place}", one.message, one.hint) for one in error.problems]
        ) from None
