-- Sessions run with generic plans and without sequential scans, hash and merge joins
-- (connections.py). Each statement uses an index by all the columns that it can be found by,
-- whatever the statistics say: where an ordinary join would leave that to the planner, LATERAL with
-- a LIMIT fixes it.
--
-- One text makes two forms (stores/queries.py). Where rows of any partitions are taken, `:here(t)`
-- is true, and `:partition(x)` is x. Where a statement takes one partition, a parameter more than
-- its own names it: `:here(t)` is `t.partition = $n`, and `:partition(x)` is `$n`. Each reference to
-- a table that is spread has the one or the other in its own scope, so that a distributed database
-- sends the whole statement to one node; those that don't may ask all nodes, and are listed with
-- their reasons in tests/stores/test_postgres_routes.py. A node is sent an INSERT with a SELECT only
-- if the partition is a column of a row there: `:with_fence` joins the worker's fence, and
-- `:partition(x)` beside it is that column. Without the fence, nothing is inserted: it was locked
-- before. `:place(m)` is the partition of a message's receiver, or where messages are moved, the one
-- that it is in.

-- part: moved
-- For each write the row, by compare-and-set. A failed write is missing in the result and has written
-- nothing; without the worker's fence, all are. Rows are locked in the order of the arrays.
-- Columns from `indexes` on are empty arrays where all values are the usual ones: unnest fills them
-- up with NULL.
fence AS MATERIALIZED (
    SELECT f.slot FROM fences AS f WHERE f.worker = $1 AND :here(f) FOR KEY SHARE
), moved AS (
    UPDATE instances AS i
    SET configuration = u.configuration, seq = u.seq, rev = u.expected + 1, indexes = u.indexes,
        since = u.since, changed_at = u.changed_at, wake_at = u.wake_at, claimed_until = NULL,
        held_by = u.held_by, incidents = coalesce(u.incidents, 0),
        incident_since = CASE WHEN u.incidents > 0 THEN u.changed_at END,
        finished_at = CASE WHEN u.is_over THEN u.since END,
        deadline = u.deadline, document = u.document
    FROM unnest(
        $2::text[], $3::text[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[],
        $8::bigint[], $9::bigint[], $10::bytea[], $11::bytea[],
        $12::text[], $13::bigint[], $14::text[], $15::integer[], $16::boolean[], $17::bigint[],
        $18::integer[], $19::text[], $20::text[], $21::bytea[], $22::smallint[]
    ) AS u (
        machine, id, expected, was, configuration, seq,
        since, changed_at, document, body,
        indexes, wake_at, held_by, incidents, is_over, deadline,
        part, kind, key, reply, partition
    )
    WHERE i.machine = u.machine AND i.id = u.id AND i.partition = u.partition AND :here(i)
      AND i.rev = u.expected
      AND EXISTS (SELECT 1 FROM fence)
      AND (u.key IS NULL OR (
          SELECT m.writer FROM mailbox AS m
          WHERE m.to_machine = u.machine AND m.to_id = u.id AND m.key = u.key
            AND m.partition = u.partition AND :here(m)
          LIMIT 1
      ) IS NULL)
    RETURNING i.machine, i.id, i.number, i.partition, u.was, u.configuration, u.seq, u.part,
              u.changed_at, u.kind, u.body, u.key, u.reply
)

-- name: advance
-- The hot path: rows, each with its one journal entry, and the counters of those configurations that
-- instances entered and left. One statement is one transaction and one round trip.
WITH :part(moved), noted AS (
    INSERT INTO journal (partition, instance, seq, part, at, kind, body, key, reply)
    SELECT :partition(partition), number, seq, coalesce(part, 0), changed_at,
           coalesce(kind, 'event'), body, key, reply
    FROM moved
), counted AS (
    INSERT INTO counts AS c (partition, configuration, slot, instances)
    SELECT :partition(0), configuration, (SELECT slot FROM fence), sum(change)
    FROM (
        SELECT was AS configuration, -1 AS change FROM moved WHERE was <> configuration
        UNION ALL
        SELECT configuration, 1 FROM moved WHERE was <> configuration
    ) AS changes
    GROUP BY configuration
    HAVING sum(change) <> 0
    ORDER BY configuration
    ON CONFLICT (configuration, slot, partition)
    DO UPDATE SET instances = c.instances + excluded.instances
)
SELECT machine, id FROM moved

-- name: move
-- The first part of `advance`. Where statements take one partition, entries and counters follow in the
-- same transaction: a distributed database sends no statement to one node that inserts beside.
WITH :part(moved)
SELECT machine, id, number, (SELECT slot FROM fence) FROM moved

-- name: fence
SELECT f.slot FROM fences AS f WHERE f.worker = $1 AND :here(f) FOR KEY SHARE

-- name: lock_rows
SELECT i.machine, i.id, i.number, i.rev, i.configuration, i.indexes
FROM unnest($1::text[], $2::text[], $3::smallint[]) AS u (machine, id, partition)
CROSS JOIN LATERAL (
    SELECT * FROM instances AS one
    WHERE one.machine = u.machine AND one.id = u.id AND one.partition = u.partition
      AND :here(one)
    FOR NO KEY UPDATE
) AS i

-- name: lock_mail
-- In the order of the arrays.
SELECT m.writer, m.rev, m.ordinal
FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::smallint[])
    AS u (writer, rev, ordinal, partition)
CROSS JOIN LATERAL (
    SELECT * FROM mailbox AS one
    WHERE one.writer = u.writer AND one.rev = u.rev AND one.ordinal = u.ordinal
      AND one.partition = u.partition AND :here(one)
    LIMIT 1
    FOR UPDATE
) AS m

-- name: mail_sent
-- What a writer can take back: where it was moved to its receiver, it is not here any more. Found by
-- the hash alone, however many messages of the writer wait: IS NOT DISTINCT FROM uses no index.
SELECT m.writer, m.rev, m.ordinal, m.send_id, m.partition
FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[]) AS u (writer, send_id, machine, id)
CROSS JOIN LATERAL (
    SELECT * FROM mailbox AS one
    WHERE hashtextextended(one.send_id, one.writer) = hashtextextended(u.send_id, u.writer)
      AND (one.writer, one.send_id, one.sender_machine, one.sender_id)
          IS NOT DISTINCT FROM (u.writer, u.send_id, u.machine, u.id)
      AND :here(one)
    ORDER BY one.rev, one.ordinal
    FOR UPDATE
) AS m

-- name: keys_in_journal
SELECT u.machine, u.id, u.key
FROM unnest($1::text[], $2::text[], $3::text[], $4::smallint[]) AS u (machine, id, key, partition)
CROSS JOIN LATERAL (
    SELECT * FROM instances AS one
    WHERE one.machine = u.machine AND one.id = u.id AND one.partition = u.partition AND :here(one)
    LIMIT 1
) AS i
CROSS JOIN LATERAL (
    SELECT 1 FROM journal AS one
    WHERE one.instance = i.number AND one.key = u.key AND :here(one)
    LIMIT 1
) AS j

