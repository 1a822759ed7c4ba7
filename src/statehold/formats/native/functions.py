"""Expressions of a document as the functions that a machine has: guards, delays, values.

1. The variables of an expression are its :class:`Situation`: the data, ``now`` and ``instance``,
   and those of the event, if there is one.
2. A function's name in the chart is the expression's text. Two transitions with the same text and
   different events share one function.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from statehold.chart.deferred import deferral
from statehold.chart.machine import Function, Uses
from statehold.chart.values import Shape
from statehold.define.function import positional
from statehold.expression.cel.language import (
    BOOL,
    DURATION,
    DYN,
    INT,
    STRING,
    TIMESTAMP,
    CelExpression,
    Environment,
    Kind,
    map_of,
)
from statehold.expression.language import EvaluationFailed, ExpressionRefused
from statehold.formats.native.action_specs import FunctionSpec
from statehold.formats.native.fields import Fields, Typed
from statehold.formats.native.problems import Problems, TooManyProblems, near
from statehold.formats.notation import Offered
from statehold.plain.values import Path

#: characters of a document's different expressions; each counts ``_EACH`` more
EXPRESSIONS_LIMIT = 200_000
_EACH = 40
#: finds a value in ``(data, event, context)``
Finder = Callable[[Any, Any, Any], Any]
#: what a function does with ``(data, event, context)``
Work = Callable[[Any, Any, Any], Any]


@dataclass(frozen=True, slots=True)
class Situation:
    """The variables beside the data. ``events`` are the names of the events that they come from.

    ``in_step``: there is a step, with its ``now`` and its ``instance``.
    """

    variables: Mapping[str, Kind] = field(default_factory=dict)
    closed: frozenset[str] = frozenset()
    events: tuple[str, ...] = ()
    has_data: bool = True
    in_step: bool = True


NOWHERE = Situation()
#: of a view or an index: the data alone
READING = Situation(in_step=False)
FAILED = Situation(
    {"error": map_of(DYN), "error.type": STRING, "error.message": STRING, "error.attempts": INT},
    frozenset({"error"}),
)
COMPLETED = Situation({"output": DYN})
CANCELLED = Situation(
    {
        "cancellation": map_of(DYN),
        "cancellation.reason": STRING,
        "cancellation.by_parent": BOOL,
    },
    frozenset({"cancellation"}),
)
#: of the response to a request
ANSWERED = Situation(
    {
        "response": map_of(DYN),
        "response.status": INT,
        "response.body": DYN,
        "response.headers": map_of(STRING),
    },
    frozenset({"response"}),
    has_data=False,
    in_step=False,
)
#: of an upgrade: ``old`` is the data of the earlier version
UPGRADING = Situation({"old": map_of(DYN)}, has_data=False, in_step=False)
UNDELIVERED = Situation(
    {"event": map_of(STRING)}
    | {f"event.{part}": STRING for part in ("machine", "instance", "event", "reason")},
    frozenset({"event"}),
    ("error.communication",),
)


class Variants:
    """One function of a chart, with an implementation for each event."""

    __slots__ = ("by_event", "plain")

    def __init__(self) -> None:
        self.by_event: dict[str, Work] = {}
        self.plain: Work | None = None

    def __call__(self, data: Any, event: Any = None, context: Any = None) -> Any:
        work = self.plain or self.by_event.get(getattr(event, "__event__", ""))
        if work is None:
            raise EvaluationFailed(f"it is not about {getattr(event, '__event__', 'no event')}")
        return work(data, event, context)


class Functions:
    """Compiles expressions and collects functions by name."""

    def __init__(self, problems: Problems, fields: Fields, offered: Offered) -> None:
        self.problems = problems
        self.fields = fields
        self.offered = offered
        self.functions: dict[str, Function] = {}
        #: how each function that is no plain expression was written, for writing it again
        self.sources: dict[str, Any] = {}
        self._compiled = 0
        self._environments: dict[tuple[tuple[str, Kind], ...], Environment] = {}
        self._last: tuple[Situation, Environment] | None = None

    # --- expressions ---

    def expression(
        self, text: str, path: Path, situation: Situation = NOWHERE, wanted: tuple[Kind, ...] = ()
    ) -> CelExpression | None:
        """None, with a problem reported, for what is none, or gives nothing that is wanted."""
        try:
            made = self._compile(text, path, situation)
        except ExpressionRefused as error:
            at = "" if error.at is None else f", at character {error.at + 1}"
            hint = error.hint or (_way_out(DYN, wanted) if DURATION in wanted else "")
            self.problems.add(path, f"{_short(text)}: {error.message}{at}", hint)
            return None
        fits = any(made.kind.fits(kind) for kind in wanted or (made.kind,))
        if made.kind.name == "other" or not fits or (not wanted and made.kind == DURATION):
            self.problems.add(
                path,
                f"{_short(text)} gives {made.kind}, not "
                f"{' or '.join(map(str, wanted)) or 'a value that can be kept'}",
                _way_out(made.kind, wanted),
            )
            return None
        return made

    def _compile(self, text: str, path: Path, situation: Situation) -> CelExpression:
        environment = self._environment(situation)
        if not environment.has_compiled(text):
            self._compiled += len(text) + _EACH
        if self._compiled > EXPRESSIONS_LIMIT:
            self.problems.add(
                path,
                f"the expressions have more than {EXPRESSIONS_LIMIT} characters in all",
                "split the machine",
            )
            raise TooManyProblems
        return environment.compile(text)

    def _environment(self, situation: Situation) -> Environment:
        # the expressions of one transition follow each other
        if self._last is None or self._last[0] is not situation:
            self._last = situation, self._environment_of(situation)
        return self._last[1]

    def _environment_of(self, situation: Situation) -> Environment:
        variables = {**(self.fields.variables if situation.has_data else {}), **situation.variables}
        if situation.in_step:
            variables |= {"now": TIMESTAMP, "instance": STRING}
        key = tuple(variables.items())
        known = self._environments.get(key)
        if known is None:
            closed = {*self.fields.closed, *situation.closed}
            known = self._environments[key] = Environment(variables, closed)
        return known

    # --- functions ---

    def guard(self, text: str, path: Path, situation: Situation) -> str | None:
        made = self.expression(text, path, situation, (BOOL,))
        if made is None:
            return None

        def ask(data: Any, event: Any, context: Any) -> bool:
            answer = evaluate(made, data, event, context)
            if answer is True or answer is False:
                return answer
            raise EvaluationFailed(f"{made.text}: a guard is true or false, this is {answer!r}")

        return self.add(made.text, ask, situation, made)

    def value(
        self,
        given: str | FunctionSpec,
        path: Path,
        situation: Situation,
        wanted: tuple[Kind, ...] = (),
    ) -> str | None:
        """A function that gives the expression's value, or one that is offered."""
        if isinstance(given, FunctionSpec):
            return self.offered_function(given.function, (*path, "function"))
        made = self.expression(given, path, situation, wanted)
        if made is None:
            return None

        def give(data: Any, event: Any, context: Any) -> Any:
            return evaluate(made, data, event, context)

        return self.add(made.text, give, situation, made)

    def delay(self, given: str | FunctionSpec, path: Path, situation: Situation) -> str | None:
        if isinstance(given, FunctionSpec):
            return self.offered_function(given.function, (*path, "function"))
        made = self.expression(given, path, situation, (DURATION, TIMESTAMP))
        if made is None:
            return None

        def give(data: Any, event: Any, context: Any) -> Any:
            return as_delay(made.text, evaluate(made, data, event, context))

        return self.add(made.text, give, situation, made)

    def record(self, fields: Mapping[str, str], path: Path, situation: Situation) -> str | None:
        """A function that gives an object, each of its fields an expression."""
        made = {
            key: self.expression(text, (*path, key), situation)
            for key, text in sorted(fields.items())
        }
        whole = {key: one for key, one in made.items() if one is not None}
        if len(whole) < len(made):
            return None

        def give(data: Any, event: Any, context: Any) -> dict[str, Any]:
            return {key: evaluate(one, data, event, context) for key, one in whole.items()}

        name = f"{{{', '.join(f'{key}: {one.text}' for key, one in whole.items())}}}"
        self.sources[name] = dict(self.problems.at(path) or {})
        return self.add(name, give, situation, *whole.values())

    def offered_function(self, text: str, path: Path) -> str | None:
        """A function that the server offers, by its name."""
        function = self.offered.functions.get(text)
        if function is None:
            self.problems.add(
                path,
                f"no function {text!r} is offered",
                near(text, self.offered.functions)
                if self.offered.functions
                else "write CEL, or offer one: --offer MODULE, Offered(functions=...)",
            )
            return None
        takes = positional(function)
        why = deferral(function)
        if takes not in (1, 2, 3) or why is not None:
            self.problems.add(
                path, f"the offered function {text!r} {why or 'has the wrong parameters'}",
                "it takes (data), (data, event) or (data, event, context), and gives a value",
            )  # fmt: skip
            return None
        if text in self.functions and self.functions[text].call is not function:
            self.problems.add(path, f"an expression is called {text!r} too", "rename it")
            return None
        self.functions[text] = Function(function, takes)
        self.sources[text] = {"function": text}
        return text

    def add(
        self,
        name: str,
        work: Work,
        situation: Situation,
        *expressions: CelExpression,
        writes: frozenset[str] = frozenset(),
        raises: frozenset[str] = frozenset(),
        sends: frozenset[tuple[str, str]] = frozenset(),
        needs_context: bool = False,
    ) -> str:
        """Adds a function; one of the same name for other events stays."""
        reads = frozenset[str]().union(*(made.reads for made in expressions))
        known = self.functions.get(name)
        variants = known.call if known is not None else Variants()
        takes = known.takes if known is not None else 1
        if not isinstance(variants, Variants):
            # an offered function has this name
            variants, takes = Variants(), 1
        seen = {variable.partition(".")[0] for variable in reads}
        if seen <= {"data", "now", "instance"}:
            variants.plain = work
        else:
            takes = max(takes, 2)
            variants.by_event.update(dict.fromkeys(situation.events, work))
        if needs_context or not seen.isdisjoint({"now", "instance"}):
            takes = 3
        fields = frozenset(r.removeprefix("data.") for r in reads if r.startswith("data."))
        if "data" in reads:
            fields |= frozenset(self.fields.typed)
        uses = Uses(fields, writes, raises, sends)
        self.functions[name] = Function(variants, takes, uses)
        return name


