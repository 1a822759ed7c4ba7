-- Sessions run with generic plans and without sequential scans, hash and merge joins
-- (connections.py). Each statement uses an index by all the columns that it can be found by,
-- whatever the statistics say: where an ordinary join would leave that to the planner, LATERAL with
-- a LIMIT fixes it.

-- name: advance
-- The hot path: for each write the row, by compare-and-set, and its one journal entry; the counters
-- of those configurations that instances entered and left. One statement is one transaction and
-- one round trip. A failed write is missing in the result and has written nothing; without the
-- worker's lease, all are. Rows are locked in the order of the arrays.
-- Columns from `indexes` on are empty arrays where all values are the usual ones: unnest fills them
-- up with NULL.
WITH fence AS MATERIALIZED (
    SELECT slot FROM workers WHERE id = $1 FOR KEY SHARE
), moved AS (
    UPDATE instances AS i
    SET configuration = u.configuration, seq = u.seq, rev = u.expected + 1, indexes = u.indexes,
        since = u.since, changed_at = u.changed_at, wake_at = u.wake_at, claimed_until = NULL,
        held_by = u.held_by, incidents = coalesce(u.incidents, 0),
        incident_since = CASE WHEN u.incidents > 0 THEN u.changed_at END,
        finished_at = CASE WHEN u.is_over THEN u.since END,
        deadline = u.deadline, document = u.document
    FROM unnest(
        $2::text[], $3::text[], $4::bigint[], $5::integer[], $6::integer[], $7::bigint[],
        $8::bigint[], $9::bigint[], $10::bytea[], $11::bytea[],
        $12::text[], $13::bigint[], $14::text[], $15::integer[], $16::boolean[], $17::bigint[],
        $18::integer[], $19::text[], $20::text[], $21::bytea[]
    ) AS u (
        machine, id, expected, was, configuration, seq,
        since, changed_at, document, body,
        indexes, wake_at, held_by, incidents, is_over, deadline,
        part, kind, key, reply
    )
    WHERE i.machine = u.machine AND i.id = u.id AND i.rev = u.expected
      AND EXISTS (SELECT 1 FROM fence)
      AND (u.key IS NULL OR (
          SELECT m.number FROM mailbox AS m
          WHERE m.to_machine = u.machine AND m.to_id = u.id AND m.key = u.key
          LIMIT 1
      ) IS NULL)
    RETURNING i.machine, i.id, i.number, u.was, u.configuration, u.seq, u.part, u.changed_at,
              u.kind, u.body, u.key, u.reply
), noted AS (
    INSERT INTO journal (instance, seq, part, at, kind, body, key, reply)
    SELECT number, seq, coalesce(part, 0), changed_at, coalesce(kind, 'event'), body, key, reply
    FROM moved
), counted AS (
    INSERT INTO counts AS c (configuration, slot, instances)
    SELECT configuration, (SELECT slot FROM fence), sum(change)
    FROM (
        SELECT was AS configuration, -1 AS change FROM moved WHERE was <> configuration
        UNION ALL
        SELECT configuration, 1 FROM moved WHERE was <> configuration
    ) AS changes
    GROUP BY configuration
    HAVING sum(change) <> 0
    ORDER BY configuration
    ON CONFLICT (configuration, slot) DO UPDATE SET instances = c.instances + excluded.instances
)
SELECT machine, id FROM moved

-- name: fence
SELECT slot FROM workers WHERE id = $1 FOR KEY SHARE

-- name: lock_rows
SELECT i.machine, i.id, i.number, i.rev, i.configuration, i.indexes
FROM unnest($1::text[], $2::text[]) AS u (machine, id)
CROSS JOIN LATERAL (
    SELECT * FROM instances AS one WHERE one.machine = u.machine AND one.id = u.id
    FOR NO KEY UPDATE
) AS i

-- name: lock_mail
SELECT number, to_machine, to_id, key, sender_machine, sender_id, send_id
FROM mailbox
WHERE number = ANY ($1::bigint[])
ORDER BY number
FOR UPDATE

-- name: mail_sent
SELECT m.number, m.to_machine, m.to_id, m.key, m.sender_machine, m.sender_id, m.send_id
FROM unnest($1::text[], $2::text[], $3::text[]) AS u (machine, id, send_id)
CROSS JOIN LATERAL (
    SELECT * FROM mailbox AS one
    WHERE one.sender_machine = u.machine AND one.sender_id = u.id
      AND md5(one.send_id) = md5(u.send_id) AND one.send_id = u.send_id
    ORDER BY one.number
    FOR UPDATE
) AS m

