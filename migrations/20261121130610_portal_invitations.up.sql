-- Invitations to the portal: a link on paper, good once, and accepted only by somebody who also knows the patient's date of birth.
SET LOCAL ROLE almoner_owner;
SET LOCAL client_min_messages = warning;  -- DROP POLICY IF EXISTS has much to say

CREATE TABLE IF NOT EXISTS portal_invitation (
  organization_id uuid NOT NULL,
  id              uuid NOT NULL,
  account_id      uuid NOT NULL,
  user_id         uuid NOT NULL,
  token_hash      bytea NOT NULL CONSTRAINT portal_invitation_token_unique UNIQUE,
  expires_at      timestamptz NOT NULL,
  used_at         timestamptz,
  withdrawn_at    timestamptz,
  failed_attempts smallint NOT NULL DEFAULT 0 CONSTRAINT portal_invitation_failed_attempts_few CHECK (failed_attempts BETWEEN 0 AND 5),
  created_at      timestamptz NOT NULL DEFAULT now(),
  updated_at      timestamptz NOT NULL DEFAULT now(),
  created_by_id   uuid,
  row_version     bigint NOT NULL DEFAULT 1,
  PRIMARY KEY (organization_id, id),
  CONSTRAINT portal_invitation_account_fk FOREIGN KEY (organization_id, account_id) REFERENCES portal_account ON DELETE RESTRICT,
  CONSTRAINT portal_invitation_user_fk FOREIGN KEY (organization_id, user_id) REFERENCES app_user ON DELETE RESTRICT
);
CREATE INDEX IF NOT EXISTS portal_invitation_account ON portal_invitation (organization_id, account_id);
CREATE INDEX IF NOT EXISTS portal_invitation_user ON portal_invitation (organization_id, user_id);
CALL kit.describe('portal_invitation', 'A link by which a person accepts portal access, good once.',
  'account_id', 'The access it offers.', 'user_id', 'The person it is for.', 'token_hash', 'SHA-256 of the 256 random bits in the link. Not readable by almoner_app.',
  'expires_at', 'When the link stops working.', 'used_at', 'When it was accepted.', 'withdrawn_at', 'When a newer letter or the end of the access made it useless.',
  'failed_attempts', 'Wrong dates of birth or passwords; five make the link useless.');
CALL kit.tenant_table('portal_invitation');
DROP POLICY IF EXISTS managers_read ON portal_invitation;
CREATE POLICY managers_read ON portal_invitation FOR SELECT TO almoner_app
  USING ((SELECT ctx.role() IN ('CLINICIAN', 'MEDICAL_ASSISTANT', 'MANAGER', 'COMPLIANCE', 'ADMIN'))
         AND EXISTS (SELECT 1 FROM portal_account AS a WHERE a.organization_id = portal_invitation.organization_id AND a.id = portal_invitation.account_id));
DROP POLICY IF EXISTS managers_add ON portal_invitation;
CREATE POLICY managers_add ON portal_invitation FOR INSERT TO almoner_app
  WITH CHECK ((SELECT ctx.role() IN ('MEDICAL_ASSISTANT', 'MANAGER')) AND used_at IS NULL
              AND EXISTS (SELECT 1 FROM portal_account AS a WHERE a.organization_id = portal_invitation.organization_id AND a.id = portal_invitation.account_id
                          AND a.user_id = portal_invitation.user_id AND a.status = 'INVITED'));
DROP POLICY IF EXISTS managers_change ON portal_invitation;
CREATE POLICY managers_change ON portal_invitation FOR UPDATE TO almoner_app
  USING ((SELECT ctx.role() IN ('MEDICAL_ASSISTANT', 'MANAGER', 'ADMIN'))
         AND EXISTS (SELECT 1 FROM portal_account AS a WHERE a.organization_id = portal_invitation.organization_id AND a.id = portal_invitation.account_id))
  WITH CHECK ((SELECT ctx.role() IN ('MEDICAL_ASSISTANT', 'MANAGER', 'ADMIN')));
GRANT SELECT (organization_id, id, account_id, user_id, expires_at, used_at, withdrawn_at, failed_attempts, created_at, updated_at, created_by_id, row_version)
  ON portal_invitation TO almoner_app;
GRANT INSERT (organization_id, id, account_id, user_id, token_hash, expires_at, created_by_id) ON portal_invitation TO almoner_app;
GRANT UPDATE (withdrawn_at) ON portal_invitation TO almoner_app;

-- Who holds the link is not signed in: almoner_auth looks for it, and may do no more than ask the functions below.
DROP POLICY IF EXISTS auth_reads ON portal_invitation;
CREATE POLICY auth_reads ON portal_invitation FOR SELECT TO almoner_auth USING (true);
GRANT SELECT ON portal_invitation TO almoner_auth;

