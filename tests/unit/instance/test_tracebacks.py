"""The text of a traceback has no values in it, is bounded and can be stored."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from statehold.errors import ActionFailed
from statehold.instance.tracebacks import TRACE_CHARS, at, step_trace, trace_of


def fail(depth: int) -> None:
    if depth == 0:
        raise ValueError("at the bottom")
    fail(depth - 1)


def in_circles() -> None:
    try:
        raise ValueError("one")
    except ValueError as one:
        two = KeyError("two")
        one.__cause__, two.__cause__ = two, one
        raise


def without_an_end() -> None:
    without_an_end()


def in_groups() -> None:
    raise ExceptionGroup("all", [ExceptionGroup("some", [ValueError(n)] * 100) for n in range(100)])


def from_afar() -> None:
    name = "f" * 50_000
    space: dict[str, Any] = {}
    exec(compile(f"def {name}(): raise ValueError", "x" * 50_000, "exec"), space)
    space[name]()


@pytest.mark.parametrize(
    "function", [lambda: fail(500), in_circles, without_an_end, in_groups, from_afar]
)
def test_a_traceback_is_bounded_and_can_be_stored(function: Callable[[], None]) -> None:
    try:
        function()
    except Exception as error:  # noqa: BLE001 - any of them
        trace = trace_of(error)
    assert 0 < len(trace) <= TRACE_CHARS
    assert trace.count("\n") < 60
    trace.encode()


def test_a_long_way_shows_where_it_began_and_where_it_ended() -> None:
    try:
        fail(500)
    except ValueError as error:
        lines = trace_of(error).splitlines()
    assert "in test_a_long_way" in lines[1]
    assert "in fail" in lines[-1]
    assert "  … 492 frames" in lines


def test_neither_messages_nor_source_lines_are_in_it() -> None:
    try:
        raise ValueError("a secret")
    except ValueError as error:
        trace = trace_of(error)
    assert "a secret" not in trace
    assert trace.splitlines()[0].startswith("ValueError at ")


def test_a_step_names_the_place_where_the_machines_code_raised() -> None:
    try:
        fail(0)
    except ValueError as error:
        trace = step_trace(ActionFailed("act", error))
    assert at(trace).startswith(" (at ")
    assert at(trace).endswith("in fail)")


def test_an_error_that_no_code_of_the_machine_raised_has_none() -> None:
    assert trace_of(ValueError()) == ""
    assert step_trace(ValueError()) == ""
    assert at("") == ""
