-- Older versions of SQLite, such as Debian 12's, take an absent value for JSON that is wrong when they check a database:
-- the checks say that it may be absent. SQLite changes no constraint of a table that there is, so both tables are made
-- anew; they are small.

CREATE TABLE new_dataset (
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
    columns             TEXT CHECK (columns IS NULL OR json_valid(columns)),
    changed_after       INTEGER,
    changed_before      INTEGER,
    lost                TEXT CHECK (lost IS NULL OR json_valid(lost)),
    gained              TEXT CHECK (gained IS NULL OR json_valid(gained)),
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

INSERT INTO new_dataset (dataset_key, instance_id, dataset_id, name, state, updated_at, looked_at, gone, evidence_state,
                         evidence_updated_at, run_at, run_outcome, run_message, columns, changed_after, changed_before,
                         lost, gained)
SELECT dataset_key, instance_id, dataset_id, name, state, updated_at, looked_at, gone, evidence_state,
       evidence_updated_at, run_at, run_outcome, run_message, columns, changed_after, changed_before, lost, gained
  FROM dataset;

-- It refers to the other: as long as it does, that one cannot go.
CREATE TABLE new_card_dataset (
    card_key    INTEGER NOT NULL REFERENCES card,
    dataset_key INTEGER NOT NULL REFERENCES new_dataset,
    PRIMARY KEY (card_key, dataset_key)
) STRICT, WITHOUT ROWID;

INSERT INTO new_card_dataset (card_key, dataset_key) SELECT card_key, dataset_key FROM card_dataset;

DROP TABLE card_dataset;
DROP TABLE dataset;
ALTER TABLE new_dataset RENAME TO dataset;
ALTER TABLE new_card_dataset RENAME TO card_dataset;

CREATE INDEX card_dataset_by_dataset ON card_dataset (dataset_key);
