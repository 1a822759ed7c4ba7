"""What the journal says of a step, a mark and a note."""

from __future__ import annotations

import pytest
from msgspec import UNSET

from statehold.instance.journal import CHECKPOINT, Origin, sampled
from statehold.records import Caller, EffectRecord
from tests.unit.instance.samples import Parcel, Post, Print, Ship, Weigh, begun, body_of, send


def test_a_step_is_recorded_with_its_cause_and_what_it_did() -> None:
    draft = begun()
    send(draft, Weigh(weight=5), caller=Caller("ann"), cause="case/c-1", reason="asked to")
    body = body_of(draft.entries[-1])
    assert (body.version, body.state, body.status) == (1, ("desk.open",), "running")
    assert body.event == {"type": "Weigh"}
    assert (body.caller, body.cause, body.reason) == ("ann", "case/c-1", "asked to")
    (microstep,) = body.steps
    assert (microstep.transitions, microstep.guards) == (("weighing",), (("is_light", True),))


def test_what_a_step_asks_for_is_recorded() -> None:
    draft = begun()
    send(draft, Print())
    assert body_of(draft.entries[-1]).effects == (EffectRecord("2.1", "print_label", "asked"),)
    send(draft, Post(to="p-2"))
    assert [one["to"] for one in body_of(draft.entries[-1]).sent] == ["parcel/p-2"]


def test_the_output_is_recorded_with_the_last_step() -> None:
    draft = begun(Parcel(weight=7))
    send(draft, Ship())
    body = body_of(draft.entries[-1])
    assert (body.status, body.output) == ("done", {"weight": 7})
    assert body.timers == {"lapse": None}


def test_a_mark_has_who_and_why_and_the_data_where_it_is_due() -> None:
    draft = begun()
    for number in range(CHECKPOINT):
        draft.mark("paused", Origin("pause", caller=Caller("ann"), reason=str(number)))
    bodies = [body_of(entry) for entry in draft.entries[1:]]
    assert (bodies[0].caller, bodies[0].reason, bodies[0].status) == ("ann", "0", "paused")
    assert [body.data is UNSET for body in bodies] == [True] * (CHECKPOINT - 1) + [False]


@pytest.mark.parametrize(
    ("trace", "expected"),
    [("00-a-b-01", "00-a-b-01"), ("00-a-b-03", "00-a-b-03"), ("00-a-b-00", None), ("", None)],
)
def test_a_trace_is_recorded_if_its_flags_say_so(trace: str, expected: str | None) -> None:
    assert sampled(trace) == expected


def test_the_trace_of_a_request_stands_with_its_step() -> None:
    draft = begun()
    draft.trace = "00-a-b-01"
    send(draft, Weigh(weight=5))
    draft.trace = "00-a-b-00"
    send(draft, Weigh(weight=6))
    assert [body_of(entry).trace for entry in draft.entries[1:]] == ["00-a-b-01", None]
