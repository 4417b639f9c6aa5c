-- Readings of the people in care, told as stories: how often, around what, drifting whither, and how they end. The ends are those of the alerts in
-- 50_alerts.sql, so that a chart shows what its alert says. Deterministic: noise comes from hashes, time from now().
--
-- The value of reading i, counted back from the latest: last[…] for as many as are told, else base + drift · (how far back, 1 = the first day) + spread · noise.
CREATE TEMPORARY TABLE reading_story (
  n integer PRIMARY KEY GENERATED ALWAYS AS IDENTITY, org integer, person integer, code text, source text, vendor text, every interval, ago interval, days integer,
  base double precision, base2 double precision, spread double precision, drift double precision, last double precision[], last2 double precision[],
  gap_from integer, gap_to integer, context text, formula text
) ON COMMIT DROP;

INSERT INTO reading_story (org, person, code, source, vendor, every, ago, days, base, base2, spread, drift, last, last2, gap_from, gap_to, context)
SELECT 1, person, code, source, vendor, every::interval, ago::interval, days, base, base2, spread, drift, last::double precision[], last2::double precision[], gap_from, gap_to, context
FROM (VALUES
-- Ms Okafor: blood pressure rising since a medicine was stopped; pulse and sleep follow.
  ( 1, 'BLOOD_PRESSURE', 'DEVICE', 'WITHINGS', '1 day', '6 minutes', 365, 129, 79, 6, 4, '{128,131,126,134,132,138,136,141,139,148,155,162,174,184}', '{78,80,77,82,81,84,83,86,85,90,94,98,106,112}', NULL, NULL, NULL),
  ( 1, 'HEART_RATE', 'HEALTHKIT', 'APPLE', '1 day', '6 minutes', 180, 74, NULL, 4, 0, '{74,76,72,78,75,79,77,80,82,84,83,88,91,94}', NULL, NULL, NULL, NULL),
  ( 1, 'SPO2', 'DEVICE', 'WITHINGS', '1 day', '152 minutes', 90, 97, NULL, 1, 0, '{97,97,96,97,98,97,96,97,97,96,97,96,97,96}', NULL, NULL, NULL, NULL),
  ( 1, 'GLUCOSE', 'MANUAL', NULL, '1 day', '167 minutes', 120, 6.6, NULL, 0.5, 0.4, '{6.4,6.8,6.2,7.1,6.6,6.8,7.4,6.9,6.7,7.1,6.8,6.5,6.9,6.7}', NULL, NULL, NULL, NULL),
  ( 1, 'WEIGHT', 'DEVICE', 'WITHINGS', '1 day', '157 minutes', 365, 82.7, NULL, 0.4, 2.4, '{83.0,82.9,83.1,83.0,82.9,82.8,82.9,82.7,82.8,82.6,82.5,82.5,82.4,82.3}', NULL, NULL, NULL, NULL),
  ( 1, 'HRV_RMSSD', 'DEVICE', 'OURA', '1 day', '4 hours', 120, 33, NULL, 3, 1, '{34,33,35,32,31,31,29,30,28,26,25,24,23,21}', NULL, NULL, NULL, 'SLEEP'),
  ( 1, 'SLEEP', 'DEVICE', 'OURA', '1 day', '3 hours', 120, 7.1, NULL, 0.8, 0.2, '{7.2,7.0,6.9,6.4,6.6,6.2,5.8,6.1,5.6,5.2,5.4,4.9,5.1,4.7}', NULL, NULL, NULL, NULL),
  ( 1, 'STEPS', 'HEALTHKIT', 'APPLE', '1 day', '10 hours', 120, 5200, NULL, 1900, 900, NULL, NULL, NULL, NULL, NULL),
-- Mr Lindqvist: saturation falling.
  ( 2, 'SPO2', 'DEVICE', 'WITHINGS', '8 hours', '12 minutes', 60, 95, NULL, 1.4, 0, '{95,94,94,93,92,90,88}', NULL, NULL, NULL, NULL),
  ( 2, 'HEART_RATE', 'DEVICE', 'WITHINGS', '8 hours', '12 minutes', 60, 84, NULL, 5, -2, '{86,88,87,92,95,101,108}', NULL, NULL, NULL, NULL),
  ( 2, 'RESPIRATION', 'CLINICIAN', NULL, '7 days', '2 days', 180, 18, NULL, 2, 0, NULL, NULL, NULL, NULL, NULL),
  ( 3, 'BLOOD_PRESSURE', 'CLINICIAN', NULL, '14 days', '3 days', 365, 138, 84, 7, 0, NULL, NULL, NULL, NULL, NULL),
-- Ms Reyes: glucose rising.
  ( 4, 'GLUCOSE', 'MANUAL', NULL, '1 day', '2 hours', 120, 7.9, NULL, 0.8, -0.4, '{8.1,8.9,9.4,10.2,10.9,11.5,12.4}', NULL, NULL, NULL, NULL),
  ( 4, 'WEIGHT', 'MANUAL', NULL, '2 days', '26 hours', 365, 84.4, NULL, 0.5, -1.8, NULL, NULL, NULL, NULL, NULL),
  ( 4, 'BLOOD_PRESSURE', 'MANUAL', NULL, '2 days', '27 hours', 180, 128, 80, 6, 0, NULL, NULL, NULL, NULL, NULL),
  ( 4, 'A1C', 'CLINICIAN', NULL, '91 days', '35 days', 365, 7.4, NULL, 0.1, -0.5, '{7.1,7.4,7.8,8.2}', NULL, NULL, NULL, NULL),
-- Ms Anand: fluid.
  ( 5, 'WEIGHT', 'DEVICE', 'WITHINGS', '1 day', '90 minutes', 180, 70.1, NULL, 0.3, 1.4, '{70.1,70.2,70.2,70.9,71.6,72.3,72.8}', NULL, NULL, NULL, NULL),
  ( 5, 'BLOOD_PRESSURE', 'DEVICE', 'WITHINGS', '1 day', '92 minutes', 180, 108, 68, 5, 0, NULL, NULL, NULL, NULL, NULL),
-- Mr Nakamura: his cuff fell silent.
  ( 7, 'BLOOD_PRESSURE', 'DEVICE', 'WITHINGS', '1 day', '3 hours', 180, 134, 85, 6, 3, NULL, NULL, 0, 4, NULL),
  ( 7, 'WEIGHT', 'CLINICIAN', NULL, '28 days', '9 days', 365, 76, NULL, 0.6, 0, NULL, NULL, NULL, NULL, NULL),
-- Ms Dubois: heart rate variability drops.
  ( 8, 'HRV_RMSSD', 'DEVICE', 'OURA', '1 day', '4 hours', 180, 34, NULL, 4, 0, '{35,34,31,29,24,21,19}', NULL, NULL, NULL, 'SLEEP'),
  ( 8, 'SLEEP', 'DEVICE', 'OURA', '1 day', '4 hours', 180, 7.6, NULL, 0.9, 0, '{7.4,7.9,8.3,8.8,9.2,9.6,9.9}', NULL, NULL, NULL, NULL),
  ( 8, 'HEART_RATE', 'DEVICE', 'OURA', '1 day', '4 hours', 180, 58, NULL, 3, 0, '{58,59,62,63,66,68,71}', NULL, NULL, NULL, NULL),
  ( 8, 'MOOD', 'MANUAL', NULL, '1 day', '14 hours', 60, 6, NULL, 1, 0, '{6,5,5,4,4,3,3}', NULL, NULL, NULL, NULL),
-- Mr Osei: HbA1c, once a quarter.
  ( 9, 'A1C', 'CLINICIAN', NULL, '91 days', '1 day', 637, 6.8, NULL, 0, 0, '{6.8,6.9,7.2,7.4,7.5,7.7,8.0}', NULL, NULL, NULL, NULL),
  ( 9, 'GLUCOSE', 'MANUAL', NULL, '3 days', '2 days', 90, 8.6, NULL, 1.1, -0.8, NULL, NULL, NULL, NULL, NULL),
  (10, 'GLUCOSE', 'MANUAL', NULL, '2 days', '1 day', 120, 9.3, NULL, 1.6, 0, NULL, NULL, NULL, NULL, NULL),
-- Mr Brandt: the scale came back after nine days.
  (11, 'WEIGHT', 'DEVICE', 'WITHINGS', '1 day', '9 hours', 180, 91.5, NULL, 0.7, -1, NULL, NULL, 1, 9, NULL),
-- Ms Mensah: a year with semaglutide for the last fourteen weeks.
  (12, 'WEIGHT', 'DEVICE', 'WITHINGS', '7 days', '11 hours', 365, 90.2, NULL, 0.5, 0.4, '{90.1,89.4,88.2,87.5,86.9,86.1,84.9,84.3,83.6,83.1,82.2,81.9,81.1}', NULL, NULL, NULL, NULL),
  (12, 'BLOOD_PRESSURE', 'CLINICIAN', NULL, '28 days', '4 days', 365, 126, 81, 4, 9, NULL, NULL, NULL, NULL, NULL),
-- Mrs Holloway: home from hospital; no weight for three days.
  (13, 'BLOOD_PRESSURE', 'DEVICE', 'WITHINGS', '1 day', '3 hours', 120, 130, 77, 5, 0, '{131,134,138,143,149,155,162}', '{78,80,82,84,88,91,94}', NULL, NULL, NULL),
  (13, 'WEIGHT', 'DEVICE', 'WITHINGS', '1 day', '3 days', 120, 66.1, NULL, 0.4, 1, '{66.1,66.0,66.3,66.2,66.4,66.4,66.7}', NULL, NULL, NULL, NULL),
  (15, 'SPO2', 'DEVICE', 'WITHINGS', '1 day', '100 minutes', 90, 97, NULL, 1, 0, '{97,97,96,96,95,94,93}', NULL, NULL, NULL, NULL),
  (15, 'HEART_RATE', 'HEALTHKIT', 'APPLE', '1 day', '100 minutes', 90, 72, NULL, 6, 0, '{74,73,78,80,86,92,98}', NULL, NULL, NULL, NULL),
  (16, 'GLUCOSE', 'MANUAL', NULL, '1 day', '14 hours', 60, 7.2, NULL, 0.6, -0.5, '{7.2,7.9,7.6,8.4,7.7,8.8,9.4}', NULL, NULL, NULL, NULL),
  (17, 'WEIGHT', 'DEVICE', 'WITHINGS', '1 day', '2 days', 120, 60.2, NULL, 0.3, 0.6, '{60.2,60.1,60.4,60.2,60.3,60.1,60.2}', NULL, NULL, NULL, NULL),
-- The newborn.
  (20, 'WEIGHT', 'CLINICIAN', NULL, '3 days', '12 hours', 19, 3.3, NULL, 0, 0, '{3.31,3.28,3.34,3.40,3.45,3.49,3.52}', NULL, NULL, NULL, NULL),
  (20, 'TEMPERATURE', 'CLINICIAN', NULL, '3 days', '12 hours', 19, 36.9, NULL, 0.3, 0, NULL, NULL, NULL, NULL, NULL),
-- A watch that gives SDNN: the RMSSD beside it is computed.
  (25, 'HRV_SDNN', 'HEALTHKIT', 'APPLE', '1 day', '5 hours', 120, 62, NULL, 9, 4, NULL, NULL, NULL, NULL, 'UNKNOWN'),
  (25, 'HEART_RATE', 'HEALTHKIT', 'APPLE', '1 day', '5 hours', 120, 61, NULL, 5, 0, NULL, NULL, NULL, NULL, NULL),
  (25, 'STEPS', 'HEALTHKIT', 'APPLE', '1 day', '10 hours', 120, 9400, NULL, 3800, 0, NULL, NULL, NULL, NULL, NULL),
  (36, 'BLOOD_PRESSURE', 'DEVICE', 'WITHINGS', '1 day', '4 hours', 120, 136, 83, 7, -3, NULL, NULL, NULL, NULL, NULL)
) AS told (person, code, source, vendor, every, ago, days, base, base2, spread, drift, last, last2, gap_from, gap_to, context);

