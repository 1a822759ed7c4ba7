-- The audit log, tokens, and which machines a document may send to.
-- phase: before
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

ALTER TABLE documents ADD COLUMN covers text COLLATE "C";
