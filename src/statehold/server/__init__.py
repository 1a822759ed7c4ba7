"""The engine over HTTP."""

from statehold.errors import Forbidden
from statehold.server.app import create_app, create_probes
from statehold.server.auth import by_headers, by_role
from statehold.server.bounds import Bounds
from statehold.server.problems import Unauthorized
from statehold.server.routes import router

__all__ = [
    "Bounds",
    "Forbidden",
    "Unauthorized",
    "by_headers",
    "by_role",
    "create_app",
    "create_probes",
    "router",
]
