"""One caller has its share and no more, and gives all of it back."""

from __future__ import annotations

import anyio
import pytest

from statehold.errors import Overloaded, TooManyRequests
from statehold.records import Caller
from statehold.server import Bounds
from statehold.server.shares import Share, Shares, network_of, who_is


def test_one_caller_has_its_share_and_others_theirs() -> None:
    share = Share("streams", total=4, each=2)
    share.take("a")
    share.take("a")
    with pytest.raises(TooManyRequests, match="2 streams of one caller"):
        share.take("a")
    share.take("b", 2)
    with pytest.raises(Overloaded, match="4 streams are at work, the limit is 4"):
        share.take("c")
    share.give("a")
    share.take("c")


def test_what_was_refused_takes_nothing_and_no_name_is_kept() -> None:
    share = Share("streams", total=2, each=1)
    for who in "abcdefgh":
        with pytest.raises(TooManyRequests):
            share.take(who, 2)
    assert (share.used, share._of) == (0, {})
    share.take("a")
    share.give("a")
    assert (share.used, share._of) == (0, {})


def test_a_request_gives_back_all_that_it_took() -> None:
    shares = Shares(Bounds(requests=4, events=40, bodies_bytes=4000))
    hold = shares.begin(Caller("ada", proved=True))
    hold.take_body(100)
    hold.take_body(0, values=9)
    hold.take_events(10)
    with pytest.raises(TooManyRequests):
        hold.take_body(1)
    with pytest.raises(TooManyRequests):
        hold.take_events(1)
    with pytest.raises(TooManyRequests):
        shares.begin(Caller("ada", proved=True))
    shares.begin(Caller("eve", proved=True)).end()
    hold.end()
    assert [s.used for s in (shares.requests, shares.bodies, shares.events)] == [0, 0, 0]


@pytest.mark.parametrize(
    ("caller", "who"),
    [
        (Caller("ada", proved=True, address="10.0.0.1"), "name ada"),
        (Caller("ada", address="10.0.0.1"), "10.0.0.1"),
        (Caller("", proved=True, address="10.0.0.1"), "10.0.0.1"),
        (Caller(), ""),
    ],
)
def test_a_caller_is_a_proved_name_or_an_address(caller: Caller, who: str) -> None:
    assert who_is(caller) == who


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("", ""),
        ("127.0.0.1", "127.0.0.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("::ffff:10.0.0.1", "10.0.0.1"),
        ("a:b", "a:b"),
    ],
)
def test_an_network_of_ipv6_stands_for_its_network(host: str, address: str) -> None:
    assert network_of(host) == address


@pytest.mark.parametrize("share", [0, -1, 1.1])
def test_a_share_that_is_none_is_refused(share: float) -> None:
    with pytest.raises(ValueError, match="caller_share is"):
        Bounds(caller_share=share)


@pytest.mark.anyio
async def test_all_callers_together_have_so_many_reads_at_work() -> None:
    shares = Shares(Bounds(reads=2, caller_share=1))
    begun, go_on = anyio.Event(), anyio.Event()
    at_work: list[str] = []

    async def read(who: str) -> None:
        async with shares.reading(who):
            at_work.append(who)
            if len(at_work) == 2:
                begun.set()
            await go_on.wait()

    with anyio.fail_after(10):
        async with anyio.create_task_group() as tasks:
            for who in ("ann", "bob", "carl"):
                tasks.start_soon(read, who)
            await begun.wait()
            await anyio.wait_all_tasks_blocked()
            assert at_work == ["ann", "bob"]
            go_on.set()
    assert at_work == ["ann", "bob", "carl"]
