-- Policies that ask "may this person see the case, task or document this row speaks of?" ask a function. Written out as EXISTS they carried
-- the policies of all three tables, and of what those ask in turn, into every statement that reads a history: some 300 sub-plans that
-- PostgreSQL makes ready for each execution, also for a chart that shows no case at all.
SET LOCAL ROLE almoner_owner;
SET LOCAL client_min_messages = warning;

-- With the rights of who asks: row-level security of the table answers.
CREATE OR REPLACE FUNCTION ctx.sees_case(wanted uuid) RETURNS boolean LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog AS $$
BEGIN
  RETURN EXISTS (SELECT FROM public.cases AS c WHERE c.organization_id = ctx.organization() AND c.id = wanted);
END $$;
COMMENT ON FUNCTION ctx.sees_case IS 'Whether who asks may see this case.';

CREATE OR REPLACE FUNCTION ctx.sees_task(wanted uuid) RETURNS boolean LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog AS $$
BEGIN
  RETURN EXISTS (SELECT FROM public.task AS t WHERE t.organization_id = ctx.organization() AND t.id = wanted);
END $$;
COMMENT ON FUNCTION ctx.sees_task IS 'Whether who asks may see this task.';

CREATE OR REPLACE FUNCTION ctx.sees_document(wanted uuid) RETURNS boolean LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog AS $$
BEGIN
  RETURN EXISTS (SELECT FROM public.document AS d WHERE d.organization_id = ctx.organization() AND d.id = wanted);
END $$;
COMMENT ON FUNCTION ctx.sees_document IS 'Whether who asks may see this document.';

ALTER POLICY case_seen_reads ON status_change
  USING (subject_kind = 'case' AND (SELECT ctx.role() IN ('CLERK', 'CHAIR', 'CASEWORKER')) AND ctx.sees_case(subject_id));
ALTER POLICY case_seen_adds ON status_change
  WITH CHECK (subject_kind = 'case' AND changed_by_id = (SELECT ctx.actor()) AND (SELECT ctx.role() IN ('CLERK', 'CHAIR', 'CASEWORKER'))
              AND ctx.sees_case(subject_id));
ALTER POLICY task_history_closed ON status_change USING (subject_kind <> 'task' OR ctx.sees_task(subject_id));
-- Whether it is seen is asked by task_history_closed, once.
ALTER POLICY task_seen_reads ON status_change USING (subject_kind = 'task');
ALTER POLICY task_seen_adds ON status_change
  WITH CHECK (subject_kind = 'task' AND changed_by_id = (SELECT ctx.actor()) AND (SELECT ctx.role() IN ('CLERK', 'CHAIR', 'CASEWORKER'))
              AND ctx.sees_task(subject_id));
ALTER POLICY document_history_closed ON status_change USING (subject_kind <> 'document' OR ctx.sees_document(subject_id));
-- Whether it is seen is asked by document_history_closed, once.
ALTER POLICY document_seen_reads ON status_change USING (subject_kind = 'document');
ALTER POLICY document_seen_adds ON status_change
  WITH CHECK (subject_kind = 'document' AND changed_by_id = (SELECT ctx.actor()) AND ctx.sees_document(subject_id));

RESET ROLE;
