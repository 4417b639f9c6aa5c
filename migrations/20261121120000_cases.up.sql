-- Cases: from a clerk's desk to completion. With them the drafts of long forms, and who follows a case.
SET LOCAL ROLE almoner_owner;
SET LOCAL client_min_messages = warning;  -- DROP POLICY IF EXISTS has much to say

-- Numbers people say are given without gaps: the row of the organization stays locked until the new case is committed or gone.
CREATE TABLE IF NOT EXISTS case_counter (
  organization_id uuid PRIMARY KEY CONSTRAINT case_counter_organization_fk REFERENCES organization ON DELETE RESTRICT,
  last_number     bigint NOT NULL CONSTRAINT case_counter_positive CHECK (last_number > 0)
) WITH (fillfactor = 50);
CALL kit.describe('case_counter', 'The last number given to a case of an organization.', 'last_number', 'The number of the newest case.');
CALL kit.tenant_table('case_counter');
DROP TRIGGER IF EXISTS case_counter_touch ON case_counter;
DROP POLICY IF EXISTS counts ON case_counter;
CREATE POLICY counts ON case_counter TO almoner_owner USING (true) WITH CHECK (true);  -- only kit.number_case runs as the owner

CREATE TABLE IF NOT EXISTS cases (
  organization_id    uuid NOT NULL CONSTRAINT cases_organization_fk REFERENCES organization ON DELETE RESTRICT,
  id                 uuid NOT NULL,
  number             bigint NOT NULL,
  facility_id        uuid,
  patient_id         uuid,
  alert_id           uuid,
  title              text NOT NULL CONSTRAINT case_title_not_empty CHECK (btrim(title) <> '' AND char_length(title) <= 255),
  title_key          text COLLATE "C" GENERATED ALWAYS AS (lower(title)) STORED,
  description_enc    bytea,
  status             text NOT NULL DEFAULT 'NEW' CONSTRAINT cases_status_known CHECK (status IN ('NEW', 'PENDING_REVIEW', 'ASSIGNED', 'IN_PROGRESS', 'PENDING_COMPLETION', 'COMPLETED')),
  is_open            boolean GENERATED ALWAYS AS (status <> 'COMPLETED' AND deleted_at IS NULL) STORED,
  priority           text NOT NULL DEFAULT 'MEDIUM' CONSTRAINT cases_priority_known CHECK (priority IN ('LOW', 'MEDIUM', 'HIGH', 'URGENT')),
  priority_rank      smallint GENERATED ALWAYS AS (CASE priority WHEN 'URGENT' THEN 1 WHEN 'HIGH' THEN 2 WHEN 'MEDIUM' THEN 3 ELSE 4 END) STORED,
  assigned_to_id     uuid,
  due_at             timestamptz,
  due_key            timestamptz GENERATED ALWAYS AS (coalesce(due_at, TIMESTAMPTZ '9999-12-31 00:00:00+00')) STORED,
  submitted_at       timestamptz,
  assigned_at        timestamptz,
  started_at         timestamptz,
  finished_at        timestamptz,
  finished_by_id     uuid,
  completed_at       timestamptz,
  completed_by_id    uuid,
  closure_reason     text CONSTRAINT cases_closure_reason_length CHECK (char_length(closure_reason) <= 2000),
  move_reason        text CONSTRAINT cases_move_reason_length CHECK (char_length(move_reason) <= 2000),
  status_reason      text,
  status_changed_at  timestamptz NOT NULL DEFAULT now(),
  status_changed_by_id uuid,
  overdue_at         timestamptz,
  escalated_at       timestamptz,
  created_at      timestamptz NOT NULL DEFAULT now(),
  updated_at      timestamptz NOT NULL DEFAULT now(),
  created_by_id   uuid NOT NULL,
  deleted_at      timestamptz,
  deleted_by_id   uuid,
  is_deleted      boolean GENERATED ALWAYS AS (deleted_at IS NOT NULL) STORED,
  row_version     bigint NOT NULL DEFAULT 1,
  PRIMARY KEY (organization_id, id),
  CONSTRAINT cases_facility_fk FOREIGN KEY (organization_id, facility_id) REFERENCES facility ON DELETE RESTRICT,
  CONSTRAINT cases_patient_fk FOREIGN KEY (organization_id, patient_id) REFERENCES patient ON DELETE RESTRICT,
  CONSTRAINT cases_alert_fk FOREIGN KEY (organization_id, alert_id) REFERENCES alert ON DELETE RESTRICT,
  CONSTRAINT cases_assigned_to_fk FOREIGN KEY (organization_id, assigned_to_id) REFERENCES app_user ON DELETE RESTRICT,
  CONSTRAINT cases_created_by_fk FOREIGN KEY (organization_id, created_by_id) REFERENCES app_user ON DELETE RESTRICT,
  CONSTRAINT cases_assignee_complete CHECK ((status IN ('NEW', 'PENDING_REVIEW')) = (assigned_to_id IS NULL)),
  CONSTRAINT cases_completed_complete CHECK ((status = 'COMPLETED') = (completed_at IS NOT NULL) AND (completed_at IS NULL) = (completed_by_id IS NULL)),
  CONSTRAINT cases_closure_complete CHECK (closure_reason IS NULL OR status = 'COMPLETED')
) WITH (fillfactor = 85, autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.02);

