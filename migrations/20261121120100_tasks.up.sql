-- Tasks: what one person has to do, for a case now, for care plans, incidents, rules and messages with their own issues.
SET LOCAL ROLE almoner_owner;
SET LOCAL client_min_messages = warning;  -- DROP POLICY IF EXISTS has much to say

CREATE TABLE IF NOT EXISTS task (
  organization_id    uuid NOT NULL CONSTRAINT task_organization_fk REFERENCES organization ON DELETE RESTRICT,
  id                 uuid NOT NULL,
  kind               text NOT NULL CONSTRAINT task_kind_known CHECK (kind IN ('CARE_PLAN', 'INCIDENT_ACTION', 'RULE', 'MESSAGE_REPLY', 'RESULT_REVIEW', 'CASE', 'OTHER')),
  facility_id        uuid,
  patient_id         uuid,
  case_id            uuid,
  alert_id           uuid,
  incident_id        uuid,
  care_plan_task_id  uuid,
  thread_id          uuid,
  title              text NOT NULL CONSTRAINT task_title_present CHECK (btrim(title) <> '' AND char_length(title) <= 255),
  description_enc    bytea,
  assignee_id        uuid,
  assignee_role      text CONSTRAINT task_assignee_role_known CHECK (assignee_role IN ('CLINICIAN', 'MEDICAL_ASSISTANT', 'CLERK', 'CHAIR', 'CASEWORKER', 'CARER', 'MANAGER',
                       'OWNER', 'COMPLIANCE', 'ADMIN')),
  priority           text NOT NULL DEFAULT 'MEDIUM' CONSTRAINT task_priority_known CHECK (priority IN ('LOW', 'MEDIUM', 'HIGH', 'URGENT')),
  due_at             timestamptz,
  due_key            timestamptz GENERATED ALWAYS AS (coalesce(due_at, 'infinity'::timestamptz)) STORED,
  window_end         timestamptz,
  status             text NOT NULL DEFAULT 'READY' CONSTRAINT task_status_known CHECK (status IN ('READY', 'IN_PROGRESS', 'DONE', 'MISSED', 'DECLINED', 'CANCELLED')),
  is_open            boolean GENERATED ALWAYS AS (status IN ('READY', 'IN_PROGRESS') AND deleted_at IS NULL) STORED,
  started_at         timestamptz,
  done_at            timestamptz,
  done_by_id         uuid,
  outcome_enc        bytea,
  reason             text CONSTRAINT task_reason_length CHECK (char_length(reason) <= 2000),
  status_changed_at  timestamptz NOT NULL DEFAULT now(),
  status_changed_by_id uuid,
  created_at      timestamptz NOT NULL DEFAULT now(),
  updated_at      timestamptz NOT NULL DEFAULT now(),
  created_by_id   uuid,
  deleted_at      timestamptz,
  deleted_by_id   uuid,
  is_deleted      boolean GENERATED ALWAYS AS (deleted_at IS NOT NULL) STORED,
  row_version     bigint NOT NULL DEFAULT 1,
  PRIMARY KEY (organization_id, id),
  CONSTRAINT task_facility_fk FOREIGN KEY (organization_id, facility_id) REFERENCES facility ON DELETE RESTRICT,
  CONSTRAINT task_patient_fk FOREIGN KEY (organization_id, patient_id) REFERENCES patient ON DELETE RESTRICT,
  CONSTRAINT task_case_fk FOREIGN KEY (organization_id, case_id) REFERENCES cases ON DELETE RESTRICT,
  CONSTRAINT task_alert_fk FOREIGN KEY (organization_id, alert_id) REFERENCES alert ON DELETE RESTRICT,
  CONSTRAINT task_assignee_fk FOREIGN KEY (organization_id, assignee_id) REFERENCES app_user ON DELETE RESTRICT,
  CONSTRAINT task_case_named CHECK ((kind = 'CASE') = (case_id IS NOT NULL)),
  CONSTRAINT task_done_complete CHECK ((status = 'DONE') = (done_at IS NOT NULL) AND (status <> 'DONE' OR done_by_id IS NOT NULL))
) WITH (fillfactor = 85, autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.02);

