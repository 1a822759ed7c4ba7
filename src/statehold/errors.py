"""Every error that Statehold raises on purpose.

The branch says who must act::

    StateholdError
    ├── DefinitionError          whoever wrote the machine: every problem at once
    ├── Refused                  whoever sent the request: nothing was changed
    │   ├── NotFound             what the request names does not exist
    │   │   ├── UnknownMachine
    │   │   ├── UnknownInstance
    │   │   ├── UnknownIncident
    │   │   ├── UnknownTimer
    │   │   └── UnknownEffect
    │   ├── UnknownEvent
    │   ├── InstanceExists
    │   ├── StaleSeq
    │   ├── KeyReused
    │   ├── NotAllowed
    │   ├── InstanceOver
    │   ├── BeyondEnd
    │   ├── IncidentKept
    │   ├── ActRefused
    │   ├── InvalidPayload
    │   ├── TooLarge
    │   ├── DocumentRefused
    │   ├── PutRefused
    │   └── StepFailed           the machine's own code or chart stopped the step
    │       ├── ActionFailed
    │       ├── GuardFailed
    │       ├── EndlessLoop
    │       └── UpgradeFailed
    ├── Unavailable              nobody: the same request may succeed later
    │   ├── StoreUnavailable
    │   ├── LeaseLost
    │   ├── NewerVersion
    │   ├── MachineUnserved
    │   ├── Overloaded
    │   └── Stopping
    ├── ScriptInvalid            whoever wrote the script: every problem at once
    ├── ScriptFailed             the same, or whoever wrote the machine: not what was expected
    ├── InstanceUnreadable       whoever runs the deployment: the rest goes on
    ├── ArchiveFailed            the same: nothing is purged
    ├── StoreRefused             the same: nothing goes on
    │   ├── StoreInUse
    │   ├── SchemaMismatch
    │   └── SchemaOutdated
    └── Permanent                raised by an effect: do not try again

A message names the value, the limit and the way out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

#: characters of another error's text that an error keeps
TEXT_CHARS = 2_000
#: characters of the name of its class
NAME_CHARS = 200


def storable(text: str, most: int = TEXT_CHARS) -> str:
    """At most so many characters of a text, all of which can be written as JSON and stored: lone
    surrogates and U+0000 are escaped."""
    # of a subclass, the text itself
    plain = str.__str__(text)[:most]
    plain = plain.encode("utf-8", "backslashreplace").decode().replace("\0", "\\x00")
    return plain[:most]


def name_of(error: BaseException) -> str:
    """The name of its class."""
    # not of a metaclass, which may say anything
    name: str = type.__dict__["__name__"].__get__(type(error))
    return storable(name, NAME_CHARS)


def text_of(error: BaseException, most: int = TEXT_CHARS) -> str:
    """``str(error)``, bounded and storable; says so where that can't be had."""
    try:
        text = str(error)
    except BaseException as broken:  # noqa: BLE001 - whatever it is, it is not what matters here
        return f"its text can't be read: __str__ raised {name_of(broken)}"
    return storable(text, most)


def described(error: BaseException) -> str:
    """What was raised, in a sentence: its class and its text."""
    return f"{name_of(error)}: {text_of(error)}"