-- Lists begin with whom they are for: a facility, the whole organization, who made the case, who works on it. Within, by state and then by age as
-- document 2 has it, or by priority or due date for what is open: a page merges the first rows of each of its states.
CREATE INDEX IF NOT EXISTS cases_status_created ON cases (organization_id, status, created_at DESC, id DESC);
CREATE INDEX IF NOT EXISTS cases_facility_status_created ON cases (organization_id, facility_id, status, created_at DESC, id DESC);
CREATE INDEX IF NOT EXISTS cases_assignee_status ON cases (organization_id, assigned_to_id, status, created_at DESC, id DESC) WHERE assigned_to_id IS NOT NULL;
CREATE INDEX IF NOT EXISTS cases_creator_status ON cases (organization_id, created_by_id, status, created_at DESC, id DESC);
CREATE INDEX IF NOT EXISTS cases_active ON cases (organization_id, assigned_to_id) INCLUDE (status, facility_id, created_by_id) WHERE status IN ('ASSIGNED', 'IN_PROGRESS');
CREATE INDEX IF NOT EXISTS cases_pending_review ON cases (organization_id, facility_id, submitted_at, id) WHERE status = 'PENDING_REVIEW';
CREATE INDEX IF NOT EXISTS cases_status_priority ON cases (organization_id, status, priority_rank, created_at, id) WHERE is_open;
CREATE INDEX IF NOT EXISTS cases_facility_status_priority ON cases (organization_id, facility_id, status, priority_rank, created_at, id) WHERE is_open;
CREATE INDEX IF NOT EXISTS cases_status_due ON cases (organization_id, status, due_key, id) WHERE is_open;
CREATE INDEX IF NOT EXISTS cases_facility_status_due ON cases (organization_id, facility_id, status, due_key, id) WHERE is_open;
CREATE INDEX IF NOT EXISTS cases_updated ON cases (organization_id, updated_at);
CREATE INDEX IF NOT EXISTS cases_completed ON cases (organization_id, completed_at DESC, id DESC) WHERE completed_at IS NOT NULL;
-- Collation C makes title_key >= 'hou' AND title_key < 'hov' an index condition, also under row-level security; see patient.name_key.
CREATE INDEX IF NOT EXISTS cases_title ON cases (organization_id, title_key, id);
CREATE UNIQUE INDEX IF NOT EXISTS cases_number_unique ON cases (organization_id, number);
CREATE INDEX IF NOT EXISTS cases_patient ON cases (organization_id, patient_id) WHERE patient_id IS NOT NULL;
CREATE INDEX IF NOT EXISTS cases_alert ON cases (organization_id, alert_id) WHERE alert_id IS NOT NULL;
CALL kit.describe('cases', 'A piece of work that passes from a clerk by the chair to a caseworker and back until it is completed.',
  'number', 'Number people say, shown as CASE-2041; counts up without gaps in each organization.', 'facility_id', 'Where it belongs; its chair sees it. NULL means the whole organization.',
  'patient_id', 'Person concerned, if any.', 'alert_id', 'Alert it came from, if any.', 'title', 'One line, never blank.', 'title_key', 'Title in lower case; lists search by its beginning.',
  'description_enc', 'What it is about, encrypted: free text about people.', 'status', 'NEW, PENDING_REVIEW, ASSIGNED, IN_PROGRESS, PENDING_COMPLETION or COMPLETED; see docs/domain.md.',
  'is_open', 'Neither completed nor deleted.', 'priority', 'LOW, MEDIUM, HIGH or URGENT.', 'priority_rank', 'Priority as a number to sort by, 1 is URGENT.',
  'assigned_to_id', 'The caseworker; NULL before it is assigned.', 'due_at', 'When it should be completed.', 'due_key', 'The same to sort by: what is never due comes last.', 'submitted_at', 'When it was last submitted for review.',
  'assigned_at', 'When it was last assigned.', 'started_at', 'When the caseworker began.', 'finished_at', 'When the caseworker last asked for completion.',
  'finished_by_id', 'Who asked for completion, and may not complete it. No foreign key, as for status_changed_by_id.', 'completed_at', 'When it was completed.',
  'completed_by_id', 'Who completed it. No foreign key, as for status_changed_by_id.', 'closure_reason', 'What came of it, in the words of who completed it.',
  'move_reason', 'The reason of the move that a statement makes; the trigger puts it into status_reason. Always NULL in stored rows.', 'status_reason', 'The reason of the last move or reassignment that needed one; kept by a trigger.',
  'status_changed_at', 'When the status last changed; kept by a trigger.', 'status_changed_by_id', 'Who last changed it: person or job. Kept by a trigger.',
  'overdue_at', 'When the job noticed that the due date has passed; NULL again when that is no longer so.', 'escalated_at', 'When the job told the chair that it stays overdue.',
  'created_by_id', 'Who opened the case.');
