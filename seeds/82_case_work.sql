-- What people said about the cases and have to do for them, sealed by now; and who follows what.
SELECT pg_temp.enter(1);
INSERT INTO comment (organization_id, id, subject_kind, subject_id, facility_id, patient_id, author_id, body_enc, created_at, created_by_id)
SELECT pg_temp.demo_id('organization', 1), pg_temp.demo_id('comment', r.n), 'case', pg_temp.demo_id('case', r.about), pg_temp.demo_id('facility', m.place), pg_temp.demo_id('patient', m.person),
       pg_temp.demo_id('user', r.who), pg_temp.sealed('comment', 'body', pg_temp.demo_id('comment', r.n)), now() - r.ago, pg_temp.demo_id('user', r.who)
FROM remark AS r JOIN matter AS m ON m.n = r.about ORDER BY r.ago DESC;
INSERT INTO trace (organization_id, at, actor_kind, actor_id, acting_role, action, resource_type, resource_id, patient_id, facility_id, details, ip_address)
SELECT pg_temp.demo_id('organization', 1), now() - r.ago, 'USER', pg_temp.demo_id('user', r.who), c.role, 'COMMENTED', 'case', pg_temp.demo_id('case', r.about), pg_temp.demo_id('patient', m.person),
       pg_temp.demo_id('facility', m.place), jsonb_build_object('comment', pg_temp.demo_id('comment', r.n)), '192.0.2.1'::inet + r.who
FROM remark AS r JOIN matter AS m ON m.n = r.about JOIN colleague AS c ON c.n = r.who ORDER BY r.ago DESC;

INSERT INTO task (organization_id, id, kind, case_id, title, description_enc, assignee_id, assignee_role, priority, due_at, status, started_at, done_at, done_by_id, outcome_enc, reason,
                  status_changed_at, status_changed_by_id, created_at, created_by_id)
SELECT pg_temp.demo_id('organization', 1), pg_temp.demo_id('task', c.n), 'CASE', pg_temp.demo_id('case', c.about), c.title, pg_temp.sealed('task', 'description', pg_temp.demo_id('task', c.n)),
       pg_temp.demo_id('user', c.assignee), c.role, c.priority,
       CASE WHEN abs(extract(epoch FROM c.due)) < 86400 THEN date_trunc('hour', now()) + c.due ELSE date_trunc('day', now()) + c.due + INTERVAL '17 hours' END,
       c.status, CASE WHEN c.status IN ('IN_PROGRESS', 'DONE') THEN now() - c.moved - CASE c.status WHEN 'DONE' THEN INTERVAL '90 minutes' ELSE INTERVAL '0' END END,
       CASE c.status WHEN 'DONE' THEN now() - c.moved END, CASE c.status WHEN 'DONE' THEN pg_temp.demo_id('user', c.assignee) END, pg_temp.sealed('task', 'outcome', pg_temp.demo_id('task', c.n)), c.reason,
       now() - coalesce(c.moved, c.made), pg_temp.demo_id('user', CASE WHEN c.moved IS NULL THEN c.made_by ELSE coalesce(c.assignee, c.made_by) END), now() - c.made, pg_temp.demo_id('user', c.made_by)
FROM chore AS c ORDER BY c.made DESC;
CREATE TEMPORARY TABLE chore_step ON COMMIT DROP AS
SELECT c.n, c.about, s.place, s.before, s.after, s.ago, s.who, CASE WHEN s.after IN ('DECLINED', 'CANCELLED') THEN c.reason END AS reason
FROM chore AS c, LATERAL (VALUES (1, NULL, 'READY', c.made, c.made_by), (2, 'READY', 'IN_PROGRESS', c.moved + CASE c.status WHEN 'DONE' THEN INTERVAL '90 minutes' ELSE INTERVAL '0' END, c.assignee),
  (3, CASE c.status WHEN 'DONE' THEN 'IN_PROGRESS' ELSE 'READY' END, c.status, c.moved, c.assignee)) AS s (place, before, after, ago, who)
WHERE s.place = 1 OR (s.place = 2 AND c.status IN ('IN_PROGRESS', 'DONE')) OR (s.place = 3 AND c.status IN ('DONE', 'DECLINED', 'CANCELLED'));
INSERT INTO status_change (organization_id, subject_kind, subject_id, patient_id, facility_id, from_status, to_status, reason, changed_by_id, at)
SELECT pg_temp.demo_id('organization', 1), 'task', pg_temp.demo_id('task', s.n), pg_temp.demo_id('patient', m.person), pg_temp.demo_id('facility', m.place), s.before, s.after, s.reason, pg_temp.demo_id('user', s.who), now() - s.ago
FROM chore_step AS s JOIN matter AS m ON m.n = s.about ORDER BY s.ago DESC, s.n, s.place;
INSERT INTO trace (organization_id, at, actor_kind, actor_id, acting_role, action, resource_type, resource_id, patient_id, facility_id, changes, details, ip_address)
SELECT pg_temp.demo_id('organization', 1), now() - s.ago, 'USER', pg_temp.demo_id('user', s.who), c.role, CASE s.place WHEN 1 THEN 'CREATE' ELSE 'STATUS_CHANGED' END, 'task', pg_temp.demo_id('task', s.n),
       pg_temp.demo_id('patient', m.person), pg_temp.demo_id('facility', m.place), CASE WHEN s.place > 1 THEN jsonb_build_object('status', jsonb_build_object('before', s.before, 'after', s.after)) END,
       jsonb_build_object('case', pg_temp.demo_id('case', s.about)), '192.0.2.1'::inet + s.who
FROM chore_step AS s JOIN matter AS m ON m.n = s.about JOIN colleague AS c ON c.n = s.who ORDER BY s.ago DESC, s.n, s.place;

INSERT INTO case_follower (organization_id, id, case_id, user_id, created_by_id)
SELECT pg_temp.demo_id('organization', 1), pg_temp.demo_id('follower', row_number() OVER ()::integer), pg_temp.demo_id('case', about), pg_temp.demo_id('user', who), pg_temp.demo_id('user', who)
FROM (VALUES (26, 4), (26, 3), (18, 4), (22, 4), (33, 3), (24, 3)) AS interest (about, who);
