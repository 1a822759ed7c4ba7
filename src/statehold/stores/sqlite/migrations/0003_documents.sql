-- Machines that come as data are kept as they were put.
CREATE TABLE documents (
    machine  TEXT    NOT NULL,
    version  INTEGER NOT NULL,
    notation TEXT    NOT NULL,
    text     BLOB    NOT NULL,
    put_at   INTEGER NOT NULL,
    put_by   TEXT    NOT NULL,
    reason   TEXT,
    PRIMARY KEY (machine, version)
) STRICT;
