-- People who sign in, what they may do where, their sessions and tokens, and the service accounts of other systems.
-- almoner_auth works here before anybody is signed in, so it is not behind the wall; it can reach no table of any later migration.
SET LOCAL ROLE almoner_owner;
SET LOCAL client_min_messages = warning;  -- DROP POLICY IF EXISTS has much to say

CREATE TABLE IF NOT EXISTS app_user (
  organization_id uuid NOT NULL CONSTRAINT app_user_organization_fk REFERENCES organization ON DELETE RESTRICT,
  id              uuid NOT NULL,
  email           text NOT NULL CONSTRAINT app_user_email_valid CHECK (char_length(email) <= 255 AND email ~* '^[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+\.[A-Za-z]{2,}$'),
  password_hash   text,
  first_name      text NOT NULL CONSTRAINT app_user_first_name_present CHECK (btrim(first_name) <> '' AND char_length(first_name) <= 255),
  last_name       text NOT NULL CONSTRAINT app_user_last_name_present CHECK (btrim(last_name) <> '' AND char_length(last_name) <= 255),
  title           text CONSTRAINT app_user_title_length CHECK (char_length(title) <= 255),
  department      text CONSTRAINT app_user_department_length CHECK (char_length(department) <= 255),
  phone_enc       bytea,
  status          text NOT NULL DEFAULT 'INVITED' CONSTRAINT app_user_status_known CHECK (status IN ('ACTIVE', 'INVITED', 'SUSPENDED')),
  theme           text NOT NULL DEFAULT 'system' CONSTRAINT app_user_theme_known CHECK (theme IN ('system', 'light', 'dark')),
  density         text NOT NULL DEFAULT 'compact' CONSTRAINT app_user_density_known CHECK (density IN ('compact', 'dense', 'roomy')),
  timezone        text,
  locale          text NOT NULL DEFAULT 'en-GB',
  shortcuts       boolean NOT NULL DEFAULT true,
  last_sign_in_at timestamptz,
  created_at      timestamptz NOT NULL DEFAULT now(),
  updated_at      timestamptz NOT NULL DEFAULT now(),
  created_by_id   uuid,
  deleted_at      timestamptz,
  deleted_by_id   uuid,
  is_deleted      boolean GENERATED ALWAYS AS (deleted_at IS NOT NULL) STORED,
  row_version     bigint NOT NULL DEFAULT 1,
  PRIMARY KEY (organization_id, id),
  CONSTRAINT app_user_active_has_password CHECK (status <> 'ACTIVE' OR password_hash IS NOT NULL)
);
-- Sign-in knows only the address: it is unique over all organizations.
CREATE UNIQUE INDEX IF NOT EXISTS app_user_email_unique ON app_user (lower(email));
CREATE INDEX IF NOT EXISTS app_user_name ON app_user (organization_id, last_name, first_name, id);
CALL kit.describe('app_user', 'A person who signs in. One account belongs to one organization.',
  'email', 'Sign-in name, in clear because it is the identifier; unique over all organizations without regard to case.',
  'password_hash', 'Argon2id (bcrypt until the next sign-in after an import); NULL until activated. Not readable by almoner_app.',
  'first_name', 'Given name.', 'last_name', 'Family name.', 'title', 'Form of address, such as Dr.', 'department', 'Department, free text.',
  'phone_enc', 'Telephone, encrypted.',
  'status', 'ACTIVE, INVITED (no password yet) or SUSPENDED (may not sign in).',
  'theme', 'Colours: system, light or dark.', 'density', 'Row height of lists: compact, dense or roomy.',
  'timezone', 'IANA zone to show times in; NULL means the facility''s.',
  'locale', 'Language and formats, as a BCP 47 tag.',
  'shortcuts', 'Whether single-key shortcuts work.',
  'last_sign_in_at', 'When the person last signed in.');
CALL kit.tenant_table('app_user');
DROP POLICY IF EXISTS staff_reads ON app_user;
CREATE POLICY staff_reads ON app_user FOR SELECT TO almoner_app USING ((SELECT ctx.role() <> 'PATIENT') OR id = (SELECT ctx.actor()));
DROP POLICY IF EXISTS inviter_adds ON app_user;
CREATE POLICY inviter_adds ON app_user FOR INSERT TO almoner_app
  WITH CHECK ((SELECT ctx.role() IN ('ADMIN', 'MANAGER', 'MEDICAL_ASSISTANT')) AND status = 'INVITED');