-- name: keys_in_journal
SELECT u.machine, u.id, u.key
FROM unnest($1::text[], $2::text[], $3::text[]) AS u (machine, id, key)
JOIN instances AS i ON i.machine = u.machine AND i.id = u.id
CROSS JOIN LATERAL (
    SELECT 1 FROM journal AS one WHERE one.instance = i.number AND one.key = u.key LIMIT 1
) AS j

-- name: keys_in_mailbox
SELECT u.machine, u.id, u.key, m.number
FROM unnest($1::text[], $2::text[], $3::text[]) AS u (machine, id, key)
JOIN mailbox AS m ON m.to_machine = u.machine AND m.to_id = u.id AND m.key = u.key

-- name: places_in_journal
SELECT i.machine, i.id, u.seq, u.part
FROM unnest($1::text[], $2::text[], $3::bigint[], $4::integer[]) AS u (machine, id, seq, part)
JOIN instances AS i ON i.machine = u.machine AND i.id = u.id
CROSS JOIN LATERAL (
    SELECT 1 FROM journal AS one
    WHERE one.instance = i.number AND one.seq = u.seq AND one.part = u.part
    LIMIT 1
) AS j

-- name: insert_rows
-- Numbers are given in the order of the arrays, which breaks ties between equal times; rows go in
-- by their keys, so that two batches that start the same instances do not wait for each other.
INSERT INTO instances (machine, id, configuration, seq, rev, indexes, created_at, since,
                       changed_at, wake_at, held_by, incidents, incident_since, finished_at,
                       deadline, document, number)
SELECT machine, id, configuration, seq, rev, indexes, created_at, since,
       changed_at, wake_at, held_by, incidents, incident_since, finished_at,
       deadline, document, number
FROM (
    SELECT u.*, nextval('instances_number_seq') AS number
    FROM unnest(
        $1::text[], $2::text[], $3::integer[], $4::bigint[], $5::bigint[], $6::text[],
        $7::bigint[], $8::bigint[], $9::bigint[], $10::bigint[], $11::text[], $12::integer[],
        $13::bigint[], $14::bigint[], $15::bigint[], $16::bytea[]
    ) AS u (machine, id, configuration, seq, rev, indexes,
            created_at, since, changed_at, wake_at, held_by, incidents,
            incident_since, finished_at, deadline, document)
    OFFSET 0
) AS numbered
ORDER BY machine, id
ON CONFLICT DO NOTHING
RETURNING machine, id, number

-- name: update_rows
-- Their locks are held already.
UPDATE instances AS i
SET configuration = u.configuration, seq = u.seq, rev = u.rev, indexes = u.indexes,
    since = u.since, changed_at = u.changed_at, wake_at = u.wake_at, claimed_until = NULL,
    held_by = u.held_by, incidents = u.incidents, incident_since = u.incident_since,
    finished_at = u.finished_at, deadline = u.deadline, document = u.document
FROM unnest(
    $1::text[], $2::text[], $3::integer[], $4::bigint[], $5::bigint[], $6::text[],
    $7::bigint[], $8::bigint[], $9::bigint[], $10::bigint[], $11::text[], $12::integer[],
    $13::bigint[], $14::bigint[], $15::bigint[], $16::bytea[]
) AS u (machine, id, configuration, seq, rev, indexes,
        created_at, since, changed_at, wake_at, held_by, incidents,
        incident_since, finished_at, deadline, document)
WHERE i.machine = u.machine AND i.id = u.id

-- name: insert_entries
INSERT INTO journal (instance, seq, part, at, kind, body, key, reply)
SELECT * FROM unnest(
    $1::bigint[], $2::bigint[], $3::integer[], $4::bigint[], $5::text[], $6::bytea[], $7::text[],
    $8::bytea[]
)

-- name: insert_messages
-- Numbers rise in the order of the arrays.
INSERT INTO mailbox (to_machine, to_id, kind, body, due_at, sender_machine, sender_id, send_id,
                     held, key)
SELECT to_machine, to_id, kind, body, due_at, sender_machine, sender_id, send_id, held, key
FROM unnest(
    $1::text[], $2::text[], $3::text[], $4::bytea[], $5::bigint[], $6::text[], $7::text[],
    $8::text[], $9::boolean[], $10::text[]
) WITH ORDINALITY AS u (to_machine, to_id, kind, body, due_at, sender_machine, sender_id,
                        send_id, held, key, place)
ORDER BY place

-- name: take_messages
DELETE FROM mailbox WHERE number = ANY ($1::bigint[])

-- name: release_messages
UPDATE mailbox AS m SET held = false
FROM unnest($1::text[], $2::text[]) AS u (machine, id)
WHERE m.to_machine = u.machine AND m.to_id = u.id AND m.held

-- name: count_up
INSERT INTO counts AS c (configuration, slot, instances)
SELECT u.configuration, $1::integer, u.change
FROM unnest($2::integer[], $3::bigint[]) AS u (configuration, change)
ORDER BY u.configuration
ON CONFLICT (configuration, slot) DO UPDATE SET instances = c.instances + excluded.instances

