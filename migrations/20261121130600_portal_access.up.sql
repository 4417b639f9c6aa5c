-- Who acts for whom in the portal: the states of portal accounts, what a proxy may see, whom a session looks at, and proxies in the audit.
SET LOCAL ROLE almoner_owner;
SET LOCAL client_min_messages = warning;  -- DROP POLICY IF EXISTS has much to say

ALTER TABLE portal_account ADD COLUMN IF NOT EXISTS status_reason text;
ALTER TABLE portal_account ADD COLUMN IF NOT EXISTS activated_at timestamptz;
ALTER TABLE portal_account DROP CONSTRAINT IF EXISTS portal_account_status_reason_length;
ALTER TABLE portal_account ADD CONSTRAINT portal_account_status_reason_length CHECK (char_length(status_reason) <= 2000);
ALTER TABLE portal_account DROP CONSTRAINT IF EXISTS portal_account_scopes_known;
ALTER TABLE portal_account ADD CONSTRAINT portal_account_scopes_known
  CHECK (scopes <@ ARRAY['VISITS', 'MESSAGES', 'READINGS', 'RESULTS', 'DOCUMENTS', 'DETAILS']);
ALTER TABLE portal_account DROP CONSTRAINT IF EXISTS portal_account_proxy_has_scope;
ALTER TABLE portal_account ADD CONSTRAINT portal_account_proxy_has_scope CHECK (relationship = 'SELF' OR cardinality(scopes) > 0);
-- Somebody whose access was taken away may be invited again: the old row stays as it ended.
ALTER TABLE portal_account DROP CONSTRAINT IF EXISTS portal_account_once;
CREATE UNIQUE INDEX IF NOT EXISTS portal_account_once ON portal_account (organization_id, patient_id, user_id) WHERE status <> 'REVOKED';
CREATE UNIQUE INDEX IF NOT EXISTS portal_account_one_self ON portal_account (organization_id, patient_id) WHERE relationship = 'SELF' AND status <> 'REVOKED';
CREATE INDEX IF NOT EXISTS portal_account_patient ON portal_account (organization_id, patient_id);
COMMENT ON COLUMN portal_account.scopes IS 'What a proxy may see and do: VISITS, MESSAGES, READINGS, RESULTS, DOCUMENTS, DETAILS. The patient (SELF) may do everything, whatever stands here.';
COMMENT ON COLUMN portal_account.status_reason IS 'Why it was suspended or revoked.';
COMMENT ON COLUMN portal_account.activated_at IS 'When the person accepted the invitation.';

-- The state machine: INVITED, then ACTIVE by the person themselves (schema portal), then SUSPENDED and back, or REVOKED for good with a reason.
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
  IF acting IS NOT NULL AND acting NOT IN ('MEDICAL_ASSISTANT', 'MANAGER', 'ADMIN') THEN
    RAISE EXCEPTION 'Portal access is managed by medical assistants, managers and administrators.' USING ERRCODE = '42501';
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
COMMENT ON FUNCTION kit.portal_account_guard IS 'The state machine of portal accounts, for everybody who changes one.';
CREATE OR REPLACE TRIGGER portal_account_guard BEFORE INSERT OR UPDATE ON portal_account FOR EACH ROW EXECUTE FUNCTION kit.portal_account_guard();

-- For one purpose. 'SELF' is no scope: it asks for the patients who are the person themselves.
CREATE OR REPLACE FUNCTION ctx.own_patients(wanted text) RETURNS uuid[] LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog AS $$
BEGIN
  IF ctx.role() IS DISTINCT FROM 'PATIENT' THEN
    RETURN '{}';
  END IF;
  RETURN ARRAY(SELECT p.patient_id FROM public.portal_account AS p
               WHERE p.organization_id = ctx.organization() AND p.user_id = ctx.actor() AND p.status = 'ACTIVE' AND p.deleted_at IS NULL
                 AND CURRENT_DATE BETWEEN p.starts_on AND coalesce(p.ends_on, 'infinity') AND (p.relationship = 'SELF' OR wanted = ANY (p.scopes)));
END $$;
COMMENT ON FUNCTION ctx.own_patients(text) IS 'Patients for whom a person in the role PATIENT may do this: themselves, and those who gave them the scope.';

-- What belongs to a patient, kept from proxies who were not given that part. Everybody else passes.
CREATE OR REPLACE PROCEDURE kit.portal_scope(t regclass, scope text) LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
  allowed text := format('(SELECT ctx.role() IS DISTINCT FROM ''PATIENT'') OR patient_id = ANY ((SELECT ctx.own_patients(%L))::uuid[])', scope);