DROP POLICY IF EXISTS admin_changes ON app_user;
CREATE POLICY admin_changes ON app_user FOR UPDATE TO almoner_app
  USING ((SELECT ctx.role() = 'ADMIN')) WITH CHECK ((SELECT ctx.role() = 'ADMIN'));
DROP POLICY IF EXISTS person_changes_self ON app_user;
CREATE POLICY person_changes_self ON app_user FOR UPDATE TO almoner_app
  USING (id = (SELECT ctx.actor())) WITH CHECK (id = (SELECT ctx.actor()) AND status = 'ACTIVE' AND deleted_at IS NULL);
GRANT SELECT (organization_id, id, email, first_name, last_name, title, department, phone_enc, status, theme, density, timezone, locale, shortcuts,
              last_sign_in_at, created_at, updated_at, created_by_id, deleted_at, deleted_by_id, is_deleted, row_version) ON app_user TO almoner_app;
GRANT INSERT (organization_id, id, email, first_name, last_name, title, department, phone_enc, status, timezone, locale, created_by_id) ON app_user TO almoner_app;
GRANT UPDATE (first_name, last_name, title, department, phone_enc, status, theme, density, timezone, locale, shortcuts, deleted_at, deleted_by_id)
  ON app_user TO almoner_app;

CREATE TABLE IF NOT EXISTS membership (
  organization_id uuid NOT NULL,
  id              uuid NOT NULL,
  user_id         uuid NOT NULL,
  facility_id     uuid,
  role            text NOT NULL CONSTRAINT membership_role_known CHECK (role IN ('PATIENT', 'CLINICIAN', 'MEDICAL_ASSISTANT', 'CLERK', 'CHAIR', 'CASEWORKER',
                    'CARER', 'MANAGER', 'OWNER', 'COMPLIANCE', 'ADMIN')),
  starts_on       date NOT NULL DEFAULT CURRENT_DATE,
  ends_on         date,
  created_at      timestamptz NOT NULL DEFAULT now(),
  updated_at      timestamptz NOT NULL DEFAULT now(),
  created_by_id   uuid,
  deleted_at      timestamptz,
  deleted_by_id   uuid,
  is_deleted      boolean GENERATED ALWAYS AS (deleted_at IS NOT NULL) STORED,
  row_version     bigint NOT NULL DEFAULT 1,
  PRIMARY KEY (organization_id, id),
  CONSTRAINT membership_user_fk FOREIGN KEY (organization_id, user_id) REFERENCES app_user ON DELETE RESTRICT,
  CONSTRAINT membership_facility_fk FOREIGN KEY (organization_id, facility_id) REFERENCES facility ON DELETE RESTRICT,
  CONSTRAINT membership_ends_after_start CHECK (ends_on IS NULL OR ends_on >= starts_on)
);
CREATE INDEX IF NOT EXISTS membership_user ON membership (organization_id, user_id);
CREATE INDEX IF NOT EXISTS membership_facility ON membership (organization_id, facility_id, role);
CREATE UNIQUE INDEX IF NOT EXISTS membership_once ON membership
  (organization_id, user_id, role, coalesce(facility_id, '00000000-0000-0000-0000-000000000000'::uuid)) WHERE ends_on IS NULL AND deleted_at IS NULL;
CALL kit.describe('membership', 'A role of a person, at one facility or in the whole organization, for a time. A person may have several.',
  'user_id', 'The person.', 'facility_id', 'Facility the role is limited to; NULL means the whole organization.',
  'role', 'What the person may do, see src/access.rs.', 'starts_on', 'First day of the role.', 'ends_on', 'Last day of the role; NULL means until further notice.');
