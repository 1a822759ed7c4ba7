"""Checks of tokens: those that end soon, that nobody uses, and that are good for too long."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from statehold.doctor.finding import Finding, some
from statehold.security import StoredToken

#: tokens that are looked at: as many as a store has
TOKENS = 10_000
#: a token that ends sooner is reported
SOON = timedelta(days=14)
#: one that is older and was never seen is reported
UNUSED = timedelta(days=30)
#: as long as one can be made for, and a little more
LONGEST = timedelta(days=400)


def examine_tokens(tokens: Sequence[StoredToken], now: datetime) -> list[Finding]:
    """Of those that are good still."""
    good = [one for one in tokens if one.revoked_at is None and one.expires_at > now]
    found: list[Finding] = []
    if soon := [_named(one) for one in good if one.expires_at <= now + SOON]:
        found.append(
            Finding(
                "warning",
                "token-expires",
                f"tokens expire within {SOON.days} days: {some(soon)}",
                "their callers are refused from then on",
                "statehold token rotate ID, and give the new secret to its caller",
            )
        )
    if unused := [_named(one) for one in good if not one.used_at and one.created_at < now - UNUSED]:
        found.append(
            Finding(
                "warning",
                "token-unused",
                f"tokens were not used once in {UNUSED.days} days: {some(unused)}",
                "a finder of one has its rights, and nobody would miss it",
                "statehold token revoke ID",
            )
        )
    if long := [_named(one) for one in good if one.expires_at > now + LONGEST]:
        found.append(
            Finding(
                "error",
                "token-too-long",
                f"tokens are good for longer than any can be made for: {some(long)}",
                "the table of tokens was changed by hand",
                "statehold token revoke ID, and see in statehold audit list who has made it",
            )
        )
    return found


def _named(token: StoredToken) -> str:
    return f"{token.id} ({token.name})"
