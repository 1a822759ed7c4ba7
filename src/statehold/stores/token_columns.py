"""Converts between tokens and the columns that SQL stores have."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from statehold.security import StoredToken
from statehold.stores.columns import names_of, plain, text
from statehold.stores.paging import microseconds, moment


def token_columns(token: StoredToken) -> tuple[Any, ...]:
    """In the order of ``add_token``."""
    return (
        token.id,
        text(token.name),
        token.digest,
        list_text(token.roles),
        list_text(token.teams),
        None if token.machines is None else list_text(token.machines),
        microseconds(token.created_at),
        text(token.created_by),
        microseconds(token.expires_at),
    )


def token_of(columns: Sequence[Any]) -> StoredToken:
    (id_, name, digest, roles, teams, machines, created_at, created_by, expires_at, used_at,
     revoked_at, old_digest, old_until) = columns  # fmt: skip
    return StoredToken(
        id=id_,
        name=plain(name) or "",
        digest=digest,
        roles=names_of(roles),
        teams=names_of(teams),
        machines=None if machines is None else names_of(machines),
        created_at=moment(created_at),
        created_by=plain(created_by) or "",
        expires_at=moment(expires_at),
        used_at=_moment(used_at),
        revoked_at=_moment(revoked_at),
        old_digest=old_digest,
        old_until=_moment(old_until),
    )


def rotation_columns(token: StoredToken, was: bytes) -> tuple[Any, ...]:
    """In the order of ``rotate_token``."""
    until = None if token.old_until is None else microseconds(token.old_until)
    return (token.id, token.digest, token.old_digest, until, microseconds(token.expires_at), was)


def list_text(names: Sequence[str]) -> str:
    """A list of names as JSON, where an empty one is not none."""
    return msgspec.json.encode(names).decode()


def _moment(at: int | None) -> datetime | None:
    return None if at is None else moment(at)