class StateholdError(Exception):
    """The root of the tree."""

    #: a stable name for programs, used as the type of an HTTP problem
    code: ClassVar[str] = "error"

    def details(self) -> dict[str, Any]:
        """What a program needs beside the message; plain JSON values."""
        return {}


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake in a machine: where it is, what is wrong, and what to do about it."""

    place: str
    message: str
    hint: str = ""

    def __str__(self) -> str:
        hint = f"\n      hint: {self.hint}" if self.hint else ""
        return f"{self.place}: {self.message}{hint}"


class DefinitionError(StateholdError):
    """A machine can't be built or can't be run; lists every problem that was found."""

    code = "definition"

    def __init__(self, machine: str, problems: Sequence[Problem]) -> None:
        self.machine = machine
        self.problems = tuple(problems)
        count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
        lines = "".join(f"\n  {n}. {problem}" for n, problem in enumerate(problems, 1))
        named = f"machine {machine!r}" if machine else "the document"
        super().__init__(f"{named} has {count}:{lines}")

    def details(self) -> dict[str, Any]:
        return {
            "problems": [
                {"place": p.place, "message": p.message, "hint": p.hint} for p in self.problems
            ]
        }


# --- the sender must act -------------------------------------------------------------------


class Refused(StateholdError):
    """The request was refused and changed nothing."""

    code = "refused"


class NotFound(Refused):
    """What the request names does not exist."""

    code = "not-found"


class UnknownMachine(NotFound):
    """No machine of this name is run by the engine that was asked."""

    code = "unknown-machine"

    def __init__(self, machine: str, known: Sequence[str]) -> None:
        self.machine = machine
        self.known = tuple(sorted(known))
        super().__init__(
            f"no machine is called {machine!r}; this engine runs {', '.join(self.known) or 'none'}"
        )

    def details(self) -> dict[str, Any]:
        return {"machine": self.machine, "known": list(self.known)}


class UnknownInstance(NotFound):
    """The machine has no instance of this id."""

    code = "unknown-instance"

    def __init__(self, machine: str, id: str) -> None:
        self.machine = machine
        self.id = id
        super().__init__(f"machine {machine!r} has no instance {id!r}; start it first")

    def details(self) -> dict[str, Any]:
        return {"machine": self.machine, "id": self.id}


class UnknownEvent(Refused):
    """The machine declares no event of this name."""

    code = "unknown-event"

    def __init__(self, machine: str, event: str, known: Sequence[str]) -> None:
        self.machine = machine
        self.event = event
        self.known = tuple(sorted(known))
        super().__init__(
            f"machine {machine!r} knows no event {event!r}; "
            f"it knows {', '.join(self.known) or 'none'}"
        )

    def details(self) -> dict[str, Any]:
        return {"machine": self.machine, "event": self.event, "known": list(self.known)}


class UnknownIncident(NotFound):
    """No incident of this name waits for a person."""

    code = "unknown-incident"

    def __init__(self, incident: str) -> None:
        self.incident = incident
        super().__init__(f"no open incident is called {incident!r}; it may have been settled")

    def details(self) -> dict[str, Any]:
        return {"incident": self.incident}


class UnknownTimer(NotFound):
    """The instance has no such timer under way."""

    code = "unknown-timer"

    def __init__(self, machine: str, id: str, timer: str, known: Sequence[str]) -> None:
        self.machine = machine
        self.id = id
        self.timer = timer
        self.known = tuple(known)
        super().__init__(
            f"instance {id!r} of {machine!r} has no timer {timer[:200]!r}; "
            f"{_under_way(self.known, 'timers')}"
        )

    def details(self) -> dict[str, Any]:
        return {
            "machine": self.machine,
            "id": self.id,
            "timer": self.timer,
            "known": list(self.known),
        }


class UnknownEffect(NotFound):
    """The instance has no such effect under way: it may have ended, or its state was left."""

    code = "unknown-effect"

    def __init__(self, machine: str, id: str, key: str, known: Sequence[str]) -> None:
        self.machine = machine
        self.id = id
        self.key = key
        self.known = tuple(known)
        super().__init__(
            f"instance {id!r} of {machine!r} has no effect {key[:200]!r} under way; "
            f"{_under_way(self.known, 'effects')}"
        )

    def details(self) -> dict[str, Any]:
        return {"machine": self.machine, "id": self.id, "key": self.key, "known": list(self.known)}


def _under_way(known: Sequence[str], what: str) -> str:
    return f"under way are {', '.join(known)}" if known else f"it has no {what} under way"


class InstanceExists(Refused):
    """A start asked for an id that is taken."""

    code = "instance-exists"

    def __init__(self, machine: str, id: str) -> None:
        self.machine = machine
        self.id = id
        super().__init__(
            f"machine {machine!r} already has an instance {id!r}; choose another id, or repeat "
            "the first request with its idempotency key to get its reply again"
        )

    def details(self) -> dict[str, Any]:
        return {"machine": self.machine, "id": self.id}


class StaleSeq(Refused):
    """The instance has moved on since the sender looked: ``expected_seq`` is not its ``seq``."""

    code = "stale-seq"

    def __init__(self, machine: str, id: str, expected: int, actual: int) -> None:
        self.machine = machine
        self.id = id
        self.expected = expected
        self.actual = actual
        super().__init__(
            f"instance {id!r} of {machine!r} is at seq {actual}, the request expected {expected}; "
            "read it again and decide anew"
        )

    def details(self) -> dict[str, Any]:
        return {
            "machine": self.machine,
            "id": self.id,
            "expected": self.expected,
            "seq": self.actual,
        }


class KeyReused(Refused):
    """An idempotency key came back with another request than the one it was first used for."""

    code = "key-reused"

    def __init__(self, key: str, first: str, now: str) -> None:
        self.key = key
        self.first = first
        self.now = now
        super().__init__(
            f"idempotency key {key!r} was first used for {first} and now for {now}; "
            "use a new key for a new request"
        )

    def details(self) -> dict[str, Any]:
        return {"key": self.key, "first": self.first, "now": self.now}


class NotAllowed(Refused):
    """The event is known, but the instance does not accept it as it is now.

    ``allowed`` lists the events that it accepts, ``reasons`` the guards and roles that said no.
    """

    code = "not-allowed"

    def __init__(
        self,
        machine: str,
        id: str,
        event: str,
        *,
        state: Sequence[str],
        allowed: Sequence[str],
        reasons: Sequence[str] = (),
        forbidden: bool = False,
    ) -> None:
        self.machine = machine
        self.id = id
        self.event = event
        self.state = tuple(state)
        self.allowed = tuple(allowed)
        self.reasons = tuple(reasons)
        #: a role, and nothing else, stood in the way
        self.forbidden = forbidden
        because = f" because {'; '.join(reasons)}" if reasons else ""
        super().__init__(
            f"instance {id!r} of {machine!r} is in {', '.join(self.state)} and does not accept "
            f"{event}{because}; allowed now: {', '.join(self.allowed) or 'nothing'}"
        )

    def details(self) -> dict[str, Any]:
        return {
            "machine": self.machine,
            "id": self.id,
            "event": self.event,
            "state": list(self.state),
            "allowed": list(self.allowed),
            "reasons": list(self.reasons),
        }


class InstanceOver(Refused):
    """The instance is over, which is for ever; ``status`` tells how it ended."""

    code = "instance-over"

    def __init__(self, machine: str, id: str, status: str) -> None:
        self.machine = machine
        self.id = id
        self.status = status
        super().__init__(f"instance {id!r} of {machine!r} is {status}; nothing can be done to it")

    def details(self) -> dict[str, Any]:
        return {"machine": self.machine, "id": self.id, "status": self.status}


class BeyondEnd(Refused):
    """A position above the instance's last step was named, as after a backup was restored."""

    code = "beyond-end"

    def __init__(self, machine: str, id: str, after: int, seq: int) -> None:
        self.machine = machine
        self.id = id
        self.after = after
        self.seq = seq
        super().__init__(
            f"instance {id!r} of {machine!r} is at seq {seq} and has no step {after}: its history "
            "is not the one that was seen before; read it again from the start"
        )

    def details(self) -> dict[str, Any]:
        return {"machine": self.machine, "id": self.id, "after": self.after, "seq": self.seq}


