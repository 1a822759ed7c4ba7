"""A state's class with parameters, used under several names."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from pydantic import BaseModel

from statehold import (
    AMachine,
    Compound,
    DefinitionError,
    Effect,
    Event,
    Final,
    History,
    Machine,
    Parallel,
    Result,
    State,
    Upgrade,
    active,
    on,
    on_done,
    on_failure,
    on_result,
    parameter,
)
from statehold.check.explore.explore import explore
from statehold.check.lint.findings import findings
from statehold.testing import Harness
from tests.unit.define.checks import (
    Check,
    Judge,
    Listing,
    ListingFlow,
    Question,
    call_back,
    resolve_domain,
)
from tests.unit.define.used import Counter, FrozenOuter, Go, Slot, Stop, Twice, charge


def chart_of(machine: AMachine) -> Any:
    """Without its name."""
    import msgspec

    return msgspec.structs.replace(machine.definition.chart, name="m", doc="")


# --- a use is an ordinary state --------------------------------------------------------------


def is_large(data: dict[str, Any], event: Go | Stop) -> bool:
    return isinstance(event, Go) and event.n > 3


def count(data: dict[str, Any]) -> None:
    data["n"] = data.get("n", 0) + 1


class Step(Compound, tags=("step",), exit=count):
    """One step."""

    ask: Effect[Any, int] = parameter()
    event: type[Event] = parameter(default=Go)
    office: str | None = parameter(default=None)
    guard: Callable[[dict[str, Any], Any], bool] | None = parameter(default=None)
    extra: Any = parameter(default=())

    asking = State(initial=True, invoke=ask, entry=(count, extra), owner=office)
    past = History(default=asking)

    class inner(Parallel):
        class left(Compound):
            one = State(initial=True)
            two = Final()
            step = on(Go, one >> two)

        class right(Compound):
            three = Final(initial=True)

    over = Final()

    paid = on_result(ask, asking >> inner, do=(extra, count))
    unpaid = on_failure(ask, asking >> over)
    leave = on(event, inner >> over, when=guard)
    leap = on(Stop, inner.left.one >> over, when=active(asking))
    done = on_done(inner >> over)


class Used(Machine[dict[str, Any]], name="used", version=1):
    first = Step(ask=charge, initial=True, office="ops")
    second = Step(ask=charge, event=Stop, guard=is_large, extra=(count, count))
    end = Final()

    onward = on_done(first >> second)
    back = on(Go, second.inner.left.one >> first.past)
    ended = on_done(second >> end)


class Written(Machine[dict[str, Any]], name="written", version=1):
    class first(Compound, initial=True, tags=("step",), exit=count):
        """One step."""

        asking = State(initial=True, invoke=charge, entry=count, owner="ops")
        past = History(default=asking)

        class inner(Parallel):
            class left(Compound):
                one = State(initial=True)
                two = Final()
                step = on(Go, one >> two)

            class right(Compound):
                three = Final(initial=True)

        over = Final()

        paid = on_result(charge, asking >> inner, do=count)
        unpaid = on_failure(charge, asking >> over)
        leave = on(Go, inner >> over)
        leap = on(Stop, inner.left.one >> over, when=active(asking))
        done = on_done(inner >> over)

    class second(Compound, tags=("step",), exit=count):
        """One step."""

        asking = State(initial=True, invoke=charge, entry=(count, count, count))
        past = History(default=asking)

        class inner(Parallel):
            class left(Compound):
                one = State(initial=True)
                two = Final()
                step = on(Go, one >> two)

            class right(Compound):
                three = Final(initial=True)

        over = Final()

        paid = on_result(charge, asking >> inner, do=(count, count, count))
        unpaid = on_failure(charge, asking >> over)
        leave = on(Stop, inner >> over, when=is_large)
        leap = on(Stop, inner.left.one >> over, when=active(asking))
        done = on_done(inner >> over)

    end = Final()

    onward = on_done(first >> second)
    back = on(Go, second.inner.left.one >> first.past)
    ended = on_done(second >> end)


def test_uses_give_the_chart_that_the_states_written_out_give() -> None:
    assert chart_of(Used) == chart_of(Written)
    assert Used.definition.effects == {"charge": charge}
    assert list(Used.definition.functions) == list(Written.definition.functions)


def test_each_use_has_states_rules_and_values_of_its_own() -> None:
    assert Used.first.asking.id == "first.asking"
    assert Used.second.inner.left.two.id == "second.inner.left.two"
    assert Used.first.asking is not Used.second.asking
    assert Used.first.ask is charge
    assert Used.second.event is Stop
    assert repr(Used.second.past) == "History('second.past')"


def test_a_class_without_parameters_can_be_used_too() -> None:
    class Twice(Compound):
        one = State(initial=True)
        two = Final()
        step = on(Go, one >> two)

    class M(Machine[None], name="m", version=1):
        a = Twice(initial=True)
        b = Twice(label="The second")
        on_a = on_done(a >> b)
        end = Final()
        on_b = on_done(b >> end)

    harness = Harness(M)
    harness.send(Go()).send(Go())
    harness.assert_done()
    labels = {state.id: state.label for state in M.chart.states}
    assert labels["b"] == "The second"
    assert labels["a"] == ""


# --- parameters of every kind ----------------------------------------------------------------


def test_a_state_can_be_a_parameter() -> None:
    class M(Machine[FrozenOuter], name="m", version=1):
        a = Slot(work=Counter(initial=True, data="part"), last=State(owner="ops"), initial=True)
        b = Slot(work=Counter(initial=True, data="part"), last=State())
        onward = on_done(a >> b)

    ids = [state.id for state in M.chart.states]
    assert "a.work.counting" in ids
    assert "b.last" in ids
    assert next(s.owner for s in M.chart.states if s.id == "a.last") == "ops"
    rows = {t.id: (t.source, t.targets) for t in M.chart.transitions}
    assert rows["a.finish"] == ("a.work", ("a.last",))
    assert rows["b.stop[last]"] == ("b.last", ("b.over",))


def test_parameters_are_handed_on_to_uses_inside() -> None:
    class Both(BaseModel):
        listing: Listing = Listing()

    def note_nothing(listing: Listing, event: Result[bool]) -> None: ...

    class Two(Parallel):
        ask: Effect[Question, bool] = parameter()
        first = Check(ask=ask, data="domain")
        second = Check(ask=ask, office="b", data="phone")
        known = on_result(first.ask, first.asking, do=note_nothing)

    class M(Machine[Both], name="m", version=1):
        both = Two(ask=call_back, data="listing", initial=True)
        end = Final()
        finish = on_done(both >> end)

    assert M.both.first.ask.name == "both.first.call_back"
    assert set(M.definition.effects) == {"both.first.call_back", "both.second.call_back"}
    row = next(t for t in M.chart.transitions if t.id == "both.known")
    assert row.trigger.events == ("done.invoke.both.first.asking/both.first.call_back",)
    harness = Harness(M, Both())
    assert harness.run(M.both.second.ask) is True
    assert harness.run(M.both.first.ask) is False
    assert harness.data.listing.phone.answer is True
    assert harness.data.listing.domain.answer is False
    harness.assert_done()


def test_a_rule_of_the_class_that_does_not_fit_what_it_sees_is_found_in_the_use() -> None:
    def whole(listing: Listing) -> Listing:
        return listing

    def put_whole(listing: Listing, part: Listing) -> Listing:
        return part

    with pytest.raises(DefinitionError, match="takes Question, but m's data is Listing"):

        class M(Machine[Listing], name="m", version=1):
            m = Twice(ask=call_back, data=(whole, put_whole), initial=True)


# --- the rest of the house -------------------------------------------------------------------


def test_the_static_checks_see_into_narrowed_functions() -> None:
    assert [(one.code, one.place) for one in findings(ListingFlow)] == []


def test_it_is_explored_as_any_other() -> None:
    judgements = [Judge(subject="112", answer=a) for a in (True, False)]
    judgements += [Judge(subject="example.org", answer=a) for a in (True, False)]
    found = explore(ListingFlow, Listing(), events=judgements)
    assert found.failures == ()
    assert found.never_taken == ()
    assert {("listed",), ("refused",)} <= found.configurations


def test_upgrades_map_into_uses() -> None:
    class M(Machine[Listing], name="listing", version=2):
        class checking(Parallel, initial=True):
            domain = Check(ask=resolve_domain, data="domain")

        listed = Final()
        list_it = on_done(checking >> listed)
        upgrades = (
            Upgrade(
                1,
                states={"old.unclear": checking.domain.unclear},
                effects={"resolve_domain": checking.domain.ask},
                timers={"lapse": checking.domain.lapse},
            ),
        )

    (upgrade,) = M.definition.upgrades
    assert upgrade.states == {"old.unclear": "checking.domain.unclear"}
    assert upgrade.effects == {"resolve_domain": "checking.domain.resolve_domain"}
    assert upgrade.timers == {"lapse": "checking.domain.lapse"}
