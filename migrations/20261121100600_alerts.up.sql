-- Alerts, the comments on them, and saved views of lists.
SET LOCAL ROLE almoner_owner;
SET LOCAL client_min_messages = warning;  -- DROP POLICY IF EXISTS has much to say

CREATE TABLE IF NOT EXISTS alert (
  organization_id    uuid NOT NULL CONSTRAINT alert_organization_fk REFERENCES organization ON DELETE RESTRICT,
  id                 uuid NOT NULL,
  number             bigint GENERATED ALWAYS AS IDENTITY,
  facility_id        uuid,
  patient_id         uuid,
  visit_id           uuid,
  thread_id          uuid,
  rule_execution_id  uuid,
  incident_id        uuid,
  type               text NOT NULL CONSTRAINT alert_type_shape CHECK (type ~ '^[A-Z][A-Z0-9_]{1,63}$'),
  severity           text NOT NULL CONSTRAINT alert_severity_known CHECK (severity IN ('INFO', 'WARNING', 'HIGH', 'CRITICAL')),
  severity_rank      smallint GENERATED ALWAYS AS (CASE severity WHEN 'CRITICAL' THEN 4 WHEN 'HIGH' THEN 3 WHEN 'WARNING' THEN 2 ELSE 1 END) STORED,
  title              text NOT NULL CONSTRAINT alert_title_present CHECK (btrim(title) <> '' AND char_length(title) <= 255),
  body               text NOT NULL DEFAULT '' CONSTRAINT alert_body_length CHECK (char_length(body) <= 10000),
  payload            jsonb NOT NULL DEFAULT '{}' CONSTRAINT alert_payload_object CHECK (jsonb_typeof(payload) = 'object'),
  status             text NOT NULL DEFAULT 'ACTIVE' CONSTRAINT alert_status_known CHECK (status IN ('ACTIVE', 'ACKNOWLEDGED', 'SNOOZED', 'RESOLVED', 'DISMISSED')),
  is_open            boolean GENERATED ALWAYS AS (status IN ('ACTIVE', 'ACKNOWLEDGED', 'SNOOZED') AND deleted_at IS NULL) STORED,
  assignee_id        uuid,
  raised_at          timestamptz NOT NULL DEFAULT now(),
  last_seen_at       timestamptz NOT NULL DEFAULT now(),
  seen_count         integer NOT NULL DEFAULT 1 CONSTRAINT alert_seen_count_positive CHECK (seen_count > 0),
  dedupe_key         text CONSTRAINT alert_dedupe_key_length CHECK (char_length(dedupe_key) BETWEEN 1 AND 255),
  due_at             timestamptz,
  acknowledged_at    timestamptz,
  acknowledged_by_id uuid,
  ack_expires_at     timestamptz,
  snoozed_until      timestamptz,
  resolved_at        timestamptz,
  resolved_by_id     uuid,
  reason_code        text CONSTRAINT alert_reason_code_known CHECK (reason_code IN ('CONTACTED_PATIENT', 'TREATMENT_CHANGED', 'VISIT_BOOKED', 'EXPECTED', 'DEVICE_ERROR',
                       'DUPLICATE', 'NOT_CLINICAL', 'OTHER')),
  reason_text        text CONSTRAINT alert_reason_text_length CHECK (char_length(reason_text) <= 2000),
  previous_status    text,
  previous_snoozed_until timestamptz,
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
  CONSTRAINT alert_facility_fk FOREIGN KEY (organization_id, facility_id) REFERENCES facility ON DELETE RESTRICT,
  CONSTRAINT alert_patient_fk FOREIGN KEY (organization_id, patient_id) REFERENCES patient ON DELETE RESTRICT,
  CONSTRAINT alert_assignee_fk FOREIGN KEY (organization_id, assignee_id) REFERENCES app_user ON DELETE RESTRICT,
  CONSTRAINT alert_acknowledged_complete CHECK (status <> 'ACKNOWLEDGED' OR (acknowledged_at IS NOT NULL AND acknowledged_by_id IS NOT NULL)),
  CONSTRAINT alert_snooze_complete CHECK (CASE status WHEN 'SNOOZED' THEN snoozed_until IS NOT NULL WHEN 'ACTIVE' THEN snoozed_until IS NULL
                                                      WHEN 'ACKNOWLEDGED' THEN snoozed_until IS NULL ELSE true END),
  CONSTRAINT alert_closed_complete CHECK ((status IN ('RESOLVED', 'DISMISSED')) = (resolved_at IS NOT NULL)
                                          AND (status NOT IN ('RESOLVED', 'DISMISSED') OR (resolved_by_id IS NOT NULL AND reason_code IS NOT NULL))),
  CONSTRAINT alert_reason_other_explained CHECK (reason_code IS DISTINCT FROM 'OTHER' OR btrim(coalesce(reason_text, '')) <> '')
) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 2000, autovacuum_vacuum_insert_scale_factor = 0.05,
        autovacuum_analyze_scale_factor = 0.02);

