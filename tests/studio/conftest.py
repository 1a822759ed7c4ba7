"""What the tests of the studio share: the built files."""

from __future__ import annotations

import os

import pytest

import hatch_build


@pytest.fixture(scope="session")
def built() -> None:
    """The studio is in the package; without Node.js the tests of it are left out, but not in
    continuous integration."""
    if hatch_build.is_built():
        return
    reason = hatch_build.why_no_node() or "it is not built of these sources: run `make studio`"
    lack(f"the studio: {reason}")


def lack(what: str) -> None:
    """Ends the test for want of something on this machine: as an error where CI is set."""
    if os.environ.get("CI"):
        pytest.fail(what)
    pytest.skip(what)
