-- Tasks outside cases: about a patient, whose own they may be to do, or about nobody, between colleagues. See docs/domain.md, "Tasks".
SET LOCAL ROLE almoner_owner;
SET LOCAL client_min_messages = warning;  -- DROP POLICY IF EXISTS has much to say

ALTER TABLE task DROP CONSTRAINT IF EXISTS task_assignee_role_known;
ALTER TABLE task ADD CONSTRAINT task_assignee_role_known CHECK (assignee_role IN ('PATIENT', 'CLINICIAN', 'MEDICAL_ASSISTANT', 'CLERK', 'CHAIR', 'CASEWORKER', 'CARER',
                       'MANAGER', 'OWNER', 'COMPLIANCE', 'ADMIN'));
ALTER TABLE task DROP CONSTRAINT IF EXISTS task_patient_does;
ALTER TABLE task ADD CONSTRAINT task_patient_does CHECK (assignee_role IS DISTINCT FROM 'PATIENT' OR (patient_id IS NOT NULL AND case_id IS NULL AND assignee_id IS NULL));
COMMENT ON COLUMN task.assignee_role IS 'Whoever has this role may do it; of a case: whoever of this role sees the case. PATIENT: the patient, or who acts for them.';
COMMENT ON COLUMN task.facility_id IS 'Facility the task belongs to; that of its case or its patient, where it has one.';

-- What somebody gave out; what is open about a patient; what is for whoever has a role and belongs to no case.
CREATE INDEX IF NOT EXISTS task_given ON task (organization_id, created_by_id, due_key, id) WHERE is_open;
CREATE INDEX IF NOT EXISTS task_about_patient ON task (organization_id, patient_id, due_key, id) WHERE is_open AND patient_id IS NOT NULL;
CREATE INDEX IF NOT EXISTS task_pool ON task (organization_id, assignee_role, due_key, id) WHERE is_open AND assignee_id IS NULL AND case_id IS NULL;

-- What a task outside cases may say, and who changes it. Its moves are those of every task: task_guard comes after this one, by its name.
CREATE OR REPLACE FUNCTION kit.task_elsewhere() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
  acting text := ctx.role();
  actor uuid := ctx.actor();
  person CONSTANT boolean := current_user = 'almoner_app';
  doers CONSTANT text[] := CASE WHEN NEW.patient_id IS NULL
    THEN ARRAY['CLINICIAN', 'MEDICAL_ASSISTANT', 'CLERK', 'CHAIR', 'CASEWORKER', 'CARER', 'MANAGER', 'OWNER', 'COMPLIANCE', 'ADMIN']
    ELSE ARRAY['CLINICIAN', 'MEDICAL_ASSISTANT', 'CARER', 'MANAGER'] END;
BEGIN
  IF TG_OP = 'UPDATE' THEN
    IF NEW.patient_id IS DISTINCT FROM OLD.patient_id THEN
      PERFORM kit.task_refusal('task_patient_fixed', 'a task stays with its patient');
    END IF;
    IF person AND (NEW.title, NEW.description_enc, NEW.assignee_id, NEW.assignee_role, NEW.priority, NEW.due_at)
                  IS DISTINCT FROM (OLD.title, OLD.description_enc, OLD.assignee_id, OLD.assignee_role, OLD.priority, OLD.due_at)
       AND (acting = 'PATIENT' OR NOT coalesce(acting IN ('CLINICIAN', 'MANAGER') OR OLD.created_by_id = actor OR OLD.assignee_id = actor OR OLD.assignee_role = acting, false)) THEN
      PERFORM kit.task_refusal('task_change_role', 'who made or has the task changes it, or who answers for the work');
    END IF;
    IF acting = 'PATIENT' AND NEW.status NOT IN ('READY', 'IN_PROGRESS', 'DONE') THEN
      PERFORM kit.task_refusal('task_transition_role', 'a patient does a task, or leaves it');
    END IF;
  END IF;
  IF NEW.patient_id IS NOT NULL THEN
    SELECT p.facility_id INTO NEW.facility_id FROM public.patient AS p WHERE p.organization_id = NEW.organization_id AND p.id = NEW.patient_id;
  END IF;
  IF person AND (TG_OP = 'INSERT' OR (NEW.assignee_id, NEW.assignee_role) IS DISTINCT FROM (OLD.assignee_id, OLD.assignee_role)) THEN
    IF NEW.assignee_role IS NOT NULL AND NEW.assignee_role <> ALL (doers) AND (NEW.assignee_role <> 'PATIENT' OR NEW.patient_id IS NULL) THEN
      PERFORM kit.task_refusal('task_assignee_reach', 'this role could not see the task');
    END IF;
    IF NEW.assignee_id IS NOT NULL AND NOT EXISTS (
         SELECT FROM public.membership AS m WHERE m.organization_id = NEW.organization_id AND m.user_id = NEW.assignee_id AND m.role = ANY (doers)
           AND (m.facility_id IS NULL OR NEW.facility_id IS NULL OR m.facility_id = NEW.facility_id) AND m.deleted_at IS NULL
           AND CURRENT_DATE BETWEEN m.starts_on AND coalesce(m.ends_on, 'infinity')) THEN
      PERFORM kit.task_refusal('task_assignee_reach', 'this person could not see the task');
    END IF;
  END IF;
  RETURN NEW;