-- The queue. All of these hold open alerts only, some 40,000 of a million rows. status is in none of them: an acknowledgement
-- changes no indexed column and stays a HOT update.
CREATE INDEX IF NOT EXISTS alert_queue ON alert (organization_id, facility_id, severity_rank DESC, raised_at DESC, id DESC) INCLUDE (assignee_id, snoozed_until, type) WHERE is_open;
CREATE INDEX IF NOT EXISTS alert_queue_everywhere ON alert (organization_id, severity_rank DESC, raised_at DESC, id DESC) INCLUDE (facility_id, assignee_id, snoozed_until, type) WHERE is_open;
CREATE INDEX IF NOT EXISTS alert_queue_raised ON alert (organization_id, facility_id, raised_at, id) WHERE is_open;  -- read backwards for the newest first
CREATE INDEX IF NOT EXISTS alert_mine ON alert (organization_id, assignee_id, severity_rank DESC, raised_at DESC, id DESC) INCLUDE (facility_id) WHERE is_open AND assignee_id IS NOT NULL;
CREATE INDEX IF NOT EXISTS alert_unassigned ON alert (organization_id, facility_id, severity_rank DESC, raised_at DESC, id DESC) WHERE is_open AND assignee_id IS NULL;
CREATE INDEX IF NOT EXISTS alert_snoozed ON alert (organization_id, facility_id, snoozed_until, id) WHERE is_open AND snoozed_until IS NOT NULL;
CREATE INDEX IF NOT EXISTS alert_open_of_patient ON alert (organization_id, patient_id, severity_rank DESC, raised_at DESC, id DESC) WHERE is_open AND patient_id IS NOT NULL;
CREATE UNIQUE INDEX IF NOT EXISTS alert_open_once ON alert (organization_id, dedupe_key) WHERE is_open AND dedupe_key IS NOT NULL;
-- Over all alerts, open or closed.
CREATE INDEX IF NOT EXISTS alert_of_patient ON alert (organization_id, patient_id, raised_at DESC, id DESC);
CREATE INDEX IF NOT EXISTS alert_closed ON alert (organization_id, facility_id, resolved_at DESC, id DESC) WHERE resolved_at IS NOT NULL;
CREATE UNIQUE INDEX IF NOT EXISTS alert_number_unique ON alert (organization_id, number);
CREATE INDEX IF NOT EXISTS alert_assignee ON alert (organization_id, assignee_id) WHERE assignee_id IS NOT NULL;
CALL kit.describe('alert', 'Something a person should look at now: raised by a rule, another system or by hand, and worked off in the queue.',
  'number', 'Number people say, shown as A-2331.', 'facility_id', 'Where it belongs; taken from the patient where it is not given. NULL means the whole organization.',
  'patient_id', 'Patient concerned, if any.', 'visit_id', 'Visit concerned, if any.', 'thread_id', 'Conversation concerned, if any.',
  'rule_execution_id', 'The run of the rule that raised it.', 'incident_id', 'Incident concerned, if any.',
  'type', 'Kind, such as BP_HIGH_TREND or MISSING_READING.', 'severity', 'INFO, WARNING, HIGH or CRITICAL; only a new occurrence changes it.', 'severity_rank', 'Severity as a number to sort by, 4 is CRITICAL.',
  'title', 'One line.', 'body', 'Why it was raised, in words.', 'payload', 'Evidence, as the source gave it.', 'status', 'ACTIVE, ACKNOWLEDGED, SNOOZED, RESOLVED or DISMISSED.',
  'is_open', 'Neither resolved, dismissed nor deleted.', 'assignee_id', 'Who takes care of it.', 'raised_at', 'When it was first raised.', 'last_seen_at', 'When it last occurred.',
  'seen_count', 'How often it occurred while open.', 'dedupe_key', 'Occurrences with the same key count up the open alert instead of raising another.', 'due_at', 'When it should be dealt with.',
  'acknowledged_at', 'When somebody took notice.', 'acknowledged_by_id', 'Who took notice. No foreign key, as for created_by_id.', 'ack_expires_at', 'When an acknowledgement without further action lapses.',
  'snoozed_until', 'When it returns by itself; kept when it is closed, so that this can be undone.', 'resolved_at', 'When it was resolved or dismissed.',
  'resolved_by_id', 'Who resolved or dismissed it. No foreign key, as for created_by_id.', 'reason_code', 'Why it was resolved or dismissed.', 'reason_text', 'Reason in words, of closing or reopening.',
  'previous_status', 'Status before the last move, for undo; kept by a trigger.',
  'previous_snoozed_until', 'Until when it was snoozed before the last move, for undo; kept by a trigger.', 'status_changed_at', 'When the status last changed; kept by a trigger.',
  'status_changed_by_id', 'Who last changed the status; kept by a trigger.');
