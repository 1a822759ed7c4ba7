"""Simulation: one instance without an engine, driven by scripts or by random choices."""
