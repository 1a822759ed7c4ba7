"""The application of all commands, and how it reports mistakes in their use.

A command's module is imported when that command is run: ``statehold --help`` loads none of them.
"""

from __future__ import annotations

import errno
import importlib
import os
import platform
import sys
from collections.abc import Sequence
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup

from statehold.cli import environment
from statehold.cli.streams import settle_streams
from statehold.errors import StateholdError

#: panel of the help: command: the module below ``commands``, the function or group in it, and the
#: first line of its help, which a test holds equal to the one of the function
COMMANDS: dict[str, dict[str, tuple[str, str]]] = {
    "Machines": {
        "serve": ("serve:serve", "Serve machines over HTTP until SIGTERM or ctrl-c."),
        "worker": (
            "serve:worker",
            "Run timers, effects and messages without serving HTTP.",
        ),
        "check": ("check:check", "Check machines before they run: errors and likely mistakes."),
        "draw": ("draw:draw", "Draw a machine's chart, as a picture or as a diagram's text."),
        "convert": ("convert:convert", "Write a machine in another notation."),
        "explore": ("explore:explore", "Search all behaviour of a machine, and check properties."),
        "schema": (
            "schema:schema",
            "Print the JSON Schema of machines that come as JSON or YAML.",
        ),
        "put": ("put:put", "Put a machine, or its next version, into a running server."),
        "simulate": (
            "simulate:simulate",
            "Run a script against a machine, or try it by hand: nothing is stored or performed.",
        ),
        "tests": (
            "simulate:generate_tests",
            "Write tests that take every transition of a machine; exit with 1 if some are missing.",
        ),
        "purge": (
            "purge:purge",
            "Purge finished instances and their journals from a store, once.",
        ),
    },
    "Instances": {
        "start": ("instances:start", "Start an instance: start order o-1 items='[\"pizza\"]'."),
        "send": ("instances:send", "Send an event: send order o-1 Accept prep_minutes=12."),
        "show": (
            "instances:show",
            "Show an instance: its state, its view, allowed events, timers and effects.",
        ),
        "list": ("instances:list_", "List instances, newest first."),
        "history": ("history:history", "Show what happened to an instance, step by step."),
        "watch": ("history:watch", "Follow an instance as it moves, until it is over or ctrl-c."),
        "explain": (
            "history:explain",
            "Explain why an instance is where it is, and what can happen next.",
        ),
        "pause": ("instances:pause", "Pause an instance: its events are held until it resumes."),
        "resume": ("instances:resume", "Resume a paused instance."),
        "cancel": (
            "instances:cancel",
            "Cancel an instance: its chart cleans up; --force ends it at once.",
        ),
        "repair": (
            "instances:repair",
            "Give an unreadable instance new data; it goes on from there.",
        ),
        "upgrade": (
            "instances:upgrade",
            "Upgrade one instance, or all, to the version that the server runs.",
        ),
        "timer": ("timers_effects:timer", "Fire, cancel or reschedule a timer."),
        "effect": ("timers_effects:effect", "Retry, skip or resolve a running effect."),
    },
    "Incidents": {
        "incidents": (
            "incidents:incidents",
            "List what ran out of attempts and needs a decision, oldest first.",
        ),
        "retry": ("incidents:retry", "Retry it."),
        "skip": ("incidents:skip", "Go on without it."),
        "resolve": ("incidents:resolve", "Use this as its result."),
    },
    "Deployment": {
        "doctor": ("doctor:doctor", "Report problems of a deployment, and what to do about them."),
        "db": ("db:database", "The schema of a database."),
        "token": ("token:tokens", "Tokens of callers, for serve --auth tokens."),
        "audit": ("audit:audit", "What was refused, and who has administered what."),
    },
}
_WHERE = {name: where for panel in COMMANDS.values() for name, (where, _) in panel.items()}


def load_command(name: str) -> TyperCommand | TyperGroup:
    """A command, or a group of commands, with its options."""
    module, _, attribute = _WHERE[name].partition(":")
    found = getattr(importlib.import_module(f"statehold.cli.commands.{module}"), attribute)
    if not isinstance(found, typer.Typer):
        alone = typer.Typer(add_completion=False)
        alone.command(name)(found)
        found = alone
    command = typer.main.get_command(found)
    assert isinstance(command, TyperCommand | TyperGroup)
    command.name = name
    return command


class _Commands(TyperGroup):
    """Lists commands by their line in the table, and loads the one that is run."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        for panel, commands in COMMANDS.items():
            for name, (_, line) in commands.items():
                self.commands[name] = TyperCommand(name, help=line, rich_help_panel=panel)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        name, command, rest = super().resolve_command(ctx, args)
        return name, load_command(name) if name else command, rest


application = typer.Typer(
    name="statehold",
    cls=_Commands,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Durable statecharts: serve machines, and look after their instances.\n\n"
    "A TARGET names machines: module:Class, path.py:Class, or a module or path.py alone, which "
    "stands for every machine that it defines; or a document: .json, .yaml, .scxml. Commands that "
    f"name a MACHINE talk to a server (--url, or {environment.URL}).\n\n"
    "Exit codes: 0 done; 1 refused, or a check found something wrong; 2 wrong usage; 3 not found; "
    "4 not available, try again later.",
)


def _print_version(wanted: bool) -> None:
    if not wanted:
        return
    import sqlite3
    from importlib.metadata import version

    from statehold.cli.terminal import print_document

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
        sys.exit(_explain(error))
    except KeyboardInterrupt:
        # what a shell expects of a program that ctrl-c ended
        sys.exit(130)
    except BrokenPipeError:
        # the reader (`| head`) has what it wanted
        _close_output()
        sys.exit(1)
    except OSError as error:
        if error.errno not in _FULL or error.filename is not None:
            raise
        _close_output()
        sys.exit(_explain(CannotWrite(f"the output can't be written: {error.strerror}")))


def _explain(error: StateholdError) -> int:
    from statehold.cli.outcome import explain_failure

    return explain_failure(error)


def _close_output() -> None:
    """The interpreter must not complain of what is left at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
