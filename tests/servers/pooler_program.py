"""PgBouncer for the tests: found on the machine, or brought into ``build`` from a package.

::

    python -m tests.servers.pooler_program      brings it where there is none, and says what came

It is looked for as ``STATEHOLD_PGBOUNCER`` names it, then on the path and where systems keep
servers, then in ``build/pgbouncer``. Debian's and Ubuntu's package is only unpacked there, with the
libraries that the system lacks: to install it would start a pooler on this machine. That takes
``apt-get``, and root only where its lists of packages are missing.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from tests.servers.programs import PostgresError

#: names a PgBouncer, instead of what is found
PROGRAM_VARIABLE = "STATEHOLD_PGBOUNCER"
UNPACKED = Path(__file__).parents[2] / "build" / "pgbouncer"
_SECONDS = 300
FOLDERS = ("/usr/sbin", "/usr/local/sbin", "/opt/homebrew/bin")


def find_pooler() -> Path:
    """Raises ``PostgresError`` with the ways to come by one."""
    if named := os.environ.get(PROGRAM_VARIABLE):
        if program := shutil.which(named):
            return Path(program).resolve()
        raise PostgresError(f"{PROGRAM_VARIABLE}={named}: there is no such program")
    path = os.pathsep.join((os.environ.get("PATH", os.defpath), *FOLDERS))
    if program := shutil.which("pgbouncer", path=path):
        return Path(program).resolve()
    unpacked = UNPACKED / "usr" / "sbin" / "pgbouncer"
    if unpacked.is_file():
        return unpacked
    raise PostgresError(
        "PgBouncer was not found. Install it (Debian, Ubuntu: apt install pgbouncer; macOS: brew "
        f"install pgbouncer), or name the program: {PROGRAM_VARIABLE}=…"
    )


def libraries_of(program: Path) -> dict[str, str]:
    """What its environment needs for the libraries that were unpacked with it."""
    if not program.is_relative_to(UNPACKED):
        return {}
    folders = {str(found.parent) for found in UNPACKED.rglob("*.so.*")}
    return {"LD_LIBRARY_PATH": os.pathsep.join(sorted(folders))}


def bring_pooler() -> None:
    """Unpacks the package. Raises ``PostgresError`` where that can't be done here."""
    if shutil.which("apt-get") is None or shutil.which("dpkg-deb") is None:
        raise PostgresError("this system has no apt-get to bring it with: install it by hand")
    shutil.rmtree(UNPACKED, ignore_errors=True)
    packages = UNPACKED / "packages"
    packages.mkdir(parents=True)
    try:
        try:
            _run("apt-get", "-qq", "download", "pgbouncer", folder=packages)
        except PostgresError:
            # the lists of packages are missing or old
            _run("apt-get", "-qq", "update", folder=packages)
            _run("apt-get", "-qq", "download", "pgbouncer", folder=packages)
        (package,) = packages.glob("pgbouncer_*.deb")
        needed = re.findall(r"\blib[a-z0-9.+-]+", _run("dpkg-deb", "-f", str(package), "Depends"))
        lacking = [name for name in needed if not _is_installed(name)]
        if lacking:
            _run("apt-get", "-qq", "download", *lacking, folder=packages)
        for one in packages.glob("*.deb"):
            _run("dpkg-deb", "-x", str(one), str(UNPACKED))
    except BaseException:
        shutil.rmtree(UNPACKED)
        raise
    shutil.rmtree(packages)


def _is_installed(package: str) -> bool:
    asked = subprocess.run(
        ["dpkg-query", "-W", "-f=${Status}", package], capture_output=True, text=True, check=False
    )
    return asked.stdout.endswith(" installed")


def _run(*command: str, folder: Path = Path("/")) -> str:
    try:
        done = subprocess.run(
            command, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True,
            errors="replace", timeout=_SECONDS, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise PostgresError(f"{' '.join(command)} has not ended within {_SECONDS} s") from None
    if done.returncode != 0:
        raise PostgresError(
            f"{' '.join(command)} ended with status {done.returncode}:\n{done.stderr}"
        )
    return done.stdout


def main() -> int:
    try:
        found = find_pooler()
    except PostgresError:
        print("no PgBouncer is here for the stores' tests; trying to bring it", flush=True)
        try:
            bring_pooler()
            found = find_pooler()
        except PostgresError as error:
            # whether that is an error is for the tests to say
            print(f"it could not be brought: {error}", file=sys.stderr)
            return 0
    print(f"the stores' tests use {found}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
