"""A directory to archive to."""

from __future__ import annotations

from pathlib import Path

import pytest

# --- the archive ---------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "archive"
    made.mkdir()
    return made
