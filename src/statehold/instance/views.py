"""Which view of an instance a caller is shown.

A machine has one ``view``, and may have others by role in ``views``. A caller sees that of the
first role there that it has, or of another that it has and asks for, and else the ``view``. The
program's own code may ask for any.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from statehold.chart.machine import Definition
from statehold.errors import InvalidPayload


def view_of(
    roles: Collection[str] | None, definition: Definition[Any], asked: str | None = None
) -> str | None:
    """The name of the view, a role; None: the machine's ``view``. Raises ``InvalidPayload`` for one
    that does not exist, or that this caller may not have, with the same words."""
    if asked is None:
        if roles is None or not definition.views:
            return None
        return next((name for name in definition.views if name in roles), None)
    own = [name for name in definition.views if roles is None or name in roles]
    if asked not in own:
        there = f"you have {', '.join(own)}" if own else "you have none that has a name"
        raise InvalidPayload(
            "the request", {"view": f"no view of yours is called {asked!r}; {there}"}
        )
    return asked
