"""The machines do what their lines say, are no longer than the originals, and have no finding."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from examples.ports import approval, miner, order_control, recruitment, robot, sun_tracker
from statehold import AMachine, hours, minutes
from statehold.check.lint.findings import findings
from statehold.testing import Harness

#: machines and the lines, without empty ones, that they have elsewhere
PORTS: dict[str, tuple[AMachine, int]] = {
    "miner": (miner.MinerLife, 50),
    "recruitment": (recruitment.Recruitment, 150),
    "robot": (robot.Robot, 48),
    "sun_tracker": (sun_tracker.SunTracker, 100),
    "order_control": (order_control.OrderControl, 33),
    "approval": (approval.Approval, 105),
}


@pytest.mark.parametrize("name", PORTS)
def test_each_is_no_longer_than_its_original_and_has_nothing_to_find(name: str) -> None:
    machine, most = PORTS[name]
    text = (Path(__file__).parent / f"{name}.py").read_text(encoding="utf-8")
    assert sum(1 for line in text.splitlines() if line.strip()) <= most
    assert findings(machine) == ()


def test_the_table_has_every_machine_of_the_folder() -> None:
    files = {path.stem for path in Path(__file__).parent.glob("*.py")}
    assert files == {*PORTS, "__init__", "test_ports"}


def test_a_miner_carries_a_full_bag_rests_when_tired_and_may_fall_anywhere() -> None:
    one = Harness(miner.MinerLife)
    for _ in range(3):
        one.send(miner.Tick())
    one.assert_state(miner.MinerLife.carrying)
    one.send(miner.Tick())
    assert (one.data.bank, one.data.bag) == (3, 0)
    one.send(miner.Tick()).send(miner.Tick())
    one.assert_state(miner.MinerLife.resting)
    for _ in range(5):
        one.send(miner.Tick())
    one.assert_state(miner.MinerLife.digging)
    one.send(miner.Fell())
    one.assert_state(miner.MinerLife.dead)


def test_a_candidate_is_hired_after_two_interviews_and_each_step_has_its_time() -> None:
    who = Harness(recruitment.Recruitment, {"name": "ada"})
    who.send(recruitment.Screened(), roles="recruiter")
    who.refuses(recruitment.Offered(), roles="manager")
    who.advance(hours(2))
    who.send(recruitment.Interviewed(), roles="manager")
    assert who.data.updated_at == who.now
    who.send(recruitment.Interviewed(), roles="manager")
    who.send(recruitment.Offered(), roles="manager")
    who.send(recruitment.Accepted(), roles="candidate")
    who.assert_state(recruitment.Recruitment.hired)


@pytest.mark.parametrize("event", [recruitment.Rejected(), recruitment.Withdrawn()])
def test_a_candidate_is_turned_down_or_withdraws_at_any_time(event: Any) -> None:
    who = Harness(recruitment.Recruitment)
    who.send(recruitment.Screened(), roles="recruiter").send(event)
    who.assert_state(recruitment.Recruitment.not_hired)


def test_a_robot_stops_from_walking_alone_and_charges_from_any_way_of_moving() -> None:
    one = Harness(robot.Robot)
    one.send(robot.Start()).send(robot.Run())
    one.refuses(robot.Stop())
    one.send(robot.LowBattery())
    one.assert_state(robot.Robot.charging)
    one.send(robot.Charged()).send(robot.Start()).send(robot.Stop())
    one.assert_state(robot.Robot.standing)


def test_a_panel_follows_the_sun_waits_for_clouds_and_turns_back() -> None:
    panel = Harness(sun_tracker.SunTracker)
    assert panel.data.angle == -90
    panel.send(sun_tracker.Dawn()).send(sun_tracker.Brighter(angle=10))
    panel.assert_state(sun_tracker.SunTracker.day.moving)
    panel.advance(minutes(1)).send(sun_tracker.Clouded())
    panel.advance(minutes(10))
    panel.assert_state(sun_tracker.SunTracker.day.tracking)
    assert (panel.data.angle, panel.data.moves) == (10, 1)
    panel.advance(hours(18))
    panel.assert_state(sun_tracker.SunTracker.night)
    panel.send(sun_tracker.Stuck()).send(sun_tracker.Repaired(), roles="technician")
    assert panel.data.angle == -90


def test_an_order_takes_no_more_than_there_is_and_is_shipped_once_it_is_paid() -> None:
    order = Harness(order_control.OrderControl, {"stock": 3})
    order.send(order_control.Add(count=2))
    order.refuses(order_control.Add(count=2))
    order.send(order_control.Pay(count=1)).send(order_control.Pay(count=1))
    order.assert_state(order_control.OrderControl.shipping)
    order.send(order_control.Ship())
    order.assert_state(order_control.OrderControl.completed)


def test_a_request_needs_both_offices_and_falls_by_one_refusal() -> None:
    asked = Harness(approval.Approval, {"subject": "a van"})
    asked.send(approval.Legal(), roles="legal")
    asked.refuses(approval.Finance(), roles="legal")
    asked.fork().send(approval.Refused(), roles="finance").assert_state(approval.Approval.refused)
    asked.send(approval.Finance(), roles="finance")
    asked.assert_state(approval.Approval.approved)
