-- Rows that can't be read are set aside, so that they keep no other waiting.
CREATE TABLE aside (
    machine TEXT    NOT NULL,
    id      TEXT    NOT NULL,
    rev     INTEGER NOT NULL,
    since   INTEGER NOT NULL,
    why     TEXT    NOT NULL,
    PRIMARY KEY (machine, id)
) STRICT, WITHOUT ROWID;