CALL kit.tenant_table('cases');
DROP TRIGGER IF EXISTS cases_touch ON cases;  -- cases_guard does this too

-- The number. Runs as the owner, so that nobody else needs any right on the counter. Imports and the demo bring numbers of their own.
CREATE OR REPLACE FUNCTION kit.number_case() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
  IF NEW.number IS NULL OR current_setting('role') IN ('almoner_app', 'almoner_worker') THEN
    INSERT INTO public.case_counter AS c (organization_id, last_number) VALUES (NEW.organization_id, 1)
    ON CONFLICT (organization_id) DO UPDATE SET last_number = c.last_number + 1
    RETURNING c.last_number INTO NEW.number;
  ELSE
    INSERT INTO public.case_counter AS c (organization_id, last_number) VALUES (NEW.organization_id, NEW.number)
    ON CONFLICT (organization_id) DO UPDATE SET last_number = greatest(c.last_number, excluded.last_number);
  END IF;
  RETURN NEW;
END $$;
COMMENT ON FUNCTION kit.number_case() IS 'Gives a new case the next number of its organization, without gaps.';
REVOKE ALL ON FUNCTION kit.number_case FROM PUBLIC;
GRANT EXECUTE ON FUNCTION kit.number_case TO almoner_app;
CREATE OR REPLACE TRIGGER cases_number BEFORE INSERT ON cases FOR EACH ROW EXECUTE FUNCTION kit.number_case();

-- The state machine of docs/domain.md, where no client can go around it. Refusals carry the name of the rule, like a constraint.
CREATE OR REPLACE FUNCTION kit.case_refusal(rule text, message text) RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
  RAISE EXCEPTION '%', message USING ERRCODE = 'check_violation', CONSTRAINT = rule, TABLE = 'cases', SCHEMA = 'public';
END $$;
COMMENT ON FUNCTION kit.case_refusal IS 'Refuses a move of a case under the name of a rule.';

CREATE OR REPLACE FUNCTION kit.case_guard() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
  acting text := ctx.role();    -- NULL: maintenance by the owner, which the shape of the machine still binds
  actor uuid := ctx.actor();
  person CONSTANT boolean := current_setting('role') = 'almoner_app';
  asks_reason boolean := false;
  given boolean := NEW.move_reason IS NOT NULL AND btrim(NEW.move_reason) <> '';
