"""The number that everything random comes from: STATEHOLD_SEED, or a new one."""

from __future__ import annotations

import os
import random
import sys


def choose_seed() -> int:
    """Told where a failed test's output is shown."""
    seed = int(os.environ.get("STATEHOLD_SEED") or random.SystemRandom().getrandbits(32))
    sys.stdout.write(f"STATEHOLD_SEED={seed}\n")
    return seed