CALL kit.tenant_table('alert');
DROP TRIGGER IF EXISTS alert_touch ON alert;  -- alert_guard does this too

-- The state machine of docs/domain.md, where no client can go around it. Refusals carry the name of the rule, like a constraint.
CREATE OR REPLACE FUNCTION kit.alert_refusal(rule text, message text) RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
  RAISE EXCEPTION '%', message USING ERRCODE = 'check_violation', CONSTRAINT = rule, TABLE = 'alert', SCHEMA = 'public';
END $$;
COMMENT ON FUNCTION kit.alert_refusal IS 'Refuses a move of an alert under the name of a rule.';

CREATE OR REPLACE FUNCTION kit.alert_guard() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
  acting text := ctx.role();    -- NULL: maintenance by the owner, which the shape of the machine still binds
  actor uuid := ctx.actor();
  holder boolean;
  escalated boolean;
BEGIN
  IF TG_OP = 'INSERT' THEN
    IF NEW.facility_id IS NULL AND NEW.patient_id IS NOT NULL THEN
      SELECT p.facility_id INTO NEW.facility_id FROM public.patient AS p WHERE p.organization_id = NEW.organization_id AND p.id = NEW.patient_id;
    END IF;
    IF current_user = 'almoner_app' AND NEW.status <> 'ACTIVE' THEN
      PERFORM kit.alert_refusal('alert_begins_active', 'an alert begins as ACTIVE');
    END IF;
    NEW.previous_status := NULL;
    NEW.status_changed_by_id := actor;
    RETURN NEW;
  END IF;

  NEW.updated_at := now();
  NEW.row_version := OLD.row_version + 1;
  escalated := NEW.severity <> OLD.severity;
  IF escalated AND acting <> 'SERVICE' THEN
    PERFORM kit.alert_refusal('alert_severity_fixed', 'only a new occurrence changes the severity of an alert');
  END IF;

  IF NEW.status = OLD.status THEN
    IF NEW.snoozed_until IS DISTINCT FROM OLD.snoozed_until THEN
      PERFORM kit.alert_refusal('alert_transition', 'a snooze is not prolonged: end it and snooze again');
    END IF;
    IF NEW.status = 'ACKNOWLEDGED' AND NEW.acknowledged_by_id IS DISTINCT FROM OLD.acknowledged_by_id THEN
      PERFORM kit.alert_refusal('alert_transition', 'somebody else has acknowledged this alert');
    END IF;
    NEW.previous_status := OLD.previous_status;
    NEW.previous_snoozed_until := OLD.previous_snoozed_until;
    NEW.status_changed_at := OLD.status_changed_at;
    NEW.status_changed_by_id := OLD.status_changed_by_id;
    RETURN NEW;
  END IF;

  NEW.status_changed_at := clock_timestamp();
  NEW.status_changed_by_id := actor;
  NEW.previous_status := OLD.status;
  NEW.previous_snoozed_until := OLD.snoozed_until;

  -- Undo: the same person goes back one step, at once. The page offers 10 seconds; the rest is the way there and back.
  IF NEW.status = OLD.previous_status AND OLD.status_changed_by_id = actor AND clock_timestamp() <= OLD.status_changed_at + INTERVAL '15 seconds'
     AND NEW.snoozed_until IS NOT DISTINCT FROM (CASE WHEN NEW.status = 'SNOOZED' THEN coalesce(OLD.snoozed_until, OLD.previous_snoozed_until)
                                                      WHEN NEW.status IN ('RESOLVED', 'DISMISSED') THEN OLD.previous_snoozed_until END) THEN
    NEW.previous_status := NULL;   -- an undo cannot be undone
    RETURN NEW;
  END IF;

  holder := coalesce(actor IN (OLD.assignee_id, OLD.acknowledged_by_id, OLD.status_changed_by_id), false);  -- NULL would be no refusal
  CASE OLD.status || '>' || NEW.status
    WHEN 'ACTIVE>ACKNOWLEDGED' THEN
      IF acting NOT IN ('CLINICIAN', 'MEDICAL_ASSISTANT', 'MANAGER') AND NOT (acting = 'CARER' AND OLD.assignee_id IS NOT DISTINCT FROM actor) THEN
        PERFORM kit.alert_refusal('alert_transition_role', 'this role may not acknowledge the alert');
      END IF;
    WHEN 'ACTIVE>SNOOZED', 'ACKNOWLEDGED>SNOOZED' THEN
      IF acting NOT IN ('CLINICIAN', 'MEDICAL_ASSISTANT', 'MANAGER') THEN
        PERFORM kit.alert_refusal('alert_transition_role', 'this role may not snooze the alert');
      END IF;
      IF NEW.snoozed_until <= now() THEN
        PERFORM kit.alert_refusal('alert_snooze_ahead', 'a snooze ends in the future');
      END IF;
      IF NEW.severity = 'CRITICAL' AND NEW.snoozed_until > now() + INTERVAL '1 hour' THEN
        PERFORM kit.alert_refusal('alert_snooze_critical', 'a critical alert is snoozed for an hour at most');
      END IF;
    WHEN 'SNOOZED>ACTIVE' THEN
      IF NOT (acting = 'SERVICE' AND (OLD.snoozed_until <= clock_timestamp() OR escalated)) AND NOT holder AND acting IS NOT NULL THEN
        PERFORM kit.alert_refusal('alert_transition_role', 'only the timer or whoever holds the alert ends the snooze');
      END IF;
    WHEN 'ACKNOWLEDGED>ACTIVE' THEN
      IF NOT (acting = 'SERVICE' AND (coalesce(OLD.ack_expires_at <= clock_timestamp(), false) OR escalated)) AND NOT holder AND acting IS NOT NULL THEN
        PERFORM kit.alert_refusal('alert_transition_role', 'only the timer or whoever holds the alert takes the acknowledgement back');
      END IF;
    WHEN 'ACTIVE>RESOLVED', 'ACKNOWLEDGED>RESOLVED', 'SNOOZED>RESOLVED' THEN
      IF acting <> 'CLINICIAN' AND NOT (acting = 'MEDICAL_ASSISTANT' AND OLD.severity IN ('INFO', 'WARNING')) THEN
        PERFORM kit.alert_refusal('alert_transition_role', 'a clinician resolves alerts; a medical assistant those of severity INFO and WARNING');
      END IF;
    WHEN 'ACTIVE>DISMISSED', 'ACKNOWLEDGED>DISMISSED', 'SNOOZED>DISMISSED' THEN
      IF acting <> 'CLINICIAN' THEN
        PERFORM kit.alert_refusal('alert_transition_role', 'only a clinician dismisses alerts');
      END IF;
    WHEN 'RESOLVED>ACTIVE', 'DISMISSED>ACTIVE' THEN
      IF acting <> 'CLINICIAN' THEN
        PERFORM kit.alert_refusal('alert_transition_role', 'only a clinician reopens alerts');
      END IF;
      IF btrim(coalesce(NEW.reason_text, '')) = '' OR NEW.reason_text IS NOT DISTINCT FROM OLD.reason_text THEN
        PERFORM kit.alert_refusal('alert_reopen_reason', 'reopening needs a reason of its own');
      END IF;
    ELSE
      PERFORM kit.alert_refusal('alert_transition', format('an alert does not go from %s to %s', OLD.status, NEW.status));
  END CASE;
  RETURN NEW;
