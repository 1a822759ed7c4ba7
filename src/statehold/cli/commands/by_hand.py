"""Steps a machine by hand: a prompt that shows its state and what can happen, and reads a line.

Lines come from standard input, a terminal or a file. The steps so far are a script; to undo one is
to run all but the last again.
"""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec

from statehold.chart.machine import Definition
from statehold.check.simulate.duration import duration_text, seconds_of
from statehold.check.simulate.generated import module_of_tests
from statehold.check.simulate.script import (
    AdvanceStep,
    CancelStep,
    FailStep,
    Script,
    ScriptStep,
    SendStep,
    SucceedStep,
)
from statehold.check.simulate.script_file import STEP_LIMIT, notation_of, write_script
from statehold.check.simulate.simulate import Player, with_expectations
from statehold.cli.arguments import read_fields, read_json
from statehold.cli.outcome import UsageError
from statehold.cli.printable import printable
from statehold.cli.terminal import print_document
from statehold.errors import ScriptFailed, StateholdError

#: characters of one line
LINE_LIMIT = 100_000

HELP = """\
send EVENT [NAME=VALUE ...] [--by ROLE,...]   give it an event
advance 12m                                   let time pass
next                                          let time pass up to the next timer
succeed NAME [JSON]                           an effect or a child ended well
fail NAME [MESSAGE]                           it failed for good
cancel [REASON]                               an operator cancels it
undo                                          take the last step back
data, trace, show                             the data; all that happened; where it is
save FILE, test FILE                          write the script; write it as a pytest module
quit"""


class Rehearsal:
    """One instance tried by hand; ``player`` has what was played."""

    def __init__(
        self, definition: Definition[Any], head: Script, target: str, offers: Sequence[str] = ()
    ) -> None:
        self.definition = definition
        self.target = target
        self.offers = offers
        self.player: Player[Any] = Player(definition, head)
        self._commands: dict[str, Callable[[list[str]], None]] = {
            "send": self._send,
            "advance": self._advance,
            "next": self._next,
            "succeed": self._succeed,
            "fail": self._fail,
            "cancel": self._cancel,
            "undo": self._undo,
            "data": lambda words: _say(msgspec.json.encode(self.player.plain_data()).decode()),
            "trace": lambda words: _say(self.player.instance.log),
            "show": lambda words: self._show(),
            "save": self._save,
            "test": self._test,
            "help": lambda words: _say(HELP),
        }

    def run(self) -> None:
        """Reads lines up to ``quit`` or the end of the input; reports a line that fails."""
        self._show()
        while True:
            print_document("> ")
            line = sys.stdin.readline(LINE_LIMIT)
            if not sys.stdin.isatty():
                # so that what was piped in can be read in what comes out
                _say(line.rstrip("\n"))
            if not line:
                return
            try:
                words = shlex.split(line)
                if words[:1] in (["quit"], ["exit"]):
                    return
                if words:
                    self._do(words)
            except ScriptFailed as error:
                _say(error.is_)
            except (StateholdError, ValueError) as error:
                _say(str(error))

    def _do(self, words: list[str]) -> None:
        command = self._commands.get(words[0])
        if command is None:
            raise UsageError(f"no command {words[0]!r}; there are {', '.join(self._commands)}")
        command(words[1:])

    def _play(self, step: ScriptStep) -> None:
        if len(self.player.outcomes) >= STEP_LIMIT:
            raise UsageError(f"the limit of {STEP_LIMIT} steps is reached: save, and start again")
        earlier = self.player.instance.log
        kept = self.player.script
        try:
            self.player.take(step)
        except ScriptFailed:
            # time may have passed, up to a timer whose step failed
            self._replay(kept.steps)
            raise
        log = self.player.instance.log
        _say(log[len(earlier) :].lstrip("\n") if log.startswith(earlier) else log)
        self._show()

    def _replay(self, steps: Sequence[ScriptStep]) -> None:
        again: Player[Any] = Player(self.definition, self.player.head)
        for step in steps:
            again.take(step)
        self.player = again

    def _send(self, words: list[str]) -> None:
        roles: tuple[str, ...] | None = None
        if "--by" in words:
            at = words.index("--by")
            if len(words) < at + 2:
                raise UsageError("--by wants roles, by commas")
            roles = tuple(words[at + 1].split(","))
            del words[at : at + 2]
        if not words:
            raise UsageError("send wants an event's name")
        name, *pairs = words
        self._play(SendStep({"type": name, **read_fields(pairs)}, roles))

    def _advance(self, words: list[str]) -> None:
        given = _one(words, "advance 12m")
        self._play(AdvanceStep(seconds_of(float(given) if given.isdigit() else given)))

    def _next(self, words: list[str]) -> None:
        due = self.player.instance.next_due
        if due is None:
            raise UsageError("nothing is due, now or later")
        self._play(AdvanceStep((due - self.player.instance.now).total_seconds()))

    def _succeed(self, words: list[str]) -> None:
        if not words:
            raise UsageError("succeed NAME [JSON]")
        result = read_json("the result", " ".join(words[1:])) if words[1:] else None
        self._play(SucceedStep(words[0], result))

    def _fail(self, words: list[str]) -> None:
        if not words:
            raise UsageError("fail NAME [MESSAGE]")
        details = {"message": " ".join(words[1:])} if words[1:] else {}
        self._play(FailStep(words[0], **details))

    def _cancel(self, words: list[str]) -> None:
        self._play(CancelStep(" ".join(words)))

    def _undo(self, words: list[str]) -> None:
        steps = self.player.script.steps
        if not steps:
            raise UsageError("there is nothing to take back")
        self._replay(steps[:-1])
        self._show()

    def _save(self, words: list[str]) -> None:
        path = Path(_one(words, "save FILE"))
        _write(path, write_script(self._kept(), notation_of(path.name) or "yaml"))

    def _test(self, words: list[str]) -> None:
        path = Path(_one(words, "test FILE"))
        _write(path, module_of_tests(self.target, [(path.stem, self._kept())], (), self.offers))

    def _kept(self) -> Script:
        return with_expectations(self.player.played(), self.player.head)

    def _show(self) -> None:
        instance = self.player.instance
        _say(f"{instance.now:%Y-%m-%d %H:%M:%S}  {', '.join(instance.state)}")
        if instance.done:
            _say("  it is done")
        shapes = {event.name: event.schema for event in self.definition.chart.events}
        for name in instance.allowed:
            _say(f"  send {name}{_fields(shapes.get(name, {}))}")
        for timer in instance.timers:
            left = max((timer.due - instance.now).total_seconds(), 0.0)
            _say(f"  timer {timer.id}, in {duration_text(left)}")
        for asked in instance.running:
            _say(f"  {asked.name} {'waits for a person' if asked.error else 'is in flight'}")


def _fields(schema: dict[str, Any]) -> str:
    """An event's fields, those that may be left out in brackets."""
    required = schema.get("required", ())
    names = schema.get("properties", {})
    return "".join(f" {name}=" if name in required else f" [{name}=]" for name in names)


def _one(words: list[str], usage: str) -> str:
    if len(words) != 1:
        raise UsageError(usage)
    return words[0]


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from None
    _say(f"wrote {path}")


def _say(text: str) -> None:
    print_document(printable(text, lines=True) + "\n")
