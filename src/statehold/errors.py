# long because the tree of errors is read as one page: each class is its message and its details
"""Every error that Statehold raises on purpose.

The branch says who must act::

    StateholdError
    ├── DefinitionError          the author of the machine: lists every problem
    ├── Refused                  the sender of the request: nothing was changed
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
    │   ├── AttemptOver          the effect: its instance does not wait for this attempt any more
    │   ├── Forbidden
    │   ├── InstanceOver
    │   ├── BeyondEnd
    │   ├── IncidentKept
    │   ├── ActRefused
    │   ├── InvalidPayload
    │   ├── TooLarge
    │   ├── DocumentRefused
    │   ├── PutRefused
    │   └── StepFailed           the machine's own code or chart failed, the step was dropped
    │       ├── ActionFailed
    │       ├── GuardFailed
    │       ├── EndlessLoop
    │       ├── UpgradeFailed
    │       └── CancelFailed
    ├── ResourcesInvalid         the operator: lists every problem; the engine does not start
    ├── ResourceUnavailable      the operator: attempts of effects that need it fail
    ├── Unavailable              nobody: the same request can succeed later
    │   ├── StoreUnavailable
    │   ├── LeaseLost
    │   ├── NewerVersion
    │   ├── MachineUnserved
    │   ├── Overloaded
    │   ├── TooManyRequests
    │   └── Stopping
    ├── ScriptInvalid            the author of the script: lists every problem
    ├── ScriptFailed             the author of the script or of the machine: an expectation failed
    ├── InstanceUnreadable       the operator: other instances go on
    ├── ArchiveFailed            the operator: nothing is purged
    ├── StoreRefused             the operator: the engine does not start
    │   ├── StoreInUse
    │   ├── SchemaMismatch
    │   └── SchemaOutdated
    └── Permanent                raised by an effect: no further attempt

A message names the value, the limit and the way out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
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
    """``str(error)``, bounded and storable; names the error that ``__str__`` raises, if it does."""
    try:
        text = str(error)
    except BaseException as broken:  # noqa: BLE001 - the first error matters, not this one
        return f"its text can't be read: __str__ raised {name_of(broken)}"
    return storable(text, most)


def described(error: BaseException) -> str:
    """The class and the text of an error."""
    return f"{name_of(error)}: {text_of(error)}"


#: mistakes that a refusal lists: a sender mends what it sees and sends again, and an answer must
#: not grow with what is wrong in a request
MISTAKES_SHOWN = 20


class StateholdError(Exception):
    """The base class of every error that Statehold raises on purpose."""

    #: a stable name for programs, used as the type of an HTTP problem
    code: ClassVar[str] = "error"
    #: the error in full, where this is what its caller gets of it
    withheld: StateholdError | None = None
    #: the attributes that ``details`` returns
    detail_fields: ClassVar[tuple[str, ...]] = ()

    def details(self) -> dict[str, Any]:
        """The error's data for programs, as plain JSON values."""
        found = {name: getattr(self, name) for name in self.detail_fields}
        return {name: list(v) if isinstance(v, tuple) else v for name, v in found.items()}


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
    """A machine can't be built or run; lists every problem."""

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


class ResourcesInvalid(StateholdError):
    """The resources that an engine was given can't be used, or do not give what its effects take;
    lists every problem."""

    code = "resources"

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
        lines = "".join(f"\n  {n}. {problem}" for n, problem in enumerate(problems, 1))
        super().__init__(f"the resources have {count}:{lines}")

    def details(self) -> dict[str, Any]:
        return {
            "problems": [
                {"place": p.place, "message": p.message, "hint": p.hint} for p in self.problems
            ]
        }


class ResourceUnavailable(StateholdError):
    """A resource that an effect takes is not open; the attempt fails, and is repeated like any
    other."""

    code = "resource-unavailable"
    detail_fields = ("resource", "why")

    def __init__(self, resource: str, why: str) -> None:
        self.resource = resource
        self.why = why
        super().__init__(f"resource {resource} is not open: {why}")


