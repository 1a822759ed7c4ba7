"""Holds a store's contents against themselves, against what callers were answered, and against what
endpoints saw: with no code of the engine.

It knows the shape of rows, journal lines and messages (:mod:`tests.simulation.images`), and states
what has to hold between them. :func:`audit` asks what holds at any moment, faults or not;
:func:`audit_at_rest` what holds once nothing is left to do.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol

from tests.simulation.images import Image, Instance, Letter

#: how an effect's record can end
ENDS = {"done", "failed", "cancelled", "skip", "resolve"}
NO_TIME = timedelta(0)


@dataclass
class Ledger:
    """What the callers know: keys by what became of them."""

    acknowledged: set[str] = field(default_factory=set)
    refused: set[str] = field(default_factory=set)
    #: the caller got no answer, and did not ask again
    unknown: set[str] = field(default_factory=set)


class Performed(Protocol):
    """One call, as an effect's endpoint saw it; ``key`` is ``machine/id/key``, ``ended`` None: it
    was broken off, or answered that it failed."""

    @property
    def key(self) -> str: ...
    @property
    def begun(self) -> datetime: ...
    @property
    def ended(self) -> datetime | None: ...


class Noted(Protocol):
    """What an effect has sent, or was given: its key, and the text of the event."""

    @property
    def key(self) -> str: ...
    @property
    def text(self) -> str: ...


def audit(image: Image, ledger: Ledger | None = None, *, skew: timedelta = NO_TIME) -> list[str]:
    """Everything that is wrong, in words; empty where nothing is.

    ``skew``: how far the clocks of two workers may be apart.
    """
    findings: list[str] = []
    for instance in image.instances:
        for check in CHECKS:
            findings += [f"{instance.name}: {finding}" for finding in check(instance)]
        findings += [f"{instance.name}: {finding}" for finding in check_times(instance, skew)]
    findings += check_reach(image)
    findings += check_arrivals(image)
    findings += check_keys(image, ledger or Ledger())
    return findings


def audit_at_rest(
    image: Image,
    calls: Iterable[Performed] | None = None,
    *,
    alive: Collection[str] = (),
    recalls: Collection[str] = (),
) -> list[str]:
    """What holds beside that once everything has come to rest. ``calls``: the endpoints' log, where
    there is one; ``recalls``: the names of events whose actions take messages back."""
    findings = [*check_rest(image, alive), *check_all_arrived(image, recalls)]
    if calls is not None:
        findings += check_calls(image, calls)
    return findings


# --- one instance -------------------------------------------------------------------------------


def check_seqs(instance: Instance) -> Iterator[str]:
    steps = [line.seq for line in instance.lines if line.part == 0]
    if steps != list(range(1, instance.seq + 1)):
        yield f"its steps are {steps}, and not 1 to {instance.seq}"
    parts: dict[int, list[int]] = defaultdict(list)
    for line in instance.lines:
        parts[line.seq].append(line.part)
    for seq, numbers in parts.items():
        if numbers != list(range(len(numbers))):
            yield f"the notes under seq {seq} are numbered {numbers}"


def check_times(instance: Instance, skew: timedelta) -> Iterator[str]:
    latest = None
    for line in instance.lines:
        if latest is not None and line.at < latest - skew:
            yield f"its journal goes back in time, from {latest} to {line.at} at seq {line.seq}"
        latest = line.at if latest is None else max(latest, line.at)


def check_end(instance: Instance) -> Iterator[str]:
    steps = [line for line in instance.lines if line.part == 0]
    if not steps:
        yield "it has no journal"
        return
    last = steps[-1].body
    if last["state"] != instance.state:
        yield f"it is in {instance.state}, its journal ends in {last['state']}"
    if last.get("status", "running") != instance.status:
        yield f"it is {instance.status}, its journal ends {last.get('status', 'running')}"
    if last["version"] != instance.version:
        yield f"it is of version {instance.version}, its journal ends in {last['version']}"


def check_data(instance: Instance) -> Iterator[str]:
    data: Any = None
    for line in instance.lines:
        if line.part:
            continue
        if "data" in line.body:
            data = line.body["data"]
        elif line.body.get("change"):
            data = changed(data, line.body["change"])
    if json.dumps(data, sort_keys=True) != json.dumps(instance.document["data"], sort_keys=True):
        yield f"its data is {instance.document['data']}, its journal comes to {data}"


def changed(data: Any, change: Mapping[str, Any]) -> Any:
    for path in change.get("unset", ()):
        *above, name = tokens(path)
        del place(data, above)[name]
    for path, value in change.get("set", {}).items():
        if path == "":
            data = value
        else:
            *above, name = tokens(path)
            place(data, above)[name] = value
    return data


def place(data: Any, above: list[str]) -> Any:
    for name in above:
        data = data[name]
    return data


def tokens(path: str) -> list[str]:
    return [
        "" if token == "~2" else token.replace("~1", "/").replace("~0", "~")
        for token in path.split("/")
    ]


def check_effects(instance: Instance) -> Iterator[str]:
    told = effects_told(instance)
    for key, history in told.items():
        if history.count("asked") != 1 or history[0] != "asked":
            yield f"effect {key} was recorded as {history}, and not asked for once and first"
        over = [what for what in history if what in ENDS and what != "resolve"]
        if len(over) > 1:
            yield f"effect {key} ended more than once: {history}"
        if over and history[-1] not in ENDS:
            yield f"effect {key} went on after its end: {history}"
    flying = {effect["key"] for effect in instance.document.get("effects", ())}
    open_ = {key for key, history in told.items() if not ENDS & set(history)}
    if flying != open_:
        yield f"effects {sorted(flying)} are in flight, its journal says {sorted(open_)}"


def effects_told(instance: Instance) -> dict[str, list[str]]:
    """What the journal says of each effect, by key and in order."""
    told: dict[str, list[str]] = defaultdict(list)
    for line in instance.lines:
        for record in line.body.get("effects", ()):
            if not record["key"].startswith(("timer:", "message:")) and record["key"] != "upgrade":
                told[record["key"]].append(record["what"])
    return told


def check_timers(instance: Instance) -> Iterator[str]:
    due: dict[str, datetime] = {}
    for line in instance.lines:
        event = line.body.get("event")
        if line.kind == "timer" and isinstance(event, dict):
            timer = event["timer"]
            if timer not in due:
                yield f"timer {timer} fired at seq {line.seq} and was not set"
            elif line.at < due[timer]:
                yield f"timer {timer} fired at {line.at} and was due at {due[timer]}"
            due.pop(timer, None)
        if line.kind == "skip":
            for record in line.body.get("effects", ()):
                due.pop(record["key"].removeprefix("timer:"), None)
        for timer, moment in line.body.get("timers", {}).items():
            if moment is None:
                due.pop(timer, None)
            else:
                due[timer] = datetime.fromisoformat(moment)
    kept = {t["id"]: datetime.fromisoformat(t["due"]) for t in instance.document.get("timers", ())}
    if kept != due:
        yield f"timers {sorted(kept)} are set, its journal says {sorted(due)}"


def check_cancellation(instance: Instance) -> Iterator[str]:
    """It was cancelled once at most, and is cancelled then, or cleans up. Nobody uses force."""
    lines = [line for line in instance.lines if line.kind == "cancel"]
    if len(lines) > 1:
        yield f"it was cancelled at seq {[line.seq for line in lines]}"
    if instance.status == "cancelled" and not lines:
        yield "it is cancelled, and its journal does not say so"
    if lines and instance.status == "done":
        yield "it was cancelled and is done"
    undone = instance.document["data"].get("undone", 0)
    if undone > len(lines):
        yield f"it has cleaned up {undone} times"


#: of one instance alone
CHECKS = (check_seqs, check_end, check_data, check_effects, check_timers, check_cancellation)

# --- what is left to do is found ----------------------------------------------------------------


def check_reach(image: Image) -> Iterator[str]:
    """Whatever an instance waits for comes to it by ``wake_at``, ``held_by`` or the mailbox."""
    names = {instance.name: instance for instance in image.instances}
    to: dict[str, list[Letter]] = defaultdict(list)
    for letter in image.mail:
        to[letter.to].append(letter)
    for instance in image.instances:
        for finding in _reach(instance, names, to):
            yield f"{instance.name}: {finding}"
    for letter in image.mail:
        paused = letter.to in names and names[letter.to].status == "paused"
        if letter.held and not paused:
            yield f"{letter.to}: message {letter.id} is held for it, and it is not paused"


def _reach(
    instance: Instance, names: Mapping[str, Instance], to: Mapping[str, Sequence[Letter]]
) -> Iterator[str]:
    tries: Mapping[str, Mapping[str, Any]] = instance.document.get("tries", {})
    workers = {one["worker"] for one in tries.values() if one.get("worker")}
    if workers != set(instance.held_by):
        yield f"{sorted(workers)} perform it, its row says {sorted(instance.held_by)}"
    incidents = sum("incident_at" in one for one in tries.values())
    if incidents != instance.incidents:
        yield f"it has {incidents} incidents, its row says {instance.incidents}"
    waits = [d for d in _dues(instance, tries) if d is not None]
    sleeps = instance.status == "paused" or "incident_at" in tries.get("upgrade", {})
    if not sleeps and waits and (instance.wake_at is None or instance.wake_at > min(waits)):
        yield f"it is to be woken at {min(waits)}, its row says {instance.wake_at}"
    for effect in instance.document.get("effects", ()):
        key = effect["key"]
        one = tries.get(key)
        if one is None:
            yield f"effect {key} is in flight and nobody tries it"
        elif "child" in one:
            yield from _child(key, f"{one['child']['machine']}/{one['child']['id']}",
                              instance, names, to)  # fmt: skip
        elif not {"worker", "next_at", "incident_at"} & set(one):
            held = [m for m in to.get(instance.name, ()) if m.kind == "outcome"]
            if all(message.body.get("key") != key for message in held):
                yield f"effect {key} is in flight, and nobody performs it or will try it again"


def _dues(instance: Instance, tries: Mapping[str, Mapping[str, Any]]) -> Iterator[datetime | None]:
    for one in tries.values():
        if one.get("kind", "effect") == "effect" and one.get("next_at"):
            yield datetime.fromisoformat(one["next_at"])
    if instance.status != "running":
        return
    for timer in instance.document.get("timers", ()):
        put_off = tries.get(f"timer:{timer['id']}")
        if put_off is None:
            yield datetime.fromisoformat(timer["due"])
        elif put_off.get("next_at"):
            yield datetime.fromisoformat(put_off["next_at"])
        elif "incident_at" not in put_off:
            yield None


def _child(
    key: str,
    child: str,
    parent: Instance,
    names: Mapping[str, Instance],
    to: Mapping[str, Sequence[Letter]],
) -> Iterator[str]:
    """The parent waits for a child: one that is to start, lives, or has its end on its way."""
    if any(letter.kind == "start" for letter in to.get(child, ())):
        return
    if child in names and names[child].status in ("running", "paused"):
        return
    if any(m.kind == "end" and m.body.get("key") == key for m in to.get(parent.name, ())):
        return
    yield f"it waits for its child {child}, which is over or was never started, and hears nothing"


# --- between instances --------------------------------------------------------------------------


def check_arrivals(image: Image) -> Iterator[str]:
    """A message arrives once at most, and those of one sender at one receiver in their order."""
    sent, arrived = _traffic(image)
    for (cause, receiver), times in (arrived - sent).items():
        yield f"{times} messages of {cause} arrived at {receiver} and were not sent"
    late = {
        (f"{instance.name}#{line.seq}", message["to"])
        for instance in image.instances
        for line in instance.lines
        for message in line.body.get("sent", ())
        if message.get("due") is not None
    }
    for instance in image.instances:
        last: dict[str, int] = {}
        for line in instance.lines:
            cause = line.body.get("cause") or ""
            sender, separator, seq = cause.rpartition("#")
            if line.kind != "event" or not separator or (cause, instance.name) in late:
                continue
            if int(seq) < last.get(sender, 0):
                yield (
                    f"{instance.name}: the message of {cause} arrived after that of "
                    f"{sender}#{last[sender]}"
                )
            last[sender] = int(seq)


def check_all_arrived(image: Image, recalls: Collection[str] = ()) -> Iterator[str]:
    """Each message has arrived, or may have been taken back before that: the journal does not show
    what an event took back, only ``recalls``, the names of the events that do."""
    sent, arrived = _traffic(image)
    missing = sent - arrived
    for instance in image.instances:
        for line in instance.lines:
            for message in line.body.get("sent", ()):
                place = (f"{instance.name}#{line.seq}", message["to"])
                if missing[place] and _may_be_recalled(instance, line.seq, message, recalls):
                    missing[place] -= 1
    for (cause, receiver), times in (+missing).items():
        yield f"{times} of the messages of {cause} to {receiver} did not arrive"


def _may_be_recalled(
    instance: Instance, seq: int, message: Mapping[str, Any], recalls: Collection[str]
) -> bool:
    if message.get("due") is None:
        return False
    # one that is overdue can be taken back too, as long as nobody has delivered it
    events = (line.body.get("event") for line in instance.lines if line.seq > seq)
    return any(isinstance(event, dict) and event.get("type") in recalls for event in events)


def _traffic(image: Image) -> tuple[Counter[tuple[str, str]], Counter[tuple[str, str]]]:
    """(step that sent, receiver) as often as it sent, and as often as it arrived."""
    sent: Counter[tuple[str, str]] = Counter()
    arrived: Counter[tuple[str, str]] = Counter()
    for instance in image.instances:
        for line in instance.lines:
            for message in line.body.get("sent", ()):
                if "event" in message:
                    sent[f"{instance.name}#{line.seq}", message["to"]] += 1
            cause = line.body.get("cause") or ""
            if line.kind == "event" and "#" in cause:
                arrived[cause, instance.name] += 1
    return sent, arrived


# --- what callers and endpoints know ------------------------------------------------------------


def check_keys(image: Image, ledger: Ledger) -> Iterator[str]:
    keys: Counter[str] = Counter()
    for instance in image.instances:
        own = Counter(line.key for line in instance.lines if line.key)
        for key, times in own.items():
            if times > 1:
                yield f"{instance.name}: key {key} is in its journal {times} times"
        keys.update(own)
    # what is held for a paused instance was acknowledged too
    keys.update(letter.key for letter in image.mail if letter.key)
    for key in sorted(ledger.acknowledged):
        if keys[key] != 1:
            yield f"{key} was acknowledged and is in the journal {keys[key]} times"
    for key in sorted(ledger.refused):
        if keys[key]:
            yield f"{key} was refused and is in the journal"
    for key in sorted(ledger.unknown):
        if keys[key] > 1:
            yield f"{key} is in the journal {keys[key]} times"


def check_calls(image: Image, calls: Iterable[Performed]) -> Iterator[str]:
    """An effect that is done was performed, and none was that nobody asked for."""
    calls = list(calls)
    begun = Counter(call.key for call in calls)
    ended = Counter(call.key for call in calls if call.ended is not None)
    asked: set[str] = set()
    for instance in image.instances:
        resolved: set[str] = set()
        children: set[str] = set()
        for line in instance.lines:
            started = {m["to"] for m in line.body.get("sent", ()) if m.get("start")}
            for record in line.body.get("effects", ()):
                key = f"{instance.name}/{record['key']}"
                if record["what"] == "asked":
                    asked.add(key)
                    if any(
                        child.startswith(f"{record['name']}/")
                        and child.endswith(f":{record['key']}")
                        for child in started
                    ):
                        children.add(key)
                elif record["what"] == "resolve":
                    resolved.add(key)
                elif record["what"] == "done" and key not in resolved | children | set(ended):
                    yield f"{key} is done and was never performed to its end"
    for key in sorted(set(begun) - asked):
        yield f"{key} was performed {begun[key]} times and was never asked for"


def check_legs(image: Image, acknowledged: Iterable[Noted]) -> Iterator[str]:
    """What an effect has sent while it ran was taken once, in its order, and nothing was taken
    that was only refused."""
    found: Counter[tuple[str, str]] = Counter()
    for instance in image.instances:
        legs = instance.document["data"].get("legs", ()) if instance.name.startswith("job/") else ()
        for line in instance.lines:
            event = line.body.get("event")
            if isinstance(event, dict) and event.get("type") == "Leg":
                found[event["of"], event["text"]] += 1
        taken = [leg.rpartition(" ")[::2] for leg in legs]
        for of in dict.fromkeys(of for of, _ in taken):
            order = [text for one, text in taken if one == of]
            if order != ["there", "back"][: len(order)]:
                yield f"{instance.name}: {of} has sent {order}"
    for letter in image.mail:
        event = letter.body.get("event")
        if isinstance(event, dict) and event.get("type") == "Leg":
            found[event["of"], event["text"]] += 1
    for one in dict.fromkeys((leg.key, leg.text) for leg in acknowledged):
        if found[one] != 1:
            yield f"{one} was acknowledged to its effect and is there {found[one]} times"


def check_echoes(image: Image, given: Iterable[Noted]) -> Iterator[str]:
    """The event that asked for an effect is the same at each attempt."""
    asked: dict[str, str] = {}
    for instance in image.instances:
        for line in instance.lines:
            for record in line.body.get("effects", ()):
                if (record["name"], record["what"]) == ("echo", "asked"):
                    asked[f"{instance.name}/{record['key']}"] = line.body["event"]["text"]
    for one in given:
        if asked.get(one.key) != one.text:
            yield f"{one.key} was given {one.text!r}, and {asked.get(one.key)!r} asked for it"


def check_rest(image: Image, alive: Collection[str]) -> Iterator[str]:
    """Nothing is left to do, and nobody holds anything who is not ``alive``."""
    for instance in image.instances:
        if instance.wake_at is not None:
            yield f"{instance.name}: it is due at {instance.wake_at}"
        if gone := [worker for worker in instance.held_by if worker not in alive]:
            yield f"{instance.name}: {gone} hold it and are dead"
        settled = {
            key
            for key, one in instance.document.get("tries", {}).items()
            if "incident_at" in one or "child" in one or one.get("worker") in alive
        }
        for effect in instance.document.get("effects", ()):
            if (key := effect["key"]) not in settled:
                yield f"{instance.name}: effect {key} is neither over nor an incident"
    for letter in image.mail:
        yield f"message {letter.id} ({letter.kind}) is still on its way to {letter.to}"
