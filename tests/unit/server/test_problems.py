"""Errors as problems: each has its status and its members."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest
from starlette.exceptions import HTTPException
from starlette.requests import Request

from statehold import errors
from statehold.errors import StateholdError
from statehold.server import problems
from statehold.server.problems import problem_of, response_of, response_of_any, row_of_kind


def every_error(kind: type[StateholdError] = StateholdError) -> list[type[StateholdError]]:
    own = kind.__module__ in ("statehold.errors", "statehold.server.problems")
    return [kind] * own + [k for child in kind.__subclasses__() for k in every_error(child)]


@pytest.mark.parametrize("kind", every_error(), ids=lambda kind: kind.__name__)
def test_the_branch_of_an_error_fits_its_status(
    kind: type[StateholdError],
) -> None:
    status = row_of_kind(kind).status
    if issubclass(kind, errors.Refused):
        assert 400 <= status < 500
    elif issubclass(kind, errors.Unavailable):
        assert status == (429 if kind is errors.TooManyRequests else 503)
    elif kind is errors.InstanceUnreadable:
        # the deployment's fault, and not the server's: over this interface it is repaired
        assert status == 409
    else:
        assert status == 500


def test_codes_are_unique() -> None:
    codes = [kind.code for kind in every_error()]
    assert len(codes) == len(set(codes))


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (errors.UnknownMachine("m", []), 404),
        (errors.UnknownEvent("m", "E", []), 422),
        (errors.InstanceExists("m", "i"), 409),
        (errors.InvalidPayload("it", {"a": "b"}), 422),
        (errors.TooLarge("it", 2, 1), 413),
        (errors.ActionFailed("a", ValueError("no")), 422),
        (errors.EndlessLoop("m", ["s"], 9), 422),
        (errors.Overloaded(2, 1), 503),
        (errors.TooManyRequests("streams", 250), 429),
        (errors.NotAllowed("m", "i", "E", state=[], allowed=[]), 409),
        (errors.NotAllowed("m", "i", "E", state=[], allowed=[], forbidden=True), 403),
    ],
)
def test_an_errors_status_is_the_tables(error: StateholdError, status: int) -> None:
    problem = problem_of(error)
    assert problem.status == status
    assert problem.type == f"urn:statehold:problem:{error.code}"
    assert problem.detail == str(error)
    assert (problem.model_extra or {}) == error.details()


def test_the_operators_errors_are_logged_and_not_shown(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR):
        problem = problem_of(errors.StoreInUse("/secret/path", "process 7"))
    assert (problem.status, problem.type) == (500, "urn:statehold:problem:internal")
    assert "/secret/path" not in problem.model_dump_json()
    assert "/secret/path" in caplog.text


def test_a_member_of_an_error_never_hides_the_standards() -> None:
    class Odd(errors.Refused):
        def details(self) -> dict[str, Any]:
            return {"status": "paused", "mine": 1}

    problem = problem_of(Odd("odd"))
    assert (problem.status, problem.model_extra) == (409, {"mine": 1})


def test_what_may_succeed_later_says_when() -> None:
    assert response_of(errors.Stopping()).headers["retry-after"] == "1"
    assert "retry-after" not in response_of(errors.UnknownIncident("x")).headers


@pytest.mark.parametrize("status", [418, 429, 599])
def test_an_applications_own_refusal_keeps_its_status_and_headers(status: int) -> None:
    request = Request({"type": "http", "method": "GET", "path": "/", "headers": []})
    answer = response_of_any(request, HTTPException(status, "not now", {"X-Mine": "1"}))
    found = json.loads(bytes(answer.body))
    assert (answer.status_code, found["status"], found["detail"]) == (status, status, "not now")
    assert answer.headers["x-mine"] == "1"
    assert answer.media_type == problems.MEDIA_TYPE
