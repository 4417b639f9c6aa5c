-- What the rules of 85_rules.sql have done: looks at readings of the last month that came to nothing, alerts raised and counted up, two that ended by themselves, and
-- one morning on which a rule failed and was tried again.
SELECT pg_temp.enter(1);

-- One more rule, now that there is a library: what to do about low sugar is given to read.
INSERT INTO clinical_rule (organization_id, id, facility_id, name, description, metric, part, op, threshold, min_count, window_days, severity, action, content_id, action_params, resolves, enabled, priority,
                           created_by_id, updated_by_id, created_at, updated_at)
VALUES (pg_temp.demo_id('organization', 1), pg_temp.rule_id(9), pg_temp.demo_id('facility', 1), 'Glucose low', 'Whoever was low once should know what to do the next time.', 'GLUCOSE', 1, '<', 3.9, 1, 1,
        'WARNING', 'ASSIGN_CONTENT', pg_temp.demo_id('content', 3), '{"text": "Ask what was eaten, and what was injected.", "word": "Your sugar was low. Please read what to do when it happens."}', true, true, 30,
        pg_temp.demo_id('user', 1), pg_temp.demo_id('user', 1), now() - INTERVAL '40 days', now() - INTERVAL '40 days');

-- The readings of two short stories: Mrs Weaver was high for a day, Mr Osei low once.
INSERT INTO observation (organization_id, id, patient_id, code, effective_at, value_num, value2_num, unit, source, created_at)
SELECT pg_temp.demo_id('organization', 1), ('01900000-0000-7000-8ffb-' || lpad(n::text, 12, '0'))::uuid, pg_temp.demo_id('patient', person), code, date_trunc('minute', now()) - ago, value, value2, unit, 'MANUAL',
       now() - ago + INTERVAL '1 minute'
FROM (VALUES
  (1, 36, 'BLOOD_PRESSURE', INTERVAL '16 days 2 hours', 168, 98, 'mmHg'), (2, 36, 'BLOOD_PRESSURE', INTERVAL '15 days 14 hours', 171, 99, 'mmHg'), (3, 36, 'BLOOD_PRESSURE', INTERVAL '15 days 3 hours', 165, 97, 'mmHg'),
  (4, 36, 'BLOOD_PRESSURE', INTERVAL '14 days 20 hours', 146, 88, 'mmHg'), (5, 36, 'BLOOD_PRESSURE', INTERVAL '14 days 3 hours', 139, 84, 'mmHg'),
  (6, 9, 'GLUCOSE', INTERVAL '12 days 5 hours', 3.4, NULL, 'mmol/L'), (7, 9, 'GLUCOSE', INTERVAL '12 days 4 hours', 6.1, NULL, 'mmol/L')
) AS told (n, person, code, ago, value, value2, unit);

