"""The reference is complete: whatever has a name in the code has its place there."""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import pkgutil
import re
from pathlib import Path
from typing import Any

import pytest

import statehold
import statehold.define
from docs.generator import native_notation
from docs.generator.hooks import GENERATED, PARTS
from docs.generator.python_api import MODULES, names_of
from statehold.chart.codes import CODES
from statehold.cli.application import COMMANDS, load_command
from statehold.define import Compound, Final, History, Parallel, State, effect
from statehold.engine import Engine
from statehold.engine.limits import Limits
from statehold.server import Bounds, create_app
from statehold.server.problems import row_of_kind
from statehold.stores import MemoryStore
from tests.docs.site import ROOT, Page
from tests.unit.server.test_problems import every_error

# the first test waits for the whole site to be built
pytestmark = pytest.mark.timeout(300)

#: packages that export names to the rest of the package, and none to its users
INTERNAL = {"statehold.cli", "statehold.doctor", "statehold.server.authenticators"}
NOTATION = (ROOT / "docs" / "reference" / "notation.md").read_text(encoding="utf-8")


def reference(site: Path, page: str) -> Page:
    return Page.read(site / "reference" / f"{page}.html")


def test_every_public_name_is_on_a_python_page(site: Path) -> None:
    ids = set()
    for path in (site / "reference" / "python").glob("*.html"):
        ids |= Page.read(path).ids
    public = {f"statehold.{name}" for name in statehold.__all__ if name != "__version__"}
    for module in MODULES:
        for name in names_of(module):
            public.add(f"{'statehold' if name in statehold.__all__ else module}.{name}")
    assert len(public) > 150
    assert sorted(public - ids) == []


def test_every_package_that_exports_names_is_on_a_python_page() -> None:
    exporting = {
        found.name
        for found in pkgutil.walk_packages(statehold.__path__, "statehold.")
        if found.ispkg and hasattr(importlib.import_module(found.name), "__all__")
    }
    assert exporting - INTERNAL - set(MODULES) == set()


def test_every_public_name_has_a_docstring() -> None:
    silent = [
        f"{module}.{name}"
        for module in MODULES
        for name in names_of(module)
        for value in [getattr(importlib.import_module(module), name)]
        if (inspect.isclass(value) or inspect.isfunction(value)) and not inspect.getdoc(value)
    ]
    assert silent == []


def test_every_route_its_parameters_and_its_objects_are_listed(site: Path) -> None:
    page = reference(site, "http")
    document = create_app(lambda: Engine(MemoryStore(), [])).openapi()
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            assert f"{method.upper()} {path}" in page.text
            for parameter in operation.get("parameters", []):
                assert parameter["name"] in page.text
    shapes = set(document["components"]["schemas"]) - {"HTTPValidationError", "ValidationError"}
    assert {name.lower() for name in shapes} - page.ids == set()


def commands(command: Any, path: str) -> list[tuple[str, Any]]:
    below = getattr(command, "commands", None)
    if below is None:
        return [(path, command)]
    return [one for name, inner in below.items() for one in commands(inner, f"{path} {name}")]


def test_every_command_and_option_is_listed(site: Path) -> None:
    page = reference(site, "command-line")
    found = [
        one
        for names in COMMANDS.values()
        for name in names
        for one in commands(load_command(name), f"statehold {name}")
    ]
    assert len(found) > 30
    for path, command in found:
        assert path.replace(" ", "-") in page.ids
        for parameter in command.params:
            for option in [*parameter.opts, *parameter.secondary_opts]:
                if option.startswith("-"):
                    assert option in page.text, (path, option)


@pytest.mark.parametrize("kind", [Limits, Bounds])
def test_every_limit_is_listed_with_its_meaning(kind: Any, site: Path) -> None:
    text = reference(site, "limits").text
    for field in dataclasses.fields(kind):
        assert re.search(rf"\b{field.name} [\d,.]+ [A-Z]", text), field.name


