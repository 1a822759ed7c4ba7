-- The audit log, tokens, and which machines a document may send to.
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

ALTER TABLE documents ADD COLUMN covers TEXT;
