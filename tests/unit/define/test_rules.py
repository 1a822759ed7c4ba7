"""What rules can say of events, of states around them, of ends and of results."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, NamedTuple, Union

import pytest
from pydantic import BaseModel
from typing_extensions import TypedDict

import statehold
from statehold import (
    AnyEvent,
    Compound,
    Context,
    DefinitionError,
    Event,
    Final,
    Machine,
    Parallel,
    Result,
    State,
    Undeliverable,
    active,
    after,
    anywhere,
    child,
    effect,
    minutes,
    on,
    on_done,
    on_failure,
    on_result,
)
from statehold import start as begin
from statehold import step as take
from statehold.testing import Harness

NOW = datetime(2026, 1, 1, tzinfo=UTC)


class Data(BaseModel):
    got: int | None = None
    log: list[str] = []


class Go(Event):
    pass


class Stop(Event):
    pass


class Fail(Event):
    pass


@effect
async def ask(data: Data) -> int:
    return 1


def note(data: Data, event: object) -> None:
    data.log.append(type(event).__name__)


def of_go(data: Data, event: Go) -> None: ...


def of_two(data: Data, event: Go | Stop) -> None: ...


def refused(build: Callable[[], Any]) -> str:
    with pytest.raises(DefinitionError) as found:
        build()
    assert len(found.value.problems) == 1, found.value
    problem = found.value.problems[0]
    return f"{problem.place}: {problem.message}; {problem.hint}"


# --- several events ---


@pytest.mark.parametrize(
    "events",
    [(Go, Stop), Go | Stop, Union[Go, Stop], ((Go | Stop),), (Go, Stop, Go)],  # noqa: UP007
)
def test_one_rule_takes_several_events(events: Any) -> None:
    class M(Machine[Data, Go | Stop], name="m", version=1):
        a = State(initial=True)
        b = State()
        go = on(events, a >> b, do=(note, of_two))
        back = on((Go,), b >> a)

    assert [t.trigger.events for t in M.chart.transitions] == [("Go", "Stop"), ("Go",)]
    assert [event.name for event in M.chart.events] == ["Go", "Stop"]
    for event in (Go(), Stop()):
        reached = Harness(M, {}).send(event)
        assert reached.state == ["b"]
        assert reached.data.log == [type(event).__name__]


def test_a_message_that_was_not_accepted_may_be_one_of_the_events() -> None:
    class M(Machine[Data], name="m", version=1):
        a = State(initial=True)
        b = Final()
        go = on((Go, Undeliverable), a >> b)

    assert M.chart.transitions[0].trigger.events == ("Go", "error.communication")


@pytest.mark.parametrize(
    ("events", "do", "expected"),
    [
        ((Go, Stop), of_go, "takes the event Go, but the transition's is Go | Stop"),
        (Go | Stop, of_go, "takes the event Go, but the transition's is Go | Stop"),
        ((Go, AnyEvent), None, "names AnyEvent among others; name AnyEvent alone"),
        ((), None, "names no event"),
        ((Go, Data), None, "Data is not an event"),
        (Go | int, None, "int is not an event"),
        ((Go, "Stop"), None, "'Stop' is not an event"),
        ((Go, Event), None, "Event itself is never sent"),
        ([Go, Stop], None, "is not an event"),
        ((Go, (Stop,)), None, "is not an event"),
    ],
)
def test_several_events_are_checked_each(events: Any, do: Any, expected: str) -> None:
    def build() -> None:
        class M(Machine[Data], name="m", version=1):
            a = State(initial=True)
            b = Final()
            go = on(events, a >> b, do=do)

    assert expected in refused(build)


# --- anywhere ---


def test_anywhere_is_the_state_whose_body_the_rule_stands_in() -> None:
    class M(Machine[Data], name="m", version=1):
        class working(Compound, initial=True):
            class digging(Parallel, initial=True):
                class left(Compound):
                    one = State(initial=True)
                    two = State()
                    back = on(Go, anywhere >> two)

                both = on(Stop, anywhere, do=note)

            resting = State()
            rest = on(Stop, anywhere >> resting)

        broken = Final()
        fail = on(Fail, anywhere >> broken)
        lapse = after(minutes(5), anywhere >> broken)

    rules = {t.id: (t.source, t.targets, t.internal) for t in M.chart.transitions}
    assert rules == {
        "working.digging.left.back": (
            "working.digging.left", ("working.digging.left.two",), True,
        ),
        "working.digging.both": ("working.digging", (), False),
        "working.rest": ("working", ("working.resting",), True),
        "fail": ("", ("broken",), False),
        "lapse": ("", ("broken",), False),
    }  # fmt: skip
    instance = Harness(M, {}).send(Go())
    assert instance.state == ["working.digging.left.two"]
    # the inner one is asked first
    assert instance.send(Stop()).data.log == ["Stop"]
    assert instance.state == ["working.digging.left.two"]
    assert instance.send(Fail()).state == ["broken"]
    instance = Harness(M, {}).send(Go())
    instance.advance(minutes(4))
    assert instance.state == ["working.digging.left.two"]
    instance.advance(minutes(1))
    assert instance.state == ["broken"]


def test_an_outcome_is_taken_from_anywhere() -> None:
    class M(Machine[Data], name="m", version=1):
        a = State(initial=True, invoke=ask)
        b = Final()
        done = on_result(ask, anywhere >> b)
        lost = on_failure(ask, anywhere >> b)

    assert Harness(M, {}).succeed(ask, 3).state == ["b"]
    assert Harness(M, {}).fail(ask, "no", attempts=10).state == ["b"]


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (lambda a: on(Go, a >> anywhere), "anywhere is no target"),
        (lambda a: on_done(anywhere >> a), "starts from the machine itself"),
    ],
)
def test_where_anywhere_means_nothing(make: Any, expected: str) -> None:
    def build() -> None:
        class M(Machine[Data], name="m", version=1):
            a = State(initial=True)
            rule = make(a)

    assert expected in refused(build)


def test_anywhere_stands_alone() -> None:
    a: Any = State()
    with pytest.raises(TypeError, match="anywhere stands alone"):
        a | anywhere
    with pytest.raises(TypeError, match="unsupported"):
        anywhere | a


def test_rules_from_anywhere_without_a_name_are_found() -> None:
    def build() -> None:
        class M(Machine[Data], name="m", version=1):
            class a(Compound, initial=True):
                b = State(initial=True)
                on(Go, anywhere, do=note)

            stop = on(Stop, anywhere >> a)
            stop = on(Fail, anywhere >> a)  # noqa: PIE794

    with pytest.raises(DefinitionError) as found:
        build()
    assert [p.message for p in found.value.problems] == [
        "a transition from anywhere in M has no name",
        "a transition from anywhere in a has no name",
    ]


# --- states outside ---


class Outer(Machine[Data], name="outer", version=1):
    cancelled = Final()

    class work(Parallel):
        class left(Compound):
            a = State(initial=True)
            b = State()

        class right(Compound):
            a = State(initial=True)
            b = State()
            go = on(Go, a >> b, when=active(lambda: Outer.work.left.b))
            both = on(Stop, anywhere >> (lambda: (Outer.work.left.a, Outer.work.right.a)))

    class form(Compound, initial=True):
        one = State(initial=True)
        two = State()
        next = on(Go, one >> two)
        cancel = on(Stop, (one | two) >> (lambda: Outer.cancelled))
        jump = on(Fail, one >> (lambda: Outer.work.left.b))


def test_a_rule_leaves_its_compound_by_a_function() -> None:
    assert Harness(Outer, {}).send(Stop()).state == ["cancelled"]
    instance = Harness(Outer, {}).send(Fail())
    assert instance.state == ["work.left.b", "work.right.a"]
    assert instance.send(Go()).state == ["work.left.b", "work.right.b"]
    assert instance.send(Stop()).state == ["work.left.a", "work.right.a"]


def test_the_name_is_that_of_the_class_being_made_and_not_of_an_earlier_one() -> None:
    def made(version: int) -> type[Machine[Data]]:
        class Local(Machine[Data], name="local", version=version):
            class form(Compound, initial=True):
                one = State(initial=True)
                # mypy knows the states that stand above
                stop = on(Stop, one >> (lambda: Local.over))  # type: ignore[has-type]

            over = Final()

        return Local

    for version in (1, 2):
        assert Harness(made(version), {}).send(Stop()).state == ["over"]


def test_a_function_for_a_state_is_called_with_what_it_sees_where_it_stands() -> None:
    where = "over"

    class Local(Machine[Data], name="local", version=1):
        class form(Compound, initial=True):
            one = State(initial=True)
            stop = on(Stop, one >> (lambda: getattr(Local, where)))

        over = Final()

    assert Harness(Local, {}).send(Stop()).state == ["over"]


def elsewhere() -> Any:
    return Outer.cancelled


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        (lambda: cancelled, "raised NameError: name 'cancelled' is not defined; write lambda: M."),  # type: ignore[name-defined]  # noqa: F821
        (lambda: Outer.canceled, "raised AttributeError"),  # type: ignore[attr-defined]
        (lambda data: Outer.cancelled, "raised TypeError"),
        (elsewhere, "cancelled is a state of another machine, Outer"),
        (lambda: None, "the function for a state gives none"),
        (lambda: "over", "'over' is not a state"),
        (lambda: elsewhere, "is not a state"),
        (lambda: State(), "has no name in this machine"),
        (lambda: anywhere, "anywhere is no target"),
    ],
)
def test_what_a_function_for_a_state_gives_is_checked(target: Any, expected: str) -> None:
    def build() -> None:
        class M(Machine[Data], name="m", version=1):
            class form(Compound, initial=True):
                one = State(initial=True)
                stop = on(Stop, one >> target)

    found = refused(build)
    assert found.startswith("M.form.stop (test_rules.py:")
    assert expected in found


def test_a_name_of_a_body_around_says_how_to_reach_it() -> None:
    with pytest.raises(NameError, match=r"\(lambda: M\.below\)"):

        class M(Machine[Data], name="m", version=1):
            class form(Compound, initial=True):
                one = State(initial=True)
                stop = on(Stop, one >> below)  # type: ignore[name-defined]  # noqa: F821

            below = Final()

    with pytest.raises(NameError, match=r"\(lambda: N\.a\.above\)") as found:

        class N(Machine[Data], name="n", version=1):
            class a(Compound, initial=True):
                above = State(initial=True)

                class b(Compound):
                    one = State(initial=True)
                    stop = on(Stop, one >> above)  # type: ignore[name-defined]  # noqa: F821

    assert found.value.name == "above"
    with pytest.raises(NameError, match="write anywhere"):

        class P(Machine[Data], name="p", version=1):
            class a(Compound, initial=True):
                one = State(initial=True)
                stop = on(Stop, a >> one)  # type: ignore[name-defined]  # noqa: F821


def test_the_name_of_the_machine_in_its_own_body_says_to_write_anywhere() -> None:
    source = """