-- name: keys_in_mailbox
SELECT u.machine, u.id, u.key, m.writer, m.rev, m.ordinal
FROM unnest($1::text[], $2::text[], $3::text[], $4::smallint[]) AS u (machine, id, key, partition)
CROSS JOIN LATERAL (
    SELECT * FROM mailbox AS one
    WHERE one.to_machine = u.machine AND one.to_id = u.id AND one.key = u.key
      AND one.partition = u.partition AND :here(one)
    LIMIT 1
) AS m

-- name: places_in_journal
SELECT i.machine, i.id, u.seq, u.part
FROM unnest($1::text[], $2::text[], $3::bigint[], $4::integer[], $5::smallint[])
    AS u (machine, id, seq, part, partition)
CROSS JOIN LATERAL (
    SELECT * FROM instances AS one
    WHERE one.machine = u.machine AND one.id = u.id AND one.partition = u.partition AND :here(one)
    LIMIT 1
) AS i
CROSS JOIN LATERAL (
    SELECT 1 FROM journal AS one
    WHERE one.instance = i.number AND one.seq = u.seq AND one.part = u.part AND :here(one)
    LIMIT 1
) AS j

-- name: insert_rows
-- By their keys, so that two batches that start the same instances do not wait for each other.
INSERT INTO instances (partition, number, machine, id, configuration, seq, rev, indexes, created_at,
                       since, changed_at, wake_at, held_by, incidents, incident_since, finished_at,
                       deadline, document)
SELECT :partition(u.partition), u.number, u.machine, u.id, u.configuration, u.seq, u.rev, u.indexes,
       u.created_at, u.since, u.changed_at, u.wake_at, u.held_by, u.incidents, u.incident_since,
       u.finished_at, u.deadline, u.document
FROM unnest(
    $1::text[], $2::text[], $3::bigint[], $4::bigint[], $5::bigint[], $6::text[],
    $7::bigint[], $8::bigint[], $9::bigint[], $10::bigint[], $11::text[], $12::integer[],
    $13::bigint[], $14::bigint[], $15::bigint[], $16::bytea[], $17::smallint[], $18::bigint[]
) AS u (machine, id, configuration, seq, rev, indexes,
        created_at, since, changed_at, wake_at, held_by, incidents,
        incident_since, finished_at, deadline, document, partition, number) :with_fence
ORDER BY u.machine, u.id
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
    $1::text[], $2::text[], $3::bigint[], $4::bigint[], $5::bigint[], $6::text[],
    $7::bigint[], $8::bigint[], $9::bigint[], $10::bigint[], $11::text[], $12::integer[],
    $13::bigint[], $14::bigint[], $15::bigint[], $16::bytea[], $17::smallint[]
) AS u (machine, id, configuration, seq, rev, indexes,
        created_at, since, changed_at, wake_at, held_by, incidents,
        incident_since, finished_at, deadline, document, partition)
WHERE i.machine = u.machine AND i.id = u.id AND i.partition = u.partition AND :here(i)

-- name: insert_entries
INSERT INTO journal (partition, instance, seq, part, at, kind, body, key, reply)
SELECT :partition(u.partition), u.instance, u.seq, u.part, u.at, u.kind, u.body, u.key, u.reply
FROM unnest(
    $1::smallint[], $2::bigint[], $3::bigint[], $4::integer[], $5::bigint[], $6::text[],
    $7::bytea[], $8::text[], $9::bytea[]
) AS u (partition, instance, seq, part, at, kind, body, key, reply) :with_fence

-- name: insert_messages
-- `sent_at` is never lower than that of the writer's messages that wait here, which rises with
-- (rev, ordinal): clocks of workers differ, and its messages are delivered in the order of its writes.
INSERT INTO mailbox (partition, writer, rev, ordinal, to_partition, to_machine, to_id, kind, body,
                     sent_at, due_at, sender_machine, sender_id, send_id, held, key)
SELECT :partition(u.partition), u.writer, u.rev, u.ordinal, u.to_partition, u.to_machine, u.to_id,
       u.kind, u.body,
       greatest(u.sent_at, (
           SELECT last.sent_at FROM mailbox AS last
           WHERE last.writer = u.writer AND :here(last)
           ORDER BY last.rev DESC, last.ordinal DESC LIMIT 1
       )),
       u.due_at, u.sender_machine, u.sender_id, u.send_id, u.held, u.key
FROM unnest(
    $1::smallint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::smallint[], $6::text[],
    $7::text[], $8::text[], $9::bytea[], $10::bigint[], $11::bigint[], $12::text[], $13::text[],
    $14::text[], $15::boolean[], $16::text[]
) AS u (partition, writer, rev, ordinal, to_partition, to_machine, to_id, kind, body, sent_at,
        due_at, sender_machine, sender_id, send_id, held, key) :with_fence

-- name: take_messages
DELETE FROM mailbox AS m
USING unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::smallint[])
      AS u (writer, rev, ordinal, partition)
WHERE m.writer = u.writer AND m.rev = u.rev AND m.ordinal = u.ordinal
  AND m.partition = u.partition AND :here(m)

-- name: take_to_move
-- Messages on their way to another partition. One that is not here any more was moved by another.
DELETE FROM mailbox AS m
USING unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::smallint[])
      AS u (writer, rev, ordinal, partition)
WHERE m.writer = u.writer AND m.rev = u.rev AND m.ordinal = u.ordinal
  AND m.partition = u.partition AND NOT m.held AND :here(m)
RETURNING m.writer, m.rev, m.ordinal, m.to_partition, m.to_machine, m.to_id, m.kind, m.body,
          m.sent_at, m.due_at, m.sender_machine, m.sender_id, m.send_id, m.held, m.key

-- name: release_messages
UPDATE mailbox AS m SET held = false
FROM (
    SELECT one.writer, one.rev, one.ordinal, one.partition
    FROM unnest($1::text[], $2::text[]) AS u (machine, id)
    CROSS JOIN LATERAL (
        SELECT * FROM mailbox AS some_of
        WHERE some_of.to_machine = u.machine AND some_of.to_id = u.id AND some_of.held
          AND :here(some_of)
        FOR UPDATE
    ) AS one
) AS mine
WHERE m.writer = mine.writer AND m.rev = mine.rev AND m.ordinal = mine.ordinal
  AND m.partition = mine.partition AND :here(m)

-- name: count_up
INSERT INTO counts AS c (partition, configuration, slot, instances)
SELECT :partition(0), u.configuration, $1::integer, u.change
FROM unnest($2::bigint[], $3::bigint[]) AS u (configuration, change) :with_fence
ORDER BY u.configuration
ON CONFLICT (configuration, slot, partition)
DO UPDATE SET instances = c.instances + excluded.instances

