"""Who sends a request: one file for each way of knowing it."""

from statehold.server.authenticators.base import Authenticate, Authenticator
from statehold.server.authenticators.loopback import Loopback
from statehold.server.authenticators.proxy import Proxy

__all__ = ["Authenticate", "Authenticator", "Loopback", "Proxy"]
