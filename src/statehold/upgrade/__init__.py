"""Version to version: what changed, what becomes of instances, and the carrying over itself."""
