"""``simulate``, which runs a script or typed lines, and ``tests``, which generates tests."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer
from msgspec import UNSET

from statehold.chart.machine import Definition
from statehold.check.simulate.generated import module_of_tests
from statehold.check.simulate.paths import Given, paths
from statehold.check.simulate.script import Script
from statehold.check.simulate.script_file import FILE_BYTES, notation_of, read_script, write_script
from statehold.check.simulate.simulate import Played, play, with_expectations
from statehold.cli.arguments import read_json
from statehold.cli.commands.by_hand import Rehearsal
from statehold.cli.offering import load_offered
from statehold.cli.options import TARGET_HELP, Json, Offer
from statehold.cli.outcome import DONE, REFUSED, UsageError
from statehold.cli.printable import printable
from statehold.cli.targets import load_machines
from statehold.cli.terminal import count_of, note, print_document, print_json
from statehold.formats.notation import NOTHING, Offered

Target = Annotated[str, typer.Argument(metavar="TARGET", help=TARGET_HELP)]


def simulate(
    target: Target,
    script: Annotated[
        Path | None, typer.Argument(metavar="[SCRIPT]", help="JSON or YAML; none: by hand.")
    ] = None,
    data: Annotated[
        str | None, typer.Option("--data", help="By hand: the start's data, as JSON or @FILE.")
    ] = None,
    save: Annotated[
        Path | None, typer.Option("--save", help="Write the script, with what it came to.")
    ] = None,
    as_test: Annotated[
        Path | None, typer.Option("--as-test", help="Write the same as a pytest module.")
    ] = None,
    offer: Offer = None,
    json: Json = False,
) -> None:
    """Run a script against a machine, or try it by hand: nothing is stored or performed."""
    definition = one_machine(target, load_offered(offer or ()))
    if script is not None:
        if data is not None:
            raise UsageError("--data is for trying by hand; a script has its own data")
        head = _read(script)
        played = play(definition, head)
    else:
        if json:
            raise UsageError("--json needs a script; a run by hand is interactive")
        given = UNSET if data is None else read_json("--data", data)
        rehearsal = Rehearsal(definition, Script(definition.name, data=given), target, offer or ())
        rehearsal.run()
        head, played = rehearsal.player.head, rehearsal.player.played()
    kept = with_expectations(played, head)
    if save is not None:
        write(save, write_script(kept, notation_of(save.name) or "yaml"))
    if as_test is not None:
        write(as_test, module_of_tests(target, [(as_test.stem, kept)], (), offer or ()))
    if script is not None:
        if json:
            print_json(_plain(played))
        else:
            print_document(printable(_told(played), lines=True) + "\n")
    raise typer.Exit(DONE if played.failure is None else REFUSED)


def generate_tests(
    target: Target,
    output: Annotated[Path, typer.Option("--output", "-o", help="The pytest module to write.")],
    given: Annotated[
        str | None,
        typer.Option("--given", help="What to try: JSON or @FILE with data, payloads, results."),
    ] = None,
    offer: Offer = None,
) -> None:
    """Write tests that take every transition of a machine; exit with 1 if some are missing."""
    definition = one_machine(target, load_offered(offer or ()))
    found = paths(definition, _given(given))
    cases = []
    for path in found:
        if path.script is not None:
            kept = with_expectations(play(definition, path.script), path.script)
            cases.append((path.transition, kept))
    missing = [(path.transition, path.reason) for path in found if path.script is None]
    write(output, module_of_tests(target, cases, missing, offer or ()))
    note(f"{len(cases)} of {count_of(len(found), 'transition')} covered")
    for name, reason in missing:
        note(f"not covered: {name}: {reason}")
    raise typer.Exit(REFUSED if missing else DONE)


def _given(text: str | None) -> Given:
    if text is None:
        return Given()
    try:
        return msgspec.convert(read_json("--given", text), Given)
    except msgspec.ValidationError as error:
        raise UsageError(f"--given: {error}") from None


def one_machine(target: str, offered: Offered = NOTHING) -> Definition[Any]:
    """Raises ``UsageError`` where the target names several, and as ``load_machines`` does."""
    found = load_machines([target], offered)
    if len(found) > 1:
        names = ", ".join(one.name for one in found)
        raise UsageError(f"{target} has several machines, {names}; name one, as module:Class")
    return found[0]


def write(path: Path, text: str) -> None:
    """Raises ``UsageError`` where it can't be written."""
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from None
    note(f"wrote {path}")


def _read(path: Path) -> Script:
    try:
        with path.open("rb") as file:
            # one byte more shows that there is too much
            raw = file.read(FILE_BYTES + 1)
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from None
    return read_script(raw, notation_of(path.name))


def _told(played: Played) -> str:
    failure = played.failure
    if failure is None:
        ended = "done" if played.done else f"in {', '.join(played.state)}"
        return f"{played.trace}\n\n{played.machine}/{played.instance} is {ended}"
    return (
        f"{played.trace}\n\nfailed at step {failure.step}: {failure.is_}\n"
        f"  expected: {failure.expected}"
    )


def _plain(played: Played) -> Any:
    failure = played.failure
    plain = msgspec.to_builtins(msgspec.structs.replace(played, failure=None))
    why = None if failure is None else {k: v for k, v in failure.details().items() if k != "path"}
    return {**plain, "failure": why}