-- Everybody else is weighed and measured now and then: in the clinic every month, in the home every week.
INSERT INTO reading_story (org, person, code, source, every, ago, days, base, base2, spread, drift, gap_from, gap_to)
SELECT p.org, p.n, k.code, 'CLINICIAN', CASE p.place WHEN 2 THEN INTERVAL '7 days' ELSE INTERVAL '30 days' END, make_interval(hours => 20 + p.n * 7 % 300), 365,
       CASE k.code WHEN 'BLOOD_PRESSURE' THEN CASE WHEN child THEN 98 ELSE 118 + p.n * 7 % 24 END
                   WHEN 'HEART_RATE' THEN CASE WHEN child THEN 86 ELSE 64 + p.n * 5 % 18 END
                   ELSE round(coalesce(p.height_cm, 168) ^ 2 / 10000 * CASE WHEN child THEN 16 ELSE 21 + p.n * 11 % 10 END, 1) END,
       CASE k.code WHEN 'BLOOD_PRESSURE' THEN CASE WHEN child THEN 62 ELSE 70 + p.n * 7 % 16 END END,
       CASE k.code WHEN 'WEIGHT' THEN 0.6 ELSE 5 END, CASE k.code WHEN 'WEIGHT' THEN (p.n % 5 - 2) * 0.8 ELSE 0 END,
       CASE WHEN p.extra ? 'deceased' THEN 0 END, (p.extra ->> 'deceased')::integer
