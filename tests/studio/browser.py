"""Chromium for the tests: found on the machine, or installed where the system allows it.

::

    python -m tests.studio.browser      installs it where there is none, and says what came of it

It is looked for as ``STATEHOLD_CHROMIUM`` names it, then under the names that systems give it on
the path, then where macOS keeps programs. What Debian's and Ubuntu's ``apt-get`` has is installed
by root, or by who may become root without a password; elsewhere it is to be installed by hand.
Nothing is downloaded from the makers of Playwright.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

#: names a Chromium or Chrome, instead of what is found
BROWSER_VARIABLE = "STATEHOLD_CHROMIUM"
_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
_PLACES = (
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
)
_PACKAGE = "chromium"
_UPDATE_SECONDS = 300.0
_INSTALL_SECONDS = 600.0

#: nothing that the browser does by itself reaches for the network; root may not use its sandbox
ARGUMENTS = (
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--no-first-run",
    *(("--no-sandbox",) if hasattr(os, "geteuid") and os.geteuid() == 0 else ()),
)


class NoBrowser(Exception):
    """There is none; the message says how to come by one."""


def find_browser() -> Path:
    """Raises ``NoBrowser``."""
    if named := os.environ.get(BROWSER_VARIABLE):
        if program := shutil.which(named):
            return Path(program)
        raise NoBrowser(f"{BROWSER_VARIABLE}={named}: there is no such program")
    for found in _found():
        return found
    raise NoBrowser(
        "no Chromium was found: install one (Debian: apt install chromium), or name it: "
        f"{BROWSER_VARIABLE}=…"
    )


def install_browser() -> None:
    """Raises ``NoBrowser`` where that can't be done here."""
    apt = shutil.which("apt-get")
    if apt is None:
        raise NoBrowser("this system has no apt-get to install it with: install Chromium by hand")
    root = _as_root()
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    quick = [*root, apt, "-qq", "--no-install-recommends", "--yes", "install", _PACKAGE]
    for command, seconds in (
        (quick, _INSTALL_SECONDS),
        # the lists of packages are missing or old
        ([*root, apt, "-qq", "update"], _UPDATE_SECONDS),
        (quick, _INSTALL_SECONDS),
    ):
        try:
            done = subprocess.run(
                command, env=environment, stdin=subprocess.DEVNULL, capture_output=True,
                text=True, errors="replace", timeout=seconds, check=False,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            raise NoBrowser(f"{' '.join(command)} has not ended within {seconds:g} s") from None
        if command is quick and done.returncode == 0:
            return
    raise NoBrowser(f"{' '.join(quick)} ended with status {done.returncode}:\n{done.stderr}")


def main() -> int:
    try:
        found = find_browser()
    except NoBrowser:
        print("no Chromium is here for the studio's tests; trying to install it", flush=True)
        try:
            install_browser()
            found = find_browser()
        except NoBrowser as error:
            # whether that is an error is for the tests to say
            print(f"it could not be installed: {error}", file=sys.stderr)
            return 0
    print(f"the studio's tests use {found}")
    return 0


def _found() -> Iterator[Path]:
    for name in _NAMES:
        if on_path := shutil.which(name):
            yield Path(on_path)
    for place in _PLACES:
        if Path(place).is_file():
            yield Path(place)


def _as_root() -> list[str]:
    """What stands before a command; raises ``NoBrowser``."""
    if os.geteuid() == 0:
        return []
    sudo = shutil.which("sudo")
    if sudo is not None:
        asked = subprocess.run([sudo, "-n", "true"], capture_output=True, check=False)
        if asked.returncode == 0:
            return [sudo, "-n"]
    raise NoBrowser("only root may install it: apt install chromium")


if __name__ == "__main__":
    sys.exit(main())