BEGIN
  -- Who names a patient must be able to see at least the header. Two questions: jobs have no right to look into headers.
  IF person AND NEW.patient_id IS NOT NULL AND (TG_OP = 'INSERT' OR NEW.patient_id IS DISTINCT FROM OLD.patient_id) THEN
    IF NOT EXISTS (SELECT FROM headers.of_patients(ARRAY[NEW.patient_id])) THEN
      PERFORM kit.case_refusal('cases_patient_visible', 'no such patient');
    END IF;
  END IF;

  IF TG_OP = 'INSERT' THEN
    IF person AND NEW.status <> 'NEW' THEN
      PERFORM kit.case_refusal('cases_begin_new', 'a case begins as NEW');
    END IF;
    IF person THEN
      NEW.status_changed_by_id := actor;
    ELSE
      NEW.status_changed_by_id := coalesce(NEW.status_changed_by_id, NEW.created_by_id);
    END IF;
    NEW.move_reason := NULL;
    RETURN NEW;
  END IF;

  NEW.updated_at := now();
  NEW.row_version := OLD.row_version + 1;
  NEW.status_reason := OLD.status_reason;

  -- What it says is changed by who opened it until it is submitted, later by the chair; a completed case stays as it is.
  IF (NEW.title, NEW.description_enc, NEW.priority, NEW.facility_id, NEW.patient_id, NEW.alert_id, NEW.due_at)
     IS DISTINCT FROM (OLD.title, OLD.description_enc, OLD.priority, OLD.facility_id, OLD.patient_id, OLD.alert_id, OLD.due_at) THEN
    IF OLD.status = 'COMPLETED' THEN
      PERFORM kit.case_refusal('cases_completed_fixed', 'a completed case is not changed');
    END IF;
    IF person AND acting <> 'CHAIR' AND NOT (acting = 'CLERK' AND OLD.status = 'NEW' AND OLD.created_by_id = actor) THEN
      PERFORM kit.case_refusal('cases_edit_role', 'the clerk who opened a case changes it until it is submitted, the chair afterwards');
    END IF;
    IF NEW.due_at IS DISTINCT FROM OLD.due_at THEN
      NEW.overdue_at := NULL;
      NEW.escalated_at := NULL;
    END IF;
  END IF;

  IF NEW.assigned_to_id IS NOT NULL AND (NEW.assigned_to_id, NEW.facility_id) IS DISTINCT FROM (OLD.assigned_to_id, OLD.facility_id) THEN
    IF NOT EXISTS (SELECT FROM public.membership AS m WHERE m.organization_id = NEW.organization_id AND m.user_id = NEW.assigned_to_id AND m.role = 'CASEWORKER'
                   AND (m.facility_id IS NULL OR m.facility_id = NEW.facility_id) AND m.deleted_at IS NULL
                   AND CURRENT_DATE BETWEEN m.starts_on AND coalesce(m.ends_on, 'infinity')) THEN
      PERFORM kit.case_refusal('cases_assignee_caseworker', 'a case is assigned to a caseworker of its facility');
    END IF;
    IF NEW.assigned_to_id IS DISTINCT FROM OLD.assigned_to_id THEN
      NEW.assigned_at := clock_timestamp();
    END IF;
  END IF;

  IF NEW.status = OLD.status THEN
    IF NEW.assigned_to_id IS DISTINCT FROM OLD.assigned_to_id THEN
      IF OLD.status NOT IN ('ASSIGNED', 'IN_PROGRESS') THEN
        PERFORM kit.case_refusal('cases_transition', 'only a case that is assigned or in progress changes hands');
      END IF;
      IF acting <> 'CHAIR' THEN
        PERFORM kit.case_refusal('cases_transition_role', 'only the chair reassigns cases');
      END IF;
      asks_reason := true;
    END IF;
    IF (NEW.submitted_at, NEW.started_at, NEW.finished_at, NEW.finished_by_id, NEW.completed_at, NEW.completed_by_id, NEW.closure_reason)
       IS DISTINCT FROM (OLD.submitted_at, OLD.started_at, OLD.finished_at, OLD.finished_by_id, OLD.completed_at, OLD.completed_by_id, OLD.closure_reason) THEN
      PERFORM kit.case_refusal('cases_transition', 'times and reasons of moves are not changed afterwards');
    END IF;
    NEW.status_changed_at := OLD.status_changed_at;
    NEW.status_changed_by_id := OLD.status_changed_by_id;
  ELSE
    NEW.status_changed_at := clock_timestamp();
    NEW.status_changed_by_id := actor;
    CASE OLD.status || '>' || NEW.status
      WHEN 'NEW>PENDING_REVIEW' THEN
        IF acting NOT IN ('CLERK', 'CHAIR') OR OLD.created_by_id IS DISTINCT FROM actor AND acting IS NOT NULL THEN
          PERFORM kit.case_refusal('cases_transition_role', 'who opened the case submits it');
        END IF;
        NEW.submitted_at := clock_timestamp();
      WHEN 'PENDING_REVIEW>ASSIGNED' THEN
        IF acting <> 'CHAIR' THEN
          PERFORM kit.case_refusal('cases_transition_role', 'only the chair assigns cases');
        END IF;
      WHEN 'PENDING_REVIEW>NEW' THEN
        IF acting <> 'CHAIR' THEN
          PERFORM kit.case_refusal('cases_transition_role', 'only the chair sends a case back');
        END IF;
        asks_reason := true;
        NEW.submitted_at := NULL;
      WHEN 'ASSIGNED>IN_PROGRESS' THEN
        IF acting <> 'CASEWORKER' OR OLD.assigned_to_id IS DISTINCT FROM NEW.assigned_to_id OR OLD.assigned_to_id IS DISTINCT FROM actor AND acting IS NOT NULL THEN
          PERFORM kit.case_refusal('cases_transition_role', 'the assigned caseworker starts the work');
        END IF;
        NEW.started_at := clock_timestamp();
      WHEN 'ASSIGNED>PENDING_REVIEW' THEN
        IF acting <> 'CHAIR' AND (acting <> 'CASEWORKER' OR OLD.assigned_to_id IS DISTINCT FROM actor) THEN
          PERFORM kit.case_refusal('cases_transition_role', 'the assigned caseworker or the chair gives an assigned case back');
        END IF;
        asks_reason := true;
        NEW.assigned_at := NULL;
      WHEN 'IN_PROGRESS>PENDING_COMPLETION' THEN
        IF acting <> 'CASEWORKER' OR OLD.assigned_to_id IS DISTINCT FROM NEW.assigned_to_id OR OLD.assigned_to_id IS DISTINCT FROM actor AND acting IS NOT NULL THEN
          PERFORM kit.case_refusal('cases_transition_role', 'the assigned caseworker asks for completion');
        END IF;
        NEW.finished_at := clock_timestamp();
        NEW.finished_by_id := actor;
      WHEN 'PENDING_COMPLETION>COMPLETED' THEN
        IF acting <> 'CHAIR' THEN
          PERFORM kit.case_refusal('cases_transition_role', 'only the chair completes cases');
        END IF;
        IF actor IN (OLD.assigned_to_id, OLD.finished_by_id) THEN
          PERFORM kit.case_refusal('cases_own_work', 'nobody completes their own work');
        END IF;
        NEW.completed_at := clock_timestamp();
        NEW.completed_by_id := coalesce(actor, NEW.completed_by_id);
        NEW.overdue_at := NULL;
        NEW.escalated_at := NULL;
      WHEN 'PENDING_COMPLETION>IN_PROGRESS' THEN
        IF acting <> 'CHAIR' THEN
          PERFORM kit.case_refusal('cases_transition_role', 'only the chair returns work');
        END IF;
        asks_reason := true;
      WHEN 'COMPLETED>IN_PROGRESS' THEN
        IF acting <> 'CHAIR' THEN
          PERFORM kit.case_refusal('cases_transition_role', 'only the chair reopens cases');
        END IF;
        asks_reason := true;
        NEW.completed_at := NULL;
        NEW.completed_by_id := NULL;
        NEW.closure_reason := NULL;
      ELSE
        PERFORM kit.case_refusal('cases_transition', format('a case does not go from %s to %s', OLD.status, NEW.status));
    END CASE;
    -- Hands change on the way to ASSIGNED and back to review; elsewhere only by reassigning, which is no move.
    IF NEW.assigned_to_id IS DISTINCT FROM OLD.assigned_to_id AND OLD.status || '>' || NEW.status NOT IN ('PENDING_REVIEW>ASSIGNED', 'ASSIGNED>PENDING_REVIEW') THEN
      PERFORM kit.case_refusal('cases_transition', 'this move does not change hands');
    END IF;
  END IF;

  IF asks_reason THEN
    IF NOT given THEN
      PERFORM kit.case_refusal('cases_move_reason_present', 'this move needs a reason');
    END IF;
    NEW.status_reason := btrim(NEW.move_reason);
  END IF;
  NEW.move_reason := NULL;
  RETURN NEW;
