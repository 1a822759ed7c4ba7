"""The data models that documents may name."""

from __future__ import annotations

from statehold.expression.ecmascript.language import ECMASCRIPT
from statehold.expression.language import Language
from statehold.expression.null import NULL

LANGUAGES: dict[str, Language] = {"ecmascript": ECMASCRIPT, "null": NULL}