# --- the sender must act -------------------------------------------------------------------


class Refused(StateholdError):
    """The request was refused and changed nothing."""

    code = "refused"


class NotFound(Refused):
    """What the request names does not exist."""

    code = "not-found"


class UnknownMachine(NotFound):
    """The engine runs no machine of this name."""

    code = "unknown-machine"
    detail_fields = ("machine", "known")

    def __init__(self, machine: str, known: Sequence[str]) -> None:
        self.machine = machine
        self.known = tuple(sorted(known))
        super().__init__(
            f"no machine is called {machine!r}; this engine runs {', '.join(self.known) or 'none'}"
        )


class UnknownInstance(NotFound):
    """The machine has no instance of this id."""

    code = "unknown-instance"
    detail_fields = ("machine", "id")

    def __init__(self, machine: str, id: str) -> None:
        self.machine = machine
        self.id = id
        super().__init__(f"machine {machine!r} has no instance {id!r}; start it first")


class UnknownEvent(Refused):
    """The machine declares no event of this name."""

    code = "unknown-event"
    detail_fields = ("machine", "event", "known")

    def __init__(self, machine: str, event: str, known: Sequence[str]) -> None:
        self.machine = machine
        self.event = event
        self.known = tuple(sorted(known))
        super().__init__(
            f"machine {machine!r} knows no event {event!r}; it knows {_first(self.known) or 'none'}"
        )


class UnknownIncident(NotFound):
    """No incident of this name is open."""

    code = "unknown-incident"
    detail_fields = ("incident",)

    def __init__(self, incident: str) -> None:
        self.incident = incident
        super().__init__(f"no open incident is called {incident!r}; it may have been settled")


class UnknownTimer(NotFound):
    """The instance has no such timer."""

    code = "unknown-timer"
    detail_fields = ("machine", "id", "timer", "known")

    def __init__(self, machine: str, id: str, timer: str, known: Sequence[str] | None) -> None:
        self.machine = machine
        self.id = id
        self.timer = timer
        self.known = tuple(known or ())
        super().__init__(
            f"instance {id!r} of {machine!r} has no timer {timer[:200]!r}{_known(known, 'timers')}"
        )


class UnknownEffect(NotFound):
    """The instance has no such running effect: it may have ended, or its state was left."""

    code = "unknown-effect"
    detail_fields = ("machine", "id", "key", "known")

    def __init__(self, machine: str, id: str, key: str, known: Sequence[str] | None) -> None:
        self.machine = machine
        self.id = id
        self.key = key
        self.known = tuple(known or ())
        super().__init__(
            f"instance {id!r} of {machine!r} has no running effect {key[:200]!r}"
            f"{_known(known, 'effects')}"
        )


def _first(names: Sequence[str]) -> str:
    """As a list in a sentence, which must not grow with what a machine has."""
    more = len(names) - MISTAKES_SHOWN
    return ", ".join(names[:MISTAKES_SHOWN]) + (f" and {more} more" if more > 0 else "")


def _known(known: Sequence[str] | None, what: str) -> str:
    """None: they are withheld."""
    if known is None:
        return ""
    return f"; its {what} are {', '.join(known)}" if known else f"; it has no {what}"


class InstanceExists(Refused):
    """A start asked for an id that is taken."""

    code = "instance-exists"
    detail_fields = ("machine", "id")

    def __init__(self, machine: str, id: str) -> None:
        self.machine = machine
        self.id = id
        super().__init__(
            f"machine {machine!r} already has an instance {id!r}; choose another id, or repeat "
            "the first request with its idempotency key to get its reply again"
        )


