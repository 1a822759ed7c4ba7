"""No query of ours scans a table, nor an index from end to end, however large it is.

Asked of the planner with the settings of our sessions: with no statistics, as in a new database,
and with those of a filled one; in both forms of the statements. ``STATEHOLD_JOURNAL_ROWS=10000000``
fills it with that many lines (ten an instance), which takes some minutes.
"""

from __future__ import annotations

import json
import os
from collections.abc import AsyncIterator, Callable, Iterator
from typing import TYPE_CHECKING, Any, TypeAlias

import asyncpg
import pytest

from statehold.stores.postgres.connections import PLANNING
from statehold.stores.queries import load_queries, of_any_partition, of_one_partition

pytestmark = pytest.mark.anyio

if TYPE_CHECKING:
    Connection: TypeAlias = asyncpg.Connection[asyncpg.Record]
else:
    Connection = Any

#: tables that stay small: the workers that are alive, the configurations that ever occurred, tokens
SMALL = {"workers", "configurations", "charts", "documents", "tokens"}
#: index walks that need no bound, since a LIMIT of one or their own few entries are one
LOOSE = {
    "next_holder": {"instances_held"},
    "mail_waits": {"fences_pkey"},
    "keys_with_incidents": {"instances_with_incidents"},
    "count_incidents": {"instances_with_incidents"},
    "lock_forgotten": {"forgotten_pkey"},
}
#: The two forms of the statements. That of one partition is planned anew each time, for its values
#: (``PLANNING_BY_VALUES``): then nothing is lost where a table was empty at first.
FORMS: dict[str, Callable[[str], str]] = {"any": of_any_partition, "one": of_one_partition}

LINES = int(os.environ.get("STATEHOLD_JOURNAL_ROWS", "50000"))
INSTANCES = LINES // 10

FILL = f"""
INSERT INTO configurations (number, machine, version, status, state, tags, owners)
SELECT n, 'order', 1, 'running', '["s' || n || '"]', '[]', '[]' FROM generate_series(1, 20) AS n;
INSERT INTO instances (number, machine, id, partition, configuration, seq, rev, created_at, since,
                       changed_at, wake_at, held_by, incidents, incident_since, finished_at,
                       document)
SELECT hashint8extended(n, 0), 'order', 'o-' || n,
       get_byte(sha256(convert_to('order/o-' || n, 'UTF8')), 0) & 63, 1 + n % 20, 3, 3, n, n, n,
       CASE WHEN n % 7 = 0 THEN n END, CASE WHEN n % 11 = 0 THEN '["w"]' END,
       (n % 500 = 0)::integer,
       CASE WHEN n % 500 = 0 THEN n END, CASE WHEN n % 3 = 0 THEN n END, 'x'
FROM generate_series(1, {INSTANCES}) AS n;
INSERT INTO counts (configuration, slot, partition, instances)
SELECT c, s, p, 5 FROM generate_series(1, 20) AS c, generate_series(0, 3) AS s,
       generate_series(0, 63) AS p;
INSERT INTO journal (instance, seq, part, partition, at, kind, body, key)
SELECT number, n, 0, partition, n, 'event', 'x', CASE WHEN n = 2 THEN 'k' || number END
FROM instances, generate_series(1, 10) AS n;
INSERT INTO mailbox (writer, rev, ordinal, partition, to_partition, to_machine, to_id, kind, body,
                     sent_at, due_at, sender_machine, sender_id, send_id, held, key)
SELECT n % 300, n, 0, n % 64, n % 63, 'order', 'o-' || n % 50, 'event', 'x', n,
       CASE WHEN n % 2 = 0 THEN n END, 'order', 'o-' || n,
       'send-' || n, n % 5 = 0, CASE WHEN n % 5 = 0 THEN 'k' || n END
FROM generate_series(1, {max(3000, INSTANCES // 10)}) AS n;
INSERT INTO deliverers (partition, machine, worker, until)
SELECT p, m, 'w', 0 FROM generate_series(0, 63) AS p, unnest(ARRAY['order', 'courier']) AS m;
INSERT INTO fences (partition, worker, slot)
SELECT p, 'w' || n, n FROM generate_series(0, 63) AS p, generate_series(1, 9) AS n;
INSERT INTO lookups (machine, name, digest, partition, created_at, id)
SELECT 'order', 'city', decode(md5((created_at % 9)::text), 'hex'), partition, created_at, id
FROM instances;
INSERT INTO aside (partition, machine, id, rev, since, why)
SELECT partition, machine, id, 3, 1, 'why' FROM instances WHERE created_at % 10 = 0;
INSERT INTO forgotten (partition, number) SELECT n % 64, n FROM generate_series(1, 3000) AS n;
INSERT INTO audit (at, number, partition, caller, proved, address, action, machine, id, outcome,
                   detail, times)
SELECT n, n, n % 64, 'c' || n % 9, true, '', 'pause', 'order', 'o-' || n % 50, 'done', '', 1
FROM generate_series(1, 5000) AS n;
INSERT INTO rollups SELECT 'order', 1, 60, n, 's' || n % 5, 'x' FROM generate_series(1, 3000) AS n;
ANALYZE;
"""


