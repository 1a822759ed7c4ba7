"""All commands in one application, and what a mistake in any of them looks like."""

from __future__ import annotations

import errno
import os
import platform
import sqlite3
import sys
from collections.abc import Sequence
from importlib.metadata import version
from typing import Annotated

import typer

from statehold.cli import (
    check,
    database,
    definition,
    doctor,
    drawing,
    exploring,
    history,
    incidents,
    instances,
    put,
    retention,
    schema,
    serving,
    simulating,
    underway,
)
from statehold.cli.outcome import REFUSED, explain_failure
from statehold.cli.streams import settle_streams
from statehold.cli.terminal import print_document
from statehold.errors import StateholdError

application = typer.Typer(
    name="statehold",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="""Durable statecharts: serve machines, and look after their instances.

    A TARGET names machines: module:Class, path.py:Class, or a module or path.py alone, which
    stands for every machine that it defines; or a document: .json, .yaml, .scxml. Commands that
    name a MACHINE talk to a server (--url, or STATEHOLD_URL).

    Exit codes: 0 done; 1 refused, or something is wrong with what was looked at; 2 wrong usage;
    3 not found; 4 not available, try again later.
    """,
)


def _print_version(wanted: bool) -> None:
    if wanted:
        print_document(
            f"statehold {version('statehold')}, Python {platform.python_version()}, "
            f"SQLite {sqlite3.sqlite_version}\n"
        )
        raise typer.Exit


@application.callback()
def _options(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version and exit."
        ),
    ] = False,
) -> None: ...


_MACHINES, _INSTANCES, _INCIDENTS = "Machines", "Instances", "Incidents"
_DEPLOYMENT = "Deployment"

application.command(rich_help_panel=_MACHINES)(serving.serve)
application.command(rich_help_panel=_MACHINES)(serving.worker)
application.command(rich_help_panel=_MACHINES)(check.check)
application.command(rich_help_panel=_MACHINES)(drawing.draw)
application.command(rich_help_panel=_MACHINES)(definition.convert)
application.command(rich_help_panel=_MACHINES)(exploring.explore)
application.command(rich_help_panel=_MACHINES)(schema.schema)
application.command(rich_help_panel=_MACHINES)(put.put)
application.command(rich_help_panel=_MACHINES)(simulating.simulate)
application.command("tests", rich_help_panel=_MACHINES)(simulating.generate_tests)
application.command(rich_help_panel=_MACHINES)(retention.purge)
application.command(rich_help_panel=_INSTANCES)(instances.start)
application.command(rich_help_panel=_INSTANCES)(instances.send)
application.command(rich_help_panel=_INSTANCES)(instances.show)
application.command("list", rich_help_panel=_INSTANCES)(instances.list_)
application.command(rich_help_panel=_INSTANCES)(history.history)
application.command(rich_help_panel=_INSTANCES)(history.watch)
application.command(rich_help_panel=_INSTANCES)(history.explain)
application.command(rich_help_panel=_INSTANCES)(instances.pause)
application.command(rich_help_panel=_INSTANCES)(instances.resume)
application.command(rich_help_panel=_INSTANCES)(instances.cancel)
application.command(rich_help_panel=_INSTANCES)(instances.repair)
application.command(rich_help_panel=_INSTANCES)(instances.upgrade)
application.add_typer(underway.timer, name="timer", rich_help_panel=_INSTANCES)
application.add_typer(underway.effect, name="effect", rich_help_panel=_INSTANCES)
application.command(rich_help_panel=_INCIDENTS)(incidents.incidents)
application.command(rich_help_panel=_INCIDENTS)(incidents.retry)
application.command(rich_help_panel=_INCIDENTS)(incidents.skip)
application.command(rich_help_panel=_INCIDENTS)(incidents.resolve)
application.command(rich_help_panel=_DEPLOYMENT)(doctor.doctor)
application.add_typer(database.database, name="db", rich_help_panel=_DEPLOYMENT)


#: a disk that is full, a quota or a limit of a file's size that is reached
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class CannotWrite(StateholdError):
    code = "cannot-write"


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs one command and exits with its code; ``arguments`` default to the process's."""
    settle_streams()
    try:
        application(args=arguments)
    except StateholdError as error:
        sys.exit(explain_failure(error))
    except KeyboardInterrupt:
        # what a shell expects of a program that ctrl-c ended
        sys.exit(130)
    except BrokenPipeError:
        # the reader (`| head`) has what it wanted
        _close_output()
        sys.exit(REFUSED)
    except OSError as error:
        if error.errno not in _FULL or error.filename is not None:
            raise
        _close_output()
        sys.exit(explain_failure(CannotWrite(f"the output can't be written: {error.strerror}")))


def _close_output() -> None:
    """The interpreter must not complain of what is left at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
