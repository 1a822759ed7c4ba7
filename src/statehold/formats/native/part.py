"""The base of the models for all parts of a native document."""

from __future__ import annotations

from functools import cache
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, model_validator
from pydantic_core import PydanticCustomError

from statehold.formats.native.problems import shown
from statehold.formats.native.shapes import UNKNOWN_KEYS, problem


class Part(BaseModel):
    """Some keys of a document. Unknown ones are problems, with the one that was meant."""

    model_config = ConfigDict(extra="forbid", defer_build=True, use_attribute_docstrings=True)

    UNKNOWN: ClassVar[str] = "{key!r} is not known here"

    @model_validator(mode="before")
    @classmethod
    def _check_keys(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            raise problem(f"it is {shown(value)}, not a mapping", "write keys and values")
        known = keys_of(cls)
        unknown = [key for key in value if key not in known]
        if unknown:
            context = {"message": cls.UNKNOWN, "unknown": unknown, "known": known}
            raise PydanticCustomError(UNKNOWN_KEYS, "{message}", context)
        return value


@cache
def keys_of(part: type[Part]) -> frozenset[str]:
    return frozenset(field.alias or name for name, field in part.model_fields.items())


def tag_of(value: Any) -> str:
    """Which of two choices a value is: what is written as a mapping, or anything else."""
    return "<mapping>" if isinstance(value, dict) else "<value>"
