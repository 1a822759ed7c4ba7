"""Every bound of an engine and of a server, from their dataclasses."""

from __future__ import annotations

from docs.generator.fields import fields_table
from statehold.engine.limits import Limits
from statehold.server import Bounds


def engine() -> str:
    """A table of ``Limits``."""
    return fields_table(Limits)


def server() -> str:
    """A table of ``Bounds``."""
    return fields_table(Bounds)
