"""Rule 12: which partition an instance has is the same for ever, and everywhere."""

from __future__ import annotations

from collections import Counter
from hashlib import sha256
from random import Random
from uuid import UUID

import pytest

from statehold.store import PARTITIONS, partition_of

#: as databases have them: another value would lose what is stored
KNOWN = [
    ("order", "o-1", 60),
    ("order", "o-2", 44),
    ("courier", "o-1", 10),
    ("order", "", 6),
    ("a/b", "c", 23),
    ("a", "b/c", 23),
    ("bestellung", "größe-ä", 32),
    ("order", "日本", 43),
    ("order", "x" * 200, 15),
]


@pytest.mark.parametrize(("machine", "id", "partition"), KNOWN)
def test_the_partition_of_an_instance_never_changes(machine: str, id: str, partition: int) -> None:
    assert partition_of(machine, id) == partition


def test_it_is_what_a_database_calculates() -> None:
    """``get_byte(sha256(convert_to(machine || '/' || id, 'UTF8')), 0) & 63``"""
    for machine, id, partition in KNOWN:
        assert sha256(f"{machine}/{id}".encode()).digest()[0] & 63 == partition


def test_an_id_that_no_database_can_hold_has_one_too() -> None:
    """It is asked for, and is not there."""
    assert partition_of("order", "\ud800") == 53


@pytest.mark.parametrize("kind", ["counted", "random"])
def test_instances_are_spread_evenly(kind: str) -> None:
    random = Random(1)
    ids = [
        str(n if kind == "counted" else UUID(int=random.getrandbits(128))) for n in range(64_000)
    ]
    of_each = Counter(partition_of("order", id) for id in ids)
    assert len(of_each) == PARTITIONS
    # 1000 each: ten more or less out of a hundred are three standard deviations
    assert all(850 < found < 1150 for found in of_each.values())
