"""The testing kit: the harness says what the engine would say, and tells what went wrong."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from pydantic import BaseModel

from statehold import (
    ActionFailed,
    Call,
    Compound,
    Context,
    Event,
    Failure,
    Final,
    InvalidPayload,
    Machine,
    NotAllowed,
    Parallel,
    Permanent,
    Result,
    State,
    TooLarge,
    Undeliverable,
    UnknownEvent,
    after,
    child,
    effect,
    minutes,
    on,
    on_failure,
    on_result,
    seconds,
)
from statehold.check.simulate import hand_stepped as stepped_module
from statehold.engine.limits import Limits
from statehold.formats.scxml import read_scxml
from statehold.testing import (
    EPOCH,
    EngineKit,
    Harness,
    NeverAtRest,
    NotSettled,
    fail,
    hold,
    succeed,
)
from statehold.testing import engine_kit as engine_kit_module

# --- a machine with everything in it ---------------------------------------------------------


class Parcel(BaseModel):
    weight: int = 1
    label: str | None = None
    notes: list[str] = []


class Go(Event):
    weight: int


class Stop(Event):
    pass


class Note(Event):
    text: str


class Told(Event):
    pass


class Seen(Event):
    pass


class Unheard(Event):
    """Sent by the machine to itself, and taken by nothing."""


@effect(attempts=3, timeout=seconds(5))
async def print_label(parcel: Parcel, call: Call) -> str:
    await asyncio.sleep(0)
    return f"{call.key} #{call.attempt} {parcel.weight}"


@effect(attempts=2)
def weigh(parcel: Parcel) -> int:
    raise Permanent("the scales are gone") if parcel.weight > 90 else ValueError("scales shake")


@effect
def thank(parcel: Parcel) -> None:
    parcel.notes.append("only a copy is given to an effect")


class Trip(Machine[dict[str, int]], name="trip", version=1):
    """A child that ends by itself."""

    going = State(initial=True)
    home = Final()
    arrive = after(minutes(1), going >> home)


def light(parcel: Parcel, event: Go) -> bool:
    return event.weight < 100


def take_weight(parcel: Parcel, event: Go) -> None:
    parcel.weight = event.weight


def take_label(parcel: Parcel, result: Result[str]) -> None:
    parcel.label = result.value


def take_failure(parcel: Parcel, failure: Failure) -> None:
    parcel.notes.append(f"{failure.error} after {failure.attempts}: {failure.message}")


def take_note(parcel: Parcel, event: Note, context: Context) -> None:
    if event.text == "bad":
        raise ValueError("no such note")
    parcel.notes.append(event.text)
    context.emit(Seen())
    if event.text == "hello":
        context.send("archive", "a-1", event)
    if event.text == "later":
        context.send(None, None, Told(), delay=minutes(5), id="later")
    if event.text == "forget":
        context.cancel("later")
    if event.text == "unheard":
        context.send(None, None, Unheard())


def take_told(parcel: Parcel) -> None:
    parcel.notes.append("told")


def take_undeliverable(parcel: Parcel, event: Undeliverable) -> None:
    parcel.notes.append(f"{event.event} came back")


def gone_wrong(parcel: Parcel) -> None:
    parcel.weight = "heavy"  # type: ignore[assignment]


def trip_input(parcel: Parcel) -> dict[str, int]:
    return {"weight": parcel.weight}


class Parcels(Machine[Parcel], name="parcel", version=1):
    """A parcel in all its states."""

    waiting = State(initial=True, deadline=minutes(30))

    class moving(Parallel):
        class paper(Compound):
            printing = State(initial=True, invoke=print_label)
            printed = State()
            labelled = on_result(print_label, printing >> printed, do=take_label)

        class road(Compound):
            driving = State(initial=True, invoke=(child(Trip, input=trip_input), weigh))
            slow = State()
            slower = after(minutes(10), driving >> slow)
            slowest = after(minutes(10), slow >> driving)

    elsewhere = State(doc="Never reached; here `Unheard` would be taken.")
    stopped = Final(output=lambda parcel: parcel.notes)

    go = on(Go, waiting >> moving, when=light, do=take_weight, by=("driver", "boss"))
    stop = on(Stop, moving >> stopped, do=thank)
    note = on(Note, waiting, do=take_note)
    told = on(Told, waiting, do=take_told)
    back = on(Undeliverable, waiting, do=take_undeliverable)
    lost = on_failure(print_label, moving.paper.printing >> waiting, do=take_failure)
    home = on_result(Trip, moving.road.driving >> moving.road.slow)
    no_trip = on_failure(Trip, moving.road.driving >> waiting, do=take_failure)
    wrong = on(Seen, waiting, do=gone_wrong)
    unheard = on(Unheard, elsewhere, do=take_told)
    never = on(Stop, waiting >> elsewhere, when=lambda parcel: False)


@pytest.fixture
def parcel(harness: Callable[..., Harness[Parcel]]) -> Harness[Parcel]:
    return harness(Parcels)


@pytest.fixture
def moving(parcel: Harness[Parcel]) -> Harness[Parcel]:
    return parcel.send(Go(weight=3), roles="driver")


def complaint(of: Callable[[], object]) -> str:
    with pytest.raises(AssertionError) as caught:
        of()
    return str(caught.value)


# --- events ----------------------------------------------------------------------------------


def test_it_starts_with_the_defaults_of_the_data_and_shows_where_it_is(
    parcel: Harness[Parcel],
) -> None:
    assert parcel.state == ["waiting"]
    assert parcel.data == Parcel()
    assert (parcel.seq, parcel.done, parcel.now) == (1, False, EPOCH)
    assert parcel.deadlines == {"waiting": EPOCH + minutes(30)}


def test_an_event_may_be_given_as_it_goes_over_the_wire(parcel: Harness[Parcel]) -> None:
    parcel.send({"type": "Go", "weight": 3}, roles=["driver", "cook"])
    parcel.assert_data(weight=3)


def test_a_refused_event_raises_what_said_no_and_changes_nothing(
    parcel: Harness[Parcel],
) -> None:
    with pytest.raises(NotAllowed) as caught:
        parcel.send(Go(weight=200), roles="driver")
    assert caught.value.reasons == ("light says no",)
    assert (parcel.seq, parcel.data) == (1, Parcel())
    assert parcel.refuses(Go(weight=3), roles="cook").forbidden


def test_an_event_of_another_machine_is_not_known(parcel: Harness[Parcel]) -> None:
    class Foreign(Event):
        pass

    with pytest.raises(UnknownEvent, match="Foreign"):
        parcel.send(Foreign())
    with pytest.raises(InvalidPayload, match="weight"):
        parcel.send({"type": "Go"})


def test_an_action_that_raises_drops_the_step(parcel: Harness[Parcel]) -> None:
    with pytest.raises(ActionFailed, match="no such note"):
        parcel.send(Note(text="bad"))
    assert (parcel.seq, parcel.sent, parcel.data.notes) == (1, [], [])
    assert "dropped" in parcel.log


def test_data_that_could_not_be_stored_drops_the_step(parcel: Harness[Parcel]) -> None:
    with pytest.raises(InvalidPayload, match="weight"):
        parcel.send(Seen())
    assert (parcel.seq, parcel.data.weight) == (1, 1)


def test_data_that_is_too_large_drops_the_step() -> None:
    parcel = Harness(Parcels, limits=Limits(data_bytes=100))
    with pytest.raises(TooLarge, match="limit is 100"):
        parcel.send(Note(text="x" * 100))
    assert parcel.seq == 1


def test_an_event_that_should_be_refused_and_is_not_fails_the_test_and_is_not_taken(
    parcel: Harness[Parcel],
) -> None:
    told = complaint(lambda: parcel.refuses(Go(weight=3), roles="boss"))
    assert "Go(weight=3) is allowed by boss" in told
    assert "expected: that it is refused" in told
    assert parcel.state == ["waiting"]


def test_what_is_given_out_is_a_copy(parcel: Harness[Parcel]) -> None:
    parcel.data.notes.append("mine")
    parcel.view.notes.append("mine")
    assert parcel.data.notes == []


# --- time ------------------------------------------------------------------------------------


def test_timers_fire_in_the_order_in_which_they_are_due(moving: Harness[Parcel]) -> None:
    start = moving.now
    moving.advance(minutes(25))
    assert moving.now == start + minutes(25)
    lines = [line for line in moving.log.splitlines() if "timer moving.road.slow" in line]
    fired = [line for line in lines if "sets" not in line and "cancels" not in line]
    assert [line.split("  timer ")[1] for line in fired] == [
        "moving.road.slower",
        "moving.road.slowest",
    ]
    assert [timer.due for timer in moving.timers] == [start + minutes(30)]


def test_jump_goes_to_the_next_timer_and_no_further(moving: Harness[Parcel]) -> None:
    moving.jump()
    assert moving.now == EPOCH + minutes(10)
    moving.assert_state(Parcels.moving.road.slow)


def test_there_is_nowhere_to_jump_to_without_a_timer(parcel: Harness[Parcel]) -> None:
    assert "nothing is due" in complaint(parcel.jump)


def test_the_clock_does_not_go_back(parcel: Harness[Parcel]) -> None:
    with pytest.raises(ValueError, match="can't go back by 0:01:00"):
        parcel.advance(-minutes(1))


def test_timers_without_an_end_are_told(
    moving: Harness[Parcel], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stepped_module, "DUE_LIMIT", 50)
    with pytest.raises(NeverAtRest, match="took 50 steps by itself"):
        moving.advance(timedelta(days=365))


# --- messages --------------------------------------------------------------------------------


def test_what_is_sent_and_shown_is_kept(parcel: Harness[Parcel]) -> None:
    parcel.send(Note(text="hello"))
    assert parcel.assert_sent(Note, machine="archive").event == Note(text="hello")
    assert parcel.emitted == [Seen()]
    told = complaint(lambda: parcel.assert_sent(Note, instance="a-2"))
    assert "sent was Note(text='hello') to archive/a-1" in told


def test_a_delayed_message_to_itself_comes_when_it_is_due(parcel: Harness[Parcel]) -> None:
    parcel.send(Note(text="later")).advance(minutes(4))
    parcel.assert_data(notes=["later"])
    parcel.jump()
    assert parcel.now == EPOCH + minutes(5)
    parcel.assert_data(notes=["later", "told"])


def test_a_message_that_was_taken_back_never_comes(parcel: Harness[Parcel]) -> None:
    parcel.send(Note(text="later")).send(Note(text="forget")).advance(minutes(60))
    parcel.assert_data(notes=["later", "forget"])


def test_what_is_sent_to_the_parent_is_kept_and_comes_to_nobody(
    harness: Callable[..., Harness[Any]],
) -> None:
    session = harness(
        read_scxml(
            '<scxml datamodel="python"><state id="a"><onentry>'
            '<send event="up" target="#_parent"/><send event="unheard"/></onentry>'
            '<transition event="up error" target="b"/></state><state id="b"/></scxml>'
        ).definition
    )
    session.advance(minutes(1))
    assert str(session.sent[0]).endswith("to its parent")
    # and what nothing takes is discarded, as SCXML has it
    session.assert_state("a")


def test_a_message_to_itself_that_nothing_takes_comes_back(parcel: Harness[Parcel]) -> None:
    parcel.send(Note(text="unheard"))
    parcel.assert_data(notes=["unheard", "Unheard came back"])


# --- outcomes --------------------------------------------------------------------------------


def test_an_effect_sees_the_data_as_it_was_asked(moving: Harness[Parcel]) -> None:
    asked = moving.assert_running(print_label)
    assert (asked.key, asked.state, asked.data.weight) == ("2.1", "moving.paper.printing", 3)
    assert moving.assert_asked(Trip, times=1).data == {"weight": 3}


def test_a_result_comes_back_as_the_type_that_the_effect_declares(
    moving: Harness[Parcel],
) -> None:
    with pytest.raises(InvalidPayload, match="print_label"):
        moving.succeed(print_label, 7)
    moving.succeed(print_label, "L-7").assert_data(label="L-7")
    assert moving.assert_asked(print_label).status == "succeeded"
    assert "print_label is not in flight" in complaint(lambda: moving.succeed(print_label, "x"))


def test_an_effect_fails_for_good_with_its_tries_used_up(moving: Harness[Parcel]) -> None:
    moving.fail(print_label, OSError("no paper"))
    moving.assert_state("waiting")
    moving.assert_data(notes=["OSError after 3: no paper"])
    assert moving.assert_asked(weigh).status == "cancelled"


def test_an_effect_that_failed_once_is_tried_again(moving: Harness[Parcel]) -> None:
    moving.fail(print_label, "jam", tries=2)
    assert moving.assert_running(print_label).attempt == 3
    assert "1 tries left of 3" in complaint(lambda: moving.fail(print_label, "jam", tries=2))
    moving.fail(print_label, "jam", tries=1).assert_data(notes=["Error after 3: jam"])


def test_a_failure_that_nothing_takes_is_an_incident_for_a_person(
    moving: Harness[Parcel],
) -> None:
    moving.fail(weigh, "away")
    assert [asked.name for asked in moving.incidents] == ["weigh"]
    moving.retry(weigh)
    assert moving.incidents == []
    assert "is no incident" in complaint(lambda: moving.skip(weigh))
    seq = moving.seq
    moving.fail(weigh, "still away").skip(weigh)
    assert moving.seq == seq
    assert "weigh" not in [asked.name for asked in moving.running]


def test_a_child_ends_or_fails_as_the_test_says(moving: Harness[Parcel]) -> None:
    moving.succeed_child(Trip)
    moving.assert_state(Parcels.moving.road.slow)
    moving.jump().fail_child(Trip, "the road is closed")
    moving.assert_data(notes=["Cancelled after 1: the road is closed"])


def test_run_runs_the_effect_itself_and_delivers_its_result(moving: Harness[Parcel]) -> None:
    assert moving.run(print_label) == "parcel/test/2.1 #1 3"
    moving.assert_data(label="parcel/test/2.1 #1 3")


@pytest.mark.anyio
async def test_run_works_within_a_running_loop(moving: Harness[Parcel]) -> None:
    assert moving.run(print_label) == "parcel/test/2.1 #1 3"


def test_run_raises_what_the_effect_raised_and_counts_the_try(moving: Harness[Parcel]) -> None:
    with pytest.raises(ValueError, match="scales shake"):
        moving.run(weigh)
    assert moving.assert_running(weigh).attempt == 2
    with pytest.raises(ValueError, match="scales shake"):
        moving.run(weigh)
    assert moving.incidents[0].error == "ValueError: scales shake"


def test_run_takes_a_permanent_failure_for_the_last() -> None:
    parcel = Harness(Parcels).send(Go(weight=95))
    with pytest.raises(Permanent):
        parcel.run(weigh)
    assert parcel.incidents[0].attempt == 1


def test_an_effect_that_outlives_its_state_is_still_in_flight(moving: Harness[Parcel]) -> None:
    moving.send(Stop()).assert_done(output=[])
    moving.run(thank)
    assert moving.data.notes == []
    assert moving.assert_asked(thank).status == "succeeded"


# --- assertions ------------------------------------------------------------------------------


def test_a_failed_assertion_tells_what_is_what_was_expected_and_the_path(
    moving: Harness[Parcel],
) -> None:
    told = complaint(lambda: moving.assert_state(Parcels.waiting, Parcels.moving))
    assert "parcel/test: it is in moving.paper.printing, moving.road.driving" in told
    assert "expected: to be in waiting, moving" in told
    assert "Go(weight=3) by driver" in told
    assert "[light: yes, sent by driver or boss: yes, go]" in told
    assert "asks for print_label (2.1)" in told


def test_a_state_that_does_not_exist_is_told_with_those_that_look_like_it(
    moving: Harness[Parcel],
) -> None:
    told = complaint(lambda: moving.assert_state("moving.road.slowly"))
    assert "has no state 'moving.road.slowly'" in told
    assert "one of its own: moving.road.slow" in told


def test_wrong_data_is_told_field_by_field(moving: Harness[Parcel]) -> None:
    told = complaint(lambda: moving.assert_data(weight=4, label=None, colour="red"))
    assert "weight is 3; colour is absent" in told
    assert "expected: weight = 4; colour = 'red'" in told


def test_what_is_allowed_is_told(parcel: Harness[Parcel]) -> None:
    parcel.assert_allowed(Go, "Note")
    told = complaint(lambda: parcel.assert_allowed(Go, roles="cook"))
    assert "allowed is Note, Told, Seen" in told
    assert "and no other" in complaint(lambda: parcel.assert_allowed(Go, only=True))


def test_what_was_asked_for_is_told(moving: Harness[Parcel]) -> None:
    assert "print_label not to be" in complaint(lambda: moving.assert_not_asked(print_label))
    told = complaint(lambda: moving.assert_asked(thank))
    assert "thank was asked for 0 times" in told
    assert "weigh (2.3 for moving.road.driving, running)" in told
    assert "2 times" in complaint(lambda: moving.assert_asked(weigh, times=2))
    assert "thank is not in flight" in complaint(lambda: moving.assert_running(thank))


def test_an_end_that_has_not_come_or_is_another_is_told(moving: Harness[Parcel]) -> None:
    assert "it is not done" in complaint(moving.assert_done)
    moving.send(Stop())
    assert "the output is []" in complaint(lambda: moving.assert_done(output=["x"]))


def test_a_long_path_is_told_from_its_end(parcel: Harness[Parcel]) -> None:
    for number in range(30):
        parcel.send(Note(text=f"number {number}"))
    told = complaint(parcel.assert_done)
    assert "lines before)" in told
    assert "number 29" in told
    assert "number 1'" not in told
    assert "number 1'" in parcel.log


# --- the kit around an engine ----------------------------------------------------------------


@pytest.mark.anyio
async def test_the_kit_tries_again_as_the_clock_moves_and_not_before() -> None:
    labels = fail(ConnectionError("away"), times=1)
    fakes = {print_label: labels, weigh: succeed(7)}
    async with EngineKit(Parcels, fakes=fakes) as kit:
        await kit.start(Parcels, "p-1", {"weight": 2})
        await kit.send(Parcels, "p-1", Go(weight=3), roles="driver")
        await kit.settle()
        assert len(labels.calls) == 1
        assert kit.now == EPOCH
        await kit.advance(seconds(1))
        assert labels.keys == ["parcel/p-1/2.1"] * 2
        assert labels.calls[0][0] == Parcel(weight=3)


@pytest.mark.anyio
async def test_the_kit_runs_children_and_timers_in_their_order() -> None:
    fakes = {print_label: succeed(lambda parcel: f"L-{parcel.weight}"), weigh: succeed(7)}
    async with EngineKit(Parcels, fakes=fakes) as kit:
        await kit.start(Parcels, "p-1")
        await kit.send(Parcels, "p-1", Go(weight=3))
        await kit.advance(minutes(1))
        answer = await kit.read(Parcels, "p-1")
        assert answer.state == ["moving.paper.printed", "moving.road.slow"]
        assert answer.view.label == "L-3"
        # slow since the trip ended at 1 min, so at 11 min it drives again, with another trip
        await kit.advance(minutes(11))
        answer = await kit.read(Parcels, "p-1")
        assert answer.state == ["moving.paper.printed", "moving.road.slow"]


@pytest.mark.anyio
async def test_what_a_fake_holds_does_not_keep_the_kit_from_settling() -> None:
    labels = hold("late")
    async with EngineKit(Parcels, fakes={print_label: labels, weigh: succeed(7)}) as kit:
        await kit.start(Parcels, "p-1")
        await kit.send(Parcels, "p-1", Go(weight=3))
        await kit.settle()
        assert "moving.paper.printing" in (await kit.read(Parcels, "p-1")).state
        labels.release()
        await kit.settle()
        assert "moving.paper.printed" in (await kit.read(Parcels, "p-1")).state


@pytest.mark.anyio
async def test_an_effect_that_does_not_come_back_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(engine_kit_module, "SETTLE_SECONDS", 0.05)
    going = threading.Event()

    @effect
    async def endless(data: dict[str, int]) -> None:
        going.set()
        await asyncio.Event().wait()

    class Stuck(Machine[dict[str, int]], name="stuck", version=1):
        """Waits for ever."""

        on_it = State(initial=True, invoke=endless)

    async with EngineKit(Stuck) as kit:
        await kit.start(Stuck, "s-1")
        with pytest.raises(NotSettled, match=r"an effect running, stuck/s-1/1\.1"):
            await kit.settle()
        assert going.is_set()


def test_a_fake_for_an_effect_that_nobody_has_is_told() -> None:
    with pytest.raises(ValueError, match="has an effect 'prnt'; there are print_label"):
        EngineKit(Parcels, fakes={"prnt": succeed()})


@pytest.mark.anyio
async def test_the_kits_roles_are_asked_for(engine_kit: Callable[..., EngineKit]) -> None:
    async with engine_kit(Parcels, fakes={print_label: hold(), weigh: hold()}) as kit:
        await kit.start(Parcels, "p-1")
        with pytest.raises(NotAllowed):
            await kit.send(Parcels, "p-1", Go(weight=3), roles="cook")
        await kit.send(Parcels, "p-1", Go(weight=3), roles=["cook", "boss"])


@pytest.mark.anyio
async def test_harness_and_engine_agree_on_a_whole_life() -> None:
    events: list[tuple[Any, str | None]] = [
        (Note(text="later"), None),
        (Note(text="unheard"), None),
        (Go(weight=400), "driver"),
        (Go(weight=4), "driver"),
        (Stop(), "cook"),
        (Stop(), None),
    ]
    harness = Harness(Parcels, id="p-1")
    fakes = {print_label: hold(), weigh: hold(), thank: hold()}
    async with EngineKit(Parcels, fakes=fakes) as kit:
        await kit.start(Parcels, "p-1")
        for event, roles in events:
            told = refused = None
            try:
                await kit.send(Parcels, "p-1", event, roles=roles)
            except NotAllowed as error:
                refused = error.details()
            try:
                harness.send(event, roles=roles)
            except NotAllowed as error:
                told = error.details()
            assert told == refused
            await kit.settle()
            answer = await kit.read(Parcels, "p-1")
            by_engine = (answer.seq, answer.state, answer.view, answer.allowed, answer.output)
            by_hand = (harness.seq, harness.state, harness.data, harness.allowed, harness.output)
            assert by_hand == by_engine


# --- the plugin ------------------------------------------------------------------------------

pytest_plugins = ["pytester"]


def test_a_failed_test_shows_the_path_of_its_harnesses(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        from statehold import Event, Final, Machine, State, on

        class Press(Event):
            pass

        class Light(Machine[dict], name="light", version=1):
            dark = State(initial=True)
            lit = Final()
            press = on(Press, dark >> lit)

        def test_it(harness):
            light = harness(Light, id="hall")
            light.send(Press())
            assert light.state == ["dark"]
        """
    )
    result = pytester.runpytest_subprocess("-p", "no:cacheprovider")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*path of light/hall*", "*Press()*", "*dark -> lit*"])
