"""What is wrong with a use, or with the class that it is of, is reported."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from statehold import (
    Compound,
    DefinitionError,
    Effect,
    Event,
    Final,
    Machine,
    State,
    minutes,
    on,
    parameter,
)
from tests.unit.define.checks import (
    Check,
    Judge,
    Listing,
    Question,
    note_answer,
    resolve_domain,
)
from tests.unit.define.used import (
    Counter,
    Go,
    Inner,
    Slot,
    Stop,
    charge,
    machine_with,
    problems_of,
)

#: type checkers refuse most of what follows; here it has to reach run time
AnyCheck: Any = Check
AnySlot: Any = Slot
MISTAKES: dict[str, tuple[Callable[[], Any], str]] = {
    "missing": (lambda: AnyCheck(), "the parameter ask of Check is missing"),
    "unknown": (
        lambda: AnyCheck(ask=resolve_domain, offise="x", data="domain"),
        "Check has no parameter 'offise' (its parameters are ask, office, patience)",
    ),
    "type": (
        lambda: AnyCheck(ask=resolve_domain, office=3, data="domain"),
        "the parameter office of Check is 3, not str",
    ),
    "function": (
        lambda: AnyCheck(ask=note_answer, data="domain"),
        "the parameter ask of Check is note_answer, not Effect[Question, bool]",
    ),
    "effect of other data": (
        lambda: AnyCheck(ask=charge, data="domain"),
        "is Effect[dict[str, Any], int], not Effect[Question, bool]",
    ),
    "class as a value": (
        lambda: AnySlot(work=Counter, last=State()),
        "the parameter work of Slot is the class Counter (give it a use of the class)",
    ),
    "field": (
        lambda: AnyCheck(ask=resolve_domain, data="domian"),
        "Listing has no field 'domian' (its fields are domain, phone, log)",
    ),
    "no narrowing": (
        lambda: AnyCheck(ask=resolve_domain),
        "takes Question, but the machine's data is Listing",
    ),
    "part": (lambda: AnyCheck(ask=resolve_domain, data=7), "its data is 7"),
    "reader": (
        lambda: AnyCheck(ask=resolve_domain, data=(lambda: None, lambda d, p: None)),
        "of its data does not take (data)",
    ),
    "used as a class": (
        lambda: Check,
        "is a class with parameters: ask, office, patience (use it: check = Check(ask=...",
    ),
    "inherits": (
        lambda: type("More", (Counter,), {})(),
        "inherits from more than Compound or Parallel",
    ),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_in_a_use_is_reported_with_the_machine(name: str) -> None:
    make, text = MISTAKES[name]
    found = problems_of(machine_with(check=make))
    assert any(text in problem for problem in found), found
    assert all("M.check" in problem for problem in found), found


def test_a_missing_parameter_is_the_only_problem() -> None:
    assert len(problems_of(machine_with(check=lambda: AnyCheck(data="domain")))) == 1


def test_rules_that_name_a_class_with_parameters_add_no_problems() -> None:
    def build() -> Any:
        class M(Machine[Listing], name="m", version=1):
            idle = State(initial=True)
            domain = Check
            go = on(Go, idle >> domain)
            back = on(Stop, domain.unclear >> idle)

    assert len(problems_of(build)) == 1


def test_one_use_under_two_names_is_refused() -> None:
    def build() -> Any:
        class M(Machine[Listing], name="m", version=1):
            one = Check(ask=resolve_domain, data="domain", initial=True)
            two = one

    found = problems_of(build)
    assert len(found) == 1
    assert "is the same object as one (make a Check(...) of its own for each name)" in found[0]


def test_one_use_in_two_machines_is_refused() -> None:
    use = Counter(initial=True)

    class M(Machine[Inner], name="m", version=1):
        counter = use

    with pytest.raises(DefinitionError, match="belongs to machine M already"):

        class N(Machine[Inner], name="n", version=1):
            counter = use


CLASSES: dict[str, tuple[list[str], str]] = {
    "unused": (["limit: int = parameter()"], "nothing in the body uses it"),
    "in a closure": (
        [
            "limit: int = parameter()",
            "go = on(Go, a, when=(lambda n: lambda data: data < n)(limit))",
        ],
        "make the function the parameter",
    ),
    "no type": (["who = parameter()", "b = State(owner=who)"], "its type is not given"),
    "an option's name": (
        ["data: str = parameter()", "b = State(owner=data)"],
        "every use has an option of this name",
    ),
    "twice": (
        ["who: str = parameter()", "owner: str = who", "b = State(owner=owner)"],
        "is the parameter who again",
    ),
    "underscore": (["_a: str = parameter()", "b = State(owner=_a)"], "begins with an underscore"),
}


@pytest.mark.parametrize("name", CLASSES)
def test_a_mistake_of_the_class_is_reported_where_it_is_declared(name: str) -> None:
    lines, text = CLASSES[name]
    body = "\n    ".join(["class C(Compound):", "a = State(initial=True)", *lines])
    names = {"Compound": Compound, "State": State, "parameter": parameter, "on": on, "Go": Go}
    found = problems_of(lambda: exec(body, names))
    assert len(found) == 1, found
    assert text in found[0]
    assert found[0].startswith("C (<string>:1)")


@pytest.mark.parametrize(
    "compute",
    [
        lambda p: f"{p}!",
        lambda p: p + 1,
        lambda p: p(),
        lambda p: p < 3,
        lambda p: bool(p),
        lambda p: minutes(p),
        lambda p: str(p),
        lambda p: list(p),
    ],
)
def test_nothing_can_be_computed_from_a_parameter(compute: Callable[[Any], Any]) -> None:
    with pytest.raises(TypeError):
        compute(parameter())


def test_a_parameter_of_a_machine_is_refused() -> None:
    def build() -> Any:
        class M(Machine[None], name="m", version=1):
            owner: str = parameter()
            a = State(initial=True)

    assert "M.owner: is a parameter" in problems_of(build)[0]


def test_a_rule_without_a_name_in_the_class_is_reported_in_the_use() -> None:
    class Lossy(Compound):
        a = State(initial=True)
        b = Final()
        on(Go, a >> b)

    found = problems_of(machine_with(check=lambda: Lossy()))
    assert any("a transition from check.a has no name" in problem for problem in found), found


def test_uses_of_uses_of_uses_are_bounded() -> None:
    class Ten(Compound):
        a = State(initial=True)
        b = State()
        c = State()
        d = State()
        e = State()

    def wider(inner: Any) -> Any:
        body = {f"s{n}": inner(initial=n == 0) for n in range(10)}
        return type(inner)("Wider", (Compound,), body)

    level: Any = Ten
    for _ in range(2):
        level = wider(level)

    def widest() -> Any:
        return wider(wider(wider(level)))

    assert "more than 10000 states and transitions" in problems_of(widest)[0]


def test_types_are_checked_as_far_as_they_are_known() -> None:
    from statehold.define.parameter import fits

    def wide(question: Any, event: Judge) -> bool:
        return True

    for hint, good, bad in [
        (str | None, None, 3),
        (type[Event], Judge, Question),
        (timedelta, minutes(1), 60),
        (tuple[str, ...], ("a", "b"), ("a", 1)),
        (tuple[str, int], ("a", 1), ("a",)),
        (Callable[[Question, Judge], bool], wide, 3),
        (Callable[[Question], bool], wide, note_of_listing),
        (Effect[Any, Any], resolve_domain, note_answer),
        (Effect[Question, bool | None], resolve_domain, charge),
        (float, 3, "3"),
        (Any, 3, None),
    ]:
        assert fits(hint, good), (hint, good)
        if bad is not None:
            assert not fits(hint, bad), (hint, bad)


def note_of_listing(listing: Listing) -> bool:
    return True


def test_a_class_in_the_body_that_names_a_parameter_gets_a_hint() -> None:
    with pytest.raises(NameError, match="hand it to a use of a class that stands outside"):

        class Outer(Compound):
            who: str = parameter()

            class inner(Compound):
                a = State(owner=who)  # type: ignore[name-defined]  # noqa: F821

    with pytest.raises(NameError, match=r"\(lambda: Other\.lost\)"):

        class Other(Compound):
            lost = Final()

            class inner(Compound):
                a = State()
                go = on(Go, a >> lost)  # type: ignore[name-defined]  # noqa: F821