-- name: insert_lookups
INSERT INTO lookups (partition, machine, name, digest, created_at, id)
SELECT :partition(u.partition), u.machine, u.name, u.digest, u.created_at, u.id
FROM unnest($1::smallint[], $2::text[], $3::text[], $4::bytea[], $5::bigint[], $6::text[])
    AS u (partition, machine, name, digest, created_at, id) :with_fence
ON CONFLICT DO NOTHING

-- name: delete_lookups
DELETE FROM lookups AS l
USING unnest($1::smallint[], $2::text[], $3::text[], $4::bytea[], $5::bigint[], $6::text[])
    AS u (partition, machine, name, digest, created_at, id)
WHERE l.machine = u.machine AND l.name = u.name AND l.digest = u.digest
  AND l.created_at = u.created_at AND l.id = u.id
  AND l.partition = u.partition AND :here(l)

-- name: load_rows
SELECT i.machine, i.id, i.configuration, i.seq, i.rev, i.indexes, i.created_at, i.since,
       i.changed_at, i.wake_at, i.held_by, i.incidents, i.deadline, i.document
FROM unnest($1::text[], $2::text[], $3::smallint[]) AS u (machine, id, partition)
CROSS JOIN LATERAL (
    SELECT * FROM instances AS one
    WHERE one.machine = u.machine AND one.id = u.id AND one.partition = u.partition AND :here(one)
    LIMIT 1
) AS i

-- name: entries_of_keys
SELECT u.machine, u.id, j.seq, j.part, j.at, j.kind, j.body, j.key, j.reply
FROM unnest($1::text[], $2::text[], $3::text[], $4::smallint[]) AS u (machine, id, key, partition)
CROSS JOIN LATERAL (
    SELECT * FROM instances AS one
    WHERE one.machine = u.machine AND one.id = u.id AND one.partition = u.partition AND :here(one)
    LIMIT 1
) AS i
CROSS JOIN LATERAL (
    SELECT * FROM journal AS one
    WHERE one.instance = i.number AND one.key = u.key AND :here(one)
    LIMIT 1
) AS j

-- name: mail_of_keys
SELECT m.writer, m.rev, m.ordinal, m.partition, m.sent_at, m.due_at, m.to_machine, m.to_id, m.kind,
       m.body, m.sender_machine, m.sender_id, m.send_id, m.held, m.key
FROM unnest($1::text[], $2::text[], $3::text[], $4::smallint[]) AS u (machine, id, key, partition)
CROSS JOIN LATERAL (
    SELECT * FROM mailbox AS one
    WHERE one.to_machine = u.machine AND one.to_id = u.id AND one.key = u.key
      AND one.partition = u.partition AND :here(one)
    LIMIT 1
) AS m

-- name: held_mail
SELECT m.writer, m.rev, m.ordinal, m.partition, m.sent_at, m.due_at, m.to_machine, m.to_id, m.kind,
       m.body, m.sender_machine, m.sender_id, m.send_id, m.held, m.key
FROM mailbox AS m
WHERE m.to_machine = $1 AND m.to_id = $2 AND m.held AND :here(m)
ORDER BY coalesce(m.due_at, m.sent_at), m.writer, m.rev, m.ordinal
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
        WHERE one.machine = wanted.machine AND one.wake_at <= $2 AND :here(one)
        ORDER BY one.wake_at, one.number
        LIMIT $3
    ) AS due
    ORDER BY place, due.wake_at, due.number
    LIMIT $3
) AS i
ORDER BY i.wake_at, i.number

-- name: places_due
-- Where `due` and `claim_due` would find rows, for a page out of several partitions.
SELECT i.machine, i.wake_at, i.number, i.id
FROM unnest($1::text[]) AS wanted (machine)
CROSS JOIN LATERAL (
    SELECT one.machine, one.wake_at, one.number, one.id FROM instances AS one
    WHERE one.machine = wanted.machine AND one.wake_at <= $2 AND :here(one)
      AND (NOT $4::boolean OR one.claimed_until IS NULL OR one.claimed_until <= $2)
    ORDER BY one.wake_at, one.number
    LIMIT $3
) AS i

-- name: claim_due
-- Rows that another worker is claiming or writing are skipped, not waited for. Machines
-- share a page as in `due`; of each, no more than its own number is claimed.
UPDATE instances AS i SET claimed_until = $4
FROM (
    SELECT due.machine, due.id, due.partition
    FROM unnest($1::text[], $5::integer[]) AS wanted (machine, most)
    CROSS JOIN LATERAL (
        SELECT one.machine, one.id, one.partition, one.wake_at, one.number
        FROM instances AS one
        WHERE one.machine = wanted.machine AND one.wake_at <= $2 AND :here(one)
          AND (one.claimed_until IS NULL OR one.claimed_until <= $2)
        ORDER BY one.wake_at, one.number
        LIMIT wanted.most
        FOR NO KEY UPDATE SKIP LOCKED
    ) AS due
    ORDER BY row_number() OVER (PARTITION BY due.machine ORDER BY due.wake_at, due.number),
             due.wake_at, due.number
    LIMIT $3
) AS mine
WHERE i.machine = mine.machine AND i.id = mine.id AND i.partition = mine.partition AND :here(i)
RETURNING i.machine, i.id, i.configuration, i.seq, i.rev, i.indexes, i.created_at, i.since,
          i.changed_at, i.wake_at, i.held_by, i.incidents, i.deadline, i.document, i.number

-- name: next_wake
SELECT least(
    (SELECT min(first.wake_at)
     FROM unnest($1::text[]) AS wanted (machine)
     CROSS JOIN LATERAL (
         SELECT i.wake_at FROM instances AS i
         WHERE i.machine = wanted.machine AND i.wake_at > $2 AND :here(i)
         ORDER BY i.wake_at LIMIT 1
     ) AS first),
    (SELECT min(first.due_at)
     FROM unnest($1::text[]) AS wanted (machine)
     CROSS JOIN LATERAL (
         SELECT m.due_at FROM mailbox AS m
         WHERE m.to_machine = wanted.machine AND NOT m.held AND m.due_at > $2 AND :here(m)
         ORDER BY m.due_at LIMIT 1
     ) AS first)
)

-- name: next_holder
-- One of the holders after another; all of them are found by as many seeks.
SELECT i.held_by FROM instances AS i WHERE i.held_by > $1 AND :here(i) ORDER BY i.held_by LIMIT 1

-- name: rows_held_by
SELECT i.machine, i.id, i.configuration, i.seq, i.rev, i.indexes, i.created_at, i.since,
       i.changed_at, i.wake_at, i.held_by, i.incidents, i.deadline, i.document
FROM unnest($1::text[]) AS wanted (machine)
CROSS JOIN LATERAL (
    SELECT * FROM instances AS one
    WHERE one.held_by = $2 AND one.machine = wanted.machine AND :here(one)
    LIMIT $3
) AS i
LIMIT $3