class IncidentKept(Refused):
    """An incident can't be settled in the way that was asked for."""

    code = "incident-kept"

    def __init__(self, incident: str, kind: str, act: str, instead: str) -> None:
        self.incident = incident
        self.kind = kind
        self.act = act
        self.instead = instead
        super().__init__(
            f"incident {incident!r} is one of an {kind} and can't be settled by {act}; {instead}"
        )

    def details(self) -> dict[str, Any]:
        return {
            "incident": self.incident,
            "kind": self.kind,
            "act": self.act,
            "instead": self.instead,
        }


class ActRefused(Refused):
    """A person's act that makes no sense as the instance is now; ``instead`` says what does."""

    code = "act-refused"

    def __init__(self, machine: str, id: str, act: str, why: str, instead: str) -> None:
        self.machine = machine
        self.id = id
        self.act = act
        self.why = why
        self.instead = instead
        super().__init__(f"instance {id!r} of {machine!r} takes no {act}: {why}; {instead}")

    def details(self) -> dict[str, Any]:
        return {
            "machine": self.machine,
            "id": self.id,
            "act": self.act,
            "why": self.why,
            "instead": self.instead,
        }


class InvalidPayload(Refused):
    """The payload does not fit; ``fields`` maps each place (``a.b.0``) to what is wrong there."""

    code = "invalid-payload"

    def __init__(self, what: str, fields: Mapping[str, str]) -> None:
        self.what = what
        # keys of the value's own stand in places, and values in what is wrong with them
        self.fields = {storable(place): storable(why) for place, why in fields.items()}
        listed = "; ".join(f"{p}: {why}" if p else why for p, why in self.fields.items())
        super().__init__(f"{what} is not valid: {listed}")

    def details(self) -> dict[str, Any]:
        return {"what": self.what, "fields": self.fields}


