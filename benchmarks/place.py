"""The temporary directory, on a real disk, for the databases of a run."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.machine import file_system

#: a commit there costs nothing, so nothing durable is measured
IN_MEMORY = ("tmpfs", "ramfs", "overlay-tmpfs")


class NotADisk(Exception):
    """The directory is in memory: commits cost nothing there."""


@contextmanager
def working_directory(chosen: Path | None) -> Iterator[Path]:
    """A fresh directory in the chosen one, or in the system's for temporary files."""
    parent = chosen or Path(tempfile.gettempdir())
    kind = file_system(parent)
    if kind in IN_MEMORY:
        raise NotADisk(f"{parent} is on {kind}; name a directory on a disk: --directory DIR")
    print(f"file system: {kind}\n", flush=True)
    with tempfile.TemporaryDirectory(prefix="statehold-benchmark-", dir=parent) as name:
        yield Path(name)
