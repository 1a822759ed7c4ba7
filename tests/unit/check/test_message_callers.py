"""The simulator, the harness and the search keep the engine's rule of who sends what."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel

from statehold import Context, Event, Final, Forbidden, Machine, State, Undeliverable, machine, on
from statehold.check import active, explore
from statehold.check.simulate.script import Script, SendStep
from statehold.check.simulate.simulate import play
from statehold.testing import Harness


class Log(BaseModel):
    lines: list[str] = []


class Start(Event):
    pass


class Keep(Event):
    pass


class Report(Event, internal=True):
    pass


class Settle(Event, internal=True):
    pass


def send_keep(log: Log, event: Start, context: Context) -> None:
    context.send(None, None, Keep())


def note(log: Log, event: Undeliverable) -> None:
    log.lines.append(event.reason)


class Flow(Machine[Log], name="flow", version=1):
    begun = State(initial=True)
    asked = State()
    kept = State()
    reported = Final()
    settled = Final()

    begin = on(Start, begun >> asked, do=send_keep)
    keep = on(Keep, asked >> kept, by="keeper")
    returned = on(Undeliverable, asked, do=note)
    report = on(Report, asked >> reported)
    settle = on(Settle, kept >> settled, by=machine("bank"))


def test_a_message_to_itself_passes_no_role() -> None:
    flow = Harness(Flow, Log()).send(Start(), roles="clerk")
    assert flow.state == ["asked"]
    assert "only keeper may do this" in flow.data.lines[0]
    assert "Keep() from itself refused" in flow.log


def test_a_caller_with_roles_may_send_no_internal_event_and_does_not_see_it() -> None:
    flow = Harness(Flow, Log()).send(Start())
    roles: Any
    for roles in ((), "keeper", ["keeper", "clerk"]):
        with pytest.raises(Forbidden, match="Report is internal to machine 'flow'"):
            flow.send(Report(), roles=roles)
        assert flow.state == ["asked"]
        assert "Report" not in flow.allowed_for(roles)
        refused = flow.refuses(Report(), roles=roles)
        assert refused.forbidden
        assert refused.reasons == ("only other instances may send it",)
    flow.assert_allowed("Report", roles=machine("any"))
    flow.assert_allowed("Report")
    assert flow.fork().send(Report(), roles=machine("any")).state == ["reported"]
    assert flow.fork().send(Report()).state == ["reported"]


def test_a_machine_passes_what_names_it_alone() -> None:
    flow = Harness(Flow, Log()).send(Start()).send(Keep(), roles="keeper")
    refused = flow.refuses(Settle(), roles=machine("shop"))
    assert refused.reasons == ("only machine bank may do this",)
    assert flow.send(Settle(), roles=machine("bank")).state == ["settled"]
    assert "by machine bank" in flow.log
    assert "sent by machine bank: yes" in flow.log


def test_a_script_says_which_machine_sends() -> None:
    steps = (
        SendStep({"type": "Start"}),
        SendStep({"type": "Report"}, ("keeper",), refused=True),
        SendStep({"type": "Keep"}, ("keeper",)),
        SendStep({"type": "Settle"}, ("keeper",), refused=True),
        SendStep({"type": "Settle"}, ("machine:shop",), refused=True),
        SendStep({"type": "Settle"}, ("machine:bank",)),
    )
    played = play(Flow, Script("flow", steps))
    assert played.failure is None
    assert played.state == ("settled",)


def test_the_search_sends_internal_events_as_machines_and_its_paths_can_be_played() -> None:
    found = explore(Flow, Log())
    assert found.never_taken == ()
    witness = found.shortest(active(Flow.settled))
    assert witness is not None
    senders = [step.by for step in witness.script.steps if isinstance(step, SendStep)]
    assert senders[-1] == ("machine:bank",)
    assert "by machine bank" in " ".join(witness.lines)
    assert play(Flow, witness.script).failure is None


def test_the_search_finds_no_way_past_a_role_by_a_message() -> None:
    class Alone(Machine[Log], name="alone", version=1):
        begun = State(initial=True)
        asked = State()
        settled = State()

        begin = on(Start, begun >> asked)
        # an internal event has no caller with a role
        settle = on(Settle, asked >> settled, by="keeper")

    found = explore(Alone, Log())
    assert found.never_taken == ("settle",)
