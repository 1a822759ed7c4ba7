-- Finished instances can be forgotten: their rows at once, their journals bit by bit.
-- phase: before
CREATE TABLE forgotten (
    number bigint PRIMARY KEY
);

-- the release before finds what it asks for in the new index as well
CREATE INDEX mailbox_of_sender ON mailbox (sender_machine, sender_id, md5(send_id))
    WHERE sender_machine IS NOT NULL;
DROP INDEX mailbox_sent;
