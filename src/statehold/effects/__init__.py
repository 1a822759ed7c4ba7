"""Effects that come ready-made: what machines that come as data may ask of the outside."""

from __future__ import annotations

from statehold.effects.hosts import Hosts
from statehold.effects.http import Requests

__all__ = ["Hosts", "Requests"]
