-- What happened, who did it and who saw it. Written in the transaction it records; never changed afterwards.
SET LOCAL ROLE almoner_owner;
SET LOCAL client_min_messages = warning;  -- DROP POLICY IF EXISTS has much to say

-- Every page view of a patient's data is a row here: as few indexes as possible, each of them growing at its right-hand end, and no foreign key to
-- the organization: its check locks that one row for every view of every page (4 to 10 % of the write rate, measured). The wall names the organization.
CREATE TABLE IF NOT EXISTS audit_event (
  organization_id uuid NOT NULL,
  seq             bigint GENERATED ALWAYS AS IDENTITY (CACHE 32),
  id              uuid NOT NULL DEFAULT gen_random_uuid(),
  at              timestamptz NOT NULL DEFAULT clock_timestamp(),
  xid             xid8 NOT NULL DEFAULT pg_current_xact_id(),
  actor_kind      text NOT NULL CONSTRAINT audit_event_actor_kind_known CHECK (actor_kind IN ('USER', 'SERVICE', 'SYSTEM', 'ANONYMOUS')),
  actor_id        uuid,
  acting_role     text,
  action          text NOT NULL CONSTRAINT audit_event_action_shape CHECK (action ~ '^[A-Z][A-Z_]{1,63}$'),
  resource_type   text NOT NULL CONSTRAINT audit_event_resource_type_shape CHECK (resource_type ~ '^[a-z][a-z_]{1,63}$'),
  resource_id     uuid,
  patient_id      uuid,
  patient_ids     uuid[],
  facility_id     uuid,
  changes         jsonb,
  details         jsonb,
  ip_address      inet,
  user_agent      text,
  request_id      uuid,
  session_id      uuid,
  break_glass_id  uuid,
  PRIMARY KEY (organization_id, seq),
  CONSTRAINT audit_event_actor_named CHECK (actor_kind IN ('SYSTEM', 'ANONYMOUS') OR actor_id IS NOT NULL)
) WITH (fillfactor = 100, autovacuum_vacuum_insert_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.05, autovacuum_freeze_min_age = 10000000);
CREATE INDEX IF NOT EXISTS audit_event_patient ON audit_event (organization_id, patient_id, seq) WHERE patient_id IS NOT NULL;
CREATE INDEX IF NOT EXISTS audit_event_resource ON audit_event (organization_id, resource_id, seq) WHERE resource_id IS NOT NULL AND action <> 'VIEW';
CREATE INDEX IF NOT EXISTS audit_event_live ON audit_event (xid) WHERE action <> 'VIEW';
CALL kit.describe('audit_event', 'Append-only record of every change and of every view of a patient''s data.',
  'seq', 'Order of writing; gaps and small inversions between transactions are normal. Sort and page by it.',
  'at', 'When it happened, by the clock rather than the start of the transaction.', 'xid', 'Transaction that wrote it; live updates read by it, see live.changes.',
  'actor_kind', 'USER, SERVICE, SYSTEM or ANONYMOUS.', 'actor_id', 'Person or service account.', 'acting_role', 'Role the person acted in.',
  'action', 'VIEW, CREATE, UPDATE, DELETE, CREATED, ASSIGNED, STATUS_CHANGED, COMMENTED, LOGIN, LOGIN_FAILED, EXPORT, PRINT, SIGN, BREAK_GLASS, PERMISSION_CHANGE and more.',
  'resource_type', 'Kind of record, such as alert or patient.', 'resource_id', 'The record; NULL for lists.', 'patient_id', 'The patient whose data it was.',
  'patient_ids', 'Patients shown together on a list; audit_patient finds them.', 'facility_id', 'Facility it belongs to; NULL means the whole organization.',
  'changes', 'Fields before and after, encrypted ones as "changed" only.', 'details', 'What else is needed to understand it, such as the filter of a list.',
  'ip_address', 'Address of the request.', 'user_agent', 'Browser of the request.', 'request_id', 'Request, as in the log.', 'session_id', 'Session of the person.',
  'break_glass_id', 'The emergency access under which it was possible.');
CALL kit.tenant_table('audit_event', append_only => true);
DROP POLICY IF EXISTS live_reads ON audit_event;
CREATE POLICY live_reads ON audit_event FOR SELECT TO almoner_owner USING (true);  -- only live.changes runs as the owner
DROP POLICY IF EXISTS actor_adds ON audit_event;
CREATE POLICY actor_adds ON audit_event FOR INSERT TO almoner_app
  WITH CHECK (actor_kind = 'USER' AND actor_id = (SELECT ctx.actor()) AND acting_role = (SELECT ctx.role()));
