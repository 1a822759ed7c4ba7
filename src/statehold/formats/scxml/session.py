"""Variables, system variables and addresses, as a document's functions see them in a step.

1. The data of such a machine is a dictionary of its variables, plain JSON values. A variable that
   is declared exists before it has a value: it reads as null, and can be assigned to.
2. Names that begin with ``_`` are the system's (SCXML 5.10). They can't be assigned to; the few
   in the data are what the session itself has to store.
3. A session's id is its instance's address, ``machine/id``. ``#_scxml_…`` names it, and a
   text that can't be an address is recognised without a look-up.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from statehold.chart.context import Context
from statehold.chart.event import (
    AnEvent,
    Done,
    Event,
    ExecutionError,
    Failure,
    NamedEvent,
    Result,
    Undeliverable,
)
from statehold.expression.allowance import charge
from statehold.expression.language import EvaluationFailed, Language, Scope

#: the I/O processor of SCXML C.1
PROCESSOR = "http://www.w3.org/TR/scxml/#SCXMLEventProcessor"
#: what ``type`` of ``<send>`` may be
SEND_TYPES = ("", "scxml", PROCESSOR)
#: what ``type`` of ``<invoke>`` may be
INVOKE_TYPES = ("", "scxml", "http://www.w3.org/TR/scxml", "http://www.w3.org/TR/scxml/")
SESSION_PREFIX = "#_scxml_"
#: turns of all ``<foreach>`` in one piece of executable content, each inside another counted
TURN_LIMIT = 10_000

_ADDRESS = re.compile(r"([a-z][a-z0-9_-]{0,63})/(.{1,200})", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Session:
    """What holds for every session of one document.

    ``declared`` are the ids of all ``<data>``, ``given`` those whose value may come with the start.
    ``anonymous`` are the chart's ids of invokes without an id: in a session they have another one
    at each entry, with the key of what is started (SCXML 6.4.1).
    """

    machine: str
    name: str
    language: Language
    declared: frozenset[str] = frozenset()
    given: frozenset[str] = frozenset()
    anonymous: frozenset[str] = frozenset()


@dataclass(slots=True)
class Run:
    """One call of a function: the arguments of the interpreter, as the document sees them."""

    session: Session
    data: dict[str, Any]
    event: AnEvent | None = None
    context: Context | None = None
    scope: Scope = field(init=False)
    turns: int = 0

    def __post_init__(self) -> None:
        functions: dict[str, Callable[..., Any]] = {}
        if self.context is not None:
            functions = {"In": self.context.active, "console.log": self.log}
        now = None if self.context is None else self.context.now
        self.scope = Scope(Variables(self.session, self.data), self._system(), functions, now)

    def turn(self) -> None:
        """Counts one turn of a loop. Raises ``EvaluationFailed`` above ``TURN_LIMIT``."""
        self.turns += 1
        charge(1)
        if self.turns > TURN_LIMIT:
            raise fails("<foreach>", f"more than {TURN_LIMIT} turns in one go, nested ones counted")

    @property
    def step(self) -> Context:
        assert self.context is not None
        return self.context

    def log(self, value: Any) -> None:
        """``console.log`` of a script, as ``<log>`` (SCXML 4.7) without a label."""
        self.step.emit(NamedEvent("log", {"label": "", "value": value}, kind="platform"))

    @property
    def id(self) -> str:
        """The session's own id."""
        return f"{self.session.machine}/{self.step.instance}"

    def _system(self) -> Mapping[str, Any]:
        session = self.session
        found: dict[str, Any] = {"_name": session.name}
        if self.event is not None:
            found["_event"] = self._described(self.event)
        if self.context is not None:
            id = self.id
            location = {"location": f"{SESSION_PREFIX}{id}"}
            found["_sessionid"] = id
            found["_ioprocessors"] = {PROCESSOR: location, "scxml": location}
        return found

    def _described(self, event: AnEvent) -> dict[str, Any]:
        found = described(event)
        invoke = found["invokeid"]
        if invoke in self.session.anonymous:
            if isinstance(event, Result | Failure):
                found["invokeid"] = f"{invoke}.{event.key}"
                found["name"] = f"{found['name']}.{event.key}"
            else:
                found["invokeid"] = self.invoke_id(invoke)
        return found

    def invoke_id(self, invoke: str) -> str:
        """The id of an invoke in this session, now."""
        key = self.step.invoked(invoke) if invoke in self.session.anonymous else None
        return invoke if key is None else f"{invoke}.{key}"

    def invoke_called(self, id: str) -> str:
        """The chart's id of the invoke with this id; empty if there is none now."""
        for invoke in self.session.anonymous:
            if id.startswith(invoke) and id in (invoke, self.invoke_id(invoke)):
                return invoke if id != invoke else ""
        return id

    def put(self, name: str, value: Any) -> None:
        """Gives a variable its value, declared or not."""
        self.scope.variables[name] = value


