"""``doctor``: how its findings look."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Annotated

import msgspec
import typer

from statehold.cli import environment
from statehold.cli.offering import load_offered
from statehold.cli.options import DirectStore, Json, Offer, Schema, TokenFile
from statehold.cli.outcome import DONE, REFUSED, UsageError
from statehold.cli.session import token_of
from statehold.cli.targets import load_machines
from statehold.cli.terminal import Terminal, count_of, print_json
from statehold.client.credentials import checked_token
from statehold.doctor import Finding, examine
from statehold.doctor.finding import is_wrong
from statehold.stores import StoreOptions

_STYLES = {"error": "bold red", "warning": "yellow", "note": "dim"}
_ORDER = {"error": 0, "warning": 1, "note": 2}


def doctor(
    targets: Annotated[
        list[str] | None,
        typer.Argument(metavar="[TARGET...]", help="The machines that are deployed."),
    ] = None,
    store: Annotated[
        str | None,
        typer.Option(
            envvar=environment.STORE, help="sqlite:///FILE or postgresql://USER@HOST/DATABASE"
        ),
    ] = None,
    schema: Schema = None,
    direct_store: DirectStore = None,
    server: Annotated[
        str | None, typer.Option(envvar=environment.URL, help="A server, as its clients reach it.")
    ] = None,
    token_file: TokenFile = None,
    offer: Offer = None,
    json: Json = False,
) -> None:
    """Report problems of a deployment, and what to do about them."""
    if store is None and server is None:
        raise UsageError("say what to look at: --store, --server, or both")
    options = StoreOptions(schema=schema, direct_store=direct_store)
    machines = load_machines(targets or [], load_offered(offer or ()))
    token = token_of(token_file)
    try:
        sent = {} if token is None else {"Authorization": f"Bearer {checked_token(token)}"}
    except ValueError as error:
        raise UsageError(f"{token_file or environment.TOKEN}: {error}") from None
    found = asyncio.run(examine(store, machines, server, options=options, headers=sent))
    found.sort(key=lambda finding: _ORDER[finding.severity])
    if json:
        print_json(msgspec.to_builtins(found))
    else:
        _print(found)
    raise typer.Exit(REFUSED if is_wrong(found) else DONE)


def _print(findings: Sequence[Finding]) -> None:
    console = Terminal()
    for finding in findings:
        style = _STYLES[finding.severity]
        console.say((finding.severity, style), " ", (finding.code, "dim"), f" {finding.what}")
        if finding.means:
            console.say(f"  {finding.means}")
        if finding.do:
            console.say("  ", ("do", "green"), f" {finding.do}")
    wrong = [finding for finding in findings if finding.severity != "note"]
    if wrong:
        console.say((f"{count_of(len(wrong), 'thing')} to look at", "bold"))
    else:
        console.say(("nothing is wrong", "green"))
