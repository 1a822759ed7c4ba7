"""Every bound of the engine, in one place."""

from __future__ import annotations

from dataclasses import dataclass

from statehold.instance.limits import InstanceLimits

#: positions of the store's server are kept for a little longer than that
LONGEST_READ_LAG_SECONDS = 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits(InstanceLimits):
    """Counts, bytes and seconds. A value that is reached has a named error."""

    #: requests that wait for a commit; one more is ``Overloaded``
    waiting: int = 20_000
    #: requests in one commit
    batch: int = 512
    #: turns at once, where a server commits: one is applied while another is committed
    turns: int = 2
    #: instances kept decoded between turns
    cached: int = 20_000
    #: bytes of their documents and data as JSON; decoded, they take a few times as much
    cached_bytes: int = 128_000_000
    #: how long the expressions of one step may take, in time of the processor; beyond it the step
    #: is refused. Python code can't be interrupted: what takes longer is logged and counted
    step_seconds: float = 0.5
    #: times that a lost compare-and-set is repeated before it is ``StoreUnavailable``
    conflicts: int = 20
    #: attempts of effects that run at once, of coroutine functions; one effect of a machine may
    #: have three times as many as are then still free, so that others find some
    effects: int = 1_000
    #: the same of plain functions, each in a thread of its own
    threads: int = 32
    #: attempts that wait in this worker for a slot, of each kind; more wait in the store, for any
    #: worker that has a free slot
    effects_waiting: int = 1_000
    #: calls that run on after their time was up, of each kind; while there are so many, further
    #: attempts fail with ``TooManyHung``
    hung: int = 64
    #: how long an attempt that was cancelled is waited for
    cancel_seconds: float = 5.0
    #: instances woken, or messages delivered, in one round
    page: int = 500
    #: how often the store is polled for what is due
    poll_seconds: float = 1.0
    #: the same, for each worker alive, where nothing was due for a while and workers share the
    #: store
    idle_seconds: float = 5.0
    #: how often a worker renews its lease, where workers share the store
    heartbeat_seconds: float = 5.0
    #: how long a lease lasts; a dead worker's work is taken over when it is over, and so within
    #: two heartbeats
    lease_seconds: float = 9.0
    #: how long what is due is claimed for the worker that found it; no longer than the lease is
    #: longer than a heartbeat, so that a dead worker's claims are over when its lease is
    claim_seconds: float = 4.0
    #: how far lists and counts may be behind that are read from a standby; beyond it, the store's
    #: own server answers
    read_lag_seconds: float = 10.0
    #: how long a graceful stop waits for running effects, before it cancels them
    grace_seconds: float = 10.0
    #: how long a resource may take to open, and all of them together to close
    resource_seconds: float = 10.0
    #: attempts of a timer whose step fails, before it is an incident
    timer_attempts: int = 5
    #: times that an effect is taken over from a worker that died, before it is an incident
    takeovers: int = 10
    #: machines deployed to a store
    documents: int = 500
    #: bytes of one document
    document_bytes: int = 1_000_000
    #: deployments that wait for the one that is checked; one more is ``Overloaded``
    puts: int = 8
    #: seconds that each of reading a document, checking it and planning its upgrade may take
    put_seconds: float = 30.0
    #: how often finished instances are looked for that were kept long enough
    purge_seconds: float = 60.0
    #: instances that are purged in one transaction
    purge_page: int = 50
    #: journal entries that are taken out in one transaction
    purge_entries: int = 500
    #: how long those that are being purged are claimed for the worker that found them
    purge_claim_seconds: float = 60.0
    #: instances in doubt after failed commits that are kept one by one; beyond it all are looked at
    #: that this worker performs effects of
    doubtful: int = 10_000
    #: microsteps that the static checks follow when an engine opens, in each machine; 0: the
    #: machines are not checked
    check_steps: int = 1_000
    #: lines that refusals add to the audit log in a second, a fifth of them for one caller; what is
    #: beyond is counted in one line
    audit_lines: int = 50
    #: lines that wait while the store can't be written
    audit_waiting: int = 10_000
    #: how many days the audit log is kept
    audit_days: float = 400.0
    #: bytes of one file of an archive; a line that is begun below goes beyond
    archive_bytes: int = 256_000_000

    def __post_init__(self) -> None:
        """Raises ``ValueError`` for times that would let live workers be taken for dead, and for a
        lag that can't be measured."""
        if not 0 <= self.read_lag_seconds <= LONGEST_READ_LAG_SECONDS:
            raise ValueError(
                f"a lag of {self.read_lag_seconds:g} s can't be allowed: read_lag_seconds is 0 to "
                f"{LONGEST_READ_LAG_SECONDS:g}, as no longer one is measured"
            )
        longer = self.lease_seconds - self.heartbeat_seconds
        if longer <= 0:
            raise ValueError(
                f"a lease of {self.lease_seconds:g} s is over before the next heartbeat, after "
                f"{self.heartbeat_seconds:g} s; make lease_seconds nearly twice heartbeat_seconds"
            )
        if self.claim_seconds > longer:
            raise ValueError(
                f"claims of {self.claim_seconds:g} s outlast a dead worker's lease; the lease is "
                f"{longer:g} s longer than a heartbeat, and claim_seconds can be no more"
            )
