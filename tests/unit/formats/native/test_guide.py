"""The guide to machines as data: what it shows can be read, and does what it says."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from statehold import effect
from statehold.effects import Hosts, Requests
from statehold.formats.native import read_native
from statehold.formats.notation import Offered
from statehold.testing import Harness

GUIDE = (Path(__file__).parents[4] / "docs" / "guides" / "data-machines.md").read_text()
FIRST, INPUT, TEMPLATES, EFFECTS, UPGRADES = re.findall(r"```yaml\n(.*?)```", GUIDE, re.DOTALL)


@effect
async def send_mail(data: dict[str, Any]) -> None:
    """Never performed here."""


def test_the_first_machine_is_one() -> None:
    leave = Harness(read_native(FIRST).definition, {"who": "ann", "days": 5})
    leave.assert_state("asked")
    leave.advance(timedelta(days=14))
    leave.assert_done()
    assert leave.data["note"] == "no answer"
    Harness(read_native(FIRST).definition, {"who": "ann", "days": 1}).assert_done()


def test_the_input_makes_the_data() -> None:
    text = f"""
statehold: 1
name: shop
data:
  properties:
    items: {{type: array, items: {{type: string}}}}
    total: {{type: integer}}
    placed_at: {{type: string, format: date-time}}
    note: {{type: string}}
  required: [items, total, placed_at]
{INPUT}
states: {{waiting: {{initial: true}}}}
"""
    shop: Harness[Any] = Harness(read_native(text).definition, {"items": ["tea"]})
    assert shop.data == {"items": ["tea"], "total": 1, "placed_at": "2026-01-01T12:00:00Z"}


def test_the_effects_and_the_upgrade_can_be_read() -> None:
    text = f"""
statehold: 1
name: shop
version: 2
data:
  properties:
    amount: {{type: object}}
    cents: {{type: integer, default: 0}}
    customer: {{type: string, default: ""}}
    tenant: {{type: string, default: ""}}
    item: {{type: string, default: ""}}
  required: [amount]
states: {{waiting: {{initial: true}}}}
{EFFECTS}
{UPGRADES}
"""
    offered = Offered(
        http=Requests(Hosts(["pay.example", "http://127.0.0.1:9000"])),
        effects={"send_mail": send_mail},
    )
    machine = read_native(text, offered).definition
    assert list(machine.effects) == ["charge", "notify"]
    (upgrade,) = machine.upgrades
    assert upgrade.data is not None
    assert upgrade.data({"cents": 3, "gone": 1}) == {
        "cents": 3,
        "amount": {"cents": 3, "currency": "EUR"},
    }


def test_the_templates_can_be_read() -> None:
    text = f"""
statehold: 1
name: listing
data:
  properties:
    domain: {{type: object, properties: {{answer: {{type: boolean}}}}}}
    phone: {{type: object, properties: {{answer: {{type: boolean}}}}}}
  required: [domain, phone]
events: {{Judge: {{properties: {{answer: {{type: boolean}}}}, required: [answer]}}}}
effects: {{resolve: {{result: {{type: boolean}}}}, call_back: {{result: {{type: boolean}}}}}}
{TEMPLATES}
"""
    offered = Offered(effects={"resolve": send_mail, "call_back": send_mail})
    harness = Harness(read_native(text, offered).definition, {"domain": {}, "phone": {}})
    harness.succeed("checking.domain.resolve", True).fail("checking.phone.call_back")
    harness.send({"type": "Judge", "answer": False}, roles=["support"])
    harness.assert_done()
    assert harness.data["phone"] == {"answer": False}


@pytest.mark.parametrize("word", ["on_failure", "key_header", "additionalProperties", "left_out"])
def test_the_reference_names_the_words(word: str) -> None:
    assert word in GUIDE
