"""Deletes the journals of purged instances from a SQLite file, a bounded piece at a time."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping

#: what one transaction deletes, beyond its first entry: deleting a value costs reading it
PIECE_BYTES = 4_000_000


def sweep(db: sqlite3.Connection, queries: Mapping[str, str], limit: int) -> int:
    """One transaction; see :meth:`statehold.store.Store.sweep`. The caller rolls back if it
    raises."""
    swept = size = 0
    db.execute("BEGIN IMMEDIATE")
    for (place,) in db.execute(queries["forgotten"], (limit,)).fetchall():
        left = limit - swept
        # one more than allowed: shows whether this is all
        found = db.execute(queries["left_of_journal"], (place, left + 1)).fetchall()
        taken: list[tuple[int]] = []
        for entry, length in found[:left]:
            if swept + len(taken) and size + length > PIECE_BYTES:
                break
            taken.append((entry,))
            size += length
        db.executemany(queries["sweep_entry"], taken)
        swept += len(taken)
        if len(taken) < len(found):
            break
        db.execute(queries["swept"], (place,))
    db.execute("COMMIT")
    return swept
