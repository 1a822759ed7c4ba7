"""Every command and option, from the command line's own tree."""

from __future__ import annotations

import enum
import inspect
from collections.abc import Iterator
from typing import Any

from docs.generator.markdown import code, sentence, table
from statehold.cli.application import COMMANDS, load_command


def commands() -> Iterator[tuple[str, Any]]:
    """Each command by what is typed, ``statehold timer fire``, in the order of the help."""
    for panel in COMMANDS:
        yield from _in_panel(panel)


def _in_panel(panel: str) -> Iterator[tuple[str, Any]]:
    for name in COMMANDS[panel]:
        yield from _below(f"statehold {name}", load_command(name))


def _below(path: str, command: Any) -> Iterator[tuple[str, Any]]:
    inner = getattr(command, "commands", None)
    if inner is None:
        yield path, command
        return
    for name, one in inner.items():
        yield from _below(f"{path} {name}", one)


def page() -> str:
    """All commands, under the headings of ``statehold --help``."""
    return "\n".join(
        f"## {panel}\n\n" + "\n".join(_command(path, one) for path, one in _in_panel(panel))
        for panel in COMMANDS
    )


def _command(path: str, command: Any) -> str:
    arguments = [one for one in command.params if not _is_option(one)]
    options = [one for one in command.params if _is_option(one) and not one.hidden]
    usage = " ".join([path, *(["[OPTIONS]"] if options else []), *map(_typed, arguments)])
    parts = [f"### {path}\n", f"```text\n{usage}\n```\n", _paragraphs(command.help or "")]
    said = [[code(_typed(one)), sentence(one.help or "")] for one in arguments if one.help]
    if said:
        parts.append(table(["argument", "meaning"], said))
    if options:
        parts.append(
            table(
                ["option", "value", "default", "meaning"],
                (
                    [_names(one), code(_value(one)), code(_default(one)), _meaning(one)]
                    for one in options
                ),
            )
        )
    return "\n".join(parts)


def _is_option(parameter: Any) -> bool:
    return bool(parameter.opts[0].startswith("-"))


def _paragraphs(text: str) -> str:
    return inspect.cleandoc(text).replace("\b\n", "") + "\n"


def _names(option: Any) -> str:
    return ", ".join(map(code, [*option.opts, *option.secondary_opts]))


def _typed(argument: Any) -> str:
    if argument.metavar:
        return str(argument.metavar)
    name = argument.name.upper()
    if argument.nargs != 1:
        name += "..."
    return name if argument.required else f"[{name}]"


def _value(option: Any) -> str:
    if option.is_flag:
        return ""
    if option.metavar:
        return str(option.metavar)
    kind = option.type_descriptor.annotation
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        return " or ".join(str(one.value) for one in kind)
    return {int: "INT", float: "NUMBER"}.get(kind, "TEXT")


def _default(option: Any) -> str:
    default = option.default
    if default is None or default is False or not option.show_default or callable(default):
        return ""
    if isinstance(default, enum.Enum):
        default = default.value
    return "" if default in ((), []) else str(default)


def _meaning(option: Any) -> str:
    notes = [sentence(option.help or "")]
    if option.required:
        notes.append("Required.")
    if option.multiple and "repeated" not in notes[0]:
        notes.append("May be repeated.")
    if option.envvar:
        notes.append(f"Environment: `{option.envvar}`.")
    return " ".join(filter(None, notes))