CREATE TEMPORARY TABLE rule_run (n integer PRIMARY KEY, rule integer, person integer, alert integer, outcome text, at timestamptz, cause text, result jsonb) ON COMMIT DROP;
INSERT INTO rule_run
SELECT told.n, rule, person, told.alert, outcome, coalesce(now() - told.ago, a.raised_at + told.later), CASE rule WHEN 21 THEN 'SCHEDULE' ELSE 'READING' END, result
FROM (VALUES
  -- The open alerts of the queue.
  (1, 1, 1, 1, 'RAISED', NULL::interval, INTERVAL '0', '{"readings": 1, "hits": 1}'::jsonb), (2, 1, 1, 1, 'REPEATED', NULL, '1 minute', '{"readings": 2, "hits": 2}'), (3, 1, 1, 1, 'REPEATED', NULL, '2 minutes', '{"readings": 3, "hits": 3}'),
  (4, 22, 2, 2, 'RAISED', NULL, '0', '{"readings": 3, "hits": 2}'), (5, 4, 4, 4, 'RAISED', NULL, '0', '{"days": 7, "slope": 0.7, "change": 4.3}'),
  (6, 5, 5, 5, 'RAISED', NULL, '0', '{"days": 7, "slope": 0.45, "change": 2.7}'), (7, 21, 7, 7, 'RAISED', NULL, '0', '{"readings": 0, "hits": 0}'),
  (8, 7, 8, 8, 'RAISED', NULL, '0', '{"days": 12, "slope": -1.2, "change": -14.6}'), (9, 7, 8, 8, 'REPEATED', NULL, '1 hour', '{"days": 13, "slope": -1.2, "change": -15.0}'),
  (10, 7, 1, 18, 'RAISED', NULL, '0', '{"days": 14, "slope": -0.9, "change": -12.1}'),
  -- What people have closed.
  (11, 2, 1, 103, 'RAISED', NULL, '0', '{"readings": 3, "hits": 2}'), (12, 22, 2, 104, 'RAISED', NULL, '0', '{"readings": 9, "hits": 2}'), (13, 21, 7, 105, 'RAISED', NULL, '0', '{"readings": 0, "hits": 0}'),
  (14, 5, 13, 106, 'RAISED', NULL, '0', '{"days": 6, "slope": 0.5, "change": 2.6}'), (15, 4, 4, 118, 'RAISED', NULL, '0', '{"days": 7, "slope": 0.4, "change": 2.3}'),
  -- The two short stories.
  (21, 2, 36, 131, 'RAISED', '15 days 13 hours 59 minutes', NULL, '{"readings": 4, "hits": 2}'), (22, 2, 36, 131, 'REPEATED', '15 days 2 hours 59 minutes', NULL, '{"readings": 5, "hits": 3}'),
  (23, 2, 36, 131, 'RECOVERED', '14 days 2 hours 59 minutes', NULL, NULL),
  (24, 9, 9, 132, 'RAISED', '12 days 4 hours 59 minutes', NULL, '{"readings": 1, "hits": 1, "given": "CONTENT"}'), (25, 9, 9, 132, 'RECOVERED', '12 days 3 hours 59 minutes', NULL, NULL),
  -- The morning on which it failed: the next try, ten minutes later, went well.
  (31, 2, 1, NULL, 'FAILED', '9 days 3 hours', NULL, '{"error": "The database refused it (22003)"}'), (32, 2, 13, NULL, 'FAILED', '9 days 3 hours', NULL, '{"error": "The database refused it (22003)"}'),
  (33, 2, 36, NULL, 'FAILED', '9 days 3 hours', NULL, '{"error": "The database refused it (22003)"}')
) AS told (n, rule, person, alert, outcome, ago, later, result)
LEFT JOIN alert AS a ON a.organization_id = pg_temp.demo_id('organization', 1) AND a.id = pg_temp.demo_id('alert', told.alert);

INSERT INTO alert (organization_id, id, number, facility_id, patient_id, type, severity, title, body, payload, status, raised_at, last_seen_at, seen_count, dedupe_key, rule_execution_id,
                   resolved_at, resolved_by_id, reason_code, status_changed_at, created_at) OVERRIDING SYSTEM VALUE
SELECT r.organization_id, pg_temp.demo_id('alert', told.n), told.number, r.facility_id, pg_temp.demo_id('patient', told.person), type, r.severity, r.name, told.body,
       pg_temp.evidence(r.name || ', version 1', told.why, ARRAY[told.series], VARIADIC told.facts), 'RESOLVED', began.at, began.at, told.times, 'rule:' || r.id || ':' || pg_temp.demo_id('patient', told.person),
       pg_temp.demo_id('run', began.n), ended.at, '00000000-0000-0000-0000-000000000000', 'RECOVERED', ended.at, began.at
FROM (VALUES
  (131, 1851, 2, 36, 'BP_HIGH_TREND', 2, '171/99 mmHg; 2 of 4 readings in 3 days above 160 mmHg', 'If systolic blood pressure is above 160 mmHg in 2 readings within 3 days, raise an alert.',
   pg_temp.series('Systolic', 'mmHg', 90, 139, '{138,134,168,171}', '15 days 14 hours', '12 hours'), ARRAY['What to do', 'Look at what was changed of late, and at how it is measured.']),
  (132, 1852, 9, 9, 'GLUCOSE_LOW', 1, '3.4 mmol/L; 1 of 1 readings in a day below 3.9 mmol/L', 'If glucose is below 3.9 mmol/L in a reading within 1 day, raise an alert and give the patient something to read.',
   pg_temp.series('Glucose', 'mmol/L', 4, 7, '{8.1,9.0,3.4}', '12 days 5 hours', '3 days'), ARRAY['Given to read', 'When your sugar is too low', 'What to do', 'Ask what was eaten, and what was injected.'])
) AS told (n, number, rule, person, type, times, body, why, series, facts)
JOIN clinical_rule AS r ON r.organization_id = pg_temp.demo_id('organization', 1) AND r.id = pg_temp.rule_id(told.rule)
JOIN rule_run AS began ON began.alert = told.n AND began.outcome = 'RAISED' JOIN rule_run AS ended ON ended.alert = told.n AND ended.outcome = 'RECOVERED';
INSERT INTO status_change (organization_id, subject_kind, subject_id, patient_id, facility_id, from_status, to_status, at)
SELECT a.organization_id, 'alert', a.id, a.patient_id, a.facility_id, step.before, step.after, step.at
FROM alert AS a, LATERAL (VALUES (NULL, 'ACTIVE', a.raised_at), ('ACTIVE', 'RESOLVED', a.resolved_at)) AS step (before, after, at)
WHERE a.organization_id = pg_temp.demo_id('organization', 1) AND a.id IN (pg_temp.demo_id('alert', 131), pg_temp.demo_id('alert', 132)) ORDER BY step.at;

