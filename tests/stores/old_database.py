"""A PostgreSQL database as the releases before partitions left it, filled by SQL alone."""

from __future__ import annotations

from collections.abc import Callable

import asyncpg

from statehold.stores.queries import load_migrations

#: the last migration of those releases
LAST = 5

#: instances whose journals grow at the same time
WINDOW = 20_000

_CONFIGURATIONS = """
INSERT INTO configurations (machine, version, status, state, tags, owners)
SELECT 'order', version, status, format('["step_%s"]', state), format('["tag_%s"]', state % 5),
       CASE WHEN state % 2 = 0 THEN '["clerk"]' ELSE '[]' END
FROM generate_series(1, 4) AS version, unnest(ARRAY['running', 'done', 'paused']) AS status,
     generate_series(1, 16) AS state
"""

_INSTANCES = """
INSERT INTO instances (
    number, machine, id, configuration, seq, rev, indexes, created_at, since, changed_at, wake_at,
    claimed_until, held_by, incidents, incident_since, finished_at, deadline, document
)
SELECT n, 'order', 'o-' || md5(n::text), 1 + n % 192, $3::bigint, $3::bigint,
       format('{"customer":"c-%s"}', n % 1000), 1900000000000000 + n,
       1900000000000000 + n, 1900000000000000 + n * 10,
       CASE WHEN n % 2 = 0 THEN 2000000000000000 + n END, NULL,
       CASE WHEN n % 97 = 0 THEN '["w1"]' END, CASE WHEN n % 101 = 0 THEN 1 ELSE 0 END,
       CASE WHEN n % 101 = 0 THEN 1900000000000000 + n * 10 END,
       CASE WHEN n % 3 = 0 THEN 1900000000000000 + n END, NULL,
       convert_to(format('{"data":{"order":"o-%s","items":[%s,%s,%s],"note":"%s"},"timers":{}}', n,
                         n % 7, n % 11, n % 13, repeat('of the usual kind ', 15)), 'UTF8')
FROM generate_series($1::bigint, $2::bigint) AS n
"""

_LOOKUPS = """
INSERT INTO lookups (machine, name, digest, created_at, id)
SELECT machine, 'customer', decode(md5(indexes), 'hex'), created_at, id FROM instances
WHERE number BETWEEN $1 AND $2
"""

# the lines of some instances alternate, as they do where these are worked on at the same time
_JOURNAL = """
INSERT INTO journal (instance, seq, part, at, kind, body, key, reply)
SELECT n, seq, 0, 1900000000000000 + n * 10 + seq, 'event',
       convert_to(format('{"event":{"type":"Moved","order":"o-%s","step":%s,"by":"clerk-%s"},'
                         '"changes":{"step":%s,"note":"%s"},"cause":"%s","effects":[]}',
                         n, seq, n % 50, seq, repeat('as it was agreed; ', (10 + n % 5)::integer),
                         md5(n::text)), 'UTF8'),
       CASE WHEN seq % 3 = 0 THEN format('key-%s-%s', n, seq) END,
       CASE WHEN seq % 3 = 0 THEN convert_to('{"seq":1,"state":["step_1"]}', 'UTF8') END
FROM generate_series(1, $3::bigint) AS seq, generate_series($1::bigint, $2::bigint) AS n
ORDER BY seq
"""

_MAILBOX = """
INSERT INTO mailbox (
    to_machine, to_id, kind, body, due_at, sender_machine, sender_id, send_id, held, key
)
SELECT 'order', 'o-' || md5(n::text), 'event',
       convert_to(format('{"event":{"type":"Told","n":%s,"text":"%s"}}', n,
                         repeat('as it was agreed; ', 5)), 'UTF8'),
       CASE WHEN n % 2 = 0 THEN 2000000000000000 + n END,
       CASE WHEN n % 5 > 0 THEN 'order' END,
       CASE WHEN n % 5 > 0 THEN 'o-' || md5((n * 7)::text) END,
       CASE WHEN n % 2 = 0 THEN n || '.send' END, n % 10 = 5,
       CASE WHEN n % 10 = 5 THEN 'key-' || n END
FROM generate_series(1, $1::bigint) AS n
"""

_REST = """
INSERT INTO counts SELECT configuration, number % 3, count(*) FROM instances GROUP BY 1, 2;
INSERT INTO aside SELECT machine, id, rev, 1900000000000000, 'of another release' FROM instances
    WHERE number % 5003 = 0;
INSERT INTO workers VALUES ('w1', 0, '2020-01-01', '2020-01-01');
INSERT INTO charts VALUES ('order', 1, '{}', 1900000000000000)
"""

# not of an instance that is there
_FORGOTTEN = """
WITH gone AS (INSERT INTO forgotten SELECT $1 + n FROM generate_series(1, $2::bigint) AS n
              RETURNING number)
INSERT INTO journal SELECT number, 1, 0, 1900000000000000, 'start', '{}', NULL, NULL FROM gone
"""


async def make_old(
    dsn: str,
    instances: int,
    lines: int,
    say: Callable[[str], None] = lambda _: None,
) -> None:
    """Fills an empty database: each of the instances has so many journal lines and a lookup; a
    twentieth gets a message, every hundredth is forgotten."""
    db = await asyncpg.connect(dsn)
    try:
        for migration in load_migrations("postgres")[:LAST]:
            await db.execute(migration.sql)
            await db.execute(
                "INSERT INTO schema_migrations VALUES ($1, $2, 0)", migration.number, migration.name
            )
        await db.execute("SET synchronous_commit = off")
        await db.execute(_CONFIGURATIONS)
        for first in range(1, instances + 1, WINDOW):
            last = min(first + WINDOW - 1, instances)
            await db.execute(_INSTANCES, first, last, lines)
            await db.execute(_LOOKUPS, first, last)
            await db.execute(_JOURNAL, first, last, lines)
            say(f"{last:,} instances")
        await db.execute(_MAILBOX, instances // 20)
        await db.execute(_FORGOTTEN, instances, instances // 100)
        await db.execute(_REST)
        await db.execute("ANALYZE")
    finally:
        await db.close()
