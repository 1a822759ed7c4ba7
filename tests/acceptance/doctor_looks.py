"""How the doctor's findings are read in its tests."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

from msgspec.structs import replace

from statehold.chart.machine import Definition
from statehold.chart.model import Chart
from statehold.define import Machine
from statehold.doctor import Finding, examine
from tests.acceptance.orders import Order
from tests.servers.postgres import PostgresServer


async def no_pause(seconds: float) -> None:
    """Two looks at the mailbox, one right after the other."""


async def look(
    store: str | None, *machines: type[Machine[Order]], server: str | None = None
) -> dict[str, Finding]:
    definitions = [machine.definition for machine in machines]
    return by_code(await examine(store, definitions, server, pause=no_pause))


def by_code(findings: Iterable[Finding]) -> dict[str, Finding]:
    return {finding.code: finding for finding in findings}


def wrong(found: dict[str, Finding]) -> set[str]:
    # the tests' server keeps nothing over a failure of the machine, which it says of itself
    return {code for code, one in found.items() if one.severity != "note"} - {"fsync"}


def ask(postgres: PostgresServer, dsn: str, statement: str) -> str:
    database = dsn.rpartition("/")[2]
    return postgres.execute(statement.replace("{database}", database), database=database)


def renumbered(definition: Definition[Order], version: int) -> Definition[Order]:
    return with_chart(definition, replace(definition.chart, version=version))


def with_chart(definition: Definition[Order], chart: Chart) -> Definition[Order]:
    return dataclasses.replace(definition, chart=chart, program=None)