-- What a person has to do, the first due first; the same for whoever has a role; what belongs to a case.
CREATE INDEX IF NOT EXISTS task_mine ON task (organization_id, assignee_id, due_key, id) WHERE is_open AND assignee_id IS NOT NULL;
CREATE INDEX IF NOT EXISTS task_of_role ON task (organization_id, assignee_role, due_key, id) WHERE is_open AND assignee_id IS NULL;
CREATE INDEX IF NOT EXISTS task_done ON task (organization_id, done_by_id, done_at DESC, id DESC) WHERE done_at IS NOT NULL;
CREATE INDEX IF NOT EXISTS task_window ON task (organization_id, window_end) WHERE is_open AND window_end IS NOT NULL;
CREATE INDEX IF NOT EXISTS task_case ON task (organization_id, case_id, due_key, id) WHERE case_id IS NOT NULL;
CREATE INDEX IF NOT EXISTS task_patient ON task (organization_id, patient_id) WHERE patient_id IS NOT NULL;
CREATE INDEX IF NOT EXISTS task_alert ON task (organization_id, alert_id) WHERE alert_id IS NOT NULL;
CREATE INDEX IF NOT EXISTS task_facility ON task (organization_id, facility_id);
CREATE INDEX IF NOT EXISTS task_assignee ON task (organization_id, assignee_id) WHERE assignee_id IS NOT NULL;
CALL kit.describe('task', 'Something one person has to do until a time, with what came of it.',
  'kind', 'What it belongs to: CARE_PLAN, INCIDENT_ACTION, RULE, MESSAGE_REPLY, RESULT_REVIEW, CASE or OTHER. Decides who may see it.', 'patient_id', 'Patient concerned, if any.',
  'facility_id', 'Facility the task belongs to; that of its case, where it has one.', 'case_id', 'The case it belongs to.', 'alert_id', 'The alert it came from, if any.',
  'incident_id', 'The incident it belongs to.', 'care_plan_task_id', 'The task of a care plan of which this is one occurrence.', 'thread_id', 'The conversation that waits for an answer.',
  'title', 'One line, never blank.', 'description_enc', 'What is to be done, encrypted: free text about people.', 'assignee_id', 'Who has it.',
  'assignee_role', 'Whoever has this role may do it; of a case: whoever of this role sees the case.', 'priority', 'LOW, MEDIUM, HIGH or URGENT.', 'due_at', 'When it should be done.',
  'due_key', 'due_at to sort by: what has no time comes last.', 'window_end', 'After this it counts as missed; only for what recurs, such as a care plan''s.',
  'status', 'READY, IN_PROGRESS, DONE, MISSED, DECLINED or CANCELLED; see docs/domain.md.', 'is_open', 'Ready or in progress, and not deleted.',
  'started_at', 'When it was last begun; kept by a trigger.', 'done_at', 'When it was done; kept by a trigger.', 'done_by_id', 'Who did it; kept by a trigger. No foreign key, as for created_by_id.',
  'outcome_enc', 'What came of it, encrypted.', 'reason', 'Why it was declined, cancelled or opened again.',
  'status_changed_at', 'When the status last changed; kept by a trigger.', 'status_changed_by_id', 'Who last changed it; kept by a trigger.');
CALL kit.tenant_table('task');
DROP TRIGGER IF EXISTS task_touch ON task;  -- task_guard does this too

CREATE OR REPLACE FUNCTION kit.task_refusal(rule text, message text) RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
  RAISE EXCEPTION '%', message USING ERRCODE = 'check_violation', CONSTRAINT = rule, TABLE = 'task', SCHEMA = 'public';
END $$;
COMMENT ON FUNCTION kit.task_refusal IS 'Refuses a change of a task under the name of a rule.';

-- Tasks of a case are added and opened again only while it is worked on. The lock keeps "the last task is done, so the case may go on" true
-- against a task that is added at the same moment: one waits for the other, then sees what it did. Rows need not be locked for it.
CREATE OR REPLACE FUNCTION kit.case_takes_tasks(organization uuid, wanted uuid) RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
  state text;
BEGIN
  PERFORM pg_advisory_xact_lock_shared(hashtextextended('case tasks ' || wanted::text, 0));
  SELECT c.status INTO state FROM public.cases AS c WHERE c.organization_id = organization AND c.id = wanted;
  IF state IN ('PENDING_COMPLETION', 'COMPLETED') THEN
    PERFORM kit.task_refusal('task_case_open', 'a case that waits for completion or is completed takes no open tasks');
  END IF;
END $$;
COMMENT ON FUNCTION kit.case_takes_tasks IS 'Refuses open tasks for a case that waits for completion or is completed.';

CREATE OR REPLACE FUNCTION kit.task_guard() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
  acting text := ctx.role();    -- NULL: maintenance by the owner, which the shape of the machine still binds
  actor uuid := ctx.actor();
  person CONSTANT boolean := current_user = 'almoner_app';
  doer boolean;
  given boolean := NEW.reason IS NOT NULL AND btrim(NEW.reason) <> '';
  keeps_reason boolean := false;
