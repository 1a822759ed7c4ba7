"""Converts a server's problem back to the error that was raised there.

Code that catches ``NotAllowed`` or ``StaleSeq`` is therefore the same with an engine in the process
and with one behind a server. ``code`` and the message are always the server's.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from statehold import errors
from statehold.errors import NotFound, Refused, StateholdError, Unavailable
from statehold.wire.base import Problem
from statehold.wire.instances import Reply
from statehold.wire.operations import SendAnswer


class ProblemError(StateholdError):
    """A ``problem`` that has no class of its own. ``key`` and ``keys`` are those of
    :class:`.Unavailable`, for a request that failed on the server."""

    key: str | None = None
    keys: tuple[str, ...] = ()

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        # a class variable in the tree of errors; here each problem has its own
        self.code = code_of(problem)  # type: ignore[misc]
        super().__init__(problem.detail)

    def details(self) -> dict[str, Any]:
        return dict(self.problem.model_extra or {})


class RefusedByServer(ProblemError, Refused):
    """One with a status below 500: the request was refused and changed nothing."""


class NotFoundByServer(RefusedByServer, NotFound):
    """One with status 404: what the request names does not exist there."""


def error_of(problem: Problem) -> StateholdError:
    """The error of :mod:`statehold.errors` with this code, or a :class:`ProblemError`."""
    details = problem.model_extra or {}
    build = _BUILD.get(code_of(problem))
    if build is not None:
        try:
            error = build(problem, details)
        except (KeyError, TypeError, ValueError):
            # a newer server has other members: the problem is kept whole instead
            return _unbuilt(problem)
        error.args = (problem.detail,)
        return error
    return _unbuilt(problem)


def code_of(problem: Problem) -> str:
    """The last part of the problem's type, or ``http-404``, say, for a type of another kind."""
    prefix, _, code = problem.type.rpartition(":")
    return code if prefix == "urn:statehold:problem" else f"http-{problem.status}"


def _unbuilt(problem: Problem) -> StateholdError:
    if problem.status in (429, 503):
        return Unavailable(problem.detail)
    if problem.status == 404:
        return NotFoundByServer(problem)
    return RefusedByServer(problem) if problem.status < 500 else ProblemError(problem)


_Details = dict[str, Any]

_BUILD: dict[str, Callable[[Problem, _Details], StateholdError]] = {
    "refused": lambda p, d: errors.Refused(p.detail),
    "forbidden": lambda p, d: errors.Forbidden(p.detail),
    "unknown-machine": lambda p, d: errors.UnknownMachine(d["machine"], d["known"]),
    "unknown-instance": lambda p, d: errors.UnknownInstance(d["machine"], d["id"]),
    "unknown-event": lambda p, d: errors.UnknownEvent(d["machine"], d["event"], d["known"]),
    "unknown-incident": lambda p, d: errors.UnknownIncident(d["incident"]),
    "unknown-timer": lambda p, d: errors.UnknownTimer(
        d["machine"], d["id"], d["timer"], d["known"]
    ),
    "unknown-effect": lambda p, d: errors.UnknownEffect(
        d["machine"], d["id"], d["key"], d["known"]
    ),
    "instance-unreadable": lambda p, d: errors.InstanceUnreadable(d["machine"], d["id"], 0, ""),
    "act-refused": lambda p, d: errors.ActRefused(
        d["machine"], d["id"], d["act"], d["why"], d["instead"]
    ),
    "instance-exists": lambda p, d: errors.InstanceExists(d["machine"], d["id"]),
    "stale-seq": lambda p, d: errors.StaleSeq(d["machine"], d["id"], d["expected"], d["seq"]),
    "key-reused": lambda p, d: errors.KeyReused(d["key"], d["first"], d["now"]),
    "not-allowed": lambda p, d: errors.NotAllowed(
        d["machine"],
        d["id"],
        d["event"],
        state=d["state"],
        allowed=d["allowed"],
        reasons=d["reasons"],
        forbidden=p.status == 403,
    ),
    "invalid-payload": lambda p, d: errors.InvalidPayload(d["what"], d["fields"]),
    "beyond-end": lambda p, d: errors.BeyondEnd(d["machine"], d["id"], d["after"], d["seq"]),
    "instance-over": lambda p, d: errors.InstanceOver(d["machine"], d["id"], d["status"]),
    "incident-kept": lambda p, d: errors.IncidentKept(
        d["incident"], d["kind"], d["act"], d["instead"]
    ),
    "cancel-failed": lambda p, d: errors.CancelFailed(d["machine"], d["id"], d["why"]),
    "upgrade-failed": lambda p, d: errors.UpgradeFailed(
        d["machine"], d["id"], d["from"], d["to"], d["why"]
    ),
    "document-refused": lambda p, d: errors.DocumentRefused(
        d["machine"],
        [errors.Problem(one["place"], one["message"], one["hint"]) for one in d["problems"]],
    ),
    "put-refused": lambda p, d: errors.PutRefused(
        d["machine"], d["version"], d["why"], d["differences"]
    ),
    "machine-unserved": lambda p, d: errors.MachineUnserved(d["machine"], d["version"], d["why"]),
    "too-large": lambda p, d: errors.TooLarge(d["what"], d["size"], d["limit"], d["unit"]),
    "action-failed": lambda p, d: errors.ActionFailed(d["action"], _raised_there(d["cause"])),
    "guard-failed": lambda p, d: errors.GuardFailed(d["guard"], _raised_there(d["cause"])),
    "endless-loop": lambda p, d: errors.EndlessLoop(d["machine"], d["states"], d["limit"]),
    "step-failed": lambda p, d: errors.StepFailed(p.detail),
    "unavailable": lambda p, d: errors.Unavailable(p.detail),
    "store-unavailable": lambda p, d: errors.StoreUnavailable(p.detail),
    "overloaded": lambda p, d: errors.Overloaded(0, 0),
    "too-many-requests": lambda p, d: errors.TooManyRequests(d["what"], d["limit"]),
    "stopping": lambda p, d: errors.Stopping(),
}


def _raised_there(cause: str) -> Exception:
    """An exception that prints as the server's; its class does not exist here and is made."""
    name, _, message = cause.partition(": ")
    return type(name, (Exception,), {})(message) if name.isidentifier() else Exception(cause)


def reply_or_error(answer: SendAnswer, key: str | None) -> Reply | StateholdError:
    if answer.reply is not None:
        return answer.reply
    error: StateholdError = (
        Unavailable("an answer is neither a reply nor a problem; is the server another's?")
        if answer.problem is None
        else error_of(answer.problem)
    )
    if isinstance(error, Unavailable):
        error.key = key
    return error