-- name: insert_lookups
INSERT INTO lookups (machine, name, digest, created_at, id)
SELECT * FROM unnest($1::text[], $2::text[], $3::bytea[], $4::bigint[], $5::text[])
ON CONFLICT DO NOTHING

-- name: delete_lookups
DELETE FROM lookups AS l
USING unnest($1::text[], $2::text[], $3::bytea[], $4::bigint[], $5::text[])
    AS u (machine, name, digest, created_at, id)
WHERE l.machine = u.machine AND l.name = u.name AND l.digest = u.digest
  AND l.created_at = u.created_at AND l.id = u.id

-- name: load_rows
SELECT i.machine, i.id, i.configuration, i.seq, i.rev, i.indexes, i.created_at, i.since,
       i.changed_at, i.wake_at, i.held_by, i.incidents, i.deadline, i.document
FROM unnest($1::text[], $2::text[]) AS u (machine, id)
JOIN instances AS i ON i.machine = u.machine AND i.id = u.id

-- name: entries_of_keys
SELECT u.machine, u.id, j.seq, j.part, j.at, j.kind, j.body, j.key, j.reply
FROM unnest($1::text[], $2::text[], $3::text[]) AS u (machine, id, key)
JOIN instances AS i ON i.machine = u.machine AND i.id = u.id
CROSS JOIN LATERAL (
    SELECT * FROM journal AS one WHERE one.instance = i.number AND one.key = u.key LIMIT 1
) AS j

-- name: mail_of_keys
SELECT m.number, m.to_machine, m.to_id, m.kind, m.body, m.due_at, m.sender_machine, m.sender_id,
       m.send_id, m.held, m.key
FROM unnest($1::text[], $2::text[], $3::text[]) AS u (machine, id, key)
JOIN mailbox AS m ON m.to_machine = u.machine AND m.to_id = u.id AND m.key = u.key

-- name: held_mail
SELECT number, to_machine, to_id, kind, body, due_at, sender_machine, sender_id, send_id, held,
       key
FROM mailbox
WHERE to_machine = $1 AND to_id = $2 AND held
ORDER BY number
LIMIT $3

-- name: due
-- A page has the first of each machine, then the second of each, and so on.
SELECT i.machine, i.id, i.configuration, i.seq, i.rev, i.indexes, i.created_at, i.since,
       i.changed_at, i.wake_at, i.held_by, i.incidents, i.deadline, i.document
FROM (
    SELECT due.*, row_number() OVER (PARTITION BY due.machine ORDER BY due.wake_at, due.number) AS place
    FROM unnest($1::text[]) AS wanted (machine)
    CROSS JOIN LATERAL (
        SELECT * FROM instances AS one
        WHERE one.machine = wanted.machine AND one.wake_at <= $2
        ORDER BY one.wake_at, one.number
        LIMIT $3
    ) AS due
    ORDER BY place, due.wake_at, due.number
    LIMIT $3
) AS i
ORDER BY i.wake_at, i.number

-- name: claim_due
-- Rows that another worker is claiming or writing are skipped, not waited for. Machines
-- share a page as in `due`.
UPDATE instances AS i SET claimed_until = $4
FROM (
    SELECT due.machine, due.id
    FROM unnest($1::text[]) AS wanted (machine)
    CROSS JOIN LATERAL (
        SELECT one.machine, one.id, one.wake_at, one.number FROM instances AS one
        WHERE one.machine = wanted.machine AND one.wake_at <= $2
          AND (one.claimed_until IS NULL OR one.claimed_until <= $2)
        ORDER BY one.wake_at, one.number
        LIMIT $3
        FOR NO KEY UPDATE SKIP LOCKED
    ) AS due
    ORDER BY row_number() OVER (PARTITION BY due.machine ORDER BY due.wake_at, due.number),
             due.wake_at, due.number
    LIMIT $3
) AS mine
WHERE i.machine = mine.machine AND i.id = mine.id
RETURNING i.machine, i.id, i.configuration, i.seq, i.rev, i.indexes, i.created_at, i.since,
          i.changed_at, i.wake_at, i.held_by, i.incidents, i.deadline, i.document, i.number

-- name: next_wake
SELECT least(
    (SELECT min(first.wake_at)
     FROM unnest($1::text[]) AS wanted (machine)
     CROSS JOIN LATERAL (
         SELECT wake_at FROM instances
         WHERE machine = wanted.machine AND wake_at > $2
         ORDER BY wake_at LIMIT 1
     ) AS first),
    (SELECT min(first.due_at)
     FROM unnest($1::text[]) AS wanted (machine)
     CROSS JOIN LATERAL (
         SELECT due_at FROM mailbox
         WHERE to_machine = wanted.machine AND NOT held AND due_at > $2
         ORDER BY due_at LIMIT 1
     ) AS first)
)

