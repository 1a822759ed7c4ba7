"""What must not happen is found; and a short run of every target finds nothing."""

from __future__ import annotations

import json
import random

import pytest

from tests.fuzz.mutate import SIZE_LIMIT, mutate
from tests.fuzz.run import Bounds, Outcome, Report, Worker, fuzz
from tests.fuzz.target import Target, places, target_at

PLACES = places()
#: documents of a target's short run
EXECUTIONS = 150


def run_unruly(name: str) -> Report:
    # the two seeds, as they are
    return fuzz(f"tests.fuzz.unruly:{name}", seed=1, executions=2, bounds=Bounds(0.5, 64))


@pytest.mark.parametrize(
    ("name", "kind", "what"),
    [
        ("RAISE", "raised", "KeyError at unruly.py"),
        ("DIE", "crash", "exit -6"),
        ("LEAVE", "crash", "exit 3"),
        ("HANG", "hang", "more than 0.5 s"),
        ("GROW", "memory", "MemoryError"),
    ],
)
def test_what_a_target_must_not_do_is_found_and_made_small(name: str, kind: str, what: str) -> None:
    report = run_unruly(name)
    assert [f.outcome.kind for f in report.findings] == [kind]
    finding = report.findings[0]
    assert finding.outcome.what.startswith(what)
    assert name.lower().encode() in finding.document
    assert len(finding.document) < len(target_at(f"tests.fuzz.unruly:{name}").seeds()[1])


def test_a_refusal_is_no_finding_and_is_shown_without_its_quotes() -> None:
    report = run_unruly("REFUSE")
    assert report.findings == []
    assert set(report.outcomes) == {Outcome("ok"), Outcome("refused", "definition: b_ is wrong")}


def test_a_worker_goes_on_after_one_that_died() -> None:
    with Worker("tests.fuzz.unruly:DIE", Bounds()) as worker:
        assert [worker.run(d).kind for d in (b"calm", b"die", b"calm", b"raise")] == [
            "ok", "crash", "ok", "raised"
        ]  # fmt: skip


def test_the_same_seed_makes_the_same_documents() -> None:
    runs = [fuzz(PLACES["chart"], seed=7, executions=60).outcomes for _ in range(2)]
    assert runs[0] == runs[1]
    assert runs[0] != fuzz(PLACES["chart"], seed=8, executions=60).outcomes


@pytest.mark.parametrize(
    ("notation", "document"),
    [
        ("json", b'{"states": {"a": {"on": [1, 2.5, null]}}, "id": "x"}'),
        ("xml", b"<scxml version='1.0'><state id='a'><onentry/></state></scxml>"),
        ("text", b"states:\n  a:\n    on: [x, y]\n  b: 12\n"),
        ("bytes", b"\x00\x01"),
    ],
)
def test_mutations_stay_within_the_size_and_make_many_documents(
    notation: str, document: bytes
) -> None:
    target = Target("x", lambda _: None, lambda: [document], notation, ("on", "id"))  # type: ignore[arg-type]
    chance = random.Random(3)
    made = [mutate(target, [document], chance) for _ in range(500)]
    assert len(set(made)) > 250
    assert max(map(len, made)) <= SIZE_LIMIT


def test_json_mutations_make_documents_that_are_json() -> None:
    target = target_at(PLACES["chart"])
    corpus = list(target.seeds())
    chance = random.Random(4)
    sound = 0
    for _ in range(200):
        try:
            json.loads(mutate(target, corpus, chance))
            sound += 1
        except (ValueError, RecursionError):
            continue
    assert sound > 60


@pytest.mark.parametrize("name", PLACES)
def test_a_short_run_of_each_target_finds_nothing(name: str) -> None:
    report = fuzz(PLACES[name], seed=1, executions=EXECUTIONS, minimise=False)
    assert [(f.outcome, f.document[:500]) for f in report.findings] == []
    assert report.executions == EXECUTIONS
    assert len(report.outcomes) > 1
