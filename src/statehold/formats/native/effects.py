"""Effects of a document: requests that it declares, and effects that the server offers."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from statehold.chart.effect import Call, Effect, Retry
from statehold.chart.error_kinds import PERMANENT
from statehold.define.narrowing import Narrowed, Narrowing
from statehold.expression.cel.language import (
    BOOL,
    DOUBLE,
    DYN,
    INT,
    NULL,
    STRING,
    CelExpression,
    Kind,
)
from statehold.formats.native.effect_specs import EffectSpec, HttpSpec, RetrySpec
from statehold.formats.native.fields import Typed
from statehold.formats.native.functions import ANSWERED, Functions, evaluate
from statehold.formats.native.headers import header_fault, key_header_fault
from statehold.formats.native.problems import Problems, near
from statehold.formats.native.shapes import expression_or_null
from statehold.formats.native.types import Types
from statehold.formats.notation import HttpCall, Offered, RequestRefused
from statehold.plain.values import Path

TIMEOUT_LIMIT = timedelta(minutes=10)
LONGEST_LIMIT = timedelta(days=7)
#: levels of a body that is written as mappings and lists
BODY_DEPTH_LIMIT = 16

#: entries of an effect's ``errors``
ERROR_LIMIT = 100

_STATUS = re.compile(r"[345](?:[0-9]{2}|xx)")
_ERROR = re.compile(r"[A-Za-z_][\w.]{0,199}", re.ASCII)
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")

#: types of a parameter of a query; null leaves it out
_WRITABLE = (STRING, INT, BOOL, DOUBLE, NULL)

#: a function of the data and the call
Part = Callable[[Any, Any], Any]


class Effects:
    """Reads the document's ``effects``."""

    def __init__(
        self, problems: Problems, functions: Functions, types: Types, offered: Offered
    ) -> None:
        self.problems = problems
        self.functions = functions
        self.types = types
        self.offered = offered
        self.effects: dict[str, Effect[Any, Any]] = {}
        self.results: dict[str, Typed] = {}

    def read(self, specs: Mapping[str, EffectSpec]) -> None:
        uses = {name: spec for name, spec in specs.items() if spec.use is not None}
        for name, spec in specs.items():
            if spec.use is not None:
                continue
            path: Path = ("effects", name)
            typed = None
            if spec.result is not None:
                here = (*path, "result")
                typed = self.types.read(spec.result, self.problems.at(here), here, "Result")
                self.results[name] = typed
            effect = self._effect(name, spec, path, typed)
            if effect is not None:
                self.effects[name] = effect

        for name, spec in uses.items():
            self._use(name, spec, specs)

    def _use(self, name: str, spec: EffectSpec, specs: Mapping[str, EffectSpec]) -> None:
        path: Path = ("effects", name)
        used = spec.use or ""
        for word in ("http", "offered", "data", "result"):
            if word in spec.model_fields_set:
                message = f"it is a use of {used!r}, which has its own {word}"
                self.problems.add((*path, word), message, "drop one of the two")
        if used not in specs:
            hint = near(used, specs)
            self.problems.add((*path, "use"), f"no effect {used!r} is declared", hint)
            return
        if specs[used].use is not None:
            message = f"{used!r} is itself a use of {specs[used].use!r}"
            self.problems.add((*path, "use"), message, "name that one")
            return
        retry = self._retry(spec.retry, (*path, "retry"))
        timeout = self._timeout(spec, path)
        errors = self._errors(spec, specs[used].http, (*path, "errors"))
        effect = self.effects.get(used)
        if effect is None:
            # its own problem is reported
            return
        self.effects[name] = dataclasses.replace(
            effect,
            name=name,
            retry=retry or effect.retry,
            timeout=timeout or effect.timeout,
            errors=errors if "errors" in spec.model_fields_set else effect.errors,
            doc=effect.doc if spec.doc is None else spec.doc,
        )
        if used in self.results:
            self.results[name] = self.results[used]

    def _effect(
        self, name: str, spec: EffectSpec, path: Path, typed: Typed | None
    ) -> Effect[Any, Any] | None:
        retry = self._retry(spec.retry, (*path, "retry"))
        timeout = self._timeout(spec, path)
        errors = self._errors(spec, spec.http, (*path, "errors"))
        if spec.http is None:
            offered = self._seeing(
                spec, path, self._offered(name, spec, path, retry, timeout, typed)
            )
            if offered is None or "errors" not in spec.model_fields_set:
                return offered
            return dataclasses.replace(offered, errors=errors)
        if spec.data is not None:
            hint = "name the field in the expressions of the request"
            self.problems.add((*path, "data"), "it is for offered effects", hint)
        if "offered" in spec.model_fields_set:
            self.problems.add(path, "it is both a request and an offered effect", "drop one")
        call = self._call(spec.http, (*path, "http"))
        if call is None:
            return None
        if self.offered.http is None:
            self.problems.add(
                (*path, "http"),
                "this server makes no requests for machines that come as data",
                "allow it the host",
            )
            return None
        try:
            run = self.offered.http(call)
        except RequestRefused as error:
            self.problems.add((*path, "http", "url"), str(error))
            return None
        return Effect(
            name=name,
            run=run,
            is_async=True,
            retry=retry or Retry(),
            timeout=timeout or timedelta(seconds=30),
            result_type=None if typed is None else typed.annotation,
            doc=spec.doc or "",
            errors=errors,
        )

    def _seeing(
        self, spec: EffectSpec, path: Path, effect: Effect[Any, Any] | None
    ) -> Effect[Any, Any] | None:
        """The effect, called with a field in place of the data."""
        if effect is None or spec.data is None:
            return effect
        known = self.functions.fields.typed
        if spec.data not in known:
            message = f"the data has no field {spec.data!r}"
            self.problems.add((*path, "data"), message, near(spec.data, known))
            return None
        narrowing: Narrowing | None = None
        for name in spec.data.split("."):
            narrowing = Narrowing(name, narrowing)
        assert narrowing is not None
        return dataclasses.replace(effect, run=Narrowed(effect.run, narrowing, changes=False))

    def _timeout(self, spec: EffectSpec, path: Path) -> timedelta | None:
        timeout = spec.timeout
        if timeout is not None and not timedelta() < timeout <= TIMEOUT_LIMIT:
            self.problems.add((*path, "timeout"), "it is above 0 and at most 10m")
        return timeout

    def _errors(self, spec: EffectSpec, http: HttpSpec | None, path: Path) -> dict[str, Retry]:
        if len(spec.errors) > ERROR_LIMIT:
            self.problems.add(path, f"it has {len(spec.errors)} entries", f"at most {ERROR_LIMIT}")
            return {}
        found: dict[str, Retry] = {}
        for error, policy in spec.errors.items():
            here: Path = (*path, error)
            found[error] = self._retry(policy, here) or Retry()
            if _STATUS.fullmatch(error) is None:
                if error in ("Permanent", PERMANENT):
                    self.problems.add(here, "a permanent error fails at once", "drop it")
                elif _ERROR.fullmatch(error) is None:
                    hint = 'write TimeoutError, or "429" or 5xx'
                    self.problems.add(here, f"{error!r} is no name of an error", hint)
            elif http is None:
                hint = "name the error that the effect raises"
                self.problems.add(here, "a status is for requests, and this is none", hint)
            elif error.isdigit() and int(error) in (http.permanent or ()):
                hint = "drop one of the two"
                self.problems.add(here, f"{error} is among the permanent statuses too", hint)
        return found

    def _offered(
        self,
        name: str,
        spec: EffectSpec,
        path: Path,
        retry: Retry | None,
        timeout: timedelta | None,
        typed: Typed | None,
    ) -> Effect[Any, Any] | None:
        offered = spec.offered or name
        effect = self.offered.effects.get(offered)
        if effect is None:
            self.problems.add(
                (*path, "offered") if "offered" in spec.model_fields_set else path,
                f"no effect {offered!r} is offered",
                near(offered, self.offered.effects)
                if self.offered.effects
                else "declare a request, http, or offer one: --offer MODULE, Offered(effects=...)",
            )
            return None
        return dataclasses.replace(
            effect,
            name=name,
            retry=retry or effect.retry,
            timeout=timeout or effect.timeout,
            result_type=effect.result_type if typed is None else typed.annotation,
        )

    def _retry(self, spec: RetrySpec | None, path: Path) -> Retry | None:
        if spec is None:
            return None
        plain = Retry()
        first = plain.first if spec.first is None else spec.first
        longest = max(plain.longest, first) if spec.longest is None else spec.longest
        factor = plain.factor if spec.factor is None else float(spec.factor)
        if spec.longest is not None and longest > LONGEST_LIMIT:
            self.problems.add((*path, "longest"), "it is at most 7d")
        return Retry(spec.attempts or plain.attempts, first, factor, longest)

    # --- requests ---

    def _call(self, spec: HttpSpec, path: Path) -> HttpCall | None:
        before = len(self.problems.found)
        url = spec.url
        self._check_url(url, (*path, "url"))
        placeholders = {
            text: self._part(text, (*path, "url"), (STRING, INT))
            for text in _PLACEHOLDER.findall(url)
        }
        has_body = "body" in spec.model_fields_set
        call = HttpCall(
            method=spec.method,
            url=url,
            path=placeholders,
            query=self._parts(spec.query, (*path, "query")),
            headers=self._headers(spec, (*path, "headers")),
            body=self._body(spec.body, (*path, "body"), 0) if has_body else None,
            gives=self._gives(spec.gives, (*path, "gives")),
            permanent=None if spec.permanent is None else _whole_numbers(spec.permanent),
            key_header=self._key_header(spec.key_header, (*path, "key_header")),
        )
        return call if len(self.problems.found) == before else None

    def _check_url(self, url: str, path: Path) -> None:
        try:
            parts = urlsplit(_PLACEHOLDER.sub("x", url))
            host = urlsplit(url.partition("{")[0]).netloc
            sound = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
        except ValueError:
            sound, host, parts = False, "", urlsplit("")
        if not sound or host != parts.netloc:
            self.problems.add(
                path, f"{url!r} is no address of a server",
                "write https://host/path; placeholders come after the host",
            )  # fmt: skip
        elif "@" in parts.netloc or parts.fragment:
            self.problems.add(path, "it has a user or a fragment", "leave them out")

    def _key_header(self, given: str | None, path: Path) -> str:
        name = given or "Idempotency-Key"
        if (fault := key_header_fault(name)) is not None:
            self.problems.add(path, fault, "choose a header of your own: X-Call-Key")
        return name

    def _headers(self, spec: HttpSpec, path: Path) -> dict[str, Part]:
        given = spec.headers
        taken = {(spec.key_header or "Idempotency-Key").lower(): "the header of the call's key"}
        for name in given:
            if (fault := header_fault(name)) is not None:
                self.problems.add((*path, name), fault, "drop it")
            elif (other := taken.get(name.lower())) is not None:
                self.problems.add((*path, name), f"{name} is {other} too", "keep one of them")
            taken.setdefault(name.lower(), name)
        return self._parts(given, path, (STRING, INT))

    def _parts(
        self,
        given: Mapping[str, str],
        path: Path,
        wanted: tuple[Kind, ...] = _WRITABLE,
    ) -> dict[str, Part]:
        return {name: self._part(text, (*path, name), wanted) for name, text in given.items()}

    def _body(self, value: Any, path: Path, depth: int) -> Part:
        """An expression, or mappings and lists of them."""
        if depth > BODY_DEPTH_LIMIT:
            self.problems.add(path, f"it is nested more than {BODY_DEPTH_LIMIT} levels deep")
            return _nothing
        if isinstance(value, dict):
            fields = {k: self._body(v, (*path, k), depth + 1) for k, v in value.items()}
            return lambda data, call: {key: part(data, call) for key, part in fields.items()}
        if isinstance(value, list):
            items = [self._body(v, (*path, n), depth + 1) for n, v in enumerate(value)]
            return lambda data, call: [part(data, call) for part in items]
        return self._part(expression_or_null(value), path, ())

    def _part(self, text: str, path: Path, wanted: tuple[Kind, ...]) -> Part:
        made = self.functions.expression(text, path, wanted=wanted)
        return _nothing if made is None else _of_call(made)

    def _gives(self, text: str | None, path: Path) -> Callable[[Mapping[str, Any]], Any] | None:
        if text is None:
            return None
        made = self.functions.expression(text, path, ANSWERED, (DYN,))
        if made is None:
            return None
        return lambda response: evaluate(made, None, response, None)


def _whole_numbers(numbers: list[int | None]) -> frozenset[int]:
    return frozenset(number for number in numbers if number is not None)


@dataclass(frozen=True, slots=True)
class _Asked:
    """``now`` and ``instance`` of an effect's expressions: those of the step that started it."""

    now: datetime
    instance: str


def _of_call(made: CelExpression) -> Part:
    def give(data: Any, call: Call) -> Any:
        return evaluate(made, data, None, _Asked(call.asked_at, call.instance))

    return give


def _nothing(data: Any, call: Any) -> Any:
    raise AssertionError("a document with problems makes no machine")