-- name: set_aside
-- One that has its mark already is not counted again; it may be due or held all the same, where it
-- was changed by hand.
WITH noted AS (
    INSERT INTO aside AS a (partition, machine, id, rev, since, why)
    SELECT :partition(i.partition), i.machine, i.id, i.rev, u.since, u.why
    FROM unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[], $5::text[], $6::smallint[])
        AS u (machine, id, rev, since, why, partition)
    CROSS JOIN LATERAL (
        SELECT * FROM instances AS one
        WHERE one.machine = u.machine AND one.id = u.id AND one.partition = u.partition
          AND :here(one)
        FOR NO KEY UPDATE
    ) AS i
    WHERE i.rev = u.rev
    ON CONFLICT (machine, id, partition) DO UPDATE
    SET rev = excluded.rev, since = excluded.since, why = excluded.why
    WHERE a.rev <> excluded.rev
    RETURNING machine, id
)
UPDATE instances AS i
SET wake_at = NULL, claimed_until = NULL, held_by = NULL,
    incidents = greatest(0, least(i.incidents, 1000000)) + u.is_new::integer,
    incident_since = i.changed_at
FROM (
    SELECT u.machine, u.id, u.rev, u.partition, noted.id IS NOT NULL AS is_new
    FROM unnest($1::text[], $2::text[], $3::bigint[], $6::smallint[])
        AS u (machine, id, rev, partition)
    LEFT JOIN noted ON noted.machine = u.machine AND noted.id = u.id
) AS u
WHERE i.machine = u.machine AND i.id = u.id AND i.partition = u.partition AND :here(i)
  AND i.rev = u.rev

-- name: asides
SELECT a.machine, a.id, a.since, a.why
FROM unnest($1::text[], $2::text[], $3::smallint[]) AS u (machine, id, partition)
CROSS JOIN LATERAL (
    SELECT * FROM aside AS one
    WHERE one.machine = u.machine AND one.id = u.id AND one.partition = u.partition
      AND :here(one)
    LIMIT 1
) AS a
CROSS JOIN LATERAL (
    SELECT one.rev FROM instances AS one
    WHERE one.machine = u.machine AND one.id = u.id AND one.partition = u.partition
      AND :here(one)
    LIMIT 1
) AS i
WHERE i.rev = a.rev

-- name: set_aside_rows
SELECT i.machine, i.id, i.configuration, i.seq, i.rev, i.indexes, i.created_at, i.since,
       i.changed_at, i.wake_at, i.held_by, i.incidents, i.deadline, i.document
FROM aside AS a
CROSS JOIN LATERAL (
    SELECT * FROM instances AS one
    WHERE one.machine = a.machine AND one.id = a.id AND one.partition = a.partition
      AND :here(one)
    LIMIT 1
) AS i
WHERE (a.machine, a.id) > ($2::text, $3::text) AND i.rev = a.rev AND a.machine = ANY ($1::text[])
  AND :here(a)
ORDER BY a.machine, a.id
LIMIT $4

-- name: next_addressee
-- One machine after another that any message waits for.
SELECT m.to_machine FROM mailbox AS m
WHERE m.to_machine > $1 AND :here(m)
ORDER BY m.to_machine LIMIT 1

-- name: mail_waits
-- For which machines messages that are due wait in which partitions, since when, whether this worker
-- may deliver them, and how many workers there are. Where nothing is due, a machine costs two seeks.
-- Partitions are those of receivers, or where messages are moved, those that they are in; then
-- `since` is when one of them was sent, not always the first.
SELECT waiting.machine, waiting.partition, min(waiting.since),
       coalesce(bool_and(d.until <= $2 OR d.worker = $3), true),
       (SELECT count(*) FROM fences AS f WHERE :here(f))
FROM (
    SELECT wanted.machine, place.partition, first.sent_at AS since
    FROM unnest($1::text[]) AS wanted (machine)
    CROSS JOIN LATERAL (
        SELECT 1 FROM mailbox AS probe
        WHERE probe.to_machine = wanted.machine AND NOT probe.held AND probe.due_at IS NULL
          AND :here(probe)
        LIMIT 1
    ) AS there
    CROSS JOIN unnest($4::smallint[]) AS place (partition)
    CROSS JOIN LATERAL (
        SELECT one.sent_at FROM mailbox AS one
        WHERE one.to_machine = wanted.machine AND :place(one) = place.partition
          AND NOT one.held AND one.due_at IS NULL AND :here(one)
        ORDER BY one.to_partition, one.sent_at
        LIMIT 1
    ) AS first
    UNION ALL
    SELECT wanted.machine, place.partition, late.due_at
    FROM unnest($1::text[]) AS wanted (machine)
    CROSS JOIN LATERAL (
        SELECT probe.due_at FROM mailbox AS probe
        WHERE probe.to_machine = wanted.machine AND NOT probe.held AND probe.due_at <= $2
          AND :here(probe)
        ORDER BY probe.due_at
        LIMIT 1
    ) AS there
    CROSS JOIN unnest($4::smallint[]) AS place (partition)
    CROSS JOIN LATERAL (
        SELECT one.due_at FROM mailbox AS one
        WHERE one.to_machine = wanted.machine AND :place(one) = place.partition
          AND NOT one.held AND one.due_at <= $2 AND :here(one)
        ORDER BY one.due_at
        LIMIT 1
    ) AS late
) AS waiting
LEFT JOIN LATERAL (
    SELECT one.worker, one.until FROM deliverers AS one
    WHERE one.machine = waiting.machine AND one.partition = waiting.partition AND :here(one)
    LIMIT 1
) AS d ON true
GROUP BY waiting.machine, waiting.partition

-- name: claim_partitions
-- Those that are free, or whose deliverer's time is over; in the order of their keys, so that two
-- workers do not wait for each other.
INSERT INTO deliverers AS d (partition, machine, worker, until)
SELECT :partition(u.partition), u.machine, $3, $4
FROM unnest($1::text[], $2::smallint[]) AS u (machine, partition) :with_fence
ORDER BY u.machine, u.partition
ON CONFLICT (machine, partition) DO UPDATE SET worker = excluded.worker, until = excluded.until
WHERE d.worker = excluded.worker OR d.until <= $5
RETURNING machine, partition

-- name: keep_partitions
-- Those that are this worker's still.
UPDATE deliverers AS d SET until = $4
FROM unnest($1::text[], $2::smallint[]) AS u (machine, partition)
WHERE d.machine = u.machine AND d.partition = u.partition AND d.worker = $3 AND :here(d)
RETURNING d.machine, d.partition

-- name: mail
-- Messages that wait for machines, to receivers in partitions, given as pairs.
SELECT m.writer, m.rev, m.ordinal, m.partition, m.sent_at, m.due_at, m.to_machine, m.to_id, m.kind,
       m.body, m.sender_machine, m.sender_id, m.send_id, m.held, m.key
