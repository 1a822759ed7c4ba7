"""Ready-made effects: HTTP requests that machines declare."""

from __future__ import annotations

from statehold.effects.hosts import Hosts
from statehold.effects.http import Requests

__all__ = ["Hosts", "Requests"]
