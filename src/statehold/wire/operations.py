"""What a client asks for: bodies of requests, and the reports that answer them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from statehold.wire.base import MAX_DELAY_SECONDS, InstanceId, Key, Problem, Wire
from statehold.wire.instances import Reply


class StartRequest(BaseModel):
    model_config = ConfigDict(extra="forbid")

    id: InstanceId | None = Field(default=None, description="made up if left out")
    data: Any = Field(
        default=None, description="the machine's data; its type's defaults if left out"
    )


class SendRequest(BaseModel):
    """One of many events in one request."""

    model_config = ConfigDict(extra="forbid")

    machine: str
    id: InstanceId
    event: dict[str, Any]
    key: Key | None = None
    expected_seq: int | None = None


class SendAnswer(Wire):
    """The answer to one of many: a reply or a problem."""

    reply: Reply | None = None
    problem: Problem | None = None


class SendAnswers(Wire):
    answers: list[SendAnswer]


class ActRequest(BaseModel):
    """A person's act: pause, resume, cancel, retry, skip."""

    model_config = ConfigDict(extra="forbid")

    reason: str | None = Field(default=None, max_length=2000)


class ResolveRequest(ActRequest):
    result: Any = Field(default=None, description="taken for the effect's result")


class RepairRequest(ActRequest):
    data: Any = Field(description="of the machine's data type, in place of what can't be read")
    state: list[Annotated[str, Field(max_length=1000)]] = Field(
        default=[],
        max_length=1000,
        description="the active leaves, where they are not to stay as they are",
    )


class RescheduleRequest(ActRequest):
    """One of the two, exactly."""

    due: AwareDatetime | None = Field(default=None, description="when it is to fire")
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
    before: datetime = Field(description="finished by then; later ones were not looked at")
    purged: int = Field(description="in a dry run, those that would have been")
    kept: int = Field(description="finished by then, with something still under way")
    dry_run: bool


class May(Wire):
    put: bool = Field(description="put machines")
    act: bool = Field(description="act on instances by hand: pause, retry, fire a timer …")


class Me(Wire):
    """Whom the server takes the caller for."""

    name: str
    roles: list[str] | None = Field(description="null: trusted, no `by` stops it")
    may: May


class Health(Wire):
    status: Literal["ok", "unavailable"]
    detail: str | None = None
