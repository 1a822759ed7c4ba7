"""What a store's address says before anything is opened."""

from __future__ import annotations


def is_shared(dsn: str) -> bool:
    """Whether several processes may use this address at once."""
    return dsn.partition("://")[0] in ("postgresql", "postgres")
