"""What one step of a document may do: its bounds, and the errors beyond them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from statehold.chart.event import NamedEvent
from statehold.errors import ActionFailed
from statehold.expression.allowance import STEP_WORK_LIMIT
from statehold.interpreter import Emit, Send, Step, start, step
from statehold.interpreter.outbox import REQUEST_LIMIT
from tests.conformance.sessions import imported

NOW = datetime(2026, 1, 31, 9, tzinfo=UTC)

#: more than half of what one evaluation may do
BUSY = "'a'.repeat(9000).split('').map(a => a + a).length &lt; 0"
THOUSAND = "'a'.repeat(1000).split('')"


def begun(body: str) -> tuple[Any, Step[Any]]:
    definition = imported(
        f"""<datamodel><data id="reasons" expr="[]"/></datamodel>
        <state id="a">{body}
          <transition event="error.execution">
            <script>reasons.push(_event.data['reason'])</script>
          </transition>
        </state>
        <state id="b"><transition target="a"/></state>"""
    ).definition
    return definition, start(definition, {}, NOW, instance="one")


def reasons(made: Step[Any]) -> list[str]:
    found: list[str] = made.snapshot.data["reasons"]
    return found


@pytest.mark.parametrize("content", ["<raise event='x'/>", "<send event='x'/>", "<log/>"])
def test_a_step_that_asks_for_too_many_events_is_dropped(content: str) -> None:
    loop = f'<foreach array="{THOUSAND}" item="i">{content * 10}</foreach>'
    _, made = begun(f"<onentry>{loop}</onentry>")
    asked = [c for c in made.commands if isinstance(c, Send | Emit)]
    assert len(asked) == (0 if "raise" in content else REQUEST_LIMIT)
    assert reasons(made) == []

    with pytest.raises(ActionFailed, match="asks for has 10001 events; the limit is 10000"):
        begun(f"<onentry>{loop}</onentry><onentry>{content}</onentry>")


@pytest.mark.parametrize(
    "body",
    [
        f'<onentry><foreach array="{THOUSAND}" item="i"><if cond="{BUSY}"/></foreach></onentry>',
        f'<transition cond="!({BUSY})" target="b"/>',
        "<onentry>" + f'<if cond="{BUSY}"/>' * 300 + "</onentry>",
    ],
)
def test_a_step_whose_evaluations_do_too_much_together_is_dropped(body: str) -> None:
    with pytest.raises(ActionFailed, match=f"more than {STEP_WORK_LIMIT:,} units of work"):
        begun(body)


def test_each_step_has_an_allowance_of_its_own() -> None:
    some = "'a'.repeat(20).split('')"
    busy = f'<foreach array="{some}" item="i"><if cond="{BUSY}"/></foreach>'
    definition, made = begun(f'<transition event="go">{busy}</transition>')
    for _ in range(3):
        made = step(definition, made.snapshot, NamedEvent("go"), NOW)
        assert made.accepted
        assert reasons(made) == []


def test_a_delay_beyond_the_calendar_is_an_error_of_the_document() -> None:
    _, made = begun('<onentry><send event="x" delay="9999999d"/></onentry>')
    (reason,) = reasons(made)
    assert "it is too long" in reason
    assert made.commands == ()
