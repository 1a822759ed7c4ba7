"""An instance is stored in a row and read back equal; of a damaged one the readable parts are."""

from __future__ import annotations

import sqlite3
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace

from statehold.errors import InstanceUnreadable
from statehold.instance.attempts import Attempt
from statehold.instance.draft import Draft
from statehold.instance.journal import Origin
from statehold.instance.loaded import load, load_remains
from statehold.instance.state import InstanceState
from statehold.instance.stored import COUNT_LIMIT, is_whole, row_of
from statehold.records import Parent, Ref, Row
from tests.acceptance.kept import machines as kept
from tests.unit.instance.samples import (
    NOW,
    Inspect,
    Note,
    Parcel,
    ParcelFlow,
    Post,
    Print,
    Ship,
    begun,
    send,
)

DEFINITION = ParcelFlow.definition
PARENT = Parent(Ref("case", "c-1"), "2.1", "checking")
#: written by an earlier release
KEPT = Path(kept.__file__).parent / "d0b6975.sqlite"


def row(draft: Draft) -> Row:
    return draft.write()[0].row


def waiting() -> Draft:
    return begun(Parcel(weight=3), parent=PARENT)


def printing() -> Draft:
    draft = begun()
    send(draft, Print())
    send(draft, Note(text="its data is no longer that of the effect"))
    return draft


def inspecting() -> Draft:
    draft = begun()
    send(draft, Inspect())
    return draft


def failing() -> Draft:
    draft = begun()
    incident = Attempt(0, kind="timer").raise_incident(NOW, 5, "it broke", "lapse")
    draft.set_attempt("timer:lapse", incident)
    return draft


def paused() -> Draft:
    draft = begun()
    draft.mark("paused", Origin("pause"))
    draft.note(Origin("retry"))
    return draft


def done() -> Draft:
    draft = begun()
    send(draft, Ship())
    return draft


def cancelled() -> Draft:
    draft = printing()
    draft.mark("cancelled", Origin("cancel"))
    return draft


def sender() -> Draft:
    draft = begun()
    send(draft, Post(to="p-2", seconds=60))
    return draft


IMPOSSIBLE_PARENT = (
    b'{"data":{},"parent":{"ref":{"machine":"\\u0000","id":""},"key":"","invoke":""}}'
)

MADE = (waiting, printing, inspecting, failing, paused, done, cancelled, sender)


@pytest.mark.parametrize("make", MADE)
def test_an_instance_is_read_back_equal(make: object) -> None:
    assert callable(make)
    draft: Draft = make()
    loaded = load(DEFINITION, row(draft))
    assert as_compared(loaded.instance) == as_compared(draft.instance)


@pytest.mark.parametrize("make", MADE)
def test_what_is_read_is_written_as_it_was(make: object) -> None:
    assert callable(make)
    draft: Draft = make()
    before = row(draft)
    assert row_of(load(DEFINITION, before).instance, before.rev) == before


@pytest.mark.parametrize("make", MADE)
def test_an_instance_of_another_version_is_written_as_it_was(make: object) -> None:
    assert callable(make)
    draft: Draft = make()
    before = replace(row(draft), version=7)
    instance = load(DEFINITION, before).instance
    assert instance.snapshot is None
    assert row_of(instance, before.rev) == before


def test_the_deadline_of_an_instance_stays_in_its_row_whatever_its_version() -> None:
    stored = row(waiting())
    assert stored.deadline == NOW + timedelta(days=2)
    old = load(DEFINITION, replace(stored, version=7)).instance
    assert row_of(old, 2).deadline == stored.deadline


def as_compared(instance: InstanceState) -> dict[str, object]:
    """Fields of an instance; a configuration is equal to none but itself."""
    fields = msgspec.structs.asdict(instance)
    snapshot = instance.snapshot
    if snapshot is not None:
        fields["snapshot"] = {
            **msgspec.structs.asdict(snapshot), "configuration": snapshot.configuration.active,
        }  # fmt: skip
    return fields


