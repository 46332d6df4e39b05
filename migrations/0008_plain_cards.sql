-- Of most cards no more is known than that they work, or not even that. The others are found by this index, which a sweep
-- that changes nothing of them leaves alone: its condition is that of store/memory.rs, word for word.
CREATE INDEX card_state_not_plain ON card_state (card_key)
 WHERE state = 'broken' OR told <> 'nothing' OR slow_against_ms IS NOT NULL OR no_data_since IS NOT NULL
       OR state NOT IN ('undecided', 'unsupported', 'working') OR (state = 'working') <> (since IS NOT NULL);