def evaluate(made: CelExpression, data: Any, event: Any, context: Any) -> Any:
    return made(lambda name: find_variable(name, data, event, context))


def find_variable(name: str, data: Any, event: Any, context: Any) -> Any:
    """The value of a variable; None for a field that is missing."""
    first, _, rest = name.partition(".")
    match first:
        case "now":
            return context.now
        case "instance":
            return context.instance
        case "data":
            value = data
        case "event":
            if not rest:
                return event_fields(event)
            value, (attribute, _, rest) = event, rest.partition(".")
            value = getattr(event, attribute, None)
        case "result":
            value = event.value
        case "output":
            value = event.output
        case "cancellation":
            value = {"reason": event.reason, "by_parent": event.by_parent}
        case "error":
            value = {"type": event.error, "message": event.message, "attempts": event.attempts}
        case _:
            value = event
    for part in rest.split(".") if rest else ():
        value = value.get(part) if isinstance(value, dict) else None
    return value


def event_fields(event: Any) -> dict[str, Any]:
    """An event's payload as plain values."""
    if hasattr(event, "model_dump"):
        found: dict[str, Any] = event.model_dump(mode="json")
        return found
    return {"machine": event.machine, "instance": event.instance, "event": event.event,
            "reason": event.reason}  # fmt: skip


