"""The outcome of a command: an exit code, and on a failure a message on stderr."""

from __future__ import annotations

from statehold.cli.terminal import Terminal, count_of, line
from statehold.errors import (
    DefinitionError,
    DocumentRefused,
    NotFound,
    StateholdError,
    Unavailable,
)

DONE = 0
#: the server said no, or a machine's definition has mistakes
REFUSED = 1
USAGE = 2
NOT_FOUND = 3
UNAVAILABLE = 4


class UsageError(StateholdError):
    """The command line itself is wrong."""

    code = "usage"


class NotDone(StateholdError):
    """A command has found something else than it needs; nothing was changed."""

    code = "not-done"


def exit_code(error: StateholdError) -> int:
    if isinstance(error, Unavailable):
        return UNAVAILABLE
    if isinstance(error, UsageError):
        return USAGE
    return NOT_FOUND if isinstance(error, NotFound) else REFUSED


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
