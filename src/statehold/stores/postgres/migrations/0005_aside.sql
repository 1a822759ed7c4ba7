-- Rows that can't be read are set aside, so that they keep no other waiting.
-- phase: before
CREATE TABLE aside (
    machine text COLLATE "C" NOT NULL,
    id      text COLLATE "C" NOT NULL,
    rev     bigint NOT NULL,
    since   bigint NOT NULL,
    why     text   NOT NULL,
    PRIMARY KEY (machine, id)
);
