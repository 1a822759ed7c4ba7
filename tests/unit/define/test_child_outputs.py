"""What a child ends with: of one type, checked with the class and read as it is annotated."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any, Generic, Never, NoReturn, Optional, TypeAlias, TypeVar

import pytest
from pydantic import BaseModel, JsonValue

from statehold import (
    DefinitionError,
    Event,
    Failure,
    Final,
    Machine,
    Result,
    State,
    child,
    effect,
    on,
    on_failure,
    on_result,
)
from statehold.check.explore.stimulus import stimuli_of
from statehold.errors import InvalidPayload
from statehold.testing import EngineKit, Harness, state_machine_of, transition_paths

T = TypeVar("T")


class Data(BaseModel):
    seen: str = ""


class Go(Event):
    pass


class Out(BaseModel):
    n: int = 3
    day: date = date(2026, 1, 2)


@dataclass
class Plain:
    text: str


class Box(BaseModel, Generic[T]):
    inside: T


Outs: TypeAlias = list[Out]


def ending(output: Any, *more: Any) -> Any:
    """A machine that ends at once at an event, with what the functions give."""

    class Sub(Machine[Data], name="sub", version=1):
        only = State(initial=True)
        end = Final(output=output)
        go = on(Go, only >> end)
        for number, other in enumerate(more):
            vars()[f"end_{number}"] = final = Final(output=other)
            vars()[f"go_{number}"] = on(Go, only >> final)
            del final
        if more:
            del number, other

    return Sub


def parent_of(sub: Any, do: Any = None, when: Any = None) -> Any:
    class Parent(Machine[Data], name="parent", version=1):
        waiting = State(initial=True, invoke=child(sub))
        good = State()
        bad = State()
        came = on_result(sub, waiting >> good, do=do, when=when)
        failed = on_failure(sub, waiting >> bad)

    return Parent


def gives_out(data: Data) -> Out:
    return Out(n=5)


def gives_outs(data: Data) -> Outs:
    return [Out(n=5)]


def gives_plain(data: Data) -> Plain:
    return Plain("hello")


def gives_box(data: Data) -> Box[int]:
    return Box[int](inside=4)


def gives_maybe(data: Data) -> Optional[Out]:  # noqa: UP045 - as people write it
    return Out(n=5)


def gives_day(data: Data) -> date:
    return date(2026, 5, 6)


def gives_int(data: Data) -> int:
    return 3


def gives_json(data: Data) -> JsonValue:
    return {"n": [5]}


def gives_object(data: Data) -> object:
    return Out(n=5)


def gives_variable(data: Data) -> T:  # type: ignore[type-var]
    return Out(n=5)  # type: ignore[return-value]


def gives_models_in_a_dict(data: Data) -> dict[str, Any]:
    return {"out": Out(n=5)}


def gives_anything(data: Data) -> Any:
    return {"n": 5}


def says_nothing(data):  # type: ignore[no-untyped-def]
    return {"n": 5}


def takes(type_: Any) -> Callable[..., None]:
    """An action that takes the output for this type, and keeps how it looks."""

    def keep(data: Data, event: Any) -> None:
        data.seen = repr(event.value)

    keep.__annotations__["event"] = Result[type_]
    return keep


def ended(output: Any, type_: Any) -> Any:
    sub = ending(output)
    harness = Harness(parent_of(sub, takes(type_)), {})
    harness.succeed_child(sub, output(Data()))
    return harness.data.seen


@pytest.mark.parametrize(
    ("output", "type_"),
    [
        (gives_out, str),
        (gives_out, Plain),
        (gives_out, list[Out]),
        (gives_outs, Out),
        (gives_outs, list[Plain]),
        (gives_maybe, Out),
        (gives_box, Box[str]),
        (gives_day, str),
        (functools.partial(gives_out), str),
        (None, Out),
    ],
)
def test_an_output_of_another_type_is_refused_with_the_class(output: Any, type_: Any) -> None:
    sub = ending(output)
    with pytest.raises(DefinitionError) as refused:
        parent_of(sub, takes(type_))
    (problem,) = refused.value.problems
    assert problem.place.startswith("Parent.came")
    assert "Result[" in problem.message
    with pytest.raises(DefinitionError):
        parent_of(sub, when=takes(type_))


def test_a_final_state_without_an_output_gives_none_and_counts_too() -> None:
    two_ends = ending(gives_out, None)
    with pytest.raises(DefinitionError, match="came"):
        parent_of(two_ends, takes(Out))
    assert parent_of(two_ends, takes(Out | None))


@pytest.mark.parametrize(
    ("output", "type_", "seen"),
    [
        (gives_out, Out, repr(Out(n=5))),
        (gives_out, Out | None, repr(Out(n=5))),
        (gives_out, Any, repr(Out(n=5))),
        (gives_out, object, repr(Out(n=5))),
        (gives_outs, Outs, repr([Out(n=5)])),
        (gives_plain, Plain, repr(Plain("hello"))),
        (gives_box, Box[int], repr(Box[int](inside=4))),
        (gives_maybe, Out | None, repr(Out(n=5))),
        (gives_day, date, repr(date(2026, 5, 6))),
        (functools.partial(gives_out), Out, repr(Out(n=5))),
        # as type checkers have it
        (gives_int, float, repr(3)),
        (gives_int, float | None, repr(3)),
        (gives_box, Box[Any], repr(Box[int](inside=4))),
        (gives_box, Box[float], repr(Box[int](inside=4))),
        # it refers to itself by its name
        (gives_json, JsonValue, repr({"n": [5]})),
        (gives_models_in_a_dict, dict[str, Any], repr({"out": {"n": 5, "day": "2026-01-02"}})),
        # these say nothing
        (gives_object, Out, repr(Out(n=5))),
        (gives_variable, Out, repr(Out(n=5))),
        # nobody but the parent says: its annotation is the type
        (says_nothing, Out, repr(Out(n=5))),
        (gives_anything, Out, repr(Out(n=5))),
        (gives_anything, dict[str, int], repr({"n": 5})),
        # nobody says: plain JSON values
        (says_nothing, Any, repr({"n": 5})),
    ],
)
def test_an_output_comes_as_it_is_annotated(output: Any, type_: Any, seen: str) -> None:
    assert ended(output, type_) == seen


@pytest.mark.anyio
async def test_an_engine_hands_on_the_same() -> None:
    sub = ending(gives_out)
    parent = parent_of(sub, takes(Out))
    async with EngineKit(parent, sub) as kit:
        await kit.start(parent, "p")
        await kit.send(sub, "p:1.1", Go())
        await kit.settle()
        reply = await kit.read(parent, "p")
        assert (reply.state, reply.view.seen) == (["good"], repr(Out(n=5)))


@pytest.mark.anyio
async def test_an_output_that_does_not_fit_is_an_incident_and_the_parent_waits() -> None:
    sub = ending(says_nothing)
    parent = parent_of(sub, takes(Plain))
    async with EngineKit(parent, sub) as kit:
        await kit.start(parent, "p")
        await kit.send(sub, "p:1.1", Go())
        await kit.settle()
        assert (await kit.read(parent, "p")).state == ["waiting"]
        (incident,) = (await kit.engine.incidents()).incidents
        assert "the output of sub is not valid" in (incident.error or "")
        assert "text" in (incident.error or "")


def test_a_harness_refuses_an_output_that_does_not_fit_and_nothing_changes() -> None:
    sub = ending(gives_out)
    harness = Harness(parent_of(sub, takes(Out)), {})
    with pytest.raises(InvalidPayload, match="the output of sub"):
        harness.succeed_child(sub, {"n": "many"})
    assert harness.state == ["waiting"]
    harness.succeed_child(sub, {"n": 4, "day": "2026-03-04"})
    assert harness.data.seen == repr(Out(n=4, day=date(2026, 3, 4)))


def test_two_rules_that_take_one_output_for_two_types_are_refused() -> None:
    sub = ending(says_nothing)
    with pytest.raises(DefinitionError, match="takes the output of sub for Plain"):
        parent_of(sub, (takes(Out), takes(Plain)))
    assert parent_of(sub, (takes(Out), takes(Any), takes(Out)))


def test_an_annotation_that_can_not_be_read_is_refused() -> None:
    class Odd:
        pass

    with pytest.raises(DefinitionError, match="taken for Odd, which"):
        parent_of(ending(says_nothing), takes(Odd))


def test_a_union_of_a_result_and_a_failure_may_be_annotated() -> None:
    def either(data: Data, event: Result[Out] | Failure) -> None:
        data.seen = repr(getattr(event, "value", None))

    sub = ending(says_nothing)
    harness = Harness(parent_of(sub, either), {})
    harness.succeed_child(sub, {"n": 5})
    assert harness.data.seen == repr(Out(n=5))


def test_an_effect_whose_result_can_not_be_read_is_refused_with_the_class() -> None:
    class Odd:
        pass

    async def look(data: Data) -> None: ...

    look.__annotations__["return"] = Odd
    fetch = effect(look)
    with pytest.raises(DefinitionError, match="effect look gives Odd, which can't be read"):

        class Fetching(Machine[Data], name="fetching", version=1):
            waiting = State(initial=True, invoke=fetch)
            good = State()
            came = on_result(fetch, waiting >> good)


@pytest.mark.parametrize("never", [NoReturn, Never])
def test_an_effect_that_never_gives_anything_may_say_so(never: Any) -> None:
    async def poll(data: Data) -> None: ...

    poll.__annotations__["return"] = never
    polling = effect(poll)

    class Polling(Machine[Data], name="polling", version=1):
        only = State(initial=True, invoke=polling)
        end = Final()
        failed = on_failure(polling, only >> end)

    assert Polling.definition.effects["poll"].result_type is None


def test_an_effect_that_may_give_none_is_not_taken_for_one_that_does_not() -> None:
    async def look(data: Data) -> None: ...

    look.__annotations__["return"] = Out | None
    fetch = effect(look)

    def fetching(type_: Any) -> Any:
        class Fetching(Machine[Data], name="fetching", version=1):
            waiting = State(initial=True, invoke=fetch)
            good = State()
            came = on_result(fetch, waiting >> good, do=takes(type_))

        return Fetching

    assert fetching(Out | None)
    with pytest.raises(DefinitionError, match="came"):
        fetching(Out)


# --- what is tried -----------------------------------------------------------------------------


def test_the_search_tries_outputs_of_the_annotated_type() -> None:
    found = stimuli_of(parent_of(ending(gives_out), takes(Out)).definition).results["sub"]
    assert found
    assert all(isinstance(one.value, Out) for one in found)


def many(data: Data, event: Result[Out]) -> bool:
    return event.value.n > 0


def test_paths_and_generated_tests_end_children_with_outputs_of_the_annotated_type() -> None:
    parent = parent_of(ending(gives_out), takes(Out), many)
    cases = {case.transition: case for case in transition_paths(parent)}
    assert cases["came"].script is not None
    state_machine_of(parent).TestCase().runTest()
