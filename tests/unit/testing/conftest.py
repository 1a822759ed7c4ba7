"""Fixtures for the tests of the testing kit."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from statehold.testing import (
    Harness,
)
from tests.unit.testing.parcels import Go, Parcel, Parcels


@pytest.fixture
def parcel(harness: Callable[..., Harness[Parcel]]) -> Harness[Parcel]:
    return harness(Parcels)


@pytest.fixture
def moving(parcel: Harness[Parcel]) -> Harness[Parcel]:
    return parcel.send(Go(weight=3), roles="driver")
