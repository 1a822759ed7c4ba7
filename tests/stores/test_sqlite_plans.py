"""No statement of the SQLite store reads a whole table, however it is planned."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import pytest

from statehold.stores import SqliteStore, audit
from statehold.stores.queries import load_queries
from statehold.stores.sqlite import documents, lists, security, sweep, writer
from statehold.stores.sqlite.columns import ConfigurationNumbers

pytestmark = pytest.mark.anyio

QUERIES = load_queries("sqlite")
#: what the statements run over, each of which may hold millions of rows
LARGE = re.compile(
    r"\bSCAN (a|i|j|l|m|audit|instances|journal|mailbox|lookups|configurations|charts)\b"
)
#: one seek to the edge of an index, though SQLite calls it a scan
EDGES = {
    "any_message_with_key": "SCAN mailbox USING COVERING INDEX mailbox_keys",
}


def plan(store: SqliteStore, name: str) -> list[str]:
    """What SQLite does for the query, a line a step."""
    assert store._open is not None
    sql = QUERIES[name]
    names = re.findall(r":(\w+)", sql)
    last = max((int(number) for number in re.findall(r"\?(\d+)", sql)), default=sql.count("?"))
    values: Any = dict.fromkeys(names, 1) if names else [1] * last
    found = store._open.db.execute(f"EXPLAIN QUERY PLAN {sql}", values)
    return [str(row[3]) for row in found]


@pytest.mark.parametrize("name", sorted(QUERIES))
async def test_no_statement_scans_a_table(sqlite: SqliteStore, name: str) -> None:
    steps = plan(sqlite, name)
    scans = [step for step in steps if LARGE.search(step) and step != EDGES.get(name)]
    assert scans == []


@pytest.mark.parametrize(
    "name", ["keys_by_age", "keys_by_configuration", "keys_by_lookup", "keys_with_incidents",
             "journal", "journal_before", "incidents"]
)  # fmt: skip
async def test_pages_come_in_the_order_of_an_index_without_sorting(
    sqlite: SqliteStore, name: str
) -> None:
    assert [step for step in plan(sqlite, name) if "TEMP B-TREE FOR" in step] == []


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("due", "instances_awake (machine=? AND wake_at<?)"),
        ("next_wake", "instances_awake (machine=? AND wake_at>?)"),
        ("next_message", "mailbox_late (to_machine=? AND due_at>?)"),
        ("rows_held_by", "instances_held (held_by=? AND machine=?)"),
        ("mail", "mailbox_at_once (to_machine=? AND (sent_at,writer,rev,ordinal)>(?,?,?,?))"),
        (
            "mail",
            "mailbox_late (to_machine=? AND (due_at,writer,rev,ordinal)>(?,?,?,?) AND due_at<?)",
        ),
        ("addressees", "mailbox_to (to_machine>?)"),
        ("insert_message", "mailbox_by_id (writer=?)"),
        ("take_message", "mailbox_by_id (writer=? AND rev=? AND ordinal=?)"),
        ("recall_message", "mailbox_sent (sender_machine=? AND sender_id=? AND send_id=?)"),
        ("journal", "(instance=? AND (seq,part)>(?,?))"),
        ("count_since", "instances_by_since (configuration=? AND since<?)"),
        ("keys_by_since", "instances_by_since (configuration=? AND since<?)"),
        ("finished", "instances_by_since (configuration=? AND since>? AND since<?)"),
        ("is_mailed", "mailbox_to (to_machine=? AND to_id=?)"),
        ("is_mailed", "mailbox_sent (sender_machine=? AND sender_id=?)"),
        ("held_mail", "mailbox_to (to_machine=? AND to_id=? AND held=?)"),
        ("left_of_journal", "(instance=?)"),
        ("look_by_id", "(machine=? AND id>? AND id<?)"),
        ("look_by_since", "instances_by_since (configuration=? AND since>? AND since<?)"),
        ("count_incidents", "incidents_by_age (machine=?)"),
        ("rollups", "(machine=? AND start>?)"),
        ("old_rollups", "rollups_by_span (span=? AND start<?)"),
        ("audit_by_time", "PRIMARY KEY (at>? AND (at,number)<(?,?))"),
        ("audit_by_time_up", "PRIMARY KEY ((at,number)>(?,?) AND at<?)"),
        ("audit_of_instance", "audit_of_instance (machine=? AND id=? AND at>? AND (at,number)<"),
        ("audit_of_machine", "audit_of_machine (machine=? AND at>? AND (at,number)<"),
        ("audit_of_caller", "audit_of_caller (caller=? AND at>? AND (at,number)<"),
        ("purge_audit", "PRIMARY KEY (at<?)"),
        ("tokens", "PRIMARY KEY (id>?)"),
        ("token", "PRIMARY KEY (id=?)"),
    ],
)
async def test_what_is_left_to_do_is_found_by_machine_in_an_index(
    sqlite: SqliteStore, name: str, expected: str
) -> None:
    assert [step for step in plan(sqlite, name) if expected in step] != []


def test_every_query_is_used() -> None:
    code = "".join(
        Path(module.__file__ or "").read_text("utf-8")
        for module in (
            sys.modules[SqliteStore.__module__],
            audit,
            documents,
            lists,
            security,
            sweep,
            writer,
        )
    ) + Path(sys.modules[ConfigurationNumbers.__module__].__file__ or "").read_text("utf-8")
    assert {name for name in QUERIES if f'"{name}"' not in code} == set()
