"""What ``from statehold import …`` gives, and when it is loaded."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import statehold

PROGRAM = ast.parse(Path(statehold.__file__).read_text(encoding="utf-8"))


def imported_for_type_checkers() -> dict[str, str]:
    (block,) = (node for node in PROGRAM.body if isinstance(node, ast.If))
    return {
        alias.name: node.module or ""
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }


def test_type_checkers_see_each_name_where_it_is_loaded_from() -> None:
    assert imported_for_type_checkers() == statehold._MODULE_OF


@pytest.mark.parametrize("name", statehold.__all__)
def test_every_public_name_is_there(name: str) -> None:
    assert getattr(statehold, name) is not None
    assert name in dir(statehold)


def test_a_star_import_gives_every_public_name() -> None:
    found: dict[str, object] = {}
    exec("from statehold import *", found)
    assert set(statehold.__all__) <= set(found)


def test_a_name_that_is_not_there_is_named() -> None:
    with pytest.raises(AttributeError, match="'statehold' has no attribute 'Enginee'"):
        _ = statehold.Enginee


def test_the_package_alone_loads_neither_pydantic_nor_the_engine() -> None:
    program = "import statehold, sys; print(*sys.modules)"
    loaded = subprocess.check_output([sys.executable, "-c", program], text=True, timeout=60).split()
    assert {"pydantic", "msgspec", "asyncio"} & set(loaded) == set()
    assert [name for name in loaded if name.startswith("statehold.")] == ["statehold.errors"]