END $$;
COMMENT ON FUNCTION kit.task_elsewhere() IS 'Tasks outside cases: who can be given one, who changes what it says, and that it is where its patient is.';
CREATE OR REPLACE TRIGGER task_elsewhere BEFORE INSERT OR UPDATE ON task FOR EACH ROW WHEN (NEW.case_id IS NULL) EXECUTE FUNCTION kit.task_elsewhere();

-- A task about a patient is where the patient is. Whoever had it keeps it where they work there too; otherwise any clinician there has it.
CREATE OR REPLACE FUNCTION kit.tasks_follow_patient() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
  UPDATE public.task AS t SET facility_id = NEW.facility_id WHERE t.organization_id = NEW.organization_id AND t.patient_id = NEW.id AND t.case_id IS NULL;
  UPDATE public.task AS t SET assignee_id = NULL, assignee_role = coalesce(t.assignee_role, 'CLINICIAN')
  WHERE t.organization_id = NEW.organization_id AND t.patient_id = NEW.id AND t.case_id IS NULL AND t.is_open AND t.assignee_id IS NOT NULL
    AND NOT EXISTS (SELECT FROM public.membership AS m
      WHERE m.organization_id = t.organization_id AND m.user_id = t.assignee_id AND (m.facility_id IS NULL OR m.facility_id = NEW.facility_id)
        AND m.deleted_at IS NULL AND CURRENT_DATE BETWEEN m.starts_on AND coalesce(m.ends_on, 'infinity'));
  RETURN NULL;
END $$;
COMMENT ON FUNCTION kit.tasks_follow_patient() IS 'Moves the tasks about a patient to the facility to which the patient moves.';
REVOKE ALL ON FUNCTION kit.tasks_follow_patient FROM PUBLIC;
GRANT EXECUTE ON FUNCTION kit.tasks_follow_patient TO almoner_app;
CREATE OR REPLACE TRIGGER patient_takes_tasks AFTER UPDATE OF facility_id ON patient FOR EACH ROW
  WHEN (NEW.facility_id IS DISTINCT FROM OLD.facility_id) EXECUTE FUNCTION kit.tasks_follow_patient();

-- About a patient: clinical roles who see the patient see and work on them; owner and compliance read.
DROP POLICY IF EXISTS patient_seen_reads ON task;
CREATE POLICY patient_seen_reads ON task FOR SELECT TO almoner_app
  USING (kind IN ('RULE', 'OTHER') AND (SELECT ctx.role() IN ('CLINICIAN', 'MEDICAL_ASSISTANT', 'CARER', 'MANAGER', 'OWNER', 'COMPLIANCE'))
         AND EXISTS (SELECT 1 FROM patient AS p WHERE p.organization_id = task.organization_id AND p.id = task.patient_id));
DROP POLICY IF EXISTS patient_seen_adds ON task;
CREATE POLICY patient_seen_adds ON task FOR INSERT TO almoner_app
  WITH CHECK (kind IN ('RULE', 'OTHER') AND created_by_id = (SELECT ctx.actor()) AND (SELECT ctx.role() IN ('CLINICIAN', 'MEDICAL_ASSISTANT', 'CARER', 'MANAGER'))
              AND EXISTS (SELECT 1 FROM patient AS p WHERE p.organization_id = task.organization_id AND p.id = task.patient_id));
DROP POLICY IF EXISTS patient_seen_changes ON task;
CREATE POLICY patient_seen_changes ON task FOR UPDATE TO almoner_app
  USING (kind IN ('RULE', 'OTHER') AND (SELECT ctx.role() IN ('CLINICIAN', 'MEDICAL_ASSISTANT', 'CARER', 'MANAGER'))
         AND EXISTS (SELECT 1 FROM patient AS p WHERE p.organization_id = task.organization_id AND p.id = task.patient_id))
  WITH CHECK (kind IN ('RULE', 'OTHER') AND (SELECT ctx.role() IN ('CLINICIAN', 'MEDICAL_ASSISTANT', 'CARER', 'MANAGER'))
              AND EXISTS (SELECT 1 FROM patient AS p WHERE p.organization_id = task.organization_id AND p.id = task.patient_id));