END $$;
COMMENT ON FUNCTION kit.case_guard() IS 'State machine of cases: which moves there are, who may make them, which need a reason, and who may change what a case says.';
CREATE OR REPLACE TRIGGER cases_guard BEFORE INSERT OR UPDATE ON cases FOR EACH ROW EXECUTE FUNCTION kit.case_guard();

-- Who opened it, who works on it, the chair of its facility, compliance; nobody else.
DROP POLICY IF EXISTS creator_reads ON cases;
CREATE POLICY creator_reads ON cases FOR SELECT TO almoner_app
  USING ((SELECT ctx.role() IN ('CLERK', 'CHAIR', 'CASEWORKER')) AND created_by_id = (SELECT ctx.actor()));
DROP POLICY IF EXISTS assignee_reads ON cases;
CREATE POLICY assignee_reads ON cases FOR SELECT TO almoner_app
  USING ((SELECT ctx.role() IN ('CLERK', 'CHAIR', 'CASEWORKER')) AND assigned_to_id = (SELECT ctx.actor()));
DROP POLICY IF EXISTS chair_reads ON cases;
CREATE POLICY chair_reads ON cases FOR SELECT TO almoner_app
  USING ((SELECT ctx.role() = 'CHAIR') AND (facility_id = ANY ((SELECT ctx.facilities())::uuid[]) OR (SELECT ctx.everywhere())));
