-- Why cards are broken and whose they are: datasets with what was found out about them, incidents, mutes, owners, and
-- how cards render beyond whether they do.

-- A dataset as it was last listed, and beside it what Domo said of it when a card that it feeds newly broke.
CREATE TABLE dataset (
    dataset_key         INTEGER PRIMARY KEY,
    instance_id         INTEGER NOT NULL REFERENCES instance,
    -- Domo's.
    dataset_id          TEXT NOT NULL CHECK (trim(dataset_id) <> ''),
    -- Empty where no list told it.
    name                TEXT NOT NULL,
    -- In Domo's word.
    state               TEXT,
    -- When its data was last updated.
    updated_at          INTEGER,
    -- When Domo was last asked about it; null = never. What follows is null then.
    looked_at           INTEGER,
    -- Domo has no such dataset, or does not show it to the service user.
    gone                INTEGER CHECK (gone IN (0, 1)),
    evidence_state      TEXT,
    evidence_updated_at INTEGER,
    -- Its latest run.
    run_at              INTEGER,
    run_outcome         TEXT CHECK (run_outcome IN ('succeeded', 'failed', 'other')),
    -- What Domo says of a failed run, which may be nothing; for any other outcome Domo's word for it.
    run_message         TEXT,
    -- JSON arrays of the names of columns: those that it has, and those that went and came at the latest change that
    -- was seen, which was made after the one look and before the other.
    columns             TEXT CHECK (json_valid(columns)),
    changed_after       INTEGER,
    changed_before      INTEGER,
    lost                TEXT CHECK (json_valid(lost)),
    gained              TEXT CHECK (json_valid(gained)),
    UNIQUE (instance_id, dataset_id),
    CHECK ((looked_at IS NULL) = (gone IS NULL)),
    CHECK (looked_at IS NOT NULL
           OR coalesce(evidence_state, evidence_updated_at, run_outcome, columns, changed_after) IS NULL),
    CHECK (run_outcome IS NOT NULL OR coalesce(run_at, run_message) IS NULL),
    CHECK ((coalesce(run_outcome, 'succeeded') = 'succeeded') = (run_message IS NULL)),
    CHECK ((changed_after IS NULL) = (changed_before IS NULL)),
    CHECK ((changed_after IS NULL) = (lost IS NULL)),
    CHECK ((changed_after IS NULL) = (gained IS NULL))
) STRICT;

-- Which datasets feed a card, as far as they were ever told.
CREATE TABLE card_dataset (
    card_key    INTEGER NOT NULL REFERENCES card,
    dataset_key INTEGER NOT NULL REFERENCES dataset,
    PRIMARY KEY (card_key, dataset_key)
) STRICT, WITHOUT ROWID;

CREATE INDEX card_dataset_by_dataset ON card_dataset (dataset_key);

-- Broken cards with one cause. An id is never given twice, whatever was deleted: mails speak of it.
CREATE TABLE incident (
    incident_id INTEGER PRIMARY KEY AUTOINCREMENT,
    instance_id INTEGER NOT NULL REFERENCES instance,
    -- The reason of the card that broke first.
    reason_id   INTEGER NOT NULL REFERENCES reason,
    -- The cause in words.
    title       TEXT NOT NULL,
    -- A JSON array of Domo's ids of the datasets that it is about.
    datasets    TEXT NOT NULL CHECK (json_valid(datasets)),
    opened_at   INTEGER NOT NULL,
    closed_at   INTEGER,
    -- The incident that turned out to have the same cause; null = the last card was broken no more.
    merged_into INTEGER REFERENCES incident CHECK (merged_into <> incident_id),
    CHECK (merged_into IS NULL OR closed_at IS NOT NULL)
) STRICT;

CREATE INDEX incident_open ON incident (instance_id) WHERE closed_at IS NULL;
CREATE INDEX incident_closed ON incident (closed_at) WHERE closed_at IS NOT NULL;
CREATE INDEX incident_by_reason ON incident (reason_id);
CREATE INDEX incident_by_heir ON incident (merged_into) WHERE merged_into IS NOT NULL;

-- Which cards were in an incident, and when. A card may leave one and come back to it.
CREATE TABLE incident_card (
    incident_id INTEGER NOT NULL REFERENCES incident,
    card_key    INTEGER NOT NULL REFERENCES card,
    joined_at   INTEGER NOT NULL,
    left_at     INTEGER,
    PRIMARY KEY (incident_id, card_key, joined_at)
) STRICT, WITHOUT ROWID;

