"""What a scenario is given: the database server, a directory, and how long it may take."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tests.servers.postgres import PostgresServer


@dataclass(frozen=True, slots=True)
class Scene:
    """``quick``: only show that it runs. ``long``: with what takes minutes by itself."""

    postgres: PostgresServer
    place: Path
    quick: bool
    long: bool
    sqlite: bool

    def fresh(self, name: str) -> str:
        """The address of a new database for a peer."""
        return self.postgres.create_database(name)

    def fresh_ours(self, name: str) -> str:
        """The address of a new database for ours."""
        return f"sqlite:///{self.place / name}.db" if self.sqlite else self.fresh(name)

    def seconds(self, full: float) -> float:
        """So long a lap takes."""
        return full * 0.1 if self.quick else full