def test_documents_that_an_earlier_release_wrote_are_written_alike() -> None:
    """Byte for byte: workers of both may share a database while a release is deployed."""
    machines = {one.name: one for one in (kept.Shop.definition, kept.Inspecting.definition)}
    machines |= {"route": kept.RouteV1.definition, "bell": kept.BELL}
    database = sqlite3.connect(f"file:{KEPT}?mode=ro&immutable=1", uri=True)
    query = (
        "SELECT c.machine, c.version, c.status, c.state, c.tags, c.owners, i.id, i.seq, i.document "
        "FROM instances AS i JOIN configurations AS c ON c.number = i.configuration"
    )
    found = database.execute(query).fetchall()
    database.close()
    assert len(found) == 16
    for machine, version, status, state, tags, owners, id, seq, document in found:
        leaves, tags, owners = (tuple(msgspec.json.decode(one)) for one in (state, tags, owners))
        stored = Row(
            machine=machine, id=id, version=version, seq=seq, rev=1, status=status, state=leaves,
            tags=tags, owners=owners, indexes={}, created_at=NOW, since=NOW, changed_at=NOW,
            wake_at=None, held_by=(), incidents=0, deadline=None, document=document,
        )  # fmt: skip
        instance = load(machines[machine], stored).instance
        assert instance.snapshot is not None
        assert row_of(instance, 1).document == document


def test_a_row_that_is_marked_as_damaged_can_not_be_read() -> None:
    damaged = replace(row(begun()), damage="its status is no text")
    with pytest.raises(InstanceUnreadable, match="its status is no text"):
        load(DEFINITION, damaged)


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"rev": COUNT_LIMIT}, "no count of steps"),
        ({"rev": 0}, "no count of steps"),
        ({"seq": -1}, "no count of steps"),
        ({"state": ("nowhere",)}, "'nowhere'"),
        ({"state": ()}, "no state"),
        ({"document": b"{"}, "truncated"),
        ({"document": b'{"data":{"weight":"much"}}'}, "weight"),
        ({"document": b'{"data":{},"parts":-1}'}, "-1 is no number of notes"),
        ({"document": IMPOSSIBLE_PARENT}, "no instance that there can be"),
        ({"document": b'{"data":"\xff"}'}, "utf-8"),
    ],
)  # fmt: skip
def test_what_no_release_writes_can_not_be_read(fields: dict[str, object], why: str) -> None:
    with pytest.raises(InstanceUnreadable, match=why):
        load(DEFINITION, replace(row(begun()), **fields))


def test_data_that_no_longer_fits_is_shown_where_the_instance_is_over() -> None:
    over = replace(row(done()), document=b'{"data":{"weight":"much"},"output":{"weight":1}}')
    instance = load(DEFINITION, over).instance
    assert instance.snapshot is None
    assert (instance.data, instance.output) == (b'{"weight":"much"}', b'{"weight":1}')


def test_of_a_damaged_document_each_part_that_can_be_read_is_kept() -> None:
    document = (
        b'{"data":{"weight":2},"tries":{"2.1":{"child":{"machine":"\\u0000","id":""}}},"parts":"x"}'
    )
    assert not is_whole(document)
    damaged = replace(row(begun()), document=document, seq=99)
    instance = load_remains(DEFINITION, damaged, (4, 2)).instance
    assert (instance.seq, instance.part) == (4, 2)
    assert (instance.data, instance.attempts) == (b'{"weight":2}', {})
    assert instance.snapshot is None


def test_of_what_is_no_document_an_empty_one_is_left() -> None:
    damaged = replace(row(begun()), document=b"[")
    assert load_remains(DEFINITION, damaged, (1, 0)).instance.data == b"null"


def test_when_a_state_was_entered_is_not_known_where_no_release_has_stored_it() -> None:
    old = replace(row(begun()), document=b'{"data":{"weight":2}}')
    instance = load(DEFINITION, old).instance
    assert instance.entered == {"desk": None, "desk.open": None}
