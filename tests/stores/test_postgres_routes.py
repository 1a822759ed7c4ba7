"""In the form of one partition, a distributed database can send each statement whole to one node.

All SQL of the store is parsed. Beside each reference to a table that is spread there is its
partition as a parameter, in the reference's own scope: a condition where rows are read, changed or
removed, the inserted column where they are added. A statement that may ask all nodes is listed here
with its reason; any other is taken for one of the hot path.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import asyncpg
import pytest
import sqlglot
from sqlglot import exp

from statehold.stores.queries import (
    load_queries,
    load_schema,
    of_any_partition,
    of_one_partition,
    parse_queries,
)

TEXTS = load_queries("postgres")

#: statements that ask all nodes, and why that is right
FAN_OUT = {
    "counted_configurations": "counts are the sum of those in all partitions, read for lists",
    "count_of_lookup": "which of several indexes has fewest instances, read for a list",
    "incidents": "a list for operators",
    "count_incidents": "a number for operators",
    "finished": "retention reads a machine's oldest rows, some times an hour",
}
#: statements that wait for one another on purpose, and why that is right
LOCKS = {"lock_documents": "deploys, a few a day, are put in an order"}


def spread_tables() -> set[str]:
    """Those whose rows have a partition."""
    tables = re.findall(r"(?ms)^CREATE TABLE (\w+) \((.*?)^\)", load_schema("postgres"))
    return {name for name, body in tables if re.search(r"(?m)^ +partition ", body)}


SPREAD = spread_tables()


def parsed(statement: str) -> exp.Expr:
    (tree,) = sqlglot.parse(statement, read="postgres")
    assert tree is not None
    assert not isinstance(tree, exp.Command), f"not understood: {statement}"
    return tree


def without_partition(statement: str) -> list[str]:
    """The references to spread tables that no parameter gives a partition."""
    tree = parsed(statement)
    named = {cte.alias for cte in tree.find_all(exp.CTE)}
    last = max((int(p.this.this) for p in tree.find_all(exp.Parameter)), default=0)
    return [
        f"{table.name} AS {table.alias_or_name}"
        for table in tree.find_all(exp.Table)
        if table.name in SPREAD and table.name not in named and not _is_routed(table, last)
    ]


def _is_routed(table: exp.Table, last: int) -> bool:
    scope = table.find_ancestor(exp.Select, exp.Update, exp.Delete, exp.Insert)
    assert scope is not None
    if isinstance(scope, exp.Insert):
        return _inserts_partition(scope, last)
    return _has_partition(scope, table.alias_or_name, last)


def _has_partition(scope: exp.Expr, alias: str, last: int) -> bool:
    return any(
        isinstance(one, exp.EQ) and _is_column(one.left, alias) and _is_parameter(one.right, last)
        for one in _conditions(scope)
    )


def _inserts_partition(insert: exp.Insert, last: int) -> bool:
    columns = [column.name for column in insert.this.expressions]
    place = columns.index("partition")
    source = insert.expression
    if isinstance(source, exp.Values):
        return all(_is_parameter(row.expressions[place], last) for row in source.expressions)
    value = source.expressions[place]
    value = value.this if isinstance(value, exp.Alias) else value
    if _is_parameter(value, last):
        # over the rows that a CTE has changed, which stand in the partition
        return True
    # a row of the partition: its own partition is a parameter
    return _is_column(value, value.table) and _has_partition(source, value.table, last)


def _conditions(scope: exp.Expr) -> Iterator[exp.Expr]:
    """What holds for every row of a scope, or for every row of a table that is joined to it."""
    where = scope.args.get("where")
    roots = [where.this] if where is not None else []
    roots += [join.args["on"] for join in _joins(scope) if join.args.get("on") is not None]
    for root in roots:
        yield from (one.unnest() for one in _both(root))


def _joins(scope: exp.Expr) -> list[exp.Join]:
    return [
        join
        for join in scope.find_all(exp.Join)
        if join.find_ancestor(exp.Select, exp.Update, exp.Delete) is scope
    ]


def _both(condition: exp.Expr) -> Iterator[exp.Expr]:
    if isinstance(condition, exp.And):
        yield from _both(condition.left)
        yield from _both(condition.right)
    else:
        yield condition


def _is_column(node: exp.Expr, alias: str) -> bool:
    return isinstance(node, exp.Column) and (node.table, node.name) == (alias, "partition")


def _is_parameter(node: exp.Expr, number: int) -> bool:
    node = node.this if isinstance(node, exp.Cast) else node
    return isinstance(node, exp.Parameter) and int(node.this.this) == number


def test_the_tables_that_are_spread_are_known() -> None:
    assert {
        "aside", "audit", "counts", "deliverers", "fences", "forgotten", "instances", "journal",
        "lookups", "mailbox",
    } == SPREAD  # fmt: skip


@pytest.mark.parametrize("name", TEXTS)
def test_each_statement_of_the_hot_path_names_its_partition(name: str) -> None:
    missing = without_partition(of_one_partition(TEXTS[name]))
    if name in FAN_OUT:
        assert missing, f"{name} names its partition, and need not be listed any more"
    else:
        assert missing == [], f"name the partition by :here() or :partition(), or list {name}"


def test_what_is_listed_is_there() -> None:
    assert FAN_OUT.keys() <= TEXTS.keys()
    assert LOCKS.keys() <= TEXTS.keys()


@pytest.mark.parametrize("name", TEXTS)
def test_no_statement_is_recursive_or_waits_for_an_advisory_lock(name: str) -> None:
    tree = parsed(of_any_partition(TEXTS[name]))
    assert not any(node.args.get("recursive") for node in tree.find_all(exp.With))
    functions = {node.name.lower() for node in tree.find_all(exp.Anonymous)}
    assert (any("advisory" in one for one in functions)) == (name in LOCKS), functions
    assert functions.isdisjoint({"nextval", "currval", "setval"})


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT 1 FROM mailbox AS m WHERE m.to_id = $1",
        "SELECT 1 FROM mailbox AS m WHERE m.to_id = $1 AND :here(i)",
        "SELECT 1 FROM mailbox AS m WHERE m.to_id = $1 OR :here(m)",
        "SELECT 1 FROM mailbox AS m WHERE m.partition = $1 AND m.partition = :partition(x) - 1",
        "SELECT 1 FROM journal AS j, LATERAL (SELECT 1 FROM instances AS i WHERE :here(i)) AS x",
        "SELECT 1 FROM journal AS j WHERE :here(j) AND EXISTS (SELECT 1 FROM instances AS i)",
        "WITH x AS (DELETE FROM forgotten AS f WHERE f.number = $1) SELECT $2 FROM x",
        "UPDATE instances AS i SET seq = 1 FROM unnest($1::text[]) AS u (id) WHERE i.id = u.id",
        "INSERT INTO counts (slot, partition) SELECT :partition(u.slot), u.partition FROM u",
        "INSERT INTO counts (slot, partition) VALUES (:partition(1), 0)",
        "INSERT INTO counts (partition) SELECT f.partition FROM fences AS f WHERE f.slot = $1",
    ],
)  # fmt: skip
def test_a_statement_that_can_not_be_routed_would_be_seen(statement: str) -> None:
    assert without_partition(of_one_partition(statement)) != []


def test_the_forms_of_a_statement() -> None:
    one = "SELECT :partition(m.to_id), 1::bigint FROM mailbox AS m WHERE m.to_id = $2 AND :here(m)"
    assert of_any_partition(one).endswith("m.to_id, 1::bigint FROM mailbox AS m "
                                          "WHERE m.to_id = $2 AND true")  # fmt: skip
    assert of_one_partition(one) == (
        "SELECT $3::smallint, 1::bigint FROM mailbox AS m WHERE m.to_id = $2 AND m.partition = $3"
    )
    assert of_one_partition("SELECT $1") == of_any_partition("SELECT $1") == "SELECT $1"
    put = "INSERT INTO counts (partition) SELECT :partition(0) FROM unnest($1) AS u :with_fence"
    assert of_any_partition(put) == "INSERT INTO counts (partition) SELECT 0 FROM unnest($1) AS u"
    assert "fence.worker = $2 AND fence.partition = $3" in of_one_partition(put)
    parts = "-- part: rest\nWHERE x\n-- name: one\nSELECT 1 :part(rest)\n"
    assert parse_queries(parts) == {"one": "SELECT 1 WHERE x"}


_IN_THE_WAY = """
SELECT relname::text FROM pg_class
WHERE relkind = 'S' AND relnamespace = 'public'::regnamespace
UNION ALL
SELECT tgname::text FROM pg_trigger WHERE NOT tgisinternal
UNION ALL
SELECT attname::text FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
WHERE relnamespace = 'public'::regnamespace AND attidentity <> ''
"""


@pytest.mark.anyio
async def test_the_schema_has_no_sequence_identity_or_trigger(
    migrated_dsn: str, anyio_backend: str
) -> None:
    db = await asyncpg.connect(migrated_dsn)
    try:
        assert await db.fetch(_IN_THE_WAY) == []
        await db.execute("CREATE TABLE made (n bigint GENERATED ALWAYS AS IDENTITY)")
        assert [name for (name,) in await db.fetch(_IN_THE_WAY)] == ["made_n_seq", "n"]
        for table in SPREAD:
            key = await db.fetchval(
                "SELECT pg_get_constraintdef(oid) FROM pg_constraint "
                "WHERE conrelid = to_regclass($1) AND contype = 'p'",
                table,
            )
            assert "partition" in key, table
    finally:
        await db.close()
