"""DBOS Transact, run in the environment of the peers: ``laps.py DSN``, a line of JSON a request.

Two ways to have one event processed durably, each a workflow for each event:

``transaction``  its one step is a transaction of a datasource: row and checkpoint are written
                 together, so the step happens exactly once
``step``         its one step is a plain one that opens a transaction of its own by psycopg:
                 one commit less, and at least once

And the instance as a workflow that lives on: ``grow`` and ``more`` send it events, which it takes
by ``recv`` and answers by ``set_event``. A process that starts again has such a workflow recovered
by DBOS: the function runs again from the top over what its steps gave.

Everything is synchronous, on threads: on this machine, DBOS's coroutines were a third slower.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from queue import Queue
from time import perf_counter
from typing import Any

import psycopg
import sqlalchemy
from dbos import DBOS, DBOSConfig, SetWorkflowID, SQLAlchemyDatasource

#: connections of DBOS to its own tables, and of the datasource; more were no faster
POOL = 20
#: how long a workflow waits for its next event, and a caller for its answer
PATIENCE_SECONDS = 3600.0
NEXT = {"standing": "moving", "moving": "standing"}
LOCK = "SELECT seq, state, document FROM parcels WHERE id = :id FOR UPDATE"
MOVE = """
UPDATE parcels SET seq = :seq, state = :state, changed_at = now(), document = :document
WHERE id = :id
"""

dsn = sys.argv[1]
engine_url = dsn.replace("postgresql://", "postgresql+psycopg://", 1)
config: DBOSConfig = {
    "name": "statehold-benchmark",
    "system_database_url": engine_url,
    "sys_db_pool_size": POOL,
    "application_version": "1",
    "log_level": "ERROR",
}
DBOS(config=config)
datasource = SQLAlchemyDatasource.create(
    engine_url, engine_kwargs={"pool_size": POOL, "max_overflow": 0}
)
connections: Queue[psycopg.Connection] = Queue()


def changed(document: str, place: str, reading: int) -> str:
    """As long as before, or hardly longer."""
    parcel = json.loads(document)
    parcel["moves"] += 1
    parcel["last_place"] = place
    parcel["last_reading"] = reading
    return json.dumps(parcel).ljust(len(document))


@datasource.transaction(isolation_level="READ COMMITTED")
def move_in_transaction(id: str, place: str, reading: int) -> int:
    session = datasource.sql_session()
    row = session.execute(sqlalchemy.text(LOCK), {"id": id}).one()
    session.execute(
        sqlalchemy.text(MOVE),
        {
            "id": id,
            "seq": row.seq + 1,
            "state": NEXT[row.state],
            "document": changed(row.document, place, reading),
        },
    )
    return int(row.seq + 1)


@DBOS.workflow()
def scan_in_transaction(id: str, place: str, reading: int) -> int:
    return int(move_in_transaction(id, place, reading))


@DBOS.step()
def move_in_step(id: str, place: str, reading: int) -> int:
    connection = connections.get()
    try:
        with connection.transaction():
            row = connection.execute(
                "SELECT seq, state, document FROM parcels WHERE id = %s FOR UPDATE", (id,)
            ).fetchone()
            assert row is not None, id
            seq, state, document = row
            connection.execute(
                "UPDATE parcels SET seq = %s, state = %s, changed_at = now(), document = %s "
                "WHERE id = %s",
                (seq + 1, NEXT[state], changed(document, place, reading), id),
            )
    finally:
        connections.put(connection)
    return int(seq + 1)


@DBOS.workflow()
def scan_in_step(id: str, place: str, reading: int) -> int:
    return int(move_in_step(id, place, reading))


@DBOS.workflow()
def parcel(document: str) -> None:
    """Lives on, and takes one event after the other."""
    state = "standing"
    while True:
        event = DBOS.recv("scan", timeout_seconds=PATIENCE_SECONDS)
        if event is None:
            raise TimeoutError("no event came, although the workflow is to be sent some")
        document = changed(document, event["place"], event["reading"])
        state = NEXT[state]
        DBOS.set_event(f"reply-{event['number']}", {"state": state, "document": document})


# --- requests --------------------------------------------------------------------------------

WAYS: dict[str, Callable[[str, str, int], int]] = {
    "transaction": scan_in_transaction,
    "step": scan_in_step,
}


def make(instances: int, document: str) -> dict[str, Any]:
    """The table of the instances, with their rows; and the connections of ``step``."""
    with psycopg.connect(dsn) as connection:
        connection.execute(
            "CREATE TABLE parcels (id text PRIMARY KEY, seq bigint NOT NULL, state text NOT NULL, "
            "changed_at timestamptz NOT NULL, document text NOT NULL)"
        )
        connection.execute(
            "INSERT INTO parcels SELECT 'parcel-' || n, 1, 'standing', now(), %s "
            "FROM generate_series(0, %s) AS n",
            (document, instances - 1),
        )
    for _ in range(POOL):
        connections.put(psycopg.connect(dsn, autocommit=True))
    return {}


def lap(way: str, callers: int, instances: int, seconds: float) -> dict[str, Any]:
    """Events a second of so many threads, each with instances of its own."""
    scan = WAYS[way]
    end = perf_counter() + seconds

    def call(first: int) -> list[float]:
        ids = [f"parcel-{n}" for n in range(first, instances, callers)]
        waits: list[float] = []
        while (began := perf_counter()) < end:
            turn = len(waits)
            scan(ids[turn % len(ids)], f"gate-{turn % 64}", turn)
            waits.append(perf_counter() - began)
        return waits

    began = perf_counter()
    with ThreadPoolExecutor(callers) as threads:
        waits = sorted(wait for some in threads.map(call, range(callers)) for wait in some)
    rate = len(waits) / (perf_counter() - began)
    return {
        "rate": rate,
        "p50": waits[len(waits) // 2],
        "p99": waits[min(len(waits) - 1, int(len(waits) * 0.99))],
    }


def grow(id: str, document: str, events: int) -> dict[str, Any]:
    """A workflow that has had so many events."""
    with SetWorkflowID(id):
        DBOS.start_workflow(parcel, document)
    for number in range(events):
        DBOS.send(id, scan_event(number), "scan")
    if events:
        answered(id, events - 1)
    return {}


def more(id: str, first: int, events: int) -> dict[str, Any]:
    """Seconds of an event, one after the other."""
    began = perf_counter()
    for number in range(first, first + events):
        DBOS.send(id, scan_event(number), "scan")
        answered(id, number)
    return {"seconds": (perf_counter() - began) / events}


def answered(id: str, number: int) -> None:
    if DBOS.get_event(id, f"reply-{number}", timeout_seconds=PATIENCE_SECONDS) is None:
        raise TimeoutError(f"workflow {id} has not answered event {number}")


def scan_event(number: int) -> dict[str, Any]:
    return {"number": number, "place": f"gate-{number % 64}", "reading": number}


REQUESTS: dict[str, Callable[..., dict[str, Any]]] = {
    "make": make,
    "lap": lap,
    "grow": grow,
    "more": more,
}


def main() -> None:
    DBOS.launch()
    print(json.dumps({}), flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        print(json.dumps(REQUESTS[request.pop("do")](**request)), flush=True)


if __name__ == "__main__":
    main()