-- name: holders
-- A loose index scan, one seek for each holder.
WITH RECURSIVE holder (held_by) AS (
    (SELECT held_by FROM instances WHERE held_by IS NOT NULL ORDER BY held_by LIMIT 1)
    UNION ALL
    SELECT (SELECT i.held_by FROM instances AS i
            WHERE i.held_by > holder.held_by ORDER BY i.held_by LIMIT 1)
    FROM holder
    WHERE holder.held_by IS NOT NULL
)
SELECT held_by FROM holder WHERE held_by IS NOT NULL

-- name: rows_held_by
SELECT i.machine, i.id, i.configuration, i.seq, i.rev, i.indexes, i.created_at, i.since,
       i.changed_at, i.wake_at, i.held_by, i.incidents, i.deadline, i.document
FROM unnest($1::text[]) AS wanted (machine)
CROSS JOIN LATERAL (
    SELECT * FROM instances AS one
    WHERE one.held_by = $2 AND one.machine = wanted.machine
    LIMIT $3
) AS i
LIMIT $3

-- name: set_aside
-- One that has its mark already is not counted again; it may be due or held all the same, where it
-- was changed by hand.
WITH noted AS (
    INSERT INTO aside AS a (machine, id, rev, since, why)
    SELECT i.machine, i.id, i.rev, u.since, u.why
    FROM unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[], $5::text[])
        AS u (machine, id, rev, since, why)
    CROSS JOIN LATERAL (
        SELECT * FROM instances AS one WHERE one.machine = u.machine AND one.id = u.id
        FOR NO KEY UPDATE
    ) AS i
    WHERE i.rev = u.rev
    ON CONFLICT (machine, id) DO UPDATE
    SET rev = excluded.rev, since = excluded.since, why = excluded.why
    WHERE a.rev <> excluded.rev
    RETURNING machine, id
)
UPDATE instances AS i
SET wake_at = NULL, claimed_until = NULL, held_by = NULL,
    incidents = greatest(0, least(i.incidents, 1000000)) + u.is_new::integer,
    incident_since = i.changed_at
FROM (
    SELECT u.machine, u.id, u.rev, noted.id IS NOT NULL AS is_new
    FROM unnest($1::text[], $2::text[], $3::bigint[]) AS u (machine, id, rev)
    LEFT JOIN noted ON noted.machine = u.machine AND noted.id = u.id
) AS u
WHERE i.machine = u.machine AND i.id = u.id AND i.rev = u.rev

-- name: asides
SELECT a.machine, a.id, a.since, a.why
FROM unnest($1::text[], $2::text[]) AS u (machine, id)
CROSS JOIN LATERAL (
    SELECT * FROM aside AS one WHERE one.machine = u.machine AND one.id = u.id LIMIT 1
) AS a
CROSS JOIN LATERAL (
    SELECT rev FROM instances AS one WHERE one.machine = u.machine AND one.id = u.id LIMIT 1
) AS i
WHERE i.rev = a.rev

-- name: set_aside_rows
SELECT i.machine, i.id, i.configuration, i.seq, i.rev, i.indexes, i.created_at, i.since,
       i.changed_at, i.wake_at, i.held_by, i.incidents, i.deadline, i.document
FROM aside AS a
CROSS JOIN LATERAL (
    SELECT * FROM instances AS one WHERE one.machine = a.machine AND one.id = a.id LIMIT 1
) AS i
WHERE (a.machine, a.id) > ($2::text, $3::text) AND i.rev = a.rev AND a.machine = ANY ($1::text[])
ORDER BY a.machine, a.id
LIMIT $4

-- name: addressees
-- Machines that anything waits for; a loose index scan.
WITH RECURSIVE addressee (machine) AS (
    (SELECT to_machine FROM mailbox ORDER BY to_machine LIMIT 1)
    UNION ALL
    SELECT (SELECT m.to_machine FROM mailbox AS m
            WHERE m.to_machine > addressee.machine ORDER BY m.to_machine LIMIT 1)
    FROM addressee
    WHERE addressee.machine IS NOT NULL
)
SELECT machine FROM addressee WHERE machine IS NOT NULL

-- name: mail
SELECT m.number, m.to_machine, m.to_id, m.kind, m.body, m.due_at, m.sender_machine, m.sender_id,
       m.send_id, m.held, m.key
