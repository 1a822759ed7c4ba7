"""``statehold serve`` as a process, on a SQLite file, that can go away and come back."""

from __future__ import annotations

import signal
import socket
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from statehold.client import Client
from tests.acceptance.processes import Command

ROOT = Path(__file__).parents[2]
MACHINES = ("examples.order_v3.flow:OrderFlow", "examples.onboarding.v2:Onboarding")

#: of all who appear in the machines, and may act by hand
ROLES = ("restaurant", "courier", "operator")


class Served:
    """Up from the beginning of a ``with`` statement to its end, at the same ``url`` throughout."""

    def __init__(
        self,
        folder: Path,
        outside_url: str,
        machines: tuple[str, ...] = MACHINES,
        options: tuple[str, ...] = (),
    ) -> None:
        self.store = f"sqlite:///{folder / 'studio.db'}"
        self._options = options
        self._machines = machines
        self._environment = {"ORDER_EFFECTS_URL": outside_url}
        self._port = free_port()
        self._up = ExitStack()
        self._command: Command | None = None
        self.url = f"http://127.0.0.1:{self._port}"
        self.client = Client(self.url, caller="ada", roles=ROLES)

    def start(self) -> None:
        command = Command(
            "serve", *self._machines, "--store", self.store, "--port", str(self._port),
            "--act-role", "operator", "--resources", "examples.outside:resources", *self._options,
            cwd=ROOT, environment=self._environment,
        )  # fmt: skip
        self._command = self._up.enter_context(command)
        assert command.address() == self.url, command.said()

    def stop(self) -> None:
        """As an operator would, so that open connections end at once."""
        assert self._command is not None
        self._command.signal(signal.SIGTERM)
        assert self._command.ended() == 0, self._command.said()
        self._up.close()
        self._command = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.client.close()
        self._up.close()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])