CALL kit.tenant_table('membership');
DROP POLICY IF EXISTS staff_reads ON membership;
CREATE POLICY staff_reads ON membership FOR SELECT TO almoner_app USING ((SELECT ctx.role() <> 'PATIENT') OR user_id = (SELECT ctx.actor()));
DROP POLICY IF EXISTS admin_adds ON membership;
CREATE POLICY admin_adds ON membership FOR INSERT TO almoner_app WITH CHECK ((SELECT ctx.role() = 'ADMIN'));
DROP POLICY IF EXISTS admin_changes ON membership;
CREATE POLICY admin_changes ON membership FOR UPDATE TO almoner_app
  USING ((SELECT ctx.role() = 'ADMIN')) WITH CHECK ((SELECT ctx.role() = 'ADMIN'));
-- A manager hires carers for the own homes; whoever may invite a patient may give the role PATIENT and no other.
DROP POLICY IF EXISTS manager_adds_carer ON membership;
CREATE POLICY manager_adds_carer ON membership FOR INSERT TO almoner_app
  WITH CHECK ((SELECT ctx.role() = 'MANAGER') AND role = 'CARER' AND (facility_id = ANY ((SELECT ctx.facilities())::uuid[]) OR (SELECT ctx.everywhere())));
DROP POLICY IF EXISTS manager_changes_carer ON membership;
CREATE POLICY manager_changes_carer ON membership FOR UPDATE TO almoner_app
  USING ((SELECT ctx.role() = 'MANAGER') AND role = 'CARER' AND (facility_id = ANY ((SELECT ctx.facilities())::uuid[]) OR (SELECT ctx.everywhere())))
  WITH CHECK ((SELECT ctx.role() = 'MANAGER') AND role = 'CARER' AND (facility_id = ANY ((SELECT ctx.facilities())::uuid[]) OR (SELECT ctx.everywhere())));
DROP POLICY IF EXISTS inviter_adds_patient ON membership;
CREATE POLICY inviter_adds_patient ON membership FOR INSERT TO almoner_app
  WITH CHECK ((SELECT ctx.role() IN ('MEDICAL_ASSISTANT', 'MANAGER')) AND role = 'PATIENT');
GRANT SELECT, INSERT, UPDATE ON membership TO almoner_app;

CREATE TABLE IF NOT EXISTS user_session (
  organization_id uuid NOT NULL,
  id              uuid NOT NULL,
  user_id         uuid NOT NULL,
  token_hash      bytea NOT NULL CONSTRAINT user_session_token_unique UNIQUE,
  role            text NOT NULL CONSTRAINT user_session_role_known CHECK (role IN ('PATIENT', 'CLINICIAN', 'MEDICAL_ASSISTANT', 'CLERK', 'CHAIR', 'CASEWORKER',
                    'CARER', 'MANAGER', 'OWNER', 'COMPLIANCE', 'ADMIN')),
  created_at      timestamptz NOT NULL DEFAULT now(),
  last_seen_at    timestamptz NOT NULL DEFAULT now(),
  expires_at      timestamptz NOT NULL,
  ip_address      inet,
  user_agent      text,
  stepped_up_at   timestamptz,
  ended_at        timestamptz,
  end_reason      text CONSTRAINT user_session_end_reason_known CHECK (end_reason IN ('SIGNED_OUT', 'REVOKED', 'IDLE', 'EXPIRED', 'REPLACED')),
  PRIMARY KEY (organization_id, id),
  CONSTRAINT user_session_user_fk FOREIGN KEY (organization_id, user_id) REFERENCES app_user ON DELETE RESTRICT,
  CONSTRAINT user_session_end_has_reason CHECK ((ended_at IS NULL) = (end_reason IS NULL))
) WITH (fillfactor = 80);
CREATE INDEX IF NOT EXISTS user_session_user ON user_session (organization_id, user_id, created_at DESC);
CALL kit.describe('user_session', 'A sign-in of a person on a device, kept after its end for the list of sessions.',
  'user_id', 'The person.', 'token_hash', 'SHA-256 of the session id in the cookie. Not readable by almoner_app.', 'role', 'The role the person acts in; a switch starts a new session.',
  'last_seen_at', 'Last request made by the person, not by an automatic refresh.', 'expires_at', 'Absolute end, whatever happens.',
  'ip_address', 'Address of the last request.', 'user_agent', 'Browser, as it names itself.', 'stepped_up_at', 'When the password was last asked again.',
  'ended_at', 'When the session ended.', 'end_reason', 'SIGNED_OUT, REVOKED, IDLE, EXPIRED or REPLACED.');
