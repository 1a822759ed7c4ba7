"""pgbench with the statements of the step by hand: what the server does when no Python asks.

It beats the same step over asyncpg by what asyncpg and pydantic cost, and is in no way a backend:
it reads the document and throws it away. Prepared statements; clients of two threads, each
with instances of its own, as the other callers.
"""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from pathlib import Path

from benchmarks.callers import LapResult
from benchmarks.left_out import LeftOut
from tests.servers.programs import find_programs

SCRIPT = """\
\\set number :client_id + :clients * random(0, {instances} / :clients - 1)
BEGIN;
SELECT seq + 1 AS next, state, document FROM parcels WHERE id = 'parcel-' || :number
FOR UPDATE \\gset
UPDATE parcels SET seq = :next, state = 'moving', changed_at = now(), document = '{document}'
WHERE id = 'parcel-' || :number;
INSERT INTO parcel_journal VALUES ('parcel-' || :number, :next, now(), '{body}');
COMMIT;
"""
#: pgbench reports its transactions a second, and only the mean of their times
RATE = re.compile(r"^tps = ([\d.]+)", re.MULTILINE)
LATENCY = re.compile(r"^latency average = ([\d.]+) ms", re.MULTILINE)


class PgbenchFailed(Exception):
    """It is there, but did not do its work."""


@dataclass(frozen=True, slots=True)
class Pgbench:
    program: Path
    script: Path
    dsn: str

    async def lap(self, clients: int, seconds: float) -> LapResult:
        """Whole seconds. For both quantiles it gives the mean: pgbench reports no others."""
        process = await asyncio.create_subprocess_exec(
            self.program, "--no-vacuum", "--protocol=prepared", f"--file={self.script}",
            f"--client={clients}", f"--define=clients={clients}", f"--jobs={min(2, clients)}",
            f"--time={max(1, round(seconds))}",
            self.dsn,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        output, errors = await process.communicate()
        rate, mean = RATE.search(output.decode()), LATENCY.search(output.decode())
        if process.returncode or rate is None or mean is None:
            raise PgbenchFailed(f"status {process.returncode}:\n{output.decode()}{errors.decode()}")
        return LapResult(float(rate[1]), float(mean[1]) / 1e3, float(mean[1]) / 1e3)


def on(dsn: str, place: Path, instances: int, document: int, entry: int) -> Pgbench:
    """On tables that :mod:`.by_hand` has made; raises ``LeftOut``."""
    program = find_programs() / "pgbench"
    if not program.is_file():
        raise LeftOut(f"it does not lie beside the server, in {program.parent}")
    script = place / "step.sql"
    text = SCRIPT.format(instances=instances, document="x" * document, body="x" * entry)
    script.write_text(text, encoding="utf-8")
    return Pgbench(program, script, dsn)
