-- The story of a case: comments on it, its audit for those who see it, and both with its history as document 2's case_log.
SET LOCAL ROLE almoner_owner;
SET LOCAL client_min_messages = warning;  -- DROP POLICY IF EXISTS has much to say

DROP POLICY IF EXISTS case_seen_reads ON comment;
CREATE POLICY case_seen_reads ON comment FOR SELECT TO almoner_app
  USING (subject_kind = 'case' AND (SELECT ctx.role() IN ('CLERK', 'CHAIR', 'CASEWORKER', 'COMPLIANCE'))
         AND EXISTS (SELECT 1 FROM cases AS c WHERE c.organization_id = comment.organization_id AND c.id = comment.subject_id));
DROP POLICY IF EXISTS case_seen_adds ON comment;
CREATE POLICY case_seen_adds ON comment FOR INSERT TO almoner_app
  WITH CHECK (subject_kind = 'case' AND author_id = (SELECT ctx.actor()) AND (SELECT ctx.role() IN ('CLERK', 'CHAIR', 'CASEWORKER'))
              AND EXISTS (SELECT 1 FROM cases AS c WHERE c.organization_id = comment.organization_id AND c.id = comment.subject_id));

-- What was done to a case, by whomever. Who looked at it stays with compliance.
DROP POLICY IF EXISTS case_seen_reads ON audit_event;
CREATE POLICY case_seen_reads ON audit_event FOR SELECT TO almoner_app
  USING (resource_type = 'case' AND action <> 'VIEW' AND (SELECT ctx.role() IN ('CLERK', 'CHAIR', 'CASEWORKER'))
         AND EXISTS (SELECT 1 FROM cases AS c WHERE c.organization_id = audit_event.organization_id AND c.id = audit_event.resource_id));

-- A manager reads the audit of their homes, but no case of them, and so nothing of what was done to one by others.
DROP POLICY IF EXISTS case_events_closed ON audit_event;
CREATE POLICY case_events_closed ON audit_event AS RESTRICTIVE FOR SELECT TO almoner_app
  USING (resource_type NOT IN ('case', 'task') OR (SELECT ctx.role() <> 'MANAGER') OR actor_id = (SELECT ctx.actor()));

-- Document 2's table as a view: what is kept once is not kept a second time, and cannot disagree.
CREATE OR REPLACE VIEW case_log WITH (security_invoker = true) AS
  SELECT s.id, s.subject_id AS "caseId", s.changed_by_id AS "userId",
         CASE WHEN s.from_status IS NULL THEN 'created' ELSE 'status_changed' END AS action,
         jsonb_strip_nulls(jsonb_build_object('from', s.from_status, 'to', s.to_status, 'reason', s.reason)) AS details, s.at AS "timestamp"
  FROM status_change AS s WHERE s.subject_kind = 'case'
  UNION ALL
  SELECT e.id, e.resource_id, CASE WHEN e.actor_kind = 'USER' THEN e.actor_id END, lower(e.action),
         jsonb_strip_nulls(jsonb_build_object('changes', e.changes) || coalesce(e.details, '{}')), e.at
  -- The same moves and comments are above and below, with what was said.
  FROM audit_event AS e WHERE e.resource_type = 'case' AND e.resource_id IS NOT NULL AND e.action NOT IN ('VIEW', 'CREATE', 'STATUS_CHANGED', 'COMMENTED')
  UNION ALL
  SELECT m.id, m.subject_id, m.author_id, 'commented', jsonb_build_object('comment', m.id), m.created_at
  FROM comment AS m WHERE m.subject_kind = 'case' AND m.deleted_at IS NULL;
COMMENT ON VIEW case_log IS 'Everything that happened to cases, as document 2 has it: history, audit and comments, each row visible to who sees the case.';
COMMENT ON COLUMN case_log.id IS 'Id of the row that it is made of.';
COMMENT ON COLUMN case_log."caseId" IS 'The case.';
COMMENT ON COLUMN case_log."userId" IS 'Who did it; NULL for a timer.';
COMMENT ON COLUMN case_log.action IS 'created, status_changed, assigned, commented, updated and more.';
COMMENT ON COLUMN case_log.details IS 'States and reason of a move, fields before and after, or the id of a comment: its text is encrypted.';
COMMENT ON COLUMN case_log."timestamp" IS 'When (UTC).';
GRANT SELECT ON case_log TO almoner_app;

RESET ROLE;
