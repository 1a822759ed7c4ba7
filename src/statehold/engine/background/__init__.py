"""The tasks of a worker: effects, timers, messages, membership, takeover from dead workers."""
