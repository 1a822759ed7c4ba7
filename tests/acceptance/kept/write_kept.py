"""Writes the kept databases, with the release that is imported::

    PYTHONPATH=<tree of that release>/src:. python -m tests.acceptance.kept.write_kept <name>

It makes ``<name>.sqlite`` and ``<name>.sql`` beside this file. The process that fills a store is
killed, so that an effect is in flight in it.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import sqlite3
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from statehold import Engine, Event, UnknownInstance
from statehold.engine.clock import ManualClock
from tests.acceptance.kept import machines as kept
from tests.servers.postgres import PostgresServer

HERE = Path(__file__).parent
START = datetime(2031, 5, 17, 9, 30, 0, 123456, tzinfo=UTC)
#: more than the journal keeps changes of before it has the data whole again
MANY = 70


async def fill(address: str) -> None:
    clock = ManualClock(START)
    names = (kept.Shop, kept.Inspecting, kept.RouteV1, kept.BELL)
    async with Engine(address, names, clock=clock, worker="killed") as engine:
        shop = kept.Shop

        async def start(id: str, *events: Event) -> None:
            await engine.start(shop, id, kept.Order(name=id))
            for event in events:
                await engine.send(shop, id, event)

        async def until(kind: str, machine: str, id: str) -> None:
            kinds: list[str] = []
            while kind not in kinds:
                await asyncio.sleep(0.01)
                with contextlib.suppress(UnknownInstance):
                    kinds = [entry.kind for entry in (await engine.journal(machine, id)).entries]

        kept.LABELS.update({"in-flight": "hang", "retried": "fail", "incident": "fail for good"})
        kept.BROKEN.add("broken-timer")
        await start("timer", kept.Wait())
        await start("in-flight", kept.Label())
        await start("retried", kept.Label())
        await until("tried", "shop", "retried")
        await start("incident", kept.Label())
        await until("incident", "shop", "incident")
        await start("parent", kept.Inspect())
        await start("paused", kept.Add(n=2))
        await engine.pause(shop, "paused", reason="a holiday")
        await engine.send(shop, "paused", kept.Add(n=3), key="held")
        await engine.send(shop, "paused", kept.Add(n=4))
        await start("told")
        await start("teller", kept.Tell(to="told", text="later", seconds=3600))
        await start("history", kept.Pack(), kept.Tape(), kept.Leave())
        await start("many")
        for _ in range(MANY):
            await engine.send(shop, "many", kept.Add())
        await engine.send(shop, "many", kept.Add(n=100), key="once")
        await start("done", kept.Add(n=5), kept.Close())
        await start("cancelled", kept.Wait())
        await engine.cancel(shop, "cancelled", reason="changed their mind")
        await start("broken-timer", kept.Risk())
        await engine.start(kept.RouteV1, "route", kept.Route(stops=3))
        await engine.start(kept.BELL, "bell")
        clock.advance(timedelta(minutes=1))
        await until("tried", "shop", "broken-timer")
        await until("start", "inspecting", "parent:2.1")
        os._exit(0)


def main(name: str) -> None:
    database = HERE / f"{name}.sqlite"
    database.unlink(missing_ok=True)
    _fill_in_a_process(f"sqlite:///{database}")
    Path(f"{database}.lock").unlink()
    file = sqlite3.connect(database)
    file.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    file.execute("VACUUM")
    file.close()
    with PostgresServer() as server:
        dsn = server.create_database("kept")
        _fill_in_a_process(dsn)
        # its lease is over, whatever the time is where the database is opened
        server.execute(
            "UPDATE workers SET since = '2020-01-01', lease_until = '2020-01-01'",
            database="kept",
        )
        command = ["pg_dump", "--inserts", "--no-owner", "--no-privileges", f"--dbname={dsn}"]
        dump = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    # lines for psql, notes, and settings that not every version has
    lines = [
        line
        for line in dump.splitlines()
        if not re.match(r"--|\\|SET |SELECT pg_catalog.set_config", line)
    ]
    (HERE / f"{name}.sql").write_text(re.sub(r"\n{2,}", "\n\n", "\n".join(lines)).strip() + "\n")


def _fill_in_a_process(address: str) -> None:
    subprocess.run([sys.executable, "-m", __spec__.name, "--fill", address], check=True)


if __name__ == "__main__":
    if sys.argv[1] == "--fill":
        asyncio.run(fill(sys.argv[2]))
    main(sys.argv[1])
