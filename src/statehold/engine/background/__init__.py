"""The background tasks of a worker: effects, timers, messages, leases, takeover of dead workers."""
