"""What tasks log while the store is away: each kind of line once in a while."""

from __future__ import annotations

import logging
import time

import pytest

from statehold.engine import log_fields
from statehold.errors import Refused, StoreUnavailable


def test_of_each_kind_of_line_about_an_outage_one_passes_in_a_while(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 100.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    log = log_fields.logger("statehold.tests.outage")
    away = StoreUnavailable("no route")
    with caplog.at_level(logging.INFO, logger="statehold.tests.outage"):
        for number in range(50):
            log.warning("no heartbeat: %s", away)
            log.warning("%s waits: %s", number, away)
            log.warning("refused: %s", Refused("no"))
        now += log_fields.REPEAT_SECONDS
        log.warning("no heartbeat: %s", away)
        log_fields.forget_outages()
        log.warning("no heartbeat: %s", away)
    said = [record.getMessage() for record in caplog.records]
    assert said.count("refused: no") == 50
    assert [line for line in said if line != "refused: no"] == [
        f"no heartbeat: {away}",
        f"0 waits: {away}",
        f"no heartbeat: {away} (49 such lines were left out)",
        f"no heartbeat: {away}",
    ]
