"""The base of all shapes, the limits of ids, keys and delays, and the problem."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

#: an instance's id is chosen by the user and is part of addresses
ID_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9._:@-]{0,199}$"
KEY_LIMIT = 200
#: a hundred years, the longest delay of a timer
MAX_DELAY_SECONDS = 3_155_760_000

InstanceId = Annotated[str, StringConstraints(pattern=ID_PATTERN)]
Key = Annotated[str, StringConstraints(min_length=1, max_length=KEY_LIMIT)]


#: of an answer that consists of lists and counts
LagSeconds = Annotated[
    float,
    Field(
        description="the answer is read from a standby and may lack what was committed in so many "
        "seconds before it; 0: it is not"
    ),
]


class Wire(BaseModel):
    model_config = ConfigDict(frozen=True)


class Problem(Wire):
    """An error (RFC 9457). ``type`` ends in its code, and further members depend on it."""

    model_config = ConfigDict(frozen=True, extra="allow")

    type: str
    title: str
    status: int
    detail: str
    instance: str | None = None
