"""Builds the journal's entries: of steps, and of what happens between steps."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
from msgspec import UNSET, Raw, Struct

from statehold.instance.advance import Advanced
from statehold.instance.data_diff import change_between
from statehold.instance.state import InstanceState
from statehold.interpreter.snapshot import Step
from statehold.records import ANYONE, Caller, EffectRecord, Entry, JournalBody

#: every so many steps the journal keeps the data whole, which bounds the work of reading it back
CHECKPOINT = 64

_encode = msgspec.json.Encoder().encode
_NO_TIMERS: dict[str, datetime | None] = {}


class Origin(Struct, frozen=True, gc=False):
    """What caused a step."""

    kind: str
    event: Any = None
    caller: Caller = ANYONE
    cause: str | None = None
    reason: str | None = None
    key: str | None = None
    #: the fingerprint of a request that has a key
    given: str | None = None
    #: outcomes of effects that the step is about
    effects: tuple[EffectRecord, ...] = ()


def step_entry(
    before: InstanceState,
    advanced: Advanced,
    step: Step[Any],
    effects: tuple[EffectRecord, ...],
    origin: Origin,
    trace: str,
    reply: bytes | None,
) -> Entry:
    """The entry of a step. ``reply`` is stored with it where the request has a key."""
    after, commands = advanced.instance, advanced.commands
    seq, data = after.seq, after.data
    is_whole = not before.data or seq % CHECKPOINT == 1
    body = JournalBody(
        after.version,
        after.state,
        after.status,
        origin.event,
        origin.caller.name or None,
        origin.cause,
        step.trace,
        Raw(data) if is_whole else UNSET,
        None if is_whole or data == before.data else change_between(before.data, data),
        effects,
        _NO_TIMERS if commands is None else commands.timers,
        () if commands is None else tuple(commands.sent),
        () if commands is None else tuple(commands.emitted),
        None if after.output is None else Raw(after.output),
        origin.reason,
        sampled(trace) if trace else None,
        origin.given,
        origin.caller.proved,
        None if origin.key is None else _roles(origin.caller),
    )
    return Entry(
        after.ref.machine, after.ref.id, seq, 0, after.changed_at, origin.kind, _encode(body),
        origin.key, reply,
    )  # fmt: skip


def mark_entry(after: InstanceState, origin: Origin, trace: str) -> Entry:
    """The entry of a pause, a resumption or a forced cancellation: a step that moves no state."""
    body = JournalBody(
        version=after.version,
        state=after.state,
        status=after.status,
        caller=origin.caller.name or None,
        reason=origin.reason,
        data=Raw(after.data) if after.seq % CHECKPOINT == 1 else UNSET,
        trace=sampled(trace) if trace else None,
        proved=origin.caller.proved,
    )
    return Entry(
        after.ref.machine, after.ref.id, after.seq, 0, after.changed_at, origin.kind, _encode(body)
    )


def note_entry(
    after: InstanceState,
    origin: Origin,
    timers: dict[str, datetime | None] | None,
    trace: str,
    reply: bytes | None,
) -> Entry:
    """The entry of something that is no step, under the last step's ``seq``."""
    body = JournalBody(
        version=after.version,
        state=after.state,
        status=after.status,
        event=origin.event,
        caller=origin.caller.name or None,
        cause=origin.cause,
        effects=origin.effects,
        timers=timers or {},
        reason=origin.reason,
        trace=sampled(trace) if trace else None,
        given=origin.given,
        proved=origin.caller.proved,
        roles=None if origin.key is None else _roles(origin.caller),
    )
    return Entry(
        after.ref.machine, after.ref.id, after.seq, after.part, after.changed_at, origin.kind,
        _encode(body), origin.key, reply,
    )  # fmt: skip


def _roles(caller: Caller) -> tuple[str, ...] | None:
    return None if caller.roles is None else tuple(sorted(caller.roles))


def sampled(trace: str) -> str | None:
    """The trace for the journal; None if the traceparent's flags say that it is not recorded."""
    return trace if trace[-1:] in ("1", "3", "5", "7", "9", "b", "d", "f") else None
