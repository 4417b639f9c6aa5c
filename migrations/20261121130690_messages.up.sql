-- Messages: conversations between patients and staff, who takes part in them, and what was said. Content is encrypted by the application.
-- What follows from a message (the state, who has not read it, to whom it falls when somebody has left) is decided here, where no client can go around it.
SET LOCAL ROLE almoner_owner;
SET LOCAL client_min_messages = warning;  -- DROP POLICY IF EXISTS has much to say

CREATE TABLE IF NOT EXISTS thread (
  organization_id uuid NOT NULL CONSTRAINT thread_organization_fk REFERENCES organization ON DELETE RESTRICT,
  id              uuid NOT NULL,
  number          bigint GENERATED ALWAYS AS IDENTITY,
  facility_id     uuid NOT NULL,
  patient_id      uuid,
  subject         text CONSTRAINT thread_subject_length CHECK (char_length(subject) BETWEEN 1 AND 255),
  subject_key     text COLLATE "C",
  category        text NOT NULL DEFAULT 'OTHER' CONSTRAINT thread_category_known CHECK (category IN ('HEALTH', 'MEDICINE', 'RESULT', 'VISIT', 'PAPERWORK', 'OTHER')),
  channel         text NOT NULL DEFAULT 'PORTAL' CONSTRAINT thread_channel_known CHECK (channel IN ('PORTAL', 'SMS', 'EMAIL', 'PHONE')),
  contact_enc     bytea,
  status          text NOT NULL DEFAULT 'OPEN' CONSTRAINT thread_status_known CHECK (status IN ('OPEN', 'AWAITING_STAFF', 'AWAITING_PATIENT', 'CLOSED')),
  assignee_id     uuid,
  message_count   integer NOT NULL DEFAULT 0,
  last_message_at timestamptz NOT NULL DEFAULT now(),
  waiting_since   timestamptz,
  alerted_at      timestamptz,
  closed_at       timestamptz,
  closed_by_id    uuid,
  move_reason     text CONSTRAINT thread_move_reason_length CHECK (char_length(move_reason) <= 2000),
  created_at      timestamptz NOT NULL DEFAULT now(),
  updated_at      timestamptz NOT NULL DEFAULT now(),
  created_by_id   uuid,
  deleted_at      timestamptz,
  deleted_by_id   uuid,
  is_deleted      boolean GENERATED ALWAYS AS (deleted_at IS NOT NULL) STORED,
  row_version     bigint NOT NULL DEFAULT 1,
  PRIMARY KEY (organization_id, id),
  CONSTRAINT thread_facility_fk FOREIGN KEY (organization_id, facility_id) REFERENCES facility ON DELETE RESTRICT,
  CONSTRAINT thread_patient_fk FOREIGN KEY (organization_id, patient_id) REFERENCES patient ON DELETE RESTRICT,
  CONSTRAINT thread_assignee_fk FOREIGN KEY (organization_id, assignee_id) REFERENCES app_user ON DELETE RESTRICT,
  CONSTRAINT thread_portal_has_patient CHECK (channel <> 'PORTAL' OR patient_id IS NOT NULL),
  CONSTRAINT thread_somebody_there CHECK (patient_id IS NOT NULL OR contact_enc IS NOT NULL),
  CONSTRAINT thread_waiting_complete CHECK ((status = 'AWAITING_STAFF') = (waiting_since IS NOT NULL)),
  CONSTRAINT thread_closed_complete CHECK ((status = 'CLOSED') = (closed_at IS NOT NULL))
) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.02);
-- The lists of the inbox, each the whole of what it lists, in its order.
CREATE INDEX IF NOT EXISTS thread_open ON thread (organization_id, facility_id, last_message_at, id) WHERE status <> 'CLOSED';
CREATE INDEX IF NOT EXISTS thread_unassigned ON thread (organization_id, facility_id, last_message_at, id) WHERE status <> 'CLOSED' AND assignee_id IS NULL;
CREATE INDEX IF NOT EXISTS thread_awaiting ON thread (organization_id, facility_id, waiting_since, id) WHERE status = 'AWAITING_STAFF';
CREATE INDEX IF NOT EXISTS thread_closed ON thread (organization_id, facility_id, last_message_at, id) WHERE status = 'CLOSED';
CREATE INDEX IF NOT EXISTS thread_assignee ON thread (organization_id, assignee_id, last_message_at, id) WHERE assignee_id IS NOT NULL;
CREATE INDEX IF NOT EXISTS thread_patient ON thread (organization_id, patient_id, last_message_at, id) WHERE patient_id IS NOT NULL;
CREATE INDEX IF NOT EXISTS thread_subject ON thread (organization_id, facility_id, subject_key);
CREATE INDEX IF NOT EXISTS thread_unanswered ON thread (organization_id, waiting_since) WHERE status = 'AWAITING_STAFF' AND alerted_at IS NULL;
CALL kit.describe('thread', 'A conversation with a patient, or with somebody who wrote or called without being one.',
  'number', 'Short number for people, never reused.', 'facility_id', 'Whose staff answer: that of the patient where there is one.',
  'patient_id', 'The patient; NULL for a call, mail or text from somebody without a record.', 'subject', 'What it is about, in a line.',
  'subject_key', 'The subject, lower case without accents, written by the application; search by it.', 'category', 'HEALTH, MEDICINE, RESULT, VISIT, PAPERWORK or OTHER.',
  'channel', 'PORTAL, SMS, EMAIL or PHONE. Patients see those of the portal.', 'contact_enc', 'Who is at the other end where that is no patient: a name, a number. Encrypted.',
  'status', 'OPEN, AWAITING_STAFF, AWAITING_PATIENT or CLOSED.', 'assignee_id', 'Who has taken it; NULL means it is the team''s.', 'message_count', 'How many messages it has.',
  'last_message_at', 'When the last message came; when it was opened while there is none.', 'waiting_since', 'Since when somebody waits for an answer of staff.',
  'alerted_at', 'When an alert said that nobody answers; NULL again after an answer.', 'closed_at', 'When it was closed.', 'closed_by_id', 'Who closed it.',
  'move_reason', 'Reason of the move that is being made; the history keeps it, this column does not.');
