"""Checks of the tables of a PostgreSQL store: vacuum, sizes, indexes, fences."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from statehold.doctor.finding import Finding, size, some, span
from statehold.stores.queries import load_queries

if TYPE_CHECKING:
    import asyncpg

#: fewer dead rows are not reported
DEAD_ROWS = 10_000
#: of all rows; autovacuum begins long before
DEAD_SHARE = 0.3


async def examine_tables(db: asyncpg.Connection[Any]) -> list[Finding]:
    q = load_queries("postgres", "doctor.sql")
    now = await db.fetchval(q["now"])
    tables = await db.fetch(q["tables"])
    sizes = [f"{t['name']} {size(t['bytes'])} + {size(t['index_bytes'])}" for t in tables]
    found = [Finding("note", "tables", f"tables and their indexes: {some(sizes)}")]
    for table in tables:
        if table["is_unvacuumed"]:
            found.append(
                Finding(
                    "warning",
                    "table-autovacuum",
                    f"autovacuum is off for the table {table['name']}",
                    "dead rows are not removed: it grows and gets slower",
                    f"ALTER TABLE {table['name']} RESET (autovacuum_enabled)",
                )
            )
        dead, alive = table["dead"], table["alive"]
        if dead > DEAD_ROWS and dead > DEAD_SHARE * (dead + alive):
            last = table["vacuumed_at"]
            when = "never vacuumed" if last is None else f"vacuumed {span(now - last)} ago"
            found.append(
                Finding(
                    "warning",
                    "dead-rows",
                    f"the table {table['name']} has {dead:,} dead rows beside {alive:,}, {when}",
                    "reads and writes get slower as it grows",
                    "find what blocks vacuum: old transactions, prepared ones, "
                    f"idle replication slots; then VACUUM {table['name']}",
                )
            )
    broken = [row["name"] for row in await db.fetch(q["broken_indexes"])]
    if broken:
        found.append(
            Finding(
                "error",
                "broken-index",
                f"these indexes are not valid: {some(broken)}",
                "queries that need them read whole tables",
                "; ".join(f"REINDEX INDEX CONCURRENTLY {name}" for name in broken[:5]),
            )
        )
    lonely = [row["worker"] for row in await db.fetch(q["lonely_fences"])]
    if lonely:
        found.append(
            Finding(
                "error",
                "lonely-fence",
                f"there are fences of workers that have no lease: {some(lonely)}",
                "a change by hand has put them in; such a worker writes though no other knows that "
                "it is alive",
                "end these workers, then DELETE FROM fences WHERE worker NOT IN "
                "(SELECT id FROM workers)",
            )
        )
    return found