DROP POLICY IF EXISTS auth_adds ON audit_event;
CREATE POLICY auth_adds ON audit_event FOR INSERT TO almoner_auth WITH CHECK (patient_id IS NULL AND patient_ids IS NULL);
DROP POLICY IF EXISTS oversight_reads ON audit_event;
CREATE POLICY oversight_reads ON audit_event FOR SELECT TO almoner_app USING ((SELECT ctx.role() IN ('COMPLIANCE', 'OWNER')));
DROP POLICY IF EXISTS manager_reads_homes ON audit_event;
CREATE POLICY manager_reads_homes ON audit_event FOR SELECT TO almoner_app
  USING ((SELECT ctx.role() = 'MANAGER') AND (facility_id = ANY ((SELECT ctx.facilities())::uuid[]) OR (SELECT ctx.everywhere())));
DROP POLICY IF EXISTS admin_reads_no_patients ON audit_event;
CREATE POLICY admin_reads_no_patients ON audit_event FOR SELECT TO almoner_app
  USING ((SELECT ctx.role() = 'ADMIN') AND patient_id IS NULL AND patient_ids IS NULL
         AND resource_type IN ('organization', 'facility', 'app_user', 'membership', 'session', 'user_session', 'user_token', 'service_account', 'job', 'portal_account'));
DROP POLICY IF EXISTS staff_reads_own ON audit_event;
CREATE POLICY staff_reads_own ON audit_event FOR SELECT TO almoner_app USING (actor_id = (SELECT ctx.actor()));
GRANT SELECT, INSERT ON audit_event TO almoner_app;
GRANT INSERT ON audit_event TO almoner_auth;

CREATE TABLE IF NOT EXISTS audit_segment (
  organization_id uuid NOT NULL CONSTRAINT audit_segment_organization_fk REFERENCES organization ON DELETE RESTRICT,
  number          bigint NOT NULL,
  first_seq       bigint NOT NULL,
  last_seq        bigint NOT NULL,
  event_count     integer NOT NULL,
  prev_hash       bytea NOT NULL,
  hash            bytea NOT NULL,
  sealed_at       timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (organization_id, number),
  CONSTRAINT audit_segment_in_order CHECK (number > 0 AND first_seq <= last_seq AND event_count > 0)
);
CALL kit.describe('audit_segment', 'A sealed stretch of the audit: the hash of its events and of the segment before it.',
  'number', 'Counts up from 1 in each organization.', 'first_seq', 'First event of the segment.', 'last_seq', 'Last event of the segment.', 'event_count', 'Number of events in it.',
  'prev_hash', 'Hash of the segment before.', 'hash', 'SHA-256 over prev_hash and the events.', 'sealed_at', 'When the sealer job wrote it.');
CALL kit.tenant_table('audit_segment', append_only => true);
DROP POLICY IF EXISTS oversight_reads ON audit_segment;
CREATE POLICY oversight_reads ON audit_segment FOR SELECT TO almoner_app USING ((SELECT ctx.role() IN ('COMPLIANCE', 'OWNER', 'ADMIN')));
GRANT SELECT ON audit_segment TO almoner_app;

CREATE TABLE IF NOT EXISTS audit_patient (
  organization_id uuid NOT NULL,
  patient_id      uuid NOT NULL,
  seq             bigint NOT NULL,
  PRIMARY KEY (organization_id, patient_id, seq),
  CONSTRAINT audit_patient_event_fk FOREIGN KEY (organization_id, seq) REFERENCES audit_event ON DELETE RESTRICT
) WITH (autovacuum_vacuum_insert_scale_factor = 0.05);
CREATE INDEX IF NOT EXISTS audit_patient_event ON audit_patient (organization_id, seq);
CALL kit.describe('audit_patient', 'Finds the list views that showed a patient; filled from audit_event.patient_ids by a job, off the hot path.',
  'patient_id', 'The patient who was shown.', 'seq', 'The event.');
CALL kit.tenant_table('audit_patient', append_only => true);
DROP POLICY IF EXISTS oversight_reads ON audit_patient;
CREATE POLICY oversight_reads ON audit_patient FOR SELECT TO almoner_app USING ((SELECT ctx.role() IN ('COMPLIANCE', 'OWNER')));
GRANT SELECT ON audit_patient TO almoner_app;

