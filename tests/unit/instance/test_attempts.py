"""Attempts change by the edges of their table and by no others."""

from __future__ import annotations

import ast
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec import Raw

import statehold
from docs.generator.attempts import edges, machine
from statehold.check.lint.findings import findings
from statehold.instance import attempts as attempts_module
from statehold.instance.attempts import (
    EDGES,
    WAITING,
    Attempt,
    AttemptEvent,
    AttemptState,
    IllegalEdge,
    first_attempt,
)
from statehold.instance.tracebacks import TRACE_CHARS
from statehold.records import Ref

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
DUE = datetime(2026, 1, 1, 13, tzinfo=UTC)
RESULT = Raw(b'"R-1"')

#: an attempt in each state that is stored, and the fields by which it is known
SAMPLES: dict[AttemptState, Attempt] = {
    "new": Attempt(0, trace="t"),
    "waiting": Attempt(2, WAITING[0], error="OSError: away", trace="t"),
    "running": Attempt(2, "w1", error="OSError: away", takeovers=1, trace="t"),
    "child": Attempt(child=Ref("trip", "t-1")),
    "backing_off": Attempt(2, next_at=NOW, error="OSError: away", trace="t"),
    "outcome_held": Attempt(2, error="OSError: away", trace="t"),
    "result_kept": Attempt(2, next_at=NOW, error="ActionFailed: no", outcome=RESULT),
    "incident": Attempt(3, error="OSError: away", incident_at=NOW, name="print_label"),
}
ENDED = {"done", "failed", "cancelled", "skipped"}
ENDS: tuple[AttemptEvent, ...] = ("done", "fail", "cancel", "skip")
CHANGES: dict[AttemptEvent, Callable[[Attempt], Any]] = {
    "begin": lambda one: one.begin("w2"),
    "queue": lambda one: one.queue(WAITING[1]),
    "start_child": lambda one: one.start_child(Ref("trip", "t-2")),
    "free": lambda one: one.free(DUE),
    "take_over": lambda one: one.take_over(DUE),
    "postpone": lambda one: one.postpone(4, "OSError: again", DUE),
    "hold_outcome": lambda one: one.hold_outcome(),
    "keep_result": lambda one: one.keep_result(RESULT, 4, "ActionFailed: no", DUE),
    "apply_again": lambda one: one.apply_again(),
    "raise_incident": lambda one: one.raise_incident(DUE, 4, "no luck", "print_label"),
    "retry": lambda one: one.retry(DUE),
    "retry_result": lambda one: msgspec.structs.replace(one, outcome=RESULT).retry(DUE),
}
LEGAL = [(state, event) for state, found in EDGES.items() for event in found]
ILLEGAL = [
    (state, event)
    for state in SAMPLES
    for event in (*CHANGES, *ENDS)
    if event not in EDGES[state]
    # the two are one method: which of them it is follows from the attempt's fields
    and (state, event) != ("result_kept", "retry")
    and event != "retry_result"
]


def test_the_table_has_every_state_and_every_event() -> None:
    assert set(EDGES) == {*SAMPLES, *ENDED}
    assert {event for _, event in LEGAL} == {*CHANGES, *ENDS}
    assert not any(EDGES[state] for state in EDGES if state in ENDED)


def test_every_state_can_be_reached_and_left_until_it_has_ended() -> None:
    # an edge back to its own state does nothing to a chart, but changes an attempt's fields
    assert {finding.code for finding in findings(machine())} == {"does-nothing"}


@pytest.mark.parametrize("state", SAMPLES)
def test_the_state_follows_from_the_stored_fields(state: AttemptState) -> None:
    stored = msgspec.json.decode(msgspec.json.encode(SAMPLES[state]), type=Attempt)
    assert stored.state == state


@pytest.mark.parametrize(("state", "event"), LEGAL)
def test_each_edge_leads_to_its_state(state: AttemptState, event: AttemptEvent) -> None:
    before = SAMPLES[state]
    if event in ENDS:
        before.end(event)
    else:
        assert CHANGES[event](before).state == EDGES[state][event]
    assert before == SAMPLES[state]


@pytest.mark.parametrize(("state", "event"), ILLEGAL)
def test_what_is_no_edge_is_refused(state: AttemptState, event: AttemptEvent) -> None:
    change = CHANGES.get(event) or (lambda one: one.end(event))
    with pytest.raises(IllegalEdge, match=f"is {state} got the event {event}"):
        change(SAMPLES[state])


def test_fields_that_do_not_lead_to_the_edges_state_are_refused() -> None:
    with pytest.raises(IllegalEdge, match="got the event begin, which does not lead to waiting"):
        SAMPLES["backing_off"].begin(WAITING[0])
    with pytest.raises(IllegalEdge, match="got the event queue, which does not lead to running"):
        SAMPLES["running"].queue("w2")


# --- the fields that each event sets -------------------------------------------------------


def fields(attempt: Attempt) -> dict[str, Any]:
    """Those that are not at their defaults, as they are stored."""
    found: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(attempt))
    return found


def changed(state: AttemptState, event: AttemptEvent) -> dict[str, tuple[Any, Any]]:
    before, after = fields(SAMPLES[state]), fields(CHANGES[event](SAMPLES[state]))
    return {
        name: (before.get(name), after.get(name))
        for name in sorted({*before, *after})
        if before.get(name) != after.get(name)
    }


