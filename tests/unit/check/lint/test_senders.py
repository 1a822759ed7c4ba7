"""Findings about who may send events, and about access that leaves a right to nobody."""

from __future__ import annotations

from typing import Any

import pytest

from statehold import (
    Access,
    Context,
    Event,
    Final,
    Machine,
    State,
    child,
    machine,
    nobody,
    on,
    on_failure,
    on_result,
)
from statehold.check.lint.finding import Finding
from statehold.check.lint.findings import findings
from statehold.formats.native import read_native
from tests.unit.check.lint import elsewhere

CODES = {"not-internal", "message-refused", "nobody-may-send", "nobody-may-read"}


class Go(Event):
    pass


class News(Event):
    pass


class Secret(Event, internal=True):
    pass


def of(machine: Any, *beside: Any) -> list[tuple[str, str]]:
    found: tuple[Finding, ...] = findings(machine, beside=beside)
    return [(one.code, one.place) for one in found if one.code in CODES]


def by_name(data: None, event: Go, context: Context) -> None:
    context.send("receiver", "r-1", News())


def by_class(data: None, event: Go, context: Context) -> None:
    context.send(Receiver, "r-1", News())


def by_module(data: None, event: Go, context: Context) -> None:
    context.send(elsewhere.Far, "f-1", News())


def to_parent(data: None, event: Go, context: Context) -> None:
    context.send_parent(News())


def to_itself(data: None, event: Go, context: Context) -> None:
    context.send(None, None, News())


def somewhere(data: None, event: Go, context: Context, to: Any = None) -> None:
    context.send(to, "r-1", News())


def local(data: None, event: Go, context: Context) -> None:
    Receiver = "nobody-knows"
    context.send(Receiver, "r-1", News())


class Receiver(Machine[None], name="receiver", version=1):
    here = State(initial=True)
    news = on(News, here)


def sender(action: Any, name: str = "sender") -> Any:
    class Sender(Machine[None], name=name, version=1):
        here = State(initial=True)
        go = on(Go, here, do=action, by="clerk")

    return Sender


def receiver(by: Any = (), event: type[Event] = News) -> Any:
    class Receiver(Machine[None], name="receiver", version=1):
        here = State(initial=True)
        news = on(event, here, by=by)

    return Receiver


@pytest.mark.parametrize("action", [by_name, by_class])
def test_an_event_that_another_machine_sends_and_anybody_may_is_a_remark(action: Any) -> None:
    assert of(receiver(), sender(action)) == [("not-internal", "News")]
    # nothing is known of what is not given to the check
    assert of(receiver()) == []
    # who else may send it is stated
    assert of(receiver(by=("clerk", machine("sender"))), sender(action)) == []
    assert of(receiver(by=machine("sender")), sender(action)) == [("not-internal", "News")]


def test_an_event_that_only_machines_may_send_is_a_remark_without_them() -> None:
    assert of(receiver(by=machine("sender"))) == [("not-internal", "News")]
    assert of(receiver(by=machine("sender"), event=Secret)) == []


def test_what_a_child_and_the_machine_itself_send_is_known_without_them() -> None:
    class Small(Machine[None], name="small", version=1):
        here = State(initial=True)
        over = Final()
        go = on(Go, here >> over, do=to_parent, by="clerk")

    class Big(Machine[None], name="big", version=1):
        here = State(initial=True, invoke=child(Small))
        over = Final()
        news = on(News, here, by="clerk")
        ended = on_result(Small, here >> over)
        failed = on_failure(Small, here >> over)

    class Own(Machine[None], name="own", version=1):
        here = State(initial=True)
        go = on(Go, here, do=to_itself, by="clerk")
        news = on(News, here, by=("clerk", "cook"))

    assert of(Big) == [("message-refused", "news")]
    assert of(Own) == [("message-refused", "news")]
    # the same function in a machine that is not its parent says nothing
    assert of(receiver(by="clerk"), Small) == []


@pytest.mark.parametrize(
    ("by", "expected"),
    [
        ("clerk", [("message-refused", "news")]),
        (machine("other"), [("not-internal", "News"), ("message-refused", "news")]),
        (("clerk", machine("sender")), []),
    ],
)
def test_a_message_that_no_transition_takes_is_a_warning(by: Any, expected: Any) -> None:
    found = of(receiver(by=by), sender(by_name))
    assert sorted(found) == sorted(expected)


def test_one_transition_that_takes_a_message_is_enough() -> None:
    class Receiver(Machine[None], name="receiver", version=1):
        here = State(initial=True)
        there = State()
        news = on(News, here >> there, by="clerk")
        again = on(News, there >> here, by=machine("sender"))

    assert of(Receiver, sender(by_name)) == []


@pytest.mark.parametrize("action", [somewhere, local])
def test_nothing_is_concluded_from_a_receiver_that_is_not_known(action: Any) -> None:
    class Sender(Machine[None], name="sender", version=1):
        here = State(initial=True)
        go = on(Go, here, do=lambda data, event, context: action(data, event, context), by="clerk")

    assert of(receiver(by="clerk"), Sender) == []
    assert of(receiver(by="clerk"), sender(local)) == []


def test_a_receiver_of_another_module_is_known_by_its_class() -> None:
    assert of(elsewhere.Far, sender(by_module)) == [("not-internal", "News")]


def test_a_document_says_what_it_sends() -> None:
    sending = read_native(
        """
        statehold: 1
        name: sender
        events: {Go: {}}
        states:
          a:
            initial: true
            entry: {send: News, to: {machine: receiver, instance: "'r'"}}
        transitions:
          go: {on: Go, from: a, by: clerk}
        """
    ).definition
    assert of(receiver(by="clerk"), sending) == [("message-refused", "news")]


def test_an_internal_event_that_asks_for_a_role_is_a_warning() -> None:
    assert of(receiver(by="clerk", event=Secret)) == [("nobody-may-send", "news")]
    assert of(receiver(by=("clerk", machine("a")), event=Secret)) == []
    assert of(receiver(event=Secret)) == []


@pytest.mark.parametrize(
    ("access", "found"),
    [
        (Access(), False),
        (Access(read=nobody), False),
        (Access(read=nobody, start=nobody, send=nobody), False),
        (Access(read=nobody, start="customer"), True),
        (Access(read=nobody, act="ops"), True),
        (Access(read="ops", start="customer"), False),
        (Access(start="customer"), False),
    ],
)
def test_instances_that_nobody_may_read_are_a_warning(access: Access, found: bool) -> None:
    class Shut(Machine[None], name="shut", version=1):
        here = State(initial=True)
        go = on(Go, here, by="clerk")

    Shut.definition.access = access
    assert of(Shut) == ([("nobody-may-read", "")] if found else [])
