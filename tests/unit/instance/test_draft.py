"""What a draft does to an instance, and what it has written."""

from __future__ import annotations

from datetime import timedelta

import pytest
from msgspec.structs import replace

from statehold import TooLarge
from statehold.chart.event import Result
from statehold.instance.attempts import Attempt
from statehold.instance.draft import Draft
from statehold.instance.journal import CHECKPOINT, Origin
from statehold.instance.limits import InstanceLimits
from statehold.instance.outcomes import LastFailure
from statehold.interpreter.snapshot import Step
from statehold.interpreter.step import settle, step
from statehold.records import Caller, EffectRecord, Message, Parent, Ref
from tests.unit.instance.samples import (
    LATER,
    NOW,
    REF,
    Inspect,
    Note,
    Parcel,
    ParcelFlow,
    Post,
    Print,
    Recall,
    Return,
    Ship,
    Weigh,
    begun,
    body_of,
    committed,
    drafted,
    json_of,
    send,
    turn,
    written,
)

PARENT = Parent(Ref("case", "c-1"), "2.1", "checking")


class Elsewhere:
    """Assigns every attempt to another worker."""

    def holder(self, definition: object, effect: str, worker: str) -> str:
        return "(waiting)"


def test_a_draft_of_nothing_is_an_instance_that_does_not_exist() -> None:
    draft = Draft(REF, ParcelFlow.definition, None, turn())
    assert not draft.exists
    assert draft.instance.seq == 0


def test_the_first_step_is_written_to_a_row_that_must_be_new() -> None:
    write = written(begun(Parcel(weight=3)))
    assert (write.expected_rev, write.row.rev, write.row.seq) == (None, 1, 1)
    assert (write.row.state, write.row.tags, write.row.owners) == (
        ("desk.open",), ("waiting",), ("clerk",),
    )  # fmt: skip
    assert write.row.indexes == {"weight": "3"}
    assert write.row.wake_at == NOW + timedelta(hours=1)


def test_each_write_expects_the_rev_that_was_committed_last() -> None:
    draft = drafted(committed(begun()))
    send(draft, Note(text="x"))
    send(draft, Note(text="y"))
    write = written(draft)
    assert (write.expected_rev, write.row.rev, write.row.seq) == (1, 2, 3)


def test_the_instance_in_a_draft_is_replaced_and_never_changed() -> None:
    loaded = committed(begun())
    before = replace(loaded.instance)
    draft = drafted(loaded)
    send(draft, Weigh(weight=5))
    draft.mark("paused", Origin("pause"))
    draft.set_attempt("9.1", Attempt(0).begin("w1"))
    assert loaded.instance == before
    assert (draft.instance.status, draft.instance.seq) == ("paused", 3)


def test_the_time_of_entry_of_a_state_is_kept_as_long_as_it_is_active() -> None:
    loaded = committed(begun())
    draft = drafted(loaded)
    send(draft, Note(text="x"))
    assert (draft.instance.since, draft.instance.changed_at) == (NOW, LATER)
    send(draft, Print())
    assert draft.instance.since == LATER
    assert draft.instance.entered == {"desk": NOW, "desk.printing": LATER}
    assert draft.stays == (("desk.open", LATER - NOW),)


def test_the_journal_has_the_data_whole_at_first_and_the_change_of_it_afterwards() -> None:
    draft = begun()
    send(draft, Weigh(weight=5))
    send(draft, Print())
    first, second, third = map(body_of, draft.entries)
    assert first.data == {"weight": 1, "notes": [], "label": None}
    assert second.change == {"set": {"weight": 5}}
    assert third.change is None


def test_the_journal_has_the_data_whole_every_so_many_steps() -> None:
    draft = begun()
    for number in range(CHECKPOINT):
        send(draft, Note(text=str(number)))
    whole = [entry.seq for entry in draft.entries if isinstance(body_of(entry).data, dict)]
    assert whole == [1, 1 + CHECKPOINT]


def test_an_effect_that_is_assigned_here_is_started_after_the_commit() -> None:
    draft = begun()
    send(draft, Print())
    assert draft.started == ("2.1",)
    assert written(draft).row.held_by == ("w1",)


def test_an_effect_that_is_assigned_elsewhere_waits_in_the_store() -> None:
    draft = begun(at=turn(assigner=Elsewhere()))
    send(draft, Print())
    assert draft.started == ()
    assert written(draft).row.held_by == ("(waiting)",)