DROP POLICY IF EXISTS compliance_reads ON cases;
CREATE POLICY compliance_reads ON cases FOR SELECT TO almoner_app USING ((SELECT ctx.role() = 'COMPLIANCE'));
DROP POLICY IF EXISTS creator_adds ON cases;
CREATE POLICY creator_adds ON cases FOR INSERT TO almoner_app
  WITH CHECK ((SELECT ctx.role() IN ('CLERK', 'CHAIR')) AND created_by_id = (SELECT ctx.actor())
              AND (facility_id = ANY ((SELECT ctx.facilities())::uuid[]) OR (SELECT ctx.everywhere())));
DROP POLICY IF EXISTS creator_changes ON cases;
CREATE POLICY creator_changes ON cases FOR UPDATE TO almoner_app
  USING ((SELECT ctx.role() = 'CLERK') AND created_by_id = (SELECT ctx.actor()))
  WITH CHECK ((SELECT ctx.role() = 'CLERK') AND created_by_id = (SELECT ctx.actor()) AND (facility_id = ANY ((SELECT ctx.facilities())::uuid[]) OR (SELECT ctx.everywhere())));
DROP POLICY IF EXISTS assignee_changes ON cases;
CREATE POLICY assignee_changes ON cases FOR UPDATE TO almoner_app
  USING ((SELECT ctx.role() = 'CASEWORKER') AND assigned_to_id = (SELECT ctx.actor()))
  WITH CHECK ((SELECT ctx.role() = 'CASEWORKER') AND assigned_to_id = (SELECT ctx.actor()));
DROP POLICY IF EXISTS chair_changes ON cases;
CREATE POLICY chair_changes ON cases FOR UPDATE TO almoner_app
  USING ((SELECT ctx.role() = 'CHAIR') AND (facility_id = ANY ((SELECT ctx.facilities())::uuid[]) OR (SELECT ctx.everywhere())))
  WITH CHECK ((SELECT ctx.role() = 'CHAIR') AND (facility_id = ANY ((SELECT ctx.facilities())::uuid[]) OR (SELECT ctx.everywhere())));
-- The number, who opened the case and when are given once; the marks of the job are its own.
GRANT SELECT ON cases TO almoner_app;
GRANT INSERT (organization_id, id, facility_id, patient_id, alert_id, title, description_enc, status, priority, due_at, created_by_id) ON cases TO almoner_app;
GRANT UPDATE (facility_id, patient_id, alert_id, title, description_enc, status, priority, assigned_to_id, due_at, closure_reason, move_reason) ON cases TO almoner_app;

