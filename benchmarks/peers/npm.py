"""Peers from npm: each installed into a folder of its own that git ignores."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

INSTALL_SECONDS = 300


class NodeFailed(Exception):
    """Node or npm is there, but did not do its work."""


def why_not() -> str | None:
    """What is missing on this machine, or None."""
    missing = [program for program in ("node", "npm") if shutil.which(program) is None]
    return f"{' and '.join(missing)} not installed" if missing else None


def wanted(folder: Path, name: str) -> str:
    """The version that the folder's ``package.json`` asks for."""
    package = json.loads((folder / "package.json").read_text(encoding="utf-8"))
    return str(package["dependencies"][name])


def install(folder: Path, name: str) -> None:
    """Installs what ``package.json`` asks for, unless ``name`` is there in that version.

    Packages' own scripts are not run. Raises ``NodeFailed``.
    """
    installed = folder / "node_modules" / name / "package.json"
    if installed.exists() and _version(installed) == wanted(folder, name):
        return
    done = subprocess.run(
        ["npm", "install", "--ignore-scripts", "--no-package-lock", "--no-audit", "--no-fund",
         "--loglevel=error"],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=INSTALL_SECONDS,
    )  # fmt: skip
    if done.returncode:
        raise NodeFailed(f"npm install in {folder} failed:\n{done.stdout}{done.stderr}")


def _version(package: Path) -> str:
    return str(json.loads(package.read_text(encoding="utf-8"))["version"])