-- Given to the patient: the patient, and proxies with the scope, read them and say that they are done.
DROP POLICY IF EXISTS patient_reads_own ON task;
CREATE POLICY patient_reads_own ON task FOR SELECT TO almoner_app
  USING ((SELECT ctx.role() = 'PATIENT') AND assignee_role = 'PATIENT' AND kind IN ('RULE', 'OTHER') AND patient_id = ANY ((SELECT ctx.own_patients('RESULTS'))::uuid[]));
DROP POLICY IF EXISTS patient_does_own ON task;
CREATE POLICY patient_does_own ON task FOR UPDATE TO almoner_app
  USING ((SELECT ctx.role() = 'PATIENT') AND assignee_role = 'PATIENT' AND kind IN ('RULE', 'OTHER') AND patient_id = ANY ((SELECT ctx.own_patients('RESULTS'))::uuid[]))
  WITH CHECK ((SELECT ctx.role() = 'PATIENT') AND assignee_role = 'PATIENT' AND kind IN ('RULE', 'OTHER') AND patient_id = ANY ((SELECT ctx.own_patients('RESULTS'))::uuid[]));

-- About nobody: who made it, who has it, whoever has its role at its facility, and the manager there.
DROP POLICY IF EXISTS colleague_reads ON task;
CREATE POLICY colleague_reads ON task FOR SELECT TO almoner_app
  USING (kind = 'OTHER' AND patient_id IS NULL AND (SELECT ctx.role() <> 'PATIENT')
         AND (assignee_id = (SELECT ctx.actor()) OR created_by_id = (SELECT ctx.actor())
              OR ((assignee_role = (SELECT ctx.role()) OR (SELECT ctx.role() = 'MANAGER'))
                  AND (facility_id IS NULL OR facility_id = ANY ((SELECT ctx.facilities())::uuid[]) OR (SELECT ctx.everywhere())))));
DROP POLICY IF EXISTS colleague_adds ON task;
CREATE POLICY colleague_adds ON task FOR INSERT TO almoner_app
  WITH CHECK (kind = 'OTHER' AND patient_id IS NULL AND (SELECT ctx.role() <> 'PATIENT') AND created_by_id = (SELECT ctx.actor())
              AND (facility_id IS NULL OR facility_id = ANY ((SELECT ctx.facilities())::uuid[]) OR (SELECT ctx.everywhere())));
DROP POLICY IF EXISTS colleague_changes ON task;
CREATE POLICY colleague_changes ON task FOR UPDATE TO almoner_app
  USING (kind = 'OTHER' AND patient_id IS NULL AND (SELECT ctx.role() <> 'PATIENT')
         AND (assignee_id = (SELECT ctx.actor()) OR created_by_id = (SELECT ctx.actor())
              OR ((assignee_role = (SELECT ctx.role()) OR (SELECT ctx.role() = 'MANAGER'))
                  AND (facility_id IS NULL OR facility_id = ANY ((SELECT ctx.facilities())::uuid[]) OR (SELECT ctx.everywhere())))))
  WITH CHECK (kind = 'OTHER' AND patient_id IS NULL AND (SELECT ctx.role() <> 'PATIENT')
         AND (assignee_id = (SELECT ctx.actor()) OR created_by_id = (SELECT ctx.actor())
              OR ((assignee_role = (SELECT ctx.role()) OR (SELECT ctx.role() = 'MANAGER'))
                  AND (facility_id IS NULL OR facility_id = ANY ((SELECT ctx.facilities())::uuid[]) OR (SELECT ctx.everywhere())))));

-- Who moves a task writes its history. Who only reads tasks about patients does not.
DROP POLICY IF EXISTS task_elsewhere_adds ON status_change;
CREATE POLICY task_elsewhere_adds ON status_change FOR INSERT TO almoner_app
  WITH CHECK (subject_kind = 'task' AND changed_by_id = (SELECT ctx.actor())
              AND EXISTS (SELECT 1 FROM task AS t WHERE t.organization_id = status_change.organization_id AND t.id = status_change.subject_id
                          AND t.case_id IS NULL AND (t.patient_id IS NULL OR (SELECT ctx.role() IN ('PATIENT', 'CLINICIAN', 'MEDICAL_ASSISTANT', 'CARER', 'MANAGER')))));

RESET ROLE;
