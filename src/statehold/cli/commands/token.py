"""``token``: who may call a server that is started with ``--auth tokens``."""

from __future__ import annotations

import asyncio
import getpass
import os
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import typer
from msgspec.structs import replace

from statehold.chart.access import is_machine
from statehold.cli import render
from statehold.cli.arguments import read_age
from statehold.cli.options import DirectStore, Json, Schema, StoreAddress
from statehold.cli.outcome import NotDone, UsageError
from statehold.cli.terminal import Terminal, print_json
from statehold.errors import NotFound
from statehold.instance.audited import audit_entry
from statehold.plain.text import CONTROLS, name_fault
from statehold.records import AuditEntry, Caller
from statehold.security import StoredToken
from statehold.server.authenticators.token_text import new_token
from statehold.stores import StoreOptions
from statehold.stores.security import SecurityStore, open_security

tokens = typer.Typer(no_args_is_help=True, help="Tokens of callers, for serve --auth tokens.")

#: tokens of one store
MOST = 10_000
#: how long a token is good at most
LONGEST = timedelta(days=366)
DEFAULT_EXPIRY = "90d"
DEFAULT_OVERLAP = "1d"
#: characters of a name, and how many a token has of each kind
NAME_LENGTH = 200
NAMES = 64

#: as servers refuse them in names and roles
_CONTROL = re.compile(f"[{CONTROLS}]")

_Id = Annotated[str, typer.Argument(metavar="ID", help="As `token list` shows it.")]
_Expires = Annotated[
    str,
    typer.Option("--expires", metavar="AGE", help="How long it is good, like 90d; 366d at most."),
]


@tokens.command()
def create(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The caller's name.")],
    store: StoreAddress,
    role: Annotated[list[str] | None, typer.Option(help="A role of it; may be repeated.")] = None,
    team: Annotated[list[str] | None, typer.Option(help="A team of it; may be repeated.")] = None,
    machine: Annotated[
        list[str] | None,
        typer.Option(
            help="A machine that it may use, by its name or by how the name begins (shop.*); may "
            "be repeated. Default: all that its roles permit."
        ),
    ] = None,
    expires: _Expires = DEFAULT_EXPIRY,
    schema: Schema = None,
    direct_store: DirectStore = None,
    json: Json = False,
) -> None:
    """Make a token, and print it: it is shown this once."""
    now = datetime.now(UTC)
    roles, teams = _names("role", role or ()), _names("team", team or ())
    machines = None if not machine else _names("machine", machine)
    if any(map(is_machine, roles)):
        raise UsageError("--role begins with 'machine:', which is for messages of machines")
    _names("name", [name])
    ends = now + _expiry(expires)

    async def keep() -> str:
        async with _open(store, schema, direct_store) as kept:
            # an id that is there already has never been seen
            for _ in range(3):
                made = new_token()
                token = StoredToken(
                    id=made.id,
                    name=name,
                    digest=made.digest,
                    roles=roles,
                    teams=teams,
                    machines=machines,
                    created_at=now,
                    created_by=_user(),
                    expires_at=ends,
                )
                about = f"{made.id} of {name!r}, roles: {', '.join(roles) or 'none'}"
                if await kept.add_token(token, MOST, [_act(now, "token.create", about)]):
                    return made.text
        raise NotDone(f"the store has {MOST} tokens, the limit; revoked ones go as they expire")

    text = asyncio.run(keep())
    if json:
        print_json({"token": text, "name": name, "expires_at": ends})
        return
    print(text)
    Terminal(stderr=True).say(
        ("kept nowhere: ", "bold"), f"put it where {name} finds it; good until {ends:%Y-%m-%d}"
    )


@tokens.command("list")
def list_(
    store: StoreAddress, schema: Schema = None, direct_store: DirectStore = None, json: Json = False
) -> None:
    """List tokens, without their secrets."""

    async def read() -> list[StoredToken]:
        async with _open(store, schema, direct_store) as kept:
            found: list[StoredToken] = []
            while page := await kept.tokens(found[-1].id if found else "", 1_000):
                found += page
            return found

    now = datetime.now(UTC)
    found = sorted(asyncio.run(read()), key=lambda one: (one.name, one.id))
    if json:
        print_json([_shown(one, now) for one in found])
    elif found:
        Terminal().show(render.tokens([_shown(one, now) for one in found]))
    else:
        Terminal().say(("none", "green"), ": no tokens")