class M(Machine[Data], name="m", version=1):
    one = State(initial=True)
    stop = on(Stop, M >> one)
"""
    with pytest.raises(NameError, match=r"name 'M' is not defined here.* write anywhere"):
        exec(source, {**globals()})


def test_other_names_are_looked_for_as_in_any_body() -> None:
    local = minutes(1)

    class M(Machine[Data], name="m", version=1):
        class form(Compound, initial=True):
            one = State(initial=True, tags=tuple(str(n) for n in range(2)))
            two = State(deadline=local)
            go = after(local, one >> two, do=note_nothing)

    assert M.chart.states[2].tags == ("0", "1")
    with pytest.raises(NameError, match=r"^name 'nothing' is not defined$"):

        class N(Machine[Data], name="n", version=1):
            one = State(initial=nothing)  # type: ignore[name-defined]  # noqa: F821


def note_nothing(data: Data) -> None: ...


# --- names that hide a rule function ---


@pytest.mark.parametrize("kind", ["state", "nested", "rule"])
def test_a_state_that_hides_a_rule_function_says_so(kind: str) -> None:
    def build() -> None:
        class M(Machine[Data], name="m", version=1):
            off = State(initial=True)
            if kind == "state":
                on: Any = State()
            elif kind == "nested":

                class on(Compound):  # type: ignore[no-redef]
                    pass

            else:
                on = statehold.on(Go, off)
            toggle = on(Go, off)

    with pytest.raises(TypeError, match=r"'on' .* hides statehold's on\(\): rename it"):
        build()


def test_a_state_called_on_cancel_has_that_hint_too() -> None:
    def build() -> None:
        class M(Machine[Data], name="m", version=1):
            on_cancel: Any = State(initial=True)
            undo = on_cancel(on_cancel)

    with pytest.raises(TypeError, match=r"hides statehold's on_cancel\(\): rename it"):
        build()


def test_a_machine_with_such_a_state_is_written_with_the_module() -> None:
    class M(Machine[Data], name="m", version=1):
        off = State(initial=True)
        on = State()
        toggle = statehold.on(Go, off >> on)

    assert Harness(M, {}).send(Go()).state == ["on"]


def test_a_state_is_no_function() -> None:
    def build() -> None:
        class M(Machine[Data], name="m", version=1):
            a: Any = State(initial=True)
            go = on(Go, a, when=a)
            stop = on(Stop, a, do=go)  # type: ignore[call-overload]

    with pytest.raises(DefinitionError) as found:
        build()
    assert [p.hint for p in found.value.problems] == ["give it a function", "give it a function"]
    state: Any = State()
    with pytest.raises(TypeError, match="leave the parentheses out"):
        state()


# --- the end of a compound by one of its states ---


class Ends(Machine[Data], name="ends", version=1):
    class form(Compound, initial=True):
        one = State(initial=True)
        failed = Final()
        lost = Final()
        good = Final(output=lambda data: 7)
        fail = on(Fail, one >> failed)
        lose = on(Go, one >> lost)
        finish = on(Stop, one >> good)

    rejected = Final()
    accepted = Final()
    reject = on_done((form.failed | form.lost) >> rejected)
    accept = on_done(form >> accepted, do=lambda data, event: data.log.append(str(event.output)))


def test_on_done_of_a_final_state_is_the_end_by_that_one() -> None:
    assert [(t.id, t.source, [(g.name, g.kind) for g in t.guards]) for t in
            Ends.chart.transitions[3:]] == [
        ("reject[form.failed]", "form", [("form.failed", "in")]),
        ("reject[form.lost]", "form", [("form.lost", "in")]),
        ("accept", "form", []),
    ]  # fmt: skip
    assert Harness(Ends, {}).send(Fail()).state == ["rejected"]
    assert Harness(Ends, {}).send(Go()).state == ["rejected"]
    done = Harness(Ends, {}).send(Stop())
    assert done.state == ["accepted"]
    assert done.data.log == ["7"]


def test_the_end_of_the_machine_is_taken_by_nothing() -> None:
    def build() -> None:
        class M(Machine[Data], name="m", version=1):
            a = State(initial=True)
            b = Final()
            go = on(Go, a >> b)
            done = on_done(b >> a)

    assert "starts from the machine itself" in refused(build)


# --- children of one machine ---


class Kid(Machine[Data], name="kid", version=1):
    a = State(initial=True)
    b = Final(output=lambda data: 3)
    go = on(Go, a >> b)


left = child(Kid, id="left", input=lambda data: Data(got=1))
right = child(Kid, id="right", input=lambda data: Data(got=2))


class Parent(Machine[Data], name="parent", version=1):
    both = State(initial=True, invoke=(left, right))
    over = Final()
    left_done = on_result(left, both, into="got", do=note)
    right_failed = on_failure(right, both >> over)
    any_done = on_result(Kid, both >> over)


def test_two_children_of_a_machine_in_one_state() -> None:
    assert [(i.id, i.name) for i in Parent.chart.states[1].invokes] == [
        ("both/left", "kid"),
        ("both/right", "kid"),
    ]
    assert [t.trigger.events for t in Parent.chart.transitions] == [
        ("done.invoke.both/left",),
        ("error.invoke.both/right",),
        ("done.invoke.both/left", "done.invoke.both/right"),
    ]
    instance = Harness(Parent, {})
    assert [asked.data for asked in instance.running] == [Data(got=1), Data(got=2)]
    instance.succeed_child(left, 5)
    assert (instance.state, instance.data.got) == (["both"], 5)
    assert instance.succeed_child(right, 6).state == ["over"]
    assert Harness(Parent, {}).fail_child(right).state == ["over"]


def test_children_that_are_not_told_apart_are_refused_with_a_hint() -> None:
    def build() -> None:
        class M(Machine[Data], name="m", version=1):
            a = State(initial=True, invoke=(child(Kid), child(Kid)))
            done = on_result(Kid, a)

    found = refused(build)
    assert "invokes two children as 'a/kid'" in found
    assert 'child(Kid, id="left")' in found


@pytest.mark.parametrize("id", ["", "a b", "a/b", "a.b", 5, "a" * 65, "1"])
def test_ids_of_children_are_words(id: Any) -> None:
    def build() -> None:
        class M(Machine[Data], name="m", version=1):
            a = State(initial=True, invoke=child(Kid, id=id))

    assert "a child's id is" in refused(build)


def test_a_rule_names_a_child_that_its_source_invokes() -> None:
    def build() -> None:
        class M(Machine[Data], name="m", version=1):
            a = State(initial=True, invoke=left)
            b = State(invoke=right)
            done = on_result(right, a >> b)

    assert "no state in or around a asks for kid" in refused(build)


def test_one_child_may_stand_in_several_states() -> None:
    class M(Machine[Data], name="m", version=1):
        a = State(initial=True, invoke=left)
        b = State(invoke=(left, right))
        done = on_result(left, anywhere, into="got")

    assert M.chart.transitions[0].trigger.events == ("done.invoke.a/left", "done.invoke.b/left")


# --- results into fields ---


@dataclasses.dataclass
class Plain:
    got: int = 0


@dataclasses.dataclass(frozen=True)
class Frozen:
    got: int = 0
    other: str = "x"


class FrozenModel(BaseModel, frozen=True):
    got: int | None = None


class Typed(TypedDict):
    got: int


class Named(NamedTuple):
    got: int = 0


class Aliased(BaseModel):
    got: float = 0.0


@pytest.mark.parametrize(
    ("data", "input"),
    [
        (Data, {}),
        (Aliased, {}),
        (Plain, {}),
        (Frozen, {}),
        (FrozenModel, {}),
        (Typed, {"got": 0}),
        (Named, [0]),
        (dict[str, int], {}),
        (dict[str, Any], {}),
        (dict, {}),
    ],
)
def test_a_result_becomes_a_field_of_any_type_of_data(data: Any, input: Any) -> None:
    @effect
    async def fetch(data: Any) -> int:
        return 1

    class M(Machine[data], name="m", version=1):
        a = State(initial=True, invoke=fetch)
        b = Final()
        done = on_result(fetch, a >> b, into="got")

    action = M.chart.transitions[0].actions[0][0]
    assert (action.kind, action.name) == ("run", "got = result")
    instance = Harness(M, input)
    before = instance.data
    after_ = instance.succeed(fetch, 5).data
    assert (after_["got"] if isinstance(after_, dict) else after_.got) == 5
    # the data that an instance had is not changed
    assert before != after_


def test_the_field_is_set_before_the_actions_run() -> None:
    def double(data: Data, event: Result[int]) -> None:
        assert data.got is not None
        data.got *= 2

    class M(Machine[Data], name="m", version=1):
        a = State(initial=True, invoke=ask)
        b = Final()
        done = on_result(ask, a >> b, into="got", do=double)

    assert Harness(M, {}).succeed(ask, 5).data.got == 10


@effect
async def fetch_text(data: Data) -> str:
    return ""


@effect
async def fetch_maybe(data: Data) -> int | str | None:
    return ""


@effect
async def fetch_anything(data: Data):  # type: ignore[no-untyped-def]
    return ""


@pytest.mark.parametrize(
    ("what", "into", "expected"),
    [
        (ask, "goot", "the data has no field 'goot'; its fields are got, log"),
        (ask, "log", "into names log, which is list[str], and it gets int"),
        (fetch_text, "got", "which is int | None, and it gets str"),
        (fetch_maybe, "got", "it gets int | str | None"),
        (fetch_anything, "got", "what it gets has no type; annotate what the effect gives: -> int"),
        (ask, 5, "into is 5; name a field"),
        (ask, "got.x", "no field 'got.x'"),
        (ask, "__class__", "no field '__class__'"),
    ],
)
def test_a_field_and_its_type_are_checked(what: Any, into: Any, expected: str) -> None:
    def build() -> None:
        class M(Machine[Data], name="m", version=1):
            a = State(initial=True, invoke=what)
            b = Final()
            done = on_result(what, a >> b, into=into)

    assert expected in refused(build)


@dataclasses.dataclass(frozen=True)
class Counted:
    n: int = 0
    got: int = dataclasses.field(default=0, init=False)


def test_a_frozen_field_that_is_never_given_takes_no_result() -> None:
    @effect
    async def fetch(data: Counted) -> int:
        return 1

    def build() -> None:
        class M(Machine[Counted], name="m", version=1):
            a = State(initial=True, invoke=fetch)
            b = Final()
            done = on_result(fetch, a >> b, into="got")

    assert "no field 'got'; its fields are n" in refused(build)


@pytest.mark.parametrize("data", [None, list[int], int])
def test_data_without_fields_has_none_for_a_result(data: Any) -> None:
    @effect
    async def fetch(data: Any) -> int:
        return 1

    def build() -> None:
        class M(Machine[data], name="m", version=1):
            a = State(initial=True, invoke=fetch)
            b = Final()
            done = on_result(fetch, a >> b, into="got")

    assert "set it in an action" in refused(build)


def test_the_output_of_a_child_is_taken_for_the_type_of_the_field() -> None:
    class Model(BaseModel):
        n: int

    class Holder(BaseModel):
        model: Model | None = None

    class Untyped(Machine[Data], name="untyped", version=1):
        a = State(initial=True)
        b = Final(output=lambda data: Model(n=1))
        go = on(Go, a >> b)

    class M(Machine[Holder], name="m", version=1):
        a = State(initial=True, invoke=child(Untyped))
        b = Final()
        done = on_result(Untyped, a >> b, into="model")

    assert Harness(M, {}).succeed_child(Untyped, {"n": 4}).data.model == Model(n=4)


# --- at every transition ---


def touch(data: Data, event: object, context: Context) -> None:
    data.log.append(context.now.isoformat())


def test_do_of_the_machine_is_done_at_every_transition_after_its_own_actions() -> None:
    class M(Machine[Data], name="m", version=1):
        a = State(initial=True)

        class b(Compound):
            one = State(initial=True)
            two = Final()
            go = on(Go, one >> two, do=note)

        c = Final()
        go = on(Go, a >> b)
        stay = on(Stop, a, do=note)
        done = on_done(b >> c)
        lapse = after(minutes(1), a >> c)

        do = (touch, ask)

    for transition in M.chart.transitions:
        assert [(a.name, a.kind) for a in transition.actions[0]][-2:] == [
            ("touch", "run"),
            ("ask", "effect"),
        ]
    first = begin(M, Data(), NOW)
    assert first.snapshot.data.log == []
    stayed = take(M, first.snapshot, Stop(), NOW)
    assert stayed.snapshot.data.log == ["Stop", NOW.isoformat()]
    assert [c.effect for c in stayed.commands] == ["ask"]  # type: ignore[union-attr]


def test_do_of_the_machine_may_be_a_function_of_its_body() -> None:
    class M(Machine[Data], name="m", version=1):
        a = State(initial=True)
        go = on(Go, a)

        @staticmethod
        def do(data: Data) -> None:
            data.log.append("done")

    class N(Machine[Data], name="n", version=1):
        a = State(initial=True)
        go = on(Go, a)
        result = on_result(ask, a, into="got")
        do = ask

    assert Harness(M, {}).send(Go()).data.log == ["done"]
    assert Harness(N, {}).send(Go()).succeed(ask, 4).data.got == 4


def test_do_of_the_machine_takes_every_event() -> None:
    def build() -> None:
        class M(Machine[Data], name="m", version=1):
            a = State(initial=True)
            go = on(Go, a)
            lapse = after(minutes(1), a, do=touch)
            do = of_go

    found = refused(build)
    assert found.startswith("M.do: ")
    assert "takes the event Go, but the transition's is TimerFired" in found


def test_only_a_machine_has_a_do() -> None:
    def build() -> None:
        class M(Machine[Data], name="m", version=1):
            class a(Compound, initial=True):
                b = State(initial=True)
                do = touch

    assert "M.a.do: is done at every transition of a machine" in refused(build)


def test_no_state_is_called_do() -> None:
    def build() -> None:
        class M(Machine[Data], name="m", version=1):
            do: Any = State(initial=True)  # type: ignore[misc]

    assert "'do' has a meaning of its own here" in refused(build)
