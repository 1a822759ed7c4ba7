"""The first eight workflows run on a real engine, with what goes wrong."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from examples.workflows import (
    checkout,
    first_answers,
    order_lines,
    query,
    review,
    small_map,
    transcoding,
    trip,
)
from statehold import days, hours, minutes, seconds
from statehold.testing import EngineKit, Harness, fail, hold

pytestmark = pytest.mark.anyio

# --- a trip ---


@dataclass
class FakeAgency(trip.Agency):
    sold_out: str = ""
    broken: list[str] = field(default_factory=list)  # what fails, each once
    calls: list[str] = field(default_factory=list)

    def _call(self, what: str) -> None:
        self.calls.append(what)
        if what in self.broken:
            self.broken.remove(what)
            raise ConnectionError(what)

    async def book(self, thing: str, trip_id: str) -> str:
        self._call(thing)
        if thing == self.sold_out:
            raise trip.SoldOut(thing)
        return f"{thing}-{trip_id}"

    async def undo(self, thing: str, trip_id: str) -> None:
        self._call(f"undo {thing}")


async def test_a_trip_is_booked_although_the_hotel_answers_at_the_second_attempt() -> None:
    agency = FakeAgency(broken=["hotel"])
    async with EngineKit(trip.TripFlow, resources=[agency]) as kit:
        await kit.start(trip.TripFlow, "t", {})
        await kit.advance(minutes(1))
        there = await kit.read(trip.TripFlow, "t")
        assert there.state == ["booked"]
        assert (there.view.flights, there.view.hotel, there.view.car) == (
            "flights-t",
            "hotel-t",
            "car-t",
        )
        assert agency.calls == ["flights", "hotel", "hotel", "car"]


async def test_a_fake_that_fails_at_first_gives_a_result_that_the_trip_takes() -> None:
    fakes = {trip.book: fail(ConnectionError("away"), times=2, result=lambda data: data.begun[-1])}
    async with EngineKit(trip.TripFlow, fakes=fakes, resources=[FakeAgency()]) as kit:
        await kit.start(trip.TripFlow, "t", {})
        await kit.advance(minutes(1))
        there = await kit.read(trip.TripFlow, "t")
        assert (there.state, there.view.car) == (["booked"], "car")
        assert len(fakes[trip.book].calls) == 9


async def test_a_car_that_is_sold_out_undoes_the_trip_the_last_first() -> None:
    agency = FakeAgency(sold_out="car", broken=["undo hotel"])
    async with EngineKit(trip.TripFlow, resources=[agency]) as kit:
        await kit.start(trip.TripFlow, "t", {})
        await kit.advance(minutes(1))
        assert (await kit.read(trip.TripFlow, "t")).state == ["undone"]
        undone = ["undo car", "undo hotel", "undo hotel", "undo flights"]
        assert agency.calls == ["flights", "hotel", "car", *undone]


async def test_a_trip_that_is_cancelled_undoes_what_may_have_been_booked() -> None:
    agency = FakeAgency()
    one = Harness(trip.TripFlow, {}, resources=[agency])
    one.run(trip.book)
    one.assert_state(trip.TripFlow.hotel)
    one.cancel("no holiday")
    one.run(trip.undo)
    one.run(trip.undo)
    one.assert_state(trip.TripFlow.undone)
    assert agency.calls == ["flights", "undo hotel", "undo flights"]


# --- first answers ---


@dataclass
class FakeSource(first_answers.Source):
    stopped: asyncio.Event = field(default_factory=asyncio.Event)

    async def ask(self, name: str, text: str) -> str:
        if name == "archive":
            return "1848"
        try:
            await asyncio.Event().wait()
            return "never"
        finally:
            if name == "library":
                self.stopped.set()


async def test_the_first_answer_is_enough_and_the_others_are_stopped() -> None:
    source = FakeSource()
    async with EngineKit(first_answers.FirstAnswers, resources=[source]) as kit:
        await kit.start(first_answers.FirstAnswers, "q", {"text": "when?"})
        async with asyncio.timeout(10):
            await source.stopped.wait()
        await kit.settle()
        there = await kit.read(first_answers.FirstAnswers, "q")
        assert (there.state, there.view.answers) == (["answered"], ["1848"])


def test_two_answers_of_three_may_be_wanted_and_two_who_are_silent_are_too_many() -> None:
    flow = first_answers.FirstAnswers
    one = Harness(flow, {"text": "when?", "wanted": 2})
    one.succeed(first_answers.expert, "1849").fail(first_answers.archive)
    one.assert_state(flow.asking)
    other = one.fork()
    one.succeed(first_answers.library, "1848").assert_state(flow.answered)
    assert one.data.answers == ["1849", "1848"]
    other.fail(first_answers.library).assert_state(flow.unanswered)


# --- a checkout ---


@dataclass
class FakeProvider(checkout.Provider):
    away: bool = False
    voided: list[str] = field(default_factory=list)

    async def begin(self, cents: int, call_back: str, key: str) -> str:
        if self.away:
            raise ConnectionError("away")
        return f"payment-{call_back}"

    async def void(self, call_back: str, key: str) -> None:
        self.voided.append(call_back)


async def test_signs_of_life_keep_a_checkout_waiting_until_it_is_paid() -> None:
    async with EngineKit(checkout.Checkout, resources=[FakeProvider()]) as kit:
        await kit.start(checkout.Checkout, "c", {"cents": 500})
        for _ in range(5):
            await kit.advance(seconds(100))
            await kit.send(checkout.Checkout, "c", checkout.Working(), roles="provider")
        paid = checkout.Paid(receipt="r-1")
        reply = await kit.send(checkout.Checkout, "c", paid, roles="provider")
        assert (reply.state, reply.view.payment, reply.view.receipt) == (
            ["paid"],
            "payment-c",
            "r-1",
        )


@pytest.mark.parametrize("what", ["silent", "endless", "cancelled", "away"])
async def test_a_payment_that_does_not_come_is_voided(what: str) -> None:
    provider = FakeProvider(away=what == "away")
    async with EngineKit(checkout.Checkout, resources=[provider]) as kit:
        await kit.start(checkout.Checkout, "c", {"cents": 500})
        await kit.settle()
        for _ in range(59 if what == "endless" else 0):
            await kit.advance(minutes(1))
            await kit.send(checkout.Checkout, "c", checkout.Working())
        if what == "cancelled":
            await kit.engine.cancel(checkout.Checkout, "c")
        await kit.advance(minutes(2))
        there = await kit.read(checkout.Checkout, "c")
        assert (there.state, provider.voided) == (["unpaid"], ["c"])
        assert there.status == ("cancelled" if what == "cancelled" else "done")


# --- a query ---


@dataclass
class FakeWarehouse(query.Warehouse):
    answers: list[Any]
    sql: list[str] = field(default_factory=list)
    stopped: list[str] = field(default_factory=list)

    async def start(self, sql: str, key: str) -> str:
        self.sql.append(sql)
        if sql == "?":
            raise query.Malformed(sql)
        return f"q{len(self.sql)}"

    async def rows(self, id: str) -> int | None:
        answer = self.answers.pop(0) if self.answers else None
        if isinstance(answer, Exception):
            raise answer
        assert answer is None or isinstance(answer, int)
        return answer

    async def stop(self, id: str) -> None:
        self.stopped.append(id)


async def test_a_query_is_polled_through_throttling_and_begun_again_where_it_was_lost() -> None:
    throttled = [query.Throttled("slow down") for _ in range(5)]
    warehouse = FakeWarehouse([None, *throttled, query.Lost("q1"), None, 42])
    async with EngineKit(query.QueryFlow, resources=[warehouse]) as kit:
        await kit.start(query.QueryFlow, "x", {"sql": "select 1"})
        await kit.advance(minutes(50))
        there = await kit.read(query.QueryFlow, "x")
        assert (there.state, there.view.rows, there.view.id) == (["done"], 42, "q2")


@pytest.mark.parametrize("answers", [[], [ConnectionError("no")] * 3], ids=["endless", "away"])
async def test_a_query_that_does_not_end_or_can_not_be_asked_for_is_stopped(
    answers: list[Any],
) -> None:
    warehouse = FakeWarehouse(answers)
    async with EngineKit(query.QueryFlow, resources=[warehouse]) as kit:
        await kit.start(query.QueryFlow, "x", {"sql": "select 1"})
        await kit.advance(hours(1))
        assert (await kit.read(query.QueryFlow, "x")).state == ["failed"]
        assert warehouse.stopped == ["q1"]


async def test_a_malformed_query_is_sent_once_and_a_cancelled_one_is_stopped() -> None:
    warehouse = FakeWarehouse([])
    async with EngineKit(query.QueryFlow, resources=[warehouse]) as kit:
        await kit.start(query.QueryFlow, "bad", {"sql": "?"})
        await kit.advance(minutes(5))
        assert (await kit.read(query.QueryFlow, "bad")).state == ["malformed"]
        assert warehouse.sql == ["?"]
        await kit.start(query.QueryFlow, "x", {"sql": "select 1"})
        await kit.settle()
        await kit.engine.cancel(query.QueryFlow, "x")
        await kit.settle()
        assert (await kit.read(query.QueryFlow, "x")).status == "cancelled"
        assert warehouse.stopped == ["q2"]


# --- transcoding ---


@dataclass
class FakeEncoder(transcoding.Encoder):
    broken: int = 0
    discarded: list[int] = field(default_factory=list)

    async def run(self, file: str, height: int, key: str) -> AsyncIterator[int | str]:
        yield 50
        if self.broken:
            self.broken -= 1
            raise ConnectionError("the encoder is away")
        yield 100
        yield f"{file}.{height}"

    async def discard(self, file: str, height: int) -> None:
        self.discarded.append(height)


async def test_a_film_is_published_when_both_sizes_are_made_whatever_had_to_be_repeated() -> None:
    async with EngineKit(transcoding.Transcoding, resources=[FakeEncoder(broken=2)]) as kit:
        await kit.start(transcoding.Transcoding, "f", {"file": "film"})
        await kit.advance(minutes(1))
        there = await kit.read(transcoding.Transcoding, "f")
        assert there.state == ["published"]
        assert (there.view.small, there.view.large) == ("film.480", "film.1080")


async def test_a_film_that_is_cancelled_cleans_up_after_both_of_its_children() -> None:
    encoder = FakeEncoder()
    fakes = {transcoding.encode: hold("never")}
    async with EngineKit(transcoding.Transcoding, fakes=fakes, resources=[encoder]) as kit:
        await kit.start(transcoding.Transcoding, "f", {"file": "film"})
        await kit.settle()
        await kit.engine.cancel(transcoding.Transcoding, "f")
        await kit.settle()
        assert sorted(encoder.discarded) == [480, 1080]
        assert (await kit.read(transcoding.Transcoding, "f")).status == "cancelled"


def test_one_size_that_fails_is_the_end_of_the_film() -> None:
    film = Harness(transcoding.Transcoding, {"file": "film"})
    film.succeed_child(transcoding.Transcoding.small, "film.480")
    film.fail_child(transcoding.Transcoding.large)
    film.assert_state(transcoding.Transcoding.failed)


# --- a review ---


@dataclass
class FakePost(review.Post):
    letters: list[str] = field(default_factory=list)

    async def write(self, to: str, about: str, key: str) -> None:
        self.letters.append(f"{to}: {about}")


async def test_a_text_is_improved_and_approved_by_its_editor_after_a_reminder() -> None:
    post = FakePost()
    async with EngineKit(review.Review, resources=[post]) as kit:
        await kit.start(review.Review, "t", {"title": "a"})
        improve = review.Improve(remark="longer")
        await kit.send(review.Review, "t", improve, roles="editor")
        await kit.advance(days(30))
        await kit.send(review.Review, "t", review.Submit(title="b"), roles="author")
        await kit.advance(days(1))
        assert post.letters == ["editor: b"]
        reply = await kit.send(review.Review, "t", review.Approve(), roles="editor")
        assert (reply.state, reply.view.remarks) == (["approved"], ["longer"])


async def test_a_text_that_nobody_looks_at_goes_to_the_chief_and_expires() -> None:
    post = FakePost()
    async with EngineKit(review.Review, resources=[post]) as kit:
        await kit.start(review.Review, "t", {"title": "a"})
        await kit.advance(days(2))
        there = await kit.read(review.Review, "t")
        assert (there.owners, post.letters) == (["chief"], ["editor: a", "chief: a"])
        await kit.advance(days(5))
        assert (await kit.read(review.Review, "t")).state == ["expired"]


def test_the_editor_does_not_approve_what_is_before_the_chief_and_authors_may_withdraw() -> None:
    text = Harness(review.Review, {"title": "a"})
    text.advance(days(2))
    text.refuses(review.Approve(), roles="editor")
    text.fork().send(review.Withdraw(), roles="author").assert_state(review.Review.withdrawn)
    text.send(review.Approve(), roles="chief").assert_state(review.Review.approved)


# --- an order's lines ---


@dataclass
class FakeDepot(order_lines.Depot):
    missing: str = ""
    away: int = 0
    keys: list[str] = field(default_factory=list)

    async def ship(self, item: str, count: int, key: str) -> str:
        self.keys.append(key)
        if self.away:
            self.away -= 1
            raise ConnectionError("away")
        if item == self.missing:
            raise order_lines.OutOfStock(item)
        return f"{count} {item}"


LINES = [{"item": "tea", "count": 2}, {"item": "jam"}, {"item": "milk"}]


async def test_lines_are_shipped_one_after_the_other_and_what_is_missing_is_left_out() -> None:
    depot = FakeDepot(missing="jam", away=2)
    async with EngineKit(order_lines.OrderLines, resources=[depot]) as kit:
        await kit.start(order_lines.OrderLines, "o", {"lines": LINES})
        await kit.advance(minutes(1))
        there = await kit.read(order_lines.OrderLines, "o")
        assert (there.state, there.output) == (["over"], ["jam"])
        assert [line.parcel for line in there.view.lines] == ["2 tea", None, "1 milk"]
        assert len(depot.keys) == 5
        assert len(set(depot.keys)) == 3


async def test_a_depot_that_stays_away_is_an_incident_and_the_order_goes_on_after_it() -> None:
    depot = FakeDepot(away=5)
    async with EngineKit(order_lines.OrderLines, resources=[depot]) as kit:
        await kit.start(order_lines.OrderLines, "o", {"lines": LINES})
        await kit.advance(minutes(10))
        there = await kit.read(order_lines.OrderLines, "o")
        assert (there.state, len(depot.keys)) == (["shipping"], 5)
        await kit.engine.retry(depot.keys[0])
        await kit.advance(minutes(1))
        assert (await kit.read(order_lines.OrderLines, "o")).output == []


# --- a map ---


@dataclass
class FakeWeb(small_map.Web):
    away: str = ""

    async def size(self, address: str) -> int:
        if address == self.away:
            raise ConnectionError(address)
        return len(address)


async def test_each_item_is_measured_under_its_own_key_and_one_that_fails_is_counted() -> None:
    async with EngineKit(small_map.SmallMap, resources=[FakeWeb(away="bb")]) as kit:
        await kit.start(small_map.SmallMap, "m", {"addresses": ["a", "bb", "ccc", "a"]})
        await kit.advance(minutes(1))
        there = await kit.read(small_map.SmallMap, "m")
        assert (there.state, there.view.failed) == (["over"], 1)
        found = sorted((one.address, one.size) for one in there.view.sizes)
        assert found == [("a", 1), ("a", 1), ("ccc", 3)]


def test_the_items_of_a_map_are_in_flight_side_by_side_and_none_is_the_end_at_once() -> None:
    Harness(small_map.SmallMap, {"addresses": []}).assert_state(small_map.SmallMap.over)
    one = Harness(small_map.SmallMap, {"addresses": ["a", "b", "c"]})
    one.assert_asked(small_map.measure, times=3)
