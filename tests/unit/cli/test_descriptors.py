"""The system's bound of open files is raised, and connections leave some for the rest."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import resource
resource.setrlimit(resource.RLIMIT_NOFILE, ({soft}, {hard}))
from statehold.cli.processes.descriptors import most_connections
print(most_connections(), resource.getrlimit(resource.RLIMIT_NOFILE)[0])
"""


def most(soft: int, hard: int) -> str:
    program = PROGRAM.format(soft=soft, hard=hard)
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    return ran.stdout.strip()


def test_the_bound_is_raised_as_far_as_the_user_may() -> None:
    assert most(256, 4000) == "3488 4000"


def test_a_process_with_few_files_has_half_of_them_for_connections() -> None:
    assert most(256, 256) == "128 256"