@tokens.command()
def revoke(
    id: _Id, store: StoreAddress, schema: Schema = None, direct_store: DirectStore = None
) -> None:
    """Revoke a token: servers refuse it within 5 seconds."""
    now = datetime.now(UTC)

    async def end() -> None:
        async with _open(store, schema, direct_store) as kept:
            audit = [_act(now, "token.revoke", id)]
            if await kept.revoke_token(id, now, audit) is None:
                if (await kept.tokens_of([id])).get(id) is None:
                    raise _unknown(id)
                raise NotDone(f"the token {id} was revoked before")

    asyncio.run(end())
    Terminal().say(("revoked", "green"), f" {id}; servers refuse it within 5 s")


@tokens.command()
def rotate(
    id: _Id,
    store: StoreAddress,
    expires: _Expires = DEFAULT_EXPIRY,
    overlap: Annotated[
        str,
        typer.Option(metavar="AGE", help="How long the secret before is good still, like 1d."),
    ] = DEFAULT_OVERLAP,
    schema: Schema = None,
    direct_store: DirectStore = None,
    json: Json = False,
) -> None:
    """Give a token a new secret, and print it: it is shown this once."""
    now = datetime.now(UTC)
    ends, old_until = now + _expiry(expires), now + _age("--overlap", overlap)

    async def change() -> tuple[str, datetime]:
        async with _open(store, schema, direct_store) as kept:
            token = (await kept.tokens_of([id])).get(id)
            if token is None:
                raise _unknown(id)
            if token.revoked_at is not None:
                raise NotDone(f"the token {id} is revoked; make a new one")
            made = new_token(id)
            # what has expired is not good again
            until = min(old_until, token.expires_at)
            rotated = replace(
                token,
                digest=made.digest,
                old_digest=token.digest,
                old_until=until,
                expires_at=ends,
            )
            audit = [_act(now, "token.rotate", f"{id} of {token.name!r}")]
            if not await kept.rotate_token(rotated, token.digest, audit):
                raise NotDone(f"the token {id} was rotated or revoked at the same time; look again")
            return made.text, until

    text, until = asyncio.run(change())
    if json:
        print_json({"token": text, "id": id, "expires_at": ends, "old_until": until})
        return
    print(text)
    Terminal(stderr=True).say(
        ("rotated", "green"),
        f" {id}; the secret before is good until {until:%Y-%m-%d %H:%M} UTC",
    )


@asynccontextmanager
async def _open(
    store: str, schema: str | None, direct_store: str | None
) -> AsyncIterator[SecurityStore]:
    options = StoreOptions(schema=schema, direct_store=direct_store)
    async with open_security(store, options) as kept:
        yield kept


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        # a container whose user has no name
        return f"uid {os.getuid()}"


def _act(now: datetime, action: str, detail: str) -> AuditEntry:
    """By the user of this machine, whom nothing proves."""
    return audit_entry(now, Caller(_user()), action, detail=detail)


def _unknown(id: str) -> NotFound:
    return NotFound(f"there is no token {id[:60]!r}; `statehold token list` shows their ids")


def _names(kind: str, given: Sequence[str]) -> tuple[str, ...]:
    """Raises ``UsageError``."""
    if len(given) > NAMES:
        raise UsageError(f"{len(given)} of --{kind}: a token has {NAMES} at most")
    for one in given:
        fault = name_fault(one, NAME_LENGTH)
        if fault is None and (not one or one != one.strip() or _CONTROL.search(one)):
            fault = f"{ascii(one)[:60]} is empty, has control characters, or spaces at its ends"
        if fault is not None:
            raise UsageError(f"--{kind}: {fault}" if kind != "name" else f"NAME: {fault}")
    return tuple(dict.fromkeys(given))


def _expiry(text: str) -> timedelta:
    age = _age("--expires", text)
    if not age:
        raise UsageError(f"--expires {text}: the token would be good for no time at all")
    if age > LONGEST:
        raise UsageError(f"--expires {text}: a token is good for {LONGEST.days}d at most")
    return age


def _age(option: str, text: str) -> timedelta:
    try:
        age = read_age(text)
    except UsageError as error:
        raise UsageError(f"{option}: {error}") from None
    if age > timedelta(days=10_000):
        raise UsageError(f"{option} {text[:40]}: it is too long")
    return age


def _shown(token: StoredToken, now: datetime) -> dict[str, Any]:
    is_over = token.expires_at <= now
    return {
        "id": token.id,
        "name": token.name,
        "status": "revoked" if token.revoked_at else "expired" if is_over else "good",
        "roles": list(token.roles),
        "teams": list(token.teams),
        "machines": None if token.machines is None else list(token.machines),
        "created_at": token.created_at,
        "created_by": token.created_by,
        "expires_at": token.expires_at,
        "used_at": token.used_at,
        "revoked_at": token.revoked_at,
    }
