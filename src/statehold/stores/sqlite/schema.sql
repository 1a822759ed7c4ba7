-- The schema of a SQLite store as this release knows it, which a new file gets. An older one is
-- brought to it by the files in migrations/; a test holds that both give the same.
--
-- Times are integer microseconds since 1970-01-01 UTC: SQLite has no type for them, and integers
-- compare and sort as they should. Lists of names are JSON, since a tag or an owner may hold any
-- character. `application_id` and `user_version` (the number of the last migration) are set by
-- the store.

-- What instances are counted and listed by, one row for each combination that ever occurred: an
-- instance refers to it by number, a hash of the rest. A list finds its combinations here, of which
-- there are few, and then reads each from an index. `instances` is how many there are now. SQLite has one
-- writer, so the counter costs no contention; where many write it would, and PostgreSQL counts
-- otherwise.
CREATE TABLE configurations (
    number    INTEGER PRIMARY KEY,
    machine   TEXT    NOT NULL,
    version   INTEGER NOT NULL,
    status    TEXT    NOT NULL,
    state     TEXT    NOT NULL,
    tags      TEXT    NOT NULL,
    owners    TEXT    NOT NULL,
    instances INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE INDEX configurations_of_machine ON configurations (machine);

-- By place and not WITHOUT ROWID by (machine, id): documents are often larger than what an index
-- page holds in line, and the journal and the indexes refer to a row by a small integer. `place` is
-- one more than that of the row before, so that what starts together lies on few pages. `number` is
-- random and never given again, and the instance's messages have it: a place is free once nothing of
-- its journal is left. As a key of this table, numbers made a start cost three times as much.
CREATE TABLE instances (
    place         INTEGER PRIMARY KEY,
    number        INTEGER NOT NULL,
    machine       TEXT    NOT NULL,
    id            TEXT    NOT NULL,
    partition     INTEGER NOT NULL,
    configuration INTEGER NOT NULL,
    seq           INTEGER NOT NULL,
    rev           INTEGER NOT NULL,
    indexes       TEXT,
    created_at    INTEGER NOT NULL,
    since         INTEGER NOT NULL,
    changed_at    INTEGER NOT NULL,
    wake_at       INTEGER,
    held_by       TEXT,
    incidents     INTEGER NOT NULL,
    deadline      INTEGER,
    document      BLOB    NOT NULL
) STRICT;

CREATE UNIQUE INDEX instances_by_id ON instances (machine, id);
CREATE INDEX instances_by_age ON instances (machine, created_at, id);
-- `since` stands last so that "in this state since" is answered without the table
CREATE INDEX instances_by_configuration ON instances (configuration, created_at, id, since);
-- for the few that have stood still for long, which the index before finds last
CREATE INDEX instances_by_since ON instances (configuration, since);
-- by machine first, here and in the mailbox: what this process does not run costs it nothing
CREATE INDEX instances_awake ON instances (machine, wake_at) WHERE wake_at IS NOT NULL;
CREATE INDEX instances_held ON instances (held_by, machine) WHERE held_by IS NOT NULL;
CREATE INDEX instances_with_incidents ON instances (changed_at, machine, id) WHERE incidents > 0;
CREATE INDEX incidents_by_age ON instances (machine, created_at, id) WHERE incidents > 0;

-- The values of declared indexes, in the order of a list. The store writes them, and the counter
-- above, in the transaction of the row and only where they change: triggers did the same and made
-- each update half as expensive again.
CREATE TABLE lookups (
    machine    TEXT    NOT NULL,
    name       TEXT    NOT NULL,
    value      TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    id         TEXT    NOT NULL,
    PRIMARY KEY (machine, name, value, created_at, id)
) STRICT, WITHOUT ROWID;

-- Only ever added to, and taken out when its instance is forgotten. `instance` is the row's place.
-- With a rowid, so that a batch's entries land side by side on few pages; WITHOUT ROWID, each would
-- dirty a page of its own and be half as fast.
CREATE TABLE journal (
    instance INTEGER NOT NULL,
    seq      INTEGER NOT NULL,
    part     INTEGER NOT NULL,
    at       INTEGER NOT NULL,
    kind     TEXT    NOT NULL,
    body     BLOB    NOT NULL,
    key      TEXT,
    reply    BLOB,
    UNIQUE (instance, seq, part)
) STRICT;

CREATE UNIQUE INDEX journal_keys ON journal (instance, key) WHERE key IS NOT NULL;

-- Rows that are gone while their journals are still being taken out, a bounded number of entries at a
-- time. Nothing reads a journal but through its row, so with the row all of it is out of sight.
CREATE TABLE forgotten (
    place INTEGER PRIMARY KEY
) STRICT;

-- A message waits in the partition of the instance whose write it was part of. `writer` is that
-- instance's number, `rev` that of the write, `ordinal` the message's place in it: no other message
-- ever has the same. `sent_at` never falls among those of one writer that wait. With a rowid: bodies
-- are often larger than what an index page holds in line.
CREATE TABLE mailbox (
    writer         INTEGER NOT NULL,
    rev            INTEGER NOT NULL,
    ordinal        INTEGER NOT NULL,
    partition      INTEGER NOT NULL,
    to_machine     TEXT    NOT NULL,
    to_id          TEXT    NOT NULL,
    kind           TEXT    NOT NULL,
    body           BLOB    NOT NULL,
    sent_at        INTEGER NOT NULL,
    due_at         INTEGER,
    sender_machine TEXT,
    sender_id      TEXT,
    send_id        TEXT,
    held           INTEGER NOT NULL,
    key            TEXT
) STRICT;

CREATE UNIQUE INDEX mailbox_by_id ON mailbox (writer, rev, ordinal);
-- each message is in one of these two at most
CREATE INDEX mailbox_at_once ON mailbox (to_machine, sent_at, writer, rev, ordinal)
    WHERE NOT held AND due_at IS NULL;
CREATE INDEX mailbox_late ON mailbox (to_machine, due_at, writer, rev, ordinal)
    WHERE NOT held AND due_at IS NOT NULL;
-- both are asked before an instance is forgotten, too
CREATE INDEX mailbox_to ON mailbox (to_machine, to_id, held);
CREATE INDEX mailbox_sent ON mailbox (sender_machine, sender_id, send_id)
    WHERE sender_machine IS NOT NULL;
CREATE UNIQUE INDEX mailbox_keys ON mailbox (to_machine, to_id, key) WHERE key IS NOT NULL;

CREATE TABLE charts (
    machine   TEXT    NOT NULL,
    version   INTEGER NOT NULL,
    chart     BLOB    NOT NULL,
    stored_at INTEGER NOT NULL,
    PRIMARY KEY (machine, version)
) STRICT;

-- Machines deployed as data, each version as it was deployed. Rows are only added. `covers` is JSON of
-- the machines that it may send to, NULL for all.
CREATE TABLE documents (
    machine  TEXT    NOT NULL,
    version  INTEGER NOT NULL,
    notation TEXT    NOT NULL,
    text     BLOB    NOT NULL,
    put_at   INTEGER NOT NULL,
    put_by   TEXT    NOT NULL,
    reason   TEXT,
    covers   TEXT,
    PRIMARY KEY (machine, version)
) STRICT;

-- Counts of what happened: a row for each version of a machine, period (`span` seconds from `start`
-- on) and source. Each process writes rows of its own, so that none waits for another; those of a
-- period that is long over are exchanged for one of a longer period.
CREATE TABLE rollups (
    machine TEXT    NOT NULL,
    version INTEGER NOT NULL,
    span    INTEGER NOT NULL,
    start   INTEGER NOT NULL,
    source  TEXT    NOT NULL,
    body    BLOB    NOT NULL,
    PRIMARY KEY (machine, start, span, version, source)
) STRICT;

CREATE INDEX rollups_by_span ON rollups (span, start);

-- Rows that no worker can read: their wake_at and held_by are NULL meanwhile, so that no query for
-- work finds them, and an incident represents them. A mark holds for one `rev`: any
-- write of the row ends it, also by a release that does not know marks.
CREATE TABLE aside (
    machine TEXT    NOT NULL,
    id      TEXT    NOT NULL,
    rev     INTEGER NOT NULL,
    since   INTEGER NOT NULL,
    why     TEXT    NOT NULL,
    PRIMARY KEY (machine, id)
) STRICT, WITHOUT ROWID;

-- What was refused, and who has administered what. Rows are only added, and removed by their age.
CREATE TABLE audit (
    at      INTEGER NOT NULL,
    number  INTEGER NOT NULL,
    caller  TEXT    NOT NULL,
    proved  INTEGER NOT NULL,
    address TEXT    NOT NULL,
    action  TEXT    NOT NULL,
    machine TEXT    NOT NULL,
    id      TEXT    NOT NULL,
    outcome TEXT    NOT NULL,
    detail  TEXT    NOT NULL,
    times   INTEGER NOT NULL,
    PRIMARY KEY (at, number)
) STRICT, WITHOUT ROWID;

CREATE INDEX audit_of_instance ON audit (machine, id, at, number);
CREATE INDEX audit_of_machine ON audit (machine, at, number);
CREATE INDEX audit_of_caller ON audit (caller, at, number);

-- Tokens of callers. A secret is not kept, only its SHA-256.
CREATE TABLE tokens (
    id         TEXT    NOT NULL PRIMARY KEY,
    name       TEXT    NOT NULL,
    digest     BLOB    NOT NULL,
    roles      TEXT    NOT NULL,
    teams      TEXT    NOT NULL,
    machines   TEXT,
    created_at INTEGER NOT NULL,
    created_by TEXT    NOT NULL,
    expires_at INTEGER NOT NULL,
    used_at    INTEGER,
    revoked_at INTEGER,
    old_digest BLOB,
    old_until  INTEGER
) STRICT, WITHOUT ROWID;
