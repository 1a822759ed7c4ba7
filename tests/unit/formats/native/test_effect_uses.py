"""Effects of a document under another name, and policies by type of error."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from statehold import effect
from statehold.errors import StateholdError
from statehold.formats.native import read_native
from statehold.formats.notation import Offered
from statehold.testing import Harness

DOCUMENT = """
statehold: 1
name: order
version: 1
effects:
  charge: {retry: {attempts: 5}, errors: {Declined: {attempts: 1}}}
  deposit: USE
states:
  a: {initial: true, invoke: [charge, deposit]}
  b: {final: true}
  c: {final: true}
transitions:
  charged: {on_result: charge, from: a, to: b}
  deposited: {on_result: deposit, from: a, to: c}
"""


class Declined(Exception):
    pass


@effect
async def charge(order: Any) -> None: ...


def read(use: str) -> Any:
    return read_native(DOCUMENT.replace("USE", use), Offered(effects={"charge": charge})).definition


def test_a_use_is_an_effect_of_its_own() -> None:
    found = read("{use: charge, timeout: 3s, retry: {attempts: 2}}")
    used = found.effects["deposit"]
    assert (used.run, used.timeout, used.retry.attempts) == (charge.run, timedelta(seconds=3), 2)
    assert used.errors == found.effects["charge"].errors
    assert Harness(found, {}).succeed("deposit").state == ["c"]
    assert Harness(found, {}).fail("charge", Declined("x")).incidents


def test_errors_of_a_use_stand_in_place_of_the_others() -> None:
    assert read("{use: charge, errors: {}}").effects["deposit"].errors == {}


@pytest.mark.parametrize(
    ("use", "why"),
    [
        ("{use: chrage}", "no effect 'chrage' is declared"),
        ("{use: deposit}", "itself a use"),
        ("{use: charge, offered: charge}", "its own offered"),
        ("{use: charge, result: {type: string}}", "its own result"),
        ("{use: charge, timeout: 11m}", "at most 10m"),
        ("{use: charge, errors: {'404': {attempts: 2}}}", "a status is for requests"),
        ("{use: charge, errors: {Permanent: {attempts: 2}}}", "fails at once"),
        ("{use: charge, errors: {'a b': {attempts: 2}}}", "no name of an error"),
        ("{use: charge, errors: {A: {attempts: 0}}}", "attempts"),
    ],
)
def test_a_use_that_can_not_be_is_a_problem(use: str, why: str) -> None:
    with pytest.raises(StateholdError, match=why):
        read(use)
