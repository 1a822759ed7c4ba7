"""Effects as the native document declares them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, StrictStr, WithJsonSchema

from statehold.formats.native.data_specs import AnySchema
from statehold.formats.native.part import Part
from statehold.formats.native.shapes import (
    Duration,
    Expression,
    NotNull,
    Number,
    OrEmpty,
    Several,
    Whole,
)

ATTEMPT_LIMIT = 1_000


class HttpSpec(Part):
    """A request to a server that the deployment allows; expressions see `data`."""

    url: StrictStr
    """An address; placeholders in braces come after the host: `https://host/users/{data.id}`."""
    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"] = "POST"
    """POST if left out."""
    query: OrEmpty[dict[str, Expression]] = Field(default_factory=dict)
    """Parameters of the query; one that gives null is left out."""
    headers: OrEmpty[dict[str, Expression]] = Field(default_factory=dict)
    """Headers of the request."""
    body: Annotated[Any, WithJsonSchema({})] = None
    """CEL, or mappings and lists of CEL; sent as JSON."""
    gives: Expression | None = None
    """The effect's result, from `response.status`, `.headers` and `.body`; else the body."""
    permanent: Several[Annotated[int, Whole(300, 599)] | None] | None = None
    """Statuses that fail without another attempt; else every 4xx but 408, 425 and 429."""
    key_header: StrictStr | None = None
    """The header that carries the call's key; `Idempotency-Key` if left out."""


class RetrySpec(Part):
    """When a failed attempt is followed by another: `first * factor ** n`, at most `longest`."""

    attempts: Annotated[int, Whole(1, ATTEMPT_LIMIT)] | None = None
    """How many attempts there are in all."""
    first: Duration | None = None
    """The wait after the first attempt."""
    factor: Annotated[Annotated[float, Number(1, 100)] | None, NotNull()] = None
    """Each wait is the one before it multiplied by this."""
    longest: Duration | None = None
    """The longest wait."""


class EffectSpec(Part):
    """Work outside: a declared request, an effect that the server offers, or another effect of
    this document under a name of its own."""

    http: Annotated[HttpSpec | None, NotNull()] = None
    """A request; the server has to allow its host."""
    offered: StrictStr | None = None
    """The name of an effect that the server offers; the effect's own if left out."""
    use: StrictStr | None = None
    """Another effect of this document, which this one is under a name and policy of its own."""
    data: StrictStr | None = None
    """Of an offered effect: the field that it sees in place of the data, as `a` or `a.b`."""
    result: AnySchema | None = None
    """The type of its result."""
    timeout: Duration | None = None
    """How long one attempt may take, at most 10m."""
    retry: RetrySpec | None = None
    """When a failed attempt is followed by another."""
    errors: OrEmpty[dict[str, OrEmpty[RetrySpec]]] = Field(default_factory=dict)
    """Policies by name of error (`TimeoutError`) or, of requests, by status (`"429"`, `5xx`)."""
    doc: StrictStr | None = None
    """What it does, for people."""
