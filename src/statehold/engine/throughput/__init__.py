"""Counts of transitions and of time spent in states."""
