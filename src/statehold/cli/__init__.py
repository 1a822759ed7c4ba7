"""The command line: ``statehold --help``."""

from statehold.cli.application import main

__all__ = ["main"]
