"""The data models that documents may name."""

from __future__ import annotations

from statehold.expression.ecmascript.language import ECMASCRIPT
from statehold.expression.language import Language
from statehold.expression.null import NULL
from statehold.expression.python import PYTHON

LANGUAGES: dict[str, Language] = {"null": NULL, "ecmascript": ECMASCRIPT, "python": PYTHON}