class StaleSeq(Refused):
    """The instance has changed since the sender read it: ``expected_seq`` is not its ``seq``."""

    code = "stale-seq"

    def __init__(self, machine: str, id: str, expected: int, actual: int) -> None:
        self.machine = machine
        self.id = id
        self.expected = expected
        self.actual = actual
        super().__init__(
            f"instance {id!r} of {machine!r} is at seq {actual}, the request expected {expected}; "
            "read it again before you decide"
        )

    def details(self) -> dict[str, Any]:
        return {
            "machine": self.machine,
            "id": self.id,
            "expected": self.expected,
            "seq": self.actual,
        }


class KeyReused(Refused):
    """An idempotency key was used for another request before."""

    code = "key-reused"
    detail_fields = ("key", "first", "now")

    def __init__(self, key: str, first: str, now: str) -> None:
        self.key = key
        self.first = first
        self.now = now
        super().__init__(
            f"idempotency key {key!r} was first used for {first} and now for {now}; "
            "use a new key for a new request"
        )


class NotAllowed(Refused):
    """The event is known, but the instance does not accept it now.

    ``allowed`` lists the events that it accepts, ``reasons`` the guards and roles that refused, the
    first 20 of them, ``role_reasons`` those of them that are roles. All are empty for a caller that
    may not read the instance.
    """

    code = "not-allowed"
    detail_fields = ("machine", "id", "event", "state", "allowed", "reasons")

    def __init__(
        self,
        machine: str,
        id: str,
        event: str,
        *,
        state: Sequence[str],
        allowed: Sequence[str],
        reasons: Sequence[str] = (),
        role_reasons: Sequence[str] = (),
        forbidden: bool = False,
    ) -> None:
        self.machine = machine
        self.id = id
        self.event = event
        self.state = tuple(state)
        self.allowed = tuple(allowed)
        self.reasons = tuple(reasons[:MISTAKES_SHOWN])
        self.role_reasons = tuple(one for one in role_reasons if one in self.reasons)
        #: a missing role is the only reason
        self.forbidden = forbidden
        more = len(reasons) - len(self.reasons)
        because = f" because {'; '.join(self.reasons)}" if reasons else ""
        because += f"; and {more} more" if more else ""
        named = f"instance {id!r} of {machine!r}"
        super().__init__(
            f"{named} is in {_first(self.state)} and does not accept {event}{because}; "
            f"allowed now: {_first(self.allowed) or 'nothing'}"
            if self.state
            else f"{named} does not accept {event} now"
        )


class AttemptOver(Refused):
    """An attempt of an effect sends an event, and its instance does not wait for it any more: its
    state was left, the instance has ended, or another attempt has begun."""

    code = "attempt-over"

    def __init__(self, effect: str, attempt: int, machine: str, id: str) -> None:
        super().__init__(
            f"attempt {attempt} of {effect} is not the present one of {id!r} of {machine!r} any "
            "more, so it sends nothing: end it"
        )


class Forbidden(Refused):
    """The caller is known, and not permitted.

    ``action`` is the right that it lacks, on ``machine``; both are empty where it is not about one.
    """

    code = "forbidden"

    def __init__(self, why: str, *, action: str = "", machine: str = "") -> None:
        self.action = action
        self.machine = machine
        super().__init__(f"the request is not permitted: {why}")


class InstanceOver(Refused):
    """The instance has ended; ``status`` is done or cancelled."""

    code = "instance-over"
    detail_fields = ("machine", "id", "status")

    def __init__(self, machine: str, id: str, status: str) -> None:
        self.machine = machine
        self.id = id
        self.status = status
        super().__init__(f"instance {id!r} of {machine!r} is {status}; nothing can be done to it")


class BeyondEnd(Refused):
    """The request names a step after the instance's last, as after a backup was restored."""

    code = "beyond-end"
    detail_fields = ("machine", "id", "after", "seq")

    def __init__(self, machine: str, id: str, after: int, seq: int) -> None:
        self.machine = machine
        self.id = id
        self.after = after
        self.seq = seq
        super().__init__(
            f"instance {id!r} of {machine!r} is at seq {seq} and has no step {after}: its history "
            "is another one than before; read it again from the start"
        )


