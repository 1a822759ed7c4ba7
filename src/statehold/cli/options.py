"""Arguments and options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from statehold.cli import environment

#: as ``statehold.engine.limits`` has it, which would load the engine for every command
LONGEST_READ_LAG_SECONDS = 3600.0

TARGET_HELP = (
    "module:Class, path.py, or a document: .json, .yaml, .scxml; xstate4:FILE or xstate5:FILE says "
    "the version of XState's JSON, scxml-null:FILE reads a data model that nothing uses"
)

Target = Annotated[str, typer.Argument(metavar="TARGET", help=TARGET_HELP)]
Targets = Annotated[list[str], typer.Argument(metavar="TARGET...", help=TARGET_HELP)]
Offer = Annotated[
    list[str] | None,
    typer.Option(
        "--offer",
        metavar="MODULE",
        help="Offer the functions, effects and machines of a module, or of path.py, to machines "
        "that come as data; may be repeated.",
    ),
]
UsesResources = Annotated[
    list[str] | None,
    typer.Option(
        "--resources",
        metavar="MODULE:NAME",
        help="Give effects what they take by type: a list of resources in a module, or in path.py; "
        "may be repeated.",
    ),
]
AllowHost = Annotated[
    list[str] | None,
    typer.Option(
        "--allow-host",
        metavar="HOST[:PORT]",
        help="Let machines that come as data send requests to this host, over https; may be "
        "repeated.",
    ),
]
Bound = Annotated[
    list[str] | None,
    typer.Option(
        "--bound",
        metavar="NAME=NUMBER",
        help="Set a bound of the HTTP server, such as streams=5000 or caller_share=1; may be "
        "repeated.",
    ),
]
ArchiveTo = Annotated[
    Path | None,
    typer.Option(
        "--archive",
        metavar="DIR",
        help="Write what is purged to this directory first, as JSON lines.",
    ),
]
Keep = Annotated[
    list[str] | None,
    typer.Option(
        "--keep",
        metavar="[MACHINE=]AGE",
        help="Purge what has been finished for this long, like 30d; may be repeated for machines.",
    ),
]
TakesPuts = Annotated[
    bool,
    typer.Option(
        "--put", help="Run the machines that were deployed as data, and let more be deployed."
    ),
]
RunsPuts = Annotated[
    bool, typer.Option("--put", help="Run the machines that were deployed as data, too.")
]
Output = Annotated[Path | None, typer.Option("--output", "-o", help="A file.")]
StoreAddress = Annotated[
    str,
    typer.Option(
        "--store",
        envvar=environment.STORE,
        help="sqlite:///FILE, postgresql://USER@HOST/DATABASE or memory:",
        show_envvar=True,
    ),
]
Schema = Annotated[
    str | None,
    typer.Option(
        "--schema",
        metavar="NAME",
        envvar=environment.SCHEMA,
        help="The schema of the PostgreSQL database that the tables are in, made if need be; left "
        "out, the role's first.",
        show_envvar=True,
    ),
]
DirectStore = Annotated[
    str | None,
    typer.Option(
        "--direct-store",
        metavar="ADDRESS",
        envvar=environment.DIRECT_STORE,
        help="The PostgreSQL server's own address, where --store is that of a pooler by "
        "transactions, such as PgBouncer.",
        show_envvar=True,
    ),
]
ReadStore = Annotated[
    str | None,
    typer.Option(
        "--read-store",
        metavar="ADDRESS",
        envvar=environment.READ_STORE,
        help="A streaming standby of the PostgreSQL server, for lists and counts.",
        show_envvar=True,
    ),
]
ReadLag = Annotated[
    float,
    typer.Option(
        "--read-lag",
        metavar="SECONDS",
        min=0,
        max=LONGEST_READ_LAG_SECONDS,
        help="How far lists and counts of --read-store may be behind; beyond, --store answers.",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print plain JSON, for programs.")]

Url = Annotated[str, typer.Option("--url", envvar=environment.URL, help="The server.")]
CallerName = Annotated[
    str | None,
    typer.Option(
        "--caller", envvar=environment.CALLER, help="The caller's name; kept in the history."
    ),
]
Roles = Annotated[
    str | None,
    typer.Option(
        "--roles",
        envvar=environment.ROLES,
        help="The caller's roles, separated by commas.",
    ),
]
TokenFile = Annotated[
    Path | None,
    typer.Option(
        "--token-file",
        metavar="FILE",
        help="A file with the token to send, as other programs can read a command line. "
        f"Default: {environment.TOKEN}.",
    ),
]
Headers = Annotated[
    list[str],
    typer.Option(
        "--header",
        help="'Name: value', as a server behind authentication wants it; may be repeated. "
        f"Default: the lines of {environment.HEADER}.",
    ),
]

Machine = Annotated[str, typer.Argument(metavar="MACHINE", help="The machine's name.")]
Id = Annotated[str, typer.Argument(metavar="ID", help="The instance's id.")]
Reason = Annotated[str | None, typer.Option(help="Why; kept in the history.")]
Key = Annotated[
    str | None, typer.Option("--key", help="Idempotency key: the same key, the same reply.")
]
