"""What is said of a store without opening it: its address, and the options beside it."""

from __future__ import annotations

from msgspec import Struct

from statehold.errors import StoreRefused

#: bytes of a name in PostgreSQL, which cuts off the rest of a longer one
_NAME_BYTES = 63


class StoreOptions(Struct, frozen=True, kw_only=True):
    """What is said of a store beside its address. Only PostgreSQL has any of it.

    ``schema`` is the schema that the store's tables are in, exactly as it is written here; it is
    created where the role may do that. None is the first one of the role's ``search_path``.
    ``direct_store`` is the address of the server itself: then the store's own address is one of a
    pooler that gives a connection for one transaction at a time, such as PgBouncer. ``read_store``
    is the address of a streaming standby of the server, for lists and counts that may be a little
    behind; no pooler that gives a connection for one transaction at a time stands before it.
    """

    schema: str | None = None
    direct_store: str | None = None
    read_store: str | None = None

    def check(self, dsn: str) -> None:
        """Raises ``StoreRefused`` for a schema that PostgreSQL can't have, and for options that the
        store of this address has no use for."""
        if not is_shared(dsn):
            # only the scheme is repeated: the rest of an address may hold a password
            kind = dsn.partition(":")[0][:40]
            for option, value, why in (
                ("schema", self.schema, "give each tenant a file of its own"),
                ("direct_store", self.direct_store, "no pooler stands before it"),
                ("read_store", self.read_store, "no standby follows it"),
            ):
                if value is not None:
                    raise StoreRefused(
                        f"only a PostgreSQL store has a {option} (--{option.replace('_', '-')}), "
                        f"and a {kind} store has none: {why}, and leave it out"
                    )
        if self.schema is not None:
            _check_schema(self.schema)
        if self.direct_store is not None and not is_shared(self.direct_store):
            raise StoreRefused(
                "direct_store (--direct-store) is the PostgreSQL server's own address, like "
                "postgresql://user:password@host:port/database"
            )

        if self.read_store is not None and not is_shared(self.read_store):
            raise StoreRefused(
                "read_store (--read-store) is the address of a PostgreSQL standby, like "
                "postgresql://user:password@host:port/database"
            )

    def server(self, dsn: str) -> str:
        """The address of the server itself, for what belongs to a session."""
        return self.direct_store or dsn


def is_shared(dsn: str) -> bool:
    """Whether several processes may use this address at once."""
    return dsn.partition("://")[0] in ("postgresql", "postgres")


def _check_schema(name: str) -> None:
    try:
        size = len(name.encode())
    except UnicodeEncodeError:
        raise StoreRefused(f"no schema can be called {name!a}: it is no valid Unicode") from None
    if not name or "\0" in name:
        raise StoreRefused(f"no schema can be called {name!r}; choose a name like orders")
    if size > _NAME_BYTES:
        raise StoreRefused(
            f"the schema's name {name[:_NAME_BYTES]!r}… has {size} bytes, and a name in PostgreSQL "
            f"has {_NAME_BYTES} at most; choose a shorter one"
        )
    if name.startswith("pg_") or name in ("$user", "information_schema"):
        raise StoreRefused(
            f"the schema {name!r} is one of PostgreSQL's own; choose another name, like orders"
        )
