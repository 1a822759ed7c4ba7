"""Loads the machines that a command line names: ``module:Class``, ``path.py`` or a document."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from statehold.chart.machine import Definition
from statehold.chart.model import Chart
from statehold.cli.modules import definition_of, load_module
from statehold.cli.outcome import UsageError
from statehold.cli.terminal import Terminal
from statehold.errors import NotFound, TooLarge
from statehold.formats.notation import DOCUMENT_LIMIT, NOTHING, Offered, Omission
from statehold.formats.read import (
    NOTATIONS,
    is_document,
    notation_of,
    options_of,
    read_document,
)

#: omissions of one document that are printed
OMISSIONS_SHOWN = 50


def load_machines(targets: Sequence[str], offered: Offered = NOTHING) -> list[Definition[Any]]:
    """The machines that the targets name, each once, in order.

    ``offered`` is what those that come as data may use; what of a document was left out is printed
    to stderr. Raises ``NotFound`` for what is not there, ``UsageError`` for two machines of one
    name, ``TargetFailed`` where a module raises, and ``DefinitionError`` where a machine has
    mistakes.
    """
    found: dict[int, Definition[Any]] = {}
    for target in targets:
        for definition in _load(target, offered):
            found.setdefault(id(definition), definition)
    names: dict[str, Definition[Any]] = {}
    for definition in found.values():
        if definition.name in names:
            raise UsageError(
                f"two machines are called {definition.name!r}, versions "
                f"{names[definition.name].version} and {definition.version}; name one of them, as "
                "module:Class"
            )
        names[definition.name] = definition
    return list(found.values())


def load_machines_or_charts(
    target: str, offered: Offered = NOTHING
) -> list[Definition[Any] | Chart]:
    """As :func:`load_machines`; but an XState document needs no functions to have a chart."""
    said, path = split_target(target)
    if is_document(path):
        raw = read_bytes(path)
        notation = said or notation_of(raw, path)
        if notation.startswith("xstate"):
            from statehold.formats.xstate import read_xstate_chart

            chart, omissions, _ = read_xstate_chart(
                raw, machines=tuple(offered.machines), **options_of(notation)
            )
            print_omissions(path, omissions)
            return [chart]
    return [*load_machines([target], offered)]


def split_target(target: str) -> tuple[str | None, str]:
    """The notation that ``notation:FILE`` says, and the file; None where it says none."""
    said, colon, path = target.partition(":")
    return (said, path) if colon and said in NOTATIONS and is_document(path) else (None, target)


def chart_of(machine: Definition[Any] | Chart) -> Chart:
    return machine if isinstance(machine, Chart) else machine.chart


def read_bytes(path: str) -> bytes:
    """A document; raises ``NotFound``, ``UsageError`` and ``TooLarge``."""
    try:
        with Path(path).open("rb") as file:
            # one byte more shows whether the file is longer
            raw = file.read(DOCUMENT_LIMIT + 1)
            if len(raw) > DOCUMENT_LIMIT:
                raise TooLarge(path, Path(path).stat().st_size, DOCUMENT_LIMIT)
            return raw
    except FileNotFoundError:
        raise NotFound(f"there is no file {path}") from None
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from None


def print_omissions(target: str, omissions: Sequence[Omission]) -> None:
    console = Terminal(stderr=True)
    for omission in omissions[:OMISSIONS_SHOWN]:
        console.say(("left out", "yellow"), f" {target}: {omission}")
    if len(omissions) > OMISSIONS_SHOWN:
        more = len(omissions) - OMISSIONS_SHOWN
        console.say(("left out", "yellow"), f" {target}: {more} more")


def _load(target: str, offered: Offered) -> list[Definition[Any]]:
    said, path = split_target(target)
    if is_document(path):
        imported = read_document(read_bytes(path), offered, notation=said, name=path)
        print_omissions(path, imported.omissions)
        return [imported.definition]
    where, colon, name = target.rpartition(":")
    # a drive letter's colon is none of ours
    if not colon or name.startswith(("\\", "/")):
        where, name = target, ""
    module = load_module(where)
    if name:
        value = getattr(module, name, None)
        definition = definition_of(value)
        if definition is None:
            raise NotFound(
                f"{where} has no machine {name!r}; it has "
                f"{', '.join(_machines_in(module)) or 'none'}"
            )
        return [definition]
    definitions = list(_machines_in(module).values())
    if not definitions:
        raise NotFound(f"{where} defines no machine")
    return definitions


def _machines_in(module: ModuleType) -> dict[str, Definition[Any]]:
    """Those that the module defines itself, not those that it imports."""
    found = {}
    for name, value in vars(module).items():
        definition = definition_of(value)
        if definition is None:
            continue
        if isinstance(value, type) and value.__module__ != module.__name__:
            continue
        found[name] = definition
    return found
