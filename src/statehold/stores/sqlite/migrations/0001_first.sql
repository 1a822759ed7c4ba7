-- The first schema. schema.sql explains it; a migration is never changed once released.
CREATE TABLE configurations (
    number    INTEGER PRIMARY KEY,
    machine   TEXT    NOT NULL,
    version   INTEGER NOT NULL,
    status    TEXT    NOT NULL,
    state     TEXT    NOT NULL,
    tags      TEXT    NOT NULL,
    owners    TEXT    NOT NULL,
    instances INTEGER NOT NULL DEFAULT 0,
    UNIQUE (machine, version, status, state, tags, owners)
) STRICT;

CREATE TABLE instances (
    number        INTEGER PRIMARY KEY,
    machine       TEXT    NOT NULL,
    id            TEXT    NOT NULL,
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
    document      BLOB    NOT NULL,
    UNIQUE (machine, id)
) STRICT;

CREATE INDEX instances_by_age ON instances (machine, created_at, id);
CREATE INDEX instances_by_configuration ON instances (configuration, created_at, id, since);
CREATE INDEX instances_by_since ON instances (configuration, since);
CREATE INDEX instances_awake ON instances (machine, wake_at) WHERE wake_at IS NOT NULL;
CREATE INDEX instances_held ON instances (held_by, machine) WHERE held_by IS NOT NULL;
CREATE INDEX instances_with_incidents ON instances (changed_at, machine, id) WHERE incidents > 0;
CREATE INDEX incidents_by_age ON instances (machine, created_at, id) WHERE incidents > 0;

CREATE TABLE lookups (
    machine    TEXT    NOT NULL,
    name       TEXT    NOT NULL,
    value      TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    id         TEXT    NOT NULL,
    PRIMARY KEY (machine, name, value, created_at, id)
) STRICT, WITHOUT ROWID;

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

CREATE TABLE mailbox (
    number         INTEGER PRIMARY KEY AUTOINCREMENT,
    to_machine     TEXT    NOT NULL,
    to_id          TEXT    NOT NULL,
    kind           TEXT    NOT NULL,
    body           BLOB    NOT NULL,
    due_at         INTEGER,
    sender_machine TEXT,
    sender_id      TEXT,
    send_id        TEXT,
    held           INTEGER NOT NULL,
    key            TEXT
) STRICT;

CREATE INDEX mailbox_due ON mailbox (held, to_machine, due_at, number);
CREATE INDEX mailbox_held ON mailbox (to_machine, to_id) WHERE held = 1;
CREATE INDEX mailbox_sent ON mailbox (sender_machine, sender_id, send_id)
    WHERE send_id IS NOT NULL;
CREATE UNIQUE INDEX mailbox_keys ON mailbox (to_machine, to_id, key) WHERE key IS NOT NULL;

CREATE TABLE charts (
    machine   TEXT    NOT NULL,
    version   INTEGER NOT NULL,
    chart     BLOB    NOT NULL,
    stored_at INTEGER NOT NULL,
    PRIMARY KEY (machine, version)
) STRICT;
