SET LOCAL ROLE almoner_owner;
SET LOCAL client_min_messages = warning;
DROP FUNCTION IF EXISTS headers.people_of(uuid);
DROP TRIGGER IF EXISTS audit_event_acting_for ON audit_event;
DROP FUNCTION IF EXISTS kit.audit_acting_for();
ALTER TABLE user_session DROP COLUMN IF EXISTS patient_id;
DROP POLICY IF EXISTS patient_reads_own ON audit_patient;
CREATE POLICY patient_reads_own ON audit_patient FOR SELECT TO almoner_app
  USING ((SELECT ctx.role() = 'PATIENT') AND patient_id = ANY ((SELECT ctx.own_patients())::uuid[]));
DROP POLICY IF EXISTS patient_reads_own ON audit_event;
CREATE POLICY patient_reads_own ON audit_event FOR SELECT TO almoner_app
  USING ((SELECT ctx.role() = 'PATIENT')
         AND (patient_id = ANY ((SELECT ctx.own_patients())::uuid[]) OR patient_ids && (SELECT ctx.own_patients())::uuid[]));
DROP POLICY IF EXISTS portal_scope ON patient_flag;
DROP POLICY IF EXISTS portal_scope ON allergy;
DROP POLICY IF EXISTS portal_scope ON condition;
DROP POLICY IF EXISTS portal_scope ON coverage;
DROP POLICY IF EXISTS portal_scope ON patient_contact;
DROP PROCEDURE IF EXISTS kit.portal_scope(regclass, text);
DROP FUNCTION IF EXISTS ctx.own_patients(text);
DROP TRIGGER IF EXISTS portal_account_guard ON portal_account;
DROP FUNCTION IF EXISTS kit.portal_account_guard();
DROP INDEX IF EXISTS portal_account_one_self, portal_account_once, portal_account_patient;
ALTER TABLE portal_account ADD CONSTRAINT portal_account_once UNIQUE (organization_id, patient_id, user_id);
ALTER TABLE portal_account DROP CONSTRAINT IF EXISTS portal_account_proxy_has_scope, DROP CONSTRAINT IF EXISTS portal_account_scopes_known,
  DROP COLUMN IF EXISTS activated_at, DROP COLUMN IF EXISTS status_reason;
RESET ROLE;
