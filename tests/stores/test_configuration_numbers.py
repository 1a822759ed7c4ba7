"""Configurations have numbers that are hashes of what is in them, the same in every store."""

from __future__ import annotations

from hashlib import sha256

import pytest

from statehold.errors import StoreRefused
from statehold.stores import columns
from statehold.stores.columns import (
    DamagedConfiguration,
    StoredConfiguration,
    configuration_number,
    is_intact,
)

OPEN = StoredConfiguration("order", 1, "running", ("open", "öd\0"), ("late",), ())


def test_a_number_is_63_bits_of_the_hash_of_the_content_as_json() -> None:
    text = '["order",1,"running",["open","öd\\u0000"],["late"],[]]'
    assert configuration_number(OPEN) == int(sha256(text.encode()).hexdigest()[:16], 16) >> 1
    assert configuration_number(OPEN._replace(version=2)) != configuration_number(OPEN)


def test_no_configuration_has_the_number_0(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(columns, "sha256", _Zeros)
    assert configuration_number(OPEN) == 1


def test_what_is_stored_is_intact_if_it_is_the_same() -> None:
    assert is_intact(configuration_number(OPEN), OPEN, OPEN)


def test_what_can_t_be_read_or_has_another_hash_is_damaged() -> None:
    number = configuration_number(OPEN)
    assert not is_intact(number, DamagedConfiguration("order", "no JSON"), OPEN)
    assert not is_intact(number, OPEN._replace(state=("edited",)), OPEN)


def test_another_configuration_with_the_same_number_is_refused_and_both_are_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(columns, "sha256", _Zeros)
    with pytest.raises(StoreRefused, match=r"number 1, .*'shut'.* is stored, .*'open'.* can't be"):
        is_intact(1, OPEN._replace(state=("shut",)), OPEN)


class _Zeros:
    def __init__(self, content: bytes) -> None: ...

    def digest(self) -> bytes:
        return bytes(32)
