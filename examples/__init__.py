"""Example machines, one idea a folder, each with its tests."""
