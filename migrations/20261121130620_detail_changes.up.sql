-- Changes of a record that the patient, or somebody who acts for them, asks for; and access that a patient ends.
SET LOCAL ROLE almoner_owner;
SET LOCAL client_min_messages = warning;  -- DROP POLICY IF EXISTS has much to say

CREATE TABLE IF NOT EXISTS detail_change (
  organization_id uuid NOT NULL,
  id              uuid NOT NULL,
  patient_id      uuid NOT NULL,
  field           text NOT NULL CONSTRAINT detail_change_field_known
                    CHECK (field IN ('PREFERRED_NAME', 'PHONE', 'EMAIL', 'ADDRESS', 'LANGUAGE', 'CONTACT_ADD', 'CONTACT_CHANGE', 'CONTACT_REMOVE')),
  contact_id      uuid,
  asked_enc       bytea NOT NULL,
  status          text NOT NULL DEFAULT 'WAITING' CONSTRAINT detail_change_status_known CHECK (status IN ('WAITING', 'ACCEPTED', 'REFUSED', 'WITHDRAWN')),
  reason          text CONSTRAINT detail_change_reason_length CHECK (char_length(reason) <= 2000),
  decided_by_id   uuid,
  decided_at      timestamptz,
  created_at      timestamptz NOT NULL DEFAULT now(),
  updated_at      timestamptz NOT NULL DEFAULT now(),
  created_by_id   uuid,
  row_version     bigint NOT NULL DEFAULT 1,
  PRIMARY KEY (organization_id, id),
  CONSTRAINT detail_change_patient_fk FOREIGN KEY (organization_id, patient_id) REFERENCES patient ON DELETE RESTRICT,
  CONSTRAINT detail_change_contact_fk FOREIGN KEY (organization_id, contact_id) REFERENCES patient_contact ON DELETE RESTRICT,
  CONSTRAINT detail_change_contact_named CHECK ((contact_id IS NOT NULL) = (field IN ('CONTACT_CHANGE', 'CONTACT_REMOVE'))),
  CONSTRAINT detail_change_decided CHECK ((status = 'WAITING') = (decided_at IS NULL))
);
-- One wish for each thing: a newer one takes the place of the older.
CREATE UNIQUE INDEX IF NOT EXISTS detail_change_one_waiting ON detail_change (organization_id, patient_id, field, coalesce(contact_id, '00000000-0000-0000-0000-000000000000'))
  WHERE status = 'WAITING' AND field NOT IN ('CONTACT_ADD', 'CONTACT_CHANGE', 'CONTACT_REMOVE');
CREATE UNIQUE INDEX IF NOT EXISTS detail_change_one_waiting_contact ON detail_change (organization_id, contact_id) WHERE status = 'WAITING' AND contact_id IS NOT NULL;
CREATE INDEX IF NOT EXISTS detail_change_patient ON detail_change (organization_id, patient_id, id DESC);
CREATE INDEX IF NOT EXISTS detail_change_contact ON detail_change (organization_id, contact_id) WHERE contact_id IS NOT NULL;
CREATE INDEX IF NOT EXISTS detail_change_waiting ON detail_change (organization_id, id) WHERE status = 'WAITING';
CALL kit.describe('detail_change', 'A change of details or contacts that a patient or a proxy asks for, one row for each thing; staff take it over into the record or refuse it.',
  'patient_id', 'The patient.', 'field', 'What is to change.', 'contact_id', 'Which contact is to change or to go.',
  'asked_enc', 'What it is to be: a JSON object of the fields of the form, encrypted. The audit never holds it.',
  'status', 'WAITING, ACCEPTED, REFUSED (staff, with a reason) or WITHDRAWN (by whoever acts for the patient, or replaced by a newer wish).',
  'reason', 'Why it was refused, as the patient reads it.', 'decided_by_id', 'Who decided; no foreign key, as for created_by_id.', 'decided_at', 'When it was decided or withdrawn.');
CALL kit.tenant_table('detail_change');
DROP POLICY IF EXISTS patient_seen_reads ON detail_change;
CREATE POLICY patient_seen_reads ON detail_change FOR SELECT TO almoner_app
  USING (EXISTS (SELECT 1 FROM patient AS p WHERE p.organization_id = detail_change.organization_id AND p.id = detail_change.patient_id));
DROP POLICY IF EXISTS patient_asks ON detail_change;
CREATE POLICY patient_asks ON detail_change FOR INSERT TO almoner_app
  WITH CHECK ((SELECT ctx.role() = 'PATIENT') AND created_by_id = (SELECT ctx.actor()) AND patient_id = ANY ((SELECT ctx.own_patients('DETAILS'))::uuid[])
              AND (contact_id IS NULL OR EXISTS (SELECT 1 FROM patient_contact AS c WHERE c.organization_id = detail_change.organization_id AND c.id = detail_change.contact_id
                                                 AND c.patient_id = detail_change.patient_id)));
