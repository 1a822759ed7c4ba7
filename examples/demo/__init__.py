"""A server with sample traffic: ``python -m examples.demo``."""
