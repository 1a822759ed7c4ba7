-- Finished instances can be forgotten: their rows at once, their journals bit by bit.
CREATE TABLE forgotten (
    number INTEGER PRIMARY KEY
) STRICT;

DROP INDEX mailbox_held;
DROP INDEX mailbox_sent;
CREATE INDEX mailbox_to ON mailbox (to_machine, to_id, held);
CREATE INDEX mailbox_sent ON mailbox (sender_machine, sender_id, send_id)
    WHERE sender_machine IS NOT NULL;