DROP POLICY IF EXISTS patient_withdraws ON detail_change;
CREATE POLICY patient_withdraws ON detail_change FOR UPDATE TO almoner_app
  USING ((SELECT ctx.role() = 'PATIENT') AND patient_id = ANY ((SELECT ctx.own_patients('DETAILS'))::uuid[]))
  WITH CHECK ((SELECT ctx.role() = 'PATIENT') AND patient_id = ANY ((SELECT ctx.own_patients('DETAILS'))::uuid[]) AND status = 'WITHDRAWN');
DROP POLICY IF EXISTS staff_decide ON detail_change;
CREATE POLICY staff_decide ON detail_change FOR UPDATE TO almoner_app
  USING ((SELECT ctx.role() IN ('CLINICIAN', 'MEDICAL_ASSISTANT', 'MANAGER'))
         AND EXISTS (SELECT 1 FROM patient AS p WHERE p.organization_id = detail_change.organization_id AND p.id = detail_change.patient_id))
  WITH CHECK ((SELECT ctx.role() IN ('CLINICIAN', 'MEDICAL_ASSISTANT', 'MANAGER')) AND status IN ('ACCEPTED', 'REFUSED'));
GRANT SELECT ON detail_change TO almoner_app;
GRANT INSERT (organization_id, id, patient_id, field, contact_id, asked_enc, created_by_id) ON detail_change TO almoner_app;
GRANT UPDATE (status, reason) ON detail_change TO almoner_app;
CALL kit.portal_scope('detail_change', 'DETAILS');

-- WAITING, then decided once and for good.
CREATE OR REPLACE FUNCTION kit.detail_change_guard() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
  IF (NEW.patient_id, NEW.field, NEW.contact_id, NEW.asked_enc, NEW.created_by_id, NEW.created_at)
     IS DISTINCT FROM (OLD.patient_id, OLD.field, OLD.contact_id, OLD.asked_enc, OLD.created_by_id, OLD.created_at) THEN
    RAISE EXCEPTION 'What was asked for stays as it was asked.' USING ERRCODE = 'AL409';
  END IF;
  IF OLD.status <> 'WAITING' THEN
    RAISE EXCEPTION 'This was decided already.' USING ERRCODE = 'AL409';
  END IF;
  IF NEW.status = 'REFUSED' AND coalesce(btrim(NEW.reason), '') = '' THEN
    RAISE EXCEPTION 'Say why it is refused.' USING ERRCODE = 'AL409';
  END IF;
  IF NEW.status <> 'WAITING' THEN
    NEW.decided_by_id := ctx.actor();
    NEW.decided_at := now();
  END IF;
  RETURN NEW;
END $$;
COMMENT ON FUNCTION kit.detail_change_guard IS 'The state machine of changes that patients ask for, for everybody who changes one.';
CREATE OR REPLACE TRIGGER detail_change_guard BEFORE UPDATE ON detail_change FOR EACH ROW EXECUTE FUNCTION kit.detail_change_guard();

-- A patient ends the access of somebody who acts for them; whoever acts for somebody gives it up. Neither changes anything else of it.
DROP POLICY IF EXISTS patient_reads_who_acts ON portal_account;
CREATE POLICY patient_reads_who_acts ON portal_account FOR SELECT TO almoner_app
  USING ((SELECT ctx.role() = 'PATIENT') AND patient_id = ANY ((SELECT ctx.own_patients('SELF'))::uuid[]));
DROP POLICY IF EXISTS patient_ends ON portal_account;
CREATE POLICY patient_ends ON portal_account FOR UPDATE TO almoner_app
  USING ((SELECT ctx.role() = 'PATIENT') AND relationship <> 'SELF'
         AND (patient_id = ANY ((SELECT ctx.own_patients('SELF'))::uuid[]) OR (user_id = (SELECT ctx.actor()) AND patient_id = ANY ((SELECT ctx.own_patients())::uuid[]))))
  WITH CHECK ((SELECT ctx.role() = 'PATIENT') AND relationship <> 'SELF' AND status = 'REVOKED');
DROP POLICY IF EXISTS patient_withdraws ON portal_invitation;
CREATE POLICY patient_withdraws ON portal_invitation FOR UPDATE TO almoner_app
  USING ((SELECT ctx.role() = 'PATIENT') AND account_id IN (SELECT a.id FROM portal_account AS a WHERE a.organization_id = portal_invitation.organization_id AND a.patient_id = ANY ((SELECT ctx.own_patients('SELF'))::uuid[])))
  WITH CHECK ((SELECT ctx.role() = 'PATIENT') AND withdrawn_at IS NOT NULL);
DROP POLICY IF EXISTS patient_reads ON portal_invitation;
CREATE POLICY patient_reads ON portal_invitation FOR SELECT TO almoner_app
  USING ((SELECT ctx.role() = 'PATIENT') AND account_id IN (SELECT a.id FROM portal_account AS a WHERE a.organization_id = portal_invitation.organization_id AND a.patient_id = ANY ((SELECT ctx.own_patients('SELF'))::uuid[])));

