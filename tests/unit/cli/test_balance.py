"""Connections are spread over processes that share a socket, however few they are."""

from __future__ import annotations

import os
import socket
from asyncio import Protocol

import pytest

from statehold.cli.processes.balance import Acceptor, Slots, new_slots

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("own", "others", "surplus"),
    [
        # one would be as well off elsewhere
        (2, [1], 0),
        (4, [3, 3], 0),
        # few connections, all with one process
        (2, [0], 1),
        (3, [0], 1),
        (3, [0, 0, 0], 2),
        (8, [0], 4),
        (8, [0, 0], 5),
        (4, [2, 2], 1),
        # where there are many, so is what makes no difference
        (100, [95], 0),
        (100, [50], 25),
        # nobody else is there
        (8, [], 0),
    ],
)
async def test_a_process_moves_what_it_has_above_its_share(
    own: int, others: list[int], surplus: int
) -> None:
    file = new_slots(1 + len(others))
    assert file is not None
    try:
        for number, connections in enumerate(others, 1):
            Slots(file, number).write(connections)
        with socket.create_server(("127.0.0.1", 0)) as listener:
            acceptor = Acceptor(listener, Slots(file, 0), range(own), Protocol)
            acceptor.beat()
            assert acceptor.surplus == surplus
    finally:
        os.close(file)


@pytest.mark.parametrize("processes", [2, 3, 4])
@pytest.mark.parametrize("connections", [3, 8])
async def test_moved_connections_come_to_rest_evenly(processes: int, connections: int) -> None:
    file = new_slots(processes)
    assert file is not None
    spread = [connections] + [0] * (processes - 1)
    slots = [Slots(file, number) for number in range(processes)]
    try:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            for _ in range(connections):
                for slot, held in zip(slots, spread, strict=True):
                    slot.write(held)
                acceptors = [
                    Acceptor(listener, slot, range(held), Protocol)
                    for slot, held in zip(slots, spread, strict=True)
                ]
                for acceptor in acceptors:
                    acceptor.beat()
                moved = [acceptor.surplus for acceptor in acceptors]
                spread = [held - gone for held, gone in zip(spread, moved, strict=True)]
                for _ in range(sum(moved)):
                    # whoever has fewest takes it
                    spread[spread.index(min(spread))] += 1
                if not any(moved):
                    break
        assert moved == [0] * processes
        assert max(spread) - min(spread) <= 1
    finally:
        os.close(file)