CREATE SCHEMA IF NOT EXISTS portal;
COMMENT ON SCHEMA portal IS 'Accepting an invitation, before anybody is signed in.';
GRANT USAGE ON SCHEMA portal TO almoner_auth;

-- Whether the date of birth is the patient's; a wrong one is counted. In the context of the invitation's organization.
CREATE OR REPLACE FUNCTION portal.attempt(invitation uuid, born date, fine boolean) RETURNS text LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
  asked public.portal_invitation;
BEGIN
  SELECT * INTO asked FROM public.portal_invitation AS i WHERE i.organization_id = ctx.organization() AND i.id = invitation FOR UPDATE;
  IF asked.id IS NULL OR asked.used_at IS NOT NULL OR asked.withdrawn_at IS NOT NULL OR asked.expires_at <= now() OR asked.failed_attempts >= 5
     OR asked.user_id <> ctx.actor()
     OR NOT EXISTS (SELECT FROM public.portal_account AS a WHERE a.organization_id = asked.organization_id AND a.id = asked.account_id AND a.status = 'INVITED') THEN
    RETURN 'GONE';
  END IF;
  IF fine AND EXISTS (SELECT FROM public.portal_account AS a JOIN public.patient AS p ON p.organization_id = a.organization_id AND p.id = a.patient_id
                      WHERE a.organization_id = asked.organization_id AND a.id = asked.account_id AND p.date_of_birth = born AND p.deleted_at IS NULL) THEN
    RETURN 'RIGHT';
  END IF;
  UPDATE public.portal_invitation AS i SET failed_attempts = i.failed_attempts + 1 WHERE i.organization_id = asked.organization_id AND i.id = asked.id;
  RETURN 'WRONG';
END $$;
COMMENT ON FUNCTION portal.attempt IS 'RIGHT where the date of birth is that of the patient of the invitation and nothing else was wrong (fine), WRONG where not (counted), GONE where the link works no more.';

CREATE OR REPLACE FUNCTION portal.accept(invitation uuid, born date, request uuid, ip inet, agent text) RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
  account public.portal_account;
  place uuid;
BEGIN
  IF portal.attempt(invitation, born, true) <> 'RIGHT' THEN
    RETURN false;
  END IF;
  UPDATE public.portal_invitation AS i SET used_at = now() WHERE i.organization_id = ctx.organization() AND i.id = invitation;
  UPDATE public.portal_account AS a SET status = 'ACTIVE'
  WHERE a.organization_id = ctx.organization() AND a.id = (SELECT i.account_id FROM public.portal_invitation AS i WHERE i.organization_id = ctx.organization() AND i.id = invitation)
  RETURNING * INTO account;
  SELECT p.facility_id INTO place FROM public.patient AS p WHERE p.organization_id = account.organization_id AND p.id = account.patient_id;
  INSERT INTO public.status_change (organization_id, subject_kind, subject_id, patient_id, facility_id, from_status, to_status, changed_by_id)
  VALUES (account.organization_id, 'portal_account', account.id, account.patient_id, place, 'INVITED', 'ACTIVE', account.user_id);
  INSERT INTO public.audit_event (organization_id, actor_kind, actor_id, acting_role, action, resource_type, resource_id, patient_id, facility_id, changes, ip_address, user_agent, request_id)
  VALUES (account.organization_id, 'USER', account.user_id, 'PATIENT', 'STATUS_CHANGED', 'portal_account', account.id, account.patient_id, place,
          '{"status": {"before": "INVITED", "after": "ACTIVE"}}', ip, agent, request);
  RETURN true;
END $$;
COMMENT ON FUNCTION portal.accept IS 'Accepts an invitation with the patient''s date of birth, with its history and its audit; false where it cannot be.';

-- What the page of a link says before anybody has proved anything: whose clinic it is, and no patient.
CREATE OR REPLACE FUNCTION portal.place(account uuid) RETURNS TABLE (facility text, relationship text) LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
  SELECT f.name, a.relationship FROM public.portal_account AS a
  JOIN public.patient AS p ON p.organization_id = a.organization_id AND p.id = a.patient_id
  JOIN public.facility AS f ON f.organization_id = p.organization_id AND f.id = p.facility_id
  WHERE a.organization_id = ctx.organization() AND a.id = account AND a.user_id = ctx.actor()
$$;
COMMENT ON FUNCTION portal.place IS 'The facility that invites, and whether the person is invited for themselves.';
REVOKE ALL ON FUNCTION portal.attempt, portal.accept, portal.place FROM PUBLIC;
GRANT EXECUTE ON FUNCTION portal.attempt, portal.accept, portal.place TO almoner_auth;

RESET ROLE;
