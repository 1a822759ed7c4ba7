"""A second PostgreSQL server that follows a first one, and can take its place."""

from __future__ import annotations

import time
from collections.abc import Mapping

from tests.servers.postgres import USER, PostgresServer, Setting
from tests.servers.programs import PostgresError, find_programs

_POLL_SECONDS = 0.02


class Standby(PostgresServer):
    """A hot standby of a server that runs; ``start()`` copies it and follows it. From then on, if
    it is ``synchronous``, the first one's commits wait for this one, so that nothing that was
    acknowledged is lost with it.

    Needs ``pg_basebackup`` beside the other programs: ``Standby.is_possible()``.
    """

    def __init__(
        self,
        primary: PostgresServer,
        *,
        synchronous: bool = True,
        settings: Mapping[str, Setting] | None = None,
    ) -> None:
        super().__init__(settings=settings)
        self._primary = primary
        self._is_synchronous = synchronous

    @staticmethod
    def is_possible() -> bool:
        return (find_programs() / "pg_basebackup").exists()

    def start(self) -> None:
        super().start()
        if not self._is_synchronous:
            return
        self._primary.execute("ALTER SYSTEM SET synchronous_standby_names = '*'")
        self._primary.execute("SELECT pg_reload_conf()")

    def promote(self) -> None:
        """It can be written from now on; waits until it can."""
        self.execute("SELECT pg_promote(true, 60)")

    def pause_replay(self) -> None:
        """It replays what there is, and nothing of what comes from now on."""
        self.catch_up()
        self.execute("SELECT pg_wal_replay_pause()")
        self.wait("SELECT pg_get_wal_replay_pause_state() = 'paused'")

    def resume_replay(self) -> None:
        """It replays again, and has replayed what there is."""
        self.execute("SELECT pg_wal_replay_resume()")
        self.catch_up()

    def catch_up(self) -> None:
        """Returns once it has replayed all that its primary has flushed by now."""
        flushed = self._primary.execute("SELECT pg_current_wal_flush_lsn()")
        self.wait(f"SELECT pg_last_wal_replay_lsn() >= '{flushed}'")

    def wait(self, condition: str) -> None:
        """Returns once a query says yes."""
        deadline = time.monotonic() + self.patience_seconds
        while self.execute(condition) != "t":
            if time.monotonic() > deadline:
                raise PostgresError(f"{condition} is not true after {self.patience_seconds} s")
            time.sleep(_POLL_SECONDS)

    def _fill(self) -> None:
        self._run(
            "pg_basebackup", "--no-sync", "--checkpoint=fast", "--wal-method=stream",
            "--write-recovery-conf", f"--pgdata={self.folder / 'data'}",
            "--host=127.0.0.1", f"--port={self._primary.port}", f"--username={USER}",
        )  # fmt: skip
