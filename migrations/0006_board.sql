-- What pages show of the past beside a card.

-- The verdicts of its latest sweeps, two bits each, the latest lowest: 1 working, 2 broken, 3 unchecked, 0 none.
ALTER TABLE card_state ADD COLUMN recent INTEGER NOT NULL DEFAULT 0 CHECK (recent BETWEEN 0 AND 0x3fffffffffffffff);

-- The sweep whose closing made the mail due; null = an older version of cardwatch did, or the sweep is forgotten.
ALTER TABLE outbox ADD COLUMN sweep_id INTEGER REFERENCES sweep ON DELETE SET NULL;
-- These hold all that is shown of a mail beside what it was about: the row is long, bodies and all.
CREATE INDEX outbox_by_sweep ON outbox (sweep_id, message_id, subject, recipients, sent_at) WHERE sweep_id IS NOT NULL;
CREATE INDEX outbox_sent ON outbox (sent_at, instance_id, message_id, subject, recipients) WHERE sent_at IS NOT NULL;

-- It looked at some pages alone, chosen by hand: its counts are not the instance's.
ALTER TABLE sweep ADD COLUMN part INTEGER NOT NULL DEFAULT 0 CHECK (part IN (0, 1));
-- Holds what a chart of an instance is drawn from.
DROP INDEX sweep_rendered;
CREATE INDEX sweep_rendered ON sweep (instance_id, started_at, outcome, part, finished_at, broken, unchecked)
    WHERE outcome IN ('completed', 'partial');
CREATE INDEX sweep_without_view ON sweep (started_at) WHERE outcome IN ('failed', 'skipped');

-- How many cards a sweep saw break and recover is counted in the index alone.
DROP INDEX transition_by_sweep;
CREATE INDEX transition_by_sweep ON transition (sweep_id, to_state);
