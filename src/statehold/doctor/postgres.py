"""Checks of a PostgreSQL deployment, and why its database can't be reached."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime
from typing import Any

import asyncpg

from statehold.chart.machine import Definition
from statehold.doctor.finding import Finding, some
from statehold.doctor.postgres_queries import PostgresQueries
from statehold.doctor.postgres_server import examine_connections, examine_server
from statehold.doctor.postgres_tables import examine_tables
from statehold.doctor.tokens import TOKENS, examine_tokens
from statehold.doctor.work import Pause, examine_work
from statehold.errors import StoreRefused
from statehold.stores.postgres.connections import (
    CONNECT_SECONDS,
    STATEMENT_SECONDS,
    connect_directly,
    in_schema,
)
from statehold.stores.postgres.migrate import state_of
from statehold.stores.queries import load_queries
from statehold.stores.token_columns import token_of

_SETTINGS = {
    "application_name": "statehold doctor",
    "statement_timeout": f"{STATEMENT_SECONDS:.0f}s",
}


async def examine_postgres(
    dsn: str,
    definitions: Mapping[str, Definition[Any]],
    served: Collection[str],
    local_now: Callable[[], datetime] = lambda: datetime.now(UTC),
    pause: Pause = asyncio.sleep,
    *,
    schema: str | None = None,
) -> list[Finding]:
    """``dsn`` is the server's own address, ``schema`` as in :class:`statehold.stores.StoreOptions`.
    ``local_now`` is this machine's clock, which the database's is compared with."""
    try:
        db = await connect_directly(dsn, {**_SETTINGS, **in_schema(schema)}, STATEMENT_SECONDS)
    except Exception as error:  # noqa: BLE001 - any error is a finding
        return [why_unreachable(error)]
    found: list[Finding] = []
    try:
        await _examine(db, found, definitions, served, local_now, pause)
    except StoreRefused as error:
        found.append(
            Finding(
                "error",
                "not-usable",
                str(error),
                "no server or worker can use this store",
                "follow the message, or correct the address",
            )
        )
    except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError) as error:
        found.append(_broken_off(error))
    finally:
        db.terminate()
    return found


async def _examine(
    db: asyncpg.Connection[Any],
    found: list[Finding],
    definitions: Mapping[str, Definition[Any]],
    served: Collection[str],
    local_now: Callable[[], datetime],
    pause: Pause,
) -> None:
    found += await examine_server(db, local_now)
    # only now: before, a read-only server would look like this read-only session
    await db.execute("SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY")
    state = await state_of(db)
    if not state.applied:
        found.append(
            Finding(
                "error",
                "no-schema",
                "the database has no tables of Statehold",
                "nothing has run on it yet, or the address names another database",
                "check the address; if it is right, start a server, or statehold db upgrade",
            )
        )
        return
    if not state.can_run:
        is_newer = state.oldest_code > state.known
        found.append(
            Finding(
                "error",
                "schema",
                f"the schema needs a release that knows migration {state.oldest_code}, this one "
                f"knows {state.known}"
                if is_newer
                else f"the schema lacks {some(state.pending)}"
                if state.unfinished is None
                else f"the migration {state.unfinished} is unfinished",
                "a server or worker of this release does not start",
                "run a newer release" if is_newer else "statehold db upgrade",
            )
        )
        return
    if state.pending:
        found.append(
            Finding(
                "note",
                "schema-pending",
                f"migrations to run after a deploy are pending: {some(state.pending)}",
                "",
                "once no older release runs: statehold db upgrade --phase after",
            )
        )
    if state.unknown:
        found.append(
            Finding(
                "note",
                "schema-newer",
                f"a newer release has added {some(state.unknown)}; this one runs beside it",
            )
        )
    found += await examine_tables(db)
    queries = PostgresQueries(db)
    leases = (await queries.workers()).values()
    found += await examine_connections(db, sum(left.total_seconds() > 0 for left in leases))
    now = await db.fetchval(load_queries("postgres", "doctor.sql")["now"])
    found += await examine_work(queries, now, definitions, served, pause)
    tokens = await db.fetch(load_queries("postgres")["tokens"], "", TOKENS)
    found += examine_tokens([*map(token_of, tokens)], now)


def why_unreachable(error: BaseException) -> Finding:
    """The finding for an error while connecting. It repeats nothing of the address, which may hold
    a password."""
    means = "no server or worker can use this store"
    if isinstance(error, StoreRefused):
        return Finding("error", "address", str(error), means, "correct the address")
    for kinds, code, what, do in _REASONS:
        # where the server has no TLS, the driver says so in words alone
        if isinstance(error, kinds) or (code == "tls" and "SSL upgrade" in str(error)):
            return Finding("error", code, f"{what}: {_words(error)}", means, do)
    return Finding(
        "error",
        "unreachable",
        f"the database can't be reached: {_words(error)}",
        means,
        "check that PostgreSQL runs at the host and port of the address, and that nothing between "
        "blocks it",
    )


def _words(error: BaseException) -> str:
    return str(error) or type(error).__name__


def _broken_off(error: BaseException) -> Finding:
    if isinstance(error, asyncpg.InsufficientPrivilegeError):
        return Finding(
            "error",
            "no-privilege",
            f"the database refuses a query: {error}",
            "the role of the address lacks a privilege to read",
            "use the role that the servers use, or grant it: GRANT SELECT ON ALL TABLES IN "
            "SCHEMA public",
        )
    return Finding(
        "error",
        "broken-off",
        f"the database stopped answering: {_words(error)}",
        "the rest was not checked",
        "see the database's log, and run the doctor again",
    )


_exceptions = asyncpg.exceptions
#: the first that fits
_REASONS: tuple[
    tuple[type[BaseException] | tuple[type[BaseException], ...], str, str, str], ...
] = (
    (
        _exceptions.InvalidPasswordError,
        "wrong-password",
        "the password is wrong, or the role does not exist",
        "give the right one in the address, percent-encoded where it has : / @ or ?",
    ),
    (
        _exceptions.InvalidAuthorizationSpecificationError,
        "not-admitted",
        "the server does not admit this role from here",
        "see pg_hba.conf, and sslmode= in the address if it wants TLS",
    ),
    (
        _exceptions.InvalidCatalogNameError,
        "no-database",
        "the server has no such database",
        "create it, CREATE DATABASE, or correct the address",
    ),
    (
        _exceptions.TooManyConnectionsError,
        "too-many-connections",
        "the server has no connection left",
        "raise max_connections, run fewer workers, or find who keeps them open",
    ),
    (
        _exceptions.CannotConnectNowError,
        "not-now",
        "the server is starting, stopping or recovering",
        "wait; its log shows the progress",
    ),
    (
        _exceptions.TargetServerAttributeNotMatched,
        "no-primary",
        "no host of the address can be written to",
        "promote a standby, or add the primary to the address's hosts",
    ),
    (
        (ssl.SSLError, ssl.CertificateError),
        "tls",
        "no encrypted connection can be made",
        "see sslmode= and sslrootcert= in the address, and the server's certificate",
    ),
    (
        ConnectionRefusedError,
        "refused",
        "nothing listens at the host and port of the address",
        "start PostgreSQL, or correct the address; see listen_addresses too",
    ),
    (
        TimeoutError,
        "no-answer",
        f"there was no answer within {CONNECT_SECONDS:g} s",
        "see that the host is up and no firewall drops packets to its port",
    ),
)