BEGIN
  IF NEW.case_id IS NOT NULL AND (TG_OP = 'INSERT' OR (NEW.assignee_id, NEW.assignee_role) IS DISTINCT FROM (OLD.assignee_id, OLD.assignee_role)) THEN
    IF person AND NEW.assignee_role IS NOT NULL AND NEW.assignee_role NOT IN ('CLERK', 'CHAIR', 'CASEWORKER') THEN
      PERFORM kit.task_refusal('task_assignee_on_case', 'a task of a case goes to the people of the case');
    END IF;
    IF person AND NEW.assignee_id IS NOT NULL AND NOT EXISTS (
         SELECT FROM public.cases AS c WHERE c.organization_id = NEW.organization_id AND c.id = NEW.case_id
         AND (NEW.assignee_id IN (c.created_by_id, c.assigned_to_id)
              OR EXISTS (SELECT FROM public.membership AS m WHERE m.organization_id = c.organization_id AND m.user_id = NEW.assignee_id AND m.role = 'CHAIR'
                         AND (m.facility_id IS NULL OR m.facility_id = c.facility_id) AND m.deleted_at IS NULL
                         AND CURRENT_DATE BETWEEN m.starts_on AND coalesce(m.ends_on, 'infinity')))) THEN
      PERFORM kit.task_refusal('task_assignee_on_case', 'a task of a case goes to the people of the case');
    END IF;
  END IF;

  IF TG_OP = 'INSERT' THEN
    IF person AND NEW.status <> 'READY' THEN
      PERFORM kit.task_refusal('task_begins_ready', 'a task begins as READY');
    END IF;
    IF NEW.case_id IS NOT NULL THEN
      IF NEW.status IN ('READY', 'IN_PROGRESS') THEN
        PERFORM kit.case_takes_tasks(NEW.organization_id, NEW.case_id);
      END IF;
      -- Where it belongs is what the case says, whatever the statement said.
      SELECT c.facility_id, c.patient_id INTO NEW.facility_id, NEW.patient_id FROM public.cases AS c WHERE c.organization_id = NEW.organization_id AND c.id = NEW.case_id;
    END IF;
    NEW.status_changed_by_id := coalesce(actor, NEW.status_changed_by_id, NEW.created_by_id);
    RETURN NEW;
  END IF;

  NEW.updated_at := now();
  NEW.row_version := OLD.row_version + 1;

  IF NEW.case_id IS NOT NULL AND (NEW.facility_id, NEW.patient_id) IS DISTINCT FROM (OLD.facility_id, OLD.patient_id) THEN
    SELECT c.facility_id, c.patient_id INTO NEW.facility_id, NEW.patient_id FROM public.cases AS c WHERE c.organization_id = NEW.organization_id AND c.id = NEW.case_id;
  END IF;

  IF NEW.status = OLD.status THEN
    IF OLD.status NOT IN ('READY', 'IN_PROGRESS')
       AND (NEW.title, NEW.description_enc, NEW.assignee_id, NEW.assignee_role, NEW.priority, NEW.due_at, NEW.outcome_enc, NEW.reason)
           IS DISTINCT FROM (OLD.title, OLD.description_enc, OLD.assignee_id, OLD.assignee_role, OLD.priority, OLD.due_at, OLD.outcome_enc, OLD.reason) THEN
      PERFORM kit.task_refusal('task_closed_fixed', 'a task that is closed is not changed');
    END IF;
    NEW.status_changed_at := OLD.status_changed_at;
    NEW.status_changed_by_id := OLD.status_changed_by_id;
    RETURN NEW;
  END IF;

  doer := coalesce(acting IS NULL OR OLD.assignee_id = actor OR OLD.assignee_role = acting OR (OLD.assignee_id IS NULL AND OLD.assignee_role IS NULL), false);
  CASE OLD.status || '>' || NEW.status
    WHEN 'READY>IN_PROGRESS' THEN
      IF NOT doer THEN
        PERFORM kit.task_refusal('task_transition_role', 'who has the task, or somebody of its role, begins it');
      END IF;
      NEW.started_at := clock_timestamp();
    WHEN 'IN_PROGRESS>DONE' THEN
      IF NOT doer THEN
        PERFORM kit.task_refusal('task_transition_role', 'who has the task, or somebody of its role, says that it is done');
      END IF;
      NEW.done_at := clock_timestamp();
      NEW.done_by_id := coalesce(actor, NEW.done_by_id);
    WHEN 'READY>DECLINED' THEN
      IF NOT doer THEN
        PERFORM kit.task_refusal('task_transition_role', 'who has the task, or somebody of its role, declines it');
      END IF;
      keeps_reason := true;
    WHEN 'READY>MISSED' THEN
      IF acting <> 'SERVICE' OR NOT coalesce(OLD.window_end <= clock_timestamp(), false) THEN
        PERFORM kit.task_refusal('task_transition_role', 'only the timer says that a task was missed, once its time is over');
      END IF;
    WHEN 'READY>CANCELLED', 'IN_PROGRESS>CANCELLED' THEN
      IF acting NOT IN ('MANAGER', 'CLINICIAN', 'CHAIR') AND NOT coalesce(OLD.created_by_id = actor, false) THEN
        PERFORM kit.task_refusal('task_transition_role', 'who made the task or answers for the work cancels it');
      END IF;
      keeps_reason := true;
    WHEN 'DONE>READY' THEN
      IF OLD.case_id IS NOT NULL THEN
        PERFORM kit.case_takes_tasks(OLD.organization_id, OLD.case_id);
      END IF;
      -- Undo: the same person, at once. The page offers 10 seconds; the rest is the way there and back.
      IF NOT (OLD.status_changed_by_id = actor AND clock_timestamp() <= OLD.status_changed_at + INTERVAL '15 seconds') THEN
        IF acting NOT IN ('MANAGER', 'CHAIR') THEN
          PERFORM kit.task_refusal('task_transition_role', 'who answers for the work opens a task again');
        END IF;
        keeps_reason := true;
      END IF;
      NEW.done_at := NULL;
      NEW.done_by_id := NULL;
      NEW.started_at := NULL;
      NEW.outcome_enc := NULL;
    ELSE
      PERFORM kit.task_refusal('task_transition', format('a task does not go from %s to %s', OLD.status, NEW.status));
  END CASE;
  IF keeps_reason AND NOT given THEN
    PERFORM kit.task_refusal('task_reason_present', 'this needs a reason');
  ELSIF NOT keeps_reason THEN
    NEW.reason := NULL;
  END IF;
  NEW.status_changed_at := clock_timestamp();
  NEW.status_changed_by_id := actor;
  RETURN NEW;
