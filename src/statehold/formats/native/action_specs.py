"""Actions, guards and offered functions as the native document writes them."""

from __future__ import annotations

from typing import Annotated, Any, TypeAlias

from pydantic import BeforeValidator, Discriminator, Field, StrictStr, Tag

from statehold.formats.native.part import Part, tag_of
from statehold.formats.native.shapes import (
    Expression,
    Name,
    NotNull,
    OrEmpty,
    Paths,
    Value,
    problem,
)


class FunctionSpec(Part):
    """A function that the server offers, by its name."""

    function: Name
    """Its name."""


class SetSpec(Part):
    """Sets fields of the data; all expressions see the data as they were before."""

    set: OrEmpty[dict[str, Value]]
    """Fields, by their path, and their new values; null removes an optional field."""


class RaiseSpec(Part):
    """Raises an event within the step."""

    raise_: Name = Field(alias="raise")
    """The event's name."""
    with_: OrEmpty[dict[str, Value]] = Field(default_factory=dict, alias="with")
    """The fields of its payload."""


class ReceiverSpec(Part):
    """The receiver of a message."""

    machine: StrictStr | None = None
    """The machine's name; this one if left out."""
    instance: Annotated[Expression | None, NotNull()] = None
    """The instance's id."""


class SendSpec(Part):
    """Sends an event after the step: to another instance, or to this one later."""

    send: Name
    """The event's name."""
    with_: OrEmpty[dict[str, Value]] = Field(default_factory=dict, alias="with")
    """The fields of its payload."""
    to: OrEmpty[ReceiverSpec] = Field(default_factory=ReceiverSpec)
    """The receiver; this instance if left out."""
    after: Expression | None = None
    """When: a duration, or CEL that gives a duration or a timestamp."""


class EmitSpec(Part):
    """Shows an event to those who watch the instance."""

    emit: Name
    """The event's name."""
    with_: OrEmpty[dict[str, Value]] = Field(default_factory=dict, alias="with")
    """The fields of its payload."""


class StartSpec(Part):
    """Starts an effect that belongs to no state."""

    effect: Name
    """The effect's name."""


VERBS = ("set", "raise", "send", "emit", "effect", "function")


def _verb(value: Any) -> str | None:
    verbs = [verb for verb in VERBS if verb in value] if isinstance(value, dict) else []
    return f"<{verbs[0]}>" if len(verbs) == 1 else None


def _check_verb(value: Any) -> Any:
    if not isinstance(value, dict):
        hint = f"an action is a mapping with one of {', '.join(VERBS)}"
        raise problem("it is no action", hint)
    if _verb(value) is None:
        verbs = " and ".join(verb for verb in VERBS if verb in value)
        raise problem(f"it has {verbs or 'no verb'}", f"an action is one of {', '.join(VERBS)}")
    return value


Action: TypeAlias = Annotated[
    Annotated[SetSpec, Tag("<set>")]
    | Annotated[RaiseSpec, Tag("<raise>")]
    | Annotated[SendSpec, Tag("<send>")]
    | Annotated[EmitSpec, Tag("<emit>")]
    | Annotated[StartSpec, Tag("<effect>")]
    | Annotated[FunctionSpec, Tag("<function>")],
    Discriminator(_verb),
    BeforeValidator(_check_verb),
]


class GuardSpec(Part):
    """A guard by active states, or by an offered function: one of the two."""

    in_: Paths = Field(default_factory=list, alias="in")
    """States that have to be active."""
    function: Annotated[Name | None, NotNull()] = None
    """A function that the server offers."""


Guard: TypeAlias = Annotated[
    Annotated[Expression, Tag("<value>")] | Annotated[GuardSpec, Tag("<mapping>")],
    Discriminator(tag_of),
]
#: CEL, or an offered function
Given: TypeAlias = Annotated[
    Annotated[Expression, Tag("<value>")] | Annotated[FunctionSpec, Tag("<mapping>")],
    Discriminator(tag_of),
]
