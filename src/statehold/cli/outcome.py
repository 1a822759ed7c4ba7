"""What a command ends with: an exit code, and on a failure a few words on stderr."""

from __future__ import annotations

from statehold.cli.render import count_of
from statehold.cli.terminal import Terminal, line
from statehold.client import ProblemError
from statehold.errors import (
    DefinitionError,
    DocumentRefused,
    StateholdError,
    Unavailable,
    UnknownEffect,
    UnknownIncident,
    UnknownInstance,
    UnknownMachine,
    UnknownTimer,
)

DONE = 0
#: the server said no, or a machine's definition has mistakes
REFUSED = 1
USAGE = 2
NOT_FOUND = 3
UNAVAILABLE = 4

_NOT_FOUND = (UnknownMachine, UnknownInstance, UnknownIncident, UnknownTimer, UnknownEffect)


class UsageError(StateholdError):
    """The command line itself is wrong."""

    code = "usage"


class NotFound(StateholdError):
    """What a command line names is not there."""

    code = "not-found"


def exit_code(error: StateholdError) -> int:
    if isinstance(error, Unavailable):
        return UNAVAILABLE
    if isinstance(error, UsageError):
        return USAGE
    if isinstance(error, (*_NOT_FOUND, NotFound)):
        return NOT_FOUND
    if isinstance(error, ProblemError) and error.problem.status == 404:
        return NOT_FOUND
    return REFUSED


def explain_failure(error: StateholdError) -> int:
    """Prints the error to stderr and gives the exit code."""
    console = Terminal(stderr=True)
    if isinstance(error, DefinitionError | DocumentRefused):
        _print_problems(console, error)
    else:
        console.say(("error", "bold red"), " ", (error.code, "dim"), f" {error}")
    if isinstance(error, Unavailable) and error.key is not None:
        console.say(f"      the same command with --key {error.key} takes effect once")
    return exit_code(error)


def _print_problems(console: Terminal, error: DefinitionError | DocumentRefused) -> None:
    named = line("machine ", (error.machine, "bold")) if error.machine else "the document"
    count = count_of(len(error.problems), "problem")
    console.say(("error", "bold red"), " ", named, f" has {count}")
    for number, problem in enumerate(error.problems, 1):
        console.say(f"  {number}. ", (problem.place, "bold"), f": {problem.message}")
        if problem.hint:
            console.say("     ", ("hint", "green"), f" {problem.hint}")