def as_delay(text: str, value: Any) -> Any:
    """A ``timedelta``, or an aware ``datetime`` from the text that a moment comes as."""
    if isinstance(value, str):
        try:
            return datetime.fromisoformat(value)
        except ValueError:
            raise EvaluationFailed(
                f"{text}: {value!r} is neither a duration nor a moment"
            ) from None
    return value


def event_situation(names: tuple[str, ...], typed: Mapping[str, Typed]) -> Situation:
    """The fields that all of these events share, with the same type."""
    shared: dict[str, Kind] | None = None
    closed: set[str] = set()
    for name in names:
        seen = Fields()
        seen.add("event", typed[name])
        if shared is None:
            shared, closed = seen.variables, seen.closed
        else:
            shared = {n: kind for n, kind in shared.items() if seen.variables.get(n) == kind}
            closed &= seen.closed
    return Situation(shared or {"event": map_of(DYN)}, frozenset(closed), names)


def result_situation(typed: Typed | None, events: tuple[str, ...]) -> Situation:
    if typed is None:
        return Situation({"result": DYN}, frozenset(), events)
    seen = Fields()
    seen.add("result", typed)
    return Situation(seen.variables, frozenset(seen.closed), events)


def input_situation(typed: Typed) -> Situation:
    """Of the data that a start makes of its input; there are no data yet."""
    seen = Fields()
    seen.add("input", typed)
    return Situation(seen.variables, frozenset(seen.closed), has_data=False)


def shape_of(typed: Typed) -> Shape[Any]:
    return Shape(typed.annotation)


def _short(text: str) -> str:
    line = " ".join(text.split())
    return repr(line if len(line) <= 60 else f"{line[:59]}…")


def _way_out(found: Kind, wanted: tuple[Kind, ...]) -> str:
    names = {kind.name for kind in wanted}
    if "duration" in names:
        return "write 10m, or a CEL duration or timestamp: duration('10m'), now + duration('1h')"
    if found.name == "duration":
        return "a duration can't be kept in JSON; keep x.getSeconds(), or a moment"
    if names & {"int", "double", "string"}:
        return f"convert it: {wanted[0].name}(...)"
    if "bool" in names:
        return "compare it with something"
    return ""
