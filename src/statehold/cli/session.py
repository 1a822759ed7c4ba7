"""The session of a command that calls a server: a client, a console, and their options."""

from __future__ import annotations

import functools
import inspect
import os
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Concatenate, ParamSpec

import anyio
import httpx

from statehold.cli import environment, render, terminal
from statehold.cli.options import CallerName, Headers, Json, Roles, TokenFile, Url
from statehold.cli.outcome import UsageError
from statehold.cli.terminal import Terminal
from statehold.client import AsyncClient
from statehold.client.asynchronous import DEFAULT_URL
from statehold.wire.instances import Reply

P = ParamSpec("P")


@dataclass(frozen=True, slots=True)
class Session:
    """``console`` is stdout; with ``json`` nothing but JSON is printed to it."""

    client: AsyncClient
    console: Terminal
    json: bool

    def print_json(self, value: Any) -> None:
        terminal.print_json(value)

    def print_reply(self, reply: Reply) -> None:
        if self.json:
            self.print_json(reply)
        else:
            self.console.show(render.reply(reply))


def talks(command: Callable[Concatenate[Session, P], Awaitable[None]]) -> Callable[..., None]:
    """Makes a command with the session's options of a coroutine function that takes a session."""

    @functools.wraps(command)
    def run(
        *args: Any,
        url: str,
        caller: str | None,
        roles: str | None,
        token_file: Path | None,
        header: list[str],
        json: bool,
        **kwargs: Any,
    ) -> None:
        async def with_client() -> None:
            async with connect(url, caller, roles, header, token_file) as client:
                await command(Session(client, Terminal(), json), *args, **kwargs)

        anyio.run(with_client)

    _take_options_of_session(run, command)
    return run


def _take_options_of_session(run: Callable[..., None], command: Callable[..., Any]) -> None:
    """Typer reads a command's options from its signature, so that is where they are put."""
    _, *own = inspect.signature(command, eval_str=True).parameters.values()
    keyword = inspect.Parameter.KEYWORD_ONLY
    shared = [
        inspect.Parameter("url", keyword, default=DEFAULT_URL, annotation=Url),
        inspect.Parameter("caller", keyword, default=None, annotation=CallerName),
        inspect.Parameter("roles", keyword, default=None, annotation=Roles),
        inspect.Parameter("token_file", keyword, default=None, annotation=TokenFile),
        inspect.Parameter("header", keyword, default=[], annotation=Headers),
        inspect.Parameter("json", keyword, default=False, annotation=Json),
    ]
    parameters = [*own, *shared]
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}


def connect(
    url: str,
    caller: str | None,
    roles: str | None,
    header: list[str],
    token_file: Path | None = None,
) -> AsyncClient:
    """A client as the options of commands say it; raises ``UsageError``."""
    headers = {}
    # not the option's own `envvar`, which would take every space for the end of a header
    for line in header or os.environ.get(environment.HEADER, "").splitlines():
        name, colon, value = line.partition(":")
        if not colon or not name.strip():
            raise UsageError(f"header {line!r} has no name; write 'Name: value'")
        headers[name.strip()] = value.strip()
    for name, value in headers.items():
        if not (name + value).isascii():
            raise UsageError(f"{name} {value!r} goes into a header, which takes ASCII alone")
    if not re.match(r"https?://[^/]", url, re.IGNORECASE):
        raise UsageError(f"--url {url!r} is no server's address; write http://host:port")
    try:
        return AsyncClient(
            url,
            caller=caller,
            roles=None if roles is None else [role.strip() for role in roles.split(",")],
            token=token_of(token_file),
            headers=headers,
        )
    except ValueError as error:
        raise UsageError(f"{token_file or environment.TOKEN}: {error}") from None
    except httpx.InvalidURL as error:
        raise UsageError(f"--url {url!r} is no server's address: {error}") from None


def token_of(file: Path | None) -> str | None:
    """Raises ``UsageError`` for a file that can't be read."""
    if file is None:
        return os.environ.get(environment.TOKEN) or None
    try:
        return file.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no text"
        raise UsageError(f"--token-file {file}: {why}") from None