class IncidentKept(Refused):
    """An incident can't be settled by this action; ``instead`` says by which."""

    code = "incident-kept"
    detail_fields = ("incident", "kind", "act", "instead")

    def __init__(self, incident: str, kind: str, act: str, instead: str) -> None:
        self.incident = incident
        self.kind = kind
        self.act = act
        self.instead = instead
        super().__init__(
            f"incident {incident!r} is one of an {kind} and can't be settled by {act}; {instead}"
        )


class ActRefused(Refused):
    """An operator's action that the instance can't take now; ``instead`` says what it can."""

    code = "act-refused"
    detail_fields = ("machine", "id", "act", "why", "instead")

    def __init__(self, machine: str, id: str, act: str, why: str, instead: str) -> None:
        self.machine = machine
        self.id = id
        self.act = act
        self.why = why
        self.instead = instead
        super().__init__(f"instance {id!r} of {machine!r} takes no {act}: {why}; {instead}")


class InvalidPayload(Refused):
    """The payload is not valid; ``fields`` maps each place (``a.b.0``) to its mistake, of at most
    20 places."""

    code = "invalid-payload"
    detail_fields = ("what", "fields")

    def __init__(self, what: str, fields: Mapping[str, str]) -> None:
        self.what = what
        # places have the value's own keys in them, and mistakes its values
        self.fields = {
            storable(place): storable(why) for place, why in islice(fields.items(), MISTAKES_SHOWN)
        }
        listed = "; ".join(f"{p}: {why}" if p else why for p, why in self.fields.items())
        more = "; and more, which are not listed" if len(fields) > MISTAKES_SHOWN else ""
        super().__init__(f"{what} is not valid: {listed}{more}")


#: what to do about it, by the unit
_WAYS_OUT = {
    "bytes": "store large values elsewhere, and their address here",
    "characters": "shorten it",
    "events": "send fewer at once",
    "values": "send fewer at once, or one text instead of many values",
    "delayed messages": "send fewer for later, or cancel some first",
    "messages": "resume or cancel the instance first",
    "lines": "watch the instance instead",
}


class TooLarge(Refused):
    """``what`` has ``size`` of its ``unit``, more than ``limit``."""

    code = "too-large"
    detail_fields = ("what", "size", "limit", "unit")

    def __init__(self, what: str, size: int, limit: int, unit: str = "bytes") -> None:
        self.what = what
        self.size = size
        self.limit = limit
        self.unit = unit
        way_out = _WAYS_OUT.get(unit, "send less")
        super().__init__(f"{what} has {size} {unit}; the limit is {limit} {unit}: {way_out}")


class DocumentRefused(Refused):
    """A deployed document can't be built or run; lists its problems, at most 20 of them."""

    code = "document-refused"

    def __init__(self, machine: str, problems: Sequence[Problem]) -> None:
        self.machine = machine
        self.problems = tuple(problems[:MISTAKES_SHOWN])
        left_out = len(problems) - len(self.problems)
        more = f"\n  and {left_out} more" if left_out else ""
        super().__init__(f"{DefinitionError(machine, self.problems)}{more}\nnothing was deployed")

    def details(self) -> dict[str, Any]:
        return {"machine": self.machine, **DefinitionError(self.machine, self.problems).details()}


class PutRefused(Refused):
    """The document can't be deployed beside what the store has; ``differences`` are those to the
    document of the same version."""

    code = "put-refused"
    detail_fields = ("machine", "version", "why", "differences")

    def __init__(
        self, machine: str, version: int, why: str, differences: Sequence[str] = ()
    ) -> None:
        self.machine = machine
        self.version = version
        self.why = why
        self.differences = tuple(differences)
        lines = "".join(f"\n  - {line}" for line in self.differences)
        super().__init__(f"version {version} of {machine!r} was not deployed: {why}{lines}")


class StepFailed(Refused):
    """The step was dropped: nothing changed, and no effect was requested."""

    code = "step-failed"


