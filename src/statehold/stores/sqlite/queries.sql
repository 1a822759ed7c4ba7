-- The statements of the SQLite store. Each begins with a line `name:` and is known by that name.
--
-- Where a page is read by (created_at, id), the first page starts from a position that is above
-- all: one statement serves both. INDEXED BY makes a statement fail where its index can't serve
-- it; SQLite, which keeps no statistics here, would else be free to choose a scan.

-- name: load_row
SELECT machine, id, configuration, seq, rev, indexes, created_at, since, changed_at, wake_at,
       held_by, incidents, deadline, document
FROM instances
WHERE machine = ? AND id = ?

-- name: known_row
SELECT place, number, partition, configuration, indexes FROM instances WHERE machine = ? AND id = ?

-- name: last_place
-- A place is free again once nothing of its journal is left.
SELECT max(coalesce((SELECT max(place) FROM instances), 0),
           coalesce((SELECT max(place) FROM forgotten), 0))

-- name: insert_row
-- DO NOTHING and a look at the number of rows instead of an error: an error would end the batch
-- without naming the row.
INSERT INTO instances (configuration, seq, rev, indexes, since, changed_at, wake_at, held_by,
                       incidents, deadline, document, place, number, machine, id, partition,
                       created_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT DO NOTHING

-- name: update_row
-- Run once for each row of a batch: one statement over a list of rows, as PostgreSQL has
-- it, gains nothing where the database is in the process.
UPDATE instances
SET configuration = ?, seq = ?, rev = ?, indexes = ?, since = ?, changed_at = ?, wake_at = ?,
    held_by = ?, incidents = ?, deadline = ?, document = ?
WHERE place = ? AND rev = ?

-- name: count_up
UPDATE configurations SET instances = instances + ? WHERE number = ?

-- name: insert_lookup
-- It may be there already, where the row's indexes were damaged.
INSERT INTO lookups (machine, name, value, created_at, id) VALUES (?, ?, ?, ?, ?)
ON CONFLICT DO NOTHING

-- name: delete_lookup
DELETE FROM lookups
WHERE machine = ? AND name = ? AND value = ? AND created_at = ? AND id = ?

-- name: insert_entry
INSERT INTO journal (instance, seq, part, at, kind, body, key, reply)
VALUES (?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT DO NOTHING

-- name: insert_message
-- Not sent before what the same instance has written and is not delivered yet, whatever the clock
-- says: of two that are to be delivered at once, the first one is.
INSERT INTO mailbox (writer, rev, ordinal, partition, to_machine, to_id, kind, body, due_at,
                     sender_machine, sender_id, send_id, held, key, sent_at)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, max(?15, coalesce((
    SELECT sent_at FROM mailbox WHERE writer = ?1 ORDER BY rev DESC, ordinal DESC LIMIT 1
), ?15)))

-- name: take_message
DELETE FROM mailbox WHERE writer = ? AND rev = ? AND ordinal = ?

-- name: recall_message
DELETE FROM mailbox
WHERE sender_machine = ? AND sender_id = ? AND send_id = ? AND writer = ?

-- name: release_messages
UPDATE mailbox SET held = 0 WHERE to_machine = ? AND to_id = ? AND held = 1

-- name: entry_of_key
SELECT i.machine, i.id, j.seq, j.part, j.at, j.kind, j.body, j.key, j.reply
FROM instances AS i CROSS JOIN journal AS j ON j.instance = i.place
WHERE i.machine = ? AND i.id = ? AND j.key = ?

-- name: message_of_key
SELECT 1 FROM mailbox WHERE to_machine = ? AND to_id = ? AND key = ?

-- name: mail_of_key
SELECT sent_at, writer, rev, ordinal, partition, to_machine, to_id, kind, body, due_at,
       sender_machine, sender_id, send_id, held, key
FROM mailbox INDEXED BY mailbox_keys
WHERE to_machine = ? AND to_id = ? AND key = ? AND key IS NOT NULL

-- name: held_mail
SELECT sent_at, writer, rev, ordinal, partition, to_machine, to_id, kind, body, due_at,
       sender_machine, sender_id, send_id, held, key
FROM mailbox INDEXED BY mailbox_to
WHERE to_machine = ? AND to_id = ? AND held = 1
ORDER BY coalesce(due_at, sent_at), writer, rev, ordinal
LIMIT ?

-- name: any_message_with_key
SELECT EXISTS (SELECT 1 FROM mailbox INDEXED BY mailbox_keys WHERE key IS NOT NULL)

-- name: due
-- No SKIP LOCKED as PostgreSQL has: one process owns the file, and keeps its claims in memory. Each
-- machine gives the first of its own, so that nothing of another is walked past; a page has the first
-- of each, then the second of each, and so on.
SELECT i.machine, i.id, i.configuration, i.seq, i.rev, i.indexes, i.created_at, i.since,
       i.changed_at, i.wake_at, i.held_by, i.incidents, i.deadline, i.document, i.place
FROM instances AS i
WHERE i.place IN (
    SELECT place FROM (
        SELECT one.place, one.wake_at,
               row_number() OVER (PARTITION BY one.machine ORDER BY one.wake_at, one.place) AS turn
        FROM (SELECT DISTINCT value FROM json_each(:machines)) AS wanted CROSS JOIN instances AS one
        WHERE one.place IN (
            SELECT place FROM instances INDEXED BY instances_awake
            WHERE machine = wanted.value AND wake_at <= :now
              AND (:claimed = '[]' OR place NOT IN (SELECT value FROM json_each(:claimed)))
            ORDER BY wake_at, place LIMIT :limit
        )
    )
    ORDER BY turn, wake_at, place
    LIMIT :limit
)
ORDER BY i.wake_at, i.place

-- name: next_wake
SELECT min((
    SELECT min(wake_at) FROM instances INDEXED BY instances_awake
    WHERE machine = wanted.value AND wake_at > :after
))
FROM json_each(:machines) AS wanted

-- name: next_message
-- A message that is due at once (NULL) has no moment to wait for: `mail` has it at any time.
SELECT min((
    SELECT min(due_at) FROM mailbox INDEXED BY mailbox_late
    WHERE NOT held AND due_at IS NOT NULL AND to_machine = wanted.value AND due_at > :after
))
FROM json_each(:machines) AS wanted

-- name: holders
-- A loose index scan, one seek for each holder; SQLite does none by itself.
WITH RECURSIVE holder (held_by) AS (
    SELECT min(held_by) FROM instances INDEXED BY instances_held WHERE held_by IS NOT NULL
    UNION ALL
    SELECT (SELECT min(i.held_by) FROM instances AS i INDEXED BY instances_held
            WHERE i.held_by > holder.held_by)
    FROM holder
    WHERE holder.held_by IS NOT NULL
)
SELECT held_by FROM holder WHERE held_by IS NOT NULL

-- name: rows_held_by
SELECT machine, id, configuration, seq, rev, indexes, created_at, since, changed_at, wake_at,
       held_by, incidents, deadline, document
FROM instances INDEXED BY instances_held
WHERE held_by = :held_by AND machine IN (SELECT value FROM json_each(:machines))
LIMIT :limit

-- name: note_aside
INSERT INTO aside (machine, id, rev, since, why)
SELECT machine, id, rev, :since, :why FROM instances
WHERE machine = :machine AND id = :id AND rev = :rev
ON CONFLICT (machine, id) DO UPDATE
SET rev = excluded.rev, since = excluded.since, why = excluded.why
WHERE aside.rev <> excluded.rev

-- name: set_aside
-- A damaged number of incidents is not to overflow, nor to hide this one.
UPDATE instances
SET wake_at = NULL, held_by = NULL, incidents = max(0, min(incidents, 1000000)) + 1
WHERE machine = :machine AND id = :id

-- name: stay_aside
-- One that has its mark, and is due or held all the same: it was changed by hand.
UPDATE instances SET wake_at = NULL, held_by = NULL
WHERE machine = :machine AND id = :id AND rev = :rev

-- name: aside
SELECT a.since, a.why
FROM aside AS a CROSS JOIN instances AS i ON i.machine = a.machine AND i.id = a.id
WHERE a.machine = ? AND a.id = ? AND i.rev = a.rev

-- name: set_aside_rows
SELECT i.machine, i.id, i.configuration, i.seq, i.rev, i.indexes, i.created_at, i.since,
       i.changed_at, i.wake_at, i.held_by, i.incidents, i.deadline, i.document
FROM aside AS a CROSS JOIN instances AS i ON i.machine = a.machine AND i.id = a.id
WHERE (a.machine, a.id) > (:machine, :id) AND i.rev = a.rev
  AND a.machine IN (SELECT value FROM json_each(:machines))
ORDER BY a.machine, a.id
LIMIT :limit

-- name: forget_aside
DELETE FROM aside WHERE machine = ? AND id = ?

-- name: addressees
-- A loose index scan, as that of the holders. Machines that only have held messages are there too.
WITH RECURSIVE addressee (machine) AS (
    SELECT min(to_machine) FROM mailbox INDEXED BY mailbox_to
    UNION ALL
    SELECT (SELECT min(m.to_machine) FROM mailbox AS m INDEXED BY mailbox_to
            WHERE m.to_machine > addressee.machine)
    FROM addressee
    WHERE addressee.machine IS NOT NULL
)
SELECT machine FROM addressee WHERE machine IS NOT NULL

-- name: mail
-- Two ranges for each machine: those to be delivered at once are due whatever the clock says, the
-- others from their moment on. One page of each, of which one page is read.
SELECT sent_at, writer, rev, ordinal, partition, to_machine, to_id, kind, body, due_at,
       sender_machine, sender_id, send_id, held, key
FROM mailbox
WHERE rowid IN (
    SELECT place FROM (
        SELECT m.rowid AS place, m.sent_at AS at, m.writer, m.rev, m.ordinal
        FROM json_each(:machines) AS wanted CROSS JOIN mailbox AS m
        WHERE m.rowid IN (
            SELECT rowid FROM mailbox INDEXED BY mailbox_at_once
            WHERE NOT held AND due_at IS NULL AND to_machine = wanted.value
              AND (sent_at, writer, rev, ordinal) > (:at, :writer, :rev, :ordinal)
            ORDER BY sent_at, writer, rev, ordinal LIMIT :limit
        )
        UNION ALL
        SELECT m.rowid, m.due_at, m.writer, m.rev, m.ordinal
        FROM json_each(:machines) AS wanted CROSS JOIN mailbox AS m
        WHERE m.rowid IN (
            SELECT rowid FROM mailbox INDEXED BY mailbox_late
            WHERE NOT held AND due_at IS NOT NULL AND to_machine = wanted.value
              AND (due_at, writer, rev, ordinal) > (:at, :writer, :rev, :ordinal)
              AND due_at <= :now
            ORDER BY due_at, writer, rev, ordinal LIMIT :limit
        )
    )
    ORDER BY at, writer, rev, ordinal LIMIT :limit
)
ORDER BY coalesce(due_at, sent_at), writer, rev, ordinal

-- name: is_there
SELECT 1 FROM mailbox WHERE writer = ? AND rev = ? AND ordinal = ?

-- name: configuration
SELECT number, machine, version, status, state, tags, owners
FROM configurations
WHERE number = ?

-- name: insert_configuration
INSERT INTO configurations (machine, version, status, state, tags, owners, number)
VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT DO NOTHING

-- name: mend_configuration
UPDATE configurations
SET machine = ?, version = ?, status = ?, state = ?, tags = ?, owners = ?
WHERE number = ?

-- name: configurations_of_machine
SELECT number, instances FROM configurations WHERE machine = ? AND instances > 0

-- name: keys_by_age
SELECT created_at, id FROM instances INDEXED BY instances_by_age
WHERE machine = :machine AND (created_at, id) < (:created_at, :id)
ORDER BY created_at DESC, id DESC
LIMIT :limit

-- name: keys_by_configuration
SELECT created_at, id FROM instances INDEXED BY instances_by_configuration
WHERE configuration = :configuration AND (created_at, id) < (:created_at, :id)
  AND since <= :since
ORDER BY created_at DESC, id DESC
LIMIT :limit

-- name: count_since
SELECT count(*) FROM (
    SELECT 1 FROM instances INDEXED BY instances_by_since
    WHERE configuration IN (SELECT value FROM json_each(:configurations)) AND since <= :since
    LIMIT :limit
)

-- name: keys_by_since
-- Sorts all that fit, and so is asked only where they are few.
SELECT created_at, id FROM instances INDEXED BY instances_by_since
WHERE configuration IN (SELECT value FROM json_each(:configurations)) AND since <= :since
  AND (created_at, id) < (:created_at, :id)
ORDER BY created_at DESC, id DESC
LIMIT :limit

-- name: keys_with_incidents
SELECT i.created_at, i.id FROM instances AS i INDEXED BY incidents_by_age
WHERE i.machine = :machine AND (i.created_at, i.id) < (:created_at, :id) AND i.incidents > 0
  AND i.since <= :since
  AND i.configuration IN (SELECT value FROM json_each(:configurations))
  AND NOT EXISTS (
      SELECT 1 FROM json_each(:indexes) AS wanted
      WHERE NOT EXISTS (
          SELECT 1 FROM lookups AS l
          WHERE l.machine = i.machine AND l.name = wanted.key AND l.value = wanted.value
            AND l.created_at = i.created_at AND l.id = i.id
      )
  )
ORDER BY i.created_at DESC, i.id DESC
LIMIT :limit

-- name: count_of_lookup
SELECT count(*) FROM (
    SELECT 1 FROM lookups WHERE machine = ? AND name = ? AND value = ? LIMIT ?
)

-- name: keys_by_lookup
-- CROSS JOIN fixes the order: SQLite does not turn it round.
SELECT l.created_at, l.id
FROM lookups AS l CROSS JOIN instances AS i ON i.machine = l.machine AND i.id = l.id
WHERE l.machine = :machine AND l.name = :name AND l.value = :value
  AND (l.created_at, l.id) < (:created_at, :id)
  AND (:first = '' OR (l.id >= :first AND l.id < :end))
  AND (:incidents = 0 OR i.incidents > 0)
  AND i.since <= :since
  AND i.configuration IN (SELECT value FROM json_each(:configurations))
  AND NOT EXISTS (
      SELECT 1 FROM json_each(:indexes) AS wanted
      WHERE NOT EXISTS (
          SELECT 1 FROM lookups AS other
          WHERE other.machine = l.machine AND other.name = wanted.key
            AND other.value = wanted.value AND other.created_at = l.created_at
            AND other.id = l.id
      )
  )
ORDER BY l.created_at DESC, l.id DESC
LIMIT :limit

-- name: look_by_id
-- Every row of the range, and whether it fits: the caller decides how far to read.
SELECT i.id, i.configuration, i.since <= :since AND (:incidents = 0 OR i.incidents > 0)
    AND (:indexes = '{}' OR NOT EXISTS (
        SELECT 1 FROM json_each(:indexes) AS wanted
        WHERE NOT EXISTS (
            SELECT 1 FROM lookups AS l
            WHERE l.machine = i.machine AND l.name = wanted.key AND l.value = wanted.value
              AND l.created_at = i.created_at AND l.id = i.id
        )
    ))
FROM instances AS i
WHERE i.machine = :machine AND i.id >= :first AND i.id < :end AND i.id > :after
ORDER BY i.id
LIMIT :limit

-- name: look_by_since
SELECT i.since, i.place, i.id, (:incidents = 0 OR i.incidents > 0)
    AND (:indexes = '{}' OR NOT EXISTS (
        SELECT 1 FROM json_each(:indexes) AS wanted
        WHERE NOT EXISTS (
            SELECT 1 FROM lookups AS l
            WHERE l.machine = i.machine AND l.name = wanted.key AND l.value = wanted.value
              AND l.created_at = i.created_at AND l.id = i.id
        )
    ))
FROM instances AS i INDEXED BY instances_by_since
WHERE i.configuration = :configuration AND (i.since, i.place) > (:after, :place)
  AND i.since <= :since
ORDER BY i.since, i.place
LIMIT :limit

-- name: incidents
SELECT machine, id, configuration, seq, rev, indexes, created_at, since, changed_at, wake_at,
       held_by, incidents, deadline, document
FROM instances INDEXED BY instances_with_incidents
WHERE incidents > 0 AND (changed_at, machine, id) > (:changed_at, :after_machine, :after_id)
  AND (:machine IS NULL OR machine = :machine)
ORDER BY changed_at, machine, id
LIMIT :limit

-- name: count_incidents
SELECT coalesce(sum(min(incidents, 1000000)), 0) FROM (
    SELECT incidents FROM instances INDEXED BY incidents_by_age
    WHERE machine = ? AND incidents > 0
    LIMIT ?
)

-- name: journal
SELECT i.machine, i.id, j.seq, j.part, j.at, j.kind, j.body, j.key, j.reply
FROM instances AS i CROSS JOIN journal AS j ON j.instance = i.place
WHERE i.machine = ? AND i.id = ? AND (j.seq, j.part) > (?, ?)
ORDER BY j.seq, j.part
LIMIT ?

-- name: journal_before
SELECT i.machine, i.id, j.seq, j.part, j.at, j.kind, j.body, j.key, j.reply
FROM instances AS i CROSS JOIN journal AS j ON j.instance = i.place
WHERE i.machine = ? AND i.id = ? AND j.seq <= ? AND j.part = 0
ORDER BY j.seq DESC
LIMIT ?

-- name: charts
SELECT machine, version, chart, stored_at FROM charts WHERE machine = ? ORDER BY version

-- name: insert_chart
INSERT INTO charts (machine, version, chart, stored_at) VALUES (?, ?, ?, ?)
ON CONFLICT DO NOTHING

-- name: documents
-- Of the row that has the greatest version, as SQLite does for the other columns of one max().
SELECT machine, max(version), put_at FROM documents GROUP BY machine

-- name: document
SELECT machine, version, notation, text, put_at, put_by, reason, covers
FROM documents WHERE machine = ? AND version = ?

-- name: add_document
INSERT INTO documents (machine, version, notation, text, put_at, put_by, reason, covers)
SELECT :machine, :version, :notation, :text, :put_at, :put_by, :reason, :covers
WHERE NOT EXISTS (SELECT 1 FROM documents WHERE machine = :machine AND version >= :version)
  AND (EXISTS (SELECT 1 FROM documents WHERE machine = :machine)
       OR (SELECT count(DISTINCT machine) FROM documents) < :most)

-- name: replace_document
UPDATE documents
SET notation = :notation, text = :text, put_at = :put_at, put_by = :put_by, reason = :reason,
    covers = :covers
WHERE machine = :machine AND version = :version AND put_at = :put_before AND text = :text_before
  AND NOT EXISTS (SELECT 1 FROM documents WHERE machine = :machine AND version > :version)

-- name: put_rollup
INSERT INTO rollups (machine, version, span, start, source, body) VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT (machine, start, span, version, source) DO UPDATE SET body = excluded.body

-- name: rollups
SELECT machine, version, span, start, source, body FROM rollups
WHERE machine = :machine AND start >= :since AND (:version IS NULL OR version = :version)
ORDER BY start DESC
LIMIT :limit

-- name: old_rollups
-- The oldest, by the index; then in an order that shows what belongs together.
SELECT machine, version, span, start, source, body FROM (
    SELECT * FROM rollups INDEXED BY rollups_by_span
    WHERE span = ? AND start < ? ORDER BY start LIMIT ?
)
ORDER BY machine, version, start, source

-- name: take_rollup
DELETE FROM rollups
WHERE machine = ? AND version = ? AND span = ? AND start = ? AND source = ? AND body = ?

-- name: finished
-- Each configuration gives the first of its own, so that a page costs about a page each, of which
-- there are few.
SELECT i.machine, i.id, i.configuration, i.seq, i.rev, i.indexes, i.created_at, i.since,
       i.changed_at, i.wake_at, i.held_by, i.incidents, i.deadline, i.document, i.place
FROM configurations AS c CROSS JOIN instances AS i
WHERE c.machine = :machine AND c.status IN ('done', 'cancelled') AND c.instances > 0
  AND i.place IN (
    SELECT place FROM instances INDEXED BY instances_by_since
    WHERE configuration = c.number AND (since, place) > (:since, :place) AND since <= :before
    ORDER BY since, place LIMIT :limit
)
ORDER BY i.since, i.place
LIMIT :limit

-- name: is_mailed
SELECT EXISTS (
    SELECT 1 FROM mailbox INDEXED BY mailbox_to WHERE to_machine = :machine AND to_id = :id
) OR EXISTS (
    SELECT 1 FROM mailbox INDEXED BY mailbox_sent
    WHERE sender_machine = :machine AND sender_id = :id
)

-- name: forgettable
-- `created_at` differs for one that was started later under the same id and has the same `rev`.
SELECT i.place, i.configuration, i.indexes
FROM instances AS i CROSS JOIN configurations AS c ON c.number = i.configuration
WHERE i.machine = ? AND i.id = ? AND i.rev = ? AND i.created_at = ?
  AND c.status IN ('done', 'cancelled')

-- name: forget_row
DELETE FROM instances WHERE place = ?

-- name: note_forgotten
INSERT INTO forgotten (place) VALUES (?)

-- name: forgotten
SELECT place FROM forgotten ORDER BY place LIMIT ?

-- name: left_of_journal
-- What SQLite knows of a value's length without reading the value.
SELECT rowid, length(body) + coalesce(length(reply), 0)
FROM journal
WHERE instance = ?
ORDER BY seq, part
LIMIT ?

-- name: sweep_entry
DELETE FROM journal WHERE rowid = ?

-- name: swept
DELETE FROM forgotten WHERE place = ?

-- name: add_audit
INSERT INTO audit (at, number, caller, proved, address, action, machine, id, outcome, detail, times)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT DO NOTHING

-- part: fits_audit
((:machine IS NULL OR one.machine = :machine) AND (:id IS NULL OR one.id = :id)
            AND (:caller IS NULL OR one.caller = :caller)
            AND (:action IS NULL OR one.action = :action)
            AND (:outcome IS NULL OR one.outcome = :outcome))

-- name: audit_by_time
-- Of the entries that it looks at, those that fit, and the last one whether it fits or not: from there
-- the next page goes on.
SELECT at, number, caller, proved, address, action, machine, id, outcome, detail, times, fits, place,
       looked
FROM (
    SELECT one.*, :part(fits_audit) AS fits,
           row_number() OVER (ORDER BY one.at DESC, one.number DESC) AS place, count(*) OVER () AS looked
    FROM (
        SELECT a.* FROM audit AS a
        WHERE (a.at, a.number) < (:at, :number) AND a.at >= :edge
        ORDER BY a.at DESC, a.number DESC
        LIMIT :looks
    ) AS one
)
WHERE fits OR place = looked
ORDER BY at DESC, number DESC
LIMIT :most

-- name: audit_by_time_up
-- The same in the order of an export.
SELECT at, number, caller, proved, address, action, machine, id, outcome, detail, times, fits, place,
       looked
FROM (
    SELECT one.*, :part(fits_audit) AS fits,
           row_number() OVER (ORDER BY one.at, one.number) AS place, count(*) OVER () AS looked
    FROM (
        SELECT a.* FROM audit AS a
        WHERE (a.at, a.number) > (:at, :number) AND a.at < :edge
        ORDER BY a.at, a.number
        LIMIT :looks
    ) AS one
)
WHERE fits OR place = looked
ORDER BY at, number
LIMIT :most

-- name: audit_of_instance
SELECT at, number, caller, proved, address, action, machine, id, outcome, detail, times, fits, place,
       looked
FROM (
    SELECT one.*, :part(fits_audit) AS fits,
           row_number() OVER (ORDER BY one.at DESC, one.number DESC) AS place, count(*) OVER () AS looked
    FROM (
        SELECT a.* FROM audit AS a
        WHERE a.machine = :machine AND a.id = :id AND (a.at, a.number) < (:at, :number) AND a.at >= :edge
        ORDER BY a.at DESC, a.number DESC
        LIMIT :looks
    ) AS one
)
WHERE fits OR place = looked
ORDER BY at DESC, number DESC
LIMIT :most

-- name: audit_of_machine
SELECT at, number, caller, proved, address, action, machine, id, outcome, detail, times, fits, place,
       looked
FROM (
    SELECT one.*, :part(fits_audit) AS fits,
           row_number() OVER (ORDER BY one.at DESC, one.number DESC) AS place, count(*) OVER () AS looked
    FROM (
        SELECT a.* FROM audit AS a
        WHERE a.machine = :machine AND (a.at, a.number) < (:at, :number) AND a.at >= :edge
        ORDER BY a.at DESC, a.number DESC
        LIMIT :looks
    ) AS one
)
WHERE fits OR place = looked
ORDER BY at DESC, number DESC
LIMIT :most

-- name: audit_of_caller
SELECT at, number, caller, proved, address, action, machine, id, outcome, detail, times, fits, place,
       looked
FROM (
    SELECT one.*, :part(fits_audit) AS fits,
           row_number() OVER (ORDER BY one.at DESC, one.number DESC) AS place, count(*) OVER () AS looked
    FROM (
        SELECT a.* FROM audit AS a
        WHERE a.caller = :caller AND (a.at, a.number) < (:at, :number) AND a.at >= :edge
        ORDER BY a.at DESC, a.number DESC
        LIMIT :looks
    ) AS one
)
WHERE fits OR place = looked
ORDER BY at DESC, number DESC
LIMIT :most

-- name: purge_audit
DELETE FROM audit WHERE (at, number) IN (
    SELECT a.at, a.number FROM audit AS a WHERE a.at < ? ORDER BY a.at, a.number LIMIT ?
)

-- part: token_columns
id, name, digest, roles, teams, machines, created_at, created_by, expires_at, used_at, revoked_at,
       old_digest, old_until

-- name: add_token
INSERT INTO tokens (id, name, digest, roles, teams, machines, created_at, created_by, expires_at)
SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9
WHERE (SELECT count(*) FROM tokens) < ?10
ON CONFLICT DO NOTHING

-- name: tokens
SELECT :part(token_columns)
FROM tokens WHERE id > ? ORDER BY id LIMIT ?

-- name: token
SELECT :part(token_columns)
FROM tokens WHERE id = ?

-- name: revoke_token
UPDATE tokens SET revoked_at = ?2 WHERE id = ?1 AND revoked_at IS NULL

-- name: rotate_token
UPDATE tokens SET digest = ?2, old_digest = ?3, old_until = ?4, expires_at = ?5
WHERE id = ?1 AND digest = ?6 AND revoked_at IS NULL

-- name: token_used
UPDATE tokens SET used_at = ?2 WHERE id = ?1 AND (used_at IS NULL OR used_at < ?2)

-- name: purge_tokens
DELETE FROM tokens WHERE expires_at < ?
