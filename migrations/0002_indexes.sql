-- The latest sweep is the one with the highest key, not the one with the latest start: clocks jump.
DROP INDEX sweep_by_instance;
CREATE INDEX sweep_by_instance ON sweep (instance_id);
-- An instance with a card that nobody may see never completes a sweep: all of them would be looked through.
CREATE INDEX sweep_completed ON sweep (instance_id) WHERE outcome = 'completed';
CREATE INDEX sweep_ended ON sweep (instance_id) WHERE outcome IN ('completed', 'partial', 'failed');

-- Before a reason goes, SQLite looks for rows that refer to it.
CREATE INDEX card_state_by_reason ON card_state (reason_id) WHERE reason_id IS NOT NULL;
CREATE INDEX card_state_by_unchecked_reason ON card_state (unchecked_reason_id) WHERE unchecked_reason_id IS NOT NULL;
CREATE INDEX transition_by_reason ON transition (reason_id) WHERE reason_id IS NOT NULL;
CREATE INDEX reason_by_use ON reason (last_used_at);

-- Without these, letters long done are read whole, bodies and all.
CREATE INDEX outbox_done ON outbox (coalesce(sent_at, rejected_at)) WHERE coalesce(sent_at, rejected_at) IS NOT NULL;
CREATE INDEX outbox_rejected ON outbox (outbox_id) WHERE rejected_at IS NOT NULL;