FROM (
    SELECT at_once.number
    FROM unnest($1::text[]) AS wanted (machine)
    CROSS JOIN LATERAL (
        SELECT number FROM mailbox
        WHERE to_machine = wanted.machine AND NOT held AND due_at IS NULL AND number > $3
        ORDER BY number LIMIT $4
    ) AS at_once
    UNION ALL
    SELECT late.number
    FROM unnest($1::text[]) AS wanted (machine)
    CROSS JOIN LATERAL (
        SELECT number FROM mailbox
        WHERE to_machine = wanted.machine AND NOT held AND due_at <= $2 AND number > $3
        ORDER BY number LIMIT $4
    ) AS late
    ORDER BY 1
    LIMIT $4
) AS found
JOIN mailbox AS m ON m.number = found.number
ORDER BY m.number

-- name: lock_claims
-- Claims are made one after another, so that each sees those before it: only then can the messages
-- of one instance be kept together. Held for milliseconds.
SELECT pg_advisory_xact_lock(5499273481234001)

-- name: claim_mail
UPDATE mailbox AS m SET claimed_by = $5, claimed_until = $6
FROM (
    SELECT candidate.number
    FROM (
        SELECT at_once.number
        FROM unnest($1::text[]) AS wanted (machine)
        CROSS JOIN LATERAL (
            SELECT one.number FROM mailbox AS one
            WHERE one.to_machine = wanted.machine AND NOT one.held AND one.due_at IS NULL
              AND one.number > $3
              AND (
                  SELECT earlier.number FROM mailbox AS earlier
                  WHERE earlier.to_machine = one.to_machine AND earlier.to_id = one.to_id
                    AND earlier.number <= one.number
                    AND earlier.claimed_until > $2 AND earlier.claimed_by <> $5
                  LIMIT 1
              ) IS NULL
            ORDER BY one.number LIMIT $4
        ) AS at_once
        UNION ALL
        SELECT late.number
        FROM unnest($1::text[]) AS wanted (machine)
        CROSS JOIN LATERAL (
            SELECT one.number FROM mailbox AS one
            WHERE one.to_machine = wanted.machine AND NOT one.held AND one.due_at <= $2
              AND one.number > $3
              AND (
                  SELECT earlier.number FROM mailbox AS earlier
                  WHERE earlier.to_machine = one.to_machine AND earlier.to_id = one.to_id
                    AND earlier.number <= one.number
                    AND earlier.claimed_until > $2 AND earlier.claimed_by <> $5
                  LIMIT 1
              ) IS NULL
            ORDER BY one.number LIMIT $4
        ) AS late
    ) AS candidate
    ORDER BY candidate.number
    LIMIT $4
) AS mine
WHERE m.number = mine.number
RETURNING m.number, m.to_machine, m.to_id, m.kind, m.body, m.due_at, m.sender_machine,
          m.sender_id, m.send_id, m.held, m.key

-- name: still_there
SELECT number FROM mailbox WHERE number = ANY ($1::bigint[])

-- name: number_of_configuration
SELECT number FROM configurations
WHERE machine = $1 AND version = $2 AND status = $3
  AND md5(state || E'\n' || tags || E'\n' || owners) = md5($4 || E'\n' || $5 || E'\n' || $6)
  AND state = $4 AND tags = $5 AND owners = $6

-- name: insert_configuration
-- In a transaction of its own, before the one that refers to it.
INSERT INTO configurations (machine, version, status, state, tags, owners)
VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT DO NOTHING

-- name: configurations
SELECT number, machine, version, status, state, tags, owners
FROM configurations
WHERE number = ANY ($1::integer[])

-- name: configurations_of_machine
SELECT c.number, n.instances
FROM configurations AS c
CROSS JOIN LATERAL (
    SELECT sum(one.instances)::bigint AS instances FROM counts AS one
    WHERE one.configuration = c.number
) AS n
WHERE c.machine = $1 AND n.instances > 0

-- name: keys_by_configuration
-- The newest of each configuration, then the newest of these.
SELECT found.created_at, found.id
FROM unnest($1::integer[]) AS wanted (configuration)
CROSS JOIN LATERAL (
    SELECT i.created_at, i.id FROM instances AS i
    WHERE i.configuration = wanted.configuration
      AND (i.created_at, i.id) < ($2::bigint, $3::text) AND i.since <= $4
    ORDER BY i.created_at DESC, i.id DESC
    LIMIT $5
) AS found
ORDER BY found.created_at DESC, found.id DESC
LIMIT $5

-- name: keys_with_incidents
-- Those with incidents are few: all of them are read.
SELECT i.created_at, i.id
FROM instances AS i
WHERE i.incident_since IS NOT NULL AND i.machine = $1
  AND (i.created_at, i.id) < ($2::bigint, $3::text)
  AND i.since <= $4
  AND i.configuration = ANY ($6::integer[])
  AND NOT EXISTS (
      SELECT 1 FROM unnest($7::text[], $8::bytea[]) AS wanted (name, digest)
      WHERE NOT EXISTS (
          SELECT 1 FROM lookups AS l
          WHERE l.machine = i.machine AND l.name = wanted.name AND l.digest = wanted.digest
            AND l.created_at = i.created_at AND l.id = i.id
      )
  )
