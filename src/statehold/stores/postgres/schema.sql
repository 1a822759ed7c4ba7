-- The schema of a PostgreSQL store as this release knows it, for reading. A database is made by
-- the files in migrations/, one after the other; a test holds that both give the same.
--
-- Times are bigint microseconds since 1970-01-01 UTC, as in the SQLite schema, so that the hot
-- path need not convert them: to_timestamp(changed_at / 1e6) shows one. Lists of names are JSON,
-- since a tag or an owner may hold any character; documents are JSON in bytea, which no write has
-- to parse: convert_from(document, 'UTF8')::jsonb shows one. Text is compared byte by byte
-- (COLLATE "C"), so that pages and locks have the same order on every server.
--
-- Tables with a `partition` can be spread over the nodes of a distributed database: an instance and
-- all that belongs to it have one of 64 (statehold.store.partition_of), for ever, and each key has it.
-- It stands last in keys, so that statements which take rows of any partitions use the same indexes.
-- The other tables are small, and the same on every node.

-- Which migrations were applied, and when. `oldest_code` is the number of the last migration that
-- a release has to know to run on this schema; migrations after a deploy raise it.
CREATE TABLE schema_migrations (
    number      integer PRIMARY KEY,
    name        text    NOT NULL,
    oldest_code integer NOT NULL,
    applied_at  timestamptz NOT NULL DEFAULT now()
);

-- The leases of workers, which heartbeats update.
-- `slot` is the smallest number that was free: a counter for each keeps workers from waiting for
-- one another.
CREATE TABLE workers (
    id          text COLLATE "C" PRIMARY KEY,
    slot        integer NOT NULL UNIQUE,
    since       timestamptz NOT NULL,
    lease_until timestamptz NOT NULL
) WITH (fillfactor = 50);

-- Every commit locks its worker's fence FOR KEY SHARE: removing it waits for running commits and makes
-- later ones fail. Inserted when a worker joins and removed when it leaves or is buried, never updated.
-- One row a worker, in partition 0, or where statements take one partition, one in each.
CREATE TABLE fences (
    partition smallint NOT NULL,
    worker    text COLLATE "C" NOT NULL,
    slot      integer NOT NULL,
    PRIMARY KEY (worker, partition)
);

-- What instances are counted and listed by, one row for each combination that ever occurred: an
-- instance refers to it by number, which is a hash of the rest.
CREATE TABLE configurations (
    number  bigint PRIMARY KEY,
    machine text COLLATE "C" NOT NULL,
    version integer NOT NULL,
    status  text COLLATE "C" NOT NULL,
    state   text COLLATE "C" NOT NULL,
    tags    text COLLATE "C" NOT NULL,
    owners  text COLLATE "C" NOT NULL
);

CREATE INDEX configurations_of_machine ON configurations (machine);

-- How many instances are in a configuration, by the slot of the worker that counted; the sum is
-- the number, a slot's own part may be negative. The partition is that of the fence.
CREATE TABLE counts (
    configuration bigint   NOT NULL,
    slot          integer  NOT NULL,
    partition     smallint NOT NULL,
    instances     bigint   NOT NULL,
    PRIMARY KEY (configuration, slot, partition)
) WITH (fillfactor = 20);

-- `incident_since` is changed_at while there are incidents, and `finished_at` is since once it is
-- over: columns of their own, so that a step that changes neither them nor the configuration nor
-- wake_at moves no index entry (a HOT update, for which the pages are left half empty).
-- `number` is not from a sequence, and never given again: what belongs to an instance that is gone is never taken
-- for that of another under its id.
CREATE TABLE instances (
    number         bigint  NOT NULL,
    machine        text COLLATE "C" NOT NULL,
    id             text COLLATE "C" NOT NULL,
    partition      smallint NOT NULL,
    configuration  bigint  NOT NULL,
    seq            bigint  NOT NULL,
    rev            bigint  NOT NULL,
    indexes        text,
    created_at     bigint  NOT NULL,
    since          bigint  NOT NULL,
    changed_at     bigint  NOT NULL,
    wake_at        bigint,
    claimed_until  bigint,
    held_by        text COLLATE "C",
    incidents      integer NOT NULL,
    incident_since bigint,
    finished_at    bigint,
    deadline       bigint,
    document       bytea   NOT NULL,
    PRIMARY KEY (machine, id, partition)
) WITH (fillfactor = 60, autovacuum_vacuum_scale_factor = 0.02);

