"""A witness within the database: of whoever writes a journal entry while it has no lease."""

from __future__ import annotations

import asyncpg

# a worker's connections bear the name that it was started with; after it was taken for dead it has
# the same with a number behind "#"
_SQL = """
CREATE TABLE unfenced (worker text, at timestamptz);

CREATE FUNCTION witness() RETURNS trigger LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    who text := substr(current_setting('application_name'), length('statehold ') + 1);
BEGIN
    IF who LIKE 'w%' AND EXISTS (SELECT 1 FROM added) AND NOT EXISTS (
        SELECT 1 FROM workers WHERE id = who OR split_part(id, '#', 1) = who
    ) THEN
        INSERT INTO unfenced VALUES (who, clock_timestamp());
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER witness AFTER INSERT ON journal REFERENCING NEW TABLE AS added
FOR EACH STATEMENT EXECUTE FUNCTION witness();
"""

_HEARD = "SELECT worker, min(at), count(*) FROM unfenced GROUP BY 1 ORDER BY 2"


async def set_up(dsn: str) -> None:
    db = await asyncpg.connect(dsn)
    try:
        await db.execute(_SQL)
    finally:
        await db.close()


async def heard(dsn: str) -> list[str]:
    """Everything it saw, in words."""
    db = await asyncpg.connect(dsn)
    try:
        seen = await db.fetch(_HEARD)
    finally:
        await db.close()
    return [f"{who} wrote {times} times without a lease, at {at} first" for who, at, times in seen]
