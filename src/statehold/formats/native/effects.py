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
from statehold.formats.native.fields import Typed
from statehold.formats.native.functions import ANSWERED, Functions, evaluate
from statehold.formats.native.reading import Reading, near
from statehold.formats.native.types import Types
from statehold.formats.notation import HttpCall, Offered, RequestRefused
from statehold.plain.values import Path

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
ATTEMPT_LIMIT = 1_000
TIMEOUT_LIMIT = timedelta(minutes=10)
LONGEST_LIMIT = timedelta(days=7)
#: levels of a body that is written as mappings and lists
BODY_DEPTH_LIMIT = 16

_EFFECT = frozenset({"http", "offered", "result", "timeout", "retry", "doc"})
_HTTP = frozenset({"method", "url", "query", "headers", "body", "gives", "permanent", "key_header"})
_RETRY = frozenset({"attempts", "first", "factor", "longest"})
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")

#: what can stand in a query; null leaves the parameter out
_WRITABLE = (STRING, INT, BOOL, DOUBLE, NULL)

#: a function of the data and the call
Part = Callable[[Any, Any], Any]


class Effects:
    """Reads the document's ``effects``."""

    def __init__(
        self, reading: Reading, functions: Functions, types: Types, offered: Offered
    ) -> None:
        self.reading = reading
        self.functions = functions
        self.types = types
        self.offered = offered
        self.effects: dict[str, Effect[Any, Any]] = {}
        self.results: dict[str, Typed] = {}

    def read(self, value: Any, path: Path) -> None:
        for name, said in self.reading.mapping(value, path).items():
            here = (*path, name)
            said = self.reading.mapping(said, here, _EFFECT)
            result = said.get("result")
            typed = None if result is None else self.types.read(result, (*here, "result"), "Result")
            if typed is not None:
                self.results[name] = typed
            effect = self._effect(name, said, here, typed)
            if effect is not None:
                self.effects[name] = effect

    def _effect(
        self, name: str, said: Mapping[str, Any], path: Path, typed: Typed | None
    ) -> Effect[Any, Any] | None:
        doc = self.reading.text(said.get("doc"), (*path, "doc")) or ""
        retry = self._retry(said.get("retry"), (*path, "retry"))
        timeout = self.reading.duration(said.get("timeout"), (*path, "timeout"))
        if timeout is not None and not timedelta() < timeout <= TIMEOUT_LIMIT:
            self.reading.complain((*path, "timeout"), "it is above 0 and at most 10m")
        if "http" not in said:
            return self._offered(name, said, path, retry, timeout, typed)
        if "offered" in said:
            self.reading.complain(path, "it is both a request and an offered effect", "drop one")
        call = self._call(said["http"], (*path, "http"))
        if call is None:
            return None
        if self.offered.http is None:
            self.reading.complain(
                (*path, "http"),
                "this server makes no requests for machines that come as data",
                "allow it the host",
            )
            return None
        try:
            run = self.offered.http(call)
        except RequestRefused as error:
            self.reading.complain((*path, "http", "url"), str(error))
            return None
        return Effect(
            name=name,
            run=run,
            is_async=True,
            retry=retry or Retry(),
            timeout=timeout or timedelta(seconds=30),
            result_type=None if typed is None else typed.annotation,
            doc=doc,
        )

    def _offered(
        self,
        name: str,
        said: Mapping[str, Any],
        path: Path,
        retry: Retry | None,
        timeout: timedelta | None,
        typed: Typed | None,
    ) -> Effect[Any, Any] | None:
        lent = self.reading.text(said.get("offered"), (*path, "offered"), "a name") or name
        effect = self.offered.effects.get(lent)
        if effect is None:
            self.reading.complain(
                (*path, "offered") if "offered" in said else path,
                f"no effect {lent!r} is offered",
                near(lent, self.offered.effects)
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

    def _retry(self, value: Any, path: Path) -> Retry | None:
        if value is None:
            return None
        said = self.reading.mapping(value, path, _RETRY)
        plain = Retry()
        attempts = self.reading.whole(said.get("attempts"), (*path, "attempts"), 1, ATTEMPT_LIMIT)
        first = self.reading.duration(said.get("first"), (*path, "first"))
        longest = self.reading.duration(said.get("longest"), (*path, "longest"))
        factor = said.get("factor", plain.factor)
        if (
            isinstance(factor, bool)
            or not isinstance(factor, int | float)
            or not 1 <= factor <= 100
        ):
            self.reading.complain((*path, "factor"), "it is a number from 1 to 100")
            factor = plain.factor
        if longest is not None and longest > LONGEST_LIMIT:
            self.reading.complain((*path, "longest"), "it is at most 7d")
        first = first if first is not None else plain.first
        return Retry(
            attempts or plain.attempts, first, float(factor),
            longest if longest is not None else max(plain.longest, first),
        )  # fmt: skip

    # --- requests ---

    def _call(self, value: Any, path: Path) -> HttpCall | None:
        before = len(self.reading.problems)
        said = self.reading.mapping(value, path, _HTTP)
        method = self.reading.text(said.get("method", "POST"), (*path, "method")) or ""
        if method not in METHODS:
            self.reading.complain(
                (*path, "method"), f"there is no method {method!r}", f"one of {', '.join(METHODS)}"
            )
        url = self.reading.text(said.get("url"), (*path, "url"), "an address") or ""
        self._check_url(url, (*path, "url"))
        placeholders = {
            text: self._part(text, (*path, "url"), (STRING, INT))
            for text in _PLACEHOLDER.findall(url)
        }
        call = HttpCall(
            method=method,
            url=url,
            path=placeholders,
            query=self._parts(said.get("query"), (*path, "query")),
            headers=self._headers(said.get("headers"), (*path, "headers")),
            body=self._body(said["body"], (*path, "body"), 0) if "body" in said else None,
            gives=self._gives(said.get("gives"), (*path, "gives")),
            permanent=self._statuses(said.get("permanent"), (*path, "permanent")),
            key_header=self._key_header(said.get("key_header"), (*path, "key_header")),
        )
        return call if len(self.reading.problems) == before else None

    def _check_url(self, url: str, path: Path) -> None:
        try:
            parts = urlsplit(_PLACEHOLDER.sub("x", url))
            host = urlsplit(url.partition("{")[0]).netloc
            sound = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
        except ValueError:
            sound, host, parts = False, "", urlsplit("")
        if not sound or host != parts.netloc:
            self.reading.complain(
                path, f"{url!r} is no address of a server",
                "write https://host/path; placeholders come after the host",
            )  # fmt: skip
        elif "@" in parts.netloc or parts.fragment:
            self.reading.complain(path, "it has a user or a fragment", "leave them out")

    def _key_header(self, value: Any, path: Path) -> str:
        name = self.reading.text(value, path, "a header's name") or "Idempotency-Key"
        if not _HEADER.fullmatch(name):
            self.reading.complain(path, f"{name!r} is no header's name")
        return name

    def _headers(self, value: Any, path: Path) -> dict[str, Part]:
        for name in self.reading.mapping(value, path):
            if not _HEADER.fullmatch(name):
                self.reading.complain((*path, name), f"{name!r} is no header's name")
            elif name.lower() in ("host", "content-length", "transfer-encoding", "connection"):
                self.reading.complain((*path, name), f"{name} is set by whoever sends", "drop it")
        return self._parts(value, path, (STRING, INT))

    def _parts(
        self,
        value: Any,
        path: Path,
        wanted: tuple[Kind, ...] = _WRITABLE,
    ) -> dict[str, Part]:
        return {
            name: self._part(text, (*path, name), wanted)
            for name, text in self.reading.mapping(value, path).items()
        }

    def _body(self, value: Any, path: Path, depth: int) -> Part:
        """An expression, or mappings and lists of them."""
        if depth > BODY_DEPTH_LIMIT:
            self.reading.complain(path, f"it is nested more than {BODY_DEPTH_LIMIT} levels deep")
            return _nothing
        if isinstance(value, dict):
            fields = {k: self._body(v, (*path, k), depth + 1) for k, v in value.items()}
            return lambda data, call: {key: part(data, call) for key, part in fields.items()}
        if isinstance(value, list):
            items = [self._body(v, (*path, n), depth + 1) for n, v in enumerate(value)]
            return lambda data, call: [part(data, call) for part in items]
        return self._part("null" if value is None else value, path, ())

    def _part(self, text: Any, path: Path, wanted: tuple[Kind, ...]) -> Part:
        made = self.functions.expression(text, path, wanted=wanted)
        return _nothing if made is None else _of_call(made)

    def _gives(self, value: Any, path: Path) -> Callable[[Mapping[str, Any]], Any] | None:
        if value is None:
            return None
        made = self.functions.expression(value, path, ANSWERED, (DYN,))
        if made is None:
            return None
        return lambda response: evaluate(made, None, response, None)

    def _statuses(self, value: Any, path: Path) -> frozenset[int] | None:
        if value is None:
            return None
        return frozenset(
            status
            for item, rest in self.reading.several(value)
            if (status := self.reading.whole(item, (*path, *rest), 300, 599)) is not None
        )


@dataclass(frozen=True, slots=True)
class _Asked:
    """What an expression calls ``now`` and ``instance`` in an effect: when it was asked for."""

    now: datetime
    instance: str


def _of_call(made: CelExpression) -> Part:
    def give(data: Any, call: Call) -> Any:
        return evaluate(made, data, None, _Asked(call.asked_at, call.instance))

    return give


def _nothing(data: Any, call: Any) -> Any:
    raise AssertionError("a document with problems makes no machine")