class ActionFailed(StepFailed):
    """An action, a delay, an input or an output raised ``cause``."""

    code = "action-failed"

    def __init__(self, action: str, cause: BaseException) -> None:
        self.action = action
        self.cause = cause
        super().__init__(f"action {action!r} raised {described(cause)}; the step was dropped")

    def details(self) -> dict[str, Any]:
        return {"action": self.action, "cause": described(self.cause)}


class GuardFailed(StepFailed):
    """A guard raised ``cause``."""

    code = "guard-failed"

    def __init__(self, guard: str, cause: BaseException) -> None:
        self.guard = guard
        self.cause = cause
        super().__init__(f"guard {guard!r} raised {described(cause)}; the step was dropped")

    def details(self) -> dict[str, Any]:
        return {"guard": self.guard, "cause": described(self.cause)}


class EndlessLoop(StepFailed):
    """The step did not end within ``limit`` microsteps; ``states`` were entered last."""

    code = "endless-loop"
    detail_fields = ("machine", "states", "limit")

    def __init__(self, machine: str, states: Sequence[str], limit: int) -> None:
        self.machine = machine
        self.states = tuple(states)
        self.limit = limit
        super().__init__(
            f"machine {machine!r} took {limit} microsteps in one step without coming to rest, "
            f"among {', '.join(self.states)}; break the cycle of immediate transitions or raised "
            "events"
        )


class CancelFailed(StepFailed):
    """What runs when an instance is cancelled has failed: it was not cancelled."""

    code = "cancel-failed"
    detail_fields = ("machine", "id", "why")

    def __init__(self, machine: str, id: str, why: str) -> None:
        self.machine = machine
        self.id = id
        self.why = why
        super().__init__(
            f"instance {id!r} of {machine!r} was not cancelled: {why}; correct the machine and "
            "cancel it again, or cancel it by force (force), which runs nothing of its chart"
        )


class UpgradeFailed(StepFailed):
    """The instance stays on its old version; an incident has the reason."""

    code = "upgrade-failed"

    def __init__(self, machine: str, id: str, old: int, new: int, why: str) -> None:
        self.machine = machine
        self.id = id
        self.old = old
        self.new = new
        self.why = why
        super().__init__(
            f"instance {id!r} of {machine!r} could not be upgraded from version {old} to {new}: "
            f"{why}; it stays as it was, see its incident"
        )

    def details(self) -> dict[str, Any]:
        return {
            "machine": self.machine,
            "id": self.id,
            "from": self.old,
            "to": self.new,
            "why": self.why,
        }


# --- later, the same request can succeed ---------------------------------------------------


class Unavailable(StateholdError):
    """The request could not be served now; send it again later, with its key.

    A client sets ``key`` to the idempotency key that it sent, also where it generated the key: the
    answer may have been lost after the step was committed, and only the same key makes the next
    request the same one. For a batch, ``keys`` has those of all requests, in order.
    """

    code = "unavailable"
    retry_after_seconds: ClassVar[int] = 1
    key: str | None = None
    keys: tuple[str, ...] = ()


class StoreUnavailable(Unavailable):
    """The store can't be reached or written now."""

    code = "store-unavailable"

    def __init__(self, why: str) -> None:
        super().__init__(f"the store can't be used now: {why}")


class LeaseLost(Unavailable):
    """This worker's lease expired: others have taken over its work, and it writes nothing."""

    code = "lease-lost"

    def __init__(self, worker: str) -> None:
        self.worker = worker
        super().__init__(
            f"worker {worker} did not renew its lease in time, and others took over its work; it "
            "joins again under another name"
        )


class NewerVersion(Unavailable):
    """The instance was upgraded to a version that this worker does not run, as during a deploy."""

    code = "newer-version"
    detail_fields = ("machine", "id")

    def __init__(self, machine: str, id: str, version: int, known: int) -> None:
        self.machine = machine
        self.id = id
        super().__init__(
            f"instance {id!r} of {machine!r} is of version {version}, this worker runs {known}; "
            f"ask again, another worker may answer, or run version {version} here too"
        )


