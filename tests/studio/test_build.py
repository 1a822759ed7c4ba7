"""How the studio comes into the package: what a build needs, and what comes of it without that."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import httpx
import pytest

import hatch_build
from hatch_build import StudioNotBuilt
from tests.acceptance.processes import Command

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.usefixtures("built")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return package("wheel", tmp_path_factory.mktemp("wheel"))


def package(target: str, folder: Path, **environment: str) -> Path:
    """What hatchling makes of this checkout, as ``pip`` would have it made."""
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "--target", target, "--directory", folder],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        check=True,
    )
    (made,) = folder.iterdir()
    return made


def test_a_wheel_carries_the_studio_and_the_licences_of_others_work(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as files:
        names = files.namelist()
        notices = files.read("statehold/studio/notices.txt").decode()
    assert "statehold/studio/index.html" in names
    assert any(name.endswith(".woff2") for name in names)
    assert any(name.endswith(".js.br") for name in names)
    assert any(name.endswith(".js.gz") for name in names)
    assert not any("node_modules" in name for name in names)
    for work, licence in (("elkjs", "EPL-2.0"), ("inter", "OFL-1.1"), ("svelte", "MIT")):
        assert f"{work} " in notices
        assert licence in notices
    assert "Eclipse Public License" in notices
    assert "SIL OPEN FONT LICENSE" in notices


def test_what_a_wheel_carries_is_served(wheel: Path, tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check",
         "--no-deps", "--no-index", "--no-compile", "--target", tmp_path / "site", wheel],
        check=True,
    )  # fmt: skip
    (tmp_path / "shop.py").write_text(SHOP, encoding="utf-8")
    # stands before the checkout that this environment has
    environment = {"PYTHONPATH": str(tmp_path / "site")}
    with Command(
        "serve", "shop.py", "--store", "memory:", "--port", "0",
        cwd=tmp_path, environment=environment,
    ) as server:  # fmt: skip
        address = server.address()
        page = httpx.get(f"{address}/")
        assert "text/html" in page.headers["content-type"]
        assert "script-src 'self'" in page.headers["content-security-policy"]
        assert str(tmp_path / "site") in httpx.get(f"{address}/api/machines/shop").text
        script = page.text.partition('src="./')[2].partition('"')[0]
        answer = httpx.get(f"{address}/{script}", headers={"Accept-Encoding": "gzip"})
        assert answer.headers["content-encoding"] == "gzip"
        assert "not built" not in server.said()


SHOP = """
import statehold
from pydantic import BaseModel
from statehold import Event, Final, Machine, State, on

class Data(BaseModel):
    pass

class Buy(Event):
    pass

class Shop(Machine[Data], name="shop", version=1):
    open = State(initial=True, doc=statehold.__file__)
    sold = Final()
    buy = on(Buy, open >> sold)
"""


def test_a_source_distribution_holds_the_sources_and_nothing_built(tmp_path: Path) -> None:
    with tarfile.open(package("sdist", tmp_path)) as files:
        names = {name.partition("/")[2] for name in files.getnames()}
    assert {"hatch_build.py", "studio/package-lock.json", "studio/vite.config.ts"} <= names
    assert "studio/src/app/main.ts" in names
    assert not any("node_modules" in name for name in names)
    assert not any(name.startswith("src/statehold/studio/") for name in names)


def test_an_unchanged_build_is_not_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    without_node(monkeypatch)
    assert hatch_build.is_built()
    hatch_build.build()


def test_without_node_the_error_names_what_is_missing_and_what_to_do(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    without_node(monkeypatch)
    with pytest.raises(StudioNotBuilt, match=r"Node.js 20.19 or later with npm, and node is not"):
        hatch_build.run(["build"])


def test_an_older_node_is_refused_by_its_version(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    without_node(monkeypatch)
    program(tmp_path / "npm", "exit 0")
    program(tmp_path / "node", "echo '[18, 20, 1]'")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(StudioNotBuilt, match=r"version 18\.20"):
        hatch_build.run(["build"])


def test_scripts_are_skipped_without_node_but_not_in_continuous_integration(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    without_node(monkeypatch)
    monkeypatch.delenv("CI", raising=False)
    assert hatch_build.main(["--skip-without-node", "check"]) == 0
    assert "skipped, the studio: it wants Node.js" in capsys.readouterr().err
    monkeypatch.setenv("CI", "true")
    assert hatch_build.main(["--skip-without-node", "check"]) == 1
    assert "error: it wants Node.js" in capsys.readouterr().err


def test_a_wheel_is_made_without_the_studio_where_npm_fails_and_a_release_is_not(
    tmp_path: Path,
) -> None:
    checkout = tmp_path / "checkout"
    for name in ("src/statehold/__init__.py", "pyproject.toml", "hatch_build.py", "README.md",
                 "LICENSE", "studio/package-lock.json", "studio/package.json"):  # fmt: skip
        (checkout / name).parent.mkdir(parents=True, exist_ok=True)
        (checkout / name).write_bytes((ROOT / name).read_bytes())
    programs = tmp_path / "programs"
    programs.mkdir()
    program(programs / "npm", "echo no network; exit 7")
    program(programs / "node", "echo '[20, 19, 0]'")

    path = {"PATH": f"{programs}:/usr/bin:/bin"}

    def make(mode: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "hatchling", "build", "--target", "wheel"],
            cwd=checkout,
            env={**os.environ, **path, hatch_build.MODE_VARIABLE: mode},
            capture_output=True, text=True, check=False,
        )  # fmt: skip

    made = make("")
    assert made.returncode == 0, made.stderr
    assert "the studio is not built: npm ci ended with status 7\nno network" in made.stderr
    (wheel,) = (checkout / "dist").iterdir()
    with zipfile.ZipFile(wheel) as files:
        assert "statehold/__init__.py" in files.namelist()
    refused = make("require")
    assert refused.returncode != 0
    assert "npm ci ended with status 7" in refused.stderr
    assert make("maybe").returncode != 0


def without_node(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)


def program(path: Path, text: str) -> None:
    path.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
    path.chmod(0o755)