END $$;
COMMENT ON FUNCTION kit.alert_guard() IS 'State machine of alerts: which moves there are, who may make them, and undo.';
CREATE OR REPLACE TRIGGER alert_guard BEFORE INSERT OR UPDATE ON alert FOR EACH ROW EXECUTE FUNCTION kit.alert_guard();

DROP POLICY IF EXISTS clinical_reads ON alert;
CREATE POLICY clinical_reads ON alert FOR SELECT TO almoner_app
  USING ((SELECT ctx.role() IN ('CLINICIAN', 'MEDICAL_ASSISTANT', 'CARER', 'MANAGER')) AND (facility_id = ANY ((SELECT ctx.facilities())::uuid[]) OR (SELECT ctx.everywhere())));
DROP POLICY IF EXISTS oversight_reads ON alert;
CREATE POLICY oversight_reads ON alert FOR SELECT TO almoner_app USING ((SELECT ctx.role() IN ('OWNER', 'COMPLIANCE')));
DROP POLICY IF EXISTS clinical_adds ON alert;
CREATE POLICY clinical_adds ON alert FOR INSERT TO almoner_app
  WITH CHECK ((SELECT ctx.role() IN ('CLINICIAN', 'MEDICAL_ASSISTANT', 'MANAGER')) AND (facility_id = ANY ((SELECT ctx.facilities())::uuid[]) OR (SELECT ctx.everywhere())));
