"""A server with lively traffic, to look around in: ``python -m examples.demo``."""