CALL kit.tenant_table('thread');
DROP TRIGGER IF EXISTS thread_touch ON thread;  -- thread_guard does this too

CREATE TABLE IF NOT EXISTS thread_participant (
  organization_id uuid NOT NULL,
  id              uuid NOT NULL DEFAULT gen_random_uuid(),
  thread_id       uuid NOT NULL,
  user_id         uuid NOT NULL,
  facility_id     uuid NOT NULL,
  side            text NOT NULL CONSTRAINT thread_participant_side_known CHECK (side IN ('PATIENT', 'STAFF')),
  last_read_at    timestamptz,
  unread_count    integer NOT NULL DEFAULT 0 CONSTRAINT thread_participant_unread_count_positive CHECK (unread_count >= 0),
  created_at      timestamptz NOT NULL DEFAULT now(),
  updated_at      timestamptz NOT NULL DEFAULT now(),
  created_by_id   uuid,
  row_version     bigint NOT NULL DEFAULT 1,
  PRIMARY KEY (organization_id, id),
  CONSTRAINT thread_participant_once UNIQUE (organization_id, thread_id, user_id),
  CONSTRAINT thread_participant_thread_fk FOREIGN KEY (organization_id, thread_id) REFERENCES thread ON DELETE RESTRICT,
  CONSTRAINT thread_participant_user_fk FOREIGN KEY (organization_id, user_id) REFERENCES app_user ON DELETE RESTRICT
) WITH (fillfactor = 80);
CREATE INDEX IF NOT EXISTS thread_participant_user ON thread_participant (organization_id, user_id, thread_id);
CREATE INDEX IF NOT EXISTS thread_participant_unread ON thread_participant (organization_id, user_id) WHERE unread_count > 0;
CALL kit.describe('thread_participant', 'A person who takes part in a conversation, and how far they have read. Kept by triggers.',
  'thread_id', 'The conversation.', 'user_id', 'The person.', 'facility_id', 'Facility of the conversation.', 'side', 'PATIENT for the patient and who acts for them, STAFF for the clinic.',
  'last_read_at', 'When they last looked.', 'unread_count', 'Messages of others since then.');
CALL kit.tenant_table('thread_participant');