ORDER BY i.created_at DESC, i.id DESC
LIMIT $5

-- name: count_of_lookup
SELECT count(*) FROM (
    SELECT 1 FROM lookups WHERE machine = $1 AND name = $2 AND digest = $3 LIMIT $4
) AS few

-- name: keys_by_lookup
SELECT l.created_at, l.id
FROM lookups AS l
JOIN instances AS i ON i.machine = l.machine AND i.id = l.id
WHERE l.machine = $1 AND l.name = $9 AND l.digest = $10
  AND (l.created_at, l.id) < ($2::bigint, $3::text)
  AND i.since <= $4
  AND i.configuration = ANY ($6::integer[])
  AND NOT EXISTS (
      SELECT 1 FROM unnest($7::text[], $8::bytea[]) AS wanted (name, digest)
      WHERE NOT EXISTS (
          SELECT 1 FROM lookups AS other
          WHERE other.machine = l.machine AND other.name = wanted.name
            AND other.digest = wanted.digest AND other.created_at = l.created_at
            AND other.id = l.id
      )
  )
ORDER BY l.created_at DESC, l.id DESC
LIMIT $5

-- name: look_by_id
-- Every row of the range, and whether it fits: no more than these are read for a page. LIMIT
-- keeps the planner from reading all lookups once instead.
SELECT i.id, i.since <= $6 AND i.configuration = ANY ($7::integer[])
  AND (NOT $8::boolean OR i.incident_since IS NOT NULL)
  AND (
      SELECT count(*) FROM unnest($9::text[], $10::bytea[]) AS wanted (name, digest)
      CROSS JOIN LATERAL (
          SELECT 1 FROM lookups AS l
          WHERE l.machine = i.machine AND l.name = wanted.name AND l.digest = wanted.digest
            AND l.created_at = i.created_at AND l.id = i.id
          LIMIT 1
      ) AS there
  ) = cardinality($9::text[])
FROM instances AS i
WHERE i.machine = $1 AND i.id >= $2 AND i.id < $3 AND i.id > $4
ORDER BY i.id
LIMIT $5

-- name: look_by_since
-- No index has this order: one more would have to be written at each change of a configuration.
-- All that fit are read, from the index of the configurations alone where nothing else is asked,
-- and sorted as far as a page goes.
SELECT i.since, i.id
FROM instances AS i
WHERE i.configuration = ANY ($1::integer[]) AND (i.since, i.id) > ($2::bigint, $3::text)
  AND i.since <= $4
  AND (NOT $6::boolean OR i.incident_since IS NOT NULL)
  AND (
      SELECT count(*) FROM unnest($7::text[], $8::bytea[]) AS wanted (name, digest)
      CROSS JOIN LATERAL (
          SELECT 1 FROM lookups AS l
          WHERE l.machine = i.machine AND l.name = wanted.name AND l.digest = wanted.digest
            AND l.created_at = i.created_at AND l.id = i.id
          LIMIT 1
      ) AS there
  ) = cardinality($7::text[])
ORDER BY i.since, i.id
LIMIT $5

-- name: incidents
SELECT machine, id, configuration, seq, rev, indexes, created_at, since, changed_at, wake_at,
       held_by, incidents, deadline, document, incident_since
FROM instances
WHERE incident_since IS NOT NULL AND (incident_since, machine, id) > ($1::bigint, $2::text, $3::text)
  AND ($4::text IS NULL OR machine = $4)
ORDER BY incident_since, machine, id
LIMIT $5

-- name: count_incidents
SELECT coalesce(sum(few.incidents), 0)::bigint FROM (
    SELECT incidents FROM instances WHERE incident_since IS NOT NULL AND machine = $1 LIMIT $2
) AS few

-- name: journal
SELECT j.seq, j.part, j.at, j.kind, j.body, j.key, j.reply
FROM instances AS i
CROSS JOIN LATERAL (
    SELECT * FROM journal AS one
    WHERE one.instance = i.number AND (one.seq, one.part) > ($3::bigint, $4::integer)
    ORDER BY one.seq, one.part
    LIMIT $5
) AS j
WHERE i.machine = $1 AND i.id = $2
ORDER BY j.seq, j.part

-- name: journal_before
SELECT j.seq, j.part, j.at, j.kind, j.body, j.key, j.reply
FROM instances AS i
CROSS JOIN LATERAL (
    SELECT * FROM journal AS one
    WHERE one.instance = i.number AND one.seq <= $3 AND one.part = 0
    ORDER BY one.seq DESC
    LIMIT $4
) AS j
WHERE i.machine = $1 AND i.id = $2
ORDER BY j.seq DESC