FROM (
    SELECT at_once.at, at_once.writer, at_once.rev, at_once.ordinal, at_once.partition
    FROM unnest($1::text[], $2::smallint[]) AS wanted (machine, partition)
    CROSS JOIN LATERAL (
        SELECT one.sent_at AS at, one.writer, one.rev, one.ordinal, one.partition
        FROM mailbox AS one
        WHERE one.to_machine = wanted.machine AND one.to_partition = wanted.partition
          AND NOT one.held AND one.due_at IS NULL AND :here(one)
          AND (one.sent_at, one.writer, one.rev, one.ordinal)
              > ($3::bigint, $4::bigint, $5::bigint, $6::bigint)
        ORDER BY one.sent_at, one.writer, one.rev, one.ordinal
        LIMIT $7
    ) AS at_once
    UNION ALL
    SELECT late.at, late.writer, late.rev, late.ordinal, late.partition
    FROM unnest($1::text[], $2::smallint[]) AS wanted (machine, partition)
    CROSS JOIN LATERAL (
        SELECT one.due_at AS at, one.writer, one.rev, one.ordinal, one.partition
        FROM mailbox AS one
        WHERE one.to_machine = wanted.machine AND one.to_partition = wanted.partition
          AND NOT one.held AND one.due_at <= $8 AND :here(one)
          AND (one.due_at, one.writer, one.rev, one.ordinal)
              > ($3::bigint, $4::bigint, $5::bigint, $6::bigint)
        ORDER BY one.due_at, one.writer, one.rev, one.ordinal
        LIMIT $7
    ) AS late
    ORDER BY 1, 2, 3, 4, 5
    LIMIT $7
) AS found
CROSS JOIN LATERAL (
    SELECT * FROM mailbox AS one
    WHERE one.writer = found.writer AND one.rev = found.rev AND one.ordinal = found.ordinal
      AND one.partition = found.partition AND :here(one)
    LIMIT 1
) AS m
ORDER BY found.at, m.writer, m.rev, m.ordinal, m.partition

-- name: mail_to_move
-- Messages that are due and whose receivers are in other partitions, which are given, in the order
-- of their ids.
SELECT found.writer, found.rev, found.ordinal, found.to_partition, found.to_machine
FROM unnest($1::text[]) AS wanted (machine)
CROSS JOIN unnest($4::smallint[]) AS target (partition)
CROSS JOIN LATERAL (
    (SELECT one.writer, one.rev, one.ordinal, one.to_partition, one.to_machine, one.sent_at AS at
     FROM mailbox AS one
     WHERE one.to_machine = wanted.machine AND one.to_partition = target.partition
       AND NOT one.held AND one.due_at IS NULL AND :here(one)
     ORDER BY one.sent_at, one.writer, one.rev, one.ordinal
     LIMIT $3)
    UNION ALL
    (SELECT one.writer, one.rev, one.ordinal, one.to_partition, one.to_machine, one.due_at
     FROM mailbox AS one
     WHERE one.to_machine = wanted.machine AND one.to_partition = target.partition
       AND NOT one.held AND one.due_at <= $2 AND :here(one)
     ORDER BY one.due_at, one.writer, one.rev, one.ordinal
     LIMIT $3)
) AS found
ORDER BY found.at, found.writer, found.rev, found.ordinal
LIMIT $3

-- name: still_there
SELECT m.writer, m.rev, m.ordinal
FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::smallint[])
    AS u (writer, rev, ordinal, partition)
CROSS JOIN LATERAL (
    SELECT * FROM mailbox AS one
    WHERE one.writer = u.writer AND one.rev = u.rev AND one.ordinal = u.ordinal
      AND one.partition = u.partition AND :here(one)
    LIMIT 1
) AS m

-- name: insert_configuration
-- In a transaction of its own, before the one that refers to it. Another may be there under its
-- number, which the caller compares.
INSERT INTO configurations (number, machine, version, status, state, tags, owners)
VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT DO NOTHING

-- name: mend_configuration
-- What stands under a number that is a hash of something else was changed by hand.
UPDATE configurations
SET machine = $2, version = $3, status = $4, state = $5, tags = $6, owners = $7
WHERE number = $1

-- name: configurations
SELECT number, machine, version, status, state, tags, owners
FROM configurations
WHERE number = ANY ($1::bigint[])

-- name: counted_configurations
-- How many instances are in each configuration of a machine that has any.
SELECT c.configuration, sum(c.instances)::bigint
FROM configurations AS k
JOIN counts AS c ON c.configuration = k.number
WHERE k.machine = $1
GROUP BY c.configuration
HAVING sum(c.instances) > 0

-- name: keys_by_configuration
-- The newest of each configuration, then the newest of these.
SELECT found.created_at, found.id
FROM unnest($1::bigint[]) AS wanted (configuration)
CROSS JOIN LATERAL (
    SELECT i.created_at, i.id FROM instances AS i
    WHERE i.configuration = wanted.configuration AND :here(i)
      AND (i.created_at, i.id) < ($2::bigint, $3::text) AND i.since <= $4
    ORDER BY i.created_at DESC, i.id DESC
    LIMIT $5
) AS found
ORDER BY found.created_at DESC, found.id DESC
LIMIT $5

-- name: rows_by_configuration
-- The rows of what keys_by_configuration gives, in one question: for the form in which a statement
-- takes rows of any partitions. In the other one each partition would read as many as a page has.
SELECT i.machine, i.id, i.configuration, i.seq, i.rev, i.indexes, i.created_at, i.since,
       i.changed_at, i.wake_at, i.held_by, i.incidents, i.deadline, i.document
FROM (
    SELECT found.created_at, found.id
    FROM unnest($1::bigint[]) AS wanted (configuration)
    CROSS JOIN LATERAL (
        SELECT i.created_at, i.id FROM instances AS i
        WHERE i.configuration = wanted.configuration AND :here(i)
          AND (i.created_at, i.id) < ($2::bigint, $3::text) AND i.since <= $4
        ORDER BY i.created_at DESC, i.id DESC
        LIMIT $5
    ) AS found
    ORDER BY found.created_at DESC, found.id DESC
    LIMIT $5
) AS key
CROSS JOIN LATERAL (
    SELECT * FROM instances AS one
    WHERE one.machine = $6 AND one.id = key.id AND :here(one)
    LIMIT 1
) AS i
ORDER BY key.created_at DESC, key.id DESC

-- name: keys_with_incidents
-- Those with incidents are few: all of them are read.
SELECT i.created_at, i.id
FROM instances AS i
WHERE i.incident_since IS NOT NULL AND i.machine = $1 AND :here(i)
  AND (i.created_at, i.id) < ($2::bigint, $3::text)
  AND i.since <= $4
  AND i.configuration = ANY ($6::bigint[])
  AND (
      SELECT count(*) FROM unnest($7::text[], $8::bytea[]) AS wanted (name, digest)
      CROSS JOIN LATERAL (
          SELECT 1 FROM lookups AS other
          WHERE other.machine = i.machine AND other.name = wanted.name
            AND other.digest = wanted.digest AND other.created_at = i.created_at
            AND other.id = i.id AND other.partition = i.partition AND :here(other)
          LIMIT 1
      ) AS there
  ) = cardinality($7::text[])
