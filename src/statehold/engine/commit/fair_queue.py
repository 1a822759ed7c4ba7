"""A queue in which machines take turns."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from statehold.engine.requests.request import Request


class FairQueue:
    """Requests by machine: those of one machine leave in their order, and machines take turns, one
    request each. A machine with many requests does not delay the others."""

    def __init__(self) -> None:
        #: none is empty; the first one's turn is next
        self._queues: dict[str, deque[Request]] = {}
        self._length = 0

    def __len__(self) -> int:
        return self._length

    def of(self, machine: str) -> int:
        """How many requests of this machine wait."""
        queue = self._queues.get(machine)
        return 0 if queue is None else len(queue)

    def put(self, request: Request) -> None:
        self._length += 1
        queue = self._queues.get(request.ref.machine)
        if queue is None:
            self._queues[request.ref.machine] = deque((request,))
        else:
            queue.append(request)

    def put_back(self, requests: Iterable[Request]) -> None:
        """Before those of their machines that wait, in this order."""
        for request in reversed(list(requests)):
            self._length += 1
            self._queues.setdefault(request.ref.machine, deque()).appendleft(request)

    def take(self) -> Request:
        """The next one; raises ``StopIteration`` where there is none."""
        queues = self._queues
        machine = next(iter(queues))
        queue = queues[machine]
        request = queue.popleft()
        self._length -= 1
        if not queue:
            del queues[machine]
        elif len(queues) > 1:
            # to the end: the others' turn comes first
            queues[machine] = queues.pop(machine)
        return request
