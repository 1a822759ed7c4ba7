"""The null data model (SCXML B.1): no data, and one condition, ``In('id')``.

A quoted text is an expression too, for ``<log expr="'…'">``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, NoReturn

from statehold.expression.compiled import CompiledExpression
from statehold.expression.frame import Frame
from statehold.expression.language import ExpressionRefused, Language
from statehold.expression.source import checked

_IN = re.compile(r"""\s*In\(\s*(?:'([^'"\\]*)'|"([^'"\\]*)")\s*\)\s*""")
_QUOTED = re.compile(r"""\s*(?:'[^'"\\]*'|"[^'"\\]*")\s*""")


class _Null:
    name = "null"

    functions: Mapping[str, str] = {}

    def with_functions(
        self, scripts: Iterable[str], values: Mapping[str, str], others: Iterable[str] = ()
    ) -> Language:
        return self

    def expression(self, text: str, *, may_write: bool = False) -> CompiledExpression:
        quoted = _QUOTED.fullmatch(checked(text))
        if quoted is not None:
            said = quoted[0].strip()[1:-1]
            return CompiledExpression(text, lambda frame: said)
        found = _IN.fullmatch(text)
        if found is None:
            raise ExpressionRefused(
                text,
                "is no condition of the null data model",
                "the only one is In('id'); name a data model for others",
            )
        state = found[1] if found[1] is not None else found[2]

        def is_active(frame: Frame) -> Any:
            return frame.call("In", [state])

        return CompiledExpression(text, is_active, asks=frozenset({"In"}))

    def location(self, text: str) -> NoReturn:
        raise ExpressionRefused(text, "the null data model has no data to assign to")

    def script(self, text: str) -> NoReturn:
        raise ExpressionRefused(text, "the null data model has no scripts")

    def truth(self, value: Any) -> bool:
        return value is True


NULL: Language = _Null()
