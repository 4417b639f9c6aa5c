-- What of 85_reading.sql was given to whom, with its audit.
SELECT pg_temp.enter(1);
INSERT INTO content_assignment (organization_id, id, patient_id, content_id, note_enc, opened_at, opened_version, created_at, created_by_id)
SELECT pg_temp.demo_id('organization', 1), pg_temp.demo_id('given', h.n), pg_temp.demo_id('patient', h.person), pg_temp.demo_id('content', h.content),
       pg_temp.sealed('content_assignment', 'note', pg_temp.demo_id('given', h.n)), now() - h.opened, CASE WHEN h.opened IS NOT NULL THEN 1 END, now() - h.ago, pg_temp.demo_id('user', h.who)
FROM handout AS h ORDER BY h.ago DESC;
INSERT INTO trace (organization_id, at, actor_kind, actor_id, acting_role, action, resource_type, resource_id, patient_id, facility_id, details, ip_address)
SELECT a.organization_id, a.created_at, 'USER', a.created_by_id, 'CLINICIAN', 'CREATE', 'content_assignment', a.id, a.patient_id, p.facility_id, jsonb_build_object('content', a.content_id), inet '192.0.2.2'
FROM content_assignment AS a JOIN patient AS p ON p.organization_id = a.organization_id AND p.id = a.patient_id
UNION ALL
SELECT a.organization_id, a.opened_at, 'USER', pg_temp.demo_id('user', 11), 'PATIENT', 'UPDATE', 'content_assignment', a.id, a.patient_id, p.facility_id, jsonb_build_object('opened_version', a.opened_version), inet '192.0.2.12'
FROM content_assignment AS a JOIN patient AS p ON p.organization_id = a.organization_id AND p.id = a.patient_id WHERE a.opened_at IS NOT NULL;
