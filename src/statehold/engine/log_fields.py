"""Structured fields of log lines, and a limit of lines about an outage."""

from __future__ import annotations

import logging
import time
from typing import Any

from statehold.engine.requests.context import EngineContext
from statehold.errors import Unavailable
from statehold.records import Ref


def about(context: EngineContext, ref: Ref | None = None, **more: Any) -> dict[str, Any]:
    """``extra`` of a line: the worker; machine and instance where it is about one; what is known
    beside (``seq``, ``effect``, ``attempt``, …)."""
    fields: dict[str, Any] = {"worker": context.worker}
    if ref is not None:
        fields["machine"] = ref.machine
        fields["instance"] = ref.id
    fields.update(more)
    return fields


#: while the store is away, seconds between two lines of one kind
REPEAT_SECONDS = 60.0


class _Outages(logging.Filter):
    """Limits lines about an outage: while the store is away, every task fails repeatedly, for every
    instance. One line of each kind passes in ``REPEAT_SECONDS``, with the number of those that were
    dropped."""

    def __init__(self) -> None:
        super().__init__()
        #: when a kind passed last, and how many were dropped since; kinds are the texts in the code
        self._passed: dict[str, tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        args = record.args
        if not isinstance(args, tuple) or not any(isinstance(one, Unavailable) for one in args):
            return True
        kind, now = record.msg, time.monotonic()
        at, dropped = self._passed.get(kind, (float("-inf"), 0))
        if now - at < REPEAT_SECONDS:
            self._passed[kind] = (at, dropped + 1)
            return False
        self._passed[kind] = (now, 0)
        if dropped:
            record.msg = f"{kind} (%d such lines were left out)"
            record.args = (*args, dropped)
        return True

    def forget(self) -> None:
        self._passed.clear()


_filters: list[_Outages] = []


def logger(name: str) -> logging.Logger:
    """A logger that limits lines about an outage, for tasks that repeat while one lasts."""
    made = logging.getLogger(name)
    outages = _Outages()
    _filters.append(outages)
    made.addFilter(outages)
    return made


def forget_outages() -> None:
    """Forgets the outages of engines before, as an engine is opened."""
    for outages in _filters:
        outages.forget()
