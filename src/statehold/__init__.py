"""Statehold runs statecharts as durable backends.

Write a machine with :class:`Machine`, states and rules, then give the class to an engine, or step
it by hand with :func:`start` and :func:`step`, which are pure.

A name's module is imported when the name is first used: a program that only defines or checks
machines does not load the engine.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from statehold.errors import (
    ActionFailed,
    ActRefused,
    ArchiveFailed,
    AttemptOver,
    DefinitionError,
    EndlessLoop,
    Forbidden,
    GuardFailed,
    InstanceExists,
    InvalidPayload,
    KeyReused,
    NotAllowed,
    Overloaded,
    Permanent,
    Problem,
    Refused,
    ResourcesInvalid,
    ResourceUnavailable,
    SchemaMismatch,
    StaleSeq,
    StateholdError,
    StepFailed,
    Stopping,
    StoreInUse,
    StoreRefused,
    StoreUnavailable,
    TooLarge,
    Unavailable,
    UnknownEffect,
    UnknownEvent,
    UnknownIncident,
    UnknownInstance,
    UnknownMachine,
    UnknownTimer,
    UpgradeFailed,
)

if TYPE_CHECKING:
    from statehold.chart.access import Access, anyone, index, machine, nobody, role, when
    from statehold.chart.context import Context
    from statehold.chart.effect import Call, Effect, Retry
    from statehold.chart.event import (
        AnyEvent,
        Cancellation,
        Done,
        Event,
        Failure,
        Result,
        TimerFired,
        Undeliverable,
    )
    from statehold.chart.machine import AMachine, Definition, Upgrade
    from statehold.chart.model import Chart
    from statehold.define import (
        Compound,
        Final,
        History,
        Machine,
        Parallel,
        State,
        active,
        after,
        always,
        anywhere,
        child,
        days,
        effect,
        hours,
        minutes,
        on,
        on_cancel,
        on_done,
        on_failure,
        on_result,
        parameter,
        seconds,
        silence,
    )
    from statehold.engine import Engine, Retention
    from statehold.interpreter import Snapshot, Step, start, step
    from statehold.records import Caller

__version__ = "0.1.0"

__all__ = [
    "AMachine",
    "Access",
    "ActRefused",
    "ActionFailed",
    "AnyEvent",
    "ArchiveFailed",
    "AttemptOver",
    "Call",
    "Caller",
    "Cancellation",
    "Chart",
    "Compound",
    "Context",
    "Definition",
    "DefinitionError",
    "Done",
    "Effect",
    "EndlessLoop",
    "Engine",
    "Event",
    "Failure",
    "Final",
    "Forbidden",
    "GuardFailed",
    "History",
    "InstanceExists",
    "InvalidPayload",
    "KeyReused",
    "Machine",
    "NotAllowed",
    "Overloaded",
    "Parallel",
    "Permanent",
    "Problem",
    "Refused",
    "ResourceUnavailable",
    "ResourcesInvalid",
    "Result",
    "Retention",
    "Retry",
    "SchemaMismatch",
    "Snapshot",
    "StaleSeq",
    "State",
    "StateholdError",
    "Step",
    "StepFailed",
    "Stopping",
    "StoreInUse",
    "StoreRefused",
    "StoreUnavailable",
    "TimerFired",
    "TooLarge",
    "Unavailable",
    "Undeliverable",
    "UnknownEffect",
    "UnknownEvent",
    "UnknownIncident",
    "UnknownInstance",
    "UnknownMachine",
    "UnknownTimer",
    "Upgrade",
    "UpgradeFailed",
    "__version__",
    "active",
    "after",
    "always",
    "anyone",
    "anywhere",
    "child",
    "days",
    "effect",
    "hours",
    "index",
    "machine",
    "minutes",
    "nobody",
    "on",
    "on_cancel",
    "on_done",
    "on_failure",
    "on_result",
    "parameter",
    "role",
    "seconds",
    "silence",
    "start",
    "step",
    "when",
]

#: the modules of the names above that are imported when they are first used; a test compares them
_LAZY = {
    "statehold.chart.access": "Access anyone index machine nobody role when",
    "statehold.chart.context": "Context",
    "statehold.chart.effect": "Call Effect Retry",
    "statehold.chart.event": "AnyEvent Cancellation Done Event Failure Result TimerFired "
    "Undeliverable",
    "statehold.chart.machine": "AMachine Definition Upgrade",
    "statehold.chart.model": "Chart",
    "statehold.define": "Compound Final History Machine Parallel State active after always "
    "anywhere child days effect hours minutes on on_cancel on_done on_failure on_result "
    "parameter seconds silence",
    "statehold.engine": "Engine Retention",
    "statehold.interpreter": "Snapshot Step start step",
    "statehold.records": "Caller",
}
_MODULE_OF = {name: module for module, names in _LAZY.items() for name in names.split()}


def __getattr__(name: str) -> Any:
    module = _MODULE_OF.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(module), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_MODULE_OF})
