"""A class with mistakes raises one error that lists each with its place and a hint."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from pydantic import BaseModel

import statehold
from statehold import (
    AnyEvent,
    Compound,
    DefinitionError,
    Event,
    Final,
    History,
    Machine,
    Parallel,
    TimerFired,
    Upgrade,
    active,
    child,
    effect,
    minutes,
)

# type checkers refuse most of what follows, as tests/typing shows; here it has to reach run time
State: Any = statehold.State
on: Any = statehold.on
after: Any = statehold.after
always: Any = statehold.always
on_done: Any = statehold.on_done
on_result: Any = statehold.on_result
on_failure: Any = statehold.on_failure


class Order(BaseModel):
    reason: str | None = None


class Go(Event):
    n: int = 0


class Stop(Event):
    pass


@effect
async def charge(order: Order) -> int:
    return 1


@effect
async def unused(order: Order) -> None: ...


async def waits(order: Order) -> None: ...


def note(order: Order) -> None: ...


def of_go(order: Order, event: Go) -> None: ...


def of_timer(order: Order, event: TimerFired) -> None: ...


def of_other_data(order: Go) -> None: ...


def four(order: Order, event: Go, context: Any, more: Any) -> None: ...


def none() -> None: ...


class Other(Machine[Order], name="other", version=1):
    elsewhere = State(initial=True)


def two_events_of_one_name() -> tuple[Any, Any]:
    def make() -> Any:
        class Twin(Event):
            pass

        return Twin

    return make(), make()


def mistakes(build: Callable[..., Any]) -> DefinitionError:
    with pytest.raises(DefinitionError) as caught:
        build()
    return caught.value


# Each builder has one mistake; the text is a part of what has to be said about it.
cases: list[tuple[Callable[[], Any], str]] = []


def case(expected: str) -> Callable[[Callable[[], Any]], Callable[[], Any]]:
    def add(build: Callable[[], Any]) -> Callable[[], Any]:
        cases.append((build, expected))
        return build

    return add


def rule_case(expected: str, make: Callable[[Any, Any, Any], Any]) -> None:
    """A machine with states a, b and c (which holds d), and one rule that is made of them."""

    def build() -> None:
        class Wrong(Machine[Order], name="wrong", version=1):
            a = State(initial=True, invoke=charge)
            b = Final()

            class c(Compound):
                d = State(initial=True)

            rule = make(a, b, c)

    cases.append((build, expected))


rule_case("async function", lambda a, b, c: on(Go, a >> b, do=waits))
rule_case("put @effect|make it an @effect", lambda a, b, c: on(Go, a >> b, when=waits))
rule_case("effect charge is used as a guard", lambda a, b, c: on(Go, a >> b, when=charge))
rule_case("wrong parameters", lambda a, b, c: on(Go, a >> b, do=four))
rule_case("wrong parameters", lambda a, b, c: on(Go, a >> b, when=none))
rule_case("takes Go, but the machine's data is Order", lambda a, b, c: on(Go, a, do=of_other_data))
rule_case("takes the event Go, but the transition's is Stop", lambda a, b, c: on(Stop, a, do=of_go))
rule_case("takes the event Go", lambda a, b, c: on(AnyEvent, a, do=of_go))
rule_case("takes the event Go", lambda a, b, c: after(minutes(1), a >> b, do=of_go))
rule_case("takes the event TimerFired", lambda a, b, c: on_done(c >> b, do=of_timer))
rule_case("takes the event TimerFired", lambda a, b, c: on_result(charge, a >> b, do=of_timer))
rule_case("'note' is used as an action", lambda a, b, c: on(Go, a >> b, do="note"))
rule_case("Order is not an event", lambda a, b, c: on(Order, a >> b))
rule_case("Event itself is never sent", lambda a, b, c: on(Event, a >> b))
rule_case("'b' is not a state", lambda a, b, c: on(Go, a >> "b"))
rule_case("state of another machine, Other", lambda a, b, c: on(Go, a >> Other.elsewhere))
rule_case(
    "state of another machine, Other", lambda a, b, c: on(Go, a, when=active(Other.elsewhere))
)
rule_case("has no name in this machine", lambda a, b, c: on(Go, a >> State()))
rule_case("no state in or around a asks for unused", lambda a, b, c: on_result(unused, a >> b))
rule_case("invoked by a: start the arrow there", lambda a, b, c: on_result(charge, c >> b))
rule_case("no state in or around a asks for other", lambda a, b, c: on_failure(Other, a >> b))
rule_case("neither an effect nor a machine", lambda a, b, c: on_result(note, a >> b))
rule_case("-60.0 seconds", lambda a, b, c: after(timedelta(minutes=-1), a >> b))
rule_case("delay is the number 10", lambda a, b, c: after(10, a >> b))
rule_case("never done", lambda a, b, c: on_done(a >> b))
rule_case("starts from b, which is final", lambda a, b, c: on(Go, b >> a))
rule_case("can't be active together", lambda a, b, c: on(Go, a >> (b, c)))
rule_case("for ever", lambda a, b, c: always(a, do=note))
rule_case("for ever", lambda a, b, c: always(c >> c.d))
rule_case("names the role 'a,b'", lambda a, b, c: on(Go, a >> b, by="a,b"))
rule_case("names the role ''", lambda a, b, c: on(Go, a >> b, by=("",)))


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
        a = State(initial=True, invoke=child("other"))  # type: ignore[arg-type]


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


@pytest.mark.parametrize(
    ("build", "expected"), cases, ids=[f"{n}-{said[:40]}" for n, (_, said) in enumerate(cases)]
)
def test_a_mistake_is_told_with_its_place_and_a_hint(
    build: Callable[[], Any], expected: str
) -> None:
    error = mistakes(build)
    whole = str(error)
    assert any(part in whole for part in expected.split("|")), whole
    assert all(problem.hint and problem.place for problem in error.problems), whole
    assert any(
        problem.place.startswith(("Wrong", "effect")) or "Wrong" in problem.place
        for problem in error.problems
    ), whole


@pytest.mark.parametrize(
    ("build", "expected"),
    cases,
    ids=[f"{n}-{said[:40]}" for n, (_, said) in enumerate(cases)],
)
def test_one_mistake_makes_one_problem(build: Callable[[], Any], expected: str) -> None:
    assert len(mistakes(build).problems) == 1, str(mistakes(build))


def test_every_mistake_is_told_at_once_with_file_and_line() -> None:
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
