"""Who may do what: what a machine states, what it leaves to the server, and for which instances."""

from __future__ import annotations

from dataclasses import replace as with_
from datetime import UTC, datetime
from typing import Any

import pytest
from msgspec.structs import replace

from statehold.chart.access import (
    CLOSED,
    OWN_USER,
    RIGHTS,
    Access,
    Right,
    anyone,
    index,
    nobody,
    role,
    when,
)
from statehold.chart.machine import Definition
from statehold.define import Machine, State
from statehold.errors import Forbidden
from statehold.instance.authorize import (
    authorize,
    covers,
    is_permitted,
    may_some,
    named_indexes,
    owned,
)
from statehold.instance.state import InstanceState, not_started
from statehold.interpreter.step import start
from statehold.records import ANYONE, Caller, Ref

_AT = datetime(2026, 1, 1, tzinfo=UTC)


class _Order(Machine[dict[str, Any]], name="order", version=1):
    indexes = ("customer", "team")
    open = State(initial=True)


def _machine(**rights: Any) -> Definition[Any]:
    return with_(_Order.definition, access=Access(**rights))


def _instance(definition: Definition[Any], **data: Any) -> InstanceState:
    snapshot = start(definition, data, _AT).snapshot
    empty = not_started(Ref("order", "o-1"), definition, _AT)
    return replace(empty, snapshot=snapshot, indexes={k: str(v) for k, v in data.items()})


def _caller(name: str = "", *roles: str, **more: Any) -> Caller:
    return Caller(name, frozenset(roles), **{"server": CLOSED, **more})


@pytest.mark.parametrize("right", RIGHTS)
def test_a_server_permits_nothing_that_a_machine_does_not_state(right: Right) -> None:
    machine = _machine()
    caller = _caller("ann", "ops", "admin")
    assert not is_permitted(caller, right, machine)
    assert not is_permitted(caller, right, machine, _instance(machine, customer="ann"))


@pytest.mark.parametrize("right", RIGHTS)
def test_the_programs_own_code_may_do_everything(right: Right) -> None:
    authorize(ANYONE, right, _machine(**dict.fromkeys(RIGHTS, nobody)))


@pytest.mark.parametrize("right", RIGHTS)
def test_a_role_permits_what_it_is_stated_for_and_nothing_else(right: Right) -> None:
    machine = _machine(**{right: "ops"})
    permitted = {other for other in RIGHTS if is_permitted(_caller("ann", "ops"), other, machine)}
    besides = {"read": {"send"}, "inspect": {"read"}}
    assert permitted == {right} | besides.get(right, set())
    with pytest.raises(Forbidden, match="'ann' \\(roles: support\\) may not"):
        authorize(_caller("ann", "support"), right, machine)


def test_an_index_permits_the_instances_that_are_the_callers_or_its_teams() -> None:
    machine = _machine(read=index("customer") | index("team", of="teams"))
    anns = _instance(machine, customer="ann", team="east")
    assert is_permitted(_caller("ann"), "read", machine, anns)
    assert not is_permitted(_caller("bob"), "read", machine, anns)
    assert is_permitted(_caller("bob", teams=frozenset({"east"})), "read", machine, anns)
    assert not is_permitted(_caller("east"), "read", machine, anns)
    assert not is_permitted(_caller("ann"), "read", machine)


def test_a_caller_without_a_name_owns_nothing() -> None:
    machine = _machine(read=index("customer"))
    assert not is_permitted(_caller(""), "read", machine, _instance(machine, customer=""))
    assert owned(_caller(""), "read", machine) == frozenset()


def test_lists_are_of_all_instances_of_none_or_of_those_with_one_of_some_values() -> None:
    machine = _machine(read=index("customer") | index("team") | role("support"))
    assert owned(_caller("ann", "support"), "read", machine) is None
    mine = frozenset({("customer", "ann"), ("team", "ann")})
    assert owned(_caller("ann"), "read", machine) == mine
    east = frozenset({("customer", "east"), ("team", "east")})
    assert owned(_caller("ann", teams=frozenset({"east"})), "read", machine) == mine | east
    assert owned(_caller("ann"), "inspect", machine) == frozenset()
    assert owned(ANYONE, "read", machine) is None


def test_a_condition_reads_the_data_and_the_caller() -> None:
    machine = _machine(send=when(lambda data, caller: data["customer"] == caller.name))
    anns = _instance(machine, customer="ann")
    assert is_permitted(_caller("ann"), "send", machine, anns)
    assert not is_permitted(_caller("bob"), "send", machine, anns)
    assert not is_permitted(_caller("ann"), "send", machine)
    assert not is_permitted(_caller("ann"), "send", machine, replace(anns, snapshot=None))


def test_a_condition_that_raises_permits_nothing_and_its_error_is_for_the_log_alone() -> None:
    machine = _machine(send=when(lambda data, caller: data["missing"]))
    with pytest.raises(Forbidden) as caught:
        authorize(_caller("ann"), "send", machine, _instance(machine, customer="ann"))
    assert isinstance(caught.value.__cause__, KeyError)
    with pytest.raises(Forbidden) as elsewhere:
        authorize(_caller("ann"), "send", machine)
    assert str(caught.value) == str(elsewhere.value)


def test_a_condition_that_raises_keeps_no_other_grant_from_holding() -> None:
    machine = _machine(send=when(lambda data, caller: data["missing"]) | role("ops"))
    authorize(_caller("bob", "ops"), "send", machine, _instance(machine, customer="ann"))


