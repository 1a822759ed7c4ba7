"""The slots of effects are divided: whatever one effect does with its own, others find some."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from statehold.engine.background.capacity import EffectRef, Kind, Lane
from statehold.records import Ref


@dataclass(frozen=True)
class Attempt:
    kind: Kind
    effect_ref: EffectRef = field(default=(Ref("m", "i"), "1.0"))


def attempt(machine: str, number: int) -> Attempt:
    return Attempt((machine, "ask"), (Ref(machine, f"i-{number}"), "1.0"))


def lane(slots: int = 1000, waiting: int = 1000) -> Lane:
    return Lane("coroutine function", "?", slots, waiting)


def fill(lane: Lane, machine: str) -> int:
    """Begins as many attempts of a machine as there is room for."""
    kind, begun = (machine, "ask"), 0
    while lane.may_start(kind):
        lane.begin(kind)
        begun += 1
    return begun


def test_each_further_effect_finds_slots_that_the_ones_before_left() -> None:
    it = lane()
    assert [fill(it, machine) for machine in "abcd"] == [750, 188, 47, 12]
    it.end(("d", "ask"))
    assert it.may_start(("e", "ask"))


@pytest.mark.parametrize(("slots", "begun"), [(1, 1), (7, 7), (8, 6), (32, 24)])
def test_few_slots_are_not_divided(slots: int, begun: int) -> None:
    assert fill(lane(slots), "a") == begun


def test_an_effect_waits_for_its_own_slots_and_not_for_those_of_others() -> None:
    it = lane(slots=8)
    assert fill(it, "slow") == 6
    for number in range(100):
        it.add(attempt("slow", number))
    assert it.take() is None
    it.add(attempt("other", 0))
    assert it.take() == attempt("other", 0)
    it.begin(("other", "ask"))
    assert it.take() is None
    it.end(("slow", "ask"))
    # longest first
    assert it.take() == attempt("slow", 0)
    assert len(it.queue) == 99


def test_effects_that_wait_take_turns() -> None:
    it = lane()
    for machine in "aab":
        it.add(attempt(machine, len(it.queue)))
    taken = []
    while (one := it.take()) is not None:
        taken.append(one.kind[0])
    assert taken == ["a", "b", "a"]
    assert not it.waits(("a", "ask"))


def test_one_that_waits_no_more_is_taken_out_once() -> None:
    it = lane()
    it.add(attempt("a", 0))
    it.remove(attempt("a", 0).effect_ref)
    it.remove(attempt("a", 0).effect_ref)
    assert (it.take(), it.queue, it.waits(("a", "ask"))) == (None, {}, False)


def test_the_places_to_wait_in_are_divided_too() -> None:
    it = lane(slots=8, waiting=8)
    promised = 0
    while it.takes_on(("slow", "ask")):
        it.promise(("slow", "ask"))
        promised += 1
    assert promised == 12
    assert it.takes_on(("other", "ask"))
    it.forget_promises()
    assert it.takes_on(("slow", "ask"))
