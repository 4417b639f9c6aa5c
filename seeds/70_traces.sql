-- Traces of the last days, so that the access log of a patient and the audit have something to show. All of it is as invented as the rest.
SELECT pg_temp.enter(1);
INSERT INTO trace (organization_id, at, actor_kind, actor_id, acting_role, action, resource_type, resource_id, patient_id, patient_ids, facility_id, changes, details, ip_address, user_agent)
SELECT pg_temp.demo_id('organization', 1), now() - ago, kind, CASE kind WHEN 'USER' THEN pg_temp.demo_id('user', who) WHEN 'SERVICE' THEN pg_temp.demo_id('service', who) END,
       CASE kind WHEN 'SERVICE' THEN 'SERVICE' ELSE (SELECT role FROM colleague WHERE n = who) END, action, resource, resource_id, pg_temp.demo_id('patient', person), patients,
       pg_temp.demo_id('facility', place), changes, details, ip, CASE kind WHEN 'USER' THEN 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Firefox/140.0' END
FROM (
  -- Everybody of staff signed in on each of the last three days.
  SELECT 'USER' AS kind, n AS who, 'LOGIN' AS action, 'session' AS resource, NULL::uuid AS resource_id, NULL::integer AS person, NULL::uuid[] AS patients, place, NULL::jsonb AS changes,
         NULL::jsonb AS details, make_interval(days => day, mins => 90 + n * 7) AS ago, '192.0.2.1'::inet + n AS ip
  FROM colleague, generate_series(0, 2) AS day WHERE org = 1
  UNION ALL SELECT 'ANONYMOUS', NULL, 'LOGIN_FAILED', 'session', NULL, NULL, NULL, NULL, NULL, '{"reason": "wrong password"}', make_interval(hours => 5, mins => n), '198.51.100.7' FROM generate_series(1, 3) AS n
  -- Charts were opened by those who look after the patient.
  UNION ALL SELECT 'USER', CASE n % 3 WHEN 0 THEN 2 ELSE clinician END, 'VIEW', 'patient', pg_temp.demo_id('patient', n), n, NULL, place, NULL, '{"section": "summary"}',
         make_interval(hours => 2 + day * 31, mins => n * 3), '192.0.2.10' FROM person, generate_series(0, 2) AS day WHERE org = 1 AND clinician IS NOT NULL AND n % (day + 1) = 0
  UNION ALL SELECT 'USER', who, 'VIEW', 'patient', pg_temp.demo_id('patient', 1), 1, NULL, 1, NULL, jsonb_build_object('section', section), ago, '192.0.2.12'::inet + who
    FROM (VALUES (1, 'summary', INTERVAL '3 minutes'), (2, 'alerts', INTERVAL '2 minutes'), (2, 'contacts', INTERVAL '1 day'), (12, 'summary', INTERVAL '2 days'), (9, 'access-log', INTERVAL '6 days')) AS v (who, section, ago)
  -- The queue was read.
  UNION ALL SELECT 'USER', who, 'VIEW', 'alert', NULL, NULL, (SELECT array_agg(pg_temp.demo_id('patient', person) ORDER BY person) FROM (SELECT DISTINCT person FROM tale WHERE person IS NOT NULL AND n <= 12) AS shown),
         NULL, NULL, '{"view": "open"}', make_interval(mins => 5 + 40 * n + who), '192.0.2.20' FROM (VALUES (1), (2), (12)) AS staff (who), generate_series(0, 5) AS n
  -- Alerts came in and were handled.
  UNION ALL SELECT 'SERVICE', 1, 'CREATE', 'alert', pg_temp.demo_id('alert', n), person, NULL, place, NULL, jsonb_build_object('type', type, 'severity', severity), ago, '203.0.113.5' FROM tale
  UNION ALL SELECT 'USER', moved_by, 'STATUS_CHANGED', 'alert', pg_temp.demo_id('alert', n), person, NULL, place, jsonb_build_object('status', jsonb_build_object('before', 'ACTIVE', 'after', status)), NULL,
         moved, '192.0.2.30' FROM tale WHERE moved_by IS NOT NULL
  UNION ALL SELECT 'USER', closer, 'STATUS_CHANGED', 'alert', pg_temp.demo_id('alert', n), person, NULL, place, jsonb_build_object('status', jsonb_build_object('before', 'ACKNOWLEDGED', 'after', closed)),
         jsonb_build_object('reason', reason), ago, '192.0.2.30' FROM done
  -- The record was changed, printed, exported; a role was given.
  UNION ALL SELECT 'USER', 2, 'UPDATE', 'patient', pg_temp.demo_id('patient', 1), 1, NULL, 1, '{"phone": "changed"}', NULL, INTERVAL '3 days', '192.0.2.12'
  UNION ALL SELECT 'USER', 1, 'PRINT', 'patient', pg_temp.demo_id('patient', 1), 1, NULL, 1, NULL, NULL, INTERVAL '4 days', '192.0.2.11'
  UNION ALL SELECT 'USER', 9, 'EXPORT', 'alert', NULL, NULL, NULL, NULL, NULL, '{"rows": 214, "format": "csv"}', INTERVAL '50 hours', '192.0.2.19'
  UNION ALL SELECT 'USER', 10, 'PERMISSION_CHANGE', 'membership', pg_temp.demo_id('membership', 102), NULL, NULL, 1, '{"role": {"before": null, "after": "MANAGER"}}', NULL, INTERVAL '9 days', '192.0.2.20'
) AS happened
ORDER BY ago DESC;

SELECT pg_temp.enter(2);
INSERT INTO trace (organization_id, at, actor_kind, actor_id, acting_role, action, resource_type, resource_id, patient_id, facility_id, ip_address)
SELECT pg_temp.demo_id('organization', 2), now() - make_interval(hours => n), 'USER', pg_temp.demo_id('user', 21), 'CLINICIAN', 'VIEW', 'patient', pg_temp.demo_id('patient', 90 + n), pg_temp.demo_id('patient', 90 + n),
       pg_temp.demo_id('facility', 11), '192.0.2.200' FROM generate_series(4, 1, -1) AS n;
