"""Every environment variable that the package reads (``docs/reference/configuration.md``)."""

from __future__ import annotations

#: the store's address, as ``--store``; unlike a command line it may hold a password
STORE = "STATEHOLD_STORE"
#: the schema of the store's tables, as ``--schema``
SCHEMA = "STATEHOLD_SCHEMA"
#: the PostgreSQL server's own address, as ``--direct-store``
DIRECT_STORE = "STATEHOLD_DIRECT_STORE"
#: the address of a standby of that server, as ``--read-store``
READ_STORE = "STATEHOLD_READ_STORE"
#: the server's address, as ``--url``
URL = "STATEHOLD_URL"
#: the caller's name, as ``--caller``
CALLER = "STATEHOLD_CALLER"
#: the caller's roles, as ``--roles``
ROLES = "STATEHOLD_ROLES"
#: headers of each request, one ``Name: value`` a line, as ``--header``
HEADER = "STATEHOLD_HEADER"
#: the socket that a server process leaves to its successor; ``serve`` sets it
LISTENER = "STATEHOLD_LISTENER"
