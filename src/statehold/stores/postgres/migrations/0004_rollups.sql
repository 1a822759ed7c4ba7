-- What happened is counted by minute, hour and day.
-- phase: before
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
