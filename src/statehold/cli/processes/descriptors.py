"""How many connections the system lets this process have open."""

from __future__ import annotations

import logging
import sys

log = logging.getLogger(__name__)

#: file descriptors for all but connections of clients: the store's, effects', files, pipes
RESERVED = 512
#: what is asked of the system; more than a process has use for
WANTED = 65_536


def most_connections() -> int | None:
    """After the system's bound of open files was raised as far as this user may; None where there
    is none. Shells and service managers start programs with 1,024."""
    if sys.platform == "win32":
        return None
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return None
    wanted = WANTED if hard == resource.RLIM_INFINITY else min(WANTED, hard)
    if wanted > soft:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
            soft = wanted
        except (OSError, ValueError) as error:
            log.warning("the bound of open files stays %d: %s", soft, error)
    return max(soft // 2, soft - RESERVED)
