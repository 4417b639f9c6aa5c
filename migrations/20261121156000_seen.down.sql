SET LOCAL ROLE almoner_owner;

ALTER POLICY case_seen_reads ON status_change
  USING (subject_kind = 'case' AND (SELECT ctx.role() IN ('CLERK', 'CHAIR', 'CASEWORKER'))
         AND EXISTS (SELECT 1 FROM cases AS c WHERE c.organization_id = status_change.organization_id AND c.id = status_change.subject_id));
ALTER POLICY case_seen_adds ON status_change
  WITH CHECK (subject_kind = 'case' AND changed_by_id = (SELECT ctx.actor()) AND (SELECT ctx.role() IN ('CLERK', 'CHAIR', 'CASEWORKER'))
              AND EXISTS (SELECT 1 FROM cases AS c WHERE c.organization_id = status_change.organization_id AND c.id = status_change.subject_id));
ALTER POLICY task_history_closed ON status_change
  USING (subject_kind <> 'task' OR EXISTS (SELECT 1 FROM task AS t WHERE t.organization_id = status_change.organization_id AND t.id = status_change.subject_id));
ALTER POLICY task_seen_reads ON status_change
  USING (subject_kind = 'task' AND EXISTS (SELECT 1 FROM task AS t WHERE t.organization_id = status_change.organization_id AND t.id = status_change.subject_id));
ALTER POLICY task_seen_adds ON status_change
  WITH CHECK (subject_kind = 'task' AND changed_by_id = (SELECT ctx.actor()) AND (SELECT ctx.role() IN ('CLERK', 'CHAIR', 'CASEWORKER'))
              AND EXISTS (SELECT 1 FROM task AS t WHERE t.organization_id = status_change.organization_id AND t.id = status_change.subject_id));
ALTER POLICY document_history_closed ON status_change
  USING (subject_kind <> 'document' OR EXISTS (SELECT 1 FROM document AS d WHERE d.organization_id = status_change.organization_id AND d.id = status_change.subject_id));
ALTER POLICY document_seen_reads ON status_change
  USING (subject_kind = 'document' AND EXISTS (SELECT 1 FROM document AS d WHERE d.organization_id = status_change.organization_id AND d.id = status_change.subject_id));
ALTER POLICY document_seen_adds ON status_change
  WITH CHECK (subject_kind = 'document' AND changed_by_id = (SELECT ctx.actor())
              AND EXISTS (SELECT 1 FROM document AS d WHERE d.organization_id = status_change.organization_id AND d.id = status_change.subject_id));

DROP FUNCTION ctx.sees_case(uuid);
DROP FUNCTION ctx.sees_task(uuid);
DROP FUNCTION ctx.sees_document(uuid);

RESET ROLE;
