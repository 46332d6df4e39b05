-- Whether an instance can be checked: sweeps in a row that decided nothing, since when, and what the admins were
-- told of it.
ALTER TABLE instance ADD COLUMN blind_sweeps INTEGER NOT NULL DEFAULT 0 CHECK (blind_sweeps >= 0);
ALTER TABLE instance ADD COLUMN blind_since INTEGER CHECK ((blind_sweeps = 0) = (blind_since IS NULL));
ALTER TABLE instance ADD COLUMN blind_told_at INTEGER;
ALTER TABLE instance ADD COLUMN blind_told_since INTEGER CHECK ((blind_told_at IS NULL) = (blind_told_since IS NULL));
ALTER TABLE instance ADD COLUMN blind_told_message_id TEXT
    CHECK ((blind_told_at IS NULL) = (blind_told_message_id IS NULL));

-- A card may be told as flapping. SQLite changes no constraint of a table that there is: the table is made anew,
-- and with it the view that reads it.
DROP VIEW broken_now;

CREATE TABLE new_card_state (
    card_key            INTEGER PRIMARY KEY REFERENCES card,
    state               TEXT NOT NULL CHECK (state IN ('undecided', 'unsupported', 'working', 'broken')),
    since               INTEGER,
    decided_at          INTEGER,
    reason_id           INTEGER REFERENCES reason,
    first_seen          INTEGER NOT NULL CHECK (first_seen IN (0, 1)),
    -- What the admins were told.
    told                TEXT NOT NULL CHECK (told IN ('nothing', 'broken', 'withheld', 'flapping')),
    told_at             INTEGER,
    told_message_id     TEXT,
    -- Why the latest sweep could not check it; null where it could.
    unchecked_reason_id INTEGER REFERENCES reason,
    CHECK ((state IN ('working', 'broken')) = (since IS NOT NULL AND decided_at IS NOT NULL)),
    CHECK ((state = 'broken') = (reason_id IS NOT NULL)),
    CHECK ((told IN ('broken', 'flapping')) = (told_at IS NOT NULL AND told_message_id IS NOT NULL))
) STRICT;

INSERT INTO new_card_state (card_key, state, since, decided_at, reason_id, first_seen, told, told_at, told_message_id,
                            unchecked_reason_id)
SELECT card_key, state, since, decided_at, reason_id, first_seen, told, told_at, told_message_id, unchecked_reason_id
  FROM card_state;

DROP TABLE card_state;
ALTER TABLE new_card_state RENAME TO card_state;

CREATE INDEX card_state_by_reason ON card_state (reason_id) WHERE reason_id IS NOT NULL;
CREATE INDEX card_state_by_unchecked_reason ON card_state (unchecked_reason_id) WHERE unchecked_reason_id IS NOT NULL;

CREATE VIEW broken_now AS
SELECT i.name AS instance,
       c.card_id,
       c.title,
       (SELECT group_concat(p.title, ', ')
          FROM page_card pc JOIN page p USING (instance_id, page_id)
         WHERE pc.card_key = c.card_key) AS pages,
       strftime('%Y-%m-%dT%H:%M:%SZ', s.since / 1000, 'unixepoch') AS since,
       r.text AS reason,
       i.url || '/kpis/details/' || c.card_id AS url
  FROM card_state s
  JOIN card c USING (card_key)
  JOIN instance i USING (instance_id)
  JOIN reason r ON r.reason_id = s.reason_id
 WHERE s.state = 'broken'
   AND c.removed_at IS NULL
   AND s.decided_at > unixepoch() * 1000 - i.stale_after_ms;
