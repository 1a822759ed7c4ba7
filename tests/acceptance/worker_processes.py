"""Servers of several processes, and traffic through them."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import psutil  # type: ignore[import-untyped]

from statehold.client import Client
from tests.acceptance.processes import Command

ORDERS = str(Path(__file__).with_name("orders.py"))

ALARM = """
from datetime import timedelta

from pydantic import BaseModel

from statehold import Final, Machine, State, after


class Nothing(BaseModel):
    pass


class Alarm(Machine[Nothing], name="alarm", version=1):
    waiting = State(initial=True)
    rung = Final()
    ring = after(timedelta(seconds=1), waiting >> rung)
"""


def serving(dsn: str, cwd: Path, target: str = ORDERS, *options: str, workers: int = 2) -> Command:
    return Command(
        "serve", target, "--port", "0", "--workers", str(workers), "--log-format", "json",
        *options, cwd=cwd, store=dsn,
    )  # fmt: skip


class Traffic:
    """Starts orders one after another, each over a connection of its own, until it is stopped.

    ``refused`` has what went wrong where nothing was to be sent again.
    """

    def __init__(self, address: str) -> None:
        self._instances = f"{address}/api/machines/order/instances"
        self.started: list[str] = []
        self.refused: list[str] = []
        self._lost = 0
        self._stop = threading.Event()
        self._progress = threading.Condition()

    @contextmanager
    def flowing(self) -> Iterator[Traffic]:
        thread = threading.Thread(target=self._flow)
        thread.start()
        try:
            yield self
        finally:
            self._stop.set()
            thread.join()

    def wait_for_more(self, count: int) -> None:
        with self._progress:
            wanted = len(self.started) + count
            assert self._progress.wait_for(lambda: len(self.started) >= wanted, 60)

    def _flow(self) -> None:
        number = 0
        while not self._stop.is_set():
            number += 1
            id = f"o-{number}"
            while not self._ask(id) and not self._stop.is_set():
                continue

    def _ask(self, id: str) -> bool:
        try:
            answer = httpx.post(
                self._instances, json={"id": id}, headers={"Idempotency-Key": id}, timeout=30
            )
        except httpx.TransportError as error:
            self.refused.append(f"{id}: {error!r}")
            return False
        if answer.status_code != 201:
            self.refused.append(f"{id}: {answer.status_code} {answer.text}")
            return False
        with self._progress:
            self.started.append(id)
            self._progress.notify_all()
        return True


def listed(address: str) -> set[str]:
    with Client(address) as client:
        return {one.id for one in client.list("order")}


def connections_of(pids: list[int], address: str) -> list[int]:
    """How many each process has open at the address."""
    port = int(address.rpartition(":")[2])
    return [
        sum(
            one.status == psutil.CONN_ESTABLISHED and one.laddr.port == port
            for one in psutil.Process(pid).net_connections("tcp")
        )
        for pid in pids
    ]
