"""Performs the requests that machines declare.

1. Requests go to allowed hosts only, which is checked at each attempt and after each placeholder
   is filled in. Redirects are not followed: nobody has allowed their targets.
2. The call's key is sent in a header, the same at each attempt.
3. 2xx is a result. 408, 425, 429 and 5xx, and a server that can't be reached, are retried as the
   effect's policy says; anything else is :class:`~statehold.errors.Permanent`, as is a request that
   can't be made from the data.
4. Requests and answers are bounded before they are kept in memory, the values of an answer before
   it is parsed. An attempt's time is bounded by its effect's timeout.
5. Each machine has slots of its own at each host, so that calls that a host answers slowly keep no
   other machine, and no call to another host, waiting. Names of hosts are resolved apart from
   everything else (:mod:`.names`).

The environment's proxies and certificates are not read, so that requests go where they are allowed.
Needs httpx (the extra ``client``).
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from http.cookiejar import DefaultCookiePolicy
from typing import Any
from urllib.parse import quote, urlsplit

import httpx
import msgspec

from statehold.chart.effect import Call
from statehold.effects.hosts import Hosts
from statehold.effects.names import LOOKUP_SECONDS, Names
from statehold.errors import Permanent, StateholdError
from statehold.expression.allowance import answer_allowance
from statehold.expression.language import EvaluationFailed
from statehold.formats.notation import HttpCall, RequestRefused
from statehold.plain.json_reader import read_json
from statehold.plain.structure import is_deeper, is_small, structure_of, values_in
from statehold.plain.values import TextRefused

#: bytes of a request's body, and of an answer, by default
BODY_LIMIT = 1_000_000
#: characters of an address and of a header's value
URL_LIMIT = 8_000
HEADER_LIMIT = 4_000
#: requests of one machine to one host at once; more wait for these
CALL_LIMIT = 64
#: connections kept open without a request, to all hosts together
IDLE_LIMIT = 100
#: values in an answer of JSON, and how deep they may be nested
ANSWER_VALUES, ANSWER_DEPTH = 100_000, 100
#: seconds for each part of a request; the effect's own timeout bounds the whole
PART_SECONDS = 60.0
#: characters of an answer in the text of a failure
ANSWER_CHARS = 200

_RETRIED = frozenset({408, 425, 429})
_IS_JSON = msgspec.json.Decoder(msgspec.Raw)


class RequestFailed(StateholdError):
    """A server answered with an error, or not at all; the next attempt may succeed."""

    code = "request-failed"
    #: that of the answer, if there was one
    status: int | None = None


class _Slots:
    """Those of one machine at one host, and how many use them or wait for one."""

    def __init__(self) -> None:
        self.free = asyncio.Semaphore(CALL_LIMIT)
        self.users = 0


class Requests:
    """Makes effects of declared requests: ``Offered(http=Requests(Hosts(["pay.example"])))``.

    One of these holds the connections of a server; ``close`` ends them.
    """

    def __init__(
        self,
        hosts: Hosts,
        *,
        body_limit: int = BODY_LIMIT,
        client: httpx.AsyncClient | None = None,
        names: Names | None = None,
    ) -> None:
        self.hosts = hosts
        self.body_limit = body_limit
        self._client = client
        self._names = names or Names()
        #: the free slots of each machine at each host that it calls
        self._slots: dict[tuple[str, str], _Slots] = {}

    def __call__(self, call: HttpCall) -> Callable[[Any, Call], Awaitable[Any]]:
        """The effect's function; raises ``RequestRefused`` for a host that is not allowed."""
        self.hosts.check(_sample(call.url))

        async def request(data: Any, attempt: Call) -> Any:
            return await self._perform(call, data, attempt)

        return request

    async def close(self) -> None:
        if self._client is not None:
            await self._client.aclose()

    async def _perform(self, call: HttpCall, data: Any, attempt: Call) -> Any:
        try:
            with answer_allowance("the request"):
                request = self._request(call, data, attempt)
        except (EvaluationFailed, RequestRefused, httpx.InvalidURL, ValueError) as error:
            # the data do not change, so the next attempt would fail too
            raise Permanent(f"the request can't be made: {error}") from error
        try:
            async with self._slot(attempt.machine, request.url.netloc.decode("ascii")):
                response = await self._send(request)
                try:
                    body = await self._read(response)
                finally:
                    await response.aclose()
        except (httpx.TransportError, OSError, TimeoutError) as error:
            why = str(error) or type(error).__name__
            raise RequestFailed(f"{call.method} {_bare(request.url)}: {why}") from error
        return self._answer(call, request, response, body)

    @asynccontextmanager
    async def _slot(self, machine: str, host: str) -> AsyncIterator[None]:
        """Waits until the machine has fewer calls to this host."""
        slots = self._slots.setdefault((machine, host), _Slots())
        slots.users += 1
        try:
            async with slots.free:
                yield
        finally:
            slots.users -= 1
            if not slots.users:
                del self._slots[machine, host]

    async def _send(self, request: httpx.Request) -> httpx.Response:
        """To the first address of the host that can be reached."""
        named = request.url
        addresses = await self._resolved(named.host)
        # the certificate has to be the name's, whatever the address is
        request.extensions["sni_hostname"] = named.host
        for last, address in enumerate(addresses, 1 - len(addresses)):
            request.url = named.copy_with(host=address)
            try:
                return await self._http().send(request, stream=True)
            except (httpx.ConnectError, httpx.ConnectTimeout):
                if last == 0:
                    raise
            finally:
                request.url = named
        raise OSError(f"{named.host} has no address")

    async def _resolved(self, host: str) -> tuple[str, ...]:
        try:
            return await self._names.addresses(host)
        except TimeoutError:
            raise TimeoutError(f"{host} was not resolved within {LOOKUP_SECONDS:g} s") from None

    def _http(self) -> httpx.AsyncClient:
        if self._client is None:
            self._client = httpx.AsyncClient(
                follow_redirects=False,
                trust_env=False,
                timeout=PART_SECONDS,
                # slots bound them: a wait here would be for any machine's
                limits=httpx.Limits(max_connections=None, max_keepalive_connections=IDLE_LIMIT),
            )
            # a host's cookie would be sent with the calls of every machine
            self._client.cookies.jar.set_policy(DefaultCookiePolicy(allowed_domains=()))
        return self._client

    # --- out ---

    def _request(self, call: HttpCall, data: Any, attempt: Call) -> httpx.Request:
        url = call.url
        for placeholder, part in call.path.items():
            value = _text(part(data, attempt), f"{{{placeholder}}}")
            if value in ("", ".", ".."):
                raise ValueError(f"{{{placeholder}}} came to {value!r}, which changes the path")
            url = url.replace(f"{{{placeholder}}}", quote(value, safe=""))
        if len(url) > URL_LIMIT:
            raise ValueError(f"the address has {len(url)} characters; the limit is {URL_LIMIT}")
        if {".", ".."} & set(urlsplit(url).path.split("/")) - set(call.url.split("/")):
            raise ValueError("placeholders together came to a part '..', which changes the path")
        self.hosts.check(url)
        # compressed, a small answer may be a huge one
        headers = {"accept": "application/json", "accept-encoding": "identity"}
        for name, part in call.headers.items():
            headers[name.lower()] = _header(part(data, attempt), name)
        headers[call.key_header.lower()] = attempt.key
        content: bytes | None = None
        if call.body is not None:
            content = json.dumps(
                call.body(data, attempt), ensure_ascii=False, allow_nan=False
            ).encode()
            if len(content) > self.body_limit:
                raise ValueError(
                    f"the body has {len(content)} bytes; the limit is {self.body_limit}"
                )
            headers.setdefault("content-type", "application/json")
        query = {
            name: _text(value, name)
            for name, part in call.query.items()
            if (value := part(data, attempt)) is not None
        }
        address = httpx.URL(url)
        if query:
            address = address.copy_merge_params(query)
        # as the library reads it, which connects to it
        self.hosts.check(str(address))
        return self._http().build_request(call.method, address, headers=headers, content=content)

    # --- back ---

    async def _read(self, response: httpx.Response) -> bytes:
        found = bytearray()
        if response.headers.get("content-encoding", "identity").lower() != "identity":
            raise Permanent("the answer is compressed, which was not asked for")
        async for part in response.aiter_raw():
            found += part
            if len(found) > self.body_limit:
                raise Permanent(
                    f"the answer has more than {self.body_limit} bytes; ask for less of it"
                )
        return bytes(found)

    def _answer(
        self, call: HttpCall, request: httpx.Request, response: httpx.Response, body: bytes
    ) -> Any:
        status = response.status_code
        if not 200 <= status < 300:
            said = body[: ANSWER_CHARS * 4].decode("utf-8", "replace")[:ANSWER_CHARS]
            message = f"{call.method} {_bare(request.url)} answered {status}: {said}"
            permanent = call.permanent
            for_good = (
                status < 500 and status not in _RETRIED
                if permanent is None
                else status in permanent or 300 <= status < 400
            )
            failed = Permanent(message) if for_good else RequestFailed(message)
            failed.status = status
            raise failed
        answer: Mapping[str, Any] = {
            "status": status,
            "headers": dict(response.headers),
            "body": _decoded(response, body),
        }
        if call.gives is None:
            return answer["body"]
        try:
            return call.gives(answer)
        except EvaluationFailed as error:
            raise Permanent(f"the answer is not what was expected: {error}") from error