@pytest.fixture
async def db(migrated_dsn: str, anyio_backend: str) -> AsyncIterator[Connection]:
    connection = await asyncpg.connect(migrated_dsn, server_settings=PLANNING)
    yield connection
    await connection.close()


async def plan_of(db: Connection, name: str, query: str) -> dict[str, Any]:
    """The plan for any values."""
    wanted = len((await db.prepare(query)).get_parameters())
    await db.execute(f"PREPARE {name}_plan AS {query}")
    values = f"({', '.join(['NULL'] * wanted)})" if wanted else ""
    found = await db.fetchval(f"EXPLAIN (FORMAT JSON) EXECUTE {name}_plan{values}")
    plan: dict[str, Any] = json.loads(found)[0]["Plan"]
    return plan


async def leading_columns(db: Connection) -> dict[str, str]:
    """The first column, or expression, of each index."""
    found = await db.fetch(
        "SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid, 1, true) FROM pg_index"
    )
    return dict(map(tuple, found))


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for below in plan.get("Plans", ()):
        yield from nodes(below)


#: indexes that a query has to enter by all of these, not only by the first
ENTERED_BY = {
    ("keys_in_journal", "journal_keys"): ["instance =", "key ="],
    ("entries_of_keys", "journal_keys"): ["instance =", "key ="],
    ("places_in_journal", "journal_pkey"): ["instance =", "seq =", "part ="],
    ("journal", "journal_pkey"): ["instance =", "seq, part"],
    ("journal_before", "journal_pkey"): ["instance =", "seq <="],
    ("load_rows", "instances_pkey"): ["machine =", "id ="],
    ("advance", "instances_pkey"): ["machine =", "id ="],
    ("advance", "fences_pkey"): ["worker ="],
    ("lock_rows", "instances_pkey"): ["machine =", "id ="],
    ("lock_mail", "mailbox_pkey"): ["writer =", "rev =", "ordinal ="],
    ("still_there", "mailbox_pkey"): ["writer =", "rev =", "ordinal ="],
    ("take_messages", "mailbox_pkey"): ["writer =", "rev =", "ordinal ="],
    ("take_to_move", "mailbox_pkey"): ["writer =", "rev =", "ordinal ="],
    ("mail_sent", "mailbox_to_recall"): ["hashtextextended("],
    ("insert_messages", "mailbox_pkey"): ["writer ="],
    ("rows_held_by", "instances_held"): ["held_by =", "machine ="],
    ("claim_due", "instances_awake"): ["machine =", "wake_at <="],
    ("places_due", "instances_awake"): ["machine =", "wake_at <="],
    ("mail_waits", "mailbox_at_once"): ["to_machine ="],
    ("mail_waits", "mailbox_late"): ["to_machine =", "due_at <="],
    ("mail_waits", "deliverers_pkey"): ["machine =", "partition ="],
    ("mail_waits", "mailbox_late_by_partition"): ["to_machine =", "partition =", "due_at <="],
    ("mail", "mailbox_at_once"): [
        "to_machine =",
        "to_partition =",
        "sent_at, writer, rev, ordinal",
    ],
    ("mail", "mailbox_late_by_partition"): [
        "to_machine =",
        "to_partition =",
        "due_at <=",
        "due_at, writer, rev, ordinal",
    ],
    ("mail", "mailbox_pkey"): ["writer =", "rev =", "ordinal ="],
    ("keep_partitions", "deliverers_pkey"): ["machine =", "partition ="],
    ("forget", "instances_finished"): ["machine =", "finished_at =", "id ="],
    ("forget", "lookups_pkey"): ["machine =", "name =", "digest =", "created_at =", "id ="],
    ("keys_by_configuration", "instances_by_configuration"): ["configuration =", "created_at"],
    ("rows_by_configuration", "instances_by_configuration"): ["configuration =", "created_at"],
    ("rows_by_configuration", "instances_pkey"): ["machine =", "id ="],
    ("counted_configurations", "counts_pkey"): ["configuration ="],
    ("look_by_id", "instances_pkey"): ["machine =", "id >=", "id <"],
    ("look_by_id", "lookups_pkey"): ["machine =", "name =", "digest =", "created_at =", "id ="],
    ("look_by_since", "instances_by_configuration"): ["configuration ="],
    ("finished", "instances_finished"): ["machine =", "finished_at <="],
    ("claim_finished", "instances_pkey"): ["machine =", "id ="],
    ("rollups", "rollups_pkey"): ["machine =", "start >="],
    ("old_rollups", "rollups_by_span"): ["span =", "start <"],
    ("audit_by_time", "audit_by_time"): ["+ 0) >=", "+ 0), number"],
    ("audit_by_time_up", "audit_by_time"): ["+ 0) <", "+ 0), number"],
    ("audit_of_instance", "audit_of_instance"): ["|| id) =", "at >=", "at, number"],
    ("audit_of_machine", "audit_of_machine"): ["machine =", "at >=", "at, number"],
    ("audit_of_caller", "audit_of_caller"): ["caller =", "at >=", "at, number"],
    ("keys_by_lookup", "lookups_pkey"): ["machine =", "name =", "digest =", "created_at"],
}


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("is_filled", [False, True], ids=["empty", "filled"])
async def test_every_query_goes_along_an_index_by_all_that_is_known(
    db: Connection, is_filled: bool
) -> None:
    if is_filled:
        await db.execute(FILL)
    leading = await leading_columns(db)
    wrong: list[tuple[str, ...]] = []
    entered: set[tuple[str, str]] = set()
    for form in FORMS if is_filled else ["any"]:
        for name, text in load_queries("postgres").items():
            for node in nodes(await plan_of(db, f"{name}_{form}", FORMS[form](text))):
                table, index = node.get("Relation Name"), node.get("Index Name", "")
                if "Scan" not in node["Node Type"] or table is None or table in SMALL:
                    continue
                condition = node.get("Index Cond", "")
                is_bounded = leading.get(index, "?") in condition or index in LOOSE.get(name, ())
                is_index = node["Node Type"] in ("Index Scan", "Index Only Scan")
                missing = [c for c in ENTERED_BY.get((name, index), ()) if c not in condition]
                entered.add((name, index))
                if not is_index or not is_bounded or missing:
                    wrong.append((form, name, node["Node Type"], index or table, condition))
    assert wrong == []
    assert ENTERED_BY.keys() <= entered


async def test_a_scan_would_be_seen(db: Connection) -> None:
    await db.execute("PREPARE scan AS SELECT * FROM journal WHERE kind = $1")
    found = json.loads(await db.fetchval("EXPLAIN (FORMAT JSON) EXECUTE scan('x')"))
    assert [node["Node Type"] for node in nodes(found[0]["Plan"])] == ["Seq Scan"]
