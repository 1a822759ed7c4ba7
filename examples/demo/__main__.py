"""``python -m examples.demo``: starts a server with sample traffic, and stops it."""

from __future__ import annotations

import argparse
import asyncio
import random
import signal
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from examples.demo.partners import Partners
from examples.demo.server import Served, free_port, serving
from examples.demo.traffic import Traffic
from statehold import StateholdError, Unavailable
from statehold.client import AsyncClient

FIGURES_SECONDS = 3.0

WHERE_TO_LOOK = """\
  in a browser    {url}
  the interface   {url}/api/openapi.json
  all orders      {url}/api/machines/order/instances
  the chart       {url}/api/machines/order/diagram?format=mermaid
  incidents       {url}/api/incidents

  in another terminal, with this environment's `statehold`:
    export STATEHOLD_URL={url}
    statehold list order --tag open
    statehold show order ORDER-ID
    statehold history order ORDER-ID
    statehold watch order ORDER-ID
    statehold incidents
    statehold pause order ORDER-ID --reason "the cook is ill" --roles operator

  roles: an operator acts by hand, a restaurant and a courier send events; in the browser, take
  them under Account

  the store is {store}, the server's log {log}
  ctrl-c ends it
"""


def main() -> int:
    options = _options()
    try:
        with tempfile.TemporaryDirectory(prefix="statehold-demo-") as folder:
            kept = Path(options.store).resolve() if options.store else None
            asyncio.run(_demo(options, Path(folder), kept))
    except StateholdError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m examples.demo", description=__doc__)
    parser.add_argument("--port", type=int, default=8420, help="of the server; 0: any free one")
    parser.add_argument("--seconds", type=float, help="end after so many seconds")
    parser.add_argument("--pace", type=float, default=1.0, help="2: twice as fast")
    parser.add_argument("--store", help="a SQLite file; by default a temporary one")
    parser.add_argument("--seed", type=int, help="of all random choices")
    options = parser.parse_args()
    if options.pace <= 0:
        parser.error("--pace has to be above 0")
    return options


async def _demo(options: argparse.Namespace, folder: Path, kept: Path | None) -> None:
    # it only chooses orders, so it need not be unpredictable
    chance = random.Random(options.seed)
    store = f"sqlite:///{kept or folder / 'demo.db'}"
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        # Windows has no such handlers; there ctrl-c cancels this task
        with suppress(NotImplementedError):
            loop.add_signal_handler(number, stop.set)

    traffic: Traffic | None = None

    def heard(path: str, body: dict[str, object]) -> None:
        if traffic is not None and not loop.is_closed():
            loop.call_soon_threadsafe(traffic.hear, path, body)

    with Partners(heard, random.Random(options.seed)) as partners:
        urls = {"ORDER_EFFECTS_URL": partners.url, "ONBOARDING_EFFECTS_URL": partners.url}
        port = free_port(options.port)
        async with serving(store, port, folder / "server.log", urls) as served:
            print(WHERE_TO_LOOK.format(url=served.url, store=store, log=served.log), flush=True)
            traffic = Traffic(served.url, options.pace, chance)
            async with AsyncClient(served.url, caller="demo") as client:
                await _until_stopped(served, traffic, partners, client, stop, options.seconds)
                print("stopping", flush=True)
                print(await _figures(client, traffic, partners), flush=True)


async def _until_stopped(
    served: Served,
    traffic: Traffic,
    partners: Partners,
    client: AsyncClient,
    stop: asyncio.Event,
    seconds: float | None,
) -> None:
    """Runs the traffic and prints figures; raises the error that ended it, if any."""
    people = asyncio.create_task(traffic.run())
    printer = asyncio.create_task(_print_figures(client, traffic, partners))
    stopped = asyncio.create_task(stop.wait())
    tasks = {people, printer, stopped}
    try:
        done, _ = await asyncio.wait(
            {*tasks, served.ended}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED
        )
    finally:
        for task in tasks:
            task.cancel()
        ended = await asyncio.gather(*tasks, return_exceptions=True)
    if served.ended in done:
        raise served.failure()
    for outcome in ended:
        if isinstance(outcome, Exception):
            raise outcome


async def _print_figures(client: AsyncClient, traffic: Traffic, partners: Partners) -> None:
    while True:
        await asyncio.sleep(FIGURES_SECONDS)
        with suppress(Unavailable):
            print(await _figures(client, traffic, partners), flush=True)


async def _figures(client: AsyncClient, traffic: Traffic, partners: Partners) -> str:
    counts = (await client.machine("order")).counts
    incidents = (await client.incidents()).incidents
    figures = traffic.figures
    return (
        f"{time.strftime('%H:%M:%S')}  orders: {figures['started']} started, "
        f"{_running(counts)} running, {counts.get('complete', 0)} delivered, "
        f"{counts.get('cancelled', 0)} cancelled | events: {figures['sent']} accepted, "
        f"{figures['refused']} refused | partners away: {partners.failures} times | "
        f"newcomers: {figures['newcomers']} | incidents: {len(incidents)} open, "
        f"{figures['retried']} retried | latest: {traffic.latest or 'none'}"
    )


def _running(counts: Mapping[str, int]) -> int:
    return sum(n for state, n in counts.items() if state not in ("complete", "cancelled"))


if __name__ == "__main__":
    sys.exit(main())
