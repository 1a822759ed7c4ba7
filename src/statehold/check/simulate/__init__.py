"""Simulation: an instance on its own, moved by scripts and by random choices."""