DROP POLICY IF EXISTS clinical_changes ON alert;
CREATE POLICY clinical_changes ON alert FOR UPDATE TO almoner_app
  USING ((SELECT ctx.role() IN ('CLINICIAN', 'MEDICAL_ASSISTANT', 'MANAGER')) AND (facility_id = ANY ((SELECT ctx.facilities())::uuid[]) OR (SELECT ctx.everywhere())))
  WITH CHECK ((SELECT ctx.role() IN ('CLINICIAN', 'MEDICAL_ASSISTANT', 'MANAGER')) AND (facility_id = ANY ((SELECT ctx.facilities())::uuid[]) OR (SELECT ctx.everywhere())));
DROP POLICY IF EXISTS carer_changes_assigned ON alert;
CREATE POLICY carer_changes_assigned ON alert FOR UPDATE TO almoner_app
  USING ((SELECT ctx.role() = 'CARER') AND assignee_id = (SELECT ctx.actor()) AND (facility_id = ANY ((SELECT ctx.facilities())::uuid[]) OR (SELECT ctx.everywhere())))
  WITH CHECK ((SELECT ctx.role() = 'CARER') AND assignee_id = (SELECT ctx.actor()) AND (facility_id = ANY ((SELECT ctx.facilities())::uuid[]) OR (SELECT ctx.everywhere())));
-- What was raised stays as it was raised: only these columns may change.
GRANT SELECT, INSERT ON alert TO almoner_app;
GRANT UPDATE (status, assignee_id, due_at, seen_count, last_seen_at, acknowledged_at, acknowledged_by_id, ack_expires_at, snoozed_until, resolved_at, resolved_by_id, reason_code,
              reason_text, deleted_at, deleted_by_id) ON alert TO almoner_app;

CREATE TABLE IF NOT EXISTS comment (
  organization_id uuid NOT NULL CONSTRAINT comment_organization_fk REFERENCES organization ON DELETE RESTRICT,
  id              uuid NOT NULL,
  subject_kind    text NOT NULL CONSTRAINT comment_subject_kind_known CHECK (subject_kind IN ('alert', 'case', 'incident', 'referral')),
  subject_id      uuid NOT NULL,
  facility_id     uuid,
  patient_id      uuid,
  author_id       uuid NOT NULL,
  body_enc        bytea NOT NULL,
  created_at      timestamptz NOT NULL DEFAULT now(),
  updated_at      timestamptz NOT NULL DEFAULT now(),
  created_by_id   uuid,
  deleted_at      timestamptz,
  deleted_by_id   uuid,
  is_deleted      boolean GENERATED ALWAYS AS (deleted_at IS NOT NULL) STORED,
  row_version     bigint NOT NULL DEFAULT 1,
  PRIMARY KEY (organization_id, id),
  CONSTRAINT comment_facility_fk FOREIGN KEY (organization_id, facility_id) REFERENCES facility ON DELETE RESTRICT,
  CONSTRAINT comment_patient_fk FOREIGN KEY (organization_id, patient_id) REFERENCES patient ON DELETE RESTRICT,
  CONSTRAINT comment_author_fk FOREIGN KEY (organization_id, author_id) REFERENCES app_user ON DELETE RESTRICT
);
CREATE INDEX IF NOT EXISTS comment_subject ON comment (organization_id, subject_id, created_at);
CREATE INDEX IF NOT EXISTS comment_facility ON comment (organization_id, facility_id);
CREATE INDEX IF NOT EXISTS comment_patient ON comment (organization_id, patient_id);
CREATE INDEX IF NOT EXISTS comment_author ON comment (organization_id, author_id);
CALL kit.describe('comment', 'What staff wrote to each other about an alert, case, incident or referral.',
  'subject_kind', 'alert, case, incident or referral.', 'subject_id', 'The record commented on.', 'facility_id', 'Facility of that record; decides who may read.', 'patient_id', 'Patient of that record, if any.',
  'author_id', 'Who wrote it.', 'body_enc', 'The text, encrypted.');
