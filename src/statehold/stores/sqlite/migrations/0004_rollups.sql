-- What happened is counted by minute, hour and day.
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
