-- The tasks of 83_errands.sql as records, with their history and audit.
SELECT pg_temp.enter(1);
INSERT INTO task (organization_id, id, kind, patient_id, facility_id, title, description_enc, assignee_id, assignee_role, priority, due_at, status, started_at, done_at, done_by_id, outcome_enc,
                  status_changed_at, status_changed_by_id, created_at, created_by_id)
SELECT pg_temp.demo_id('organization', 1), pg_temp.demo_id('task', e.n), 'OTHER', pg_temp.demo_id('patient', e.person), pg_temp.demo_id('facility', e.place), e.title,
       pg_temp.sealed('task', 'description', pg_temp.demo_id('task', e.n)), pg_temp.demo_id('user', e.assignee), e.role, e.priority, date_trunc('hour', now()) + e.due, e.status,
       now() - e.moved, CASE e.status WHEN 'DONE' THEN now() - e.moved END, CASE e.status WHEN 'DONE' THEN pg_temp.demo_id('user', coalesce(e.assignee, 11)) END,
       pg_temp.sealed('task', 'outcome', pg_temp.demo_id('task', e.n)), now() - coalesce(e.moved, e.made),
       pg_temp.demo_id('user', CASE WHEN e.moved IS NULL THEN e.made_by ELSE coalesce(e.assignee, 11) END), now() - e.made, pg_temp.demo_id('user', e.made_by)
FROM errand AS e ORDER BY e.made DESC;
CREATE TEMPORARY TABLE errand_step ON COMMIT DROP AS
SELECT e.n, s.place, s.before, s.after, s.ago, s.who
FROM errand AS e, LATERAL (VALUES (1, NULL, 'READY', e.made, e.made_by), (2, 'READY', 'IN_PROGRESS', e.moved, coalesce(e.assignee, 11)), (3, 'IN_PROGRESS', 'DONE', e.moved, coalesce(e.assignee, 11))) AS s (place, before, after, ago, who)
WHERE s.place = 1 OR (s.place = 2 AND e.status IN ('IN_PROGRESS', 'DONE')) OR (s.place = 3 AND e.status = 'DONE');
INSERT INTO status_change (organization_id, subject_kind, subject_id, patient_id, facility_id, from_status, to_status, changed_by_id, at)
SELECT t.organization_id, 'task', t.id, t.patient_id, t.facility_id, s.before, s.after, pg_temp.demo_id('user', s.who), now() - s.ago + s.place * INTERVAL '1 second'
FROM errand_step AS s JOIN task AS t ON t.id = pg_temp.demo_id('task', s.n) ORDER BY s.ago DESC, s.n, s.place;
INSERT INTO trace (organization_id, at, actor_kind, actor_id, acting_role, action, resource_type, resource_id, patient_id, facility_id, changes, ip_address)
SELECT t.organization_id, now() - s.ago + s.place * INTERVAL '1 second', 'USER', pg_temp.demo_id('user', s.who), c.role, CASE s.place WHEN 1 THEN 'CREATE' ELSE 'STATUS_CHANGED' END, 'task', t.id, t.patient_id,
       t.facility_id, CASE WHEN s.place > 1 THEN jsonb_build_object('status', jsonb_build_object('before', s.before, 'after', s.after)) END, '192.0.2.1'::inet + s.who
FROM errand_step AS s JOIN task AS t ON t.id = pg_temp.demo_id('task', s.n) JOIN colleague AS c ON c.n = s.who ORDER BY s.ago DESC, s.n, s.place;
