"""What an engine would store of a step, and refuses it for, before anything of it has happened."""

from __future__ import annotations

from typing import Any

import msgspec

from statehold.chart.machine import Definition
from statehold.chart.payload import (
    child_data,
    indexed,
    sent_event,
    settle_data,
    show_view,
    shown_event,
    write_output,
)
from statehold.interpreter.command import Emit, Send, StartChild
from statehold.interpreter.snapshot import Snapshot, Step


def stored(
    definition: Definition[Any], step: Step[Any], raw: bytes, what: str, limit: int
) -> tuple[bytes, Snapshot[Any]]:
    """The data as JSON and the snapshot with the data as it is read back.

    ``raw`` is the data before the step as JSON, where the step has not changed it, else empty.
    Raises ``TooLarge`` for data over ``limit`` bytes, which ``what`` names, and as an engine does.
    """
    snapshot = step.snapshot
    if not raw:
        raw, data = settle_data(definition, snapshot.data, what, limit)
        snapshot = msgspec.structs.replace(snapshot, data=data)
        indexed(definition, snapshot.data)
    for command in step.commands:
        if isinstance(command, Send):
            sent_event(command.event)
        elif isinstance(command, Emit):
            shown_event(command.event)
        elif isinstance(command, StartChild):
            child_data(definition, command.machine, command.input)
    if snapshot.done and snapshot.output is not None:
        write_output(snapshot.output)
    if definition.view is not None or definition.data.has_computed:
        show_view(definition, definition.data.copy(snapshot.data), raw)
    return raw, snapshot
