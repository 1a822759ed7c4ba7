"""What ``from statehold import …`` gives, and when it is loaded."""

from __future__ import annotations

import ast
import importlib
import subprocess
import sys
from collections.abc import Iterator
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


def modules_with_fronts() -> Iterator[str]:
    """The modules of the package that say in ``__all__`` what they give."""
    package = Path(statehold.__file__).parent
    for path in sorted(package.rglob("*.py")):
        if "__all__" in path.read_text(encoding="utf-8"):
            inner = path.relative_to(package.parent).with_suffix("").as_posix()
            yield inner.replace("/", ".").removesuffix(".__init__")


@pytest.mark.parametrize("module", list(modules_with_fronts()))
def test_a_module_has_each_name_that_it_says_it_gives(module: str) -> None:
    front = importlib.import_module(module)
    assert [name for name in front.__all__ if not hasattr(front, name)] == []


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
