"""The queue of requests: what a batch takes, what waits for its end, what comes first after it."""

from __future__ import annotations

import asyncio
import random
from typing import Any

import pytest

from statehold.engine.background.capacity import Capacity
from statehold.engine.clock import ManualClock
from statehold.engine.commit.queue import WORTH_HALVING, RequestQueue
from statehold.engine.limits import Limits
from statehold.engine.machines.compatibility import UpgradePlans
from statehold.engine.requests.context import EngineContext, Identity
from statehold.engine.requests.request import Request
from statehold.errors import Overloaded, Stopping, StoreUnavailable
from statehold.instance.draft import Draft
from statehold.records import Ref
from tests.unit.engine.sample_machines import Counter
from tests.unit.engine.world import quiet

pytestmark = pytest.mark.anyio


class Asked(Request):
    label = "asked"

    def apply(self, draft: Draft, context: EngineContext) -> None: ...


def asked(id: str) -> Asked:
    return Asked(Ref("counter", id))


def a_queue(*, overlapping: bool = False, **limits: Any) -> RequestQueue:
    bounds, definitions = Limits(**limits), {"counter": Counter.definition}
    worker, chance = Identity("w", "w"), random.Random(1)
    context = EngineContext(
        definitions, ManualClock(), bounds, worker, chance, UpgradePlans(), Capacity(bounds)
    )
    return RequestQueue(context, overlapping=overlapping)


def filled(queue: RequestQueue, *ids: str) -> list[Asked]:
    requests = [asked(id) for id in ids]
    for request in requests:
        queue.submit(request)
    return requests


async def test_a_batch_is_all_that_waits_up_to_the_limit() -> None:
    queue = a_queue(batch=3)
    a, b, c, d = filled(queue, *"abcd")
    assert await queue.take() == [a, b, c]
    assert await queue.take() == [d]
    assert queue.waiting == 0


async def test_a_batch_may_have_several_requests_for_one_instance_in_their_order() -> None:
    queue = a_queue()
    requests = filled(queue, "a", "b", "a")
    assert await queue.take() == requests


async def test_requests_for_an_instance_in_a_batch_wait_for_its_end_and_come_first_then() -> None:
    queue = a_queue()
    filled(queue, "a")
    batch = await queue.take()
    again, other, third = filled(queue, "a", "b", "a")
    assert await queue.take() == [other]
    assert queue.waiting == 2
    (late,) = filled(queue, "c")
    queue.end(batch, back=())
    assert await queue.take() == [again, third, late]


async def test_what_a_batch_puts_back_comes_before_what_waited_for_its_end() -> None:
    queue = a_queue()
    first, second = filled(queue, "a", "a")
    batch = await queue.take()
    (blocked,) = filled(queue, "a")
    assert await asyncio.wait_for(_none_yet(queue), 1)
    queue.end(batch, back={first, second})
    assert await queue.take() == [first, second, blocked]


async def _none_yet(queue: RequestQueue) -> bool:
    taking = asyncio.ensure_future(queue.take())
    await quiet()
    is_waiting = not taking.done()
    taking.cancel()
    return is_waiting


async def test_a_request_whose_caller_has_gone_is_in_no_batch() -> None:
    queue = a_queue()
    gone, stays = filled(queue, "a", "b")
    gone.future.cancel()
    assert await queue.take() == [stays]


async def test_where_batches_overlap_the_first_takes_half_and_the_second_the_rest() -> None:
    queue = a_queue(overlapping=True)
    requests = filled(queue, *(str(n) for n in range(WORTH_HALVING)))
    half = WORTH_HALVING // 2
    assert await queue.take() == requests[:half]
    assert await queue.take() == requests[half:]


async def test_few_requests_are_not_halved() -> None:
    queue = a_queue(overlapping=True)
    requests = filled(queue, *(str(n) for n in range(WORTH_HALVING - 1)))
    assert await queue.take() == requests


async def test_one_request_too_many_is_overloaded_and_those_of_a_batch_do_not_count() -> None:
    queue = a_queue(waiting=2)
    filled(queue, "a", "b")
    with pytest.raises(Overloaded):
        queue.submit(asked("c"))
    await queue.take()
    # they wait for the end of the batch, and count
    filled(queue, "a", "b")
    with pytest.raises(Overloaded):
        queue.submit(asked("c"))


async def test_of_many_requests_those_that_fit_are_answered_and_the_others_overloaded() -> None:
    queue = a_queue(waiting=1)
    first, second = asked("a"), asked("b")
    asking = asyncio.ensure_future(queue.ask_all([first, second]))
    (taken,) = await queue.take()
    taken.reply("done")
    answer, error = await asking
    assert answer == "done"
    assert isinstance(error, Overloaded)


async def test_asking_raises_what_refused_the_request() -> None:
    queue = a_queue()
    asking = asyncio.ensure_future(queue.ask(asked("a")))
    (taken,) = await queue.take()
    taken.reject(StoreUnavailable("no route"))
    with pytest.raises(StoreUnavailable):
        await asking


async def test_a_closed_queue_refuses_requests_and_gives_out_what_waits() -> None:
    queue = a_queue()
    waiting = filled(queue, "a")
    queue.close()
    with pytest.raises(Stopping):
        queue.submit(asked("b"))
    assert await queue.take() == waiting
    # an empty batch, to each task that asks
    assert await queue.take() == []
    assert await queue.take() == []


async def test_a_task_that_waits_for_a_batch_is_woken_by_a_request_or_the_close() -> None:
    queue = a_queue()
    taking = asyncio.ensure_future(queue.take())
    await quiet()
    assert not taking.done()
    requests = filled(queue, "a")
    assert await taking == requests
    last = asyncio.ensure_future(queue.take())
    await quiet()
    queue.close()
    assert await last == []
