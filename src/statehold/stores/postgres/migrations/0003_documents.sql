-- Machines that come as data are kept as they were put.
-- phase: before
CREATE TABLE documents (
    machine  text COLLATE "C" NOT NULL,
    version  integer NOT NULL,
    notation text COLLATE "C" NOT NULL,
    text     bytea   NOT NULL,
    put_at   bigint  NOT NULL,
    put_by   text COLLATE "C" NOT NULL,
    reason   text COLLATE "C",
    PRIMARY KEY (machine, version)
);
