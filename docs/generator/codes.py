"""Every code that a program may meet: problems over HTTP, findings of the static checks."""

from __future__ import annotations

import inspect

from docs.generator.markdown import code, prose, sentence, table
from statehold import errors
from statehold.check.lint.catalogue import CATALOGUE
from statehold.errors import StateholdError
from statehold.server import problems as server_problems
from statehold.server.problems import row_of_kind


def errors_of_problems() -> list[type[StateholdError]]:
    """Each class of error that has a code of its own and comes over HTTP as itself."""
    kinds = [
        kind
        for module in (errors, server_problems)
        for kind in vars(module).values()
        if isinstance(kind, type) and issubclass(kind, StateholdError) and "code" in vars(kind)
    ]
    found = {kind.code: kind for kind in kinds if row_of_kind(kind).status != 500}
    found["internal"] = server_problems.Internal
    return sorted(found.values(), key=lambda kind: (row_of_kind(kind).status, kind.code))


def problems() -> str:
    """A table of the codes with their status, the error in Python and what it means."""
    return table(
        ["code", "status", "error", "meaning"],
        (
            [
                code(kind.code),
                str(row_of_kind(kind).status),
                code(kind.__name__),
                sentence(prose(_first_paragraph(kind)) or row_of_kind(kind).title),
            ]
            for kind in errors_of_problems()
        ),
    )


def findings() -> str:
    """A table of the codes of ``statehold check``."""
    return table(
        ["code", "severity", "meaning"],
        (
            [code(name), meaning.severity, sentence(meaning.meaning)]
            for name, meaning in CATALOGUE.items()
        ),
    )


def _first_paragraph(kind: type) -> str:
    return inspect.cleandoc(vars(kind).get("__doc__") or "").partition("\n\n")[0]