END $$;
COMMENT ON FUNCTION kit.task_guard() IS 'State machine of tasks: which moves there are, who may make them, which need a reason, and undo.';
CREATE OR REPLACE TRIGGER task_guard BEFORE INSERT OR UPDATE ON task FOR EACH ROW EXECUTE FUNCTION kit.task_guard();

-- The other side of the same rule: a case waits for completion once nothing of it is left to do.
CREATE OR REPLACE FUNCTION kit.case_has_no_open_tasks() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended('case tasks ' || NEW.id::text, 0));
  IF EXISTS (SELECT FROM public.task AS t WHERE t.organization_id = NEW.organization_id AND t.case_id = NEW.id AND t.is_open) THEN
    PERFORM kit.case_refusal('cases_open_tasks', 'a case with open tasks does not wait for completion');
  END IF;
  RETURN NEW;
END $$;
COMMENT ON FUNCTION kit.case_has_no_open_tasks() IS 'Refuses to let a case wait for completion while tasks of it are open.';
CREATE OR REPLACE TRIGGER cases_open_tasks BEFORE UPDATE OF status ON cases FOR EACH ROW
  WHEN (NEW.status = 'PENDING_COMPLETION' AND OLD.status <> 'PENDING_COMPLETION') EXECUTE FUNCTION kit.case_has_no_open_tasks();

-- Open tasks of a caseworker who gives the case away go with it: to the next one, or to whoever that will be. Facility and patient follow, too.
CREATE OR REPLACE FUNCTION kit.tasks_follow_case() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
  IF NEW.assigned_to_id IS DISTINCT FROM OLD.assigned_to_id AND OLD.assigned_to_id IS NOT NULL THEN
    WITH moved AS (
      UPDATE public.task AS t SET assignee_id = NEW.assigned_to_id, assignee_role = CASE WHEN NEW.assigned_to_id IS NULL THEN 'CASEWORKER' ELSE t.assignee_role END
      WHERE t.organization_id = NEW.organization_id AND t.case_id = NEW.id AND t.is_open AND t.assignee_id = OLD.assigned_to_id
      RETURNING t.id)
    INSERT INTO public.audit_event (organization_id, actor_kind, actor_id, acting_role, action, resource_type, resource_id, patient_id, facility_id, changes, details)
    SELECT NEW.organization_id, 'USER', ctx.actor(), ctx.role(), 'ASSIGNED', 'task', m.id, NEW.patient_id, NEW.facility_id,
           jsonb_build_object('assignee_id', jsonb_build_object('before', OLD.assigned_to_id, 'after', NEW.assigned_to_id)), jsonb_build_object('with_case', NEW.id)
    FROM moved AS m WHERE ctx.actor() IS NOT NULL;
  END IF;
  IF (NEW.facility_id, NEW.patient_id) IS DISTINCT FROM (OLD.facility_id, OLD.patient_id) THEN
    UPDATE public.task AS t SET facility_id = NEW.facility_id, patient_id = NEW.patient_id WHERE t.organization_id = NEW.organization_id AND t.case_id = NEW.id;
  END IF;
  RETURN NULL;
