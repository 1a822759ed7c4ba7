"""Who sends a request: one file for each way of knowing it."""

from statehold.server.authenticators.base import Authenticate, Authenticator
from statehold.server.authenticators.loopback import Loopback
from statehold.server.authenticators.proxy import Proxy
from statehold.server.authenticators.tokens import Tokens

__all__ = ["Authenticate", "Authenticator", "Loopback", "Proxy", "Tokens"]
