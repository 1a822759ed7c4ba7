-- What is asked of a primary and of its standby to know how far the standby is behind. Positions are
-- bytes of the write-ahead log.

-- name: flushed
-- A commit is acknowledged once it is flushed, and a standby gets what is flushed.
SELECT (pg_current_wal_flush_lsn() - '0/0')::bigint,
       left(pg_walfile_name(pg_current_wal_flush_lsn()), 8)

-- name: replayed
SELECT pg_is_in_recovery(), (pg_last_wal_replay_lsn() - '0/0')::bigint

-- name: timeline
-- The receiver's is hidden from roles without pg_read_all_stats; the other one is written with the
-- next restart point.
SELECT greatest((SELECT received_tli FROM pg_stat_wal_receiver),
                (SELECT min_recovery_end_timeline FROM pg_control_recovery()))

-- name: identity
-- A standby is a copy of the whole server: its databases and schemas have the primary's numbers.
SELECT (SELECT system_identifier FROM pg_control_system()) AS server,
       (SELECT oid::bigint FROM pg_database WHERE datname = current_database()) AS database,
       (SELECT oid::bigint FROM pg_namespace WHERE nspname = current_schema()) AS schema
