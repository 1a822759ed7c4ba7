-- The statements of migrations that copy tables (migrate.py).

-- name: old_configurations
SELECT number, instances, machine, version, status, state, tags, owners
FROM configurations_of_5
WHERE number >= ? ORDER BY number LIMIT ?

-- name: new_configuration
-- Two that were written differently, by hand, may be the same. A sum that is too high ends at the
-- largest number.
INSERT INTO configurations (number, machine, version, status, state, tags, owners, instances)
VALUES (?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (number) DO UPDATE SET instances = CAST(instances + excluded.instances AS INTEGER)

-- name: keep_configuration
-- Byte for byte: Python has no text for some.
INSERT INTO configurations (number, machine, version, status, state, tags, owners, instances)
SELECT number, machine, version, status, state, tags, owners, instances
FROM configurations_of_5 WHERE number = ?

-- name: new_content
SELECT machine, version, status, state, tags, owners FROM configurations WHERE number = ?

-- name: renumber
INSERT INTO renumbered (old, new) VALUES (?, ?)

-- name: sizes_of_instances
-- What SQLite knows of a value's length without reading the value.
SELECT number, length(document) FROM instances_of_5 WHERE number >= ? ORDER BY number LIMIT ?

-- name: copy_instances
-- A row whose configuration is not there keeps its number, and so its damage.
INSERT INTO instances (place, number, machine, id, partition, configuration, seq, rev, indexes,
                       created_at, since, changed_at, wake_at, held_by, incidents, deadline,
                       document)
SELECT number, number, machine, id,
       partition_of(CAST(machine || '/' || id AS BLOB)),
       coalesce((SELECT new FROM renumbered WHERE old = configuration), configuration), seq, rev,
       indexes, created_at, since, changed_at, wake_at, held_by, incidents, deadline, document
FROM instances_of_5
WHERE number BETWEEN ? AND ?
ORDER BY number

-- name: sizes_of_messages
SELECT number, length(body) FROM mailbox_of_5 WHERE number >= ? ORDER BY number LIMIT ?

-- name: copy_messages
-- What is held is its receiver's own. A sender that is not there has no number. Sent at the very
-- beginning, in the order of their numbers: before all that is sent from now on.
INSERT INTO mailbox (writer, rev, ordinal, partition, to_machine, to_id, kind, body, sent_at,
                     due_at, sender_machine, sender_id, send_id, held, key)
SELECT coalesce(i.number, 0), 0, m.number,
       partition_of(CAST(m.writer_machine || '/' || m.writer_id AS BLOB)), m.to_machine, m.to_id, m.kind, m.body, m.number, m.due_at, m.sender_machine, m.sender_id,
       m.send_id, m.held, m.key
FROM (
    SELECT *,
           CASE WHEN held OR sender_machine IS NULL OR sender_id IS NULL
                THEN to_machine ELSE sender_machine END AS writer_machine,
           CASE WHEN held OR sender_machine IS NULL OR sender_id IS NULL
                THEN to_id ELSE sender_id END AS writer_id
    FROM mailbox_of_5
    WHERE number BETWEEN ? AND ?
) AS m
LEFT JOIN instances AS i
    ON i.machine = m.writer_machine AND i.id = m.writer_id
    AND (m.held OR m.sender_machine IS NOT NULL)
ORDER BY m.number

-- name: bytes_to_copy
-- From the oldest and the newest thousand: to read all would take as long as to copy them.
SELECT coalesce((SELECT count(*) FROM instances), 0) * max(
           coalesce((SELECT avg(length(document)) FROM
               (SELECT document FROM instances ORDER BY number LIMIT 1000)), 0),
           coalesce((SELECT avg(length(document)) FROM
               (SELECT document FROM instances ORDER BY number DESC LIMIT 1000)), 0)
       ) * 1.2 + (SELECT count(*) FROM instances) * 250
       + (SELECT coalesce(sum(length(body)) + count(*) * 500, 0) FROM mailbox)