CALL kit.tenant_table('user_session');
DROP TRIGGER IF EXISTS user_session_touch ON user_session;
DROP POLICY IF EXISTS person_reads_own ON user_session;
CREATE POLICY person_reads_own ON user_session FOR SELECT TO almoner_app USING (user_id = (SELECT ctx.actor()) OR (SELECT ctx.role() = 'ADMIN'));
DROP POLICY IF EXISTS person_ends_own ON user_session;
CREATE POLICY person_ends_own ON user_session FOR UPDATE TO almoner_app
  USING (user_id = (SELECT ctx.actor()) OR (SELECT ctx.role() = 'ADMIN')) WITH CHECK (user_id = (SELECT ctx.actor()) OR (SELECT ctx.role() = 'ADMIN'));
GRANT SELECT (organization_id, id, user_id, role, created_at, last_seen_at, expires_at, ip_address, user_agent, stepped_up_at, ended_at, end_reason) ON user_session TO almoner_app;
GRANT UPDATE (ended_at, end_reason) ON user_session TO almoner_app;

CREATE TABLE IF NOT EXISTS user_token (
  organization_id uuid NOT NULL,
  id              uuid NOT NULL,
  user_id         uuid NOT NULL,
  purpose         text NOT NULL CONSTRAINT user_token_purpose_known CHECK (purpose IN ('ACTIVATION', 'PASSWORD_RESET', 'EMAIL')),
  token_hash      bytea NOT NULL CONSTRAINT user_token_hash_unique UNIQUE,
  expires_at      timestamptz NOT NULL,
  used_at         timestamptz,
  created_at      timestamptz NOT NULL DEFAULT now(),
  created_by_id   uuid,
  PRIMARY KEY (organization_id, id),
  CONSTRAINT user_token_user_fk FOREIGN KEY (organization_id, user_id) REFERENCES app_user ON DELETE RESTRICT
);
CREATE INDEX IF NOT EXISTS user_token_user ON user_token (organization_id, user_id);
CALL kit.describe('user_token', 'A link sent to a person, good once.',
  'user_id', 'The person.', 'purpose', 'ACTIVATION, PASSWORD_RESET or EMAIL (a new address).', 'token_hash', 'SHA-256 of the 256 random bits in the link. Not readable by almoner_app.',
  'expires_at', 'When the link stops working.', 'used_at', 'When the link was used.');
CALL kit.tenant_table('user_token');
DROP TRIGGER IF EXISTS user_token_touch ON user_token;
DROP POLICY IF EXISTS inviter_adds ON user_token;
CREATE POLICY inviter_adds ON user_token FOR INSERT TO almoner_app
  WITH CHECK ((SELECT ctx.role() = 'ADMIN') OR ((SELECT ctx.role() IN ('MANAGER', 'MEDICAL_ASSISTANT')) AND purpose = 'ACTIVATION'));
GRANT INSERT ON user_token TO almoner_app;

CREATE TABLE IF NOT EXISTS service_account (
  organization_id uuid NOT NULL CONSTRAINT service_account_organization_fk REFERENCES organization ON DELETE RESTRICT,
  id              uuid NOT NULL,
  name            text NOT NULL CONSTRAINT service_account_name_present CHECK (btrim(name) <> '' AND char_length(name) <= 255),
  scopes          text[] NOT NULL DEFAULT '{}' CONSTRAINT service_account_scopes_known
                    CHECK (scopes <@ ARRAY['alerts_ingest', 'lab_feed', 'device_sync', 'notifier', 'scheduler', 'exporter']),
  facility_id     uuid,
  secret_enc      bytea NOT NULL,
  expires_at      timestamptz,
  last_used_at    timestamptz,
  revoked_at      timestamptz,
  created_at      timestamptz NOT NULL DEFAULT now(),
  updated_at      timestamptz NOT NULL DEFAULT now(),
  created_by_id   uuid,
  deleted_at      timestamptz,
  deleted_by_id   uuid,
  is_deleted      boolean GENERATED ALWAYS AS (deleted_at IS NOT NULL) STORED,
  row_version     bigint NOT NULL DEFAULT 1,
  PRIMARY KEY (organization_id, id),
  CONSTRAINT service_account_facility_fk FOREIGN KEY (organization_id, facility_id) REFERENCES facility ON DELETE RESTRICT
);
CREATE INDEX IF NOT EXISTS service_account_facility ON service_account (organization_id, facility_id);
CREATE UNIQUE INDEX IF NOT EXISTS service_account_name_unique ON service_account (organization_id, lower(name)) WHERE deleted_at IS NULL;
CALL kit.describe('service_account', 'Another system that may call in, for the purposes it was given and no other.',
  'name', 'Name of the system, unique in the organization.', 'scopes', 'What it may do: alerts_ingest, lab_feed, device_sync, notifier, scheduler, exporter.',
  'facility_id', 'Facility it is limited to; NULL means the whole organization.', 'secret_enc', 'Secret of its HMAC signatures, encrypted. Not readable by almoner_app.',
  'expires_at', 'When it stops working by itself.', 'last_used_at', 'When it last called.', 'revoked_at', 'When it was revoked.');
