"""The site is built once for all tests of it."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

import pytest

from tests.docs.site import build


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that the site was built into, by the first process that needs it."""
    base = tmp_path_factory.getbasetemp()
    target = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "site"
    with (target.with_suffix(".lock")).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (target / "objects.inv").exists():
            done = build(target)
            assert done.returncode == 0, done.stdout + done.stderr
    return target