-- documents are mostly short, and where they are not, time matters more than space
ALTER TABLE instances ALTER COLUMN document SET STORAGE EXTERNAL;

-- since stands last so that "in this state since" is answered without the table
CREATE INDEX instances_by_configuration ON instances (configuration, created_at, id, since);
CREATE INDEX instances_awake ON instances (machine, wake_at, number) WHERE wake_at IS NOT NULL;
CREATE INDEX instances_held ON instances (held_by, machine) WHERE held_by IS NOT NULL;
CREATE INDEX instances_with_incidents ON instances (incident_since, machine, id)
    WHERE incident_since IS NOT NULL;
CREATE INDEX instances_finished ON instances (machine, finished_at, id)
    WHERE finished_at IS NOT NULL;

-- The values of declared indexes, in the order of a list; written with the row where they change.
CREATE TABLE lookups (
    machine    text COLLATE "C" NOT NULL,
    name       text COLLATE "C" NOT NULL,
    digest     bytea    NOT NULL,
    partition  smallint NOT NULL,
    created_at bigint NOT NULL,
    id         text COLLATE "C" NOT NULL,
    PRIMARY KEY (machine, name, digest, created_at, id, partition)
);

-- Only ever added to, and taken out when its instance is forgotten.
CREATE TABLE journal (
    instance  bigint   NOT NULL,
    seq       bigint   NOT NULL,
    part      integer  NOT NULL,
    partition smallint NOT NULL,
    at        bigint   NOT NULL,
    kind      text COLLATE "C" NOT NULL,
    body      bytea    NOT NULL,
    key       text COLLATE "C",
    reply     bytea,
    PRIMARY KEY (instance, seq, part, partition)
) WITH (autovacuum_vacuum_insert_scale_factor = 0.05);

CREATE UNIQUE INDEX journal_keys ON journal (instance, key, partition) WHERE key IS NOT NULL;

-- Rows that are gone while their journals are still being taken out, a bounded number of entries at a
-- time. Nothing reads a journal but through its row, so with the row all of it is out of sight.
CREATE TABLE forgotten (
    partition smallint NOT NULL,
    number    bigint   NOT NULL,
    PRIMARY KEY (number, partition)
);

-- A message waits in the partition of the instance whose write it was part of. Where statements take
-- one partition, it is moved to its receiver's, `to_partition`, when it is due. `writer` is the
-- instance's number, `rev` that of the write, `ordinal` the message's place in it: no other message
-- ever has the same. `sent_at` never falls among those of one writer that wait.
CREATE TABLE mailbox (
    writer         bigint   NOT NULL,
    rev            bigint   NOT NULL,
    ordinal        bigint   NOT NULL,
    partition      smallint NOT NULL,
    to_partition   smallint NOT NULL,
    to_machine     text COLLATE "C" NOT NULL,
    to_id          text COLLATE "C" NOT NULL,
    kind           text COLLATE "C" NOT NULL,
    body           bytea NOT NULL,
    sent_at        bigint NOT NULL,
    due_at         bigint,
    sender_machine text COLLATE "C",
    sender_id      text COLLATE "C",
    send_id        text COLLATE "C",
    held           boolean NOT NULL,
    key            text COLLATE "C",
    PRIMARY KEY (writer, rev, ordinal, partition)
) WITH (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000);

CREATE INDEX mailbox_at_once ON mailbox
    (to_machine, to_partition, sent_at, writer, rev, ordinal, partition)
    WHERE NOT held AND due_at IS NULL;
CREATE INDEX mailbox_late ON mailbox (to_machine, due_at, partition)
    WHERE NOT held AND due_at IS NOT NULL;
-- the one before finds the first of a machine
CREATE INDEX mailbox_late_by_partition ON mailbox
    (to_machine, to_partition, due_at, writer, rev, ordinal, partition)
    WHERE NOT held AND due_at IS NOT NULL;
CREATE INDEX mailbox_of_instance ON mailbox (to_machine, to_id, sent_at);
CREATE INDEX mailbox_of_sender ON mailbox (sender_machine, sender_id)
    WHERE sender_machine IS NOT NULL;
-- by a digest, since an index entry may not be longer than a third of a page
CREATE INDEX mailbox_to_recall ON mailbox (hashtextextended(send_id, writer))
    WHERE send_id IS NOT NULL;