ORDER BY i.created_at DESC, i.id DESC
LIMIT $5

-- name: count_of_lookup
SELECT count(*) FROM (
    SELECT 1 FROM lookups WHERE machine = $1 AND name = $2 AND digest = $3 LIMIT $4
) AS few

-- name: keys_by_lookup
SELECT l.created_at, l.id
FROM lookups AS l
CROSS JOIN LATERAL (
    SELECT * FROM instances AS one
    WHERE one.machine = l.machine AND one.id = l.id AND one.partition = l.partition AND :here(one)
    LIMIT 1
) AS i
WHERE l.machine = $1 AND l.name = $9 AND l.digest = $10 AND :here(l)
  AND (l.created_at, l.id) < ($2::bigint, $3::text)
  AND ($11::text = '' OR (l.id >= $11::text AND l.id < $12::text))
  AND (NOT $13::boolean OR i.incident_since IS NOT NULL)
  AND i.since <= $4
  AND i.configuration = ANY ($6::bigint[])
  AND (
      SELECT count(*) FROM unnest($7::text[], $8::bytea[]) AS wanted (name, digest)
      CROSS JOIN LATERAL (
          SELECT 1 FROM lookups AS other
          WHERE other.machine = l.machine AND other.name = wanted.name
            AND other.digest = wanted.digest AND other.created_at = l.created_at
            AND other.id = l.id AND other.partition = l.partition AND :here(other)
          LIMIT 1
      ) AS there
  ) = cardinality($7::text[])
ORDER BY l.created_at DESC, l.id DESC
LIMIT $5

-- name: look_by_id
-- Every row of the range, and whether it fits: no more than these are read for a page. LIMIT
-- keeps the planner from reading all lookups once instead.
SELECT i.id, i.since <= $6 AND i.configuration = ANY ($7::bigint[])
  AND (NOT $8::boolean OR i.incident_since IS NOT NULL)
  AND (
      SELECT count(*) FROM unnest($9::text[], $10::bytea[]) AS wanted (name, digest)
      CROSS JOIN LATERAL (
          SELECT 1 FROM lookups AS l
          WHERE l.machine = i.machine AND l.name = wanted.name AND l.digest = wanted.digest
            AND l.created_at = i.created_at AND l.id = i.id AND l.partition = i.partition
            AND :here(l)
          LIMIT 1
      ) AS there
  ) = cardinality($9::text[])
FROM instances AS i
WHERE i.machine = $1 AND i.id >= $2 AND i.id < $3 AND i.id > $4 AND :here(i)
ORDER BY i.id
LIMIT $5

-- name: look_by_since
-- No index has this order: one more would have to be written at each change of a configuration.
-- All that fit are read, from the index of the configurations alone where nothing else is asked,
-- and sorted as far as a page goes.
SELECT found.since, found.id
FROM unnest($1::bigint[]) AS wanted (configuration)
CROSS JOIN LATERAL (
    SELECT i.since, i.id FROM instances AS i
    WHERE i.configuration = wanted.configuration AND (i.since, i.id) > ($2::bigint, $3::text)
  AND i.since <= $4 AND :here(i)
  AND (NOT $6::boolean OR i.incident_since IS NOT NULL)
  AND (
      SELECT count(*) FROM unnest($7::text[], $8::bytea[]) AS wanted (name, digest)
      CROSS JOIN LATERAL (
          SELECT 1 FROM lookups AS l
          WHERE l.machine = i.machine AND l.name = wanted.name AND l.digest = wanted.digest
            AND l.created_at = i.created_at AND l.id = i.id AND l.partition = i.partition
            AND :here(l)
          LIMIT 1
      ) AS there
  ) = cardinality($7::text[])
    ORDER BY i.since, i.id
    LIMIT $5
) AS found
ORDER BY found.since, found.id
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
FROM (
    SELECT one.number FROM instances AS one
    WHERE one.machine = $1 AND one.id = $2 AND one.partition = $6::smallint AND :here(one)
    LIMIT 1
) AS i
CROSS JOIN LATERAL (
    SELECT * FROM journal AS one
    WHERE one.instance = i.number AND (one.seq, one.part) > ($3::bigint, $4::integer) AND :here(one)
    ORDER BY one.seq, one.part
    LIMIT $5
) AS j
ORDER BY j.seq, j.part

-- name: journal_before
SELECT j.seq, j.part, j.at, j.kind, j.body, j.key, j.reply
FROM (
    SELECT one.number FROM instances AS one
    WHERE one.machine = $1 AND one.id = $2 AND one.partition = $5::smallint AND :here(one)
    LIMIT 1
) AS i
CROSS JOIN LATERAL (
    SELECT * FROM journal AS one
    WHERE one.instance = i.number AND one.seq <= $3 AND one.part = 0 AND :here(one)
    ORDER BY one.seq DESC
    LIMIT $4
) AS j
ORDER BY j.seq DESC

-- name: charts
SELECT machine, version, chart, stored_at FROM charts WHERE machine = $1 ORDER BY version

-- name: insert_chart
INSERT INTO charts (machine, version, chart, stored_at) VALUES ($1, $2, $3, $4)
ON CONFLICT DO NOTHING

-- name: documents
SELECT DISTINCT ON (machine) machine, version, put_at FROM documents
ORDER BY machine, version DESC

-- name: document
SELECT machine, version, notation, text, put_at, put_by, reason, covers
FROM documents WHERE machine = $1 AND version = $2

-- name: lock_documents
-- Only deploys wait for one another.
SELECT pg_advisory_xact_lock(hashtextextended(current_schema(), 5499273481234002))

-- name: add_document
INSERT INTO documents (machine, version, notation, text, put_at, put_by, reason, covers)
SELECT $1, $2, $3, $4, $5, $6, $7, $9
WHERE NOT EXISTS (SELECT 1 FROM documents WHERE machine = $1 AND version >= $2)
  AND (EXISTS (SELECT 1 FROM documents WHERE machine = $1)
       OR (SELECT count(DISTINCT machine) FROM documents) < $8::bigint)
RETURNING version

-- name: replace_document
UPDATE documents
SET notation = $3, text = $4, put_at = $5, put_by = $6, reason = $7, covers = $8
WHERE machine = $1 AND version = $2 AND put_at = $9 AND text = $10
  AND NOT EXISTS (SELECT 1 FROM documents WHERE machine = $1 AND version > $2)
RETURNING version

-- name: join
-- The smallest slot that is free; two that join at once may choose the same, and one tries again.
INSERT INTO workers (id, slot, since, lease_until)
SELECT $1, coalesce(min(free.slot), 0), clock_timestamp(), clock_timestamp() + $2::interval
FROM generate_series(0, (SELECT count(*)::integer FROM workers)) AS free (slot)
WHERE NOT EXISTS (SELECT 1 FROM workers AS w WHERE w.slot = free.slot)
RETURNING slot