-- As before, and besides: a patient, or whoever acts for them, may end access, and do nothing else to it.
CREATE OR REPLACE FUNCTION kit.portal_account_guard() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
  acting text := ctx.role();    -- NULL: maintenance, and the person's own acceptance in schema portal
  move text;
BEGIN
  IF TG_OP = 'INSERT' THEN
    IF acting IS NOT NULL AND (NEW.status <> 'INVITED' OR NEW.activated_at IS NOT NULL) THEN
      RAISE EXCEPTION 'Portal access begins with an invitation.' USING ERRCODE = 'AL409';
    END IF;
    RETURN NEW;
  END IF;
  IF (NEW.patient_id, NEW.user_id, NEW.relationship) IS DISTINCT FROM (OLD.patient_id, OLD.user_id, OLD.relationship) THEN
    RAISE EXCEPTION 'Portal access keeps its person, its patient and their relationship. Revoke it and invite anew.' USING ERRCODE = 'AL409';
  END IF;
  IF OLD.status = 'REVOKED' THEN
    RAISE EXCEPTION 'This access was revoked. Invite the person again.' USING ERRCODE = 'AL409';
  END IF;
  IF NEW.status = OLD.status THEN
    RETURN NEW;
  END IF;
  move := OLD.status || '>' || NEW.status;
  IF move NOT IN ('INVITED>ACTIVE', 'ACTIVE>SUSPENDED', 'SUSPENDED>ACTIVE', 'INVITED>REVOKED', 'ACTIVE>REVOKED', 'SUSPENDED>REVOKED') THEN
    RAISE EXCEPTION 'There is no such step for portal access.' USING ERRCODE = 'AL409';
  END IF;
  IF move = 'INVITED>ACTIVE' AND acting IS NOT NULL THEN
    RAISE EXCEPTION 'Only the person who was invited can accept.' USING ERRCODE = 'AL409';
  END IF;
  IF acting = 'PATIENT' AND (NEW.scopes, NEW.starts_on, NEW.ends_on, NEW.activated_at) IS DISTINCT FROM (OLD.scopes, OLD.starts_on, OLD.ends_on, OLD.activated_at) THEN
    RAISE EXCEPTION 'The clinic says what this access covers.' USING ERRCODE = '42501';
  END IF;
  IF acting IS NOT NULL AND acting NOT IN ('MEDICAL_ASSISTANT', 'MANAGER', 'ADMIN') AND NOT (acting = 'PATIENT' AND NEW.status = 'REVOKED') THEN
    RAISE EXCEPTION 'Portal access is managed by medical assistants, managers and administrators; patients end it.' USING ERRCODE = '42501';
  END IF;
  IF NEW.status IN ('SUSPENDED', 'REVOKED') AND coalesce(btrim(NEW.status_reason), '') = '' THEN
    RAISE EXCEPTION 'Say why.' USING ERRCODE = 'AL409';
  END IF;
  IF move = 'INVITED>ACTIVE' THEN
    NEW.activated_at := now();
  ELSIF move = 'SUSPENDED>ACTIVE' THEN
    NEW.status_reason := NULL;
  END IF;
  RETURN NEW;
END $$;

-- The history of both, written by the patient's own acts and read by them.
DROP POLICY IF EXISTS patient_adds_portal ON status_change;
CREATE POLICY patient_adds_portal ON status_change FOR INSERT TO almoner_app
  WITH CHECK ((SELECT ctx.role() = 'PATIENT') AND subject_kind IN ('portal_account', 'detail_change') AND changed_by_id = (SELECT ctx.actor())
              AND patient_id = ANY ((SELECT ctx.own_patients())::uuid[]));

-- Who acts for a patient, with what their pages need to name and end it. Somebody without the details sees their own line.
DROP FUNCTION IF EXISTS headers.people_of(uuid);
CREATE FUNCTION headers.people_of(wanted uuid)
RETURNS TABLE (id uuid, user_id uuid, name text, relationship text, scopes text[], status text, starts_on date, ends_on date, used_at timestamptz, row_version bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
  SELECT a.id, a.user_id, concat_ws(' ', u.title, u.first_name, u.last_name), a.relationship, a.scopes, a.status, a.starts_on, a.ends_on,
         u.last_sign_in_at, a.row_version
  FROM public.portal_account AS a JOIN public.app_user AS u ON u.organization_id = a.organization_id AND u.id = a.user_id
  WHERE a.organization_id = ctx.organization() AND a.patient_id = wanted
    AND (wanted = ANY (ctx.own_patients('DETAILS')) OR (a.user_id = ctx.actor() AND wanted = ANY (ctx.own_patients())))
$$;
COMMENT ON FUNCTION headers.people_of IS 'Who acts, acted or might act for a patient of the actor, for the actor to know.';
REVOKE ALL ON FUNCTION headers.people_of FROM PUBLIC;
GRANT EXECUTE ON FUNCTION headers.people_of TO almoner_app;

RESET ROLE;