INSERT INTO rule_execution (organization_id, id, rule_id, rule_version, patient_id, cause, triggered, outcome, alert_id, result, executed_at)
SELECT pg_temp.demo_id('organization', 1), pg_temp.demo_id('run', n), pg_temp.rule_id(rule), 1, pg_temp.demo_id('patient', person), cause, outcome IN ('RAISED', 'REPEATED'), outcome,
       pg_temp.demo_id('alert', alert), result, at
FROM rule_run ORDER BY at;

-- What rules that suggest a visit have raised says so.
UPDATE alert AS a SET payload = a.payload || '{"suggests": "visit"}'
FROM rule_run AS n JOIN clinical_rule AS r ON r.organization_id = pg_temp.demo_id('organization', 1) AND r.id = pg_temp.rule_id(n.rule) AND r.action = 'SUGGEST_VISIT'
WHERE n.outcome = 'RAISED' AND a.organization_id = r.organization_id AND a.id = pg_temp.demo_id('alert', n.alert);

-- Every other reading of the month was looked at, too, by the narrowest rule that holds: that came to nothing.
INSERT INTO rule_execution (organization_id, id, rule_id, rule_version, patient_id, cause, triggered, outcome, executed_at)
SELECT DISTINCT ON (r.root_id, o.id) o.organization_id, md5(r.root_id::text || o.id::text)::uuid, r.id, r.row_version, o.patient_id, 'READING', false, 'NOTHING', o.effective_at + INTERVAL '61 seconds'
FROM observation AS o
JOIN patient AS p ON p.organization_id = o.organization_id AND p.id = o.patient_id AND p.status NOT IN ('INACTIVE', 'DISCHARGED')
JOIN clinical_rule AS r ON r.organization_id = o.organization_id AND r.metric = o.code AND r.enabled AND (r.facility_id IS NULL OR r.facility_id = p.facility_id) AND (r.patient_id IS NULL OR r.patient_id = p.id)
WHERE o.organization_id = pg_temp.demo_id('organization', 1) AND o.status = 'FINAL' AND o.effective_at BETWEEN now() - INTERVAL '30 days' AND now() - INTERVAL '2 minutes'
  AND NOT EXISTS (SELECT FROM rule_run AS n WHERE n.outcome <> 'FAILED' AND pg_temp.demo_id('patient', n.person) = o.patient_id AND o.effective_at BETWEEN n.at - INTERVAL '3 hours' AND n.at + INTERVAL '1 minute')
ORDER BY r.root_id, o.id, r.patient_id IS NOT NULL DESC, r.overrides_id IS NOT NULL DESC;

INSERT INTO content_assignment (organization_id, id, patient_id, content_id, rule_execution_id, note_enc, created_at)
SELECT pg_temp.demo_id('organization', 1), pg_temp.demo_id('given', 6), pg_temp.demo_id('patient', 9), pg_temp.demo_id('content', 3), pg_temp.demo_id('run', 24),
       pg_temp.sealed('content_assignment', 'note', pg_temp.demo_id('given', 6)), at
FROM rule_run WHERE n = 24;
INSERT INTO trace (organization_id, at, actor_kind, action, resource_type, resource_id, patient_id, facility_id, details)
SELECT a.organization_id, a.created_at, 'SYSTEM', 'CREATE', 'content_assignment', a.id, a.patient_id, p.facility_id, jsonb_build_object('content', a.content_id, 'rule_execution', a.rule_execution_id)
FROM content_assignment AS a JOIN patient AS p ON p.organization_id = a.organization_id AND p.id = a.patient_id WHERE a.id = pg_temp.demo_id('given', 6);
