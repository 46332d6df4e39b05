-- What cardwatch remembers. Instants are milliseconds since 1970 in UTC unless a column says
-- otherwise; the views below give them as text. Ids of pages and cards are Domo's; keys are ours.

CREATE TABLE instance (
    instance_id    INTEGER PRIMARY KEY,
    name           TEXT NOT NULL UNIQUE,
    url            TEXT NOT NULL,
    -- A card that was not decided for so long is shown as unchecked (alerts.stale_after).
    stale_after_ms INTEGER NOT NULL,
    last_digest_at INTEGER
) STRICT;

CREATE TABLE page (
    instance_id INTEGER NOT NULL REFERENCES instance,
    page_id     INTEGER NOT NULL,
    title       TEXT NOT NULL,
    kind        TEXT NOT NULL CHECK (kind IN ('page', 'view')),
    app_id      INTEGER CHECK (app_id IS NULL OR kind = 'view'),
    -- It held cards and listed none in the latest sweep, which is not believed yet.
    doubted     INTEGER NOT NULL CHECK (doubted IN (0, 1)),
    removed_at  INTEGER,
    PRIMARY KEY (instance_id, page_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE card (
    card_key    INTEGER PRIMARY KEY,
    instance_id INTEGER NOT NULL REFERENCES instance,
    card_id     INTEGER NOT NULL,
    title       TEXT NOT NULL,
    kind        TEXT NOT NULL,
    -- A JSON array of display names.
    owners      TEXT NOT NULL CHECK (json_valid(owners)),
    -- Since when no listing holds it; a card is here before the first sweep that lists it has ended.
    removed_at  INTEGER,
    UNIQUE (instance_id, card_id)
) STRICT;

CREATE TABLE page_card (
    instance_id INTEGER NOT NULL,
    page_id     INTEGER NOT NULL,
    card_key    INTEGER NOT NULL REFERENCES card,
    PRIMARY KEY (instance_id, page_id, card_key),
    FOREIGN KEY (instance_id, page_id) REFERENCES page
) STRICT, WITHOUT ROWID;

CREATE INDEX page_card_by_card ON page_card (card_key);

CREATE TABLE sweep (
    sweep_id    INTEGER PRIMARY KEY,
    instance_id INTEGER NOT NULL REFERENCES instance,
    -- The process that runs it, so that a later one knows whether it still does.
    pid         INTEGER NOT NULL,
    started_at  INTEGER NOT NULL,
    finished_at INTEGER,
    outcome     TEXT CHECK (outcome IN ('completed', 'partial', 'failed', 'interrupted', 'skipped')),
    trouble     TEXT,
    working     INTEGER NOT NULL DEFAULT 0,
    broken      INTEGER NOT NULL DEFAULT 0,
    unchecked   INTEGER NOT NULL DEFAULT 0,
    unsupported INTEGER NOT NULL DEFAULT 0,
    CHECK ((finished_at IS NULL) = (outcome IS NULL))
) STRICT;

CREATE INDEX sweep_by_instance ON sweep (instance_id, started_at);
CREATE INDEX sweep_open ON sweep (sweep_id) WHERE finished_at IS NULL;

-- Reasons are long and few, results short and many: each text is stored once.
CREATE TABLE reason (
    reason_id    INTEGER PRIMARY KEY,
    -- Domo's class of a broken card; empty for what kept a card from being checked.
    class        TEXT NOT NULL CHECK (class IN ('', 'Misconfigured card', 'Query timeout', 'Other error')),
    text         TEXT NOT NULL CHECK (text <> ''),
    last_used_at INTEGER NOT NULL,
    UNIQUE (class, text)
) STRICT;

-- Made for 30 million rows: about 22 bytes each. The primary key is the only index: a card's history is
-- found by looking its key up in one sweep after the other.
CREATE TABLE render_result (
    sweep_id   INTEGER NOT NULL REFERENCES sweep,
    card_key   INTEGER NOT NULL REFERENCES card,
    -- 0 for the first render of the sweep, 1 and up for the renders that confirm it.
    round      INTEGER NOT NULL,
    -- 0 working, 1 broken, 2 unchecked.
    verdict    INTEGER NOT NULL CHECK (verdict IN (0, 1, 2)),
    reason_id  INTEGER,
    -- Seconds since the sweep began.
    at_s       INTEGER NOT NULL,
    latency_ms INTEGER NOT NULL,
    PRIMARY KEY (sweep_id, card_key, round)
) STRICT, WITHOUT ROWID;

CREATE TABLE card_state (
    card_key            INTEGER PRIMARY KEY REFERENCES card,
    state               TEXT NOT NULL CHECK (state IN ('undecided', 'unsupported', 'working', 'broken')),
    since               INTEGER,
    decided_at          INTEGER,
    reason_id           INTEGER REFERENCES reason,
    first_seen          INTEGER NOT NULL CHECK (first_seen IN (0, 1)),
    -- What the admins were told.
    told                TEXT NOT NULL CHECK (told IN ('nothing', 'broken', 'withheld')),
    told_at             INTEGER,
    told_message_id     TEXT,
    -- Why the latest sweep could not check it; null where it could.
    unchecked_reason_id INTEGER REFERENCES reason,
    CHECK ((state IN ('working', 'broken')) = (since IS NOT NULL AND decided_at IS NOT NULL)),
    CHECK ((state = 'broken') = (reason_id IS NOT NULL)),
    CHECK ((told = 'broken') = (told_at IS NOT NULL AND told_message_id IS NOT NULL))
) STRICT;

CREATE TABLE transition (
    transition_id INTEGER PRIMARY KEY,
    card_key      INTEGER NOT NULL REFERENCES card,
    sweep_id      INTEGER NOT NULL REFERENCES sweep,
    at            INTEGER NOT NULL,
    to_state      TEXT NOT NULL CHECK (to_state IN ('broken', 'working')),
    first_seen    INTEGER NOT NULL CHECK (first_seen IN (0, 1)),
    reason_id     INTEGER REFERENCES reason,
    CHECK ((to_state = 'broken') = (reason_id IS NOT NULL))
) STRICT;

CREATE INDEX transition_by_card ON transition (card_key, at);
CREATE INDEX transition_by_time ON transition (at);
CREATE INDEX transition_by_sweep ON transition (sweep_id);

CREATE TABLE outbox (
    outbox_id       INTEGER PRIMARY KEY,
    instance_id     INTEGER NOT NULL REFERENCES instance,
    message_id      TEXT NOT NULL UNIQUE,
    -- JSON arrays of text.
    reference_ids   TEXT NOT NULL CHECK (json_valid(reference_ids)),
    recipients      TEXT NOT NULL CHECK (json_valid(recipients)),
    subject         TEXT NOT NULL,
    body_text       TEXT NOT NULL,
    body_html       TEXT NOT NULL,
    csv             TEXT,
    created_at      INTEGER NOT NULL,
    attempts        INTEGER NOT NULL DEFAULT 0,
    next_attempt_at INTEGER NOT NULL,
    last_error      TEXT,
    sent_at         INTEGER,
    rejected_at     INTEGER,
    CHECK (sent_at IS NULL OR rejected_at IS NULL)
) STRICT;

CREATE INDEX outbox_waiting ON outbox (outbox_id) WHERE sent_at IS NULL AND rejected_at IS NULL;

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

CREATE VIEW results AS
SELECT i.name AS instance,
       c.card_id,
       c.title,
       strftime('%Y-%m-%dT%H:%M:%SZ', s.started_at / 1000 + rr.at_s, 'unixepoch') AS checked_at,
       CASE rr.verdict WHEN 0 THEN 'working' WHEN 1 THEN 'broken' ELSE 'unchecked' END AS verdict,
       r.text AS reason,
       rr.latency_ms
  FROM render_result rr
  JOIN sweep s USING (sweep_id)
  JOIN card c USING (card_key)
  JOIN instance i ON i.instance_id = s.instance_id
  LEFT JOIN reason r ON r.reason_id = rr.reason_id;
