"""Common machines, each no longer than elsewhere."""
