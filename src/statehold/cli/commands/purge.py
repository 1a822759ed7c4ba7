"""``purge``: deletes finished instances from a store, once."""

from __future__ import annotations

import asyncio
import os
import socket
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from statehold.chart.moment import earlier_or_first
from statehold.cli.arguments import read_age
from statehold.cli.options import ArchiveTo, DirectStore, Json, Schema, StoreAddress, Targets
from statehold.cli.targets import chart_of, load_machines_or_charts
from statehold.cli.terminal import Terminal, line, print_json
from statehold.engine import Retention
from statehold.engine.clock import SystemClock
from statehold.engine.limits import Limits
from statehold.engine.retention.archive import Archive
from statehold.engine.retention.purge import Purge
from statehold.errors import NotFound
from statehold.store import Store
from statehold.stores import StoreOptions, open_store
from statehold.wire.operations import PurgeReport

_SQLITE = "sqlite:///"


def purge(
    targets: Targets,
    older_than: Annotated[
        str, typer.Option("--older-than", metavar="AGE", help="Finished for this long, like 30d.")
    ],
    store: StoreAddress = "sqlite:///statehold.db",
    schema: Schema = None,
    direct_store: DirectStore = None,
    archive: ArchiveTo = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say how many.")] = False,
    json: Json = False,
) -> None:
    """Purge finished instances and their journals from a store, once."""
    machines = [chart_of(one).name for t in targets for one in load_machines_or_charts(t)]
    options = StoreOptions(schema=schema, direct_store=direct_store)
    options.check(store)
    retention = Retention(read_age(older_than), archive)
    if store.startswith(_SQLITE) and not Path(store.removeprefix(_SQLITE)).exists():
        # opening it would make one
        raise NotFound(f"there is no file {store.removeprefix(_SQLITE)}; name one with --store")
    reports = asyncio.run(_purge(machines, retention, open_store(store, options), dry_run))
    console = Terminal()
    for report in reports:
        if json:
            print_json(report)
        else:
            console.say(_told(report))


async def _purge(
    machines: Sequence[str], retention: Retention, store: Store, dry_run: bool
) -> list[PurgeReport]:
    worker = f"{socket.gethostname()}-{os.getpid()}-{uuid.uuid4().hex[:8]}"
    clock, limits = SystemClock(), Limits()
    archives: list[Archive | None] = []
    for machine in machines:
        made = None
        if retention.archive is not None:
            made = Archive(retention.archive, machine, worker, clock.now, limits.archive_bytes)
            made.check()
        archives.append(made)
    before = earlier_or_first(datetime.now(UTC), retention.finished_for)
    await store.open(worker)
    reports: list[PurgeReport] = []
    try:
        # nothing is held of the instances here that would have to be forgotten with them
        walk = Purge(store, clock, limits, asyncio.Event(), lambda refs: None)
        if not dry_run:
            await walk.sweep()
        for machine, into in zip(machines, archives, strict=True):
            reports.append(await walk.run(machine, before, into, dry_run=dry_run))
    finally:
        for into in archives:
            if into is not None:
                await into.close()
        await store.close()
    return reports


def _told(report: PurgeReport) -> Text:
    what = "would be purged" if report.dry_run else "purged"
    kept = ""
    if report.kept:
        kept = f"; {report.kept} more had ended, and have a running effect or a waiting message"
    return line((report.machine, "bold"), f" {report.purged} {what}{kept}")
