"""What the address of a store shows without opening it."""

from __future__ import annotations


def is_shared(dsn: str) -> bool:
    """Whether several processes may use this address at once."""
    return dsn.partition("://")[0] in ("postgresql", "postgres")