CALL kit.tenant_table('comment');
DROP POLICY IF EXISTS alert_seen_reads ON comment;
CREATE POLICY alert_seen_reads ON comment FOR SELECT TO almoner_app
  USING (subject_kind = 'alert' AND EXISTS (SELECT 1 FROM alert AS a WHERE a.organization_id = comment.organization_id AND a.id = comment.subject_id));
DROP POLICY IF EXISTS alert_seen_adds ON comment;
CREATE POLICY alert_seen_adds ON comment FOR INSERT TO almoner_app
  WITH CHECK (subject_kind = 'alert' AND author_id = (SELECT ctx.actor()) AND (SELECT ctx.role() IN ('CLINICIAN', 'MEDICAL_ASSISTANT', 'CARER', 'MANAGER'))
              AND EXISTS (SELECT 1 FROM alert AS a WHERE a.organization_id = comment.organization_id AND a.id = comment.subject_id));
DROP POLICY IF EXISTS author_changes ON comment;
CREATE POLICY author_changes ON comment FOR UPDATE TO almoner_app USING (author_id = (SELECT ctx.actor())) WITH CHECK (author_id = (SELECT ctx.actor()));
GRANT SELECT, INSERT ON comment TO almoner_app;
GRANT UPDATE (body_enc, deleted_at, deleted_by_id) ON comment TO almoner_app;

CREATE TABLE IF NOT EXISTS saved_view (
  organization_id uuid NOT NULL CONSTRAINT saved_view_organization_fk REFERENCES organization ON DELETE RESTRICT,
  id              uuid NOT NULL,
  user_id         uuid NOT NULL,
  facility_id     uuid,
  page            text NOT NULL CONSTRAINT saved_view_page_shape CHECK (page ~ '^[a-z][a-z_]{1,63}$'),
  name            text NOT NULL CONSTRAINT saved_view_name_present CHECK (btrim(name) <> '' AND char_length(name) <= 80),
  query           text NOT NULL CONSTRAINT saved_view_query_length CHECK (char_length(query) <= 2000),
  shared          boolean NOT NULL DEFAULT false,
  is_default      boolean NOT NULL DEFAULT false,
  created_at      timestamptz NOT NULL DEFAULT now(),
  updated_at      timestamptz NOT NULL DEFAULT now(),
  created_by_id   uuid,
  deleted_at      timestamptz,
  deleted_by_id   uuid,
  is_deleted      boolean GENERATED ALWAYS AS (deleted_at IS NOT NULL) STORED,
  row_version     bigint NOT NULL DEFAULT 1,
  PRIMARY KEY (organization_id, id),
  CONSTRAINT saved_view_user_fk FOREIGN KEY (organization_id, user_id) REFERENCES app_user ON DELETE RESTRICT,
  CONSTRAINT saved_view_facility_fk FOREIGN KEY (organization_id, facility_id) REFERENCES facility ON DELETE RESTRICT
);
CREATE UNIQUE INDEX IF NOT EXISTS saved_view_name_unique ON saved_view (organization_id, user_id, page, lower(name)) WHERE deleted_at IS NULL;
CREATE UNIQUE INDEX IF NOT EXISTS saved_view_default_once ON saved_view (organization_id, user_id, page) WHERE is_default AND deleted_at IS NULL;
CREATE INDEX IF NOT EXISTS saved_view_shared ON saved_view (organization_id, page) WHERE shared AND deleted_at IS NULL;
CREATE INDEX IF NOT EXISTS saved_view_facility ON saved_view (organization_id, facility_id);
CALL kit.describe('saved_view', 'A list with its filters and order, under a name; for its owner or shared with the team.',
  'user_id', 'Who saved it.', 'facility_id', 'Team it is shared with; NULL means everybody.', 'page', 'The list, such as alerts.', 'name', 'Name on the tab.', 'query', 'Query string of the list.',
  'shared', 'Whether colleagues see it too.', 'is_default', 'Whether the list opens with it for its owner.');
CALL kit.tenant_table('saved_view');
DROP POLICY IF EXISTS person_reads ON saved_view;
CREATE POLICY person_reads ON saved_view FOR SELECT TO almoner_app
  USING (user_id = (SELECT ctx.actor())
         OR (shared AND (SELECT ctx.role() <> 'PATIENT') AND (facility_id IS NULL OR (facility_id = ANY ((SELECT ctx.facilities())::uuid[]) OR (SELECT ctx.everywhere())))));