CREATE TABLE IF NOT EXISTS message (
  organization_id uuid NOT NULL,
  id              uuid NOT NULL,
  thread_id       uuid NOT NULL,
  sender_id       uuid,
  sender_side     text NOT NULL CONSTRAINT message_sender_side_known CHECK (sender_side IN ('PATIENT', 'STAFF', 'OUTSIDE')),
  sender_name     text NOT NULL DEFAULT '',
  sender_role     text NOT NULL DEFAULT '',
  content_enc     bytea NOT NULL,
  created_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
  created_by_id   uuid,
  PRIMARY KEY (organization_id, id),
  CONSTRAINT message_thread_fk FOREIGN KEY (organization_id, thread_id) REFERENCES thread ON DELETE RESTRICT,
  CONSTRAINT message_sender_fk FOREIGN KEY (organization_id, sender_id) REFERENCES app_user ON DELETE RESTRICT,
  CONSTRAINT message_sender_named CHECK (sender_side = 'OUTSIDE' OR sender_id IS NOT NULL)
) WITH (fillfactor = 100, autovacuum_vacuum_insert_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.05);
CREATE INDEX IF NOT EXISTS message_thread ON message (organization_id, thread_id, created_at, id);
CREATE INDEX IF NOT EXISTS message_sender ON message (organization_id, sender_id) WHERE sender_id IS NOT NULL;
CALL kit.describe('message', 'Something said in a conversation. Never changed: what was wrong is marked by message_retraction and stays readable for staff.',
  'thread_id', 'The conversation.', 'sender_id', 'Who said it; NULL for somebody without an account.', 'sender_side', 'PATIENT, STAFF, or OUTSIDE for what was written or said elsewhere and noted by staff.',
  'sender_name', 'Their name at that time, written by a trigger.', 'sender_role', 'Their role or relationship at that time, written by a trigger.', 'content_enc', 'The words, encrypted.');
CALL kit.tenant_table('message', append_only => true);

CREATE TABLE IF NOT EXISTS message_retraction (
  organization_id uuid NOT NULL,
  message_id      uuid NOT NULL,
  thread_id       uuid NOT NULL,
  reason          text NOT NULL CONSTRAINT message_retraction_reason_present CHECK (btrim(reason) <> '' AND char_length(reason) <= 2000),
  created_at      timestamptz NOT NULL DEFAULT now(),
  created_by_id   uuid NOT NULL,
  PRIMARY KEY (organization_id, message_id),
  CONSTRAINT message_retraction_message_fk FOREIGN KEY (organization_id, message_id) REFERENCES message ON DELETE RESTRICT,
  CONSTRAINT message_retraction_thread_fk FOREIGN KEY (organization_id, thread_id) REFERENCES thread ON DELETE RESTRICT
);
CREATE INDEX IF NOT EXISTS message_retraction_thread ON message_retraction (organization_id, thread_id);
CALL kit.describe('message_retraction', 'The mark that a message was entered in error. The message itself stays as it was.',
  'message_id', 'The message.', 'thread_id', 'Its conversation.', 'reason', 'Why, for staff.');
CALL kit.tenant_table('message_retraction', append_only => true);

-- Who may answer at a facility today. Asked for by policies and forms; a patient cannot read memberships.
CREATE OR REPLACE FUNCTION headers.may_answer(place uuid, person uuid) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
  SELECT EXISTS (
    SELECT FROM public.membership AS m JOIN public.app_user AS u ON u.organization_id = m.organization_id AND u.id = m.user_id
    WHERE m.organization_id = ctx.organization() AND m.user_id = person AND (m.facility_id IS NULL OR m.facility_id = place) AND m.deleted_at IS NULL
      AND m.role IN ('CLINICIAN', 'MEDICAL_ASSISTANT', 'CARER', 'MANAGER') AND CURRENT_DATE BETWEEN m.starts_on AND coalesce(m.ends_on, 'infinity')
      AND u.status = 'ACTIVE' AND u.deleted_at IS NULL)
$$;
COMMENT ON FUNCTION headers.may_answer IS 'Whether a person can answer messages at a facility today: an active account with a role there that answers.';
REVOKE ALL ON FUNCTION headers.may_answer FROM PUBLIC;
GRANT EXECUTE ON FUNCTION headers.may_answer TO almoner_app;

CREATE OR REPLACE FUNCTION kit.thread_refusal(rule text, message text) RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
  RAISE EXCEPTION '%', message USING ERRCODE = 'check_violation', CONSTRAINT = rule, TABLE = 'thread', SCHEMA = 'public';
END $$;
COMMENT ON FUNCTION kit.thread_refusal IS 'Refuses a move of a conversation under the name of a rule.';

-- A closed conversation can be answered for so long; afterwards a new one is begun.
CREATE OR REPLACE FUNCTION kit.thread_window() RETURNS interval LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT INTERVAL '14 days' $$;
COMMENT ON FUNCTION kit.thread_window IS 'For how long after its end a conversation is opened again by an answer.';
GRANT EXECUTE ON FUNCTION kit.thread_window TO almoner_app, almoner_worker;