-- A caseworker who declines no longer sees the case, and a policy lets nobody write a row that they then cannot see.
CREATE SCHEMA IF NOT EXISTS work;
COMMENT ON SCHEMA work IS 'Moves that take the record out of the actor''s sight.';
GRANT USAGE ON SCHEMA work TO almoner_app;
CREATE OR REPLACE FUNCTION work.decline_case(case_id uuid, version bigint, reason text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
  UPDATE public.cases AS c SET status = 'PENDING_REVIEW', assigned_to_id = NULL, move_reason = decline_case.reason
  WHERE c.organization_id = ctx.organization() AND c.id = case_id AND c.row_version = version AND c.status = 'ASSIGNED'
    AND ctx.role() = 'CASEWORKER' AND c.assigned_to_id = ctx.actor();
  RETURN FOUND;
END $$;
COMMENT ON FUNCTION work.decline_case IS 'Gives an assigned case back to review, for its caseworker; cases_guard asks for the reason. False where it is no longer theirs or no longer as they saw it.';
REVOKE ALL ON FUNCTION work.decline_case FROM PUBLIC;
GRANT EXECUTE ON FUNCTION work.decline_case TO almoner_app;

-- The number of an alert is a reference, like a file mark: who works on the case may know it, and nothing else of the alert.
CREATE OR REPLACE FUNCTION headers.alert_by_number(wanted bigint) RETURNS TABLE (id uuid, number bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
  SELECT a.id, a.number FROM public.alert AS a
  WHERE a.organization_id = ctx.organization() AND a.number = wanted AND a.deleted_at IS NULL
    AND (SELECT ctx.role() IN ('CLERK', 'CHAIR')) AND (a.facility_id = ANY ((SELECT ctx.facilities())::uuid[]) OR (SELECT ctx.everywhere()))
$$;
COMMENT ON FUNCTION headers.alert_by_number IS 'Id of the alert with the number at the facilities of a clerk or chair, to name it in a case.';
CREATE OR REPLACE FUNCTION headers.alert_number(wanted uuid) RETURNS bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
  SELECT a.number FROM public.alert AS a
  WHERE a.organization_id = ctx.organization() AND a.id = wanted AND (SELECT ctx.role() IN ('CLERK', 'CHAIR', 'CASEWORKER', 'COMPLIANCE'))
$$;
COMMENT ON FUNCTION headers.alert_number IS 'Number of an alert that a case names.';
REVOKE ALL ON FUNCTION headers.alert_by_number, headers.alert_number FROM PUBLIC;
GRANT EXECUTE ON FUNCTION headers.alert_by_number, headers.alert_number TO almoner_app;

-- History of cases: whoever sees the case, and nobody else, whatever the facility or the patient.
DROP POLICY IF EXISTS case_history_closed ON status_change;
CREATE POLICY case_history_closed ON status_change AS RESTRICTIVE FOR SELECT TO almoner_app
  USING (subject_kind <> 'case' OR (SELECT ctx.role() IN ('CLERK', 'CHAIR', 'CASEWORKER', 'COMPLIANCE')));
DROP POLICY IF EXISTS case_history_by_those_who_work_on_it ON status_change;
CREATE POLICY case_history_by_those_who_work_on_it ON status_change AS RESTRICTIVE FOR INSERT TO almoner_app
  WITH CHECK (subject_kind <> 'case' OR (SELECT ctx.role() IN ('CLERK', 'CHAIR', 'CASEWORKER')));
DROP POLICY IF EXISTS case_seen_reads ON status_change;
CREATE POLICY case_seen_reads ON status_change FOR SELECT TO almoner_app
  USING (subject_kind = 'case' AND (SELECT ctx.role() IN ('CLERK', 'CHAIR', 'CASEWORKER'))
         AND EXISTS (SELECT 1 FROM cases AS c WHERE c.organization_id = status_change.organization_id AND c.id = status_change.subject_id));
DROP POLICY IF EXISTS case_seen_adds ON status_change;
CREATE POLICY case_seen_adds ON status_change FOR INSERT TO almoner_app
  WITH CHECK (subject_kind = 'case' AND changed_by_id = (SELECT ctx.actor()) AND (SELECT ctx.role() IN ('CLERK', 'CHAIR', 'CASEWORKER'))
              AND EXISTS (SELECT 1 FROM cases AS c WHERE c.organization_id = status_change.organization_id AND c.id = status_change.subject_id));

CREATE TABLE IF NOT EXISTS case_follower (
  organization_id uuid NOT NULL,
  id              uuid NOT NULL,
  case_id         uuid NOT NULL,
  user_id         uuid NOT NULL,
  created_at      timestamptz NOT NULL DEFAULT now(),
  updated_at      timestamptz NOT NULL DEFAULT now(),
  created_by_id   uuid,
  deleted_at      timestamptz,
  deleted_by_id   uuid,
  is_deleted      boolean GENERATED ALWAYS AS (deleted_at IS NOT NULL) STORED,
  row_version     bigint NOT NULL DEFAULT 1,
  PRIMARY KEY (organization_id, id),
  CONSTRAINT case_follower_case_fk FOREIGN KEY (organization_id, case_id) REFERENCES cases ON DELETE RESTRICT,
  CONSTRAINT case_follower_user_fk FOREIGN KEY (organization_id, user_id) REFERENCES app_user ON DELETE RESTRICT,
  CONSTRAINT case_follower_once UNIQUE (organization_id, case_id, user_id)
);
CREATE INDEX IF NOT EXISTS case_follower_user ON case_follower (organization_id, user_id) WHERE deleted_at IS NULL;
CALL kit.describe('case_follower', 'A person who wants to hear of a case; deleted while they do not.', 'case_id', 'The case.', 'user_id', 'The person.');
CALL kit.tenant_table('case_follower');
DROP POLICY IF EXISTS case_seen_reads ON case_follower;
CREATE POLICY case_seen_reads ON case_follower FOR SELECT TO almoner_app
  USING (EXISTS (SELECT 1 FROM cases AS c WHERE c.organization_id = case_follower.organization_id AND c.id = case_follower.case_id));
DROP POLICY IF EXISTS person_adds_own ON case_follower;
CREATE POLICY person_adds_own ON case_follower FOR INSERT TO almoner_app
  WITH CHECK (user_id = (SELECT ctx.actor()) AND EXISTS (SELECT 1 FROM cases AS c WHERE c.organization_id = case_follower.organization_id AND c.id = case_follower.case_id));
DROP POLICY IF EXISTS person_changes_own ON case_follower;
CREATE POLICY person_changes_own ON case_follower FOR UPDATE TO almoner_app
  USING (user_id = (SELECT ctx.actor())) WITH CHECK (user_id = (SELECT ctx.actor()));
GRANT SELECT, INSERT ON case_follower TO almoner_app;
GRANT UPDATE (deleted_at, deleted_by_id) ON case_follower TO almoner_app;

-- What a person was typing. One row for each form of each person; used again for the next draft.
CREATE TABLE IF NOT EXISTS form_draft (
  organization_id uuid NOT NULL,
  id              uuid NOT NULL,
  user_id         uuid NOT NULL,
  form            text NOT NULL CONSTRAINT form_draft_form_shape CHECK (form ~ '^[a-z][a-z_.]{1,63}$'),
  subject_id      uuid NOT NULL,
  payload_enc     bytea,
  created_at      timestamptz NOT NULL DEFAULT now(),
  updated_at      timestamptz NOT NULL DEFAULT now(),
  created_by_id   uuid,
  row_version     bigint NOT NULL DEFAULT 1,
  PRIMARY KEY (organization_id, id),
  CONSTRAINT form_draft_user_fk FOREIGN KEY (organization_id, user_id) REFERENCES app_user ON DELETE RESTRICT,
  CONSTRAINT form_draft_once UNIQUE (organization_id, user_id, form, subject_id)
) WITH (fillfactor = 70);
CALL kit.describe('form_draft', 'A form that somebody has begun to fill in, kept on the server so that nothing typed is lost; never on the computer, which others may use.',
  'user_id', 'Who is typing; nobody else ever sees it.', 'form', 'Which form, such as cases.new.', 'subject_id', 'The record that the form changes; the organization''s id where the form makes a new one.',
  'payload_enc', 'The fields as JSON, encrypted; NULL when the draft was discarded or the form was sent.');
CALL kit.tenant_table('form_draft');
DROP POLICY IF EXISTS person_reads_own ON form_draft;
CREATE POLICY person_reads_own ON form_draft FOR SELECT TO almoner_app USING (user_id = (SELECT ctx.actor()));
DROP POLICY IF EXISTS person_adds_own ON form_draft;
CREATE POLICY person_adds_own ON form_draft FOR INSERT TO almoner_app WITH CHECK (user_id = (SELECT ctx.actor()));
DROP POLICY IF EXISTS person_changes_own ON form_draft;
CREATE POLICY person_changes_own ON form_draft FOR UPDATE TO almoner_app USING (user_id = (SELECT ctx.actor())) WITH CHECK (user_id = (SELECT ctx.actor()));
GRANT SELECT, INSERT ON form_draft TO almoner_app;
GRANT UPDATE (payload_enc) ON form_draft TO almoner_app;

RESET ROLE;
