-- An instance of 10,000 cards on 400 pages, 800 of them broken by 40 causes, with a sweep each hour for two weeks.
BEGIN IMMEDIATE;

CREATE TEMP TABLE n AS
  WITH RECURSIVE count(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM count WHERE n < 9999) SELECT n FROM count;
CREATE TEMP TABLE now AS SELECT unixepoch() * 1000 AS ms, (SELECT instance_id FROM instance WHERE name = 'acme') AS acme;

INSERT INTO page (instance_id, page_id, title, kind, doubted)
SELECT acme, 5000 + n, printf('Department %d · %s', n, CASE n % 3 WHEN 0 THEN 'Weekly business review' WHEN 1
       THEN 'Vertriebscontrolling und Absatzplanung' ELSE 'KPIs' END), 'page', 0
  FROM n, now WHERE n < 400;

INSERT INTO card (card_key, instance_id, card_id, title, kind, owners)
SELECT n + 1, acme, 100000000 + n, printf('Revenue %05d by %s', n, CASE n % 4 WHEN 0 THEN 'region' WHEN 1
       THEN 'channel' WHEN 2 THEN 'product line, this year against last year' ELSE 'month' END), 'kpi',
       json_array(printf('Owner %d', n % 37))
  FROM n, now;

INSERT INTO page_card (instance_id, page_id, card_key) SELECT acme, 5000 + n % 400, n + 1 FROM n, now;

INSERT INTO dataset (dataset_key, instance_id, dataset_id, name, state, updated_at, looked_at, gone)
SELECT n + 1, acme, printf('ds-%04d', n), printf('Dataset %d (Snowflake)', n), 'SUCCESS', ms - n * 60000, ms, 0
  FROM n, now WHERE n < 200;
INSERT INTO card_dataset (card_key, dataset_key) SELECT n + 1, n % 200 + 1 FROM n;

INSERT INTO sweep (sweep_id, instance_id, pid, started_at, finished_at, outcome, working, broken)
SELECT n + 1, acme, 1, ms - (336 - n) * 3600000 + 1800000, ms - (336 - n) * 3600000 + 2400000,
       CASE WHEN n % 50 = 49 THEN 'partial' ELSE 'completed' END, 10000 - 300 - n, 300 + n
  FROM n, now WHERE n < 336;

INSERT INTO reason (reason_id, class, text, last_used_at)
SELECT n + 1, CASE n % 3 WHEN 0 THEN 'Misconfigured card' WHEN 1 THEN 'Query timeout' ELSE 'Other error' END,
       printf('Invalid column(s) referenced: column_%d', n), ms
  FROM n, now WHERE n < 40;

-- The latest 31 sweeps of every 10th card, broken ones among them.
INSERT INTO render_result (sweep_id, card_key, round, verdict, reason_id, at_s, latency_ms)
SELECT s.sweep_id, n.n + 1, 0, CASE WHEN n.n < 800 AND s.sweep_id > 320 THEN 1 ELSE 0 END,
       CASE WHEN n.n < 800 AND s.sweep_id > 320 THEN n.n % 40 + 1 END, n.n % 600, 900 + n.n % 700
  FROM n, sweep s WHERE n.n % 10 = 0 AND s.sweep_id > 305;

INSERT INTO incident (incident_id, instance_id, reason_id, title, datasets, opened_at)
SELECT n + 1, acme, n + 1, printf('Dataset %d (Snowflake) lost column column_%d', n, n), json_array(printf('ds-%04d', n)),
       ms - (n + 1) * 3600000
  FROM n, now WHERE n < 40;

INSERT INTO card_state (card_key, state, since, decided_at, reason_id, first_seen, told, latency_ms, incident_id)
SELECT n + 1, CASE WHEN n < 800 THEN 'broken' ELSE 'working' END,
       CASE WHEN n < 800 THEN ms - (n % 40 + 1) * 3600000 ELSE ms - 1000000000 END, ms - 1200000,
       CASE WHEN n < 800 THEN n % 40 + 1 END, 0, 'nothing', CASE WHEN n >= 800 THEN 900 + n % 700 END,
       CASE WHEN n < 800 THEN n % 40 + 1 END
  FROM n, now;
INSERT INTO incident_card (incident_id, card_key, joined_at)
SELECT n % 40 + 1, n + 1, ms - (n % 40 + 1) * 3600000 FROM n, now WHERE n < 800;

INSERT INTO transition (card_key, sweep_id, at, to_state, first_seen, reason_id)
SELECT n + 1, 336 - n % 40, ms - (n % 40 + 1) * 3600000, 'broken', 0, n % 40 + 1 FROM n, now WHERE n < 800;

UPDATE instance SET revision = revision + 1;
COMMIT;