-- name: charts
SELECT machine, version, chart, stored_at FROM charts WHERE machine = $1 ORDER BY version

-- name: insert_chart
INSERT INTO charts (machine, version, chart, stored_at) VALUES ($1, $2, $3, $4)
ON CONFLICT DO NOTHING

-- name: documents
SELECT machine, max(version) FROM documents GROUP BY machine

-- name: document
SELECT machine, version, notation, text, put_at, put_by, reason
FROM documents WHERE machine = $1 AND version = $2

-- name: lock_documents
-- Only deploys wait for one another.
SELECT pg_advisory_xact_lock(5499273481234002)

-- name: add_document
INSERT INTO documents (machine, version, notation, text, put_at, put_by, reason)
SELECT $1, $2, $3, $4, $5, $6, $7
WHERE NOT EXISTS (SELECT 1 FROM documents WHERE machine = $1 AND version >= $2)
  AND (EXISTS (SELECT 1 FROM documents WHERE machine = $1)
       OR (SELECT count(DISTINCT machine) FROM documents) < $8::bigint)
RETURNING version

-- name: join
-- The smallest slot that is free; two that join at once may choose the same, and one tries again.
INSERT INTO workers (id, slot, since, lease_until)
SELECT $1, coalesce(min(free.slot), 0), clock_timestamp(), clock_timestamp() + $2::interval
FROM generate_series(0, (SELECT count(*)::integer FROM workers)) AS free (slot)
WHERE NOT EXISTS (SELECT 1 FROM workers AS w WHERE w.slot = free.slot)

-- name: beat
-- Removes expired leases first, unless this worker's own has expired: then perhaps all were cut off.
WITH me AS MATERIALIZED (
    SELECT lease_until > clock_timestamp() AS is_sound FROM workers WHERE id = $1
), dead AS MATERIALIZED (
    SELECT w.id FROM workers AS w, me
    WHERE me.is_sound AND w.id <> $1 AND w.lease_until <= clock_timestamp()
    FOR UPDATE OF w SKIP LOCKED
), buried AS (
    DELETE FROM workers AS w USING dead WHERE w.id = dead.id RETURNING w.id
), renewed AS (
    UPDATE workers SET lease_until = clock_timestamp() + $2::interval WHERE id = $1 RETURNING id
)
-- A damaged lease is returned as a moment that Python can represent.
SELECT clock_timestamp() AS now, w.id,
       greatest(least(w.lease_until, clock_timestamp() + interval '1 year'),
                clock_timestamp() - interval '1 year') AS lease_until,
       (SELECT count(*) FROM renewed) AS renewed
FROM workers AS w
WHERE w.id NOT IN (SELECT id FROM buried)

-- name: leave
DELETE FROM workers WHERE id = $1

-- name: workers
SELECT id FROM workers ORDER BY id

-- name: notify
SELECT pg_notify($1, $2)

-- name: ping
-- Fails where the server can be read and not written, as a standby can.
SELECT pg_is_in_recovery(), current_setting('transaction_read_only')

-- name: put_rollups
INSERT INTO rollups (machine, version, span, start, source, body)
SELECT * FROM unnest($1::text[], $2::integer[], $3::integer[], $4::bigint[], $5::text[], $6::bytea[])
ON CONFLICT (machine, start, span, version, source) DO UPDATE SET body = excluded.body

-- name: rollups
SELECT machine, version, span, start, source, body FROM rollups
WHERE machine = $1 AND start >= $2 AND ($3::integer IS NULL OR version = $3)
ORDER BY start DESC
LIMIT $4

-- name: old_rollups
-- The oldest, by the index; then in an order that shows what belongs together.
SELECT machine, version, span, start, source, body FROM (
    SELECT * FROM rollups WHERE span = $1 AND start < $2 ORDER BY start LIMIT $3
) AS oldest
ORDER BY machine, version, start, source

-- name: lock_rollups
-- In the order in which they are given: two workers that want the same wait for each other no more
-- than once.
SELECT r.body
FROM unnest($1::text[], $2::integer[], $3::integer[], $4::bigint[], $5::text[], $6::bytea[])
    AS u (machine, version, span, start, source, body)
CROSS JOIN LATERAL (
    SELECT * FROM rollups AS one
    WHERE one.machine = u.machine AND one.version = u.version AND one.span = u.span
      AND one.start = u.start AND one.source = u.source AND one.body = u.body
    FOR UPDATE
) AS r

-- name: take_rollups
DELETE FROM rollups AS r
USING unnest($1::text[], $2::integer[], $3::integer[], $4::bigint[], $5::text[])
      AS wanted (machine, version, span, start, source)
WHERE r.machine = wanted.machine AND r.version = wanted.version AND r.span = wanted.span
  AND r.start = wanted.start AND r.source = wanted.source

