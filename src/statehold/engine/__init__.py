"""What runs machines: group commit, timers, effects, rescue, upgrades."""

from statehold.engine.engine import Engine

__all__ = ["Engine"]
