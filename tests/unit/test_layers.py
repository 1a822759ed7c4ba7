"""Imports go down only, and the parts up to layer 5 are pure.

The picture, bottom up; parts on one line do not know each other::

   11  cli  testing  (and the package's own front, statehold/__init__.py)
   10  doctor
    8  server  client
    7  observe
    6  engine  stores  effects
    5  check  store
    4  instance  deployed  security
    3  wire
    3  records  formats  upgrade
    2  interpreter
    1  define
    1  chart
    1  expression
    1  plain
    0  errors

``define`` stands on ``chart`` because the notation compiles to it; ``expression`` and ``plain``
know neither. ``wire`` stands on ``records``, whose values it shows. An import for type checkers
alone counts too: what a part has to name, it knows.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "src" / "statehold"

LAYERS: tuple[tuple[str, ...], ...] = (
    ("errors",),
    ("expression",),
    ("plain",),
    ("chart",),
    ("define",),
    ("interpreter",),
    ("records", "formats", "upgrade"),
    ("wire",),
    ("instance", "deployed", "security"),
    ("check", "store"),
    ("engine", "stores", "effects"),
    ("observe",),
    ("server", "client"),
    ("doctor",),
    ("cli", "testing", "__init__"),
)
HEIGHT = {part: height for height, parts in enumerate(LAYERS) for part in parts}

#: everything up to here is given its time, its ids and its chance, and does no work outside
PURE = {part for parts in LAYERS[: LAYERS.index(("engine", "stores", "effects"))] for part in parts}
OUTSIDE = {
    "aiosqlite", "anyio", "asyncio", "asyncpg", "concurrent", "logging", "multiprocessing",
    "psycopg", "random", "secrets", "select", "selectors", "signal", "socket", "sqlite3", "ssl",
    "structlog", "subprocess", "threading", "time",
}  # fmt: skip
#: calls that read a clock or make an id, whatever module they come from
READS_OUTSIDE = {"now", "utcnow", "today", "uuid1", "uuid4", "urandom"}

MODULES = sorted(PACKAGE.rglob("*.py"))


def name_of(module: Path) -> str:
    return module.relative_to(PACKAGE).as_posix()


def part_of(module: Path) -> str:
    """``chart/model.py`` belongs to ``chart``, ``store.py`` to ``store``."""
    return module.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports_of(tree: ast.Module, depth: int) -> Iterator[tuple[int, str]]:
    """Line and absolute dotted name of all that is imported, wherever in the file it is.

    ``depth`` is how many packages the module lies in, to resolve relative imports:
    1 for ``statehold/store.py``.
    """
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name
        elif isinstance(node, ast.ImportFrom):
            module = node.module or ""
            if node.level:
                above = depth - node.level
                assert above <= 0, "a relative import from a nested package: write it absolute"
                module = f"statehold.{module}".rstrip(".")
            for alias in node.names:
                # `from statehold import wire` is an import of statehold.wire
                yield node.lineno, f"{module}.{alias.name}"


def imported_part(dotted: str) -> str | None:
    """The part of this package that is imported, if one is."""
    first, _, rest = dotted.partition(".")
    if first != "statehold":
        return None
    part = rest.partition(".")[0]
    return part if part in HEIGHT else "__init__"


def climbing_imports(part: str, source: str, depth: int) -> list[str]:
    found = []
    for line, dotted in imports_of(ast.parse(source), depth):
        other = imported_part(dotted)
        if other is None or other == part or HEIGHT[other] < HEIGHT[part]:
            continue
        found.append(f"line {line}: {part} must not know {other} ({dotted})")
    return found


def impurities(source: str, depth: int) -> list[str]:
    tree = ast.parse(source)
    found = [
        f"line {line}: imports {dotted}"
        for line, dotted in imports_of(tree, depth)
        if dotted.partition(".")[0] in OUTSIDE
    ]
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            called = node.func
            name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
            if name in READS_OUTSIDE:
                found.append(f"line {node.lineno}: calls {name}()")
    return found


def depth_of(module: Path) -> int:
    return len(module.relative_to(PACKAGE).parts)


def dotted_name_of(module: Path) -> str:
    inner = module.relative_to(PACKAGE).with_suffix("").as_posix().replace("/", ".")
    return f"statehold.{inner}".removesuffix(".__init__")


def imported_modules(module: str, source: str, depth: int, known: set[str]) -> set[str]:
    """The modules among ``known`` that the source imports, itself left out."""
    found = set()
    for _, dotted in imports_of(ast.parse(source), depth):
        while dotted and dotted not in known:
            dotted = dotted.rpartition(".")[0]
        found.add(dotted)
    return found - {"", module}


def circle_of(imports: Mapping[str, set[str]]) -> list[str]:
    """The modules of one circle of imports; empty where there is none."""
    try:
        TopologicalSorter(imports).prepare()
    except CycleError as error:
        circle: list[str] = error.args[1]
        return circle
    return []


def test_every_part_of_the_package_stands_in_the_picture() -> None:
    assert {part_of(module) for module in MODULES} <= set(HEIGHT)


@pytest.mark.parametrize("module", MODULES, ids=name_of)
def test_imports_go_down_only(module: Path) -> None:
    part = part_of(module)
    found = climbing_imports(part, module.read_text(encoding="utf-8"), depth_of(module))
    assert found == []


@pytest.mark.parametrize(
    "module", [module for module in MODULES if part_of(module) in PURE], ids=name_of
)
def test_the_lower_layers_neither_read_the_outside_nor_touch_it(module: Path) -> None:
    assert impurities(module.read_text(encoding="utf-8"), depth_of(module)) == []


@pytest.mark.parametrize(
    ("part", "source"),
    [
        ("chart", "import statehold.interpreter.step"),
        ("interpreter", "from statehold import wire"),
        ("interpreter", "from statehold import Engine"),
        ("stores", "from statehold.engine.clock import Clock"),
        ("formats", "def later():\n    from statehold.check import lint"),
        ("wire", "from .store import Row"),
        ("chart", "if TYPE_CHECKING:\n    from statehold.define import Machine"),
    ],
)
def test_an_import_that_climbs_is_found_wherever_it_stands(part: str, source: str) -> None:
    assert len(climbing_imports(part, source, depth=1)) == 1


#: parts that still have a circle
CIRCULAR: set[str] = set()


@pytest.mark.parametrize("part", sorted({part_of(module) for module in MODULES}))
def test_no_files_inside_a_part_import_each_other_in_a_circle(part: str) -> None:
    own = {dotted_name_of(module): module for module in MODULES if part_of(module) == part}
    imports = {
        name: imported_modules(name, module.read_text(encoding="utf-8"), depth_of(module), set(own))
        for name, module in own.items()
    }
    assert bool(circle_of(imports)) == (part in CIRCULAR), circle_of(imports)


def test_a_circle_through_an_import_for_type_checkers_is_found() -> None:
    sources = {
        "statehold.chart.one": "from statehold.chart.two import Two",
        "statehold.chart.two": "if TYPE_CHECKING:\n    from statehold.chart import one",
    }
    imports = {
        name: imported_modules(name, source, 2, set(sources)) for name, source in sources.items()
    }
    assert set(circle_of(imports)) == set(sources)


@pytest.mark.parametrize(
    "source",
    [
        "import asyncio.queues",
        "from time import monotonic",
        "def f():\n    import random",
        "when = datetime.now(UTC)",
        "key = uuid4()",
    ],
)
def test_a_look_outside_is_found_wherever_it_stands(source: str) -> None:
    assert len(impurities(source, depth=1)) == 1
