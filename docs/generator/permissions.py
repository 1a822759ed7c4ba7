"""Who may do what, as a table: every action by every kind of caller, decided by the policy."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Literal, NamedTuple

from msgspec.structs import replace
from pydantic import BaseModel

from docs.generator.markdown import code, table
from docs.generator.site_map import ROOT
from statehold.chart.access import Access, Right, ServerAccess, index, machine, role
from statehold.chart.event import Event
from statehold.define import Final, Machine, State, on
from statehold.errors import Forbidden
from statehold.instance.authorize import (
    is_permitted,
    may_some,
    permits,
    permitted_unstated,
    refuse_internal,
)
from statehold.instance.disclosure import uses
from statehold.instance.messages import machine_caller
from statehold.instance.senders import has_role_for, roles_of_event
from statehold.instance.state import InstanceState, not_started
from statehold.records import ANYONE, Caller, Ref


class Order(BaseModel):
    customer: str = "ann"


class Pay(Event):
    """Anyone's who may send."""


class Approve(Event):
    """Support's, by the chart."""


class Settle(Event):
    """An instance's of the machine billing, by the chart."""


class Failed(Event, internal=True):
    """An instance's, of any machine."""


class OrderFlow(Machine[Order], name="order", version=1):
    """The machine that the table is about; every right is stated but ``put``."""

    access = Access(
        start="customer",
        read=index("customer") | role("support"),
        inspect="ops",
        act="ops",
        upgrade="ops",
        erase="ops",
    )
    indexes = ("customer",)
    open = State(initial=True)
    over = Final()
    pay = on(Pay, open)
    approve = on(Approve, open, by="support")
    settle = on(Settle, open, by=machine("billing"))
    failed = on(Failed, open >> over)


ORDER = OrderFlow.definition
#: the server that lets the callers in
SERVER = ServerAccess(unstated=Access(put="deployer"), audit=role("ops"), metrics=role("ops"))


def _caller(name: str, *roles: str, machines: tuple[str, ...] | None = None) -> Caller:
    return Caller(name, frozenset(roles), machines=machines, proved=True, server=SERVER)


#: the kinds of callers; None: one that gives no credentials
KINDS: dict[str, Caller | None] = {
    "no credentials": None,
    "no roles": _caller("eve"),
    "customer, own": _caller("ann", "customer"),
    "customer, another's": _caller("bob", "customer"),
    "support": _caller("sam", "support"),
    "ops": _caller("olga", "ops"),
    "deployer": _caller("dan", "deployer"),
    "another machine's token": _caller(
        "eli", "customer", "support", "ops", "deployer", machines=("parcel",)
    ),
    "message": machine_caller("billing"),
    "the program": ANYONE,
}

#: permitted, refused, permitted with a reply that shows nothing of the instance, permitted for
#: those instances of a list that are the caller's own, permitted with nothing to show, and what
#: messages do not do
Cell = Literal["yes", "no", "401", "blind", "own", "nothing", "-"]

_WORDS: dict[Cell, str] = {
    "yes": "yes",
    "no": "no",
    "401": "401",
    "blind": "yes, unseen",
    "own": "its own",
    "nothing": "nothing",
    "-": "",
}


class Action(NamedTuple):
    """``names`` are routes and methods of the engine. ``needs`` is said to readers."""

    names: tuple[str, ...]
    needs: str
    cell: Callable[[Caller], Cell]


def order_of_ann() -> InstanceState:
    """The instance that is acted on."""
    empty = not_started(Ref("order", "o-1"), ORDER, datetime(2026, 1, 1, tzinfo=UTC))
    return replace(empty, indexes={"customer": "ann"})


def _on_it(right: Right) -> Callable[[Caller], Cell]:
    return lambda caller: _yes(is_permitted(caller, right, ORDER, order_of_ann()))


def _on_all(right: Right) -> Callable[[Caller], Cell]:
    return lambda caller: _yes(is_permitted(caller, right, ORDER))


def _in_list(right: Right) -> Callable[[Caller], Cell]:
    def cell(caller: Caller) -> Cell:
        if is_permitted(caller, right, ORDER):
            return "yes"
        return "own" if may_some(caller, right, ORDER) else "no"

    return cell


def _event(name: str) -> Callable[[Caller], Cell]:
    def cell(caller: Caller) -> Cell:
        own = order_of_ann()
        try:
            refuse_internal(caller, ORDER, name)
        except Forbidden:
            return "no"
        if caller == KINDS["message"]:
            # the chart alone says what it may send
            asked = roles_of_event(ORDER, name)
            return _yes(asked is None or has_role_for(caller, name, ORDER))
        if roles_of_event(ORDER, name) is not None:
            may = has_role_for(caller, name, ORDER)
        else:
            may = is_permitted(caller, "send", ORDER, own)
        if not may:
            return "no"
        return "yes" if is_permitted(caller, "read", ORDER, own) else "blind"

    return cell