class Variables(MutableMapping[str, Any]):
    """The variables, as a language sees them: declared ones always exist."""

    def __init__(self, session: Session, data: dict[str, Any]) -> None:
        self._session = session
        self._data = data

    def __getitem__(self, name: str) -> Any:
        if name in self._data and not name.startswith("_"):
            return self._data[name]
        if name not in self._session.declared:
            raise KeyError(name)
        return None

    def __setitem__(self, name: str, value: Any) -> None:
        if name.startswith("_"):
            raise EvaluationFailed(f"{name} is the system's; it can't be assigned to")
        self._data[name] = value

    def __delitem__(self, name: str) -> None:
        del self._data[name]

    def __contains__(self, name: object) -> bool:
        return name in self._session.declared or (
            name in self._data and not str(name).startswith("_")
        )

    def __iter__(self) -> Iterator[str]:
        own = [name for name in self._data if not name.startswith("_")]
        return iter(dict.fromkeys([*own, *sorted(self._session.declared)]))

    def __len__(self) -> int:
        return sum(1 for _ in self)


def described(event: AnEvent) -> dict[str, Any]:
    """``_event`` (SCXML 5.10.1). Fields that an event does not have are blank."""
    data: Any = None
    kind, sendid, origin, invoke = "platform", "", "", ""
    if isinstance(event, NamedEvent):
        data, kind, sendid, origin, invoke = (
            event.data,
            event.kind,
            event.sendid,
            event.origin,
            event.invoke,
        )
    elif isinstance(event, Result):
        data, kind, invoke = event.value, "external", event.invoke
    elif isinstance(event, Failure):
        kind, invoke = "external", event.invoke
        data = {"error": event.error, "message": event.message}
    elif isinstance(event, Done):
        data = event.output
    elif isinstance(event, Undeliverable):
        sendid = event.send
        to = f"{event.machine}/{event.instance}"
        data = {"reason": event.reason, "event": event.event, "to": to}
    elif isinstance(event, ExecutionError):
        data = {"reason": event.message, "error": event.error, "content": event.where}
    elif isinstance(event, Event):
        data, kind = event.model_dump(mode="json"), "external"
    return {
        "name": event.__event__,
        "type": kind,
        "sendid": sendid or None,
        "origin": f"{SESSION_PREFIX}{origin}" if origin else None,
        "origintype": PROCESSOR if kind == "external" else None,
        "invokeid": invoke or None,
        "data": data,
    }


def address(target: str) -> tuple[str, str] | None:
    """Machine and id of ``#_scxml_machine/id``; None for what can't be an address."""
    found = _ADDRESS.fullmatch(target.removeprefix(SESSION_PREFIX))
    return None if found is None else (found[1], found[2])


def fails(text: str, why: str) -> EvaluationFailed:
    """An error about the value of an expression."""
    return EvaluationFailed(f"{text}: {why}")


def execution_error(
    what: str, lines: Sequence[int], content: str, error: BaseException, sendid: str = ""
) -> NamedEvent:
    """``error.execution``, with the element and the line that it comes from.

    Equal content at several places is one function, so ``lines`` has all of its lines.
    """
    data = {
        "tagname": what,
        "line": lines[0],
        "reason": str(error),
        "error": type(error).__name__,
        "content": content,
    }
    if len(lines) > 1:
        data["lines"] = sorted(set(lines))
    sendid = sendid or getattr(error, "sendid", "")
    return NamedEvent("error.execution", data, sendid=sendid, kind="platform")