DROP POLICY IF EXISTS person_adds_own ON saved_view;
CREATE POLICY person_adds_own ON saved_view FOR INSERT TO almoner_app WITH CHECK (user_id = (SELECT ctx.actor()) AND (facility_id IS NULL OR (facility_id = ANY ((SELECT ctx.facilities())::uuid[]) OR (SELECT ctx.everywhere()))));
DROP POLICY IF EXISTS person_changes_own ON saved_view;
CREATE POLICY person_changes_own ON saved_view FOR UPDATE TO almoner_app
  USING (user_id = (SELECT ctx.actor())) WITH CHECK (user_id = (SELECT ctx.actor()) AND (facility_id IS NULL OR (facility_id = ANY ((SELECT ctx.facilities())::uuid[]) OR (SELECT ctx.everywhere()))));
GRANT SELECT, INSERT, UPDATE ON saved_view TO almoner_app;

-- The only door for other systems. Context: '<organization>|<service account>|SERVICE|*', role almoner_ingest, which has no rights on any table of
-- records. A message acts once however often it is sent; an occurrence of something that is already open counts up.
CREATE SCHEMA IF NOT EXISTS ingest;
COMMENT ON SCHEMA ingest IS 'What other systems may do.';
GRANT USAGE ON SCHEMA ingest TO almoner_ingest;
CREATE OR REPLACE FUNCTION ingest.raise_alert(
  message_id text, new_id uuid, type text, severity text, title text,
  body text DEFAULT '', payload jsonb DEFAULT '{}', patient_id uuid DEFAULT NULL, record_number_bidx bytea DEFAULT NULL, facility_id uuid DEFAULT NULL,
  dedupe_key text DEFAULT NULL, due_at timestamptz DEFAULT NULL, request_id uuid DEFAULT NULL, ip_address inet DEFAULT NULL,
  OUT alert_id uuid, OUT is_new boolean, OUT is_repeat boolean)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
#variable_conflict use_variable
DECLARE
  org CONSTANT uuid := ctx.organization();
  caller CONSTANT uuid := ctx.actor();
  account public.service_account;
  about uuid := patient_id;
  place uuid := facility_id;
  before public.alert;
  ranks CONSTANT text[] := ARRAY['INFO', 'WARNING', 'HIGH', 'CRITICAL'];
  higher boolean;
  attempt int := 0;
