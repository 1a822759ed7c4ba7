"""What an engine, a simulation and a harness make of values that JSON has no form for."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Callable
from dataclasses import InitVar, dataclass, field
from pathlib import Path
from typing import Annotated, Any

import pytest
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PlainSerializer,
    PrivateAttr,
    SecretStr,
    computed_field,
)
from pydantic.alias_generators import to_camel

from statehold import (
    Call,
    Engine,
    Event,
    Final,
    Machine,
    State,
    child,
    effect,
    on,
    on_failure,
    on_result,
)
from statehold.chart.payload import event_json
from statehold.errors import ActionFailed, DefinitionError, InvalidPayload
from statehold.testing import Harness
from tests.round_trip.shapes import Card, Order, Taxed, TaxedOnce

pytestmark = pytest.mark.anyio

NAN, INFINITY = float("nan"), float("inf")


class Go(Event):
    pass


class Paid(Event):
    model_config = ConfigDict(alias_generator=to_camel)
    amount_cents: int

    @computed_field  # type: ignore[prop-decorator]
    @property
    def euros(self) -> float:
        return self.amount_cents / 100


class Measured(Event):
    value: float | None


class Ratio(BaseModel):
    r: float | None = 0.0
    seen: list[str] = []


class Last(BaseModel):
    last: deque[int] = deque()


@dataclass
class Sum:
    a: int = 0
    total: int = field(init=False, default=7)


class Cached(BaseModel):
    n: int = 0
    _seen: list[int] = PrivateAttr(default_factory=list)


class Loose(BaseModel):
    anything: Any = None


def machine_with(data: Any, action: Callable[[Any], Any]) -> Any:
    class Acting(Machine[data], name="acting", version=1):
        resting = State(initial=True)
        go = on(Go, resting, do=action)

    return Acting


def left(name: str, value: Any) -> Callable[[Any], None]:
    return lambda data: setattr(data, name, value)


LOST: list[tuple[Any, Callable[[Any], Any], str]] = [
    (Ratio, left("r", NAN), "r"),
    (Ratio, left("r", 2**53 + 1), "r"),
    (Order, left("payment", Card(amount=1)), "payment"),
    (Order, lambda data: data.payments.append(Card(amount=1)), "payments.0"),
    (Order, lambda data: data.by_name.update(ann=Card(amount=1)), "by_name.ann"),
    (Last, left("last", deque([1], maxlen=2)), "last"),
    (Sum, left("total", 99), "total"),
    (Sum, left("other", 1), "other"),
    (Cached, lambda data: data._seen.append(1), "_seen"),
    (Loose, left("anything", (1, 2)), "anything"),
    (Loose, left("anything", {"a": [INFINITY]}), "anything.a.0"),
    (Loose, left("anything", "\ud800"), "anything"),
    (Loose, left("anything", 10**5000), "anything"),
]


@pytest.mark.parametrize(("data", "action", "place"), LOST)
async def test_what_would_be_lost_is_refused_by_the_name_of_its_field(
    data: Any, action: Callable[[Any], Any], place: str
) -> None:
    machine = machine_with(data, action)
    async with Engine("memory:", [machine]) as engine:
        before = await engine.start(machine, "x", {})
        with pytest.raises(InvalidPayload) as caught:
            await engine.send(machine, "x", Go())
        assert list(caught.value.fields) == [place]
        after = await engine.read(machine, "x")
        assert (after.seq, after.json()) == (1, before.json())
    harness = Harness(machine)
    with pytest.raises(InvalidPayload) as again:
        harness.send(Go())
    assert again.value.fields == caught.value.fields


Written = Annotated[
    SecretStr, PlainSerializer(lambda secret: secret.get_secret_value(), when_used="json")
]


class WithSecret(BaseModel):
    inner: list[SecretStr | None] = []


class WithHidden(BaseModel):
    note: str = Field(default="", exclude=True)


@dataclass
class WithInit:
    n: int
    seed: InitVar[int]


class WrittenSecret(BaseModel):
    token: Written


@pytest.mark.parametrize(
    ("data", "place"), [(WithSecret, "inner"), (WithHidden, "note"), (WithInit, "seed")]
)
async def test_a_field_that_can_not_come_back_refuses_the_class(data: Any, place: str) -> None:
    with pytest.raises(DefinitionError, match=f"the data: {place} is"):
        machine_with(data, lambda data: None)

    class Given(Event):
        value: data

    with pytest.raises(DefinitionError, match=rf"event Given: value\.{place} is"):

        class Taking(Machine[Ratio], name="taking", version=1):
            resting = State(initial=True)
            given = on(Given, resting)

    async def work(ratio: Ratio) -> None:
        pass

    work.__annotations__["return"] = data
    with pytest.raises(DefinitionError, match=f"the result of work: {place} is"):

        class Working(Machine[Ratio], name="working", version=1):
            resting = State(initial=True, invoke=effect(work))


async def test_a_secret_with_a_serializer_comes_back() -> None:
    machine = machine_with(WrittenSecret, lambda data: None)
    async with Engine("memory:", [machine]) as engine:
        await engine.start(machine, "x", {"token": "hunter2"})
        answer = await engine.send(machine, "x", Go())
        assert answer.view.token.get_secret_value() == "hunter2"


async def test_a_validator_runs_once_where_it_heeds_that_a_value_is_stored(tmp_path: Path) -> None:
    heedless = machine_with(Taxed, lambda data: None)
    heedful = machine_with(TaxedOnce, lambda data: setattr(data, "net", data.net + 1))
    async with Engine("memory:", [heedless]) as engine:
        with pytest.raises(InvalidPayload) as caught:
            await engine.start(heedless, "x", {"net": 1})
        assert list(caught.value.fields) == ["net"]
    for steps in range(2):
        async with Engine(f"sqlite:///{tmp_path}/x.db", [heedful]) as engine:
            if not steps:
                await engine.start(heedful, "x", {"net": 1})
            assert (await engine.send(heedful, "x", Go())).view.net == 3 + steps


# --- outputs, views, results ---------------------------------------------------------------------


def mean(data: Ratio) -> Any:
    return {"mean": [NAN]}


class Report(Machine[Ratio], name="report", version=1):
    open = State(initial=True)
    closed = Final(output=mean)
    close = on(Go, open >> closed)


class Viewed(Machine[Ratio], name="viewed", version=1):
    resting = State(initial=True)
    go = on(Go, resting, do=left("r", 1.0))

    def view(data: Ratio) -> Any:  # type: ignore[misc]
        return {"mean": NAN if data.r else 0.0}


async def refused(machine: Any) -> ActionFailed:
    async with Engine("memory:", [machine]) as engine:
        await engine.start(machine, "x", {})
        with pytest.raises(ActionFailed) as caught:
            await engine.send(machine, "x", Go(), key="k")
        assert (await engine.read(machine, "x")).seq == 1
    with pytest.raises(ActionFailed) as again:
        Harness(machine).send(Go())
    assert str(again.value) == str(caught.value)
    return caught.value


async def test_an_output_that_is_no_json_drops_the_step() -> None:
    error = await refused(Report)
    assert error.action == "output"
    assert "mean.0: nan has no form in JSON" in str(error)


async def test_a_view_that_is_no_json_drops_the_step() -> None:
    error = await refused(Viewed)
    assert error.action == "view"
    assert "mean: nan has no form in JSON" in str(error)


@effect(attempts=1)
async def measure(data: Ratio, call: Call) -> float:
    return INFINITY


@effect(attempts=1)
async def weigh(data: Ratio, call: Call):  # type: ignore[no-untyped-def]
    return {"weights": [1.0, NAN]}


@effect(attempts=1)
async def cards(data: Ratio, call: Call) -> Order:
    return Order(payment=Card(amount=1))


@pytest.mark.parametrize(
    ("work", "place"), [(measure, ""), (weigh, "weights.1: "), (cards, "payment: ")]
)
async def test_a_result_that_is_no_json_is_a_failed_attempt(
    work: Any, place: str, tmp_path: Path
) -> None:
    class Measuring(Machine[Ratio], name="measuring", version=1):
        working = State(initial=True, invoke=work)
        done = State()
        worked = on_result(work, working >> done)

    for opening in range(2):
        async with Engine(f"sqlite:///{tmp_path}/x.db", [Measuring]) as engine:
            if not opening:
                await engine.start(Measuring, "x")
            async with asyncio.timeout(10):
                async for line in engine.watch(Measuring, "x", after=-1):
                    if line.kind == "incident":
                        break
            (incident,) = (await engine.incidents()).incidents
            assert f"the result of {work.name} is not valid: {place}" in (incident.error or "")
            assert (await engine.journal(Measuring, "x")).entries


async def test_a_result_by_hand_that_would_be_lost_is_refused() -> None:
    @effect(attempts=1)
    async def failing(data: Ratio, call: Call) -> float | None:
        raise ValueError("no")

    class Measuring(Machine[Ratio], name="measuring", version=1):
        working = State(initial=True, invoke=failing)
        done = State()
        worked = on_result(failing, working >> done)

    async with Engine("memory:", [Measuring]) as engine:
        await engine.start(Measuring, "x")
        async with asyncio.timeout(10):
            async for line in engine.watch(Measuring, "x", after=-1):
                if line.kind == "incident":
                    break
        (incident,) = (await engine.incidents()).incidents
        with pytest.raises(InvalidPayload, match="read back as None, not nan"):
            await engine.resolve(incident.id, NAN)
        assert (await engine.resolve(incident.id, 2.0)).state == ["done"]


# --- events --------------------------------------------------------------------------------------


async def test_an_event_is_the_same_running_held_and_sent() -> None:
    heard: list[Any] = []

    def hear(data: Ratio, event: Paid) -> None:
        heard.append((event, event.euros))

    def relay(data: Ratio, event: Go, context: Any) -> None:
        context.send(None, None, Paid(amountCents=500))  # type: ignore[call-arg]
        context.emit(Paid(amountCents=500))  # type: ignore[call-arg]

    class Taking(Machine[Ratio], name="taking", version=1):
        resting = State(initial=True)
        paid = on(Paid, resting, do=hear)
        go = on(Go, resting, do=relay)

    async with Engine("memory:", [Taking]) as engine:
        await engine.start(Taking, "x")
        await engine.send(Taking, "x", {"type": "Paid", "amountCents": 500})
        await engine.pause(Taking, "x")
        await engine.send(Taking, "x", b'{"type": "Paid", "amountCents": 500}')
        await engine.resume(Taking, "x")
        await engine.send(Taking, "x", Go())
        async with asyncio.timeout(10):
            async for line in engine.watch(Taking, "x", after=-1):
                if line.emitted:
                    # what is shown has its computed fields
                    assert line.emitted == [{"type": "Paid", "amountCents": 500, "euros": 5.0}]
                if line.cause:
                    break
        assert len(heard) == 3
        assert {(str(event), euros) for event, euros in heard} == {
            ("amount_cents=500 euros=5.0", 5.0)
        }


async def test_an_event_that_would_arrive_as_another_is_refused_where_it_comes_from() -> None:
    def relay(data: Ratio, event: Go, context: Any) -> None:
        context.send(None, None, Measured(value=NAN))

    class Taking(Machine[Ratio], name="taking", version=1):
        resting = State(initial=True)
        measured = on(Measured, resting)
        go = on(Go, resting, do=relay)

    async with Engine("memory:", [Taking]) as engine:
        await engine.start(Taking, "x")
        await engine.pause(Taking, "x")
        for event in (Measured(value=NAN), Measured.model_construct(value="text")):
            with pytest.raises(InvalidPayload) as caught:
                await engine.send(Taking, "x", event)
            assert list(caught.value.fields) == ["value"]
        await engine.resume(Taking, "x")
        with pytest.raises(InvalidPayload) as sent:
            await engine.send(Taking, "x", Go())
        assert list(sent.value.fields) == ["value"]
        assert (await engine.read(Taking, "x")).seq == 3
    with pytest.raises(InvalidPayload) as again:
        Harness(Taking).send(Go())
    assert again.value.fields == sent.value.fields


async def test_a_child_is_not_started_with_what_it_would_not_read() -> None:
    class Inner(Machine[Order], name="inner", version=1):
        resting = State(initial=True)

    def start_with_card(data: Loose) -> Order:
        return Order(payment=Card(amount=1))

    class Carded(Machine[Loose], name="carded", version=1):
        resting = State(initial=True)
        waiting = State(invoke=child(Inner, input=start_with_card))
        go = on(Go, resting >> waiting)
        lost = on_failure(Inner, waiting >> resting)

    async with Engine("memory:", [Carded]) as engine:
        await engine.start(Carded, "x")
        with pytest.raises(InvalidPayload) as caught:
            await engine.send(Carded, "x", Go())
        assert list(caught.value.fields) == ["payment"]
    with pytest.raises(InvalidPayload) as again:
        Harness(Carded).send(Go())
    assert again.value.fields == caught.value.fields


# --- what is shown -------------------------------------------------------------------------------


class Priced(BaseModel):
    model_config = ConfigDict(extra="forbid", alias_generator=to_camel)
    unit_price: int = 0
    count: int = 1

    @computed_field  # type: ignore[prop-decorator]
    @property
    def mean(self) -> float:
        return self.unit_price / self.count if self.count else NAN


async def test_computed_fields_are_shown_and_not_stored() -> None:
    machine = machine_with(Priced, left("count", 0))
    async with Engine("memory:", [machine]) as engine:
        answer = await engine.start(machine, "x", {"unitPrice": 3})
        assert json.loads(answer.json())["view"] == {"unitPrice": 3, "count": 1, "mean": 3.0}
        first = await engine.at(machine, "x", 1)
        assert first.data == {"unitPrice": 3, "count": 1}
        with pytest.raises(ActionFailed, match="mean: nan has no form in JSON"):
            await engine.send(machine, "x", Go())
        assert (await engine.read(machine, "x")).view == Priced(unitPrice=3)  # type: ignore[call-arg]


def test_an_event_goes_over_the_wire_without_its_computed_fields() -> None:
    event = Paid(amountCents=500)  # type: ignore[call-arg]
    assert event_json(event) == {"type": "Paid", "amountCents": 500}