-- name: insert_fence
-- In the transaction that the worker joins in.
INSERT INTO fences (partition, worker, slot) VALUES (:partition(0), $1, $2)

-- name: beat
-- As it was when it began, with this worker's lease as it is now. A damaged lease is returned as a
-- moment that Python can represent.
WITH renewed AS (
    UPDATE workers SET lease_until = clock_timestamp() + $2::interval WHERE id = $1 RETURNING id
)
SELECT clock_timestamp() AS now, w.id,
       greatest(least(w.lease_until, clock_timestamp() + interval '1 year'),
                clock_timestamp() - interval '1 year') AS lease_until,
       w.lease_until <= clock_timestamp() AS is_over,
       (SELECT count(*) FROM renewed) AS renewed
FROM workers AS w

-- name: clock
SELECT clock_timestamp()

-- name: lock_dead
-- Of these workers, those whose leases are over still and whom no other buries now.
SELECT w.id FROM workers AS w
WHERE w.id = ANY ($1::text[]) AND w.lease_until <= clock_timestamp()
ORDER BY w.id
FOR UPDATE SKIP LOCKED

-- name: lock_fences
-- Those of a worker that no commit of its holds.
SELECT f.worker FROM fences AS f WHERE f.worker = $1 AND :here(f) FOR UPDATE SKIP LOCKED

-- name: fences
SELECT f.worker FROM fences AS f WHERE f.worker = $1 AND :here(f)

-- name: remove_fences
DELETE FROM fences AS f WHERE f.worker = ANY ($1::text[]) AND :here(f)

-- name: leave
DELETE FROM workers WHERE id = ANY ($1::text[])

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
-- What still has something to do is not claimed, since that would keep it from being done. Rows that
-- another worker is claiming or writing are skipped, not waited for.
UPDATE instances AS i SET claimed_until = $6
FROM (
    SELECT one.machine, one.id, one.partition
    FROM unnest($1::text[], $2::text[], $3::bigint[], $4::smallint[])
        AS u (machine, id, rev, partition)
    CROSS JOIN LATERAL (
        SELECT * FROM instances AS there
        WHERE there.machine = u.machine AND there.id = u.id AND there.partition = u.partition
          AND there.rev = u.rev
          AND there.wake_at IS NULL AND there.held_by IS NULL AND there.incidents = 0
          AND (there.claimed_until IS NULL OR there.claimed_until <= $5) AND :here(there)
        FOR NO KEY UPDATE SKIP LOCKED
    ) AS one
) AS mine
WHERE i.machine = mine.machine AND i.id = mine.id AND i.partition = mine.partition AND :here(i)
RETURNING i.machine, i.id

-- name: mailed
-- Limits keep the planner from reading the whole mailbox once instead.
SELECT u.machine, u.id
FROM unnest($1::text[], $2::text[]) AS u (machine, id)
WHERE coalesce(
    (SELECT true FROM mailbox AS m
     WHERE m.to_machine = u.machine AND m.to_id = u.id AND :here(m) LIMIT 1),
    (SELECT true FROM mailbox AS m
     WHERE m.sender_machine = u.machine AND m.sender_id = u.id AND :here(m) LIMIT 1),
    false
)

-- name: forget
-- `created_at` differs for a row that was started later under the same id and has the same `rev`. The
-- counter's slot belongs to no worker: the caller need not be one.
WITH gone AS (
    DELETE FROM instances AS i
    USING unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[], $5::bigint[], $11::smallint[])
        AS u (machine, id, rev, created_at, since, partition)
    WHERE i.machine = u.machine AND i.id = u.id AND i.rev = u.rev AND i.created_at = u.created_at
      AND i.finished_at = u.since AND i.partition = u.partition AND :here(i)
      AND NOT coalesce(
          (SELECT true FROM mailbox AS m
           WHERE m.to_machine = u.machine AND m.to_id = u.id AND :here(m) LIMIT 1),
          (SELECT true FROM mailbox AS m
           WHERE m.sender_machine = u.machine AND m.sender_id = u.id AND :here(m) LIMIT 1),
          false
      )
    RETURNING i.machine, i.id, i.number, i.partition, i.configuration
), unmarked AS (
    DELETE FROM aside AS a USING gone
    WHERE a.machine = gone.machine AND a.id = gone.id AND a.partition = gone.partition
      AND :here(a)
), noted AS (
    INSERT INTO forgotten (partition, number) SELECT :partition(partition), number FROM gone
), counted AS (
    INSERT INTO counts AS c (partition, configuration, slot, instances)
    SELECT :partition(0), configuration, -1, -count(*) FROM gone
    GROUP BY configuration
    ORDER BY configuration
    ON CONFLICT (configuration, slot, partition)
    DO UPDATE SET instances = c.instances + excluded.instances
), unlisted AS (
    DELETE FROM lookups AS l
    USING unnest($6::text[], $7::text[], $8::bytea[], $9::bigint[], $10::text[])
        AS u (machine, name, digest, created_at, id), gone
    WHERE gone.machine = u.machine AND gone.id = u.id
      AND l.machine = u.machine AND l.name = u.name AND l.digest = u.digest
      AND l.created_at = u.created_at AND l.id = u.id AND l.partition = gone.partition
      AND :here(l)
)
SELECT machine, id FROM gone

-- name: lock_forgotten
SELECT f.number FROM forgotten AS f WHERE :here(f) ORDER BY f.number LIMIT $1 FOR UPDATE SKIP LOCKED

-- name: sweep
WITH piece AS (
    SELECT j.instance, j.seq, j.part, j.partition
    FROM unnest($1::bigint[]) AS f (number)
    CROSS JOIN LATERAL (
        SELECT one.instance, one.seq, one.part, one.partition FROM journal AS one
        WHERE one.instance = f.number AND :here(one)
        ORDER BY one.seq, one.part
        LIMIT $2
    ) AS j
    LIMIT $2
), taken AS (
    DELETE FROM journal AS j USING piece AS p
    WHERE j.instance = p.instance AND j.seq = p.seq AND j.part = p.part
      AND j.partition = p.partition AND :here(j)
    RETURNING 1
)
SELECT count(*) FROM taken

-- name: swept
DELETE FROM forgotten AS f
WHERE f.number = ANY ($1::bigint[]) AND :here(f)
  AND (
      SELECT true FROM journal AS j WHERE j.instance = f.number AND :here(j) LIMIT 1
  ) IS NULL

-- name: add_audit
-- Not of the hot path, and of no worker: what adds it need not have a fence.
INSERT INTO audit (partition, at, number, caller, proved, address, action, machine, id, outcome, detail,
                   times)
SELECT :partition(u.partition), u.at, u.number, u.caller, u.proved, u.address, u.action, u.machine,
       u.id, u.outcome, u.detail, u.times
FROM unnest(
    $1::bigint[], $2::bigint[], $3::text[], $4::boolean[], $5::text[], $6::text[], $7::text[],
    $8::text[], $9::text[], $10::text[], $11::bigint[], $12::smallint[]
) AS u (at, number, caller, proved, address, action, machine, id, outcome, detail, times, partition)
ON CONFLICT DO NOTHING

