"""The other workflows run on a real engine, or by hand, with what goes wrong."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from examples.workflows import cancellation, expense, polling, saga, subscription, webhook
from statehold import AMachine, days, hours, minutes, seconds
from statehold.effects import Hosts, Requests
from statehold.formats.mermaid import to_mermaid
from statehold.formats.native import read_native
from statehold.formats.notation import Offered
from statehold.stores import open_store
from statehold.testing import EngineKit, Harness, fail, hold, succeed

pytestmark = pytest.mark.anyio


class Outside:
    """Answers requests from a list of answers for each path, the last one for ever."""

    def __init__(self, **answers: list[tuple[int, str]]) -> None:
        self.answers = answers
        self.asked: list[tuple[str, str, Any]] = []
        self.client = httpx.AsyncClient(
            base_url="http://outside.test", transport=httpx.MockTransport(self._answer)
        )

    def _answer(self, request: httpx.Request) -> httpx.Response:
        body = json.loads(request.content) if request.content else None
        self.asked.append((request.method, request.url.path, body))
        left = self.answers.get(request.url.path.split("/")[1], [(200, "")])
        code, text = left.pop(0) if len(left) > 1 else left[0]
        return httpx.Response(code, text=text)


async def state_of(kit: EngineKit, machine: AMachine, id: str = "one") -> list[str]:
    return list((await kit.read(machine, id)).state)


# --- webhook ---


class Lines(httpx.AsyncByteStream):
    def __init__(self, lines: list[str]) -> None:
        self.lines = lines

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for line in self.lines:
            if line == "cut":
                raise httpx.ReadError("cut")
            yield line.encode() + b"\n"


def partner(*answers: list[str]) -> httpx.AsyncClient:
    left = list(answers)
    return httpx.AsyncClient(
        transport=httpx.MockTransport(lambda _: httpx.Response(200, stream=Lines(left.pop(0))))
    )


async def test_a_partner_who_is_cut_off_is_called_again_and_no_progress_counts_twice() -> None:
    client = partner(["10", "40", "cut"], ["10", "40", "100"])
    async with EngineKit(webhook.Webhook, resources=[client]) as kit:
        await kit.start(webhook.Webhook, "one", {"url": "http://partner.test/"})
        await kit.settle()
        half = await kit.read(webhook.Webhook, "one")
        assert (half.state, half.view.percent) == (["working"], 40)
        await kit.advance(seconds(5))
        over = await kit.read(webhook.Webhook, "one")
        assert (over.state, over.view.percent) == (["done"], 100)
        assert over.seq == 5  # the start, three events, the result


async def test_a_partner_who_sends_nonsense_fails_and_one_who_is_silent_is_noted() -> None:
    client = partner(["101"], ["101"], ["101"])
    async with EngineKit(webhook.Webhook, resources=[client]) as kit:
        await kit.start(webhook.Webhook, "one", {"url": "http://partner.test/"})
        await kit.advance(minutes(1))
        assert await state_of(kit, webhook.Webhook) == ["failed"]
    silent = Harness(webhook.Webhook, {"url": "http://partner.test/"})
    silent.fail(webhook.work, TimeoutError("no heartbeat for 30 s"))
    silent.assert_state(webhook.Webhook.stuck)


# --- polling ---


async def test_an_export_is_looked_at_each_minute_until_it_is_there() -> None:
    outside = Outside(exports=[(200, "j1"), (202, ""), (202, ""), (500, ""), (200, "/files/1")])
    async with EngineKit(polling.Polling, resources=[outside.client]) as kit:
        await kit.start(polling.Polling, "one", {"query": "all"})
        await kit.advance(minutes(5))
        reply = await kit.read(polling.Polling, "one")
        assert (reply.state, reply.output) == (["ready"], "/files/1")
        assert [path for _, path, _ in outside.asked[1:]] == ["/exports/j1"] * 4


@pytest.mark.parametrize(
    ("code", "least", "most", "end"), [(202, 60, 60, "late"), (500, 3, 3, "failed")]
)
async def test_one_that_never_comes_is_given_up_later_than_one_that_fails(
    code: int, least: int, most: int, end: str
) -> None:
    outside = Outside(exports=[(200, "j1"), (code, "")])
    async with EngineKit(polling.Polling, resources=[outside.client]) as kit:
        await kit.start(polling.Polling, "one", {"query": "all"})
        await kit.advance(hours(2))
        assert await state_of(kit, polling.Polling) == [end]
        assert least <= len(outside.asked) - 1 <= most


# --- saga ---

MONEY = {"source": "a", "target": "b", "cents": 500}


def bookings(outside: Outside) -> list[tuple[str, int]]:
    return [(body["to"], body["cents"]) for _, _, body in outside.asked]


async def test_money_arrives_although_the_bank_is_busy() -> None:
    outside = Outside(bookings=[(200, "w"), (429, ""), (200, "d")])
    async with EngineKit(saga.Saga, resources=[outside.client]) as kit:
        await kit.start(saga.Saga, "one", MONEY)
        await kit.advance(minutes(1))
        reply = await kit.read(saga.Saga, "one")
        assert (reply.state, reply.view.receipt) == (["moved"], "d")
        assert bookings(outside) == [("a", -500), ("b", 500), ("b", 500)]


async def test_money_that_is_refused_goes_back_however_long_that_takes() -> None:
    outside = Outside(bookings=[(200, "w"), (402, ""), *[(402, "")] * 50, (200, "r")])
    async with EngineKit(saga.Saga, resources=[outside.client]) as kit:
        await kit.start(saga.Saga, "one", MONEY)
        await kit.advance(days(3))
        assert await state_of(kit, saga.Saga) == ["given_back"]
        booked = bookings(outside)
        assert booked[:3] == [("a", -500), ("b", 500), ("a", 500)]
        assert len(booked) == 2 + 51


async def test_a_transfer_that_is_refused_at_once_moves_nothing() -> None:
    outside = Outside(bookings=[(402, "")])
    async with EngineKit(saga.Saga, resources=[outside.client]) as kit:
        await kit.start(saga.Saga, "one", MONEY)
        await kit.settle()
        assert await state_of(kit, saga.Saga) == ["refused"]
        assert bookings(outside) == [("a", -500)]


def test_money_that_is_on_its_way_is_neither_lost_nor_paid_twice_by_a_cancellation() -> None:
    one = Harness(saga.Saga, MONEY)
    late = one.fork().succeed(saga.withdraw, "w").cancel("the customer asked")
    late.succeed(saga.deposit, "d").assert_state(saga.Saga.moved)
    one.cancel("the customer asked").succeed(saga.withdraw, "w")
    one.assert_running(saga.refund)
    one.succeed(saga.refund, "r").assert_state(saga.Saga.given_back)
    assert (one.data.credited, one.data.receipt) == ("a", "r")


# --- subscription ---


async def test_a_charge_that_was_moved_is_made_on_the_new_day_and_confirmed_by_it() -> None:
    outside = Outside(charges=[(200, "c1")])
    async with EngineKit(subscription.Subscription, resources=[outside.client]) as kit:
        first = kit.now + days(3)
        await kit.start(subscription.Subscription, "one", {"next_charge": first.isoformat()})
        moved = subscription.Moved(to=first + days(7))
        await kit.send(subscription.Subscription, "one", moved)
        await kit.advance(days(5))
        assert [path for _, path, _ in outside.asked] == ["/mails"]
        assert outside.asked[0][2]["text"] == f"You pay on {moved.to:%d %B}."
        await kit.advance(days(6))
        reply = await kit.read(subscription.Subscription, "one")
        assert (reply.state, reply.view.receipt) == (["active"], "c1")
        assert reply.view.next_charge == first + days(37)


async def test_a_mail_that_fails_is_sent_again_with_the_same_day_after_another_move(
    tmp_path: Path,
) -> None:
    outside = Outside(mails=[(500, ""), (200, "")])
    more: dict[str, Any] = {"resources": [outside.client]}
    store: Any = open_store(f"sqlite:///{tmp_path}/plans.db")
    machine = subscription.Subscription
    async with EngineKit(machine, store=store, **more) as kit:
        first = kit.now + days(3)
        await kit.start(machine, "one", {"next_charge": first.isoformat()})
        await kit.send(machine, "one", subscription.Moved(to=first + days(1)))
        await kit.settle()
        await kit.send(machine, "one", subscription.Moved(to=first + days(2)))
        await kit.settle()
    async with EngineKit(machine, store=store, clock=kit.clock, **more) as kit:
        await kit.advance(minutes(1))
        texts = [body["text"] for _, _, body in outside.asked]
        assert texts == [f"You pay on {first + days(more):%d %B}." for more in (1, 2, 1)]


def test_a_day_that_is_past_is_refused_and_a_declined_card_ends_it_after_two_weeks() -> None:
    plan = Harness(subscription.Subscription, {"next_charge": "2026-01-03T12:00:00Z"})
    plan.refuses(subscription.Moved(to=plan.now))
    plan.advance(days(2)).fail(subscription.charge, "declined")
    plan.fork().advance(days(14)).assert_state(subscription.Subscription.ended)
    plan.send(subscription.CardChanged())
    plan.succeed(subscription.charge, "c")
    plan.assert_state(subscription.Subscription.active)


# --- an expense ---


@pytest.mark.parametrize(
    ("cents", "asked"), [(4_999, []), (5_000, ["manager"]), (100_001, ["manager", "director"])]
)
def test_an_expense_is_looked_at_by_as_many_as_its_amount_asks_for(
    cents: int, asked: list[str]
) -> None:
    one = Harness(expense.ExpenseFlow, {"what": "a desk", "cents": cents})
    for role in asked:
        assert one.owners == [role]
        one.refuses(expense.Approved(), roles="accounting")
        one.send(expense.Approved(), roles=role)
    one.succeed(expense.pay, "p-1")
    one.assert_state(expense.ExpenseFlow.paid)
    assert one.data.receipt == "p-1"


def test_an_expense_may_be_rejected_by_the_director_and_says_why() -> None:
    one = Harness(expense.ExpenseFlow, {"what": "a boat", "cents": 200_000})
    one.send(expense.Approved(), roles="manager")
    one.send(expense.Rejected(why="no sea here"), roles="director")
    one.assert_state(expense.ExpenseFlow.rejected)
    assert one.data.why == "no sea here"


async def test_a_manager_is_reminded_and_a_payment_that_fails_is_made_by_hand() -> None:
    outside = Outside(payments=[(500, "")])
    async with EngineKit(expense.ExpenseFlow, resources=[outside.client]) as kit:
        await kit.start(expense.ExpenseFlow, "one", {"what": "a desk", "cents": 9_000})
        await kit.advance(days(5))
        assert [path for _, path, _ in outside.asked] == ["/mails"] * 2
        await kit.send(expense.ExpenseFlow, "one", expense.Approved())
        await kit.advance(hours(1))
        assert await state_of(kit, expense.ExpenseFlow) == ["by_hand"]
        await kit.send(expense.ExpenseFlow, "one", expense.PaidByHand(receipt="cash"))
        assert (await kit.read(expense.ExpenseFlow, "one")).view.receipt == "cash"


# --- cancellation ---


def kit_of_suites(outside: Outside, **fakes: Any) -> EngineKit:
    return EngineKit(
        cancellation.SuiteFlow, cancellation.HostFlow, fakes=fakes, resources=[outside.client]
    )


def given_back(outside: Outside) -> int:
    return sum(
        1 for method, path, _ in outside.asked if (method, path[:7]) == ("DELETE", "/rents/")
    )


@pytest.mark.parametrize(("code", "end"), [(200, "green"), (500, "red")])
async def test_a_host_is_given_back_when_tests_pass_and_when_they_do_not(
    code: int, end: str
) -> None:
    outside = Outside(runs=[(code, "")])
    async with kit_of_suites(outside) as kit:
        await kit.start(cancellation.SuiteFlow, "one", {})
        await kit.advance(minutes(50))
        assert await state_of(kit, cancellation.SuiteFlow) == [end]
        assert given_back(outside) == 1


async def test_a_suite_that_takes_too_long_or_is_cancelled_has_its_host_given_back() -> None:
    for cancelled in (False, True):
        outside = Outside(rents=[(200, "10.0.0.1"), (503, ""), (200, "")])
        async with kit_of_suites(outside, run=hold()) as kit:
            await kit.start(cancellation.SuiteFlow, "one", {})
            await kit.settle()
            if cancelled:
                await kit.engine.cancel(cancellation.SuiteFlow, "one")
            await kit.advance(hours(2))
            reply = await kit.read(cancellation.SuiteFlow, "one")
            assert reply.status == ("cancelled" if cancelled else "done")
            assert ("DELETE", "/locks/main", None) in outside.asked
            assert given_back(outside) == 2  # the first attempt met a server that was away


def test_a_host_that_is_being_given_back_is_so_although_it_is_cancelled() -> None:
    host = Harness(cancellation.HostFlow)
    host.succeed(cancellation.rent, "10.0.0.1").fail(cancellation.run, "red").cancel("enough")
    host.assert_running(cancellation.give_back)
    host.succeed(cancellation.give_back).assert_state(cancellation.HostFlow.failed)


# --- the document ---

HERE = Path(__file__).parent
OFFERED = Offered(http=Requests(Hosts(["http://127.0.0.1:8902"])))
BOOKING = read_native((HERE / "booking.yaml").read_bytes(), OFFERED).definition
TRIP = {"flight": "Oslo", "hotel": "Plaza", "cents": 90_000}
FLIGHT, HOTEL = "reserving.flight.fly", "reserving.hotel.sleep"


def test_the_document_is_drawn_with_its_labels() -> None:
    drawn = to_mermaid(BOOKING.chart)
    assert drawn.count("Nothing is free") == 2
    assert "The bank is slow" in drawn


async def test_a_trip_is_paid_by_a_slow_bank_with_the_retries_of_another_use() -> None:
    fakes = {
        FLIGHT: succeed("f-1"),
        HOTEL: succeed("h-1"),
        "charge": fail("402"),
        "charge_later": succeed("r-1"),
    }
    async with EngineKit(BOOKING, fakes=fakes) as kit:
        await kit.start(BOOKING, "one", TRIP)
        await kit.advance(hours(2))
        reply = await kit.read(BOOKING, "one")
        assert (reply.state, reply.output) == (["booked"], "r-1")
        assert reply.view["flight"] == {"what": "Oslo", "number": "f-1"}


def test_a_trip_without_a_hotel_gives_its_flight_back_after_a_day() -> None:
    one = Harness(BOOKING, TRIP)
    one.succeed(FLIGHT, "f-1").fail(HOTEL, "full")
    assert one.owners == ["hotels"]
    one.advance(days(1)).assert_running("give_back")
    assert one.data["changed"].startswith("2026-01-02T12:00:00")
    one.succeed("give_back").assert_state("undone")


@pytest.mark.parametrize("event", ["Withdrawn", "Declined", None])
def test_a_trip_is_undone_by_either_event_and_by_its_cancellation(event: str | None) -> None:
    one = Harness(BOOKING, TRIP)
    if event is None:
        one.cancel("the customer called")
    else:
        one.send({"type": event})
    one.succeed("give_back").assert_done()
    one.assert_state("undone")