CALL kit.tenant_table('service_account');
DROP POLICY IF EXISTS oversight_reads ON service_account;
CREATE POLICY oversight_reads ON service_account FOR SELECT TO almoner_app USING ((SELECT ctx.role() IN ('ADMIN', 'OWNER', 'COMPLIANCE')));
DROP POLICY IF EXISTS admin_adds ON service_account;
CREATE POLICY admin_adds ON service_account FOR INSERT TO almoner_app WITH CHECK ((SELECT ctx.role() = 'ADMIN'));
DROP POLICY IF EXISTS admin_changes ON service_account;
CREATE POLICY admin_changes ON service_account FOR UPDATE TO almoner_app USING ((SELECT ctx.role() = 'ADMIN')) WITH CHECK ((SELECT ctx.role() = 'ADMIN'));
GRANT SELECT (organization_id, id, name, scopes, facility_id, expires_at, last_used_at, revoked_at, created_at, updated_at, created_by_id, deleted_at, deleted_by_id,
              is_deleted, row_version) ON service_account TO almoner_app;
GRANT INSERT, UPDATE ON service_account TO almoner_app;

CREATE TABLE IF NOT EXISTS ingest_receipt (
  organization_id    uuid NOT NULL,
  service_account_id uuid NOT NULL,
  message_id         text NOT NULL CONSTRAINT ingest_receipt_message_id_length CHECK (char_length(message_id) BETWEEN 1 AND 255),
  result_id          uuid,
  result_is_new      boolean NOT NULL DEFAULT true,
  received_at        timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT ingest_receipt_once PRIMARY KEY (organization_id, service_account_id, message_id),
  CONSTRAINT ingest_receipt_service_account_fk FOREIGN KEY (organization_id, service_account_id) REFERENCES service_account ON DELETE RESTRICT
);
CALL kit.describe('ingest_receipt', 'One row per message of another system, so that a repeated message acts once.',
  'service_account_id', 'Who sent it.', 'message_id', 'The sender''s id of the message.', 'result_id', 'What it made or changed, such as the alert.',
  'result_is_new', 'Whether it made something rather than counting up what was open.', 'received_at', 'When it was first received.');
CALL kit.tenant_table('ingest_receipt');
DROP TRIGGER IF EXISTS ingest_receipt_touch ON ingest_receipt;

CREATE TABLE IF NOT EXISTS data_key (
  organization_id uuid NOT NULL CONSTRAINT data_key_organization_fk REFERENCES organization ON DELETE RESTRICT,
  id              uuid NOT NULL,
  key_id          smallint NOT NULL CONSTRAINT data_key_key_id_positive CHECK (key_id > 0),
  wrapped         bytea NOT NULL,
  created_at      timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (organization_id, id),
  CONSTRAINT data_key_once UNIQUE (organization_id, key_id)
);
CALL kit.describe('data_key', 'Key of an organization''s encrypted columns, itself encrypted with the key-encryption key outside the database.',
  'key_id', 'Number of the key; each ciphertext names the one it needs.', 'wrapped', 'The data key, encrypted.');