-- The state machine. Messages move a conversation (kit.message_arrives, one level deeper); people close, reopen, take and pass it on.
CREATE OR REPLACE FUNCTION kit.thread_guard() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
  acting text := ctx.role();    -- NULL: maintenance
  actor uuid := ctx.actor();
  reason text := nullif(btrim(coalesce(NEW.move_reason, '')), '');
BEGIN
  IF TG_OP = 'INSERT' THEN
    IF NEW.patient_id IS NOT NULL THEN
      NEW.facility_id := coalesce((SELECT p.facility_id FROM public.patient AS p WHERE p.organization_id = NEW.organization_id AND p.id = NEW.patient_id), NEW.facility_id);
    END IF;
    IF acting IS NULL THEN
      RETURN NEW;
    END IF;
    IF NEW.status <> 'OPEN' THEN
      PERFORM kit.thread_refusal('thread_begins_open', 'a conversation begins as OPEN');
    END IF;
    -- A patient chooses somebody who looks after them; staff choose anybody who can answer.
    IF NEW.assignee_id IS NOT NULL AND (NOT headers.may_answer(NEW.facility_id, NEW.assignee_id) OR (acting = 'PATIENT' AND NOT EXISTS (
         SELECT FROM public.staff AS s WHERE s.organization_id = NEW.organization_id AND s.user_id = NEW.assignee_id AND (
           EXISTS (SELECT FROM public.care_team_member AS c WHERE c.organization_id = NEW.organization_id AND c.patient_id = NEW.patient_id AND c.staff_id = s.id
                   AND c.deleted_at IS NULL AND CURRENT_DATE BETWEEN c.starts_on AND coalesce(c.ends_on, 'infinity'))
           OR EXISTS (SELECT FROM public.patient AS p WHERE p.organization_id = NEW.organization_id AND p.id = NEW.patient_id AND p.assigned_clinician_id = s.id))))) THEN
      PERFORM kit.thread_refusal('thread_assignee_answers', 'this person cannot answer the conversation');
    END IF;
    NEW.move_reason := NULL;
    RETURN NEW;
  END IF;

  NEW.updated_at := now();
  NEW.row_version := OLD.row_version + 1;
  IF (NEW.facility_id, NEW.channel) IS DISTINCT FROM (OLD.facility_id, OLD.channel) OR NEW.patient_id IS DISTINCT FROM OLD.patient_id THEN
    PERFORM kit.thread_refusal('thread_stays', 'a conversation keeps its patient, its place and its channel');
  END IF;
  IF acting IS NULL OR pg_trigger_depth() > 1 THEN
    RETURN NEW;
  END IF;

  IF NEW.status <> OLD.status THEN
    IF acting NOT IN ('CLINICIAN', 'MEDICAL_ASSISTANT', 'CARER', 'MANAGER') THEN
      PERFORM kit.thread_refusal('thread_transition_role', 'only staff close and reopen conversations');
    END IF;
    CASE
      WHEN NEW.status = 'CLOSED' THEN
        NEW.closed_at := now(); NEW.closed_by_id := actor; NEW.waiting_since := NULL; NEW.alerted_at := NULL;
      WHEN OLD.status = 'CLOSED' AND NEW.status = 'OPEN' THEN
        IF reason IS NULL THEN
          PERFORM kit.thread_refusal('thread_reopen_reason', 'a conversation is opened again for a reason');
        END IF;
        NEW.closed_at := NULL; NEW.closed_by_id := NULL;
      ELSE
        PERFORM kit.thread_refusal('thread_transition', 'there is no such move of a conversation');
    END CASE;
    INSERT INTO public.status_change (organization_id, subject_kind, subject_id, patient_id, facility_id, from_status, to_status, reason, changed_by_id)
    VALUES (NEW.organization_id, 'thread', NEW.id, NEW.patient_id, NEW.facility_id, OLD.status, NEW.status, reason, actor);
  END IF;

  IF NEW.assignee_id IS DISTINCT FROM OLD.assignee_id THEN
    IF acting NOT IN ('CLINICIAN', 'MEDICAL_ASSISTANT', 'CARER', 'MANAGER') THEN
      PERFORM kit.thread_refusal('thread_transition_role', 'only staff take and pass on conversations');
    END IF;
    IF NEW.status = 'CLOSED' THEN
      PERFORM kit.thread_refusal('thread_transition', 'a closed conversation is opened before it is passed on');
    END IF;
    -- Taking what nobody has needs no words; everything else does.
    IF reason IS NULL AND NOT (OLD.assignee_id IS NULL AND NEW.assignee_id = actor) THEN
      PERFORM kit.thread_refusal('thread_reroute_reason', 'a conversation is passed on for a reason');
    END IF;
    IF NEW.assignee_id IS NOT NULL AND NOT headers.may_answer(NEW.facility_id, NEW.assignee_id) THEN
      PERFORM kit.thread_refusal('thread_assignee_answers', 'this person cannot answer the conversation');
    END IF;
    INSERT INTO public.status_change (organization_id, subject_kind, subject_id, patient_id, facility_id, from_status, to_status, reason, changed_by_id)
    VALUES (NEW.organization_id, 'thread_holder', NEW.id, NEW.patient_id, NEW.facility_id, coalesce(OLD.assignee_id::text, 'POOL'), coalesce(NEW.assignee_id::text, 'POOL'), reason, actor);
  END IF;
  NEW.move_reason := NULL;
  RETURN NEW;