def _decoded(response: httpx.Response, body: bytes) -> Any:
    """JSON where the answer says that it is, else text; None for nothing."""
    if not body:
        return None
    kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "application/json" or kind.endswith("+json"):
        _check_size(body)
        try:
            # as the documents of machines: within bounds of depth, each key once, all text Unicode
            return read_json(body.decode(), _whole).value
        except (TextRefused, UnicodeDecodeError) as error:
            raise Permanent(f"the answer is called JSON and is not: {error}") from error
    return body.decode("utf-8", "replace")


def _whole(text: str) -> int:
    """Raises ``ValueError`` for one that no expression takes: a step with it would fail."""
    value = int(text)
    if not -(2**63) <= value < 2**63:
        raise ValueError(f"the number {text[:40]} has more than 64 bits")
    return value


def _check_size(body: bytes) -> None:
    """Raises ``Permanent`` for JSON of too many values."""
    if is_small(body, ANSWER_VALUES, ANSWER_DEPTH):
        return
    try:
        _IS_JSON.decode(body)
    except (msgspec.DecodeError, RecursionError) as error:
        raise Permanent(f"the answer is called JSON and is not: {error}") from error
    structure = structure_of(body)
    if (values := values_in(structure)) > ANSWER_VALUES:
        raise Permanent(
            f"the answer has {values} values; the limit is {ANSWER_VALUES}: ask for less of it"
        )
    if is_deeper(structure, ANSWER_DEPTH):
        raise Permanent(f"the answer is nested more than {ANSWER_DEPTH} deep")


def _sample(url: str) -> str:
    return url.partition("{")[0]


def _bare(url: httpx.URL) -> str:
    """Without the query, which may have secrets that must not be logged."""
    return str(url.copy_with(query=None, fragment=None))


def _text(value: Any, what: str) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int | float):
        return str(value)
    raise ValueError(f"{what} came to {type(value).__name__}, not to text")


def _header(value: Any, name: str) -> str:
    text = _text(value, name)
    if len(text) > HEADER_LIMIT or not text.isprintable():
        raise ValueError(f"the header {name} is too long, or has a line break in it")
    return text
