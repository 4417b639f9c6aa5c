-- A second factor at sign-in: codes from an app, and recovery codes for when the app is lost.
SET LOCAL ROLE almoner_owner;
SET LOCAL client_min_messages = warning;  -- DROP POLICY IF EXISTS has much to say

CREATE TABLE IF NOT EXISTS second_factor (
  organization_id uuid NOT NULL,
  user_id         uuid NOT NULL,
  secret_enc      bytea,
  confirmed_at    timestamptz,
  last_step       bigint NOT NULL DEFAULT 0,
  created_at      timestamptz NOT NULL DEFAULT now(),
  updated_at      timestamptz NOT NULL DEFAULT now(),
  row_version     bigint NOT NULL DEFAULT 1,
  PRIMARY KEY (organization_id, user_id),
  CONSTRAINT second_factor_user_fk FOREIGN KEY (organization_id, user_id) REFERENCES app_user ON DELETE RESTRICT,
  CONSTRAINT second_factor_on_has_secret CHECK (confirmed_at IS NULL OR secret_enc IS NOT NULL),
  CONSTRAINT second_factor_step_forward CHECK (last_step >= 0)
);
CALL kit.describe('second_factor', 'The app with which a person proves at sign-in that they hold their telephone too. One row for each person who ever set it up.',
  'user_id', 'The person.', 'secret_enc', 'Secret shared with the app, encrypted; NULL while there is none. Not readable by almoner_app.',
  'confirmed_at', 'When a first code proved that the app has the secret; NULL while it is off or being set up.',
  'last_step', 'The time step of the last code that was used: no code of that step or before is taken again.');
CALL kit.tenant_table('second_factor');

CREATE TABLE IF NOT EXISTS recovery_code (
  organization_id uuid NOT NULL,
  id              uuid NOT NULL,
  user_id         uuid NOT NULL,
  code_hash       bytea NOT NULL,
  used_at         timestamptz,
  retired_at      timestamptz,
  created_at      timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (organization_id, id),
  CONSTRAINT recovery_code_user_fk FOREIGN KEY (organization_id, user_id) REFERENCES app_user ON DELETE RESTRICT,
  CONSTRAINT recovery_code_once UNIQUE (organization_id, user_id, code_hash)
);
CREATE INDEX IF NOT EXISTS recovery_code_user ON recovery_code (organization_id, user_id);
CALL kit.describe('recovery_code', 'A code on paper that takes the place of the app once.',
  'user_id', 'The person.', 'code_hash', 'Keyed hash of the code: without the key of the organization it cannot be guessed at. Not readable by almoner_app.',
  'used_at', 'When it was used.', 'retired_at', 'When newer codes took its place, or the second factor was switched off.');
CALL kit.tenant_table('recovery_code');
DROP TRIGGER IF EXISTS recovery_code_touch ON recovery_code;

-- Sign-in and the person's own pages work as almoner_auth.
DO $$
DECLARE
  t regclass;
BEGIN
  FOREACH t IN ARRAY ARRAY['second_factor', 'recovery_code']::regclass[] LOOP
    EXECUTE format('DROP POLICY IF EXISTS auth_reads ON %s', t);
    EXECUTE format('CREATE POLICY auth_reads ON %s FOR SELECT TO almoner_auth USING (true)', t);
    EXECUTE format('DROP POLICY IF EXISTS auth_adds ON %s', t);
    EXECUTE format('CREATE POLICY auth_adds ON %s FOR INSERT TO almoner_auth WITH CHECK (true)', t);
    EXECUTE format('DROP POLICY IF EXISTS auth_changes ON %s', t);
    EXECUTE format('CREATE POLICY auth_changes ON %s FOR UPDATE TO almoner_auth USING (true) WITH CHECK (true)', t);
  END LOOP;
END $$;
GRANT SELECT, INSERT, UPDATE ON second_factor TO almoner_auth;
GRANT SELECT, INSERT ON recovery_code TO almoner_auth;
GRANT UPDATE (used_at, retired_at) ON recovery_code TO almoner_auth;

-- Administrators see who has a second factor, and can take it away from somebody who lost the app; they can never give one.
DROP POLICY IF EXISTS person_and_admin_read ON second_factor;
CREATE POLICY person_and_admin_read ON second_factor FOR SELECT TO almoner_app
  USING (user_id = (SELECT ctx.actor()) OR (SELECT ctx.role() IN ('ADMIN', 'OWNER', 'COMPLIANCE')));
DROP POLICY IF EXISTS admin_resets ON second_factor;
CREATE POLICY admin_resets ON second_factor FOR UPDATE TO almoner_app
  USING ((SELECT ctx.role() = 'ADMIN')) WITH CHECK ((SELECT ctx.role() = 'ADMIN') AND secret_enc IS NULL AND confirmed_at IS NULL);
GRANT SELECT (organization_id, user_id, confirmed_at, created_at, updated_at, row_version) ON second_factor TO almoner_app;
GRANT UPDATE (secret_enc, confirmed_at) ON second_factor TO almoner_app;

-- A password shorter than fifteen characters is good enough only beside a second factor: sign-in asks for a longer one where that is gone.
ALTER TABLE app_user ADD COLUMN IF NOT EXISTS password_short boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN app_user.password_short IS 'Whether the password is shorter than one that stands alone has to be. Not readable by almoner_app.';
GRANT UPDATE (password_short) ON app_user TO almoner_auth;

ALTER TABLE user_token DROP CONSTRAINT IF EXISTS user_token_purpose_known;
ALTER TABLE user_token ADD CONSTRAINT user_token_purpose_known CHECK (purpose IN ('ACTIVATION', 'PASSWORD_RESET', 'EMAIL', 'SIGN_IN'));
COMMENT ON COLUMN user_token.purpose IS 'ACTIVATION, PASSWORD_RESET, EMAIL (a new address) or SIGN_IN (the password was right, the code is still to come).';

RESET ROLE;
