"""The engine over HTTP."""

from statehold.server.app import create_app, create_probes
from statehold.server.auth import by_headers
from statehold.server.bounds import Bounds
from statehold.server.problems import Forbidden, Unauthorized
from statehold.server.routes import router

__all__ = [
    "Bounds",
    "Forbidden",
    "Unauthorized",
    "by_headers",
    "create_app",
    "create_probes",
    "router",
]