CREATE UNIQUE INDEX mailbox_keys ON mailbox (to_machine, to_id, key, partition)
    WHERE key IS NOT NULL;

-- Which worker delivers messages to a machine's instances in a partition, and until when. A row
-- stays when its time is over.
CREATE TABLE deliverers (
    partition smallint NOT NULL,
    machine   text COLLATE "C" NOT NULL,
    worker    text COLLATE "C" NOT NULL,
    until     bigint   NOT NULL,
    PRIMARY KEY (machine, partition)
) WITH (fillfactor = 50);

CREATE TABLE charts (
    machine   text COLLATE "C" NOT NULL,
    version   integer NOT NULL,
    chart     bytea   NOT NULL,
    stored_at bigint  NOT NULL,
    PRIMARY KEY (machine, version)
);

-- Machines deployed as data, each version as it was deployed. Rows are only added. `covers` is JSON of
-- the machines that it may send to, NULL for all.
CREATE TABLE documents (
    machine  text COLLATE "C" NOT NULL,
    version  integer NOT NULL,
    notation text COLLATE "C" NOT NULL,
    text     bytea   NOT NULL,
    put_at   bigint  NOT NULL,
    put_by   text COLLATE "C" NOT NULL,
    reason   text COLLATE "C",
    covers   text COLLATE "C",
    PRIMARY KEY (machine, version)
);

-- Counts of what happened: a row for each version of a machine, period (`span` seconds from `start`
-- on) and source. Each process writes rows of its own, so that none waits for another; those of a
-- period that is long over are exchanged for one of a longer period.
CREATE TABLE rollups (
    machine text COLLATE "C" NOT NULL,
    version integer NOT NULL,
    span    integer NOT NULL,
    start   bigint  NOT NULL,
    source  text COLLATE "C" NOT NULL,
    body    bytea   NOT NULL,
    PRIMARY KEY (machine, start, span, version, source)
) WITH (fillfactor = 50);

CREATE INDEX rollups_by_span ON rollups (span, start);

-- Rows that no worker can read: their wake_at and held_by are NULL meanwhile, so that no query for
-- work finds them, and an incident represents them. A mark holds for one `rev`: any
-- write of the row ends it, also by a release that does not know marks.
CREATE TABLE aside (
    partition smallint NOT NULL,
    machine   text COLLATE "C" NOT NULL,
    id        text COLLATE "C" NOT NULL,
    rev       bigint NOT NULL,
    since     bigint NOT NULL,
    why       text   NOT NULL,
    PRIMARY KEY (machine, id, partition)
);

-- What was refused, and who has administered what. The partition is that of the instance that an entry is
-- about, or of the one without a name. Rows are only added, and removed by their age.
CREATE TABLE audit (
    number    bigint   NOT NULL,
    partition smallint NOT NULL,
    at        bigint   NOT NULL,
    caller    text COLLATE "C" NOT NULL,
    proved    boolean  NOT NULL,
    address   text COLLATE "C" NOT NULL,
    action    text COLLATE "C" NOT NULL,
    machine   text COLLATE "C" NOT NULL,
    id        text COLLATE "C" NOT NULL,
    outcome   text COLLATE "C" NOT NULL,
    detail    text COLLATE "C" NOT NULL,
    times     bigint   NOT NULL,
    PRIMARY KEY (number, partition)
) WITH (autovacuum_vacuum_insert_scale_factor = 0.05);

CREATE INDEX audit_by_time ON audit ((at + 0), number);
CREATE INDEX audit_of_instance ON audit ((machine || '/' || id), at, number);
CREATE INDEX audit_of_machine ON audit (machine, at, number);
CREATE INDEX audit_of_caller ON audit (caller, at, number);

-- Tokens of callers: few, and the same on every node. A secret is not kept, only its SHA-256.
CREATE TABLE tokens (
    id         text COLLATE "C" PRIMARY KEY,
    name       text COLLATE "C" NOT NULL,
    digest     bytea  NOT NULL,
    roles      text COLLATE "C" NOT NULL,
    teams      text COLLATE "C" NOT NULL,
    machines   text COLLATE "C",
    created_at bigint NOT NULL,
    created_by text COLLATE "C" NOT NULL,
    expires_at bigint NOT NULL,
    used_at    bigint,
    revoked_at bigint,
    old_digest bytea,
    old_until  bigint
);