CREATE TABLE IF NOT EXISTS status_change (
  organization_id uuid NOT NULL,  -- no foreign key, as for audit_event
  id              uuid NOT NULL DEFAULT gen_random_uuid(),
  subject_kind    text NOT NULL CONSTRAINT status_change_subject_kind_shape CHECK (subject_kind ~ '^[a-z][a-z_]{1,63}$'),
  subject_id      uuid NOT NULL,
  patient_id      uuid,
  facility_id     uuid,
  from_status     text,
  to_status       text NOT NULL,
  reason          text,
  changed_by_id   uuid,
  at              timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (organization_id, id)
) WITH (autovacuum_vacuum_insert_scale_factor = 0.05);
CREATE INDEX IF NOT EXISTS status_change_subject ON status_change (organization_id, subject_id, at);
CALL kit.describe('status_change', 'Append-only history of states: one row for every move of an alert, patient, visit, case and so on.',
  'subject_kind', 'Kind of record, such as alert.', 'subject_id', 'The record.', 'patient_id', 'Patient concerned, if any.',
  'from_status', 'State before; NULL when the record was made.', 'to_status', 'State after.', 'reason', 'Reason, where the move needs one.',
  'changed_by_id', 'Person or service account; NULL for a timer.', 'at', 'When, by the clock.');
CALL kit.tenant_table('status_change', append_only => true);
DROP POLICY IF EXISTS oversight_reads ON status_change;
CREATE POLICY oversight_reads ON status_change FOR SELECT TO almoner_app USING ((SELECT ctx.role() IN ('COMPLIANCE', 'OWNER')));
DROP POLICY IF EXISTS clinical_reads ON status_change;
CREATE POLICY clinical_reads ON status_change FOR SELECT TO almoner_app
  USING ((SELECT ctx.role() IN ('CLINICIAN', 'MEDICAL_ASSISTANT', 'CARER', 'MANAGER'))
         AND (facility_id = ANY ((SELECT ctx.facilities())::uuid[]) OR (SELECT ctx.everywhere())));
DROP POLICY IF EXISTS clinical_adds ON status_change;
CREATE POLICY clinical_adds ON status_change FOR INSERT TO almoner_app
  WITH CHECK (changed_by_id = (SELECT ctx.actor()) AND (SELECT ctx.role() IN ('CLINICIAN', 'MEDICAL_ASSISTANT', 'CARER', 'MANAGER'))
              AND (facility_id IS NULL OR facility_id = ANY ((SELECT ctx.facilities())::uuid[]) OR (SELECT ctx.everywhere())));
DROP POLICY IF EXISTS admin_adds ON status_change;
CREATE POLICY admin_adds ON status_change FOR INSERT TO almoner_app
  WITH CHECK (changed_by_id = (SELECT ctx.actor()) AND (SELECT ctx.role() = 'ADMIN')
              AND subject_kind IN ('app_user', 'membership', 'portal_account', 'service_account'));
GRANT SELECT, INSERT ON status_change TO almoner_app;

-- live: which fragments of which pages are out of date. Ids only; the browser then asks as itself.
CREATE SCHEMA IF NOT EXISTS live;
COMMENT ON SCHEMA live IS 'What changed since a watermark, for the push of live updates.';
GRANT USAGE ON SCHEMA live TO almoner_worker;

-- Transaction ids rather than seq: a transaction that commits late must not be skipped because a later one was read first.
-- Everything below pg_snapshot_xmin has ended, so nothing can appear behind the watermark.
CREATE OR REPLACE FUNCTION live.changes(since bigint)
RETURNS TABLE (next bigint, organization_id uuid, facility_id uuid, patient_id uuid, resource_type text, resource_id uuid, action text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
  SELECT w.next::text::bigint, e.organization_id, e.facility_id, e.patient_id, e.resource_type, e.resource_id, e.action
  FROM (SELECT pg_snapshot_xmin(pg_current_snapshot()) AS next) AS w
  LEFT JOIN public.audit_event AS e
    ON e.action <> 'VIEW' AND e.xid >= since::text::xid8 AND e.xid < w.next
   AND e.action NOT IN ('LOGIN', 'LOGIN_FAILED', 'EXPORT', 'PRINT')
$$;
COMMENT ON FUNCTION live.changes IS 'Changes committed since the watermark, across organizations, and the next watermark. Always answers one row at least; resource_type is NULL in a row that only carries the watermark. live.changes(9223372036854775807) answers just the watermark.';
REVOKE ALL ON FUNCTION live.changes FROM PUBLIC;
GRANT EXECUTE ON FUNCTION live.changes TO almoner_worker;

RESET ROLE;
