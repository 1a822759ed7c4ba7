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
#: the token of each request, as in the file of ``--token-file``
TOKEN = "STATEHOLD_TOKEN"
#: headers of each request, one ``Name: value`` a line, as ``--header``
HEADER = "STATEHOLD_HEADER"
#: how a server knows its callers, as ``--auth``
AUTH = "STATEHOLD_AUTH"
#: names that a server answers to, separated by spaces, as ``--allowed-host``
ALLOWED_HOST = "STATEHOLD_ALLOWED_HOST"
#: addresses of the proxy, separated by spaces, as ``--proxy-address``
PROXY_ADDRESS = "STATEHOLD_PROXY_ADDRESS"
#: the proxy's headers, as ``--proxy-caller``, ``--proxy-roles`` and ``--proxy-teams``
PROXY_CALLER = "STATEHOLD_PROXY_CALLER"
PROXY_ROLES = "STATEHOLD_PROXY_ROLES"
PROXY_TEAMS = "STATEHOLD_PROXY_TEAMS"
#: the OpenID provider, as the options that begin with ``--oidc-``
OIDC_ISSUER = "STATEHOLD_OIDC_ISSUER"
OIDC_AUDIENCE = "STATEHOLD_OIDC_AUDIENCE"
OIDC_CLIENT_ID = "STATEHOLD_OIDC_CLIENT_ID"
OIDC_SCOPE = "STATEHOLD_OIDC_SCOPE"
OIDC_RESOURCE = "STATEHOLD_OIDC_RESOURCE"
OIDC_NAME_CLAIM = "STATEHOLD_OIDC_NAME_CLAIM"
OIDC_ROLES_CLAIM = "STATEHOLD_OIDC_ROLES_CLAIM"
OIDC_TEAMS_CLAIM = "STATEHOLD_OIDC_TEAMS_CLAIM"
OIDC_MACHINES_CLAIM = "STATEHOLD_OIDC_MACHINES_CLAIM"
OIDC_LEEWAY = "STATEHOLD_OIDC_LEEWAY"
OIDC_CA = "STATEHOLD_OIDC_CA"
#: the files of the certificate and its key, as ``--tls-certificate`` and ``--tls-key``
TLS_CERTIFICATE = "STATEHOLD_TLS_CERTIFICATE"
TLS_KEY = "STATEHOLD_TLS_KEY"
#: the role that may act by hand, as ``--act-role``
ACT_ROLE = "STATEHOLD_ACT_ROLE"
#: the role that may read the metrics, as ``--metrics-role``
METRICS_ROLE = "STATEHOLD_METRICS_ROLE"
#: the role that may read the audit log, as ``--audit-role``
AUDIT_ROLE = "STATEHOLD_AUDIT_ROLE"
#: the socket that a server process leaves to its successor; ``serve`` sets it
LISTENER = "STATEHOLD_LISTENER"
