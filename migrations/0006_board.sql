-- What pages show of the past beside a card.

-- The verdicts of its latest sweeps, two bits each, the latest lowest: 1 working, 2 broken, 3 unchecked, 0 none.
ALTER TABLE card_state ADD COLUMN recent INTEGER NOT NULL DEFAULT 0 CHECK (recent BETWEEN 0 AND 0x3fffffffffffffff);

-- The sweep whose closing made the mail due; null = an older version of cardwatch did, or the sweep is forgotten.
ALTER TABLE outbox ADD COLUMN sweep_id INTEGER REFERENCES sweep ON DELETE SET NULL;
CREATE INDEX outbox_by_sweep ON outbox (sweep_id) WHERE sweep_id IS NOT NULL;
-- What was sent lately is found without reading letters, bodies and all.
CREATE INDEX outbox_sent ON outbox (sent_at) WHERE sent_at IS NOT NULL;
