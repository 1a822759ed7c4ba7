"""What a step asks of the outside, as messages and as the journal has it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from statehold import Event, TooLarge
from statehold.instance.attempts import child_of
from statehold.instance.commands import StepCommands, traced, without
from statehold.instance.limits import InstanceLimits
from statehold.instance.state import InstanceState
from statehold.interpreter.command import StartChild
from statehold.interpreter.step import step
from statehold.records import EffectRecord, Message, Parent, Ref
from tests.unit.instance.samples import (
    NOW,
    REF,
    Inspect,
    Post,
    Print,
    Return,
    Ship,
    begun,
    body_of,
    json_of,
    send,
    turn,
)

PARENT = Parent(Ref("parcel", "parent"), "2.1", "checking")


def commands_of(event: Event, before: InstanceState | None = None, **limits: int) -> StepCommands:
    before = before or begun().instance
    assert before.snapshot is not None
    taken = step(before.definition, before.snapshot, event, NOW)
    return StepCommands(before, taken, turn(limits=InstanceLimits(**limits)), "")


def test_an_effect_is_asked_for_and_cancelled_by_its_name() -> None:
    assert commands_of(Print()).effects == [EffectRecord("2.1", "print_label", "asked")]
    draft = begun()
    send(draft, Print())
    found = commands_of(Return(), draft.instance)
    assert found.effects == [EffectRecord("2.1", "print_label", "cancelled")]


def test_timers_are_set_and_cancelled() -> None:
    assert body_of(begun().entries[0]).timers == {"lapse": NOW + timedelta(hours=1)}
    assert commands_of(Ship()).timers == {"lapse": None}


def test_a_child_is_started_by_a_message_to_it() -> None:
    found = commands_of(Inspect())
    (message,) = found.messages
    assert (message.kind, message.to) == ("start", Ref("inspection", "p-1:2.1"))
    assert found.sent == [{"to": "inspection/p-1:2.1", "start": True}]


def test_the_id_of_a_child_is_that_of_its_parent_and_its_key() -> None:
    command = StartChild("2.1", "inspecting", "inspection", "desk.inspecting", None)
    assert child_of(REF, command) == Ref("inspection", "p-1:2.1")


def test_an_event_is_sent_with_the_step_that_caused_it() -> None:
    (message,) = commands_of(Post(to="p-2")).messages
    assert (message.kind, message.to, message.sender) == ("event", Ref("parcel", "p-2"), REF)
    assert json_of(message.body) == {
        "event": {"type": "Note", "text": "hello"}, "cause": "parcel/p-1#2",
    }  # fmt: skip


def test_a_delayed_event_is_due_later() -> None:
    found = commands_of(Post(to="p-2", seconds=60, id="greeting"))
    assert found.messages[0].due_at == NOW + timedelta(seconds=60)
    assert found.delayed == {"greeting": NOW + timedelta(seconds=60)}


def test_an_event_to_the_parent_says_which_invoke_it_comes_from() -> None:
    child = begun(parent=PARENT).instance
    (message,) = commands_of(Post(to="parent"), child).messages
    body = json_of(message.body)
    assert (body["invoke"], body["invoke_key"]) == ("checking", "2.1")


def test_an_event_over_the_limit_is_refused() -> None:
    with pytest.raises(TooLarge, match="an event sent to parcel/p-2"):
        commands_of(Post(to="p-2"), event_bytes=10)


def test_only_the_sender_takes_a_message_back() -> None:
    own = Message(REF, "event", b"{}", sender=REF, send_id="x")
    other = Message(REF, "event", b"{}", sender=Ref("parcel", "p-2"), send_id="x")
    assert without((own, other), REF, ["x"]) == (other,)


def test_a_body_has_a_trace_only_if_there_is_one() -> None:
    assert traced({"event": 1}, "") == {"event": 1}
    assert traced({"event": 1}, "00-ab-cd-01") == {"event": 1, "trace": "00-ab-cd-01"}
