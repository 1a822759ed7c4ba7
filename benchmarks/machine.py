"""What the numbers were measured on."""

from __future__ import annotations

import os
import platform
import sqlite3
from datetime import UTC, datetime
from pathlib import Path


def print_machine() -> None:
    for name, value in (
        ("date", f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC"),
        ("cpu", cpu_model()),
        ("cores", str(os.cpu_count() or "unknown")),
        ("load", load()),
        ("memory", memory()),
        ("os", f"{platform.system()} {platform.release()}"),
        ("python", f"{platform.python_implementation()} {platform.python_version()}"),
        ("sqlite", sqlite3.sqlite_version),
    ):
        print(f"{name:<8}{value}")
    print(flush=True)


def cpu_model() -> str:
    for line in _lines("/proc/cpuinfo"):
        name, _, value = line.partition(":")
        if name.strip() == "model name":
            return value.strip()
    return platform.processor() or platform.machine() or "unknown"


def load() -> str:
    """The load before the run: numbers from a busy machine mean little."""
    return (
        f"{os.getloadavg()[0]:.2f} in the last minute" if hasattr(os, "getloadavg") else "unknown"
    )


def memory() -> str:
    for line in _lines("/proc/meminfo"):
        if line.startswith("MemTotal:"):
            return f"{int(line.split()[1]) / 1024**2:.1f} GiB"
    return "unknown"


def file_system(place: Path) -> str:
    """The type of the file system that holds the place, as the kernel calls it: ``ext4``."""
    best, found = -1, "unknown"
    for line in _lines("/proc/mounts"):
        _, mounted, kind, *_ = line.split()
        at = Path(mounted.replace("\\040", " "))
        if place.resolve().is_relative_to(at) and len(at.parts) >= best:
            best, found = len(at.parts), kind
    return found


def _lines(path: str) -> list[str]:
    try:
        return Path(path).read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        # not Linux: the callers fall back
        return []