-- A card is in one incident at a time.
CREATE UNIQUE INDEX incident_card_now ON incident_card (card_key) WHERE left_at IS NULL;
CREATE INDEX incident_card_by_card ON incident_card (card_key, joined_at);

-- Who wanted no mail of a broken card, and why.
CREATE TABLE mute (
    mute_id   INTEGER PRIMARY KEY,
    card_key  INTEGER NOT NULL REFERENCES card,
    reason    TEXT NOT NULL CHECK (trim(reason) <> ''),
    muted_by  TEXT NOT NULL,
    muted_at  INTEGER NOT NULL,
    -- When its time is up; null = it holds until the card has recovered.
    until     INTEGER,
    ended_at  INTEGER,
    ended_how TEXT CHECK (ended_how IN ('expired', 'recovered', 'unmuted')),
    -- Who ended it, where somebody did.
    ended_by  TEXT,
    CHECK ((ended_at IS NULL) = (ended_how IS NULL)),
    CHECK ((coalesce(ended_how, '') = 'unmuted') = (ended_by IS NOT NULL))
) STRICT;

CREATE UNIQUE INDEX mute_now ON mute (card_key) WHERE ended_at IS NULL;
CREATE INDEX mute_by_card ON mute (card_key);
CREATE INDEX mute_ended ON mute (ended_at) WHERE ended_at IS NOT NULL;

-- The mail addresses of owners.
CREATE TABLE domo_user (
    instance_id  INTEGER NOT NULL REFERENCES instance,
    user_id      INTEGER NOT NULL,
    -- Null where Domo gives none.
    address      TEXT,
    looked_up_at INTEGER NOT NULL,
    PRIMARY KEY (instance_id, user_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX domo_user_by_time ON domo_user (looked_up_at);

-- How a card rendered when it was last decided. A broken card is neither slow nor empty.
ALTER TABLE card_state ADD COLUMN latency_ms INTEGER CHECK (latency_ms >= 0);
-- What was usual before it became slow; null = it is not slow.
ALTER TABLE card_state ADD COLUMN slow_against_ms INTEGER
    CHECK (slow_against_ms IS NULL OR (slow_against_ms >= 0 AND latency_ms IS NOT NULL AND state <> 'broken'));
ALTER TABLE card_state ADD COLUMN no_data_since INTEGER CHECK (no_data_since IS NULL OR state <> 'broken');
-- The open incident that it is in.
ALTER TABLE card_state ADD COLUMN incident_id INTEGER REFERENCES incident
    CHECK (incident_id IS NULL OR state = 'broken');

CREATE INDEX card_state_by_incident ON card_state (incident_id) WHERE incident_id IS NOT NULL;

-- For each of the owners the id of the user, or null for a group; empty where the ids were never told.
ALTER TABLE card ADD COLUMN owner_users TEXT NOT NULL DEFAULT '[]'
    CHECK (json_array_length(owner_users) IN (0, json_array_length(owners)));
ALTER TABLE page ADD COLUMN owners TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(owners));
ALTER TABLE page ADD COLUMN owner_users TEXT NOT NULL DEFAULT '[]'
    CHECK (json_array_length(owner_users) IN (0, json_array_length(owners)));

-- How many beast modes are invalid, as Domo counts them.
ALTER TABLE instance ADD COLUMN invalid_functions INTEGER CHECK (invalid_functions >= 0);
ALTER TABLE instance ADD COLUMN functions_counted_at INTEGER
    CHECK ((invalid_functions IS NULL) = (functions_counted_at IS NULL));
-- Grows whenever a sweep ends or a mute is made or ended, in whichever process.
ALTER TABLE instance ADD COLUMN revision INTEGER NOT NULL DEFAULT 1;

-- What is usual for a card is read from sweeps that are spread over a span of time.
CREATE INDEX sweep_rendered ON sweep (instance_id, started_at) WHERE outcome IN ('completed', 'partial');

CREATE VIEW incidents_open AS
SELECT i.name AS instance,
       n.incident_id,
       n.title,
       r.class,
       strftime('%Y-%m-%dT%H:%M:%SZ', n.opened_at / 1000, 'unixepoch') AS opened_at,
       count(*) AS cards
  FROM incident n
  JOIN instance i USING (instance_id)
  JOIN reason r ON r.reason_id = n.reason_id
  JOIN card_state s ON s.incident_id = n.incident_id
 WHERE n.closed_at IS NULL
   AND s.decided_at > unixepoch() * 1000 - i.stale_after_ms
 GROUP BY n.incident_id;
