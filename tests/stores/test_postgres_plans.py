"""No query of ours scans a table, nor an index from end to end, however large it is.

Asked of the planner with the settings of our sessions: with no statistics, as in a new database,
and with those of a filled one.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from typing import TYPE_CHECKING, Any, TypeAlias

import asyncpg
import pytest

from statehold.stores.postgres.connections import PLANNING
from statehold.stores.queries import load_queries

pytestmark = pytest.mark.anyio

if TYPE_CHECKING:
    Connection: TypeAlias = asyncpg.Connection[asyncpg.Record]
else:
    Connection = Any

#: tables that stay small: the workers that are alive, the configurations that ever occurred
SMALL = {"workers", "configurations", "charts", "documents"}
#: index walks that need no bound, since a LIMIT of one or their own few entries are one
LOOSE = {
    "holders": {"instances_held"},
    "addressees": {"mailbox_of_instance"},
    "keys_with_incidents": {"instances_with_incidents"},
    "lock_forgotten": {"forgotten_pkey"},
}

FILL = """
INSERT INTO configurations (machine, version, status, state, tags, owners)
SELECT 'order', 1, 'running', '["s' || n || '"]', '[]', '[]' FROM generate_series(1, 20) AS n;
INSERT INTO instances (machine, id, configuration, seq, rev, created_at, since, changed_at,
                       wake_at, held_by, incidents, incident_since, finished_at, document)
SELECT 'order', 'o-' || n, 1 + n % 20, 3, 3, n, n, n,
       CASE WHEN n % 7 = 0 THEN n END, CASE WHEN n % 11 = 0 THEN '["w"]' END,
       (n % 500 = 0)::integer,
       CASE WHEN n % 500 = 0 THEN n END, CASE WHEN n % 3 = 0 THEN n END, 'x'
FROM generate_series(1, 5000) AS n;
INSERT INTO counts SELECT c, s, 5 FROM generate_series(1, 20) AS c, generate_series(0, 3) AS s;
INSERT INTO journal (instance, seq, part, at, kind, body, key)
SELECT number, n, 0, n, 'event', 'x', CASE WHEN n = 2 THEN 'k' || number END
FROM instances, generate_series(1, 3) AS n;
INSERT INTO mailbox (to_machine, to_id, kind, body, due_at, sender_machine, sender_id, send_id,
                     held, key)
SELECT 'order', 'o-' || n % 50, 'event', 'x', CASE WHEN n % 2 = 0 THEN n END, 'order', 'o-' || n,
       'send-' || n, n % 5 = 0, CASE WHEN n % 5 = 0 THEN 'k' || n END
FROM generate_series(1, 3000) AS n;
INSERT INTO lookups SELECT 'order', 'city', decode(md5((n % 9)::text), 'hex'), n, 'o-' || n
FROM generate_series(1, 5000) AS n;
INSERT INTO aside SELECT machine, id, 3, 1, 'why' FROM instances WHERE number % 10 = 0;
INSERT INTO rollups SELECT 'order', 1, 60, n, 's' || n % 5, 'x' FROM generate_series(1, 3000) AS n;
ANALYZE;
"""


@pytest.fixture
async def db(migrated_dsn: str, anyio_backend: str) -> AsyncIterator[Connection]:
    connection = await asyncpg.connect(migrated_dsn, server_settings=PLANNING)
    yield connection
    await connection.close()


async def plan_of(db: Connection, name: str) -> dict[str, Any]:
    """The plan for any values."""
    query = load_queries("postgres")[name]
    wanted = len((await db.prepare(query)).get_parameters())
    await db.execute(f"PREPARE {name}_plan AS {query}")
    values = f"({', '.join(['NULL'] * wanted)})" if wanted else ""
    found = await db.fetchval(f"EXPLAIN (FORMAT JSON) EXECUTE {name}_plan{values}")
    plan: dict[str, Any] = json.loads(found)[0]["Plan"]
    return plan


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for below in plan.get("Plans", ()):
        yield from nodes(below)


#: indexes that a query has to enter by all of these, not only by some
ENTERED_BY = {
    ("keys_in_journal", "journal_keys"): ["instance =", "key ="],
    ("entries_of_keys", "journal_keys"): ["instance =", "key ="],
    ("places_in_journal", "journal_pkey"): ["instance =", "seq =", "part ="],
    ("journal", "journal_pkey"): ["instance =", "seq, part"],
    ("journal_before", "journal_pkey"): ["instance =", "seq <="],
    ("load_rows", "instances_pkey"): ["machine =", "id ="],
    ("advance", "instances_pkey"): ["machine =", "id ="],
    ("lock_rows", "instances_pkey"): ["machine =", "id ="],
    ("rows_held_by", "instances_held"): ["held_by =", "machine ="],
    ("claim_due", "instances_awake"): ["machine =", "wake_at <="],
    ("claim_mail", "mailbox_of_instance"): ["to_machine =", "to_id =", "number <="],
    ("keys_by_configuration", "instances_by_configuration"): ["configuration =", "created_at"],
    ("configurations_of_machine", "counts_pkey"): ["configuration ="],
    ("look_by_id", "instances_pkey"): ["machine =", "id >=", "id <"],
    ("look_by_id", "lookups_pkey"): ["machine =", "name =", "digest =", "created_at =", "id ="],
    ("look_by_since", "instances_by_configuration"): ["configuration ="],
    ("rollups", "rollups_pkey"): ["machine =", "start >="],
    ("old_rollups", "rollups_by_span"): ["span =", "start <"],
    ("keys_by_lookup", "lookups_pkey"): ["machine =", "name =", "digest =", "created_at"],
}


@pytest.mark.parametrize("is_filled", [False, True], ids=["empty", "filled"])
async def test_every_query_goes_along_an_index_by_all_that_is_known(
    db: Connection, is_filled: bool
) -> None:
    if is_filled:
        await db.execute(FILL)
    wrong: list[tuple[str, dict[str, Any]]] = []
    entered: set[tuple[str, str]] = set()
    for name in load_queries("postgres"):
        for node in nodes(await plan_of(db, name)):
            table, index = node.get("Relation Name"), node.get("Index Name", "")
            if "Scan" not in node["Node Type"] or table is None or table in SMALL:
                continue
            condition = node.get("Index Cond", "")
            is_bounded = bool(condition) or index in LOOSE.get(name, ())
            is_index = node["Node Type"] in ("Index Scan", "Index Only Scan")
            missing = [c for c in ENTERED_BY.get((name, index), ()) if c not in condition]
            entered.add((name, index))
            if not is_index or not is_bounded or missing:
                wrong.append((name, node))
    assert wrong == []
    assert ENTERED_BY.keys() <= entered


async def test_a_scan_would_be_seen(db: Connection) -> None:
    await db.execute("PREPARE scan AS SELECT * FROM journal WHERE kind = $1")
    found = json.loads(await db.fetchval("EXPLAIN (FORMAT JSON) EXECUTE scan('x')"))
    assert [node["Node Type"] for node in nodes(found[0]["Plan"])] == ["Seq Scan"]