CALL kit.tenant_table('data_key');
DROP TRIGGER IF EXISTS data_key_touch ON data_key;
DROP POLICY IF EXISTS everybody_reads ON data_key;
CREATE POLICY everybody_reads ON data_key FOR SELECT TO almoner_app USING (true);
DROP POLICY IF EXISTS ingest_reads ON data_key;
CREATE POLICY ingest_reads ON data_key FOR SELECT TO almoner_ingest USING (true);
GRANT SELECT ON data_key TO almoner_app, almoner_ingest;

-- Limits per address and account belong to nobody's organization: the address may be anybody's.
CREATE TABLE IF NOT EXISTS rate_limit (
  key           text PRIMARY KEY,
  window_start  timestamptz NOT NULL,
  count         integer NOT NULL DEFAULT 0,
  blocked_until timestamptz
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 500);
CALL kit.describe('rate_limit', 'Attempts per address or account, kept here so that all replicas agree.',
  'key', 'What is counted, such as the hash of an address with the name of the limit.', 'window_start', 'Start of the window that is counted.',
  'count', 'Attempts in this window.', 'blocked_until', 'Until when everything is refused.');
ALTER TABLE rate_limit ENABLE ROW LEVEL SECURITY;
ALTER TABLE rate_limit FORCE ROW LEVEL SECURITY;
DROP POLICY IF EXISTS auth_everything ON rate_limit;
CREATE POLICY auth_everything ON rate_limit TO almoner_auth USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON rate_limit TO almoner_auth;

CREATE SCHEMA IF NOT EXISTS auth;
COMMENT ON SCHEMA auth IS 'The session store''s own table.';
GRANT USAGE ON SCHEMA auth TO almoner_auth, almoner_backup;
CREATE TABLE IF NOT EXISTS auth.session (
  id          text PRIMARY KEY,
  data        bytea NOT NULL,
  expiry_date timestamptz NOT NULL
) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 500);
CREATE INDEX IF NOT EXISTS session_expiry ON auth.session (expiry_date);
CALL kit.describe('auth.session', 'Contents of sessions, in the shape tower-sessions-sqlx-store asks for.',
  'id', 'Hash of the id in the cookie.', 'data', 'Contents, as the store encodes them.', 'expiry_date', 'When the store may forget it.');
ALTER TABLE auth.session ENABLE ROW LEVEL SECURITY;
ALTER TABLE auth.session FORCE ROW LEVEL SECURITY;
DROP POLICY IF EXISTS auth_everything ON auth.session;
CREATE POLICY auth_everything ON auth.session TO almoner_auth USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON auth.session TO almoner_auth;

-- What sign-in needs before there is an actor.
DO $$
DECLARE
  t regclass;
BEGIN
  FOREACH t IN ARRAY ARRAY['app_user', 'membership', 'user_session', 'user_token', 'service_account', 'data_key']::regclass[] LOOP
    EXECUTE format('DROP POLICY IF EXISTS auth_reads ON %s', t);
    EXECUTE format('CREATE POLICY auth_reads ON %s FOR SELECT TO almoner_auth USING (true)', t);
    EXECUTE format('GRANT SELECT ON %s TO almoner_auth', t);
  END LOOP;
  FOREACH t IN ARRAY ARRAY['user_session', 'user_token']::regclass[] LOOP
    EXECUTE format('DROP POLICY IF EXISTS auth_adds ON %s', t);
    EXECUTE format('CREATE POLICY auth_adds ON %s FOR INSERT TO almoner_auth WITH CHECK (true)', t);
    EXECUTE format('GRANT INSERT ON %s TO almoner_auth', t);
  END LOOP;
  FOREACH t IN ARRAY ARRAY['app_user', 'user_session', 'user_token', 'service_account']::regclass[] LOOP
    EXECUTE format('DROP POLICY IF EXISTS auth_changes ON %s', t);
    EXECUTE format('CREATE POLICY auth_changes ON %s FOR UPDATE TO almoner_auth USING (true) WITH CHECK (true)', t);
  END LOOP;
END $$;
GRANT UPDATE (password_hash, status, email, last_sign_in_at) ON app_user TO almoner_auth;
GRANT UPDATE ON user_session TO almoner_auth;
GRANT UPDATE (used_at) ON user_token TO almoner_auth;
GRANT UPDATE (last_used_at) ON service_account TO almoner_auth;

RESET ROLE;
