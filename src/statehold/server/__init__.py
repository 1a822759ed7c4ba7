"""The engine over HTTP."""

from statehold.chart.access import ServerAccess
from statehold.errors import Forbidden
from statehold.server.app import create_app, create_probes
from statehold.server.authenticators import Authenticator, Loopback, Proxy, Tokens
from statehold.server.bounds import Bounds
from statehold.server.problems import Unauthorized
from statehold.server.routes import router

__all__ = [
    "Authenticator",
    "Bounds",
    "Forbidden",
    "Loopback",
    "Proxy",
    "ServerAccess",
    "Tokens",
    "Unauthorized",
    "create_app",
    "create_probes",
    "router",
]
