"""Applies a step to an instance, and checks that the result can be stored.

These are the rules of a commit. Data and events are bounded in size and read back from JSON;
indexes, the output and the view are computed before the step is acknowledged. A step that breaks a
rule is refused, and nothing has changed.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from msgspec import Struct

from statehold.chart.payload import indexed, settle_data, show_view, write_output
from statehold.errors import ActionFailed, Refused, TooLarge
from statehold.instance.attempts import Followed, follow
from statehold.instance.commands import StepCommands
from statehold.instance.state import InstanceState
from statehold.instance.turn import Turn
from statehold.interpreter.snapshot import Snapshot, Step
from statehold.interpreter.trace import Microstep
from statehold.records import Status


class Advanced(Struct, frozen=True, gc=False):
    """``instance`` after the step, and what has to happen once it is committed."""

    instance: InstanceState
    #: what the step asks of the outside; None: nothing
    commands: StepCommands | None
    #: None: no attempt is there before or after
    attempts: Followed | None
    #: how long the states that it left had been active, where that is known
    stays: tuple[tuple[str, timedelta], ...]
    #: as JSON; None: the data is the view
    view: bytes | None


def advance(
    before: InstanceState,
    step: Step[Any],
    turn: Turn,
    trace: str = "",
    failed: Collection[str] = (),
) -> Advanced:
    """The instance after a step of its own definition.

    ``before.data`` is compared with the data after the step; empty, it counts as changed.
    ``failed`` are the keys of effects whose failure the step is about. Raises ``TooLarge``,
    ``InvalidPayload`` or ``ActionFailed`` where the step can't be stored.
    """
    definition, now = before.definition, turn.now
    after, data = step.snapshot, before.data
    if before.snapshot is None or not data or after.data is not before.snapshot.data:
        data, after = _read_back(before, after, turn.limits.data_bytes)
    output = before.output
    if after.done and after.output is not None:
        output = write_output(after.output)
    commands, delayed, attempts = None, before.delayed, None
    if step.commands:
        commands = _commands(before, step, turn, trace)
        if definition.chart.policy.messages == "session":
            delayed = _delayed(before, commands, turn)
    indexes = before.indexes
    if data != before.data:
        indexes = indexed(definition, after.data) if definition.indexes else {}
    view = None
    if definition.view is not None or definition.data.has_computed:
        # if it raises, the step must not be acknowledged
        view = show_view(definition, definition.data.copy(after.data), data)
    if commands is not None or before.attempts:
        assign = partial(turn.assigner.holder, definition, worker=turn.worker)
        attempts = follow(
            before.attempts, step, before.ref, turn.worker, assign, failed=failed, trace=trace
        )
    entered, stays = _moved(before.entered, step.trace, now)
    configuration = after.configuration
    instance = InstanceState(
        before.ref,
        definition,
        definition.version,
        after.seq,
        0,
        _ended(after) if after.done else before.status,
        configuration.leaves,
        configuration.tags,
        configuration.owners,
        indexes,
        before.created_at,
        before.since if configuration.leaves == before.state and not after.done else now,
        now,
        after,
        None,
        data,
        output,
        before.attempts if attempts is None else attempts.attempts,
        before.parent,
        before.held,
        delayed,
        entered,
    )
    return Advanced(instance, commands, attempts, stays, view)


def _ended(after: Snapshot[Any]) -> Status:
    """One that took a cancellation has not done what it was started for, wherever it ends."""
    return "done" if after.cancellation is None else "cancelled"


def _read_back(
    before: InstanceState, after: Snapshot[Any], limit: int
) -> tuple[bytes, Snapshot[Any]]:
    """The data as JSON, and the snapshot with the data as it will be read back."""
    what = f"the data of {before.ref.machine}/{before.ref.id}"
    data, value = settle_data(before.definition, after.data, what, limit)
    return data, Snapshot(
        after.configuration,
        value,
        after.seq,
        after.instance,
        after.history,
        after.timers,
        after.effects,
        after.deadlines,
        after.done,
        after.output,
    )


def _commands(before: InstanceState, step: Step[Any], turn: Turn, trace: str) -> StepCommands:
    try:
        return StepCommands(before, step, turn, trace)
    except Refused:
        raise
    except Exception as error:
        raise ActionFailed("what the step sends", error) from error


def _delayed(before: InstanceState, commands: StepCommands, turn: Turn) -> Mapping[str, datetime]:
    """The messages sent for later that end with it; raises ``TooLarge`` for too many."""
    if not (before.delayed or commands.delayed):
        return before.delayed
    found = {
        id: due
        for id, due in before.delayed.items()
        if due > turn.now and id not in commands.recalled
    }
    found |= commands.delayed
    if len(found) > turn.limits.delayed:
        what = f"what {before.ref.machine}/{before.ref.id} has sent for later"
        raise TooLarge(what, len(found), turn.limits.delayed, "delayed messages")
    return found


def _moved(
    before: Mapping[str, datetime | None], trace: tuple[Microstep, ...], now: datetime
) -> tuple[Mapping[str, datetime | None], tuple[tuple[str, timedelta], ...]]:
    """When each active state was entered, after these microsteps, and how long those that were
    left had been active."""
    entered: dict[str, datetime | None] | None = None
    stays: tuple[tuple[str, timedelta], ...] = ()
    for microstep in trace:
        if not microstep.exited and not microstep.entered:
            continue
        if entered is None:
            entered = dict(before)
        for state in microstep.exited:
            since = entered.pop(state, None)
            if since is not None:
                stays += ((state, now - since),)
        for state in microstep.entered:
            entered[state] = now
    return (before if entered is None else entered), stays
