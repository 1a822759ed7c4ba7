"""``python -m benchmarks.beside [steps] [http] [age] [timers] [million] [own]
[--quick] [--long]``.

Durable steps on PostgreSQL beside the peers; all scenarios by default.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import uvloop

from benchmarks import (
    beside_age,
    beside_http,
    beside_million,
    beside_steps,
    beside_timers,
    own_instances,
)
from benchmarks.database import server
from benchmarks.machine import print_machine
from benchmarks.scene import Scene

SCENARIOS: dict[str, Callable[[Scene], Coroutine[Any, Any, None]]] = {
    "steps": beside_steps.measure,
    "http": beside_http.measure,
    "age": beside_age.measure,
    "timers": beside_timers.measure,
    "million": beside_million.measure,
    "own": own_instances.measure,
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.beside", description=__doc__)
    parser.add_argument("names", nargs="*", choices=[*SCENARIOS, []], help="which; all by default")
    parser.add_argument("--quick", action="store_true", help="short laps: does it run at all?")
    parser.add_argument("--long", action="store_true", help="with the parts that take minutes")
    parser.add_argument(
        "--sqlite", action="store_true", help="ours on SQLite, the peers as they are"
    )
    chosen = parser.parse_args()
    print_machine()
    with server() as postgres:
        for name in chosen.names or SCENARIOS:
            print(f"\n== {name} ==\n", flush=True)
            # a directory of its own: what a peer has kept there is none of the next one's
            with (
                tempfile.TemporaryDirectory(prefix="statehold-benchmark-") as place,
                asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
            ):
                scene = Scene(postgres, Path(place), chosen.quick, chosen.long, chosen.sqlite)
                runner.run(SCENARIOS[name](scene))


if __name__ == "__main__":
    main()
