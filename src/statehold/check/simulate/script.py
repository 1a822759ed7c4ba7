"""A script: the events, outcomes and waits of one instance, as plain data.

A person writes one to try a machine, a search gives one as its counterexample, a test plays one
again. As JSON or YAML, each step is a mapping with its word for a key::

    machine: order
    data: {items: [pizza]}
    steps:
      - send: {type: RestaurantAccepted, prep_minutes: 12}
        by: [restaurant]
      - advance: 720
      - succeed: charge_card
        result: {receipt: r-1}
      - expect: [fulfilling.kitchen.packed, fulfilling.courier.waiting]
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, TypeAlias

from msgspec import UNSET, Struct


class SendStep(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """An event in wire form; ``by`` are the sender's roles, None for trusted code."""

    send: dict[str, Any]
    by: tuple[str, ...] | None = None
    #: whether it has to be refused; anything else is an error
    refused: bool = False


class AdvanceStep(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """Seconds that pass; timers that are due on the way fire, in order."""

    advance: float


class SucceedStep(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """The effect or child of this name that was requested first and still runs succeeds."""

    succeed: str
    result: Any = None


class FailStep(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """The effect or child of this name that was requested first and still runs fails for good."""

    fail: str
    error: str = "Failed"
    message: str = "failed in the script"


class CancelStep(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """The instance is cancelled, for this reason; ``by_parent`` as for a child."""

    cancel: str
    by_parent: bool = False


class ExpectStep(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """Expects these active leaves, as a set, and these values of fields of the data."""

    expect: tuple[str, ...] | None = None
    data: dict[str, Any] | None = None
    done: bool | None = None


ScriptStep: TypeAlias = SendStep | AdvanceStep | SucceedStep | FailStep | CancelStep | ExpectStep


class Script(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """``data`` is the start's, plain JSON values, or left out; ``at`` when it begins, aware."""

    machine: str
    steps: tuple[ScriptStep, ...] = ()
    version: int | None = None
    data: Any = UNSET
    at: datetime | None = None
    instance: str = "i-1"
    doc: str = ""