FROM (SELECT *, born > CURRENT_DATE - 6500 AS child FROM person) AS p CROSS JOIN (VALUES ('BLOOD_PRESSURE'), ('HEART_RATE'), ('WEIGHT')) AS k (code)
WHERE p.born < CURRENT_DATE - 400 AND NOT EXISTS (SELECT 1 FROM reading_story AS s WHERE s.person = p.n AND s.code = k.code)
ORDER BY p.n, k.code;

-- Between -1 and 1, always the same for the same words.
CREATE FUNCTION pg_temp.noise(words text) RETURNS double precision LANGUAGE sql IMMUTABLE AS
$$ SELECT (('x' || substr(md5(words), 1, 8))::bit(32)::bigint % 2001) / 1000.0 - 1 $$;

CREATE TEMPORARY TABLE told_reading ON COMMIT DROP AS
SELECT s.*, r.i, ('01900000-0000-7000-8fff-' || lpad(to_hex(s.n * 4096 + r.i), 12, '0'))::uuid AS id, r.at, m.unit,
       round((CASE WHEN r.i < coalesce(cardinality(s.last), 0) THEN s.last[cardinality(s.last) - r.i] ELSE s.base + s.drift * r.far + s.spread * pg_temp.noise(s.n || '/' || r.i) END)::numeric,
             CASE WHEN s.code IN ('GLUCOSE', 'WEIGHT', 'TEMPERATURE', 'A1C', 'SLEEP') THEN CASE WHEN s.base < 10 AND s.code = 'WEIGHT' THEN 2 ELSE 1 END ELSE 0 END)::double precision AS value,
       CASE WHEN s.base2 IS NOT NULL THEN round((CASE WHEN r.i < coalesce(cardinality(s.last2), 0) THEN s.last2[cardinality(s.last2) - r.i]
             ELSE s.base2 + s.drift * r.far * 0.5 + s.spread * 0.6 * pg_temp.noise(s.n || '/2/' || r.i) END)::numeric)::double precision END AS value2
