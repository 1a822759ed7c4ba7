"""What a reply shows, read as the type that the machine's class gives it."""

from __future__ import annotations

from statehold.chart.machine import MachineName, V
from statehold.define.shown import read_view
from statehold.wire.instances import Reply


def read_as(machine: MachineName[V], reply: Reply) -> Reply[V]:
    """The reply with its ``view`` as a value of the type of the machine's data, or of what its
    ``view`` is annotated with, where the machine is given by its class.

    It stays as plain JSON values where a value of that type would show anything else than was sent:
    an instance of another version, the view of a role, or nothing, for a caller who may not read
    it.
    """
    if not isinstance(machine, type):
        return reply
    read = read_view(machine.definition, reply.view)
    return reply if read is reply.view else reply.model_copy(update={"view": read})
