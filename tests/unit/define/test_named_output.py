"""``Machine[Data, Events, Input, Output]``: the class names the type of what its final states
give, for the machines that run it as a child."""

from __future__ import annotations

from typing import Any, Never

import pytest
from pydantic import BaseModel

import statehold
from statehold import DefinitionError, Machine, Result, State, child, on_result

# what a final state gives is chosen at run time here
Final: Any = statehold.Final


class Bill(BaseModel):
    cents: int = 0


class Receipt(BaseModel):
    number: str


class Refusal(BaseModel):
    why: str


def receipt_of(bill: Bill) -> Receipt:
    return Receipt(number=str(bill.cents))


def refusal_of(bill: Bill) -> Refusal:
    return Refusal(why="no")


def either_of(bill: Bill) -> Receipt | Refusal:
    return receipt_of(bill)


def bill_of(refusal: Refusal) -> Bill:
    return Bill()


def unannotated(bill: Bill):  # type: ignore[no-untyped-def]
    return receipt_of(bill)


def made(*parameters: Any, finals: dict[str, Any]) -> Any:
    generic: Any = Machine
    base = generic[parameters]

    class Payment(base, name="payment", version=1):  # type: ignore[misc, valid-type, call-arg]
        waiting = State(initial=True)
        input = bill_of if len(parameters) > 2 and parameters[2] is Refusal else None
        for name, output in finals.items():
            vars()[name] = Final(output=output)

    return Payment


def problem(*parameters: Any, finals: dict[str, Any]) -> tuple[str, str]:
    with pytest.raises(DefinitionError) as caught:
        made(*parameters, finals=finals)
    (found,) = caught.value.problems
    return found.message, found.hint


@pytest.mark.parametrize(
    ("output", "finals"),
    [
        (Receipt, {"paid": receipt_of}),
        (Receipt | Refusal, {"paid": receipt_of, "refused": refusal_of}),
        (Receipt | Refusal, {"over": either_of}),
        (Receipt | Refusal, {"paid": receipt_of}),
        (Receipt | None, {"paid": receipt_of, "refused": None}),
        (type(None), {"over": None}),
        (BaseModel, {"paid": receipt_of}),
        (Receipt, {"paid": unannotated}),
        (Receipt, {}),
    ],
)
def test_the_named_type_is_that_of_the_output(output: Any, finals: dict[str, Any]) -> None:
    machine = made(Bill, Never, Bill, output, finals=finals)
    assert machine.definition.output_type == output


@pytest.mark.parametrize("parameters", [(Bill,), (Bill, Never, Bill), (Bill, Never, Bill, Any)])
def test_without_a_name_it_is_what_the_functions_are_annotated_with(
    parameters: tuple[Any, ...],
) -> None:
    machine = made(*parameters, finals={"paid": receipt_of, "refused": None})
    assert machine.definition.output_type == Receipt | None


def test_a_final_state_that_gives_another_type_is_refused_and_named() -> None:
    message, hint = problem(
        Bill, Never, Bill, Receipt, finals={"paid": receipt_of, "refused": refusal_of}
    )
    assert message == (
        "its fourth parameter says that its output is Receipt, but refused gives Refusal"
    )
    assert hint == "write Machine[Bill, Never, Bill, Receipt | Refusal], or give another output="


def test_a_final_state_that_gives_nothing_is_refused_where_nothing_is_not_named() -> None:
    message, hint = problem(
        Bill, Never, Bill, Receipt, finals={"paid": receipt_of, "refused": None}
    )
    assert message.endswith("but refused gives None")
    assert "Machine[Bill, Never, Bill, Receipt | None]" in hint


def test_a_union_of_which_one_member_is_not_named_is_refused() -> None:
    message, _ = problem(Bill, Never, Bill, Receipt, finals={"over": either_of})
    assert message.endswith("but over gives Refusal")


def test_the_line_to_write_has_the_parameters_that_were_given() -> None:
    _, hint = problem(Bill, Any, Refusal, Receipt, finals={"over": refusal_of})
    assert "Machine[Bill, Any, Refusal, Receipt | Refusal]" in hint


def note(bill: Bill, event: Result[Receipt]) -> None:
    bill.cents = len(event.value.number)


def note_refusal(bill: Bill, event: Result[Refusal]) -> None:
    bill.cents = len(event.value.why)


def test_a_parent_takes_the_output_for_that_type_alone() -> None:
    kid = made(Bill, Never, Bill, Receipt, finals={"paid": unannotated})

    class Parent(Machine[Bill], name="parent", version=1):
        one = State(initial=True, invoke=child(kid))
        two: Any = Final()
        done = on_result(kid, one >> two, do=note)

    assert Parent.definition.child_outputs == {"payment": Receipt}
    with pytest.raises(DefinitionError, match=r"Result\[Receipt\]"):

        class Wrong(Machine[Bill], name="wrong", version=1):
            one = State(initial=True, invoke=child(kid))
            two: Any = Final()
            done = on_result(kid, one >> two, do=note_refusal)
