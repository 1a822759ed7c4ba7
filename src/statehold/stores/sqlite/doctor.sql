-- The queries of `statehold doctor`; the same as in postgres/doctor.sql, where they are
-- explained. There are no claims and no leases: one process has the file.

-- name: machines
SELECT DISTINCT machine FROM charts ORDER BY machine LIMIT 1000

-- name: charts
SELECT machine, version, chart, stored_at FROM charts WHERE machine = ? ORDER BY version

-- name: counts
SELECT version, status, state, sum(instances) FROM configurations
WHERE machine = ? AND instances <> 0
GROUP BY version, status, state

-- name: overdue
SELECT count(*), min(wake_at) FROM (
    SELECT wake_at FROM instances WHERE machine = ? AND wake_at < ? ORDER BY wake_at LIMIT ?
)

-- name: incidents
SELECT machine, count(*), sum(min(incidents, 1000000)), min(changed_at)
FROM instances INDEXED BY incidents_by_age WHERE incidents > 0
GROUP BY machine
ORDER BY machine

-- name: unreadable
SELECT machine, id, why FROM aside ORDER BY machine, id LIMIT ?

-- name: documents
SELECT machine, id, document FROM (
    SELECT machine, id, document FROM instances ORDER BY place DESC LIMIT ?
) AS newest
WHERE length(document) <= ?

-- name: holders
SELECT held_by, count(*) FROM instances WHERE held_by IS NOT NULL GROUP BY held_by LIMIT 1000

-- name: waiting_mail
SELECT coalesce(due_at, sent_at), writer, rev, ordinal, partition, to_machine FROM mailbox
WHERE held = 0 AND (due_at IS NULL OR due_at < ?)
LIMIT ?

-- name: still_there
SELECT 1 FROM mailbox WHERE writer = ? AND rev = ? AND ordinal = ? AND held = 0

-- name: addressees
SELECT DISTINCT to_machine FROM (SELECT to_machine FROM mailbox LIMIT ?)

-- name: held_mail
SELECT to_machine, to_id, count(*) AS messages
FROM (SELECT to_machine, to_id FROM mailbox WHERE held = 1 LIMIT ?)
GROUP BY to_machine, to_id
ORDER BY 3 DESC, 1, 2

-- name: misplaced_instances
SELECT machine || '/' || id
FROM (SELECT machine, id, partition FROM instances ORDER BY place DESC LIMIT ?)
WHERE partition <> partition_of(CAST(machine || '/' || id AS BLOB))
LIMIT ?

-- name: misplaced_messages
SELECT writer || '.' || rev || '.' || ordinal
FROM (SELECT * FROM mailbox LIMIT ?)
WHERE (held OR sender_id IS NOT NULL)
  AND partition <> partition_of(CAST(to_machine || '/' || to_id AS BLOB))
  AND (held OR partition <> partition_of(CAST(sender_machine || '/' || sender_id AS BLOB)))
LIMIT ?
