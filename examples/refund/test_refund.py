"""Refunds played against a payment service on this machine, and carried over to version 2."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from statehold import Permanent, days
from statehold.effects import Hosts, Requests
from statehold.formats.native import read_native
from statehold.formats.notation import Offered
from statehold.stores import open_store
from statehold.testing import EngineKit, Harness, fail, succeed

HERE = Path(__file__).parent
OFFERED = Offered(http=Requests(Hosts(["http://127.0.0.1:8901"])))
V1 = read_native((HERE / "refund.yaml").read_bytes(), OFFERED).definition
V2 = read_native((HERE / "refund_v2.yaml").read_bytes(), OFFERED).definition

SMALL = {"charge": "c-1", "cents": 1500}
LARGE = {"charge": "c-2", "cents": 90_000}


def test_a_small_refund_is_paid_without_being_looked_at() -> None:
    refund = Harness(V1, SMALL)
    refund.assert_state("paying")
    refund.succeed("pay_back", "r-1")
    refund.assert_done()
    assert refund.output == "r-1"


def test_a_large_one_waits_for_support() -> None:
    refund = Harness(V1, LARGE)
    refund.assert_state("asked")
    refund.send({"type": "Approve"}, roles=["support"])
    refund.assert_state("paying")


def test_nobody_looks_at_it_for_a_week() -> None:
    refund = Harness(V1, LARGE)
    refund.advance(days(7))
    refund.assert_state("refused")
    assert refund.data["reason"] == "nobody looked at it"


@pytest.mark.anyio
async def test_a_payment_that_fails_for_good_is_tried_again_by_accounting() -> None:
    async with EngineKit(V1, fakes={"pay_back": fail(Permanent("account closed"))}) as kit:
        await kit.start(V1, "r-1", SMALL)
        await kit.settle()
        stuck = await kit.read(V1, "r-1")
        assert list(stuck.state) == ["stuck"]
        assert stuck.view["reason"] == "account closed"


@pytest.mark.anyio
async def test_refunds_under_way_come_over_to_version_2(tmp_path: Path) -> None:
    store: Any = open_store(f"sqlite:///{tmp_path}/refunds.db")
    async with EngineKit(V1, store=store) as kit:
        await kit.start(V1, "r-2", LARGE)
        clock = kit.clock
    async with EngineKit(V2, store=store, clock=clock, fakes={"pay_back": succeed("r")}) as kit:
        await kit.advance(timedelta(minutes=1))
        await kit.send(V2, "r-2", {"type": "Approve"})
        await kit.settle()
        done = await kit.read(V2, "r-2")
        assert (done.version, list(done.state), done.output) == (2, ["paid"], "r")
        assert done.view["amount"] == {"cents": 90_000, "currency": "EUR"}