BEGIN
  CALL kit.policy(t, 'portal_scope', 'ALL', 'almoner_app', allowed, allowed, restrictive => true);
END $$;
COMMENT ON PROCEDURE kit.portal_scope IS 'Keeps rows of a patient from proxies without the scope.';
CALL kit.portal_scope('patient_contact', 'DETAILS');
CALL kit.portal_scope('coverage', 'DETAILS');
CALL kit.portal_scope('condition', 'RESULTS');
CALL kit.portal_scope('allergy', 'RESULTS');
CALL kit.portal_scope('patient_flag', 'RESULTS');

-- Who opened the record is part of its details.
DROP POLICY IF EXISTS patient_reads_own ON audit_event;
CREATE POLICY patient_reads_own ON audit_event FOR SELECT TO almoner_app
  USING ((SELECT ctx.role() = 'PATIENT')
         AND (patient_id = ANY ((SELECT ctx.own_patients('DETAILS'))::uuid[]) OR patient_ids && (SELECT ctx.own_patients('DETAILS'))::uuid[]));
DROP POLICY IF EXISTS patient_reads_own ON audit_patient;
CREATE POLICY patient_reads_own ON audit_patient FOR SELECT TO almoner_app
  USING ((SELECT ctx.role() = 'PATIENT') AND patient_id = ANY ((SELECT ctx.own_patients('DETAILS'))::uuid[]));

-- Whom a session of somebody with several patients looks at.
ALTER TABLE user_session ADD COLUMN IF NOT EXISTS patient_id uuid;
ALTER TABLE user_session DROP CONSTRAINT IF EXISTS user_session_patient_fk;
ALTER TABLE user_session ADD CONSTRAINT user_session_patient_fk FOREIGN KEY (organization_id, patient_id) REFERENCES patient ON DELETE RESTRICT;
CREATE INDEX IF NOT EXISTS user_session_patient ON user_session (organization_id, patient_id) WHERE patient_id IS NOT NULL;
COMMENT ON COLUMN user_session.patient_id IS 'The patient whom the person chose to look at in the portal; NULL until they choose.';
GRANT SELECT (patient_id) ON user_session TO almoner_app;
GRANT UPDATE (patient_id) ON user_session TO almoner_app;

-- Whatever a proxy does about a patient says so, whoever wrote the event.
CREATE OR REPLACE FUNCTION kit.audit_acting_for() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
  what text;
BEGIN
  SELECT a.relationship INTO what FROM public.portal_account AS a
  WHERE a.organization_id = NEW.organization_id AND a.patient_id = NEW.patient_id AND a.user_id = NEW.actor_id
  ORDER BY a.status = 'ACTIVE' DESC, a.created_at DESC LIMIT 1;
  IF what IS DISTINCT FROM 'SELF' AND what IS NOT NULL THEN
    NEW.details := coalesce(NEW.details, '{}') || jsonb_build_object('acting_for', what);
  END IF;
  RETURN NEW;
END $$;
COMMENT ON FUNCTION kit.audit_acting_for IS 'Adds acting_for (the relationship) to the details of what a proxy does about a patient.';
CREATE OR REPLACE TRIGGER audit_event_acting_for BEFORE INSERT ON audit_event FOR EACH ROW
  WHEN (NEW.acting_role = 'PATIENT' AND NEW.patient_id IS NOT NULL) EXECUTE FUNCTION kit.audit_acting_for();

-- Patients may know who acts for them, and cannot read app_user; proxies with the details may too.
DROP FUNCTION IF EXISTS headers.people_of(uuid);
CREATE FUNCTION headers.people_of(wanted uuid)
RETURNS TABLE (user_id uuid, name text, relationship text, scopes text[], status text, starts_on date, ends_on date)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
  SELECT a.user_id, concat_ws(' ', u.title, u.first_name, u.last_name), a.relationship, a.scopes, a.status, a.starts_on, a.ends_on
  FROM public.portal_account AS a JOIN public.app_user AS u ON u.organization_id = a.organization_id AND u.id = a.user_id
  WHERE a.organization_id = ctx.organization() AND a.patient_id = wanted AND wanted = ANY (ctx.own_patients('DETAILS'))
$$;
COMMENT ON FUNCTION headers.people_of IS 'Who may or might act for a patient of the actor, for the actor to know.';
REVOKE ALL ON FUNCTION headers.people_of FROM PUBLIC;
GRANT EXECUTE ON FUNCTION headers.people_of TO almoner_app;

RESET ROLE;
