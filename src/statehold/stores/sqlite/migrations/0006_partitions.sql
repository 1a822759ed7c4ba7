-- Instances have partitions, configurations hashes for numbers, and messages are known by their
-- writers. One step after the other, by migrate.py, which also copies the rows that its steps are
-- named for. The first step is one transaction, and of the others each statement.

-- step: begin
DROP INDEX instances_by_age;
DROP INDEX instances_by_configuration;
DROP INDEX instances_by_since;
DROP INDEX instances_awake;
DROP INDEX instances_held;
DROP INDEX instances_with_incidents;
DROP INDEX incidents_by_age;
DROP INDEX mailbox_due;
DROP INDEX mailbox_to;
DROP INDEX mailbox_sent;
DROP INDEX mailbox_keys;
ALTER TABLE configurations RENAME TO configurations_of_5;
ALTER TABLE instances RENAME TO instances_of_5;
ALTER TABLE mailbox RENAME TO mailbox_of_5;
ALTER TABLE forgotten RENAME COLUMN number TO place;

CREATE TABLE renumbered (
    old INTEGER PRIMARY KEY,
    new INTEGER NOT NULL
) STRICT;

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

-- step: copy configurations

-- step: copy instances

-- step: index instances
DROP TABLE instances_of_5;
CREATE UNIQUE INDEX instances_by_id ON instances (machine, id);
CREATE INDEX instances_by_age ON instances (machine, created_at, id);
CREATE INDEX instances_by_configuration ON instances (configuration, created_at, id, since);
CREATE INDEX instances_by_since ON instances (configuration, since);
CREATE INDEX instances_awake ON instances (machine, wake_at) WHERE wake_at IS NOT NULL;
CREATE INDEX instances_held ON instances (held_by, machine) WHERE held_by IS NOT NULL;
CREATE INDEX instances_with_incidents ON instances (changed_at, machine, id) WHERE incidents > 0;
CREATE INDEX incidents_by_age ON instances (machine, created_at, id) WHERE incidents > 0;

-- step: copy messages

-- step: index messages
DROP TABLE mailbox_of_5;
CREATE UNIQUE INDEX mailbox_by_id ON mailbox (writer, rev, ordinal);
CREATE INDEX mailbox_at_once ON mailbox (to_machine, sent_at, writer, rev, ordinal)
    WHERE NOT held AND due_at IS NULL;
CREATE INDEX mailbox_late ON mailbox (to_machine, due_at, writer, rev, ordinal)
    WHERE NOT held AND due_at IS NOT NULL;
CREATE INDEX mailbox_to ON mailbox (to_machine, to_id, held);
CREATE INDEX mailbox_sent ON mailbox (sender_machine, sender_id, send_id)
    WHERE sender_machine IS NOT NULL;
CREATE UNIQUE INDEX mailbox_keys ON mailbox (to_machine, to_id, key) WHERE key IS NOT NULL;

-- step: end
DROP TABLE configurations_of_5;
DROP TABLE renumbered;
