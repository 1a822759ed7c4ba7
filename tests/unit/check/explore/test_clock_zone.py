"""In which orders timers can fall due, against time that passes tick by tick."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from statehold.check.explore.clock_zone import Zone

TIMERS = ("a", "b", "c")


def test_of_two_timers_set_at_once_the_shorter_is_due_first() -> None:
    zone = Zone().with_("long", 5).with_("short", 3).later()
    assert zone.may_be_next("short")
    assert not zone.may_be_next("long")
    assert zone.fired("short").later().may_be_next("long")


def test_of_two_timers_that_are_due_at_one_moment_either_may_be_first() -> None:
    zone = Zone().with_("a", 3).with_("b", 3).later()
    assert zone.may_be_next("a")
    assert zone.may_be_next("b")


def test_a_shorter_timer_that_is_set_later_may_overtake_and_may_not() -> None:
    zone = Zone().with_("long", 5).later().with_("short", 3).later()
    assert zone.may_be_next("long")
    assert zone.may_be_next("short")


def test_a_longer_timer_that_is_set_later_never_overtakes() -> None:
    zone = Zone().with_("short", 3).later().with_("long", 5).later()
    assert zone.may_be_next("short")
    # only if both are due at one moment, which takes the longer one to be set two ticks early
    assert not zone.may_be_next("long")


def test_a_timer_that_is_set_again_and_again_does_not_hold_back_another_for_ever() -> None:
    zone = Zone().with_("long", 10).with_("ping", 4).later()
    rounds = 0
    while zone.may_be_next("ping"):
        zone = zone.fired("ping").with_("ping", 4).later()
        rounds += 1
    assert rounds == 2
    assert zone.may_be_next("long")


def test_a_cancelled_timer_leaves_no_trace() -> None:
    zone = Zone().with_("a", 3).later()
    assert zone.with_("b", 1).without("b") == zone


acts = st.lists(
    st.one_of(
        st.tuples(st.just("set"), st.sampled_from(TIMERS), st.integers(0, 5)),
        st.tuples(st.just("fire"), st.sampled_from(TIMERS), st.just(0)),
        st.tuples(st.just("cancel"), st.sampled_from(TIMERS), st.just(0)),
    ),
    max_size=12,
)


@settings(max_examples=500, deadline=None, derandomize=True)
@given(acts)
def test_the_same_orders_are_possible_as_with_a_clock_that_ticks(
    acts: list[tuple[str, str, int]],
) -> None:
    zone = Zone()
    #: every way in which time can have passed so far: what is left of each timer
    clocks: set[tuple[tuple[str, int], ...]] = {()}
    for act, timer, delay in acts:
        can_fire = {clock for clock in clocks if (timer, 0) in clock}
        assert (timer in zone.running) == any(timer in dict(clock) for clock in clocks)
        if timer in zone.running:
            assert zone.may_be_next(timer) == bool(can_fire)
        if act == "set":
            zone = zone.without(timer) if timer in zone.running else zone
            zone = zone.with_(timer, delay)
            clocks = {without(clock, timer, (timer, delay)) for clock in clocks}
        elif timer not in zone.running:
            continue
        elif act == "cancel":
            zone = zone.without(timer)
            clocks = {without(clock, timer) for clock in clocks}
        elif can_fire:
            zone = zone.fired(timer)
            clocks = {without(clock, timer) for clock in can_fire}
        zone = zone.later()
        clocks = {later for clock in clocks for later in ticks(clock)}


def without(
    clock: tuple[tuple[str, int], ...], timer: str, *new: tuple[str, int]
) -> tuple[tuple[str, int], ...]:
    return tuple(sorted((*(one for one in clock if one[0] != timer), *new)))


def ticks(clock: tuple[tuple[str, int], ...]) -> list[tuple[tuple[str, int], ...]]:
    most = min((left for _, left in clock), default=0)
    return [tuple((name, left - tick) for name, left in clock) for tick in range(most + 1)]
