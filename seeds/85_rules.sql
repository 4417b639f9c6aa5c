-- Clinical rules of Northgate Health, as document 4 asks for them: of the organization, of the clinic, and exceptions for people. Those at work say what the
-- open alerts of the same people say; 51_queue.sql gives these the keys of the rules, so that a new reading counts them up.
SELECT pg_temp.enter(1);
INSERT INTO clinical_rule (organization_id, id, facility_id, name, description, metric, part, op, threshold, min_count, window_days, severity, action, action_params, resolves, enabled, priority,
                           created_by_id, updated_by_id, created_at, updated_at)
SELECT pg_temp.demo_id('organization', 1), pg_temp.rule_id(n), pg_temp.demo_id('facility', place), name, why, metric, part, op, threshold, readings, days, severity, action,
       jsonb_strip_nulls(jsonb_build_object('text', advice)), resolves, enabled, priority, pg_temp.demo_id('user', 1), pg_temp.demo_id('user', 1),
       now() - INTERVAL '60 days' - n * INTERVAL '1 hour', now() - INTERVAL '60 days' - n * INTERVAL '1 hour'
FROM (VALUES
  (1, NULL::integer, 'Systolic blood pressure very high', 'A pressure at which somebody has to call the same hour (NICE NG136).', 'BLOOD_PRESSURE', 1, '>', 180.0, 1, 1, 'CRITICAL', 'ALERT',
   'Call now. Ask for headache, chest pain, vision and breath; repeat seated after five minutes.', false, true, 100),
  (2, 1, 'Systolic blood pressure high', NULL, 'BLOOD_PRESSURE', 1, '>', 160.0, 2, 3, 'HIGH', 'ALERT', 'Look at what was changed of late, and at how it is measured.', true, true, 50),
  (3, NULL, 'Oxygen saturation low', NULL, 'SPO2', 1, '<', 90.0, 2, 1, 'CRITICAL', 'ALERT', 'Call now. Ask for breath, colour and cough.', false, true, 100),
  (4, 1, 'Glucose rising', 'A drift that single readings do not show.', 'GLUCOSE', 1, 'trendUp', 2.0, 1, 7, 'HIGH', 'SUGGEST_VISIT', NULL, true, true, 40),
  (5, 1, 'Weight up fast', 'Fluid, in people with heart failure.', 'WEIGHT', 1, 'trendUp', 2.0, 1, 7, 'HIGH', 'SUGGEST_VISIT', 'Ask for breath and ankles; think of the diuretic.', true, true, 40),
  (6, NULL, 'No blood pressure', 'Off but for people whose plan asks for a reading every day.', 'BLOOD_PRESSURE', 1, 'missing', NULL, 1, 4, 'WARNING', 'ALERT', 'Ask whether the cuff works.', true, false, 10),
  (7, 1, 'Heart rate variability falling', NULL, 'HRV_RMSSD', 1, 'trendDown', 10.0, 1, 14, 'WARNING', 'ALERT', NULL, true, true, 20),
  (8, 1, 'Glucose after meals high', 'Being tried: not at work yet.', 'GLUCOSE', 1, '>', 9.0, 2, 7, 'WARNING', 'ALERT', NULL, true, false, 0)
) AS told (n, place, name, why, metric, part, op, threshold, readings, days, severity, action, advice, resolves, enabled, priority);

INSERT INTO clinical_rule (organization_id, id, facility_id, patient_id, overrides_id, name, metric, part, op, threshold, min_count, window_days, severity, action, action_params, resolves, enabled,
                           priority, created_by_id, updated_by_id, created_at, updated_at)
SELECT r.organization_id, pg_temp.rule_id(20 + told.n), pg_temp.demo_id('facility', place), pg_temp.demo_id('patient', person), r.id, r.name, r.metric, r.part, r.op, told.threshold, r.min_count, r.window_days,
       told.severity, r.action, r.action_params, r.resolves, true, r.priority, pg_temp.demo_id('user', 1), pg_temp.demo_id('user', 1), now() - INTERVAL '30 days', now() - INTERVAL '30 days'
FROM (VALUES
  (1, 6, NULL::integer, 7, NULL::double precision, 'WARNING'),  -- Mr Nakamura measures every day
  (2, 3, NULL, 2, 88.0, 'CRITICAL'),                            -- Mr Lindqvist lives at 90
  (3, 1, 2, NULL, 190.0, 'CRITICAL')                            -- old people at Elm Court
) AS told (n, root, place, person, threshold, severity)
JOIN clinical_rule AS r ON r.organization_id = pg_temp.demo_id('organization', 1) AND r.id = pg_temp.rule_id(told.root);
