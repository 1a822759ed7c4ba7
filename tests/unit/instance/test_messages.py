"""What an instance reads in the body of a message; a damaged body refuses its message alone."""

from __future__ import annotations

import msgspec
import pytest

from statehold.chart.event import NamedEvent
from statehold.errors import InvalidPayload, TooLarge, UnknownEvent
from statehold.instance.messages import (
    EventBody,
    as_end,
    as_start,
    caller_of,
    discards_refused,
    event_of,
    plain_body,
    request_of,
    trace_of,
)
from statehold.records import Caller, Message, Ref
from tests.acceptance.kept.machines import BELL
from tests.unit.instance.samples import REF, Note, ParcelFlow

DEFINITION = ParcelFlow.definition
SENDER = Ref("case", "c-1")


def message(body: object, *, sender: Ref | None = None) -> Message:
    raw = body if isinstance(body, bytes) else msgspec.json.encode(body)
    return Message(REF, "event", raw, sender=sender)


DAMAGED = [b"", b"[", b"[]", b"null", b'{"event"', b"[" * 5_000, b"\xff"]


def test_an_event_is_read_as_its_receiver_declares_it() -> None:
    event, plain = event_of(DEFINITION, message({"event": {"type": "Note", "text": "x"}}), 1_000)
    assert event == Note(text="x")
    assert bytes(plain) == b'{"type":"Note","text":"x"}'


def test_an_event_that_the_receiver_does_not_declare_is_refused() -> None:
    with pytest.raises(UnknownEvent):
        event_of(DEFINITION, message({"event": {"type": "Nothing"}}), 1_000)


def test_an_event_over_the_limit_is_refused() -> None:
    with pytest.raises(TooLarge):
        event_of(DEFINITION, message({"event": {"type": "Note", "text": "x" * 100}}), 50)


def test_where_a_named_event_comes_from_is_not_for_its_sender_to_say() -> None:
    body = {"event": {"type": "ring"}, "invoke": "i-1", "sendid": "s-1"}
    event, _ = event_of(BELL, message(body, sender=SENDER), 1_000)
    assert isinstance(event, NamedEvent)
    assert (event.origin, event.invoke, event.sendid) == ("case/c-1", "i-1", "s-1")


@pytest.mark.parametrize("body", DAMAGED)
def test_a_damaged_body_is_refused_as_a_payload(body: bytes) -> None:
    with pytest.raises(InvalidPayload):
        event_of(DEFINITION, message(body), 1_000)
    with pytest.raises(InvalidPayload):
        as_start(body)
    with pytest.raises(InvalidPayload):
        as_end(body)


@pytest.mark.parametrize("body", DAMAGED)
def test_of_a_damaged_body_a_person_sees_the_text(body: bytes) -> None:
    assert set(plain_body(message(body))) == {"unreadable"}
    assert trace_of(message(body)) == ""
    assert request_of(message(body)) == EventBody(None)


def test_a_held_request_is_its_callers() -> None:
    body = {
        "event": {"type": "Note"},
        "caller": "ann",
        "roles": ["clerk"],
        "teams": ["north"],
        "proved": True,
        "given": "digest",
    }
    held = message(body)
    found = request_of(held)
    ann = Caller("ann", frozenset({"clerk"}), frozenset({"north"}), proved=True)
    assert caller_of(held, found) == ann
    assert found.given == "digest"
    assert caller_of(held, EventBody({})) == Caller()


def test_a_message_is_its_senders_machines_whatever_its_body_says() -> None:
    body = {"event": {"type": "Note"}, "caller": "ann", "roles": ["clerk"], "proved": True}
    sent = message(body, sender=SENDER)
    assert caller_of(sent, request_of(sent)) == Caller(roles=frozenset({"machine:case"}))


def test_what_no_transition_takes_is_dropped_by_the_rules_of_scxml_alone() -> None:
    assert discards_refused(BELL)
    assert not discards_refused(DEFINITION)
