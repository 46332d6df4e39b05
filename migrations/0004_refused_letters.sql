-- A letter that some recipients got and others never will is told of as well.
DROP INDEX outbox_rejected;
CREATE INDEX outbox_refused ON outbox (outbox_id)
    WHERE last_error IS NOT NULL AND coalesce(sent_at, rejected_at) IS NOT NULL;
