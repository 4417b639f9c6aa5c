-- The organization is the wall between tenants; facilities are its places of care.
SET LOCAL ROLE almoner_owner;
SET LOCAL client_min_messages = warning;  -- DROP POLICY IF EXISTS has much to say

CREATE TABLE IF NOT EXISTS organization (
  id              uuid PRIMARY KEY,
  name            text NOT NULL CONSTRAINT organization_name_present CHECK (btrim(name) <> '' AND char_length(name) <= 255),
  timezone        text NOT NULL DEFAULT 'Europe/London',
  settings        jsonb NOT NULL DEFAULT '{}',
  branding_config jsonb NOT NULL DEFAULT '{}',
  retention       jsonb NOT NULL DEFAULT '{}',
  created_at      timestamptz NOT NULL DEFAULT now(),
  updated_at      timestamptz NOT NULL DEFAULT now(),
  created_by_id   uuid,
  row_version     bigint NOT NULL DEFAULT 1
);
CALL kit.describe('organization', 'A tenant: one provider of care with its own people, patients and rules.',
  'name', 'Name shown in the header and on print.',
  'timezone', 'IANA zone for dates that belong to no facility.',
  'settings', 'Settings of the organization, such as alert time-outs.',
  'branding_config', 'Default logo and colours; a facility may have its own.',
  'retention', 'How long each kind of record is kept after deletion.');
ALTER TABLE organization ENABLE ROW LEVEL SECURITY;
ALTER TABLE organization FORCE ROW LEVEL SECURITY;
CREATE OR REPLACE TRIGGER organization_touch BEFORE UPDATE ON organization FOR EACH ROW EXECUTE FUNCTION kit.touch();
CALL kit.policy('organization', 'wall', 'ALL', 'almoner_app, almoner_ingest', 'id = (SELECT ctx.organization())', 'id = (SELECT ctx.organization())', restrictive => true);
CALL kit.policy('organization', 'maintenance', 'ALL', 'almoner_owner', 'true', 'true');
DROP POLICY IF EXISTS everybody_reads ON organization;
CREATE POLICY everybody_reads ON organization FOR SELECT TO almoner_app USING (true);
DROP POLICY IF EXISTS admin_changes ON organization;
CREATE POLICY admin_changes ON organization FOR UPDATE TO almoner_app
  USING ((SELECT ctx.role() = 'ADMIN')) WITH CHECK ((SELECT ctx.role() = 'ADMIN'));
-- The scheduler lists organizations before it enters one; sign-in shows the name before anybody is signed in. Nothing here is about patients.
DROP POLICY IF EXISTS machinery_reads ON organization;
CREATE POLICY machinery_reads ON organization FOR SELECT TO almoner_auth, almoner_worker, almoner_backup USING (true);
DROP POLICY IF EXISTS worker_adds ON organization;
CREATE POLICY worker_adds ON organization FOR INSERT TO almoner_worker WITH CHECK (id = (SELECT ctx.organization()));
GRANT SELECT ON organization TO almoner_app, almoner_auth, almoner_worker, almoner_backup;
GRANT UPDATE ON organization TO almoner_app;
GRANT INSERT ON organization TO almoner_worker;

CREATE TABLE IF NOT EXISTS facility (
  organization_id uuid NOT NULL CONSTRAINT facility_organization_fk REFERENCES organization ON DELETE RESTRICT,
  id              uuid NOT NULL,
  name            text NOT NULL CONSTRAINT facility_name_present CHECK (btrim(name) <> '' AND char_length(name) <= 255),
  kind            text NOT NULL CONSTRAINT facility_kind_known CHECK (kind IN ('CLINIC', 'CARE_HOME', 'OFFICE')),
  person_term     text NOT NULL DEFAULT 'Patient' CONSTRAINT facility_person_term_known CHECK (person_term IN ('Patient', 'Client', 'Resident')),
  timezone        text NOT NULL DEFAULT 'Europe/London',
  branding_config jsonb,
  business_hours  jsonb NOT NULL DEFAULT '{}',
  holidays        jsonb NOT NULL DEFAULT '[]',
  address         text,
  created_at      timestamptz NOT NULL DEFAULT now(),
  updated_at      timestamptz NOT NULL DEFAULT now(),
  created_by_id   uuid,
  deleted_at      timestamptz,
  deleted_by_id   uuid,
  is_deleted      boolean GENERATED ALWAYS AS (deleted_at IS NOT NULL) STORED,
  row_version     bigint NOT NULL DEFAULT 1,
  PRIMARY KEY (organization_id, id)
);
CREATE UNIQUE INDEX IF NOT EXISTS facility_name_unique ON facility (organization_id, lower(name)) WHERE deleted_at IS NULL;
CALL kit.describe('facility', 'A clinic, care home or office of an organization.',
  'name', 'Name of the facility, unique in the organization.',
  'kind', 'CLINIC, CARE_HOME or OFFICE.',
  'person_term', 'The word for a person in care here: Patient, Client or Resident.',
  'timezone', 'IANA zone in which times of this facility are shown.',
  'branding_config', 'Own logo and colours; NULL means the organization''s.',
  'business_hours', 'Opening hours by day of the week, local time.',
  'holidays', 'Dates on which the facility is closed.',
  'address', 'Postal address of the facility.');
CALL kit.tenant_table('facility');
DROP POLICY IF EXISTS everybody_reads ON facility;
CREATE POLICY everybody_reads ON facility FOR SELECT TO almoner_app USING (true);
DROP POLICY IF EXISTS admin_adds ON facility;
CREATE POLICY admin_adds ON facility FOR INSERT TO almoner_app WITH CHECK ((SELECT ctx.role() = 'ADMIN'));
DROP POLICY IF EXISTS admin_changes ON facility;
CREATE POLICY admin_changes ON facility FOR UPDATE TO almoner_app
  USING ((SELECT ctx.role() = 'ADMIN')) WITH CHECK ((SELECT ctx.role() = 'ADMIN'));
DROP POLICY IF EXISTS manager_changes_own ON facility;
CREATE POLICY manager_changes_own ON facility FOR UPDATE TO almoner_app
  USING ((SELECT ctx.role() = 'MANAGER') AND (id = ANY ((SELECT ctx.facilities())::uuid[]) OR (SELECT ctx.everywhere())))
  WITH CHECK ((SELECT ctx.role() = 'MANAGER') AND (id = ANY ((SELECT ctx.facilities())::uuid[]) OR (SELECT ctx.everywhere())));
DROP POLICY IF EXISTS auth_reads ON facility;
CREATE POLICY auth_reads ON facility FOR SELECT TO almoner_auth USING (true);
GRANT SELECT, INSERT, UPDATE ON facility TO almoner_app;
GRANT SELECT ON facility TO almoner_auth;

RESET ROLE;
