"""What runs machines: group commit, timers, effects, rescue, upgrades, retention."""

from statehold.engine.engine import Engine
from statehold.engine.machines.loader import Deployments
from statehold.engine.retention.policy import Retention

__all__ = ["Deployments", "Engine", "Retention"]
