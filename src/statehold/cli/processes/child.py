"""One of several equal processes: ``python -m statehold.cli.processes.child``, as the supervisor
starts it.

Its arguments are open files: the socket to the supervisor, the listening one or -1, the slots that
connections are balanced by (:mod:`.balance`) or -1; and which of the slots is its own. Over the
first comes the job as a line of JSON; a line with what is run goes back once requests can be taken.
Whatever comes after the job says that open requests are not waited for any longer.
The supervisor never closes its end: when it is closed, the supervisor is gone, even by SIGKILL, and
this process stops by itself.

With ``check`` instead, the job comes from the standard input, and nothing is run: the exit code
says whether its machines and resources can be loaded, as they are on the disk now.
"""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import socket
import sys
import threading
import time

import msgspec

from statehold.cli.offering import offer_to_machines
from statehold.cli.outcome import explain_failure
from statehold.cli.processes.balance import Slots
from statehold.cli.processes.job import Job, name_worker
from statehold.cli.processes.logs import LogFormat, configure_logging
from statehold.cli.processes.process import run_job
from statehold.cli.processes.signals import Requested
from statehold.cli.processes.tls import Tls
from statehold.cli.resources import load_resources
from statehold.cli.targets import load_machines
from statehold.engine.resources.providers import Providers, effects_of
from statehold.errors import StateholdError

log = logging.getLogger(__name__)


def main() -> None:
    if sys.argv[1] == "check":
        _check()
        return
    control = socket.socket(fileno=int(sys.argv[1]))
    number = int(sys.argv[2])
    listener = None if number < 0 else socket.socket(fileno=number)
    slots = None if int(sys.argv[3]) < 0 else Slots(int(sys.argv[3]), int(sys.argv[4]))
    with control.makefile("rb") as lines:
        line = lines.readline()
        if not line:
            return
        job = msgspec.json.decode(line, type=Job)
        worker = name_worker()
        configure_logging(LogFormat(job.log_format), access_log=job.access_log, worker=worker)
        asked = Requested(supervised=True)
        # a thread: the event loop may be busy, or not there yet
        threading.Thread(
            target=_heed_supervisor, args=(control, asked, job.stop_seconds), daemon=True
        ).start()
        try:
            offered = offer_to_machines(job.offer, job.allow_hosts)
            machines = load_machines(job.targets, offered)
            run_job(
                job, machines, offered, load_resources(job.resources), listener, worker,
                lambda what: _tell(control, what), asked, slots=slots,
            )  # fmt: skip
        except StateholdError as error:
            sys.exit(explain_failure(error))


def _check() -> None:
    job = msgspec.json.decode(sys.stdin.buffer.read(), type=Job)
    try:
        offered = offer_to_machines(job.offer, job.allow_hosts)
        machines = load_machines(job.targets, offered)
        lent = offered.effects.values() if job.puts else ()
        Providers(load_resources(job.resources)).check(effects_of(machines, lent))
        if job.tls is not None:
            Tls(*job.tls)
    except StateholdError as error:
        sys.exit(explain_failure(error))


def _tell(control: socket.socket, what: str) -> None:
    # a supervisor that is gone is the other thread's affair
    with contextlib.suppress(ConnectionError):
        control.sendall(f"{what}\n".encode())


def _heed_supervisor(control: socket.socket, asked: Requested, stop_seconds: float) -> None:
    try:
        while control.recv(1):
            asked.hurry()
    except ConnectionError:
        # unread bytes were in the other end when it went: the same
        pass
    log.error("the process that started this one is gone: stopping")
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(stop_seconds)
    os._exit(1)


if __name__ == "__main__":
    main()
