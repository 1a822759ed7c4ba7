"""Access tokens of an OpenID provider. Needs the extra ``oidc``."""

from statehold.server.authenticators.oidc.authenticator import Oidc
from statehold.server.authenticators.oidc.provider import ProviderUnavailable
from statehold.server.authenticators.oidc.settings import OidcSettings, WrongSettings

__all__ = ["Oidc", "OidcSettings", "ProviderUnavailable", "WrongSettings"]
