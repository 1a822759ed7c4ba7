"""Findings that a machine silences, with a reason."""

from __future__ import annotations

import msgspec
import pytest

from statehold import (
    DefinitionError,
    Final,
    Machine,
    State,
    on,
    silence,
)
from statehold.chart.model import Silence
from statehold.check.lint.findings import findings
from statehold.upgrade.diff import difference
from tests.unit.check.lint.flows import Data, Go, Stop, as_data, codes, reads_note


def test_a_finding_is_silenced_at_its_place_or_everywhere() -> None:
    class Flow(Machine[Data], name="flow", version=1):
        here = State(initial=True)
        one = State()
        two = State()
        go = on(Go, here >> one)
        stop = on(Stop, here >> two)
        silences = (silence("dead-end", one, because="kept for good"),)

    class Quiet(Machine[Data], name="flow", version=1):
        here = State(initial=True)
        one = State()
        two = State()
        go = on(Go, here >> one)
        stop = on(Stop, here >> two)
        silences = (silence("dead-end", because="kept for good"),)

    assert [f.place for f in findings(Flow)] == ["two"]
    assert findings(Quiet) == ()


def test_a_rule_with_several_sources_is_silenced_by_one_name() -> None:
    class Flow(Machine[Data], name="flow", version=1):
        one = State(initial=True)
        two = State()
        over = Final()
        go = on(Go, one >> two)
        end = on(Stop, (one | two) >> over)
        again = on(Stop, (one | two) >> over)
        silences = (silence("duplicate-transition", again, because="it will differ"),)

    assert findings(Flow) == ()


def test_a_silence_names_states_transitions_events_and_fields() -> None:
    class Flow(Machine[Data], name="flow", version=1):
        here = State(initial=True)
        over = Final()
        end = on(Stop, here >> over, when=reads_note)
        silences = (
            silence("never-set", "note", because="the start gives it"),
            silence("dead-end", here, end, because="a"),
            silence("unheard-event", Stop, because="b"),
        )

    assert [s.place for s in Flow.chart.silenced] == ["note", "here", "end", "Stop"]
    assert codes(Flow) == ["silence-unused"] * 3


def test_mistakes_in_silences_are_reported_with_all_others() -> None:
    with pytest.raises(DefinitionError) as caught:

        class Flow(Machine[Data], name="flow", version=1):
            here = State(initial=True)
            silences = (
                silence("dead-ends", here, because="x"),  # type: ignore[arg-type]
                silence("dead-end", here, because=" "),
                silence("dead-end", State(), because="x"),
            )

    messages = [problem.message for problem in caught.value.problems]
    assert messages == [
        "no check has the code 'dead-ends'",
        "dead-end is silenced without a reason",
        "State('') is no state, transition or event of this machine",
    ]


def test_what_is_no_list_of_silences_is_refused() -> None:
    with pytest.raises(DefinitionError, match="is not a list of silences"):

        class Flow(Machine[Data], name="flow", version=1):
            here = State(initial=True)
            silences = "dead-end"  # type: ignore[assignment]


@pytest.mark.parametrize("silenced", [Silence("no-such", "because"), Silence("dead-end", "")])
def test_a_document_s_silence_of_no_code_or_without_reason_silences_nothing(
    silenced: Silence,
) -> None:
    chart = as_data(silenced=(silenced,)).chart
    assert codes(chart) == ["silence-unknown"]


def test_silences_texts_and_notes_are_no_change_of_a_chart() -> None:
    plain = as_data().chart
    first = msgspec.structs.replace(plain.states[1], doc="a state", meta={"x": 1})
    documented = msgspec.structs.replace(plain.transitions[0], doc="a transition", meta={"y": 2})
    changed = msgspec.structs.replace(
        plain,
        states=(plain.states[0], first, *plain.states[2:]),
        transitions=(documented, *plain.transitions[1:]),
        silenced=(Silence("dead-end", "kept"),),
        meta={"team": "orders"},
        doc="a machine",
    )
    assert difference(plain, changed) == []