def test_only_true_permits_and_not_what_python_takes_for_true() -> None:
    machine = _machine(send=when(lambda data, caller: "no"))
    assert not is_permitted(_caller("ann"), "send", machine, _instance(machine, customer="ann"))


def test_the_machines_own_user_may_do_what_is_left_out_but_no_acts_by_hand() -> None:
    caller = _caller("", server=OWN_USER)
    permitted = {right for right in RIGHTS if is_permitted(caller, right, _machine())}
    assert permitted == {"start", "read", "inspect", "send"}
    assert not is_permitted(caller, "read", _machine(read="support"))


def test_a_caller_that_came_through_no_server_has_what_a_machine_leaves_out() -> None:
    caller = Caller("ann", frozenset())
    assert is_permitted(caller, "act", _machine(read="support"))
    assert not is_permitted(caller, "read", _machine(read="support"))


def test_a_caller_limited_to_some_machines_has_no_right_on_others() -> None:
    machine = _machine(read=anyone)
    assert is_permitted(_caller("ann", machines=("order",)), "read", machine)
    assert not is_permitted(_caller("ann", machines=("orders", "shop.*")), "read", machine)
    assert owned(_caller("ann", machines=()), "read", machine) == frozenset()
    assert covers(("shop.*",), "shop.cart")
    assert not covers(("shop.*",), "shop")


def test_a_text_is_a_role_and_a_function_a_condition() -> None:
    stated = Access(start="customer", send=lambda data, caller: True, act="ops" | role("lead"))
    assert stated.grant("start") == role("customer")
    assert stated.grant("act") == role("ops") | "lead"
    with pytest.raises(TypeError, match="7 grants nothing"):
        Access(read=7)  # type: ignore[arg-type]


def test_who_may_inspect_by_what_the_machine_states_may_read() -> None:
    machine = _machine(read=index("customer"), inspect=role("ops") | index("team"))
    anns = _instance(machine, customer="ann", team="east")
    assert is_permitted(_caller("bob", "ops"), "read", machine, anns)
    assert owned(_caller("bob", "ops"), "read", machine) is None
    easts = _caller("bob", teams=frozenset({"east"}))
    assert is_permitted(easts, "read", machine, anns)
    assert owned(easts, "read", machine) == frozenset({
        ("customer", "bob"), ("customer", "east"), ("team", "bob"), ("team", "east"),
    })  # fmt: skip


def test_a_servers_grant_to_inspect_holds_for_readers_where_the_machine_states_these() -> None:
    machine = _machine(read=index("customer"))
    anns = _instance(machine, customer="ann")
    ann, bob = _caller("ann", server=OWN_USER), _caller("bob", server=OWN_USER)
    assert is_permitted(ann, "inspect", machine, anns)
    assert not is_permitted(bob, "inspect", machine, anns)
    assert owned(bob, "inspect", machine) == frozenset({("customer", "bob")})
    assert not is_permitted(Caller("bob", frozenset()), "inspect", machine, anns)


def test_what_a_grant_names_does_not_depend_on_the_caller() -> None:
    machine = _machine(read=role("support") | index("customer") | index("team", of="teams"))
    assert named_indexes(_caller(), "read", machine) == {"customer", "team"}
    assert named_indexes(_caller(), "inspect", machine) == frozenset()


def test_a_condition_may_hold_for_some_instance() -> None:
    machine = _machine(start=when(lambda data, caller: False), act=nobody)
    assert may_some(_caller(), "start", machine)
    assert not may_some(_caller(machines=("other",)), "start", machine)
    assert not may_some(_caller(), "act", machine)


def test_a_condition_that_changes_the_data_changes_a_copy() -> None:
    def greedy(data: dict[str, Any], caller: Caller) -> bool:
        data["customer"] = caller.name
        data["tags"].append("seen")
        return bool(data["customer"] == caller.name)

    definition = _machine(send=when(greedy))
    instance = _instance(definition, customer="ann", tags=[])
    authorize(_caller("eve"), "send", definition, instance)
    assert instance.snapshot is not None
    assert instance.snapshot.data == {"customer": "ann", "tags": []}


@pytest.mark.parametrize("of", ["caller", "teams", "either"])
def test_no_name_and_no_team_is_nobody_and_owns_no_instance_without_an_owner(of: Any) -> None:
    definition = _machine(read=index("customer", of=of))
    nobodys = _instance(definition, customer="")
    blank = _caller("", teams=frozenset({""}))
    assert not is_permitted(blank, "read", definition, nobodys)
    assert owned(blank, "read", definition) == frozenset()


@pytest.mark.parametrize(
    ("right", "option"),
    [
        ("act", "serve --act-role ROLE"),
        ("upgrade", "serve --act-role ROLE"),
        ("put", "serve --put"),
    ],
)
def test_a_server_that_permits_an_act_to_nobody_says_how_it_would(
    right: Right, option: str
) -> None:
    def words(machine: Definition[Any], caller: Caller, instance: InstanceState | None) -> str:
        with pytest.raises(Forbidden) as refused:
            authorize(caller, right, machine, instance)
        return str(refused.value)

    own = _caller("ada", server=OWN_USER)
    said = words(_machine(), own, None)
    assert option in said
    # of the machine, and of whether there is an instance, it says nothing
    stated = _machine(**{right: role("ops")})
    assert words(stated, own, None) == said
    assert words(stated, own, _instance(stated, customer="ann")) == said
    # one that permits it to somebody does not say to whom
    server = replace(OWN_USER, unstated=Access(**{right: "boss"}))
    assert words(stated, _caller("ada", server=server), None) == said.split(";")[0]
