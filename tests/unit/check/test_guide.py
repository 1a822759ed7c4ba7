"""The guide on checking says of each code what the checks say."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from statehold.check.lint.catalogue import CATALOGUE
from statehold.check.lint.findings import findings

GUIDE = (Path(__file__).parents[3] / "docs" / "guides" / "checking.md").read_text(encoding="utf-8")


def test_the_guide_lists_every_code_with_its_severity() -> None:
    listed = re.findall(r"^\| `([a-z-]+)` \| (error|warning|info) \|", GUIDE, re.MULTILINE)
    assert dict(listed) == {code: meaning.severity for code, meaning in CATALOGUE.items()}
    assert len(listed) == len(CATALOGUE)


def test_what_the_guide_silences_is_silent() -> None:
    (code,) = re.findall(r"```python\n(.*?)```", GUIDE, re.DOTALL)
    module: dict[str, Any] = {"__name__": "guide"}
    exec(code, module)
    assert findings(module["Record"]) == ()
    assert len(module["Record"].chart.silenced) == 1