#: what to do about too much, by its unit
_WAYS_OUT = {
    "bytes": "keep what is large elsewhere, and here where it is",
    "characters": "shorten it",
    "events": "send fewer at once",
    "delayed messages": "send fewer for later, or cancel some before",
    "messages": "resume or cancel the instance first",
    "lines": "watch the instance instead",
}


class TooLarge(Refused):
    """``what`` has ``size`` of its ``unit``, more than ``limit``."""

    code = "too-large"

    def __init__(self, what: str, size: int, limit: int, unit: str = "bytes") -> None:
        self.what = what
        self.size = size
        self.limit = limit
        self.unit = unit
        way_out = _WAYS_OUT.get(unit, "send less")
        super().__init__(f"{what} has {size} {unit}; the limit is {limit} {unit}: {way_out}")

    def details(self) -> dict[str, Any]:
        return {"what": self.what, "size": self.size, "limit": self.limit, "unit": self.unit}


class DocumentRefused(Refused):
    """A machine that was put can't be built or can't be run; lists every problem that was found."""

    code = "document-refused"

    def __init__(self, machine: str, problems: Sequence[Problem]) -> None:
        told = DefinitionError(machine, problems)
        self.machine = machine
        self.problems = told.problems
        super().__init__(f"{told}\nnothing was put")

    def details(self) -> dict[str, Any]:
        return {"machine": self.machine, **DefinitionError(self.machine, self.problems).details()}


class PutRefused(Refused):
    """The document may be sound, but can't be put beside what is there; ``differences`` are those
    to the document that has its version."""

    code = "put-refused"

    def __init__(
        self, machine: str, version: int, why: str, differences: Sequence[str] = ()
    ) -> None:
        self.machine = machine
        self.version = version
        self.why = why
        self.differences = tuple(differences)
        lines = "".join(f"\n  - {line}" for line in self.differences)
        super().__init__(f"version {version} of {machine!r} was not put: {why}{lines}")

    def details(self) -> dict[str, Any]:
        return {
            "machine": self.machine,
            "version": self.version,
            "why": self.why,
            "differences": list(self.differences),
        }


class StepFailed(Refused):
    """The step was dropped whole: nothing changed and nothing was asked for."""

    code = "step-failed"


