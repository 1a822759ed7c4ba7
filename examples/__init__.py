"""Machines to learn from, one idea a folder; each has its tests beside it."""
