-- What patients and those who act for them ask to change in the record: waiting, taken over, refused, taken back.
SELECT pg_temp.enter(1);
INSERT INTO detail_change (organization_id, id, patient_id, field, asked_enc, status, reason, decided_by_id, decided_at, created_by_id, created_at)
SELECT pg_temp.demo_id('organization', 1), c.id, pg_temp.demo_id('patient', patient), field, pg_temp.sealed('detail_change', 'asked', c.id), status, reason,
       CASE status WHEN 'WAITING' THEN NULL WHEN 'WITHDRAWN' THEN pg_temp.demo_id('user', person) ELSE pg_temp.demo_id('user', 2) END,
       now() - make_interval(days => decided), pg_temp.demo_id('user', person), now() - make_interval(days => days, hours => n)
FROM wish, LATERAL (SELECT ('01900000-0000-7000-8610-' || lpad(n::text, 12, '0'))::uuid AS id) AS c;
INSERT INTO status_change (organization_id, subject_kind, subject_id, patient_id, facility_id, from_status, to_status, changed_by_id, reason, at)
SELECT d.organization_id, 'detail_change', d.id, d.patient_id, p.facility_id, step.from_status, step.to_status, step.by, step.reason, step.at
FROM detail_change AS d JOIN patient AS p ON p.organization_id = d.organization_id AND p.id = d.patient_id,
     LATERAL (VALUES (NULL, 'WAITING', d.created_by_id, NULL, d.created_at), ('WAITING', d.status, d.decided_by_id, d.reason, d.decided_at))
       AS step (from_status, to_status, by, reason, at)
WHERE d.organization_id = pg_temp.demo_id('organization', 1) AND step.at IS NOT NULL AND (step.from_status IS NULL OR step.to_status <> 'WAITING');