END $$;
COMMENT ON FUNCTION kit.thread_guard() IS 'State machine of conversations: which moves there are, who may make them, for which a reason is asked; writes their history.';
REVOKE ALL ON FUNCTION kit.thread_guard FROM PUBLIC;
GRANT EXECUTE ON FUNCTION kit.thread_guard TO almoner_app;
CREATE OR REPLACE TRIGGER thread_guard BEFORE INSERT OR UPDATE ON thread FOR EACH ROW EXECUTE FUNCTION kit.thread_guard();

-- Whoever has a conversation takes part in it.
CREATE OR REPLACE FUNCTION kit.thread_joined() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
  IF ctx.role() IS NULL THEN
    RETURN NULL;  -- maintenance says itself who takes part
  END IF;
  INSERT INTO public.thread_participant AS p (organization_id, thread_id, user_id, facility_id, side, unread_count, last_read_at)
  VALUES (NEW.organization_id, NEW.id, NEW.assignee_id, NEW.facility_id, 'STAFF',
          CASE WHEN NEW.assignee_id IS DISTINCT FROM ctx.actor() AND NEW.status = 'AWAITING_STAFF' THEN 1 ELSE 0 END,
          CASE WHEN NEW.assignee_id IS NOT DISTINCT FROM ctx.actor() THEN now() END)
  ON CONFLICT ON CONSTRAINT thread_participant_once DO UPDATE
    SET unread_count = CASE WHEN NEW.status = 'AWAITING_STAFF' AND NEW.assignee_id IS DISTINCT FROM ctx.actor() THEN greatest(p.unread_count, 1) ELSE p.unread_count END;
  RETURN NULL;
END $$;
COMMENT ON FUNCTION kit.thread_joined() IS 'Makes whoever gets a conversation a participant of it, to whom it is new.';
REVOKE ALL ON FUNCTION kit.thread_joined FROM PUBLIC;
GRANT EXECUTE ON FUNCTION kit.thread_joined TO almoner_app;
CREATE OR REPLACE TRIGGER thread_joined AFTER INSERT OR UPDATE OF assignee_id ON thread FOR EACH ROW WHEN (NEW.assignee_id IS NOT NULL) EXECUTE FUNCTION kit.thread_joined();

-- A message signs itself, moves its conversation on, and is new to everybody else in it.
CREATE OR REPLACE FUNCTION kit.message_arrives() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
  acting text := ctx.role();
  actor uuid := ctx.actor();
  t public.thread;
  after text;
  keeper uuid;
