"""Which configurations can be reached: the search itself reads the interpreter's decision trees
and stands beside them, where the upgrade planner finds it too."""

from statehold.interpreter.explore import SEARCH_LIMIT, Reachable, reachable

__all__ = ["SEARCH_LIMIT", "Reachable", "reachable"]