-- name: finished
SELECT i.machine, i.id, i.configuration, i.seq, i.rev, i.indexes, i.created_at, i.since,
       i.changed_at, i.wake_at, i.held_by, i.incidents, i.deadline, i.document
FROM instances AS i
WHERE i.machine = $1 AND i.finished_at <= $2
  AND (i.finished_at, i.id) > ($3::bigint, $4::text)
ORDER BY i.finished_at, i.id
LIMIT $5

-- name: claim_finished
-- What still has something to do is not claimed, since that would keep it from being done.
UPDATE instances AS i SET claimed_until = $7
FROM (
    SELECT one.machine, one.id FROM instances AS one
    WHERE one.machine = $1 AND one.finished_at <= $2
      AND (one.finished_at, one.id) > ($3::bigint, $4::text)
      AND one.wake_at IS NULL AND one.held_by IS NULL AND one.incidents = 0
      AND (one.claimed_until IS NULL OR one.claimed_until <= $6)
    ORDER BY one.finished_at, one.id
    LIMIT $5
    FOR NO KEY UPDATE SKIP LOCKED
) AS mine
WHERE i.machine = mine.machine AND i.id = mine.id
RETURNING i.machine, i.id, i.configuration, i.seq, i.rev, i.indexes, i.created_at, i.since,
          i.changed_at, i.wake_at, i.held_by, i.incidents, i.deadline, i.document

-- name: mailed
-- Limits keep the planner from reading the whole mailbox once instead.
SELECT u.machine, u.id
FROM unnest($1::text[], $2::text[]) AS u (machine, id)
WHERE coalesce(
    (SELECT true FROM mailbox AS m
     WHERE m.to_machine = u.machine AND m.to_id = u.id LIMIT 1),
    (SELECT true FROM mailbox AS m
     WHERE m.sender_machine = u.machine AND m.sender_id = u.id LIMIT 1),
    false
)

-- name: forget
-- `created_at` differs for a row that was started later under the same id and has the same `rev`. The
-- counter's slot belongs to no worker: the caller need not be one.
WITH gone AS (
    DELETE FROM instances AS i
    USING unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[], $5::bigint[])
        AS u (machine, id, rev, created_at, since)
    WHERE i.machine = u.machine AND i.id = u.id AND i.rev = u.rev AND i.created_at = u.created_at
      AND i.finished_at = u.since
      AND NOT coalesce(
          (SELECT true FROM mailbox AS m
           WHERE m.to_machine = u.machine AND m.to_id = u.id LIMIT 1),
          (SELECT true FROM mailbox AS m
           WHERE m.sender_machine = u.machine AND m.sender_id = u.id LIMIT 1),
          false
      )
    RETURNING i.machine, i.id, i.number, i.configuration
), unmarked AS (
    DELETE FROM aside AS a USING gone WHERE a.machine = gone.machine AND a.id = gone.id
), noted AS (
    INSERT INTO forgotten (number) SELECT number FROM gone
), counted AS (
    INSERT INTO counts AS c (configuration, slot, instances)
    SELECT configuration, -1, -count(*) FROM gone
    GROUP BY configuration
    ORDER BY configuration
    ON CONFLICT (configuration, slot) DO UPDATE SET instances = c.instances + excluded.instances
), unlisted AS (
    DELETE FROM lookups AS l
    USING unnest($6::text[], $7::text[], $8::bytea[], $9::bigint[], $10::text[])
        AS u (machine, name, digest, created_at, id)
    JOIN gone ON gone.machine = u.machine AND gone.id = u.id
    WHERE l.machine = u.machine AND l.name = u.name AND l.digest = u.digest
      AND l.created_at = u.created_at AND l.id = u.id
)
SELECT machine, id FROM gone

-- name: lock_forgotten
SELECT number FROM forgotten ORDER BY number LIMIT $1 FOR UPDATE SKIP LOCKED

-- name: sweep
WITH piece AS (
    SELECT j.instance, j.seq, j.part
    FROM unnest($1::bigint[]) AS f (number)
    CROSS JOIN LATERAL (
        SELECT one.instance, one.seq, one.part FROM journal AS one
        WHERE one.instance = f.number
        ORDER BY one.seq, one.part
        LIMIT $2
    ) AS j
    LIMIT $2
), taken AS (
    DELETE FROM journal AS j USING piece AS p
    WHERE j.instance = p.instance AND j.seq = p.seq AND j.part = p.part
    RETURNING 1
)
SELECT count(*) FROM taken

-- name: swept
DELETE FROM forgotten AS f
WHERE f.number = ANY ($1::bigint[])
  AND NOT EXISTS (SELECT 1 FROM journal AS j WHERE j.instance = f.number)
