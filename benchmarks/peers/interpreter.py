"""The environment of peers that are Python packages with requirements of their own.

``make bench-peers`` makes it, from ``requirements/bench-peers.txt``; it has no Statehold, and what
runs in it is a process by itself. So their requirements never meet ours.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

from benchmarks.left_out import LeftOut

PYTHON = Path(__file__).parent / ".venv" / "bin" / "python"


def version(package: str) -> str:
    """The version of a package there; raises ``LeftOut`` where it is not installed."""
    if not PYTHON.exists():
        raise LeftOut(f"{package} is not installed; make bench-peers installs it")
    question = f"from importlib.metadata import version; print(version({package!r}))"
    asked = subprocess.run([PYTHON, "-c", question], capture_output=True, text=True)
    if asked.returncode:
        raise LeftOut(f"{package} is not in the peers' environment; make bench-peers installs it")
    return asked.stdout.strip()