BEGIN
  SELECT s.* INTO account FROM public.service_account AS s
  WHERE s.organization_id = org AND s.id = caller AND s.revoked_at IS NULL AND s.deleted_at IS NULL AND (s.expires_at IS NULL OR s.expires_at > now());
  IF NOT FOUND OR ctx.role() <> 'SERVICE' OR NOT 'alerts_ingest' = ANY (account.scopes) THEN
    RAISE EXCEPTION 'this service account may not raise alerts' USING ERRCODE = 'insufficient_privilege';
  END IF;

  -- A second copy of the message waits here for the first to commit, then finds its receipt.
  INSERT INTO public.ingest_receipt (organization_id, service_account_id, message_id, result_id) VALUES (org, caller, message_id, new_id)
  ON CONFLICT DO NOTHING;
  IF NOT FOUND THEN
    SELECT r.result_id, r.result_is_new, true INTO alert_id, is_new, is_repeat FROM public.ingest_receipt AS r
    WHERE r.organization_id = org AND r.service_account_id = caller AND r.message_id = raise_alert.message_id;
    RETURN;
  END IF;
  is_repeat := false;

  IF record_number_bidx IS NOT NULL OR about IS NOT NULL THEN
    SELECT p.id, coalesce(place, p.facility_id) INTO about, place FROM public.patient AS p
    WHERE p.organization_id = org AND p.deleted_at IS NULL
      AND (account.facility_id IS NULL OR p.facility_id = account.facility_id)
      AND (p.id = raise_alert.patient_id OR (raise_alert.patient_id IS NULL AND p.medical_record_number_bidx = record_number_bidx));
    IF NOT FOUND THEN
      RAISE EXCEPTION 'no such patient' USING ERRCODE = 'foreign_key_violation', CONSTRAINT = 'alert_patient_fk', TABLE = 'alert';
    END IF;
  END IF;
  IF account.facility_id IS NOT NULL THEN
    place := coalesce(place, account.facility_id);
    IF place <> account.facility_id THEN
      RAISE EXCEPTION 'this service account may not raise alerts there' USING ERRCODE = 'insufficient_privilege';
    END IF;
  END IF;

  -- Either count up the open alert, locked so that nobody closes it meanwhile, or raise one; whoever loses the race to raise counts up.
  LOOP
    attempt := attempt + 1;
    before := NULL;
    IF dedupe_key IS NOT NULL THEN
      SELECT a.* INTO before FROM public.alert AS a
      WHERE a.organization_id = org AND a.dedupe_key = raise_alert.dedupe_key AND a.is_open FOR UPDATE;
    END IF;
    IF before.id IS NOT NULL THEN
      -- One person's readings never end up on another's alert, whatever the sender makes of its keys.
      IF before.patient_id IS DISTINCT FROM about OR (account.facility_id IS NOT NULL AND before.facility_id IS DISTINCT FROM account.facility_id) THEN
        RAISE EXCEPTION 'an open alert about something else has this key' USING ERRCODE = 'unique_violation', CONSTRAINT = 'alert_open_once', TABLE = 'alert';
      END IF;
      EXIT;
    END IF;
    INSERT INTO public.alert (organization_id, id, facility_id, patient_id, type, severity, title, body, payload, dedupe_key, due_at, created_by_id)
    VALUES (org, new_id, place, about, type, severity, title, body, payload, dedupe_key, due_at, caller)
    ON CONFLICT DO NOTHING;
    IF FOUND THEN
      alert_id := new_id; is_new := true;
      INSERT INTO public.status_change (organization_id, subject_kind, subject_id, patient_id, facility_id, to_status, changed_by_id)
      VALUES (org, 'alert', alert_id, about, place, 'ACTIVE', caller);
      INSERT INTO public.audit_event (organization_id, actor_kind, actor_id, acting_role, action, resource_type, resource_id, patient_id, facility_id, request_id, ip_address)
      VALUES (org, 'SERVICE', caller, 'SERVICE', 'CREATE', 'alert', alert_id, about, place, request_id, ip_address);
      RETURN;
    END IF;
    IF attempt > 5 THEN
      RAISE EXCEPTION 'too many callers raise this alert at once' USING ERRCODE = 'serialization_failure';
    END IF;
  END LOOP;

  -- The worse of the two severities counts; an alert that has become worse is new to whoever acknowledged or snoozed it.
  higher := coalesce(array_position(ranks, severity), 0) > array_position(ranks, before.severity);
  alert_id := before.id; is_new := false;
  UPDATE public.alert AS a SET
    seen_count = a.seen_count + 1, last_seen_at = now(), payload = raise_alert.payload, body = CASE WHEN raise_alert.body = '' THEN a.body ELSE raise_alert.body END,
    severity = CASE WHEN higher THEN raise_alert.severity ELSE a.severity END,
    status = CASE WHEN higher THEN 'ACTIVE' ELSE a.status END,
    snoozed_until = CASE WHEN higher THEN NULL ELSE a.snoozed_until END,
    ack_expires_at = CASE WHEN higher THEN NULL ELSE a.ack_expires_at END
  WHERE a.organization_id = org AND a.id = before.id;
  UPDATE public.ingest_receipt AS r SET result_id = before.id, result_is_new = false
  WHERE r.organization_id = org AND r.service_account_id = caller AND r.message_id = raise_alert.message_id;
  IF higher AND before.status <> 'ACTIVE' THEN
    INSERT INTO public.status_change (organization_id, subject_kind, subject_id, patient_id, facility_id, from_status, to_status, reason, changed_by_id)
    VALUES (org, 'alert', alert_id, before.patient_id, before.facility_id, before.status, 'ACTIVE', 'Severity rose to ' || severity, caller);
  END IF;
  INSERT INTO public.audit_event (organization_id, actor_kind, actor_id, acting_role, action, resource_type, resource_id, patient_id, facility_id, details, request_id, ip_address)
  VALUES (org, 'SERVICE', caller, 'SERVICE', 'UPDATE', 'alert', alert_id, before.patient_id, before.facility_id,
          jsonb_build_object('seen_count', before.seen_count + 1, 'escalated', higher), request_id, ip_address);
END $$;
COMMENT ON FUNCTION ingest.raise_alert IS 'Raises an alert or counts up the open one with the same dedupe_key; a repeated message_id acts once and answers as before.';
REVOKE ALL ON FUNCTION ingest.raise_alert FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ingest.raise_alert TO almoner_ingest;

RESET ROLE;