def test_an_effect_whose_state_is_left_is_stopped_after_the_commit() -> None:
    draft = begun()
    send(draft, Print())
    send(draft, Return())
    assert draft.stopped == ("2.1",)
    assert draft.instance.attempts == {}


def test_a_child_is_started_and_cancelled_by_messages() -> None:
    draft = begun()
    send(draft, Inspect())
    (start,) = draft.messages
    assert (start.kind, start.to) == ("start", Ref("inspection", "p-1:2.1"))
    assert json_of(start.body)["parent"]["ref"] == {"machine": "parcel", "id": "p-1"}
    send(draft, Return())
    assert [(one.kind, one.to) for one in draft.messages[1:]] == [("cancel", start.to)]


def test_a_message_that_is_recalled_in_the_same_turn_never_reaches_the_store() -> None:
    draft = begun()
    send(draft, Post(to="p-2", seconds=60, id="greeting"))
    assert [one.send_id for one in draft.messages] == ["greeting"]
    send(draft, Recall(id="greeting"))
    assert draft.messages == ()
    assert draft.recalled == ("greeting",)


def test_an_end_is_reported_to_the_parent() -> None:
    draft = begun(Parcel(weight=7), parent=PARENT)
    send(draft, Ship())
    assert (draft.instance.status, draft.instance.output) == ("done", b'{"weight":7}')
    (end,) = draft.messages
    assert (end.kind, end.to) == ("end", PARENT.ref)
    assert json_of(end.body) == {"output": {"weight": 7}, "key": "2.1", "invoke": "checking"}


def test_a_cancellation_ends_all_that_is_in_progress() -> None:
    draft = begun(parent=PARENT)
    send(draft, Print())
    draft.mark("cancelled", Origin("cancel", reason="no more"))
    row = written(draft).row
    assert (row.status, row.wake_at, row.held_by, row.seq) == ("cancelled", None, (), 3)
    assert draft.stopped == ("2.1",)
    (end,) = draft.messages
    assert json_of(end.body)["error"] == "Cancelled"
    assert json_of(end.body)["message"] == "no more"


def test_what_is_held_is_counted_and_bounded() -> None:
    draft = begun()
    draft.mark("paused", Origin("pause"))
    draft.hold(Message(REF, "event", b"{}", held=True), limit=1)
    with pytest.raises(TooLarge, match="what is held for parcel/p-1"):
        draft.hold(Message(REF, "event", b"{}", held=True), limit=1)
    assert (draft.instance.held, len(draft.messages)) == (1, 1)


def test_what_is_held_in_the_turn_of_the_end_goes_out_once() -> None:
    draft = begun()
    draft.hold(Message(REF, "event", b'{"n":1}', held=True))
    draft.mark("cancelled", Origin("cancel"))
    assert [(one.body, one.held) for one in draft.messages] == [(b'{"n":1}', False)]
    assert draft.released
    assert draft.instance.held == 0


def test_a_note_stands_under_the_last_step() -> None:
    draft = begun()
    record = EffectRecord("2.1", "print_label", "tried", 1, "no paper")
    draft.note(Origin("tried", effects=(record,)))
    draft.note(Origin("retry", caller=Caller("ann"), reason="again"))
    places = [(entry.seq, entry.part, entry.kind) for entry in draft.entries]
    assert places == [(1, 0, "start"), (1, 1, "tried"), (1, 2, "retry")]
    assert draft.effects == (record,)
    assert body_of(draft.entries[2]).caller == "ann"


def test_a_paused_instance_is_not_woken() -> None:
    draft = begun()
    draft.mark("paused", Origin("pause"))
    assert written(draft).row.wake_at is None


def test_a_step_that_can_not_be_stored_changes_nothing() -> None:
    draft = begun(at=turn(limits=InstanceLimits(data_bytes=60)))
    before, entries = draft.instance, list(draft.entries)
    with pytest.raises(TooLarge):
        send(draft, Note(text="x" * 60))
    assert draft.instance is before
    assert draft.entries == entries


def test_a_prepared_step_changes_nothing_until_it_is_applied() -> None:
    draft = begun()
    assert draft.instance.snapshot is not None
    before = draft.instance
    taken = step(draft.definition, draft.instance.snapshot, Weigh(weight=9), NOW)
    prepared = draft.prepare(taken, Origin("event"), draft.instance)
    assert draft.instance is before
    draft.apply(prepared)
    assert draft.instance.indexes == {"weight": "9"}