FROM reading_story AS s JOIN metric AS m ON m.code = s.code,
  LATERAL (SELECT i, extract(epoch FROM s.ago + s.every * i) / 86400 / s.days AS far,
             date_trunc('minute', now() - s.ago - s.every * i + CASE WHEN i < coalesce(cardinality(s.last), 1) THEN INTERVAL '0' ELSE make_interval(mins => (40 * pg_temp.noise(s.n || '/at/' || i))::integer) END) AS at
           FROM generate_series(0, greatest(0, floor((s.days - extract(epoch FROM s.ago) / 86400) / (extract(epoch FROM s.every) / 86400)))::integer) AS i) AS r
WHERE (s.gap_from IS NULL OR r.at NOT BETWEEN now() - make_interval(days => s.gap_to) AND now() - make_interval(days => s.gap_from));
-- Nobody measures himself every single day.
DELETE FROM told_reading WHERE i >= coalesce(cardinality(last), 1) AND every = INTERVAL '1 day' AND pg_temp.noise(n || '/skip/' || i) > 0.7;

CREATE FUNCTION pg_temp.measure(wanted integer) RETURNS void LANGUAGE sql AS $$
  SELECT pg_temp.enter(wanted);
  INSERT INTO device_connection (organization_id, id, patient_id, vendor, external_id, expires_at, last_reading_at, created_by_id, created_at)
  SELECT pg_temp.demo_id('organization', wanted), ('01900000-0000-7000-8ffe-' || lpad(to_hex(person * 16 + length(vendor)), 12, '0'))::uuid, pg_temp.demo_id('patient', person), vendor,
         lower(vendor) || '-' || (48000 + person * 37), CASE WHEN vendor <> 'APPLE' THEN now() + make_interval(days => 60 - person * 4) END, max(at), pg_temp.demo_id('user', 2), min(at)
  FROM told_reading WHERE org = wanted AND vendor IS NOT NULL GROUP BY person, vendor;
  INSERT INTO observation (organization_id, id, patient_id, code, effective_at, value_num, value2_num, unit, source, device_vendor, device_connection_id, context, created_by_id, created_at)
  SELECT pg_temp.demo_id('organization', wanted), id, pg_temp.demo_id('patient', person), code, at, value, value2, unit, source, vendor,
         CASE WHEN vendor IS NOT NULL THEN ('01900000-0000-7000-8ffe-' || lpad(to_hex(person * 16 + length(vendor)), 12, '0'))::uuid END, context,
         CASE WHEN source = 'CLINICIAN' THEN pg_temp.demo_id('user', CASE wanted WHEN 1 THEN 2 ELSE 21 END) WHEN source = 'MANUAL' AND person = 4 THEN pg_temp.demo_id('user', 11) END,
         at + INTERVAL '1 minute'
  FROM told_reading WHERE org = wanted;
  -- What is computed from them, as src/readings/derive.rs does it.
  INSERT INTO observation (organization_id, id, patient_id, code, effective_at, value_num, value_json, unit, source, device_vendor, device_connection_id, derived_from, derivation, created_at)
  SELECT o.organization_id, overlay(o.id::text PLACING '8ffd' FROM 20 FOR 4)::uuid, o.patient_id, 'BMI', o.effective_at, round((o.value_num / (p.height_cm / 100) ^ 2)::numeric, 2),
         jsonb_build_object('weightKg', o.value_num, 'heightCm', p.height_cm), 'kg/m²', o.source, o.device_vendor, o.device_connection_id, ARRAY[o.id], 'kg/m²', o.created_at
  FROM observation AS o JOIN patient AS p ON p.organization_id = o.organization_id AND p.id = o.patient_id
  WHERE o.organization_id = pg_temp.demo_id('organization', wanted) AND o.code = 'WEIGHT' AND p.height_cm IS NOT NULL AND p.date_of_birth <= o.effective_at::date - INTERVAL '18 years';
  INSERT INTO observation (organization_id, id, patient_id, code, effective_at, value_num, unit, source, device_vendor, device_connection_id, context, derived_from, derivation, created_at)
  SELECT o.organization_id, overlay(o.id::text PLACING '8ffd' FROM 20 FOR 4)::uuid, o.patient_id, 'HRV_RMSSD', o.effective_at, round((o.value_num * 0.85)::numeric, 2), 'ms', o.source, o.device_vendor,
         o.device_connection_id, o.context, ARRAY[o.id], '0.85·SDNN', o.created_at
  FROM observation AS o WHERE o.organization_id = pg_temp.demo_id('organization', wanted) AND o.code = 'HRV_SDNN';
$$;
SELECT pg_temp.measure(2);
SELECT pg_temp.measure(1);
-- One that was typed wrongly and put right: 24.1 for 12.4.
INSERT INTO observation (organization_id, id, patient_id, code, effective_at, value_num, unit, source, status, status_reason, status_at, status_by_id, created_by_id, created_at)
VALUES (pg_temp.demo_id('organization', 1), '01900000-0000-7000-8ffc-000000000001', pg_temp.demo_id('patient', 4), 'GLUCOSE', date_trunc('minute', now() - INTERVAL '2 hours'), 24.1, 'mmol/L', 'MANUAL',
        'ENTERED_IN_ERROR', 'Digits swapped: the meter says 12.4', now() - INTERVAL '110 minutes', pg_temp.demo_id('user', 11), pg_temp.demo_id('user', 11), now() - INTERVAL '115 minutes');