class MachineUnserved(Unavailable):
    """The machine was deployed as data, and this worker can't run it; another one may."""

    code = "machine-unserved"
    detail_fields = ("machine", "version", "why")

    def __init__(self, machine: str, version: int, why: str) -> None:
        self.machine = machine
        self.version = version
        self.why = why
        super().__init__(
            f"version {version} of {machine!r} was deployed and can't be run by this worker: {why}"
        )


class Overloaded(Unavailable):
    """More requests wait than the engine or the server accepts."""

    code = "overloaded"

    def __init__(self, waiting: int, limit: int, what: str = "requests are waiting") -> None:
        super().__init__(f"{waiting} {what}, the limit is {limit}; send fewer at once")


class TooManyRequests(Unavailable):
    """One caller has its share of the server in use: of ``what``, at most ``limit``. Others are
    still served."""

    code = "too-many-requests"
    detail_fields = ("what", "limit")

    def __init__(self, what: str, limit: int) -> None:
        self.what = what
        self.limit = limit
        super().__init__(
            f"{limit} {what} of one caller are open, which is its share of this server; end some, "
            "or wait until they have ended"
        )


class Stopping(Unavailable):
    """The engine is closing."""

    code = "stopping"

    def __init__(self) -> None:
        super().__init__("the engine is stopping and takes no new requests; send it again soon")


# --- the operator must act -----------------------------------------------------------------


class InstanceUnreadable(StateholdError):
    """The stored instance can't be read by the code that runs."""

    code = "instance-unreadable"
    detail_fields = ("machine", "id")

    def __init__(self, machine: str, id: str, version: int, why: str) -> None:
        self.machine = machine
        self.id = id
        self.version = version
        super().__init__(
            f"instance {id!r} of {machine!r}, version {version}, can't be read by the code that "
            f"runs: {why}; run the code that wrote it, fix the type of its data, repair it with "
            "data that fits, or cancel it by force (force)"
        )


class ArchiveFailed(StateholdError):
    """Finished instances can't be archived, so none of them is purged; all else goes on."""

    code = "archive-failed"


class StoreRefused(StateholdError):
    """The store can't be opened."""

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
    """The store's schema is of a later release."""

    code = "schema-mismatch"

    def __init__(self, where: str, found: int, known: int) -> None:
        super().__init__(
            f"{where} has schema {found}, this release knows up to {known}; run the release that "
            "wrote it, or a newer one"
        )


class SchemaOutdated(StoreRefused):
    """The store's schema is of an earlier release; it is upgraded as a step of a deploy.
    ``unfinished`` is the name of a migration that has begun and is not at its end, if there is
    one."""

    code = "schema-outdated"
    detail_fields = ("pending", "unfinished")

    def __init__(self, pending: Sequence[str], unfinished: str | None = None) -> None:
        self.pending, self.unfinished = tuple(pending), unfinished
        super().__init__(
            f"the database lacks {', '.join(pending)}; run `statehold db upgrade` with its address"
            if unfinished is None
            else f"the migration {unfinished} of the database is unfinished; run `statehold db "
            "upgrade` with its address, which goes on where it was"
        )


class Permanent(StateholdError):
    """Raise this in an effect if no further attempt can help: it fails at once."""

    code = "permanent"
    #: that of the answer over HTTP which it stands for, if it stands for one
    status: int | None = None


class ScriptInvalid(StateholdError):
    """A script can't be read, or is for another machine; lists every problem."""

    code = "script-invalid"

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("the script can't be run:" + "".join(f"\n  {p}" for p in problems))

    def details(self) -> dict[str, Any]:
        return {
            "problems": [
                {"place": p.place, "message": p.message, "hint": p.hint} for p in self.problems
            ]
        }


class ScriptFailed(StateholdError):
    """An expectation of a script failed at a step, counted from 1."""

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
