"""A reply shows the instance at one step; what costs something is computed when it is read."""

from __future__ import annotations

import dataclasses

import pytest
from msgspec.structs import replace

from statehold.errors import InstanceUnreadable
from statehold.instance.earlier_reply import earlier_reply
from statehold.instance.journal import Origin
from statehold.instance.loaded import load
from statehold.instance.reply import InstanceReply
from statehold.records import Caller
from tests.unit.instance.samples import Note, Parcel, ParcelFlow, Ship, begun, json_of, send


def test_a_reply_has_the_fields_of_its_instance() -> None:
    reply = begun(Parcel(weight=3)).reply()
    assert (reply.machine, reply.id, reply.version, reply.seq) == ("parcel", "p-1", 1, 1)
    assert (reply.status, reply.state, reply.tags) == ("running", ["desk.open"], ["waiting"])
    assert (reply.owners, reply.output, reply.held) == (["clerk"], None, False)
    assert reply.view == Parcel(weight=3)
    assert "Weigh" in reply.allowed


def test_a_reply_stays_as_it_was_when_the_instance_goes_on() -> None:
    draft = begun()
    reply = draft.reply()
    send(draft, Note(text="x"))
    assert (reply.seq, reply.view.notes) == (1, [])
    assert (draft.reply().seq, draft.reply().view.notes) == (2, ["x"])


def test_its_view_is_a_copy() -> None:
    draft = begun()
    draft.reply().view.notes.append("not by a step")
    assert draft.reply().view.notes == []


def test_its_json_is_that_of_the_reply_over_http() -> None:
    draft = begun(Parcel(weight=3))
    send(draft, Ship())
    reply = draft.reply()
    assert reply.wire().model_dump() == {
        "machine": "parcel", "id": "p-1", "version": 1, "seq": 2, "status": "done",
        "state": ["shipped"], "view": {"weight": 3, "notes": [], "label": None}, "tags": [],
        "owners": [], "allowed": [], "output": {"weight": 3}, "held": False,
    }  # fmt: skip
    assert json_of(reply.json()) == reply.wire().model_dump()


def test_an_instance_of_a_version_that_does_not_run_here_shows_its_data_as_json() -> None:
    row = replace(begun(Parcel(weight=3)).write()[0].row, version=9)
    reply = InstanceReply(load(ParcelFlow.definition, row).instance)
    assert reply.view == {"weight": 3, "notes": [], "label": None}
    assert (reply.version, reply.allowed) == (9, [])


def test_what_it_allows_is_that_of_its_upgrade() -> None:
    draft = begun()
    row = replace(draft.write()[0].row, version=9)
    instance = load(ParcelFlow.definition, row).instance
    assert InstanceReply(instance, ahead=draft.instance.snapshot).allowed == draft.reply().allowed


def test_a_view_that_raises_makes_the_instance_unreadable() -> None:
    def broken(parcel: Parcel) -> object:
        raise LookupError("no view")

    definition = dataclasses.replace(ParcelFlow.definition, view=broken)
    reply = InstanceReply(replace(begun().instance, definition=definition))
    with pytest.raises(InstanceUnreadable, match="no view"):
        reply.view  # noqa: B018 - it is computed here
    with pytest.raises(InstanceUnreadable, match="no view"):
        reply.json()


def test_the_reply_of_a_turn_is_made_once() -> None:
    draft = begun()
    send(draft, Note(text="x"), key="k-1")
    assert draft.reply() is draft.reply()
    assert draft.reply(Caller("ann", frozenset({"clerk"}))) is not draft.reply()
    draft.note(Origin("retry"))
    assert draft.reply().instance is draft.instance


def test_an_earlier_reply_is_repeated_word_for_word() -> None:
    draft = begun(Parcel(weight=3))
    send(draft, Ship())
    first = draft.reply()
    again = earlier_reply(first.json())
    assert again.json() == first.json()
    assert again.wire() == first.wire()
    assert (again.seq, again.state, again.output) == (2, ["shipped"], {"weight": 3})
    assert again.view == {"weight": 3, "notes": [], "label": None}


def test_an_earlier_reply_shows_its_view_as_the_type_that_it_had() -> None:
    draft = begun(Parcel(weight=3))
    first = draft.reply()
    assert earlier_reply(first.json(), ParcelFlow.definition).view == first.view
    # what another version has shown, and the view of a role, are of no type of this one
    chart = replace(ParcelFlow.definition.chart, version=9)
    later = dataclasses.replace(ParcelFlow.definition, chart=chart)
    assert earlier_reply(first.json(), later).view == first.wire().view
    odd = first.json().replace(b'"weight":3', b'"weight":"heavy"')
    assert earlier_reply(odd, ParcelFlow.definition).view["weight"] == "heavy"
