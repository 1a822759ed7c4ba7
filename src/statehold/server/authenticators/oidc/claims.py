"""A token's claims as a caller. What has another shape than it should is refused, not guessed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from statehold.chart.access import is_machine
from statehold.records import Caller
from statehold.server.authenticators.oidc.access_token import TokenRefused
from statehold.server.authenticators.oidc.settings import OidcSettings

#: characters of a name, a role, a team, a machine
NAME_LENGTH = 200
#: roles, teams and machines of one caller, each
VALUES_LIMIT = 500

#: RFC 6749, 3.3: one text, whose words are the values
_WORDS = frozenset({"scope", "scp"})
_MACHINE = re.compile(r"[\w.-]+\*?|\*")

_ABSENT = object()


def caller_of_claims(claims: Mapping[str, Any], settings: OidcSettings) -> Caller:
    """Raises ``TokenRefused``."""
    name = _at(claims, settings.name_claim)
    if not isinstance(name, str) or not _is_name(name):
        raise TokenRefused(
            f"{settings.name_claim} is no text of 1 to {NAME_LENGTH} printable characters"
        )
    roles = _texts(claims, settings.roles_claim)
    if reserved := [one for one in roles if is_machine(one)]:
        raise TokenRefused(f"{settings.roles_claim} has {reserved[0]!r}, a machine and no role")
    machines: tuple[str, ...] | None = None
    if settings.machines_claim:
        machines = tuple(_texts(claims, settings.machines_claim))
        if wrong := [one for one in machines if _MACHINE.fullmatch(one) is None]:
            raise TokenRefused(
                f"{settings.machines_claim} has {wrong[0]!r}, which names no machine"
            )
    return Caller(
        name,
        frozenset(roles),
        frozenset(_texts(claims, settings.teams_claim)),
        machines,
        proved=True,
    )


def _texts(claims: Mapping[str, Any], path: str) -> list[str]:
    """The texts of a claim; one that is absent or null has none."""
    value = _at(claims, path)
    if value is _ABSENT or value is None:
        return []
    if isinstance(value, str):
        value = value.split() if path.rpartition(".")[2] in _WORDS else [value]
    if not isinstance(value, list):
        raise TokenRefused(f"{path} is no list of texts")
    if len(value) > VALUES_LIMIT:
        raise TokenRefused(f"{path} has {len(value)} values; the limit is {VALUES_LIMIT}")
    for one in value:
        if not isinstance(one, str) or not _is_name(one):
            raise TokenRefused(
                f"{path} has a value that is no text of 1 to {NAME_LENGTH} printable characters"
            )
    return value


def _is_name(text: str) -> bool:
    return 1 <= len(text) <= NAME_LENGTH and text.isprintable() and text == text.strip()


def _at(claims: Mapping[str, Any], path: str) -> Any:
    """The claim with this whole name, which may have dots (``https://shop.example/roles``), else
    the one within others; absent where there is none."""
    if path in claims:
        return claims[path]
    value: Any = claims
    for part in path.split("."):
        if not isinstance(value, Mapping) or part not in value:
            return _ABSENT
        value = value[part]
    return value
