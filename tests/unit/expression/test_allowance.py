"""What the evaluations of one step may do together, in every language."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from statehold.expression.allowance import (
    STEP_WORK_LIMIT,
    Time,
    answer_allowance,
    charge,
    is_used_up,
    step_allowance,
    timed,
)
from statehold.expression.cel.language import INT, Environment, list_of
from statehold.expression.ecmascript.language import ECMASCRIPT
from statehold.expression.language import EvaluationFailed, Scope

MESSAGE = f"more than {STEP_WORK_LIMIT:,} units of work, the most for all its evaluations"


def in_ecmascript() -> None:
    ECMASCRIPT.script("var n = 0; for (var i = 0; i < 5000; i++) { n = n + i; }").run(Scope({}))


def failing_in_ecmascript() -> None:
    with pytest.raises(EvaluationFailed) as raised:
        ECMASCRIPT.script("while (true) {}").run(Scope({}))
    if MESSAGE in str(raised.value):
        raise raised.value


def in_cel() -> None:
    made = Environment({"many": list_of(INT)}).compile("many.filter(n, n > 1).size() > 0")
    made(lambda name: list(range(900)))


def again(work: Callable[[], object], times: int) -> None:
    for _ in range(times):
        work()


@pytest.mark.parametrize("work", [in_ecmascript, failing_in_ecmascript, in_cel])
def test_an_allowance_is_used_up_and_then_nothing_is_evaluated(work: Callable[[], None]) -> None:
    with step_allowance(), pytest.raises(EvaluationFailed, match=MESSAGE):
        again(work, 2_000)
    # without one, or with another, it goes on
    work()
    with step_allowance():
        work()


def test_going_through_a_text_counts_though_it_has_no_loop() -> None:
    long = ECMASCRIPT.expression("0" + " " * 2_999)
    with step_allowance(), pytest.raises(EvaluationFailed, match=MESSAGE):
        again(lambda: long(Scope({})), STEP_WORK_LIMIT // 300)


@pytest.mark.parametrize("work", [in_ecmascript, in_cel])
def test_a_step_whose_time_is_up_evaluates_nothing_more(work: Callable[[], None]) -> None:
    now = [0.0]
    with timed(Time(lambda: now[0], 0.5)):
        with step_allowance():
            work()
            now[0] = 0.6
            with pytest.raises(EvaluationFailed, match=r"more than 0\.5 s of the processor's time"):
                work()
            # a step is dropped for what it can't go on from
            assert is_used_up()
        with step_allowance():
            # the time of a step begins with it
            work()
            assert not is_used_up()


def test_without_a_clock_time_decides_nothing() -> None:
    with step_allowance():
        again(in_cel, 3)
    with timed(None), step_allowance():
        again(in_cel, 3)


def test_the_parts_of_one_answer_share_its_allowance() -> None:
    with answer_allowance("the answer") as whole:
        with answer_allowance("a part") as part:
            charge(100)
        assert part is whole
        assert whole.left == whole.limit - 100
    with step_allowance() as step:
        with answer_allowance("the view"):
            charge(100)
        assert step.left == step.limit