def test_an_attempt_gets_the_next_number_when_it_is_begun_or_queued() -> None:
    assert fields(CHANGES["begin"](SAMPLES["new"])) == {"worker": "w2", "trace": "t"}
    assert changed("backing_off", "begin") == {
        "attempt": (2, 3),
        "next_at": ("2026-01-01T12:00:00Z", None),
        "worker": (None, "w2"),
    }
    assert changed("backing_off", "queue")["attempt"] == (2, 3)
    assert changed("waiting", "begin") == {"worker": (WAITING[0], "w2")}
    assert changed("running", "queue") == {"worker": ("w1", WAITING[1])}


@pytest.mark.parametrize("trace", ["", "t"])
def test_the_first_attempt_is_what_the_table_makes_of_a_new_one(trace: str) -> None:
    new = Attempt(0, trace=trace)
    assert first_attempt("w1", trace) == new.begin("w1")
    assert first_attempt(WAITING[1], trace) == new.queue(WAITING[1])


def test_an_interrupted_attempt_does_not_count() -> None:
    soon = (None, "2026-01-01T13:00:00Z")
    # 1 is the default, which is not stored
    assert changed("running", "free") == {
        "attempt": (2, None), "next_at": soon, "worker": ("w1", None),
    }  # fmt: skip
    assert changed("waiting", "free")["attempt"] == (2, None)
    assert changed("running", "take_over") == {
        "attempt": (2, None), "next_at": soon, "takeovers": (1, 2), "worker": ("w1", None),
    }  # fmt: skip


def test_a_failure_keeps_its_error_and_when_it_goes_on() -> None:
    assert changed("running", "postpone") == {
        "attempt": (2, 4),
        "error": ("OSError: away", "OSError: again"),
        "next_at": (None, "2026-01-01T13:00:00Z"),
        "worker": ("w1", None),
    }
    assert changed("running", "hold_outcome") == {"worker": ("w1", None)}


def test_a_result_that_could_not_be_applied_is_kept_with_its_attempt() -> None:
    assert changed("incident", "keep_result") == {
        "attempt": (3, 4),
        "error": ("OSError: away", "ActionFailed: no"),
        "incident_at": ("2026-01-01T12:00:00Z", None),
        "next_at": (None, "2026-01-01T13:00:00Z"),
        "outcome": (None, "R-1"),
    }
    assert changed("result_kept", "apply_again") == {
        "attempt": (2, 3), "next_at": ("2026-01-01T12:00:00Z", None),
    }  # fmt: skip
    incident = SAMPLES["result_kept"].raise_incident(DUE, 5, "no", "print_label")
    assert (incident.outcome, incident.next_at) == (RESULT, None)
    assert incident.retry(NOW).state == "result_kept"


def test_an_incident_says_what_failed_and_where_within_bounds() -> None:
    long = "x" * (TRACE_CHARS + 1)
    incident = SAMPLES["running"].raise_incident(DUE, 4, "no luck", "print_label", traceback=long)
    assert (incident.name, incident.error, incident.attempt) == ("print_label", "no luck", 4)
    assert (incident.worker, incident.incident_at) == (None, DUE)
    assert len(incident.traceback) == TRACE_CHARS


def test_an_operator_retries_from_the_first_attempt_on() -> None:
    again = SAMPLES["incident"].retry(DUE)
    assert (again.attempt, again.takeovers, again.incident_at) == (0, 0, None)
    assert again.begin("w1").attempt == 1


# --- nothing goes around the table ---------------------------------------------------------

SOURCE = Path(statehold.__file__).parent
#: what the state follows from
DECISIVE = {"worker", "next_at", "incident_at", "outcome", "child", "takeovers"}


def calls_around_the_table(source: str) -> list[int]:
    """Lines that make an attempt in another state than ``new``, or set a field of one."""
    return [
        node.lineno
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call)
        and (getattr(node.func, "id", "") or getattr(node.func, "attr", ""))
        in ("Attempt", "replace")
        and DECISIVE & {keyword.arg for keyword in node.keywords}
    ]


def test_no_other_code_sets_what_the_state_follows_from() -> None:
    own = Path(attempts_module.__file__)
    found = {
        f"{path.relative_to(SOURCE)}:{line}"
        for folder in ("instance", "engine")
        for path in (SOURCE / folder).rglob("*.py")
        if path != own
        for line in calls_around_the_table(path.read_text(encoding="utf-8"))
    }
    assert found == set()


def test_code_that_sets_a_field_would_be_found() -> None:
    assert calls_around_the_table("x = 1\nreplace(known, worker=None)") == [2]
    assert calls_around_the_table("Attempt(1, incident_at=now)") == [1]
    assert calls_around_the_table("replace(known, error='x')") == []


# --- the page of the reference -------------------------------------------------------------

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "attempts.md"


def test_the_reference_has_exactly_the_edges_of_the_table() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert text.partition("<!-- edges -->\n")[2].partition("<!-- end -->")[0] == edges()


def test_the_reference_explains_every_state_and_every_event() -> None:
    text = PAGE.read_text(encoding="utf-8").partition("## Edges")[0]
    assert [state for state in EDGES if f"| `{state}` |" not in text] == []
    assert [event for _, event in LEGAL if f"`{event}`" not in text] == []