BEGIN
  IF acting IS NULL THEN
    RETURN NEW;  -- maintenance tells history as it was
  END IF;
  SELECT x.* INTO t FROM public.thread AS x WHERE x.organization_id = NEW.organization_id AND x.id = NEW.thread_id FOR UPDATE;
  IF NOT FOUND THEN
    RETURN NEW;  -- the foreign key refuses it
  END IF;
  IF t.status = 'CLOSED' AND t.closed_at + kit.thread_window() < now() THEN
    PERFORM kit.thread_refusal('thread_window', 'this conversation has been closed for too long to be answered');
  END IF;

  NEW.created_at := clock_timestamp();
  NEW.created_by_id := actor;
  IF acting = 'PATIENT' THEN
    NEW.sender_side := 'PATIENT';
    NEW.sender_id := actor;
    NEW.sender_role := coalesce((SELECT a.relationship FROM public.portal_account AS a
                                 WHERE a.organization_id = NEW.organization_id AND a.user_id = actor AND a.patient_id = t.patient_id AND a.status = 'ACTIVE'), 'SELF');
  ELSIF NEW.sender_side = 'OUTSIDE' THEN
    IF t.channel = 'PORTAL' THEN
      PERFORM kit.thread_refusal('message_outside_channel', 'in the portal everybody writes for themselves');
    END IF;
    NEW.sender_id := NULL; NEW.sender_name := ''; NEW.sender_role := '';
  ELSE
    NEW.sender_side := 'STAFF';
    NEW.sender_id := actor;
    NEW.sender_role := acting;
  END IF;
  IF NEW.sender_id IS NOT NULL THEN
    SELECT concat_ws(' ', u.title, u.first_name, u.last_name) INTO NEW.sender_name FROM public.app_user AS u WHERE u.organization_id = NEW.organization_id AND u.id = actor;
  END IF;

  after := CASE NEW.sender_side WHEN 'STAFF' THEN 'AWAITING_PATIENT' ELSE 'AWAITING_STAFF' END;
  keeper := t.assignee_id;
  IF NEW.sender_side = 'STAFF' AND keeper IS NULL THEN
    keeper := actor;                 -- who answers has taken it
  ELSIF NEW.sender_side <> 'STAFF' AND keeper IS NOT NULL AND NOT headers.may_answer(t.facility_id, keeper) THEN
    keeper := NULL;                  -- nobody writes to somebody who has left
  END IF;
  IF keeper IS DISTINCT FROM t.assignee_id THEN
    INSERT INTO public.status_change (organization_id, subject_kind, subject_id, patient_id, facility_id, from_status, to_status, reason, changed_by_id)
    VALUES (t.organization_id, 'thread_holder', t.id, t.patient_id, t.facility_id, coalesce(t.assignee_id::text, 'POOL'), coalesce(keeper::text, 'POOL'),
            CASE WHEN keeper IS NULL THEN 'Does not work here any more' END, CASE WHEN keeper IS NOT NULL THEN actor END);
  END IF;
  IF after <> t.status THEN
    INSERT INTO public.status_change (organization_id, subject_kind, subject_id, patient_id, facility_id, from_status, to_status, changed_by_id)
    VALUES (t.organization_id, 'thread', t.id, t.patient_id, t.facility_id, t.status, after, actor);
  END IF;
  UPDATE public.thread AS x SET status = after, assignee_id = keeper, message_count = x.message_count + 1, last_message_at = NEW.created_at,
         waiting_since = CASE WHEN after = 'AWAITING_STAFF' THEN coalesce(x.waiting_since, NEW.created_at) END,
         alerted_at = CASE WHEN after = 'AWAITING_STAFF' THEN x.alerted_at END, closed_at = NULL, closed_by_id = NULL
  WHERE x.organization_id = t.organization_id AND x.id = t.id;

  -- Who may read it in the portal, and who wrote it, take part.
  IF t.channel = 'PORTAL' THEN
    INSERT INTO public.thread_participant (organization_id, thread_id, user_id, facility_id, side)
    SELECT a.organization_id, t.id, a.user_id, t.facility_id, 'PATIENT' FROM public.portal_account AS a
    WHERE a.organization_id = t.organization_id AND a.patient_id = t.patient_id AND a.status = 'ACTIVE' AND a.deleted_at IS NULL
      AND CURRENT_DATE BETWEEN a.starts_on AND coalesce(a.ends_on, 'infinity') AND (a.relationship = 'SELF' OR 'MESSAGES' = ANY (a.scopes))
    ON CONFLICT ON CONSTRAINT thread_participant_once DO NOTHING;
  END IF;
  INSERT INTO public.thread_participant (organization_id, thread_id, user_id, facility_id, side)
  VALUES (t.organization_id, t.id, actor, t.facility_id, CASE acting WHEN 'PATIENT' THEN 'PATIENT' ELSE 'STAFF' END)
  ON CONFLICT ON CONSTRAINT thread_participant_once DO NOTHING;
  UPDATE public.thread_participant AS p
     SET unread_count = CASE WHEN p.user_id = actor THEN 0 ELSE p.unread_count + 1 END, last_read_at = CASE WHEN p.user_id = actor THEN NEW.created_at ELSE p.last_read_at END
   WHERE p.organization_id = t.organization_id AND p.thread_id = t.id;
  RETURN NEW;
