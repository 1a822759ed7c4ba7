"""``<send>``: the message, its target, and the errors of what can't be sent (SCXML 6.2, C.1)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

from statehold.chart.event import NamedEvent
from statehold.expression.language import EvaluationFailed
from statehold.formats.scxml.element_reader import ElementReader
from statehold.formats.scxml.markup import Element
from statehold.formats.scxml.payload import Payload
from statehold.formats.scxml.session import SEND_TYPES, SESSION_PREFIX, Run, address, fails

#: a delay as in CSS2: a number and a unit, in letters of either case
_DELAY = re.compile(r"\s*\+?(\d+(?:\.\d*)?|\.\d+)\s*(ms|s|m|h|d)\s*", re.IGNORECASE)
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}

#: where the session counts the ids that it has generated
SENT = "_sent"


class SendFailed(EvaluationFailed):
    """Carries the id of the message that could not be sent (SCXML 5.10.1, ``sendid``)."""

    def __init__(self, why: str, sendid: str) -> None:
        self.sendid = sendid
        super().__init__(why)


class Sending:
    """One ``<send>``."""

    def __init__(self, reader: ElementReader, element: Element) -> None:
        self.element = element
        self.event = reader.either(element, "event")
        self.target = reader.either(element, "target")
        self.type = reader.either(element, "type")
        self.delay = reader.either(element, "delay")
        self.id = element.get("id") or ""
        has_location = element.get("idlocation") is not None
        self.location = reader.location(element, "idlocation") if has_location else None
        self.payload = Payload(element, reader.expressions, reader.place, may_write=True)
        reader.reads |= self.payload.reads
        reader.writes |= self.payload.writes
        if element.get("target") == "#_internal" and element.get("event"):
            reader.raises.add(element.get("event") or "")
        for what, problem in self._problems():
            # what is certain to fail when it runs is an omission
            reader.omit(f"{what} of <send>", f"{problem}; it fails when run", element)

    def _problems(self) -> Iterator[tuple[str, str]]:
        get = self.element.get
        kind, target, delay = get("type") or "", get("target") or "", get("delay")
        if kind not in SEND_TYPES and get("typeexpr") is None:
            yield f"type {kind!r}", "only SCXML's own event I/O processor is here"
        elif get("typeexpr") is None and target and not target.startswith("#_"):
            yield f"target {target!r}", "it is no target of SCXML's event I/O processor"
        if delay is not None and get("delayexpr") is None:
            try:
                delay_of(delay)
            except EvaluationFailed as error:
                yield "delay", str(error)
        if not get("event") and get("eventexpr") is None:
            yield "event", "it names none"

    def do(self, run: Run) -> None:
        id = self._named(run)
        try:
            name, data = self._text(run, self.event, "event"), self.payload.strict(run)
            target = self._text(run, self.target, "target") or ""
            kind = self._text(run, self.type, "type") or ""
            delay = delay_of(self.delay(run))
            if kind not in SEND_TYPES:
                raise fails(kind, "no I/O processor of this type; only SCXML's own is here")
            if not name:
                raise fails("<send>", "it has no event")
            _check_moment(run, delay)
            event = NamedEvent(name, data, sendid=id)
            self._send(run, event, target, delay, id)
        except EvaluationFailed as error:
            raise SendFailed(str(error), id) from error

    def _named(self, run: Run) -> str:
        """The id that the document gives, or a new one, stored at ``idlocation``."""
        if self.location is None:
            return self.id
        id = self.id
        if not id:
            number = run.data.get(SENT, 0) + 1
            run.data[SENT] = number
            id = f"sent.{number}"
        self.location.assign(run.scope, id)
        return id

    def _text(self, run: Run, part: Callable[[Run], Any], what: str) -> str:
        value = part(run)
        if not isinstance(value, str):
            raise fails(f"its {what}", f"{value!r} is no text")
        return value

    def _send(
        self, run: Run, event: NamedEvent, target: str, delay: timedelta | None, id: str
    ) -> None:
        context = run.step
        later = {"delay": delay, "id": id or None}
        if target in ("", f"{SESSION_PREFIX}{run.id}"):
            context.send(None, None, event, delay=delay, id=id or None)
        elif target == "#_internal":
            if delay is not None:
                raise fails(target, "what is raised within the step can't be delayed")
            raised = NamedEvent(event.name, event.data, sendid=id, kind="internal")
            context.raise_(raised)
        elif target == "#_parent":
            context.send_parent(event, delay=delay, id=id or None)
        elif target.startswith(SESSION_PREFIX):
            self._reach(run, address(target), event, target, later)
        elif target.startswith("#_"):
            self._reach(run, context.child(run.invoke_called(target[2:])), event, target, later)
        else:
            raise fails(target, "no target of SCXML's I/O processor")

    def _reach(
        self,
        run: Run,
        to: tuple[str, str] | None,
        event: NamedEvent,
        target: str,
        later: dict[str, Any],
    ) -> None:
        """Sends to another session, or raises ``error.communication`` if there is none (C.1)."""
        if to is not None:
            run.step.send(*to, event, **later)
            return
        data = {"reason": f"no session can be reached as {target}", "event": event.name}
        run.step.raise_(
            NamedEvent("error.communication", data, sendid=event.sendid, kind="platform")
        )


def _check_moment(run: Run, delay: timedelta | None) -> None:
    try:
        _ = run.step.now + (delay or timedelta())
    except OverflowError:
        raise fails(f"delay of {delay}", "it is too long") from None


def delay_of(value: Any) -> timedelta | None:
    """A duration from ``1.5s`` or ``200ms``; None for none at all."""
    if value in ("", None):
        return None
    found = _DELAY.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise fails(f"delay {value!r}", "it has to be a number with ms, s, m, h or d")
    try:
        delay = timedelta(seconds=float(found[1]) * _SECONDS[found[2].lower()])
    except OverflowError:
        raise fails(f"delay {value!r}", "it is too long") from None
    return delay or None
