"""Stores, opened by their addresses."""

from __future__ import annotations

from statehold.errors import StoreRefused
from statehold.store import Store
from statehold.stores.address import StoreOptions
from statehold.stores.memory.memory import Memory
from statehold.stores.memory.store import MemoryStore
from statehold.stores.sqlite.store import SqliteStore

__all__ = ["Memory", "MemoryStore", "SqliteStore", "StoreOptions", "open_store"]

FORMS = (
    "memory:, sqlite:///relative.db, sqlite:////absolute.db or "
    "postgresql://user:password@host:port/database"
)


def open_store(dsn: str, options: StoreOptions | None = None) -> Store:
    """The store that an address names, not opened yet.

    ``memory:`` lives as long as the object. ``sqlite:///relative.db`` is a file below the current
    directory, ``sqlite:////absolute.db`` one anywhere. ``postgresql://…`` is a database as libpq
    names it. Raises ``StoreRefused`` for anything else, and for ``options`` that the store has no
    use for.
    """
    options = options or StoreOptions()
    options.check(dsn)
    if dsn == "memory:":
        return MemoryStore()
    scheme, _, rest = dsn.partition("://")
    if scheme == "sqlite" and rest.startswith("/") and _names_a_file(rest[1:]):
        return SqliteStore(rest[1:])
    if scheme in ("postgresql", "postgres"):
        return _postgres(dsn, options)
    # only the scheme is repeated: the rest of an address may hold a password
    raise StoreRefused(f"no store has an address like {scheme[:40]!r}…; choose {FORMS}")


def _postgres(dsn: str, options: StoreOptions) -> Store:
    try:
        from statehold.stores.postgres.store import PostgresStore
    except ImportError as error:
        raise StoreRefused(
            f"a PostgreSQL store needs the package {error.name!r}; install statehold[postgres]"
        ) from error
    return PostgresStore(
        dsn,
        schema=options.schema,
        direct_store=options.direct_store,
        read_store=options.read_store,
    )


def _names_a_file(path: str) -> bool:
    """Not a database in memory, not a directory, no options of other libraries."""
    return path not in ("", ":memory:") and not path.endswith("/") and "?" not in path
