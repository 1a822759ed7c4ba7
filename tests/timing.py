"""How long something takes the processor, which a busy machine does not change much."""

from __future__ import annotations

import gc
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass
class Took:
    #: of the processor, in this thread; known at the end of the block
    seconds: float = 0.0


@contextmanager
def measured() -> Iterator[Took]:
    """Measures a block. The garbage collector waits meanwhile: what it goes through is what all
    tests of the process have left behind."""
    took = Took()
    was_enabled = gc.isenabled()
    gc.disable()
    began = time.thread_time()
    try:
        yield took
    finally:
        took.seconds = time.thread_time() - began
        if was_enabled:
            gc.enable()
