"""Uses whose functions and effects see a part of the data, and rules around them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from pydantic import BaseModel

import statehold
from statehold import (
    Compound,
    Context,
    DefinitionError,
    Event,
    Final,
    Machine,
    Parallel,
    Result,
    State,
    active,
    anywhere,
    child,
    effect,
    on,
    on_done,
    on_failure,
    on_result,
    parameter,
)
from statehold.testing import Harness
from tests.unit.define.checks import (
    Check,
    Judge,
    Listing,
    ListingFlow,
    Question,
    resolve_domain,
)
from tests.unit.define.used import (
    Counter,
    FrozenModel,
    FrozenOuter,
    Go,
    Inner,
    Named,
    OpenOuter,
    Stop,
    Typed,
    machine_with,
    problems_of,
)

# --- data= -----------------------------------------------------------------------------------


def test_functions_and_effects_of_a_use_see_its_part_of_the_data() -> None:
    harness = Harness(ListingFlow, Listing())
    assert harness.run(ListingFlow.checking.domain.ask) is True
    assert harness.data.domain == Question(subject="example.org", answer=True, by="machine")
    assert harness.data.phone.answer is None
    harness.fail(ListingFlow.checking.phone.ask)
    harness.assert_state(ListingFlow.checking.phone.unclear, ListingFlow.checking.domain.yes)
    harness.refuses(Judge(subject="911", answer=True), roles=["support"])
    harness.refuses(Judge(subject="112", answer=True), roles=["ops"])
    harness.send(Judge(subject="112", answer=False), roles=["support"])
    assert harness.data.phone == Question(subject="112", answer=False, by="person")
    harness.assert_done()
    assert harness.state == ["listed"]


def test_what_a_narrowed_use_has_is_named_by_its_path() -> None:
    definition = ListingFlow.definition
    assert set(definition.effects) == {
        "checking.domain.resolve_domain",
        "checking.phone.call_back",
    }
    assert ListingFlow.checking.domain.ask.name == "checking.domain.resolve_domain"
    assert ListingFlow.checking.domain.ask.retry.attempts == 3
    assert resolve_domain.name == "resolve_domain"
    assert "checking.phone.is_yes" in definition.functions
    assert "is_yes" not in definition.functions
    assert (
        definition.chart.to_json()
        == type(definition.chart).from_json(definition.chart.to_json()).to_json()
    )


def test_a_rule_outside_takes_the_outcome_of_the_effect_of_a_use() -> None:
    class M(Machine[Listing], name="m", version=1):
        domain = Check(ask=resolve_domain, data="domain", initial=True)
        lost = Final()
        found = on_result(domain.ask, domain.asking >> lost)
        give_up = on_failure(domain.ask, domain >> lost)
        end = on_done(domain >> lost)

    triggers = {t.id: t.trigger.events for t in M.chart.transitions}
    invoke = "domain.asking/domain.resolve_domain"
    assert triggers["give_up"] == (f"error.invoke.{invoke}",)
    assert triggers["domain.answer"] == triggers["found"] == (f"done.invoke.{invoke}",)


def test_the_plain_effect_is_another_one_than_that_of_the_use() -> None:
    with pytest.raises(DefinitionError, match=r"an effect of its own, domain\.resolve_domain"):

        class M(Machine[Listing], name="m", version=1):
            domain = Check(ask=resolve_domain, data="domain", initial=True)
            lost = Final()
            give_up = on_failure(resolve_domain, domain >> lost)


@pytest.mark.parametrize(
    "start",
    [FrozenOuter(), OpenOuter(), FrozenModel(), Typed(part=Inner()), Named()],
    ids=lambda start: type(start).__name__,
)
def test_a_field_of_any_kind_of_data_can_be_the_part(start: Any) -> None:
    kind: Any = Typed if isinstance(start, dict) else type(start)

    class M(Machine[kind], name="m", version=1):
        counter = Counter(data="part", initial=True)
        end = Final()
        finish = on_done(counter >> end)

    harness = Harness(M, start)
    harness.send(Go(n=2)).send(Go(n=3))
    part = harness.data["part"] if isinstance(harness.data, dict) else harness.data.part
    assert part == Inner(5)
    harness.refuses(Go(n=1))
    due = harness.next_due
    assert due is not None
    assert (due - harness.now) == timedelta(seconds=10)
    harness.jump()
    harness.assert_done()


def read_pair(data: dict[str, int]) -> Inner:
    return Inner(data.get("a", 0))


def put_pair(data: dict[str, int], part: Inner) -> None:
    data["a"] = part.n


def put_new(data: dict[str, int], part: Inner) -> dict[str, int]:
    return data | {"a": part.n}


@pytest.mark.parametrize("put", [put_pair, put_new])
def test_two_functions_can_find_the_part_and_put_it_back(put: Any) -> None:
    class M(Machine[dict[str, int]], name="m", version=1):
        counter = Counter(data=(read_pair, put), initial=True)
        end = Final()
        finish = on_done(counter >> end)

    harness = Harness(M, {"b": 1})
    harness.send(Go(n=2))
    assert harness.data == {"a": 2, "b": 1}


class Pair(BaseModel):
    left: FrozenOuter = FrozenOuter()
    right: OpenOuter = OpenOuter()


class Holder(Compound):
    """A use inside of a use: each narrows what the one around it sees."""

    goer: type[Event] = parameter(default=Stop)
    field: str = parameter(default="part")

    counter = Counter(data=field, initial=True)
    over = Final()
    finish = on_done(counter >> over)
    skip = on(goer, counter.counting >> counter.over)


def test_uses_inside_of_uses_narrow_further() -> None:
    class M(Machine[Pair], name="m", version=1):
        class both(Parallel, initial=True):
            left = Holder(data="left")
            right = Holder(data="right", goer=Go)

        end = Final()
        finish = on_done(both >> end)

    assert "both.left.counter.more" in M.definition.functions
    harness = Harness(M, Pair())
    harness.send(Go(n=2))
    assert harness.data == Pair(left=FrozenOuter(Inner(2)), right=OpenOuter(Inner(2)))
    harness.send(Stop())
    harness.assert_state(M.both.left.over)


class InPlace(Compound):
    """Its action changes the part that it is given."""

    counting = State(initial=True)
    add = on(Go, counting, do=lambda part, event: part.__setitem__("n", event.n))


def test_a_part_of_a_part_is_put_back_where_it_was_changed_in_place() -> None:
    def read(data: dict[str, Any]) -> dict[str, Any]:
        return {"box": dict(data["n"])}

    def put(data: dict[str, Any], part: dict[str, Any]) -> None:
        data["n"] = part["box"]

    class Kept(Compound):
        inner = InPlace(data="box", initial=True)

    class M(Machine[dict[str, Any]], name="m", version=1):
        outer = Kept(data=(read, put), initial=True)

    harness = Harness(M, {"n": {}})
    harness.send(Go(n=7))
    assert harness.data == {"n": {"n": 7}}


def test_an_action_that_gives_a_coroutine_is_refused_as_elsewhere() -> None:
    async def later() -> None: ...

    def sly(part: Inner) -> Any:
        return later()

    class Sly(Compound):
        counting = State(initial=True)
        add = on(Go, counting, do=sly)

    class M(Machine[FrozenOuter], name="m", version=1):
        counter = Sly(data="part", initial=True)

    with pytest.raises(statehold.ActionFailed, match="coroutine"):
        Harness(M, FrozenOuter()).send(Go())


def test_the_context_and_children_work_in_a_narrowed_use() -> None:
    class Kid(Machine[Inner], name="kid", version=1):
        end = Final(initial=True, output=lambda inner: inner.n)

    def ask_again(part: Inner, event: Result[int], context: Context) -> Inner:
        context.raise_(Stop())
        return Inner(part.n + event.value)

    class Raising(Compound):
        kid: type[Machine[Inner]] = parameter()
        waiting = State(initial=True, invoke=child(kid, input=lambda part: part))
        raised = State()
        over = Final()
        add = on_result(kid, waiting >> raised, do=ask_again)
        stop = on(Stop, raised >> over)

    class M(Machine[FrozenOuter], name="m", version=1):
        part = Raising(kid=Kid, data="part", initial=True)
        end = Final()
        finish = on_done(part >> end)

    harness = Harness(M, FrozenOuter(Inner(4)))
    assert harness.assert_running(Kid).data == Inner(4)
    harness.succeed_child(Kid, 3)
    assert harness.data == FrozenOuter(Inner(7))
    harness.assert_done()


# --- every rule inside and around uses ---------------------------------------------------


class Error(Exception):
    pass


def note_either(part: Inner, event: Go | Stop) -> Inner:
    return Inner(100)


@effect
async def priced(part: Inner) -> int:
    return part.n + 1


class Everything(Compound):
    """Rules of every kind, in a body that another one stands in."""

    events: tuple[type[Go], type[Stop]] = parameter(default=(Go, Stop))

    lost = Final()
    good = Final()

    class inner(Compound, initial=True):
        one = State(initial=True, invoke=priced)
        two = State()
        out = on(Go, two >> (lambda: Everything.lost), when=active(lambda: Everything.inner))
        give_up = on(Stop, anywhere >> two)

    paid = on_result(priced, inner.one >> inner.two, into="n")
    dear = on_failure(priced, inner >> lost, error=Error)
    either = on(events, anywhere >> good, do=note_either)


class Around(Machine[FrozenOuter], name="around", version=1):
    part = Everything(data="part", initial=True)
    listed = Final()
    refused = Final()
    refuse = on_done(part.lost >> refused)
    list_it = on_done(part.good >> listed)


def test_every_rule_stands_in_a_use_as_in_any_body() -> None:
    harness = Harness(Around, FrozenOuter(Inner(4)))
    assert harness.run(priced_of(Around)) == 5
    assert harness.data == FrozenOuter(Inner(5))
    harness.assert_state(Around.part.inner.two)
    harness.send(Go())
    assert harness.state == ["refused"]
    again = Harness(Around, FrozenOuter(Inner(4)))
    again.send(Stop())
    again.assert_state(Around.part.inner.two)
    rows = {t.id: (t.source, t.targets, t.trigger.events) for t in Around.chart.transitions}
    assert rows["part.inner.out"] == ("part.inner.two", ("part.lost",), ("Go",))
    assert rows["part.inner.give_up"][:2] == ("part.inner", ("part.inner.two",))
    assert rows["part.either"] == ("part", ("part.good",), ("Go", "Stop"))
    assert rows["refuse"][0] == "part"


def priced_of(machine: Any) -> Any:
    (found,) = machine.definition.effects.values()
    return found


def test_the_field_of_into_is_one_of_the_part() -> None:
    class Wrong(Compound):
        one = State(initial=True, invoke=priced)
        paid = on_result(priced, one, into="part")

    def build() -> Any:
        class M(Machine[FrozenOuter], name="m", version=1):
            wrong = Wrong(data="part", initial=True)

    assert "the data has no field 'part' (its fields are n)" in problems_of(build)[0]


def test_a_rule_from_anywhere_without_a_name_is_reported_in_the_use() -> None:
    class Lossy(Compound):
        a = State(initial=True)
        on(Go, anywhere >> a)

    found = problems_of(machine_with(check=lambda: Lossy()))
    assert any("a transition from check has no name" in problem for problem in found), found


def test_children_by_id_work_in_uses() -> None:
    class Kid(Machine[Inner], name="kid", version=1):
        end = Final(initial=True, output=lambda inner: inner.n)

    def note_left(part: Inner, event: Result[int]) -> Inner:
        return Inner(event.value)

    class Two(Compound):
        left = child(Kid, id="left", input=lambda part: part)
        waiting = State(initial=True, invoke=(left, child(Kid, id="right")))
        over = Final()
        got = on_result(left, waiting >> over, do=note_left)

    class M(Machine[FrozenOuter], name="m", version=1):
        part = Two(data="part", initial=True)
        end = Final()
        late = on_failure(part.left, part >> end)
        finish = on_done(part >> end)

    rows = {t.id: t.trigger.events for t in M.chart.transitions}
    assert rows["part.got"] == ("done.invoke.part.waiting/left",)
    assert rows["late"] == ("error.invoke.part.waiting/left",)


def test_a_part_that_may_be_missing_can_be_narrowed_further() -> None:
    class Maybe(BaseModel):
        outer: OpenOuter | None = None

    class Holding(Compound):
        counter = Counter(data="part", initial=True)

    class M(Machine[Maybe], name="m", version=1):
        holding = Holding(data="outer", initial=True)

    harness = Harness(M, Maybe(outer=OpenOuter()))
    harness.send(Go(n=2))
    assert harness.data == Maybe(outer=OpenOuter(Inner(2)))
