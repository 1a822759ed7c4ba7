"""A second PostgreSQL server that follows a first one, and can take its place."""

from __future__ import annotations

from tests.servers.postgres import USER, PostgresServer
from tests.servers.programs import find_programs


class Standby(PostgresServer):
    """A hot standby of a server that runs; ``start()`` copies it and follows it. From then on the
    first one's commits wait for this one, so that nothing that was acknowledged is lost with it.

    Needs ``pg_basebackup`` beside the other programs: ``Standby.is_possible()``.
    """

    def __init__(self, primary: PostgresServer) -> None:
        super().__init__()
        self._primary = primary

    @staticmethod
    def is_possible() -> bool:
        return (find_programs() / "pg_basebackup").exists()

    def start(self) -> None:
        super().start()
        self._primary.execute("ALTER SYSTEM SET synchronous_standby_names = '*'")
        self._primary.execute("SELECT pg_reload_conf()")

    def promote(self) -> None:
        """It can be written from now on; waits until it can."""
        self.execute("SELECT pg_promote(true, 60)")

    def _fill(self) -> None:
        self._run(
            "pg_basebackup", "--no-sync", "--checkpoint=fast", "--wal-method=stream",
            "--write-recovery-conf", f"--pgdata={self.folder / 'data'}",
            "--host=127.0.0.1", f"--port={self._primary.port}", f"--username={USER}",
        )  # fmt: skip