END $$;
COMMENT ON FUNCTION kit.tasks_follow_case() IS 'Gives open tasks to the next caseworker of a case and keeps their facility and patient those of the case.';
CREATE OR REPLACE TRIGGER cases_tasks_follow AFTER UPDATE OF assigned_to_id, facility_id, patient_id ON cases FOR EACH ROW EXECUTE FUNCTION kit.tasks_follow_case();

-- Tasks of a case: whoever sees the case sees them; clerk, chair and caseworker of it change them. Other kinds come with policies of their own.
DROP POLICY IF EXISTS case_seen_reads ON task;
CREATE POLICY case_seen_reads ON task FOR SELECT TO almoner_app
  USING (kind = 'CASE' AND (SELECT ctx.role() IN ('CLERK', 'CHAIR', 'CASEWORKER', 'COMPLIANCE'))
         AND EXISTS (SELECT 1 FROM cases AS c WHERE c.organization_id = task.organization_id AND c.id = task.case_id));
DROP POLICY IF EXISTS case_seen_adds ON task;
CREATE POLICY case_seen_adds ON task FOR INSERT TO almoner_app
  WITH CHECK (kind = 'CASE' AND created_by_id = (SELECT ctx.actor()) AND (SELECT ctx.role() IN ('CLERK', 'CHAIR', 'CASEWORKER'))
              AND EXISTS (SELECT 1 FROM cases AS c WHERE c.organization_id = task.organization_id AND c.id = task.case_id));
DROP POLICY IF EXISTS case_seen_changes ON task;
CREATE POLICY case_seen_changes ON task FOR UPDATE TO almoner_app
  USING (kind = 'CASE' AND (SELECT ctx.role() IN ('CLERK', 'CHAIR', 'CASEWORKER'))
         AND EXISTS (SELECT 1 FROM cases AS c WHERE c.organization_id = task.organization_id AND c.id = task.case_id))
  WITH CHECK (kind = 'CASE' AND (SELECT ctx.role() IN ('CLERK', 'CHAIR', 'CASEWORKER'))
              AND EXISTS (SELECT 1 FROM cases AS c WHERE c.organization_id = task.organization_id AND c.id = task.case_id));
GRANT SELECT ON task TO almoner_app;
GRANT INSERT (organization_id, id, kind, facility_id, patient_id, case_id, alert_id, title, description_enc, assignee_id, assignee_role, priority, due_at, window_end, created_by_id) ON task TO almoner_app;
-- Facility and patient become those of the case, whatever a statement says: they are granted for the trigger that acts for whoever changes the case.
GRANT UPDATE (facility_id, patient_id, title, description_enc, assignee_id, assignee_role, priority, due_at, status, outcome_enc, reason) ON task TO almoner_app;

-- The history of a task is read by who sees the task, whatever the facility.
DROP POLICY IF EXISTS task_history_closed ON status_change;
CREATE POLICY task_history_closed ON status_change AS RESTRICTIVE FOR SELECT TO almoner_app
  USING (subject_kind <> 'task' OR EXISTS (SELECT 1 FROM task AS t WHERE t.organization_id = status_change.organization_id AND t.id = status_change.subject_id));
DROP POLICY IF EXISTS task_seen_reads ON status_change;
CREATE POLICY task_seen_reads ON status_change FOR SELECT TO almoner_app
  USING (subject_kind = 'task' AND EXISTS (SELECT 1 FROM task AS t WHERE t.organization_id = status_change.organization_id AND t.id = status_change.subject_id));
DROP POLICY IF EXISTS task_seen_adds ON status_change;
CREATE POLICY task_seen_adds ON status_change FOR INSERT TO almoner_app
  WITH CHECK (subject_kind = 'task' AND changed_by_id = (SELECT ctx.actor()) AND (SELECT ctx.role() IN ('CLERK', 'CHAIR', 'CASEWORKER'))
              AND EXISTS (SELECT 1 FROM task AS t WHERE t.organization_id = status_change.organization_id AND t.id = status_change.subject_id));

RESET ROLE;