END $$;
COMMENT ON FUNCTION kit.message_arrives() IS 'Signs a message, moves its conversation, returns it to the team where its keeper has left, and counts it as unread for everybody else.';
REVOKE ALL ON FUNCTION kit.message_arrives FROM PUBLIC;
GRANT EXECUTE ON FUNCTION kit.message_arrives TO almoner_app;
CREATE OR REPLACE TRIGGER message_arrives BEFORE INSERT ON message FOR EACH ROW EXECUTE FUNCTION kit.message_arrives();

-- Clinicians and assistants answer for the team of their facility; carers and managers what they have or take part in; patients their own of the portal.
-- Nobody else reads messages, neither owner, compliance nor administrator.
DROP POLICY IF EXISTS person_reads_own ON thread_participant;
CREATE POLICY person_reads_own ON thread_participant FOR SELECT TO almoner_app USING (user_id = (SELECT ctx.actor()));
DROP POLICY IF EXISTS team_reads ON thread_participant;
CREATE POLICY team_reads ON thread_participant FOR SELECT TO almoner_app
  USING ((SELECT ctx.role() IN ('CLINICIAN', 'MEDICAL_ASSISTANT')) AND (facility_id = ANY ((SELECT ctx.facilities())::uuid[]) OR (SELECT ctx.everywhere())));
DROP POLICY IF EXISTS person_reads_on ON thread_participant;
CREATE POLICY person_reads_on ON thread_participant FOR UPDATE TO almoner_app USING (user_id = (SELECT ctx.actor())) WITH CHECK (user_id = (SELECT ctx.actor()));
GRANT SELECT ON thread_participant TO almoner_app;
GRANT UPDATE (last_read_at, unread_count) ON thread_participant TO almoner_app;

DROP POLICY IF EXISTS team_reads ON thread;
CREATE POLICY team_reads ON thread FOR SELECT TO almoner_app
  USING ((SELECT ctx.role() IN ('CLINICIAN', 'MEDICAL_ASSISTANT')) AND (facility_id = ANY ((SELECT ctx.facilities())::uuid[]) OR (SELECT ctx.everywhere())));
DROP POLICY IF EXISTS participant_reads ON thread;
CREATE POLICY participant_reads ON thread FOR SELECT TO almoner_app
  USING ((SELECT ctx.role() IN ('CARER', 'MANAGER')) AND (facility_id = ANY ((SELECT ctx.facilities())::uuid[]) OR (SELECT ctx.everywhere()))
         AND (assignee_id = (SELECT ctx.actor()) OR created_by_id = (SELECT ctx.actor())
              OR EXISTS (SELECT 1 FROM thread_participant AS p WHERE p.organization_id = thread.organization_id AND p.thread_id = thread.id AND p.user_id = (SELECT ctx.actor()))));
DROP POLICY IF EXISTS patient_reads_own ON thread;
CREATE POLICY patient_reads_own ON thread FOR SELECT TO almoner_app
  USING ((SELECT ctx.role() = 'PATIENT') AND channel = 'PORTAL' AND patient_id = ANY ((SELECT ctx.own_patients('MESSAGES'))::uuid[]));
DROP POLICY IF EXISTS staff_adds ON thread;
CREATE POLICY staff_adds ON thread FOR INSERT TO almoner_app
  WITH CHECK ((SELECT ctx.role() IN ('CLINICIAN', 'MEDICAL_ASSISTANT', 'CARER', 'MANAGER')) AND created_by_id = (SELECT ctx.actor())
              AND (facility_id = ANY ((SELECT ctx.facilities())::uuid[]) OR (SELECT ctx.everywhere())));
DROP POLICY IF EXISTS patient_adds_own ON thread;
CREATE POLICY patient_adds_own ON thread FOR INSERT TO almoner_app
  WITH CHECK ((SELECT ctx.role() = 'PATIENT') AND channel = 'PORTAL' AND created_by_id = (SELECT ctx.actor()) AND patient_id = ANY ((SELECT ctx.own_patients('MESSAGES'))::uuid[]));
DROP POLICY IF EXISTS team_changes ON thread;
CREATE POLICY team_changes ON thread FOR UPDATE TO almoner_app
  USING ((SELECT ctx.role() IN ('CLINICIAN', 'MEDICAL_ASSISTANT')) AND (facility_id = ANY ((SELECT ctx.facilities())::uuid[]) OR (SELECT ctx.everywhere())))
  WITH CHECK ((SELECT ctx.role() IN ('CLINICIAN', 'MEDICAL_ASSISTANT')) AND (facility_id = ANY ((SELECT ctx.facilities())::uuid[]) OR (SELECT ctx.everywhere())));
