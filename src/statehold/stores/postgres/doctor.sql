-- The queries of `statehold doctor`. Nothing here writes or reads all instances: long results
-- end at a limit.

-- name: settings
SELECT name, setting FROM pg_settings
WHERE name IN (
    'autovacuum', 'fsync', 'full_page_writes', 'max_connections', 'server_version',
    'server_version_num', 'superuser_reserved_connections', 'synchronous_commit', 'track_counts'
)

-- name: server
SELECT clock_timestamp() AS now, pg_is_in_recovery() AS is_standby,
       current_setting('transaction_read_only') = 'on' AS is_read_only,
       pg_has_role(current_user, 'pg_read_all_stats', 'USAGE') AS sees_all,
       pg_encoding_to_char(d.encoding) AS encoding, pg_database_size(d.oid) AS bytes,
       age(d.datfrozenxid) AS frozen_age
FROM pg_database AS d WHERE d.datname = current_database()

-- name: now
SELECT clock_timestamp() AS now

-- name: connections
SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'

-- name: old_transactions
-- Whatever the database: the oldest transaction of a server keeps rows from being removed where it
-- could see them.
SELECT pid, usename, application_name, state, clock_timestamp() - xact_start AS age,
       clock_timestamp() - state_change AS state_age
FROM pg_stat_activity
WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()
  AND datname = current_database() AND xact_start < clock_timestamp() - $1::interval
ORDER BY xact_start
LIMIT 20

-- name: prepared_transactions
SELECT gid, clock_timestamp() - prepared AS age FROM pg_prepared_xacts
WHERE database = current_database() AND prepared < clock_timestamp() - $1::interval
ORDER BY prepared
LIMIT 20

-- name: idle_slots
SELECT slot_name, pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn)::bigint AS bytes
FROM pg_replication_slots
WHERE NOT active AND restart_lsn IS NOT NULL
ORDER BY restart_lsn
LIMIT 20

-- name: tables
SELECT c.relname AS name, pg_table_size(c.oid) AS bytes, pg_indexes_size(c.oid) AS index_bytes,
       coalesce(s.n_live_tup, 0) AS alive, coalesce(s.n_dead_tup, 0) AS dead,
       greatest(s.last_vacuum, s.last_autovacuum) AS vacuumed_at,
       coalesce('autovacuum_enabled=false' = ANY (c.reloptions)
                OR 'autovacuum_enabled=off' = ANY (c.reloptions), false) AS is_unvacuumed
FROM pg_class AS c LEFT JOIN pg_stat_user_tables AS s ON s.relid = c.oid
WHERE c.oid = ANY (
    SELECT to_regclass(name)
    FROM unnest(ARRAY['instances', 'journal', 'mailbox', 'lookups', 'configurations', 'counts',
                      'charts', 'workers', 'fences', 'deliverers']) AS name
)
ORDER BY pg_total_relation_size(c.oid) DESC

-- name: broken_indexes
SELECT i.indexrelid::regclass::text AS name FROM pg_index AS i
WHERE NOT i.indisvalid AND i.indrelid = ANY (
    SELECT to_regclass(name)
    FROM unnest(ARRAY['instances', 'journal', 'mailbox', 'lookups', 'configurations', 'counts',
                      'charts', 'documents', 'workers', 'fences', 'deliverers']) AS name
)

-- name: workers
SELECT id, lease_until - clock_timestamp() AS remaining FROM workers ORDER BY id LIMIT 1000

-- name: lonely_fences
SELECT DISTINCT f.worker FROM fences AS f
WHERE NOT EXISTS (SELECT 1 FROM workers AS w WHERE w.id = f.worker)
ORDER BY f.worker LIMIT 20

-- name: machines
SELECT DISTINCT machine FROM charts ORDER BY machine LIMIT 1000

-- name: charts
SELECT machine, version, chart, stored_at FROM charts WHERE machine = $1 ORDER BY version

-- name: counts
SELECT c.version, c.status, c.state, sum(n.instances)::bigint AS instances
FROM configurations AS c JOIN counts AS n ON n.configuration = c.number
WHERE c.machine = $1
GROUP BY c.version, c.status, c.state
HAVING sum(n.instances) <> 0

-- name: overdue
SELECT count(*) AS instances, min(wake_at) AS oldest FROM (
    SELECT wake_at FROM instances
    WHERE machine = $1 AND wake_at < $2
    ORDER BY wake_at
    LIMIT $3
) AS late

-- name: incidents
SELECT machine, count(*) AS instances, sum(incidents)::bigint AS incidents,
       min(incident_since) AS oldest
FROM instances WHERE incident_since IS NOT NULL
GROUP BY machine
ORDER BY machine

-- name: unreadable
SELECT machine, id, why FROM aside ORDER BY machine, id LIMIT $1

-- name: documents
SELECT machine, id, document FROM (
    SELECT one.machine, one.id, one.document
    FROM configurations AS c
    CROSS JOIN LATERAL (
        SELECT i.machine, i.id, i.document, i.created_at FROM instances AS i
        WHERE i.configuration = c.number
        ORDER BY i.created_at DESC
        LIMIT $1
    ) AS one
    ORDER BY one.created_at DESC
    LIMIT $1
) AS newest
WHERE octet_length(document) <= $2

-- name: holders
SELECT held_by, count(*) AS instances FROM instances WHERE held_by IS NOT NULL
GROUP BY held_by
LIMIT 1000

-- name: waiting_mail
SELECT coalesce(due_at, sent_at), writer, rev, ordinal, partition, to_machine FROM mailbox
WHERE NOT held AND (due_at IS NULL OR due_at < $1)
LIMIT $2

-- name: still_there
-- In whatever partition: one that was only moved was not delivered.
SELECT m.writer, m.rev, m.ordinal
FROM unnest($1::bigint[], $2::bigint[], $3::bigint[]) AS u (writer, rev, ordinal)
CROSS JOIN LATERAL (
    SELECT * FROM mailbox AS one
    WHERE one.writer = u.writer AND one.rev = u.rev AND one.ordinal = u.ordinal AND NOT one.held
    LIMIT 1
) AS m

-- name: addressees
SELECT DISTINCT to_machine FROM (SELECT to_machine FROM mailbox LIMIT $1) AS first

-- name: held_mail
SELECT to_machine, to_id, count(*) AS messages
FROM (SELECT to_machine, to_id FROM mailbox WHERE held LIMIT $1) AS first
GROUP BY to_machine, to_id
ORDER BY 3 DESC, 1, 2

-- name: misplaced_instances
-- statehold.store.partition_of, in SQL.
SELECT machine || '/' || id AS name
FROM (SELECT machine, id, partition FROM instances LIMIT $1) AS first
WHERE partition <> get_byte(sha256(convert_to(machine || '/' || id, 'UTF8')), 0) & 63
LIMIT $2

-- name: misplaced_messages
-- It waits where it was written: by its receiver, if it is held, else by its sender; or it has been
-- forwarded to its receiver's. Who has written it if it has no sender is not known here.
SELECT writer || '.' || rev || '.' || ordinal AS name
FROM (SELECT * FROM mailbox LIMIT $1) AS first
WHERE (held OR sender_id IS NOT NULL)
  AND partition <> get_byte(sha256(convert_to(to_machine || '/' || to_id, 'UTF8')), 0) & 63
  AND (held OR partition <>
       get_byte(sha256(convert_to(sender_machine || '/' || sender_id, 'UTF8')), 0) & 63)
LIMIT $2