def test_every_variable_of_the_environment_is_listed(site: Path) -> None:
    listed = reference(site, "configuration").text
    sources = [*(ROOT / "src").rglob("*.py"), ROOT / "hatch_build.py"]
    tests = [path for path in (ROOT / "tests").rglob("*.py") if path != Path(__file__)]
    read: set[str] = set()
    for path in sources:
        read |= set(re.findall(r"STATEHOLD_[A-Z_]*[A-Z]", path.read_text(encoding="utf-8")))
    for path in tests:
        read |= set(re.findall(r"STATEHOLD_[A-Z_]*[A-Z]", path.read_text(encoding="utf-8")))
    # how tests start processes of their own; nobody else sets them
    read -= {name for name in read if name.startswith("STATEHOLD_TEST_")}
    assert len(read) > 8
    assert [name for name in sorted(read) if name not in listed] == []


def test_every_key_of_the_native_notation_is_listed_with_its_meaning(site: Path) -> None:
    text = reference(site, "native").text
    whole = native_notation.schema()
    keys = [
        (key, value["description"])
        for definition in [whole, *whole["$defs"].values()]
        for key, value in definition.get("properties", {}).items()
        if value.get("description")
    ]
    assert len(keys) > 60
    for key, description in keys:
        assert f"{key} " in text
        assert description.replace("`", "").rstrip(".") in text, key


def test_every_finding_is_listed(site: Path) -> None:
    text = reference(site, "findings").text
    assert [name for name in CODES if f"{name} " not in text] == []


def test_every_problem_is_listed_with_its_status(site: Path) -> None:
    text = reference(site, "problems").text
    for kind in every_error():
        status = row_of_kind(kind).status
        if status != 500:
            assert f"{kind.code} {status}" in text


# --- the class notation --------------------------------------------------------------------


@pytest.mark.parametrize(
    "rule", [name for name in statehold.define.__all__ if name in ("after", "always", "on")
             or name.startswith("on_")],
)  # fmt: skip
def test_every_rule_and_its_options_are_listed(rule: str) -> None:
    assert f"`{rule}(" in NOTATION
    for name, parameter in inspect.signature(getattr(statehold.define, rule)).parameters.items():
        if parameter.kind is parameter.KEYWORD_ONLY:
            assert f"`{name}`" in NOTATION


@pytest.mark.parametrize("state", [State, Final, History, Compound, Parallel])
def test_every_kind_of_state_and_its_options_are_listed(state: Any) -> None:
    assert re.search(rf"`(?:name = |class name\(){state.__name__}\b", NOTATION) or (
        f"({state.__name__}, " in NOTATION
    )
    made = state.__init_subclass__ if state in (Compound, Parallel) else state.__init__
    for name in inspect.signature(made).parameters:
        assert name == "self" or f"`{name}`" in NOTATION, name


def test_every_option_of_an_effect_and_of_an_upgrade_is_listed() -> None:
    options = [
        *inspect.signature(effect).parameters,
        *inspect.signature(statehold.Upgrade).parameters,
    ]
    assert [name for name in options if name != "run" and f"`{name}`" not in NOTATION] == []


def test_everything_a_context_gives_is_listed() -> None:
    given = [name for name in vars(statehold.Context) if not name.startswith("_")]
    assert [name for name in given if f"`{name}" not in NOTATION] == []


def test_the_examples_of_the_notation_run() -> None:
    names: dict[str, Any] = {"__name__": "notation"}
    for block in re.findall(r"^```python\n(.*?)^```", NOTATION, re.MULTILINE | re.DOTALL):
        exec(compile(block, "notation.md", "exec", dont_inherit=True), names)
    assert names["OrderFlow"].chart.name == "order"
    assert list(names["Shop"].chart.start_schema["properties"]) == ["dishes"]
    assert names["ListingFlow"].checking.domain.ask.name == "checking.domain.resolve"


# --- generated parts -----------------------------------------------------------------------


def test_every_generated_part_is_asked_for_by_a_page() -> None:
    asked = {
        marker["part"].split()[0]
        for path in (ROOT / "docs").rglob("*.md")
        for marker in GENERATED.finditer(path.read_text(encoding="utf-8"))
    }
    assert asked == set(PARTS)