def _start(caller: Caller) -> Cell:
    if not is_permitted(caller, "start", ORDER, order_of_ann()):
        return "no"
    return "yes" if is_permitted(caller, "read", ORDER, order_of_ann()) else "blind"


def _document(caller: Caller) -> Cell:
    return _yes(is_permitted(caller, "put", ORDER) or is_permitted(caller, "inspect", ORDER))


def _of_server(what: Literal["audit", "metrics"]) -> Callable[[Caller], Cell]:
    def cell(caller: Caller) -> Cell:
        return _yes(caller.roles is None or permits(getattr(SERVER, what), caller))

    return cell


def _yes(permitted: bool) -> Cell:
    return "yes" if permitted else "no"


#: what only the engine has stands beside the routes that do the same
ACTIONS: tuple[Action, ...] = (
    Action(("start",), "`start`", _start),
    Action(("send", "send_many"), "`send`, for an event without `by`", _event("Pay")),
    Action(("send", "send_many"), 'for one with `by="support"`, that role', _event("Approve")),
    Action(("send", "send_many"), 'for one with `by=machine("billing")`, that', _event("Settle")),
    Action(("send", "send_many"), "for an internal one, an instance", _event("Failed")),
    Action(("read", "stream", "watch_view"), "`read`", _on_it("read")),
    Action(("list",), "`read`, of some", _in_list("read")),
    Action(("journal", "at", "explain", "watch"), "`inspect`", _on_it("inspect")),
    Action(
        ("incidents",),
        "nothing; shows what `inspect` is there for",
        lambda caller: "yes" if may_some(caller, "inspect", ORDER) else "nothing",
    ),
    Action(
        ("machine", "diagram", "machine_detail", "chart"),
        "any right on the machine",
        lambda caller: _yes(uses(caller, ORDER)),
    ),
    Action(
        ("machines", "search", "machine_list"),
        "nothing; shows what there are rights on",
        lambda caller: "yes" if uses(caller, ORDER) else "nothing",
    ),
    Action(
        ("stream_machines", "watch_machines"),
        "`read`, of all of some machine",
        _on_all("read"),
    ),
    Action(("flows", "stream_machine", "watch_machine"), "`read`, of all", _on_all("read")),
    Action(("document",), "`inspect`, of all, or `put`", _document),
    Action(
        (
            "pause", "resume", "cancel", "repair", "retry", "skip", "resolve", "fire_timer",
            "cancel_timer", "reschedule_timer", "retry_effect", "skip_effect", "resolve_effect",
        ),
        "`act`",
        _on_it("act"),
    ),
    Action(("upgrade",), "`upgrade`", _on_it("upgrade")),
    Action(("upgrade_all",), "`upgrade`, of all", _on_all("upgrade")),
    Action(("put",), "`put`", _on_all("put")),
    Action(
        ("put",),
        "`put`, of the server, for a new machine",
        lambda caller: _yes(permitted_unstated(caller, "put", "novel")),
    ),
    Action(("purge",), "`erase`, of all", _on_all("erase")),
    Action(("audit",), "`audit`, of the server", _of_server("audit")),
    Action(("metrics",), "`metrics`, of the server", _of_server("metrics")),
    Action(("me",), "nothing", lambda caller: "yes"),
)  # fmt: skip


def cell(action: Action, kind: str) -> Cell:
    """What becomes of the action for this kind of caller."""
    caller = KINDS[kind]
    if caller is None:
        return "401"
    if kind == "message" and action.names[0] != "send":
        return "-"
    return action.cell(caller)


def page() -> str:
    """The table, a row for each action and a column for each kind of caller."""
    return table(
        ["action", "needs", *KINDS],
        (
            [
                ", ".join(map(code, action.names)),
                action.needs,
                *(_WORDS[cell(action, kind)] for kind in KINDS),
            ]
            for action in ACTIONS
        ),
    )


def names() -> set[str]:
    """All routes and methods that the table has."""
    return {name for action in ACTIONS for name in action.names}


def expected(name: str, kind: str, event: str = "Pay") -> Any:
    """The cell of a route or method; of ``send``, for this event."""
    found = [action for action in ACTIONS if name in action.names]
    number = ("Pay", "Approve", "Settle", "Failed").index(event) if name.startswith("send") else 0
    return cell(found[number], kind)


if __name__ == "__main__":
    guide = ROOT / "docs" / "guides" / "security.md"
    text = guide.read_text(encoding="utf-8")
    part = re.compile(r"(?<=<!-- generated: permissions -->\n).*?(?=<!-- end -->)", re.DOTALL)
    guide.write_text(part.sub(lambda _: page(), text, count=1), encoding="utf-8")
