"""Both versions, and newcomers who were on their way when the second came."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from examples.onboarding import v1, v2
from examples.outside import resources
from statehold import Permanent, days
from statehold.testing import EngineKit, Harness, hold, succeed

ANN = {"email": "ann@example.org"}

# --- version 1 -------------------------------------------------------------------------------


def test_version_1_welcomes_then_waits_a_day_then_writes_again() -> None:
    newcomer = Harness(v1.Onboarding, ANN, resources=resources)
    newcomer.run(v1.send_welcome_email)
    newcomer.assert_state(v1.Onboarding.waiting)
    newcomer.advance(days(1) - timedelta(seconds=1))
    newcomer.assert_not_asked(v1.send_first_drip_email)
    newcomer.advance(timedelta(seconds=1))
    newcomer.run(v1.send_first_drip_email)
    newcomer.assert_done()


def test_an_email_that_can_not_be_sent_waits_for_a_person() -> None:
    newcomer = Harness(v1.Onboarding, ANN)
    newcomer.fail(v1.send_welcome_email, "mail server away")
    newcomer.assert_state(v1.Onboarding.welcoming)
    assert newcomer.incidents[0].attempt == 8
    newcomer.retry(v1.send_welcome_email).succeed(v1.send_welcome_email)
    newcomer.assert_state(v1.Onboarding.waiting)


# --- version 2 -------------------------------------------------------------------------------


def test_version_2_asks_for_the_channel_before_it_welcomes() -> None:
    newcomer = Harness(v2.Onboarding, ANN)
    newcomer.assert_not_asked(v2.send_welcome_email)
    newcomer.succeed(v2.get_acquisition_channel, "friend")
    newcomer.assert_state(v2.Onboarding.welcoming)
    newcomer.assert_data(channel="friend")
    assert newcomer.assert_running(v2.send_welcome_email).data.channel == "friend"


def test_a_channel_that_nobody_has_heard_of_is_not_asked_for_again() -> None:
    newcomer = Harness(v2.Onboarding, ANN)
    newcomer.fail(v2.get_acquisition_channel, Permanent("came by 'fax'"))
    assert newcomer.incidents[0].attempt == 1
    newcomer.succeed(v2.get_acquisition_channel, "direct").assert_state(v2.Onboarding.welcoming)


def test_without_an_address_every_newcomer_comes_directly() -> None:
    newcomer = Harness(v2.Onboarding, ANN, resources=resources)
    assert newcomer.run(v2.get_acquisition_channel) == "direct"


# --- from version 1 to version 2 -------------------------------------------------------------

pytestmark = pytest.mark.anyio


async def test_whoever_is_mid_welcome_gets_one_welcome_with_the_default_channel(
    tmp_path: Path,
) -> None:
    store = f"sqlite:///{tmp_path / 'onboarding.db'}"
    first = hold()
    async with EngineKit(
        v1.Onboarding, fakes={"send_welcome_email": first}, store=store, resources=resources
    ) as old:
        await old.start("onboarding", "ann", ANN)
        await old.settle()
    welcome, drip, channel = succeed(), succeed(), succeed("friend")
    fakes = {
        "send_welcome_email": welcome,
        "send_first_drip_email": drip,
        "get_acquisition_channel": channel,
    }
    async with EngineKit(
        v2.Onboarding, fakes=fakes, store=store, clock=old.clock, resources=resources
    ) as new:
        await new.settle()
        answer = await new.read("onboarding", "ann")
        assert (answer.version, answer.state) == (2, ["waiting"])
        # the try that was broken off is taken up under its key, so the mail server sees it as one
        assert welcome.keys == first.keys == ["onboarding/ann/1.1"]
        assert welcome.calls[0][0].channel == "direct"
        await new.advance(days(1))
        assert len(drip.calls) == 1
        assert len(welcome.calls) == 1
        assert channel.calls == []


async def test_whoever_waits_keeps_the_day_that_has_begun(tmp_path: Path) -> None:
    store = f"sqlite:///{tmp_path / 'onboarding.db'}"
    fakes = {"send_welcome_email": succeed(), "send_first_drip_email": succeed()}
    async with EngineKit(v1.Onboarding, fakes=fakes, store=store, resources=resources) as old:
        await old.start("onboarding", "ann", ANN)
        await old.advance(timedelta(hours=20))
    again = {"send_welcome_email": succeed(), "send_first_drip_email": succeed()}
    async with EngineKit(
        v2.Onboarding, fakes=again, store=store, clock=old.clock, resources=resources
    ) as new:
        report = await new.engine.upgrade("onboarding")
        assert report.upgraded == 1
        await new.advance(timedelta(hours=4) - timedelta(seconds=1))
        assert (await new.read("onboarding", "ann")).state == ["waiting"]
        await new.advance(timedelta(seconds=1))
        answer = await new.read("onboarding", "ann")
        assert (answer.state, answer.version) == (["onboarded"], 2)
        assert len(again["send_first_drip_email"].calls) == 1
        assert again["send_welcome_email"].calls == []


async def test_whoever_is_through_stays_as_they_are(tmp_path: Path) -> None:
    store = f"sqlite:///{tmp_path / 'onboarding.db'}"
    fakes = {"send_welcome_email": succeed(), "send_first_drip_email": succeed()}
    async with EngineKit(v1.Onboarding, fakes=fakes, store=store, resources=resources) as old:
        await old.start("onboarding", "ann", ANN)
        await old.advance(days(1))
    async with EngineKit(v2.Onboarding, store=store, clock=old.clock, resources=resources) as new:
        assert (await new.engine.upgrade("onboarding")).upgraded == 0
        answer = await new.read("onboarding", "ann")
        assert (answer.version, answer.status) == (1, "done")
