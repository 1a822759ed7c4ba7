"""What a scenario runs with: the database server, a directory, and the length of its laps."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tests.servers.postgres import PostgresServer


@dataclass(frozen=True, slots=True)
class Scene:
    """``quick``: short laps, to see that it runs. ``long``: with the parts that take minutes."""

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
        """The length of a lap that is ``full`` seconds long if not quick."""
        return full * 0.1 if self.quick else full