class ActionFailed(StepFailed):
    """An action, a delay, an input or an output raised; ``cause`` is what."""

    code = "action-failed"

    def __init__(self, action: str, cause: BaseException) -> None:
        self.action = action
        self.cause = cause
        super().__init__(f"action {action!r} raised {described(cause)}; the step was dropped")

    def details(self) -> dict[str, Any]:
        return {"action": self.action, "cause": described(self.cause)}


class GuardFailed(StepFailed):
    """A guard raised; ``cause`` is what."""

    code = "guard-failed"

    def __init__(self, guard: str, cause: BaseException) -> None:
        self.guard = guard
        self.cause = cause
        super().__init__(f"guard {guard!r} raised {described(cause)}; the step was dropped")

    def details(self) -> dict[str, Any]:
        return {"guard": self.guard, "cause": described(self.cause)}


class EndlessLoop(StepFailed):
    """The step did not come to rest within ``limit`` microsteps; ``states`` were entered last."""

    code = "endless-loop"

    def __init__(self, machine: str, states: Sequence[str], limit: int) -> None:
        self.machine = machine
        self.states = tuple(states)
        self.limit = limit
        super().__init__(
            f"machine {machine!r} took {limit} microsteps in one step without coming to rest, "
            f"among {', '.join(self.states)}; break the cycle of immediate transitions or raised "
            "events"
        )

    def details(self) -> dict[str, Any]:
        return {"machine": self.machine, "states": list(self.states), "limit": self.limit}


class UpgradeFailed(StepFailed):
    """The instance stays on its old version; an incident tells why."""

    code = "upgrade-failed"

    def __init__(self, machine: str, id: str, old: int, new: int, why: str) -> None:
        self.machine = machine
        self.id = id
        self.old = old
        self.new = new
        self.why = why
        super().__init__(
            f"instance {id!r} of {machine!r} could not go from version {old} to {new}: {why}; "
            "it stays as it was, see its incident"
        )

    def details(self) -> dict[str, Any]:
        return {
            "machine": self.machine,
            "id": self.id,
            "from": self.old,
            "to": self.new,
            "why": self.why,
        }


# --- later ---------------------------------------------------------------------------------


class Unavailable(StateholdError):
    """Nothing is known to be wrong with the request; send it again, with its key, later.

    A client sets ``key`` to the idempotency key that it sent, also where it generated the key: the
    answer may have been lost after the step was committed, and only the same key makes the next
    request the same one. For a batch, ``keys`` has those of all requests, in order.
    """

    code = "unavailable"
    retry_after_seconds: ClassVar[int] = 1
    key: str | None = None
    keys: tuple[str, ...] = ()


class StoreUnavailable(Unavailable):
    """The store can't be reached or can't be written now."""

    code = "store-unavailable"

    def __init__(self, why: str) -> None:
        super().__init__(f"the store can't be used now: {why}")


class LeaseLost(Unavailable):
    """This worker was taken for dead: others do its work now, and it writes nothing."""

    code = "lease-lost"

    def __init__(self, worker: str) -> None:
        self.worker = worker
        super().__init__(
            f"worker {worker} did not renew its lease in time and was taken for dead; it joins "
            "again under another name"
        )


class NewerVersion(Unavailable):
    """The instance was carried over to a version that this worker does not run; others do, as in
    the middle of a deploy."""

    code = "newer-version"

    def __init__(self, machine: str, id: str, version: int, known: int) -> None:
        self.machine = machine
        self.id = id
        super().__init__(
            f"instance {id!r} of {machine!r} is of version {version}, this worker runs {known}; "
            f"ask again, another worker may answer, or run version {version} here too"
        )

    def details(self) -> dict[str, Any]:
        return {"machine": self.machine, "id": self.id}


