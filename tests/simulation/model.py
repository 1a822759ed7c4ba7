"""What a ledger does, said once more without the engine: the model that its callers' log is held
against."""

from __future__ import annotations

from typing import NamedTuple


class Action(NamedTuple):
    """``name``: start, read, put, take, shut or reopen. ``expected_seq`` 0: none was named."""

    name: str
    n: int = 0
    expected_seq: int = 0


class Seen(NamedTuple):
    """What an answer shows of a ledger."""

    seq: int
    state: str
    balance: int


class Refusal(NamedTuple):
    """The name of the error."""

    error: str


Ledger = Seen | None


class LedgerModel:
    """Each action, given the ledger before it, comes to one result."""

    initial: Ledger = None

    def apply(self, ledger: Ledger, action: Action) -> tuple[Ledger, Seen | Refusal]:
        name, n, expected_seq = action
        if name == "start":
            if ledger is not None:
                return ledger, Refusal("InstanceExists")
            return _both(Seen(1, "open", 0))
        if ledger is None:
            return ledger, Refusal("UnknownInstance")
        if name == "read":
            return ledger, ledger
        seq, state, balance = ledger
        if expected_seq not in (0, seq):
            return ledger, Refusal("StaleSeq")
        if name == "put" and state == "open":
            return _both(Seen(seq + 1, state, balance + n))
        if name == "take" and state == "open" and balance >= n:
            return _both(Seen(seq + 1, state, balance - n))
        if name == "shut" and state == "open":
            return _both(Seen(seq + 1, "shut", balance))
        if name == "reopen" and state == "shut":
            return _both(Seen(seq + 1, "open", balance))
        return ledger, Refusal("NotAllowed")

    def reads(self, action: Action) -> bool:
        return action.name == "read"


def _both(after: Seen) -> tuple[Seen, Seen]:
    return after, after
