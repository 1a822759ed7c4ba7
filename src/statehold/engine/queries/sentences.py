"""The sentences of ``explain``: where an instance is, and why.

They consist of parts, so that a client can keep durations current and highlight states, events and
warnings. ``summary`` in the reply joins the texts of all parts. Of each kind, ``SHOWN`` things have
a sentence; all of them are in the rest of the reply.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from itertools import islice

from statehold.chart.event import Cancellation
from statehold.chart.labels import Names
from statehold.wire.instances import (
    ChildView,
    EffectView,
    Incident,
    PossibleTransition,
    Reply,
    StateView,
    SummaryKind,
    SummaryPart,
    TimerView,
)
from statehold.wire.journal import JournalEntry

#: timers, effects, events and so on, of each kind, that sentences are written about
SHOWN = 20


class Sentences:
    """Writes the sentences about one instance."""

    def __init__(
        self,
        answer: Reply,
        now: datetime,
        names: Names,
        hidden: Collection[str] = (),
        cancellation: Cancellation | None = None,
    ) -> None:
        self._names = names
        #: keys of the children that have started and are not shown
        self._hidden = hidden
        self.parts: list[SummaryPart] = []
        self._answer = answer
        #: as it was cancelled
        self._cancellation = cancellation
        self._now = now

    def write(
        self,
        since: datetime,
        because: JournalEntry | None,
        active: Sequence[StateView],
        timers: Sequence[TimerView],
        effects: Sequence[EffectView],
        following: Sequence[PossibleTransition],
        incidents: Sequence[Incident],
    ) -> list[SummaryPart]:
        self._where(since, because, active)
        if self._answer.status in ("done", "cancelled"):
            return self.parts
        if self._cancellation is not None:
            why = self._cancellation.reason
            self._say(" It was ", ("cancelled", "warning"), f" ({why})" if why else "")
            self._say(", and cleans up: it ends when its chart does.")
        if self._answer.status == "paused":
            self._say(" It is ", ("paused", "warning"))
            self._say(": events and timers wait until it is resumed.")
        for incident in incidents[:SHOWN]:
            self._say(" ", (f"{incident.name} needs a decision", "error"), f": {incident.error}.")
        self._more(incidents, "incident")
        for effect in effects[:SHOWN]:
            if effect.status != "incident":
                self._effect(effect)
        self._more(effects, "effect")
        for timer in timers[:SHOWN]:
            self._timer(timer, following)
        self._more(timers, "timer")
        self._events(following)
        for state in [one for one in active if one.deadline is not None][:SHOWN]:
            self._deadline(state)
        return self.parts

    def _say(self, *parts: str | tuple[str, SummaryKind]) -> None:
        for part in parts:
            if isinstance(part, str):
                self.parts.append(SummaryPart(text=part))
            else:
                self.parts.append(SummaryPart(text=part[0], kind=part[1]))

    def _more(self, things: Sequence[object], kind: str) -> None:
        if (more := len(things) - SHOWN) > 0:
            self._say(f" There {'is' if more == 1 else 'are'} {more} more {kind}{'s'[: more - 1]}.")

    def _since(self, then: datetime) -> None:
        self.parts.append(SummaryPart(text=words(self._now - then), kind="since", at=then))

    def _until(self, due: datetime) -> None:
        self.parts.append(SummaryPart(text=words(due - self._now), kind="until", at=due))

    def _state(self, id: str) -> None:
        self.parts.append(SummaryPart(text=self._names.path(id), kind="state", id=id))

    def _event(self, name: str) -> None:
        self.parts.append(SummaryPart(text=self._names.event(name), kind="event", id=name))

    def _states(self, ids: Sequence[str], *, is_own: bool = True) -> None:
        for number, id in enumerate(ids[:SHOWN]):
            if number:
                self._say(" and ")
            if is_own:
                self._state(id)
            else:
                self._say((id, "state"))
        if len(ids) > SHOWN:
            self._say(f" and {len(ids) - SHOWN} more")

    def _where(
        self, since: datetime, because: JournalEntry | None, active: Sequence[StateView]
    ) -> None:
        answer = self._answer
        self._say(f"{answer.id} is {answer.status} in ")
        self._states(answer.state)
        docs = [one.doc.rstrip(".") for one in active if [one.id] == answer.state and one.doc]
        self._say(*(f" ({doc})" for doc in docs), ", for ")
        self._since(since)
        self._say(" now")
        if because is not None:
            by = f" by {because.caller}" if because.caller else ""
            self._say(", since ")
            named = isinstance(because.event, dict) and because.event.get("type")
            if because.kind == "event" and isinstance(named, str):
                self._event(named)
            else:
                self._say((_cause(because), "event"))
            self._say(f"{by} (seq {because.seq})")
        self._say(".")

    def _effect(self, effect: EffectView) -> None:
        if effect.status == "child":
            self._child(effect)
        elif effect.status == "running":
            self._say(f" {effect.name} is running, attempt {effect.attempt}.")
        elif effect.next_at is None and effect.error is None:
            self._say(f" {effect.name} waits for a free worker.")
        else:
            count = "once" if effect.attempt == 1 else f"{effect.attempt} times"
            self._say(f" {effect.name} ", (f"failed {count}", "warning"), f" ({effect.error})")
            if effect.next_at is None:
                self._say(" and is retried soon.")
            else:
                self._say(" and is retried in ")
                self._until(effect.next_at)
                self._say(".")

    def _child(self, effect: EffectView) -> None:
        child = effect.child
        if child is None and effect.key in self._hidden:
            self._say(f" It waits for its child {effect.name} to end.")
            return
        if child is None:
            self._say(f" It waits for its child {effect.name}, which has not started, to end.")
            return
        self._say(f" It waits for its child {child.machine}/{child.id} to end, which is ")
        self._say(child.status)
        if child.state:
            self._say(" in ")
            # of another machine, whose chart is not looked at here
            self._states(child.state, is_own=False)
        if child.since is not None:
            self._say(", for ")
            self._since(child.since)
            self._say(" now")
        facts = _facts_of(child)
        for number, fact in enumerate(facts):
            is_last = number == len(facts) - 1 and child.next_at is None
            self._say(" and " if is_last else ", ", fact)
        if child.next_at is not None:
            self._say(" and has something due in ")
            self._until(child.next_at)
        self._say(".")

    def _timer(self, timer: TimerView, following: Sequence[PossibleTransition]) -> None:
        targets = [one.targets for one in following if one.transition == timer.id]
        self._say(" In ")
        self._until(timer.due)
        self._say(f" the timer {timer.id} fires")
        if targets and targets[0]:
            self._say(" and leads to ")
            self._states(targets[0])
        self._say(".")

    def _events(self, following: Sequence[PossibleTransition]) -> None:
        answer = self._answer
        for number, event in enumerate(answer.allowed[:SHOWN]):
            self._say(", " if number else " It accepts ")
            self._event(event)
            leads = _leads_to(event, following)
            if leads:
                self._say(" (to ")
                self._states(leads)
                self._say(")")
        if len(answer.allowed) > SHOWN:
            self._say(f" and {len(answer.allowed) - SHOWN} more")
        if answer.allowed:
            self._say(".")
        if answer.owners:
            self._say(f" It is {' and '.join(answer.owners)}'s move.")
        stopped = (one for one in following if one.possible is False and one.event)
        for one in islice(stopped, SHOWN):
            self._say(" ")
            self.parts.append(SummaryPart(text=one.label, kind="event", id=one.event))
            self._say(f" is not possible: {', '.join(one.stopped_by)}.")

    def _deadline(self, state: StateView) -> None:
        if state.deadline is None:
            return
        if self._now < state.deadline:
            self._say(" The deadline of ")
            self._state(state.id)
            self._say(" is in ")
            self._until(state.deadline)
            self._say(".")
        else:
            self._say(" ", ("The deadline of ", "error"))
            self._state(state.id)
            self._say((" passed ", "error"))
            self._since(state.deadline)
            self._say((" ago.", "error"))


def _facts_of(child: ChildView) -> list[str]:
    found = []
    if child.incidents:
        found.append(f"has {child.incidents} incident{'' if child.incidents == 1 else 's'}")
    if child.owners:
        found.append(f"is {' and '.join(child.owners)}'s to move")
    if child.allowed:
        found.append(f"accepts {', '.join(child.allowed)}")
    return found


def _leads_to(event: str, following: Sequence[PossibleTransition]) -> list[str]:
    """The targets of the first transition that may take the event."""
    for one in following:
        if one.possible is not False and event in (one.event or "").split(", "):
            return one.targets
    return []


def _cause(entry: JournalEntry) -> str:
    """What happened, where it was no event that the machine declares."""
    event = entry.event if isinstance(entry.event, dict) else {}
    worker = event.get("effect") or event.get("machine", "an effect")
    names = {
        "start": "it was started",
        "timer": f"the timer {event.get('timer', '')} fired",
        "result": f"{worker} was done",
        "failure": f"{worker} failed",
        "cancel": "it was cancelled",
        "upgrade": f"it was upgraded to version {event.get('to', '')}",
    }
    found: str = names.get(entry.kind) or event.get("type", entry.kind)
    return found


def words(span: timedelta) -> str:
    """A duration in its two largest units."""
    seconds = max(0, int(span.total_seconds()))
    units = (("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1))
    parts = []
    for name, size in units:
        count, seconds = divmod(seconds, size)
        if count:
            parts.append(f"{count} {name}{'' if count == 1 else 's'}")
    return " ".join(parts[:2]) or "0 seconds"