class MachineUnserved(Unavailable):
    """The machine was put, and this worker can't run it; another may."""

    code = "machine-unserved"

    def __init__(self, machine: str, version: int, why: str) -> None:
        self.machine = machine
        self.version = version
        self.why = why
        super().__init__(
            f"version {version} of {machine!r} was put and can't be run by this worker: {why}"
        )

    def details(self) -> dict[str, Any]:
        return {"machine": self.machine, "version": self.version, "why": self.why}


class Overloaded(Unavailable):
    """More requests wait than the engine takes."""

    code = "overloaded"

    def __init__(self, waiting: int, limit: int) -> None:
        super().__init__(
            f"{waiting} requests are waiting, the limit is {limit}; send fewer at once"
        )


class Stopping(Unavailable):
    """The engine is closing."""

    code = "stopping"

    def __init__(self) -> None:
        super().__init__("the engine is stopping and takes no new requests; ask again soon")


# --- the deployment ------------------------------------------------------------------------


class InstanceUnreadable(StateholdError):
    """What the store has of an instance does not fit the code that runs."""

    code = "instance-unreadable"

    def __init__(self, machine: str, id: str, version: int, why: str) -> None:
        self.machine = machine
        self.id = id
        super().__init__(
            f"instance {id!r} of {machine!r}, version {version}, can't be read by the code that "
            f"runs: {why}; run the code that wrote it, mend the type of its data, repair it with "
            "data that fits, or cancel it"
        )

    def details(self) -> dict[str, Any]:
        return {"machine": self.machine, "id": self.id}


class ArchiveFailed(StateholdError):
    """Finished instances can't be written out, so none of them is purged; all else goes on."""

    code = "archive-failed"


class StoreRefused(StateholdError):
    """The store can't be opened as it is."""

    code = "store-refused"


class StoreInUse(StoreRefused):
    """Another process has the SQLite file open."""

    code = "store-in-use"

    def __init__(self, where: str, holder: str) -> None:
        super().__init__(
            f"{where} is in use by {holder}; one SQLite file serves one process: stop the other, "
            "or give this one a file of its own"
        )


class SchemaMismatch(StoreRefused):
    """The store was made by a later release."""

    code = "schema-mismatch"

    def __init__(self, where: str, found: int, known: int) -> None:
        super().__init__(
            f"{where} has schema {found}, this release knows up to {known}; run the release that "
            "made it, or a newer one"
        )


class SchemaOutdated(StoreRefused):
    """The store was made by an earlier release, and is upgraded as a step of a deployment."""

    code = "schema-outdated"

    def __init__(self, pending: Sequence[str]) -> None:
        self.pending = tuple(pending)
        super().__init__(
            f"the database lacks {', '.join(pending)}; run `statehold db upgrade` with its address"
        )

    def details(self) -> dict[str, Any]:
        return {"pending": list(self.pending)}


class Permanent(StateholdError):
    """Raise this in an effect when trying again can't help: its failure is delivered at once."""

    code = "permanent"


class ScriptInvalid(StateholdError):
    """A script can't be read, or is for another machine; lists every problem that was found."""

    code = "script-invalid"

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("the script can't be played:" + "".join(f"\n  {p}" for p in problems))

    def details(self) -> dict[str, Any]:
        return {
            "problems": [
                {"place": p.place, "message": p.message, "hint": p.hint} for p in self.problems
            ]
        }


class ScriptFailed(StateholdError):
    """A script came to a step, counted from 1, where what is was not what was expected."""

    code = "script-failed"

    def __init__(self, machine: str, step: int, is_: str, expected: str, path: str) -> None:
        self.machine = machine
        self.step = step
        self.is_ = is_
        self.expected = expected
        self.path = path
        super().__init__(
            f"{machine}, step {step} of the script: {is_}\n  expected: {expected}\n"
            f"  the path here:\n{path}"
        )

    def details(self) -> dict[str, Any]:
        return {"step": self.step, "is": self.is_, "expected": self.expected, "path": self.path}