DROP POLICY IF EXISTS participant_changes ON thread;
CREATE POLICY participant_changes ON thread FOR UPDATE TO almoner_app
  USING ((SELECT ctx.role() IN ('CARER', 'MANAGER')) AND (facility_id = ANY ((SELECT ctx.facilities())::uuid[]) OR (SELECT ctx.everywhere()))
         AND (assignee_id = (SELECT ctx.actor()) OR created_by_id = (SELECT ctx.actor())
              OR EXISTS (SELECT 1 FROM thread_participant AS p WHERE p.organization_id = thread.organization_id AND p.thread_id = thread.id AND p.user_id = (SELECT ctx.actor()))))
  WITH CHECK ((SELECT ctx.role() IN ('CARER', 'MANAGER')) AND (facility_id = ANY ((SELECT ctx.facilities())::uuid[]) OR (SELECT ctx.everywhere()))
         AND (assignee_id = (SELECT ctx.actor()) OR created_by_id = (SELECT ctx.actor())
              OR EXISTS (SELECT 1 FROM thread_participant AS p WHERE p.organization_id = thread.organization_id AND p.thread_id = thread.id AND p.user_id = (SELECT ctx.actor()))));
GRANT SELECT ON thread TO almoner_app;
GRANT INSERT (organization_id, id, facility_id, patient_id, subject, subject_key, category, channel, contact_enc, status, assignee_id, created_by_id) ON thread TO almoner_app;
GRANT UPDATE (status, assignee_id, category, move_reason) ON thread TO almoner_app;

DROP POLICY IF EXISTS thread_seen_reads ON message;
CREATE POLICY thread_seen_reads ON message FOR SELECT TO almoner_app
  USING (EXISTS (SELECT 1 FROM thread AS t WHERE t.organization_id = message.organization_id AND t.id = message.thread_id));
DROP POLICY IF EXISTS thread_seen_adds ON message;
CREATE POLICY thread_seen_adds ON message FOR INSERT TO almoner_app
  WITH CHECK (created_by_id = (SELECT ctx.actor()) AND (SELECT ctx.role() IN ('PATIENT', 'CLINICIAN', 'MEDICAL_ASSISTANT', 'CARER', 'MANAGER'))
              AND EXISTS (SELECT 1 FROM thread AS t WHERE t.organization_id = message.organization_id AND t.id = message.thread_id));
GRANT SELECT ON message TO almoner_app;
GRANT INSERT (organization_id, id, thread_id, sender_side, content_enc, created_by_id) ON message TO almoner_app;

DROP POLICY IF EXISTS thread_seen_reads ON message_retraction;
CREATE POLICY thread_seen_reads ON message_retraction FOR SELECT TO almoner_app
  USING (EXISTS (SELECT 1 FROM thread AS t WHERE t.organization_id = message_retraction.organization_id AND t.id = message_retraction.thread_id));
-- Staff take back what they wrote or noted themselves.
DROP POLICY IF EXISTS author_adds ON message_retraction;
CREATE POLICY author_adds ON message_retraction FOR INSERT TO almoner_app
  WITH CHECK (created_by_id = (SELECT ctx.actor()) AND (SELECT ctx.role() IN ('CLINICIAN', 'MEDICAL_ASSISTANT', 'CARER', 'MANAGER'))
              AND EXISTS (SELECT 1 FROM message AS m WHERE m.organization_id = message_retraction.organization_id AND m.id = message_retraction.message_id
                          AND m.thread_id = message_retraction.thread_id AND m.created_by_id = (SELECT ctx.actor())));
GRANT SELECT, INSERT ON message_retraction TO almoner_app;

-- Alerts have had a place for the conversation they are about.
DO $$ BEGIN
  IF NOT EXISTS (SELECT FROM pg_constraint WHERE conname = 'alert_thread_fk') THEN
    ALTER TABLE alert ADD CONSTRAINT alert_thread_fk FOREIGN KEY (organization_id, thread_id) REFERENCES thread ON DELETE RESTRICT;
  END IF;
END $$;
CREATE INDEX IF NOT EXISTS alert_thread ON alert (organization_id, thread_id) WHERE thread_id IS NOT NULL;

RESET ROLE;
