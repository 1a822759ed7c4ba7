"""The checker accepts what has an order and finds what has none."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.simulation.linearizability import (
    Operation,
    TooMuchWork,
    is_linearizable,
    violations,
)
from tests.simulation.model import Action, LedgerModel, Refusal, Seen


class Register:
    """Written and read, without numbers that give the order away."""

    initial = 0

    def apply(self, value: int, action: tuple[str, int]) -> tuple[int, Any]:
        name, new = action
        return (value, value) if name == "read" else (new, None)

    def reads(self, action: tuple[str, int]) -> bool:
        return action[0] == "read"


def read(value: int, begin: float, end: float) -> Operation:
    return Operation("r", ("read", 0), begin, end, "ok", value)


def write(value: int, begin: float, end: float | None) -> Operation:
    outcome = "ok" if end is not None else "unknown"
    return Operation("r", ("write", value), begin, end or 0.0, outcome)  # type: ignore[arg-type]


def test_a_write_is_seen_by_those_that_read_after_its_end() -> None:
    assert is_linearizable([write(1, 0, 1), read(1, 2, 3)], Register())
    assert not is_linearizable([write(1, 0, 1), read(0, 2, 3)], Register())


def test_while_it_is_written_either_may_be_read_but_not_the_old_one_after_the_new_one() -> None:
    slow = write(1, 0, 10)
    assert is_linearizable([slow, read(0, 1, 2), read(1, 3, 4)], Register())
    assert not is_linearizable([slow, read(1, 1, 2), read(0, 3, 4)], Register())
    assert is_linearizable([slow, read(1, 1, 4), read(0, 2, 3)], Register())


def test_what_has_no_known_outcome_may_happen_late_or_never_but_not_before_its_begin() -> None:
    lost = write(1, 5, None)
    assert is_linearizable([lost, read(0, 6, 7), read(0, 90, 91)], Register())
    assert is_linearizable([lost, read(0, 6, 7), read(1, 90, 91)], Register())
    assert not is_linearizable([lost, read(1, 3, 4)], Register())
    assert not is_linearizable([lost, read(1, 6, 7), read(0, 8, 9)], Register())


def test_objects_are_looked_at_one_by_one() -> None:
    elsewhere = replace(read(1, 0, 1), place="s")
    found = violations([write(1, 0, 1), read(1, 2, 3), elsewhere], Register())
    assert len(found) == 1
    assert found[0].startswith("s: no order explains its 1 operations")


def test_a_finding_says_how_far_an_order_came_and_what_can_not_follow() -> None:
    (finding,) = violations([write(1, 0, 1), read(1, 2, 3), read(7, 4, 5)], Register())
    assert "[2.000000, 3.000000] ('read', 0) = 1" in finding
    assert "can come next:\n     [4.000000, 5.000000] ('read', 0) = 7" in finding


def test_the_bound_is_an_error_of_its_own() -> None:
    log = [*(write(n, 0, None) for n in range(1, 15)), read(99, 1, 2)]
    with pytest.raises(TooMuchWork, match=r"15 operations on r were not decided in 1000 steps"):
        is_linearizable(log, Register(), work=1000)


# --- histories that are made in some order --------------------------------------------------------

actions = st.one_of(
    st.builds(Action, st.sampled_from(["start", "read", "shut", "reopen"])),
    st.builds(
        Action,
        st.sampled_from(["put", "take"]),
        st.integers(1, 5),
        st.one_of(st.just(0), st.integers(1, 6)),
    ),
)


@st.composite
def histories(draw: st.DrawFn) -> list[Operation]:
    """Operations that took effect one after the other, each within its begin and end."""
    asked = draw(st.lists(actions, min_size=1, max_size=14))
    chance = random.Random(draw(st.integers(0, 2**32)))
    model, ledger = LedgerModel(), None
    log: list[Operation] = []
    for moment, action in enumerate(asked):
        begin, end = moment - chance.random() * 4, moment + chance.random() * 4
        if chance.random() < 0.2:
            if chance.random() < 0.5:
                ledger, _ = model.apply(ledger, action)
            log.append(Operation("l", action, begin, end, "unknown"))
            continue
        ledger, result = model.apply(ledger, action)
        outcome = "failed" if isinstance(result, Refusal) else "ok"
        log.append(Operation("l", action, begin, end, outcome, result))  # type: ignore[arg-type]
    chance.shuffle(log)
    return log


@given(histories())
def test_what_was_made_in_some_order_is_accepted(log: list[Operation]) -> None:
    assert violations(log, LedgerModel()) == []


def by_hand(log: list[Operation], model: Any) -> bool:
    """The definition itself: some choice and order of them explains all."""
    unknown = [one for one in log if one.outcome == "unknown"]
    certain = [one for one in log if one.outcome != "unknown"]
    return any(
        explains(order, model)
        for count in range(len(unknown) + 1)
        for some in itertools.combinations(unknown, count)
        for order in orders(certain + list(some))
    )


def orders(log: list[Operation]) -> Iterator[tuple[Operation, ...]]:
    for order in itertools.permutations(log):
        pairs = itertools.combinations(order, 2)
        if all(b.outcome == "unknown" or a.begin <= b.end for a, b in pairs):
            yield order


def explains(order: tuple[Operation, ...], model: Any) -> bool:
    state = model.initial
    for one in order:
        state, result = model.apply(state, one.action)
        if one.outcome != "unknown" and result != one.result:
            return False
    return True


small = st.lists(
    st.builds(
        lambda new, action, begin, takes, outcome, seen: Operation(
            "r", (action, new if action == "write" else 0), begin, begin + takes,
            outcome, seen if action == "read" and outcome == "ok" else None,
        ),
        st.integers(0, 2), st.sampled_from(["read", "write"]), st.integers(0, 6),
        st.integers(0, 4), st.sampled_from(["ok", "ok", "ok", "unknown"]), st.integers(0, 2),
    ),
    max_size=5,
)  # fmt: skip


@given(small)
def test_it_says_what_the_definition_says(log: list[Operation]) -> None:
    assert is_linearizable(log, Register()) == by_hand(log, Register())


@given(histories(), st.randoms(use_true_random=False))
def test_a_result_that_no_order_gives_is_found(log: list[Operation], chance: random.Random) -> None:
    answered = [n for n, one in enumerate(log) if one.outcome == "ok"]
    if not answered:
        return
    n = chance.choice(answered)
    # no ledger of this history ever had so much
    log[n] = replace(log[n], result=log[n].result._replace(balance=1000))
    assert len(violations(log, LedgerModel())) == 1


def test_an_event_that_was_applied_twice_is_found() -> None:
    log = [
        Operation("l", Action("start"), 0, 1, "ok", Seen(1, "open", 0)),
        Operation("l", Action("put", 5), 2, 3, "ok", Seen(2, "open", 5)),
        Operation("l", Action("read"), 4, 5, "ok", Seen(3, "open", 10)),
    ]
    assert len(violations(log, LedgerModel())) == 1
