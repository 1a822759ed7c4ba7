"""Exploration: every configuration that a machine can reach, and properties of its runs."""
