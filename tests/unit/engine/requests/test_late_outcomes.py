"""An outcome that comes after its attempt was given to another worker, or ended otherwise."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from typing import Any

import pytest
from msgspec import Raw

from statehold.chart.machine import Definition
from statehold.engine.background.capacity import Capacity
from statehold.engine.clock import ManualClock
from statehold.engine.limits import Limits
from statehold.engine.machines.compatibility import UpgradePlans
from statehold.engine.requests.context import EngineContext, Identity
from statehold.engine.requests.effect_results import conclude
from statehold.instance.attempts import WAITING, Attempt, Ending
from statehold.instance.draft import Draft
from statehold.instance.journal import Origin
from statehold.interpreter.step import start
from statehold.records import Ref
from tests.unit.engine.works import Parcel, Shipping

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
KEY = "1.1"


@pytest.fixture
def context() -> EngineContext:
    limits = Limits()
    return EngineContext(
        {"shipping": Shipping.definition},
        ManualClock(NOW),
        limits,
        Identity("w", "w1"),
        random.Random(1),
        UpgradePlans(),
        Capacity(limits),
    )


@pytest.fixture
def draft(context: EngineContext) -> Draft:
    definition: Definition[Any] = Shipping.definition
    draft = Draft(Ref("shipping", "p-1"), definition, None, context.turn())
    draft.begin(start(definition, Parcel(), NOW, instance="p-1"), Origin("start"))
    assert draft.instance.attempts[KEY].state == "running"
    return draft


FAILED = Ending(KEY, error="OSError", message="away")
DONE = Ending(KEY, Raw(b'"L-1"'))


def apply(draft: Draft, ending: Ending, context: EngineContext) -> Attempt | None:
    conclude(draft, ending, Origin("result"), context)
    return draft.instance.attempts.get(KEY)


@pytest.mark.parametrize("state", ["waiting", "backing_off", "incident"])
def test_a_late_result_counts(draft: Draft, context: EngineContext, state: str) -> None:
    running = draft.instance.attempts[KEY]
    others = {
        "waiting": running.queue(WAITING[0]),
        "backing_off": running.free(NOW),
        "incident": running.raise_incident(NOW, 1, "two workers died", "buy_label"),
    }
    draft.set_attempt(KEY, others[state])
    assert apply(draft, DONE, context) is None
    assert draft.instance.state == ("labelled",)


def test_a_late_failure_does_not_undo_a_result_that_is_kept(
    draft: Draft, context: EngineContext
) -> None:
    kept = draft.instance.attempts[KEY].keep_result(Raw(b'"L-1"'), 1, "no", NOW)
    draft.set_attempt(KEY, kept)
    entries = len(draft.entries)
    assert apply(draft, FAILED, context) == kept
    assert len(draft.entries) == entries


def test_a_late_failure_leaves_an_incident_to_the_operator(
    draft: Draft, context: EngineContext
) -> None:
    incident = draft.instance.attempts[KEY].raise_incident(NOW, 1, "two workers died", "buy_label")
    draft.set_attempt(KEY, incident)
    assert apply(draft, FAILED, context) == incident


def test_a_late_failure_of_an_attempt_that_waits_again_is_postponed(
    draft: Draft, context: EngineContext
) -> None:
    draft.set_attempt(KEY, draft.instance.attempts[KEY].queue(WAITING[0]))
    later = apply(draft, FAILED, context)
    assert later is not None
    assert (later.state, later.error) == ("backing_off", "OSError: away")
