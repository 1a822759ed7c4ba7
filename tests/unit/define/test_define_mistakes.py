"""A class with mistakes raises one error that lists each with its place and a hint."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from statehold import (
    Compound,
    Final,
    History,
    Machine,
    Parallel,
    Upgrade,
    child,
    effect,
)
from tests.unit.define.mistakes import (
    Case,
    Go,
    Order,
    Other,
    State,
    Stop,
    by_text,
    charge,
    check_mistake,
    four,
    mistakes,
    of_go,
    on,
    two_events_of_one_name,
    waits,
)

#: builders of classes with one mistake, each with a part of its message
cases: list[Case] = []


def case(expected: str) -> Callable[[Callable[[], Any]], Callable[[], Any]]:
    def add(build: Callable[[], Any]) -> Callable[[], Any]:
        cases.append((build, expected))
        return build

    return add


@case("the type of its data is not given")
def no_data() -> None:
    class Wrong(Machine, name="wrong", version=1):  # type: ignore[type-arg]
        a = State(initial=True)


@case("pydantic can't use the data type Opaque")
def opaque_data() -> None:
    class Opaque:
        pass

    class Wrong(Machine[Opaque], name="wrong", version=1):
        a = State(initial=True)


@case("has no JSON form")
def data_without_json() -> None:
    class Wrong(Machine[Callable[[], int]], name="wrong", version=1):
        a = State(initial=True)


@case("it has no name")
def no_name() -> None:
    class Wrong(Machine[Order], version=1):
        a = State(initial=True)


@case("its name is 'Big Name'")
def bad_name() -> None:
    class Wrong(Machine[Order], name="Big Name", version=1):
        a = State(initial=True)


@case("its version is 0")
def no_version() -> None:
    class Wrong(Machine[Order], name="wrong"):
        a = State(initial=True)


@case("has no initial state")
def no_initial() -> None:
    class Wrong(Machine[Order], name="wrong", version=1):
        a = State()


@case("second initial state of its parent, after a")
def two_initials() -> None:
    class Wrong(Machine[Order], name="wrong", version=1):
        a = State(initial=True)
        b = State(initial=True)


@case("every child of a parallel state is entered")
def initial_region() -> None:
    class Wrong(Machine[Order], name="wrong", version=1):
        class p(Parallel, initial=True):
            a = State(initial=True)
            b = State()


@case("has no states inside")
def empty_compound() -> None:
    class Wrong(Machine[Order], name="wrong", version=1):
        class p(Compound, initial=True):
            pass


@case("final and a child of a parallel state")
def final_region() -> None:
    class Wrong(Machine[Order], name="wrong", version=1):
        class p(Parallel, initial=True):
            a = Final()


@case("does not lie below p")
def history_default_elsewhere() -> None:
    class Wrong(Machine[Order], name="wrong", version=1):
        a = State(initial=True)

        class p(Compound):
            b = State(initial=True)

        c = State()
        go = on(Go, a >> p)
        p.h = History(default=c)  # type: ignore[attr-defined]


@case("is the same object as a")
def one_state_twice() -> None:
    class Wrong(Machine[Order], name="wrong", version=1):
        a = b = State(initial=True)


@case("is the same transition as one")
def one_rule_twice() -> None:
    class Wrong(Machine[Order], name="wrong", version=1):
        a = State(initial=True)
        one = two = on(Go, a)


@case("belongs to machine Other already")
def borrowed_state() -> None:
    class Wrong(Machine[Order], name="wrong", version=1):
        a = Other.elsewhere
        b = State(initial=True)


@case("a transition from a has no name")
def lost_rule() -> None:
    class Wrong(Machine[Order], name="wrong", version=1):
        a = State(initial=True)
        on(Go, a)


@case("a transition from a has no name")
def overwritten_rule() -> None:
    class Wrong(Machine[Order], name="wrong", version=1):
        a = State(initial=True)
        go = on(Go, a)
        go = on(Stop, a)  # noqa: PIE794


@case("is an arrow without an event")
def bare_arrow() -> None:
    class Wrong(Machine[Order], name="wrong", version=1):
        a = State(initial=True)
        b = State()
        go = a >> b


@case("is no state yet")
def state_not_made() -> None:
    class Wrong(Machine[Order], name="wrong", version=1):
        a = State(initial=True)
        b = Final


@case("is no state yet")
def compound_not_derived() -> None:
    class Wrong(Machine[Order], name="wrong", version=1):
        a = State(initial=True)
        b = Compound


@case("holds states, but is no state itself")
def plain_class() -> None:
    class Wrong(Machine[Order], name="wrong", version=1):
        a = State(initial=True)

        class b:
            c = State(initial=True)


@case("states don't inherit")
def inherited_state() -> None:
    class Base(Compound):
        c = State(initial=True)

    class Wrong(Machine[Order], name="wrong", version=1):
        a = State(initial=True)

        class b(Base):
            d = State(initial=True)


@case("inherits from another machine")
def inherited_machine() -> None:
    class Wrong(Other, name="wrong", version=1):
        a = State(initial=True)


@case("begins with an underscore")
def underscore() -> None:
    class Wrong(Machine[Order], name="wrong", version=1):
        _a = State(initial=True)


@case("'view' has a meaning of its own")
def reserved_option() -> None:
    class Wrong(Machine[Order], name="wrong", version=1):
        view = State(initial=True)


@case("'chart' is set by the compiler")
def reserved_result() -> None:
    class Wrong(Machine[Order], name="wrong", version=1):
        a = State(initial=True)
        chart = 3  # type: ignore[assignment]


@case("two event classes are called Twin")
def twin_events() -> None:
    first, second = two_events_of_one_name()

    class Wrong(Machine[Order], name="wrong", version=1):
        a = State(initial=True)
        one = on(first, a)
        two = on(second, a)


@case("another effect is called 'charge' too")
def twin_effects() -> None:
    def make() -> Any:
        @effect
        async def charge(order: Order) -> None: ...

        return charge

    class Wrong(Machine[Order], name="wrong", version=1):
        a = State(initial=True, invoke=charge, entry=make())


@case("invoke 'a/charge' is there 2 times")
def invoked_twice() -> None:
    class Wrong(Machine[Order], name="wrong", version=1):
        a = State(initial=True, invoke=(charge, charge))


@case("write invoke=child(Other)")
def machine_invoked() -> None:
    class Wrong(Machine[Order], name="wrong", version=1):
        a = State(initial=True, invoke=Other)


@case("put @effect above waits")
def function_invoked() -> None:
    class Wrong(Machine[Order], name="wrong", version=1):
        a = State(initial=True, invoke=waits)


@case("is no machine")
def child_of_nothing() -> None:
    class Wrong(Machine[Order], name="wrong", version=1):
        a = State(initial=True, invoke=child("other"))  # type: ignore[call-overload]


@case("effect charge takes Order, but the machine's data is Go")
def effect_of_other_data() -> None:
    class Wrong(Machine[Go], name="wrong", version=1):
        a = State(initial=True, invoke=charge)


@case("the data has no field 'resaon'")
def unknown_index() -> None:
    class Wrong(Machine[Order], name="wrong", version=1):
        a = State(initial=True)
        indexes = ("resaon",)


@case("is not a list of indexes")
def odd_indexes() -> None:
    class Wrong(Machine[Order], name="wrong", version=1):
        a = State(initial=True)
        indexes = 3  # type: ignore[assignment]


@case("there are 17, the limit is 16")
def too_many_indexes() -> None:
    class Wrong(Machine[dict[str, str]], name="wrong", version=1):
        a = State(initial=True)
        indexes = tuple(f"i{n}" for n in range(17))


@case("view: is not a plain function of one argument")
def odd_view() -> None:
    class Wrong(Machine[Order], name="wrong", version=1):
        a = State(initial=True)
        view = staticmethod(of_go)


@case("one is from version 2, but this is version 2")
def upgrade_from_itself() -> None:
    class Wrong(Machine[Order], name="wrong", version=2):
        a = State(initial=True)
        upgrades = (Upgrade(2),)


@case("there are two from version 1")
def upgrade_twice() -> None:
    class Wrong(Machine[Order], name="wrong", version=2):
        a = State(initial=True)
        upgrades = (Upgrade(1), Upgrade(1))


@case("there is no state 'b'")
def upgrade_to_nowhere() -> None:
    class Wrong(Machine[Order], name="wrong", version=2):
        a = State(initial=True)
        upgrades = (Upgrade(1, states={"old": "b"}),)


@case("is not a state of this machine")
def upgrade_to_another_machine() -> None:
    class Wrong(Machine[Order], name="wrong", version=2):
        a = State(initial=True)
        upgrades = (Upgrade(1, states={"old": Other.elsewhere}),)


@pytest.mark.parametrize(("build", "expected"), cases, ids=by_text(cases))
def test_a_mistake_is_reported_with_its_place_and_a_hint(
    build: Callable[[], Any], expected: str
) -> None:
    check_mistake(build, expected)


def test_every_mistake_is_reported_at_once_with_file_and_line() -> None:
    def build() -> None:
        class Wrong(Machine[Order], name="Wrong Name", version=0):
            a = State()
            b = Final()

            class c(Compound):
                d = State(entry=waits)

            one = on(Stop, a >> b, do=of_go)
            two = on(Go, b >> a, when=four)

    error = mistakes(build)
    assert error.machine == "Wrong Name"
    assert len(error.problems) == 8
    places = [problem.place.partition(" (")[0] for problem in error.problems]
    assert set(places) == {"Wrong", "Wrong.c", "Wrong.c.d", "Wrong.one", "Wrong.two"}
    assert all("(test_define_mistakes.py:" in problem.place for problem in error.problems)
    assert str(error).startswith("machine 'Wrong Name' has 8 problems:\n  1. ")


def test_the_place_is_the_line_of_the_mistake() -> None:
    def build() -> int:
        class Wrong(Machine[Order], name="wrong", version=1):
            a = State(initial=True)
            go = on(Go, a, do=waits)

        return 0

    line = build.__code__.co_firstlineno + 3
    (problem,) = mistakes(build).problems
    assert problem.place == f"Wrong.go (test_define_mistakes.py:{line})"


def test_a_name_that_exists_only_for_type_checkers_does_not_hide_a_mistake() -> None:
    def action(order: Order, event: Go, context: NotThere) -> None: ...  # type: ignore[name-defined]  # noqa: F821

    def build() -> None:
        class Wrong(Machine[Order], name="wrong", version=1):
            a = State(initial=True)
            go = on(Stop, a, do=action)

    assert "takes the event Go" in str(mistakes(build))


@pytest.mark.parametrize("wrong", [3, "a", Order, Compound, None])
def test_a_path_that_is_no_arrow_is_refused_at_its_line(wrong: Any) -> None:
    with pytest.raises(TypeError, match="expected an arrow"):
        on(Go, wrong)


def test_only_states_can_be_joined() -> None:
    with pytest.raises(TypeError, match="joins states"):
        State() | 3


def test_a_refused_class_leaves_the_states_of_others_alone() -> None:
    assert Other.elsewhere.id == "elsewhere"
    assert [state.id for state in Other.chart.states] == ["", "elsewhere"]
