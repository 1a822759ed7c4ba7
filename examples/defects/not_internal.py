"""An event that a child sends, and that any caller may send too: a payment that never failed."""

from __future__ import annotations

from statehold import Context, Event, Final, Machine, State, child, on, on_failure, on_result


class Refused(Event): ...


class PaymentFailed(Event): ...


class Declined(Event, internal=True): ...


def report(data: None, event: Refused, context: Context) -> None:
    context.send_parent(PaymentFailed())
    context.send_parent(Declined())


class Payment(Machine[None, Refused], name="payment", version=1):
    asking = State(initial=True)
    over = Final()

    refuse = on(Refused, asking >> over, do=report, by="bank")


class Order(Machine[None, PaymentFailed], name="not-internal", version=1):
    paying = State(initial=True, invoke=child(Payment))
    over = Final()

    failed = on(PaymentFailed, paying >> over)
    paid = on_result(Payment, paying >> over)
    cancelled = on_failure(Payment, paying >> over)


class Mended(Machine[None, Declined], name="not-internal-mended", version=1):
    paying = State(initial=True, invoke=child(Payment))
    over = Final()

    failed = on(Declined, paying >> over)
    paid = on_result(Payment, paying >> over)
    cancelled = on_failure(Payment, paying >> over)
