-- The alerts of 50_alerts.sql as records, each with its history.
SELECT pg_temp.enter(1);
INSERT INTO alert (organization_id, id, number, facility_id, patient_id, type, severity, title, body, payload, status, assignee_id, raised_at, last_seen_at, seen_count, dedupe_key, rule_execution_id, due_at,
                   acknowledged_at, acknowledged_by_id, ack_expires_at, snoozed_until, status_changed_at, created_at, created_by_id)
OVERRIDING SYSTEM VALUE
SELECT pg_temp.demo_id('organization', 1), pg_temp.demo_id('alert', n), number, pg_temp.demo_id('facility', place), pg_temp.demo_id('patient', person), type, severity, title, body, payload,
       status, pg_temp.demo_id('user', assignee), now() - ago, now() - ago, CASE n WHEN 1 THEN 3 WHEN 8 THEN 2 ELSE 1 END,
       -- What a rule of 85_rules.sql would say too is known by the rule's key.
       coalesce('rule:' || pg_temp.rule_id(CASE n WHEN 1 THEN 1 WHEN 2 THEN 3 WHEN 4 THEN 4 WHEN 5 THEN 5 WHEN 7 THEN 6 WHEN 8 THEN 7 WHEN 18 THEN 7 END) || ':' || pg_temp.demo_id('patient', person),
                lower(type) || ':' || coalesce('patient-' || person, 'facility-' || place) || ':' || n),
       pg_temp.demo_id('run', CASE n WHEN 1 THEN 1 WHEN 2 THEN 4 WHEN 4 THEN 5 WHEN 5 THEN 6 WHEN 7 THEN 7 WHEN 8 THEN 8 WHEN 18 THEN 10 END),
       now() - ago + CASE severity WHEN 'CRITICAL' THEN INTERVAL '1 hour' WHEN 'HIGH' THEN INTERVAL '4 hours' WHEN 'WARNING' THEN INTERVAL '1 day' END,
       CASE status WHEN 'ACKNOWLEDGED' THEN now() - moved END, CASE status WHEN 'ACKNOWLEDGED' THEN pg_temp.demo_id('user', moved_by) END,
       CASE status WHEN 'ACKNOWLEDGED' THEN now() - moved + CASE severity WHEN 'CRITICAL' THEN INTERVAL '15 minutes' WHEN 'HIGH' THEN INTERVAL '1 hour' ELSE INTERVAL '4 hours' END END,
       CASE status WHEN 'SNOOZED' THEN date_trunc('hour', now()) + CASE n WHEN 7 THEN INTERVAL '5 hours' WHEN 15 THEN INTERVAL '2 hours' WHEN 16 THEN INTERVAL '22 hours' ELSE INTERVAL '6 hours' END END,
       now() - coalesce(moved, ago), now() - ago, pg_temp.demo_id('service', 1)
FROM tale ORDER BY ago DESC, n;
INSERT INTO status_change (organization_id, subject_kind, subject_id, patient_id, facility_id, from_status, to_status, changed_by_id, at)
SELECT pg_temp.demo_id('organization', 1), 'alert', pg_temp.demo_id('alert', n), pg_temp.demo_id('patient', person), pg_temp.demo_id('facility', place), step.before, step.after, step.by, now() - step.ago
FROM tale, LATERAL (VALUES (1, NULL, 'ACTIVE', pg_temp.demo_id('service', 1), ago), (2, 'ACTIVE', status, pg_temp.demo_id('user', moved_by), moved)) AS step (at, before, after, by, ago)
WHERE step.at = 1 OR status <> 'ACTIVE'
ORDER BY step.ago DESC;

-- One that concerns the whole organization and no facility: the owner and compliance see it.
INSERT INTO alert (organization_id, id, number, type, severity, title, body, payload, raised_at, created_at) OVERRIDING SYSTEM VALUE VALUES
  (pg_temp.demo_id('organization', 1), pg_temp.demo_id('alert', 40), 2295, 'TRAINING_EXPIRED', 'WARNING', 'Safeguarding training below 95 %', '91 % in date over all facilities. Promise to the board: 95 %',
   pg_temp.evidence('Board promise', 'less than 95 % of staff in date, checked on Mondays.'), now() - INTERVAL '30 hours', now() - INTERVAL '30 hours');

-- Southgate has a queue of its own, behind the wall.
SELECT pg_temp.enter(2);
INSERT INTO alert (organization_id, id, number, patient_id, facility_id, type, severity, title, body, payload, raised_at, assignee_id, created_at) OVERRIDING SYSTEM VALUE
SELECT pg_temp.demo_id('organization', 2), pg_temp.demo_id('alert', n), number, pg_temp.demo_id('patient', person), pg_temp.demo_id('facility', 11), type, severity, title, body, payload,
       now() - ago, pg_temp.demo_id('user', assignee), now() - ago
FROM (VALUES
  (91, 901, 91, 'BP_HIGH_TREND', 'CRITICAL', 'Blood pressure very high', '188/114 mmHg, mean of 3 in 24 h. Limit 180/110', INTERVAL '9 minutes', NULL::integer,
   pg_temp.evidence('BP critical', 'mean of the last 3 readings in 24 h at or over 180/110.', ARRAY[pg_temp.series('Systolic', 'mmHg', 110, 135, '{140,144,150,161,170,179,188}', '9 minutes')])),
  (92, 902, 92, 'MISSED_READING', 'WARNING', 'Readings missing', 'No peak flow for 5 d. Plan: daily', INTERVAL '4 hours', 21,
   pg_temp.evidence('Readings missing', 'no peak flow for 5 days where the plan asks for one a day.')),
  (93, 903, 93, 'GLUCOSE_HIGH', 'HIGH', 'Glucose trend rising', 'Fasting mean 12.1 mmol/L over 7 d', INTERVAL '2 hours', NULL,
   pg_temp.evidence('Glucose trend', 'fasting mean of 7 days over 10 mmol/L.', ARRAY[pg_temp.series('Fasting glucose', 'mmol/L', 4, 7, '{9.8,10.4,11.0,11.9,12.6,13.1,13.9}', '3 hours')])),
  (94, 904, NULL, 'MESSAGE_UNANSWERED', 'INFO', 'Message from a number nobody knows', 'Asks for opening hours', INTERVAL '7 hours', NULL, '{}'::jsonb)
) AS told (n, number, person, type, severity, title, body, ago, assignee, payload);
