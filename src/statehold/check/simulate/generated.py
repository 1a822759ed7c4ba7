"""Generates test modules for pytest from scripts."""

from __future__ import annotations

import re
from collections.abc import Sequence

from statehold.check.simulate.script import Script
from statehold.check.simulate.script_file import write_script


def module_of_tests(
    target: str,
    cases: Sequence[tuple[str, Script]],
    missing: Sequence[tuple[str, str]] = (),
    offers: Sequence[str] = (),
) -> str:
    """A pytest module that plays each script against the machine of ``target``.

    ``target`` and ``offers`` are as on the command line: ``module:Class``, ``path.py:Class`` or a
    document, and the modules that are offered to it. ``missing`` are transitions that no script
    takes, with the reason: each becomes a skipped test.
    """
    written = "".join(
        f"    pytest.param(\n        {_quoted(write_script(script))},\n"
        f"        id={name!r},\n    ),\n"
        for name, script in cases
    )
    # characters that would end the docstring, or be escapes in it
    name = target.replace("\\", "/").replace('"', "'")
    return f'''"""What instances of {name} do.

Written by statehold, to be kept and changed.
"""

import pytest

{_imports(target, offers)}

SCRIPTS = [
{written}]


@pytest.mark.parametrize("script", SCRIPTS)
def test_it_does_what_the_script_says(script: str) -> None:
    play(machine, read_script(script)).check()
{_missing(missing)}'''


def _missing(missing: Sequence[tuple[str, str]]) -> str:
    if not missing:
        return ""
    rows = "".join(f"    ({name!r}, {reason!r}),\n" for name, reason in missing)
    return f"""

NOT_COVERED = [
{rows}]


@pytest.mark.parametrize(("transition", "reason"), NOT_COVERED)
def test_no_script_takes_the_transition(transition: str, reason: str) -> None:
    pytest.skip(reason)
"""


def _imports(target: str, offers: Sequence[str]) -> str:
    where, _, name = target.rpartition(":")
    testing = "from statehold.testing import play, read_script"
    if re.fullmatch(r"[\w.]+", where) and not where.endswith(".py") and name.isidentifier():
        return f"from {where} import {name} as machine\n{testing}"
    return (
        "from statehold.cli.offering import load_offered\n"
        f"from statehold.cli.targets import load_machines\n{testing}\n\n"
        f"[machine] = load_machines([{target!r}], load_offered({list(offers)!r}))"
    )


def _quoted(text: str) -> str:
    """In triple quotes if the text needs no escapes there."""
    if "\\" in text or '"""' in text or text.endswith('"'):
        return repr(text)
    return f'"""\\\n{text}"""'