-- part: fits_audit
(($4::text IS NULL OR one.machine = $4) AND ($5::text IS NULL OR one.id = $5)
            AND ($6::text IS NULL OR one.caller = $6) AND ($7::text IS NULL OR one.action = $7)
            AND ($8::text IS NULL OR one.outcome = $8))

-- name: audit_by_time
-- The index of times is by an expression, so that the planner takes it for no other statement.
-- Of the entries that it looks at, those that fit, and the last one whether it fits or not: from there
-- the next page goes on.
SELECT found.at, found.number, found.caller, found.proved, found.address, found.action,
       found.machine, found.id, found.outcome, found.detail, found.times, found.fits, found.place,
       found.looked
FROM (
    SELECT one.*, :part(fits_audit) AS fits,
           row_number() OVER (ORDER BY one.at DESC, one.number DESC) AS place, count(*) OVER () AS looked
    FROM (
        SELECT a.* FROM audit AS a
        WHERE (a.at + 0, a.number) < ($1::bigint, $2::bigint) AND a.at + 0 >= $3::bigint AND :here(a)
        ORDER BY a.at + 0 DESC, a.number DESC
        LIMIT $9
    ) AS one
) AS found
WHERE found.fits OR found.place = found.looked
ORDER BY found.at DESC, found.number DESC
LIMIT $10

-- name: audit_by_time_up
-- The same in the order of an export.
SELECT found.at, found.number, found.caller, found.proved, found.address, found.action,
       found.machine, found.id, found.outcome, found.detail, found.times, found.fits, found.place,
       found.looked
FROM (
    SELECT one.*, :part(fits_audit) AS fits,
           row_number() OVER (ORDER BY one.at, one.number) AS place, count(*) OVER () AS looked
    FROM (
        SELECT a.* FROM audit AS a
        WHERE (a.at + 0, a.number) > ($1::bigint, $2::bigint) AND a.at + 0 < $3::bigint AND :here(a)
        ORDER BY a.at + 0, a.number
        LIMIT $9
    ) AS one
) AS found
WHERE found.fits OR found.place = found.looked
ORDER BY found.at, found.number
LIMIT $10

-- name: audit_of_instance
-- By both as one text, as a machine's name has no /: else the planner may take the index of machines.
SELECT found.at, found.number, found.caller, found.proved, found.address, found.action,
       found.machine, found.id, found.outcome, found.detail, found.times, found.fits, found.place,
       found.looked
FROM (
    SELECT one.*, :part(fits_audit) AS fits,
           row_number() OVER (ORDER BY one.at DESC, one.number DESC) AS place, count(*) OVER () AS looked
    FROM (
        SELECT a.* FROM audit AS a
        WHERE a.machine || '/' || a.id = $4::text || '/' || $5::text AND (a.at, a.number) < ($1::bigint, $2::bigint) AND a.at >= $3::bigint AND :here(a)
        ORDER BY a.at DESC, a.number DESC
        LIMIT $9
    ) AS one
) AS found
WHERE found.fits OR found.place = found.looked
ORDER BY found.at DESC, found.number DESC
LIMIT $10

-- name: audit_of_machine
SELECT found.at, found.number, found.caller, found.proved, found.address, found.action,
       found.machine, found.id, found.outcome, found.detail, found.times, found.fits, found.place,
       found.looked
FROM (
    SELECT one.*, :part(fits_audit) AS fits,
           row_number() OVER (ORDER BY one.at DESC, one.number DESC) AS place, count(*) OVER () AS looked
    FROM (
        SELECT a.* FROM audit AS a
        WHERE a.machine = $4 AND (a.at, a.number) < ($1::bigint, $2::bigint) AND a.at >= $3::bigint AND :here(a)
        ORDER BY a.at DESC, a.number DESC
        LIMIT $9
    ) AS one
) AS found
WHERE found.fits OR found.place = found.looked
ORDER BY found.at DESC, found.number DESC
LIMIT $10

-- name: audit_of_caller
SELECT found.at, found.number, found.caller, found.proved, found.address, found.action,
       found.machine, found.id, found.outcome, found.detail, found.times, found.fits, found.place,
       found.looked
FROM (
    SELECT one.*, :part(fits_audit) AS fits,
           row_number() OVER (ORDER BY one.at DESC, one.number DESC) AS place, count(*) OVER () AS looked
    FROM (
        SELECT a.* FROM audit AS a
        WHERE a.caller = $6 AND (a.at, a.number) < ($1::bigint, $2::bigint) AND a.at >= $3::bigint AND :here(a)
        ORDER BY a.at DESC, a.number DESC
        LIMIT $9
    ) AS one
) AS found
WHERE found.fits OR found.place = found.looked
ORDER BY found.at DESC, found.number DESC
LIMIT $10

-- name: purge_audit
-- Rows that another worker is removing are skipped.
WITH piece AS (
    SELECT one.number, one.partition FROM audit AS one
    WHERE one.at + 0 < $1 AND :here(one)
    ORDER BY one.at + 0, one.number
    LIMIT $2
    FOR UPDATE SKIP LOCKED
), gone AS (
    DELETE FROM audit AS a USING piece AS p
    WHERE a.number = p.number AND a.partition = p.partition AND :here(a)
    RETURNING 1
)
SELECT count(*) FROM gone

-- part: token_columns
id, name, digest, roles, teams, machines, created_at, created_by, expires_at, used_at, revoked_at,
       old_digest, old_until

-- name: add_token
INSERT INTO tokens (id, name, digest, roles, teams, machines, created_at, created_by, expires_at)
SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9
WHERE (SELECT count(*) FROM tokens) < $10::bigint
ON CONFLICT DO NOTHING
RETURNING id

-- name: tokens
SELECT :part(token_columns)
FROM tokens WHERE id > $1 ORDER BY id LIMIT $2

-- name: tokens_of
SELECT t.id, t.name, t.digest, t.roles, t.teams, t.machines, t.created_at, t.created_by,
       t.expires_at, t.used_at, t.revoked_at, t.old_digest, t.old_until
FROM unnest($1::text[]) AS u (id)
CROSS JOIN LATERAL (SELECT * FROM tokens AS one WHERE one.id = u.id LIMIT 1) AS t

-- name: revoke_token
UPDATE tokens SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL
RETURNING :part(token_columns)

-- name: rotate_token
UPDATE tokens SET digest = $2, old_digest = $3, old_until = $4, expires_at = $5
WHERE id = $1 AND digest = $6 AND revoked_at IS NULL
RETURNING id

-- name: tokens_used
UPDATE tokens AS t SET used_at = u.at
FROM unnest($1::text[], $2::bigint[]) AS u (id, at)
WHERE t.id = u.id AND (t.used_at IS NULL OR t.used_at < u.at)

-- name: purge_tokens
DELETE FROM tokens WHERE expires_at < $1
RETURNING id
