"""Bodies of requests, and the reports that answer them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal, Self, overload

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from statehold.chart.access import Right
from statehold.chart.event import Event
from statehold.chart.machine import AMachine, Definition, E, MachineClass
from statehold.chart.payload import event_json, jsonable
from statehold.wire.base import MAX_DELAY_SECONDS, InstanceId, Key, Problem, Wire
from statehold.wire.instances import Reply


class StartRequest(BaseModel):
    model_config = ConfigDict(extra="forbid")

    id: InstanceId | None = Field(default=None, description="generated if omitted")
    data: Any = Field(
        default=None,
        description="the machine's data, or the input that it makes its data of; default: the "
        "defaults of its type",
    )


class SendRequest(BaseModel):
    """One of many events in one request."""

    model_config = ConfigDict(extra="forbid")

    machine: str
    id: InstanceId
    event: dict[str, Any]
    key: Key | None = None
    expected_seq: int | None = None

    @overload
    @classmethod
    def of(
        cls, machine: type[MachineClass[E]], id: str, event: E | Mapping[str, Any], *,
        key: str | None = None, expected_seq: int | None = None,
    ) -> Self: ...  # fmt: skip
    @overload
    @classmethod
    def of(
        cls, machine: Definition[Any] | str, id: str, event: Event | Mapping[str, Any], *,
        key: str | None = None, expected_seq: int | None = None,
    ) -> Self: ...  # fmt: skip
    @classmethod
    def of(
        cls,
        machine: AMachine | str,
        id: str,
        event: Event | Mapping[str, Any],
        *,
        key: str | None = None,
        expected_seq: int | None = None,
    ) -> Self:
        """The request for an event object, or for its JSON form. Raises ``ValidationError`` for
        ids and keys that can't be any, ``InvalidPayload`` for an event that has no JSON form."""
        return cls(
            machine=machine if isinstance(machine, str) else machine.definition.name,
            id=id,
            event=event_json(event) if isinstance(event, Event) else jsonable(dict(event)),
            key=key,
            expected_seq=expected_seq,
        )


class SendAnswer(Wire):
    """The answer to one of many events: a reply or a problem."""

    reply: Reply | None = None
    problem: Problem | None = None


class SendAnswers(Wire):
    answers: list[SendAnswer]


class ActRequest(BaseModel):
    """An operator's action: pause, resume, cancel, retry, skip …"""

    model_config = ConfigDict(extra="forbid")

    reason: str | None = Field(default=None, max_length=2000)


class CancelRequest(ActRequest):
    force: bool = Field(
        default=False,
        description="end it at once with all that it has in progress: nothing of its chart runs",
    )


class ResolveRequest(ActRequest):
    result: Any = Field(default=None, description="used as the effect's result")


class RepairRequest(ActRequest):
    data: Any = Field(description="new data of the machine's data type")
    state: list[Annotated[str, Field(max_length=1000)]] = Field(
        default=[],
        max_length=1000,
        description="the active leaves; default: they stay as they are",
    )


class RescheduleRequest(ActRequest):
    """Exactly one of the two."""

    due: AwareDatetime | None = Field(default=None, description="when the timer fires")
    seconds: float | None = Field(
        default=None, ge=0, le=MAX_DELAY_SECONDS, description="from now on"
    )

    @model_validator(mode="after")
    def _one_of_two(self) -> RescheduleRequest:
        if (self.due is None) == (self.seconds is None):
            raise ValueError("give either due or seconds")
        return self


class UpgradeReport(Wire):
    machine: str
    version: int
    upgraded: int
    already: int
    failed: dict[str, str] = Field(description="instance to reason; each has an incident")


class PurgeReport(Wire):
    machine: str
    before: datetime = Field(description="instances that finished by then were considered")
    purged: int = Field(description="in a dry run, those that would be")
    kept: int = Field(description="those with a running effect or a waiting message")
    dry_run: bool


class May(Wire):
    put: bool = Field(description="deploy machines as data")
    act: bool = Field(
        description="act on some instances by hand: pause, retry, fire a timer …; `rights` has the "
        "machines where that holds for all of them"
    )
    audit: bool = Field(description="read the audit log")
    metrics: bool = Field(description="read `/metrics`")


class Me(Wire):
    """The caller, as the server has authenticated it, and what it may do."""

    name: str
    proved: bool = Field(description="an authenticator has proved the name; else it is claimed")
    roles: list[str]
    teams: list[str]
    machines: list[str] | None = Field(
        description="the only machines that it may use, by their names or by how these begin "
        "(`shop-*`); null: any"
    )
    may: May
    rights: dict[str, list[Right]] = Field(
        description="by machine, the rights that hold for all of its instances; those that hold "
        "for some alone are left out"
    )


class OidcSignIn(Wire):
    """What a browser needs to sign in by authorization code with PKCE; none of it is a secret."""

    issuer: str
    client_id: str
    scopes: list[str]
    resource: str | None = Field(description="what the token is asked for (RFC 8707)")
    authorization_endpoint: str
    token_endpoint: str
    end_session_endpoint: str | None = Field(description="null: signing out there is not offered")
    revocation_endpoint: str | None
    names_issuer: bool = Field(
        description="whether the provider's answers name their issuer (RFC 9207)"
    )


SignInKind = Literal["claims", "token", "oidc", "other"]


class SignIn(Wire):
    """How a browser comes by what the server takes for a caller."""

    kind: SignInKind = Field(
        description="`claims`: headers that name the caller are believed; `token`: a token of this "
        "server's; `oidc`: a token of the provider's; `other`: the browser or a proxy knows how"
    )
    oidc: OidcSignIn | None = Field(default=None, description="null: it is of another kind")


class ReadStoreHealth(Wire):
    """The standby that lists and counts are read from."""

    used: bool = Field(description="false: the store's own server answers")
    lag_seconds: float | None = Field(
        description="how far an answer of it may be behind now; null: not known"
    )
    why: str | None = Field(default=None, description="why it is not used")


class Health(Wire):
    status: Literal["ok", "unavailable"]
    detail: str | None = None
    read_store: ReadStoreHealth | None = Field(
        default=None, description="null: lists and counts are read from the store's own server"
    )