def test_an_effect_that_ends_with_no_transition_for_it_leaves_all_else_as_it_was() -> None:
    draft = begun()
    send(draft, Print())
    assert draft.instance.snapshot is not None
    (printing,) = draft.instance.snapshot.effects
    other = replace(draft.instance.snapshot, effects=())
    draft.leave_untaken(printing, None, other)
    assert (draft.instance.seq, draft.instance.attempts) == (2, {})
    assert draft.instance.snapshot.effects == ()


def test_an_effect_that_fails_with_no_transition_for_it_is_an_incident() -> None:
    draft = begun()
    send(draft, Print())
    before = draft.instance.snapshot
    assert before is not None
    (printing,) = before.effects
    draft.leave_untaken(printing, LastFailure(3, "no paper"), replace(before, effects=()))
    assert draft.instance.snapshot is before
    incident = draft.instance.attempts[printing.key]
    assert (incident.state, incident.attempt, incident.error) == ("incident", 3, "no paper")


def test_a_child_that_fails_with_no_transition_for_it_has_ended() -> None:
    draft = begun()
    send(draft, Print())
    before = draft.instance.snapshot
    assert before is not None
    child = replace(before.effects[0], kind="machine", key="none")
    draft.leave_untaken(child, LastFailure(1, "Cancelled"), replace(before, effects=()))
    assert draft.instance.snapshot is not None
    assert draft.instance.snapshot.effects == ()


def test_the_result_of_an_effect_ends_its_attempt() -> None:
    draft = begun()
    send(draft, Print())
    assert draft.instance.snapshot is not None
    event = Result("desk.printing/print_label", "2.1", "L-1")
    taken = step(draft.definition, draft.instance.snapshot, event, NOW)
    record = EffectRecord("2.1", "print_label", "done", 1)
    draft.advance(taken, Origin("result", effects=(record,)))
    assert draft.instance.attempts == {}
    assert draft.effects[-1] == record


def test_a_repeated_key_is_stored_with_the_reply_that_was_sent() -> None:
    draft = begun()
    send(draft, Weigh(weight=5), key="k-1", given="digest")
    entry = draft.entries[-1]
    assert entry.key == "k-1"
    assert entry.reply is not None
    assert json_of(entry.reply)["seq"] == 2
    assert body_of(entry).given == "digest"


def test_the_reply_to_a_request_with_a_key_is_the_one_that_was_stored() -> None:
    draft = begun()
    send(draft, Weigh(weight=5), key="k-1")
    assert draft.reply().json() == draft.entries[-1].reply
    send(draft, Weigh(weight=6))
    assert json_of(draft.reply().json())["seq"] == 3


def test_an_upgrade_and_the_step_after_it_are_written_together_or_not_at_all() -> None:
    draft = begun()
    before = draft.instance
    assert before.snapshot is not None
    good = Step(replace(before.snapshot, seq=2), (), (), True)
    big = replace(before.snapshot, seq=3, data=Parcel(notes=["x" * 1_000]))
    small = turn(limits=InstanceLimits(data_bytes=500))
    draft.turn = small
    with pytest.raises(TooLarge):
        draft.carry_over(good, {}, Origin("upgrade"), Step(big, (), (), True), Origin("upgrade"))
    assert draft.instance is before
    onward = settle(draft.definition, good.snapshot, NOW)
    draft.carry_over(good, {}, Origin("upgrade"), onward, Origin("upgrade"))
    assert (draft.instance.seq, draft.instance.entered) == (2, before.entered)
    # the data is whole, as nothing before it can be read by this version
    assert body_of(draft.entries[-1]).data == {"weight": 1, "notes": [], "label": None}


def test_a_damaged_count_of_writes_begins_anew() -> None:
    loaded = committed(begun())
    draft = drafted(replace(loaded, row=replace(loaded.row, rev=-4)))
    draft.mark("cancelled", Origin("cancel"))
    write = written(draft)
    assert write.expected_rev == -4
    # beyond all that were counted, which ids of messages may still have
    assert write.row.rev == int(draft.now.timestamp() * 1_000_000)


def test_a_row_that_is_due_though_nothing_is_is_known_to_be_woken_in_vain() -> None:
    loaded = committed(begun())
    early = replace(loaded, row=replace(loaded.row, wake_at=NOW))
    assert drafted(early).is_woken_in_vain
    assert not drafted(loaded).is_woken_in_vain
