"""Which moments can be kept, and what becomes of others."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import Any

import pytest

from statehold.chart.effect import Retry
from statehold.chart.moment import FIRST, LAST, earlier_or_first, in_utc, later, later_or_last
from statehold.define.effects import effect
from statehold.errors import DefinitionError
from statehold.stores.paging import microseconds, moment

NOW = datetime(2026, 1, 1, tzinfo=UTC)


class Nowhere(tzinfo):
    """A time zone that knows no offset, which makes its moments naive ones."""

    def utcoffset(self, at: datetime | None) -> None:
        return None

    dst = utcoffset

    def tzname(self, at: datetime | None) -> str:
        return "nowhere"


class Own(datetime):
    """A library's own class of moments."""


@pytest.mark.parametrize(
    "at",
    [
        datetime(9999, 12, 31, 23, 59, 59, tzinfo=timezone(timedelta(hours=-5))),
        datetime(9999, 12, 31, 14, 0, 1, tzinfo=timezone(timedelta(hours=-10))),
        datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=9))),
        datetime.max.replace(tzinfo=timezone(-timedelta(hours=23, minutes=59))),
        datetime.min.replace(tzinfo=timezone(timedelta(microseconds=1))),
    ],
)
def test_a_moment_outside_of_the_years_in_utc_is_refused_with_its_value_and_the_limits(
    at: datetime,
) -> None:
    with pytest.raises(ValueError, match="0001-01-01T00:00:00") as refused:
        in_utc(at)
    assert at.isoformat() in str(refused.value)
    assert LAST.isoformat() in str(refused.value)


@pytest.mark.parametrize(
    "at", [NOW.replace(tzinfo=None), NOW.replace(tzinfo=Nowhere())], ids=["none", "nowhere"]
)
def test_a_moment_without_a_time_zone_is_refused(at: datetime) -> None:
    with pytest.raises(ValueError, match="without a time zone"):
        in_utc(at)


@pytest.mark.parametrize(
    "at",
    [
        FIRST,
        LAST,
        datetime(9999, 12, 31, 23, 59, 59, tzinfo=timezone(timedelta(hours=5))),
        Own(2026, 1, 1, 12, tzinfo=timezone(timedelta(hours=2))),
    ],
)
def test_a_moment_that_can_be_kept_comes_back_the_same_from_a_column(at: datetime) -> None:
    kept = in_utc(at)
    assert kept == at
    assert type(kept) is datetime
    assert kept.tzinfo is UTC
    assert moment(microseconds(kept)) == at


@pytest.mark.parametrize("delay", [timedelta.max, timedelta(days=2_912_809)])
def test_a_delay_beyond_the_last_year_is_refused_with_its_value(delay: timedelta) -> None:
    with pytest.raises(ValueError, match=str(delay.days)):
        later(NOW, delay)


def test_a_delay_below_zero_counts_as_none() -> None:
    assert later(NOW, timedelta.min) == NOW


def test_what_only_bounds_a_search_ends_at_the_first_or_the_last_moment() -> None:
    assert later_or_last(NOW, timedelta.max) == LAST
    assert earlier_or_first(NOW, timedelta.max) == FIRST


@pytest.mark.parametrize("column", [2**63 - 1, microseconds(LAST) + 1])
def test_a_column_beyond_the_last_moment_is_read_as_the_last(column: int) -> None:
    assert moment(column) == LAST
    assert moment(-column) == FIRST


def test_a_retry_whose_backoff_no_float_can_hold_waits_as_long_as_it_may() -> None:
    retry = Retry(1000, timedelta(seconds=1), 1e300, timedelta(minutes=5), 0.0)
    assert retry.delay_seconds(900, 0.0) == 300


@pytest.mark.parametrize(
    "policy",
    [
        {"longest": timedelta.max},
        {"timeout": timedelta.max},
        {"heartbeat": timedelta.max},
        {"factor": float("inf")},
        {"factor": float("nan")},
    ],
)
def test_an_effect_whose_waits_no_clock_can_hold_is_refused_by_name(
    policy: dict[str, Any],
) -> None:
    def work(data: object) -> None: ...

    with pytest.raises(DefinitionError, match=next(iter(policy))):
        effect(**policy)(work)
