"""The data models that documents may name."""

from __future__ import annotations

from typing import Any

from statehold.expression.language import Language
from statehold.expression.null import NULL
from statehold.expression.python import PYTHON

LANGUAGES: dict[str, Language] = {"null": NULL, "ecmascript": PYTHON, "python": PYTHON}


def undefined_of(language: Language) -> Any:
    """What a variable without a value is read as."""
    return None
