"""``python -m benchmarks [step] [durable] [age] [http] [explore] [--quick]``; all by default."""

from __future__ import annotations

import argparse
from pathlib import Path

from benchmarks import age, durable, explore, http, step
from benchmarks.machine import print_machine

NAMES = ("step", "durable", "age", "http", "explore")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", choices=[*NAMES, []], help="which; all by default")
    parser.add_argument("--quick", action="store_true", help="short laps: does it run at all?")
    parser.add_argument(
        "--directory",
        type=Path,
        default=None,
        help="directory for the databases of the run, on a real disk",
    )
    chosen = parser.parse_args()
    print_machine()
    for name in chosen.names or NAMES:
        if name == "step":
            step.main(quick=chosen.quick)
        elif name == "durable":
            durable.main(quick=chosen.quick, directory=chosen.directory)
        elif name == "age":
            age.main(quick=chosen.quick, directory=chosen.directory)
        elif name == "explore":
            explore.main(quick=chosen.quick)
        else:
            http.main(quick=chosen.quick, directory=chosen.directory)


if __name__ == "__main__":
    main()
