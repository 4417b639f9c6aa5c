-- The patient, and what belongs to the record of a patient from the start: contacts, cover, flags, care team, conditions, allergies.
-- Names stay in clear for search; what else identifies a person is encrypted by the application (_enc), with a blind index (_bidx) where it is looked up.
SET LOCAL ROLE almoner_owner;
SET LOCAL client_min_messages = warning;  -- DROP POLICY IF EXISTS has much to say

CREATE TABLE IF NOT EXISTS staff (
  organization_id    uuid NOT NULL CONSTRAINT staff_organization_fk REFERENCES organization ON DELETE RESTRICT,
  id                 uuid NOT NULL,
  facility_id        uuid,
  user_id            uuid,
  name               text NOT NULL CONSTRAINT staff_name_present CHECK (btrim(name) <> '' AND char_length(name) <= 255),
  job_title          text CONSTRAINT staff_job_title_length CHECK (char_length(job_title) <= 255),
  specialties        text[] NOT NULL DEFAULT '{}',
  telemed_enabled    boolean NOT NULL DEFAULT true,
  phone_enc          bytea,
  license_number_enc bytea,
  npi_number_enc     bytea,
  tax_id_enc         bytea,
  created_at      timestamptz NOT NULL DEFAULT now(),
  updated_at      timestamptz NOT NULL DEFAULT now(),
  created_by_id   uuid,
  deleted_at      timestamptz,
  deleted_by_id   uuid,
  is_deleted      boolean GENERATED ALWAYS AS (deleted_at IS NOT NULL) STORED,
  row_version     bigint NOT NULL DEFAULT 1,
  PRIMARY KEY (organization_id, id),
  CONSTRAINT staff_facility_fk FOREIGN KEY (organization_id, facility_id) REFERENCES facility ON DELETE RESTRICT,
  CONSTRAINT staff_user_fk FOREIGN KEY (organization_id, user_id) REFERENCES app_user ON DELETE RESTRICT
);
CREATE INDEX IF NOT EXISTS staff_facility ON staff (organization_id, facility_id);
CREATE UNIQUE INDEX IF NOT EXISTS staff_user_once ON staff (organization_id, user_id);
CALL kit.describe('staff', 'A person who provides care or works for the organization, whether or not they sign in.',
  'facility_id', 'Main place of work; NULL means the whole organization.', 'user_id', 'Their account, if they sign in.', 'name', 'Name as shown to patients.', 'job_title', 'What they are.',
  'specialties', 'Clinical specialties.', 'telemed_enabled', 'Whether they see patients by video.', 'phone_enc', 'Telephone, encrypted.',
  'license_number_enc', 'Licence to practise, encrypted.', 'npi_number_enc', 'National provider identifier, encrypted.', 'tax_id_enc', 'Tax number, encrypted.');
CALL kit.tenant_table('staff');
DROP POLICY IF EXISTS everybody_reads ON staff;
CREATE POLICY everybody_reads ON staff FOR SELECT TO almoner_app USING (true);
DROP POLICY IF EXISTS employer_adds ON staff;
CREATE POLICY employer_adds ON staff FOR INSERT TO almoner_app
  WITH CHECK ((SELECT ctx.role() = 'ADMIN') OR ((SELECT ctx.role() = 'MANAGER') AND (facility_id = ANY ((SELECT ctx.facilities())::uuid[]) OR (SELECT ctx.everywhere()))));
DROP POLICY IF EXISTS employer_changes ON staff;
CREATE POLICY employer_changes ON staff FOR UPDATE TO almoner_app
  USING ((SELECT ctx.role() = 'ADMIN') OR ((SELECT ctx.role() = 'MANAGER') AND (facility_id = ANY ((SELECT ctx.facilities())::uuid[]) OR (SELECT ctx.everywhere()))))
  WITH CHECK ((SELECT ctx.role() = 'ADMIN') OR ((SELECT ctx.role() = 'MANAGER') AND (facility_id = ANY ((SELECT ctx.facilities())::uuid[]) OR (SELECT ctx.everywhere()))));
GRANT SELECT, INSERT, UPDATE ON staff TO almoner_app;

CREATE TABLE IF NOT EXISTS patient (
  organization_id            uuid NOT NULL CONSTRAINT patient_organization_fk REFERENCES organization ON DELETE RESTRICT,
  id                         uuid NOT NULL,
  facility_id                uuid NOT NULL,
  first_name                 text NOT NULL CONSTRAINT patient_first_name_present CHECK (btrim(first_name) <> '' AND char_length(first_name) <= 255),
  last_name                  text NOT NULL CONSTRAINT patient_last_name_present CHECK (btrim(last_name) <> '' AND char_length(last_name) <= 255),
  name_key                   text COLLATE "C" NOT NULL,
  given_key                  text COLLATE "C" NOT NULL,
  date_of_birth              date CONSTRAINT patient_date_of_birth_plausible CHECK (date_of_birth BETWEEN DATE '1880-01-01' AND CURRENT_DATE + 1),
  status                     text NOT NULL DEFAULT 'ACTIVE' CONSTRAINT patient_status_known CHECK (status IN ('ACTIVE', 'INACTIVE', 'DISCHARGED', 'WAITLIST', 'ON_HOLD')),
  allergy_status             text NOT NULL DEFAULT 'NOT_RECORDED' CONSTRAINT patient_allergy_status_known CHECK (allergy_status IN ('KNOWN', 'NONE_KNOWN', 'NOT_RECORDED')),
  medical_record_number_enc  bytea,
  medical_record_number_bidx bytea,
  email_enc                  bytea,
  email_bidx                 bytea,
  phone_enc                  bytea,
  phone_bidx                 bytea,
  address_enc                bytea,
  city_enc                   bytea,
  state_enc                  bytea,
  zip_code_enc               bytea,
  assigned_clinician_id      uuid,
  height_cm                  numeric(4,1) CONSTRAINT patient_height_plausible CHECK (height_cm BETWEEN 20 AND 280),
  demographics               jsonb NOT NULL DEFAULT '{}' CONSTRAINT patient_demographics_object CHECK (jsonb_typeof(demographics) = 'object'),
  created_at      timestamptz NOT NULL DEFAULT now(),
  updated_at      timestamptz NOT NULL DEFAULT now(),
  created_by_id   uuid,
  deleted_at      timestamptz,
  deleted_by_id   uuid,
  is_deleted      boolean GENERATED ALWAYS AS (deleted_at IS NOT NULL) STORED,
  row_version     bigint NOT NULL DEFAULT 1,
  PRIMARY KEY (organization_id, id),
  CONSTRAINT patient_facility_fk FOREIGN KEY (organization_id, facility_id) REFERENCES facility ON DELETE RESTRICT,
  CONSTRAINT patient_assigned_clinician_fk FOREIGN KEY (organization_id, assigned_clinician_id) REFERENCES staff ON DELETE RESTRICT,
  CONSTRAINT patient_date_of_birth_required CHECK (date_of_birth IS NOT NULL OR status = 'WAITLIST'),
  CONSTRAINT patient_medical_record_number_complete CHECK ((medical_record_number_enc IS NULL) = (medical_record_number_bidx IS NULL)),
  CONSTRAINT patient_email_complete CHECK ((email_enc IS NULL) = (email_bidx IS NULL)),
  CONSTRAINT patient_phone_complete CHECK ((phone_enc IS NULL) = (phone_bidx IS NULL))
) WITH (fillfactor = 90, autovacuum_vacuum_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.02);
-- Search and listing by the leading letters. Collation C makes name_key >= 'oka' AND name_key < 'okb' an index condition, and its
-- operators are leakproof, so it stays one under row-level security.
CREATE INDEX IF NOT EXISTS patient_name ON patient (organization_id, name_key, id);
CREATE INDEX IF NOT EXISTS patient_facility_name ON patient (organization_id, facility_id, name_key, id);
CREATE INDEX IF NOT EXISTS patient_facility_given ON patient (organization_id, facility_id, given_key, id);
CREATE INDEX IF NOT EXISTS patient_given ON patient (organization_id, given_key, id);
CREATE UNIQUE INDEX IF NOT EXISTS patient_medical_record_number_unique ON patient (organization_id, medical_record_number_bidx);
CREATE UNIQUE INDEX IF NOT EXISTS patient_email_unique ON patient (organization_id, email_bidx);
CREATE INDEX IF NOT EXISTS patient_phone ON patient (organization_id, phone_bidx);
CREATE INDEX IF NOT EXISTS patient_birth ON patient (organization_id, date_of_birth);
CREATE INDEX IF NOT EXISTS patient_assigned_clinician ON patient (organization_id, assigned_clinician_id) WHERE assigned_clinician_id IS NOT NULL;
CALL kit.describe('patient', 'A person in care: patient, client or resident, as the facility calls them. One chart, one record number.',
  'facility_id', 'Where the person is in care; decides who may see the record.',
  'first_name', 'Given name, in clear for search.', 'last_name', 'Family name, in clear for search.',
  'name_key', '"family given", lower case without accents, written by the application; lists sort and search by it.', 'given_key', '"given family", for search by the given name.',
  'date_of_birth', 'Required unless on the waiting list.', 'status', 'ACTIVE, INACTIVE, DISCHARGED, WAITLIST or ON_HOLD.',
  'allergy_status', 'KNOWN (see allergy), NONE_KNOWN (asked) or NOT_RECORDED (nobody asked yet).',
  'medical_record_number_enc', 'Record number, encrypted.', 'medical_record_number_bidx', 'Blind index of the record number; unique in the organization.',
  'email_enc', 'E-mail address, encrypted.', 'email_bidx', 'Blind index of the e-mail address; unique in the organization.',
  'phone_enc', 'Telephone, encrypted.', 'phone_bidx', 'Blind index of the telephone; families share one, so not unique.',
  'address_enc', 'Street and house, encrypted.', 'city_enc', 'Town, encrypted.', 'state_enc', 'County or state, encrypted.', 'zip_code_enc', 'Postcode, encrypted.',
  'assigned_clinician_id', 'The clinician in charge.', 'height_cm', 'Height in centimetres.', 'demographics', 'Sex, gender, title, preferred name, language and the like.');
CALL kit.tenant_table('patient');

CREATE TABLE IF NOT EXISTS portal_account (
  organization_id uuid NOT NULL,
  id              uuid NOT NULL,
  patient_id      uuid NOT NULL,
  user_id         uuid NOT NULL,
  relationship    text NOT NULL CONSTRAINT portal_account_relationship_known CHECK (relationship IN ('SELF', 'PARENT', 'GUARDIAN', 'CARER', 'PARTNER', 'OTHER')),
  scopes          text[] NOT NULL DEFAULT '{}',
  status          text NOT NULL DEFAULT 'INVITED' CONSTRAINT portal_account_status_known CHECK (status IN ('INVITED', 'ACTIVE', 'SUSPENDED', 'REVOKED')),
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
  CONSTRAINT portal_account_patient_fk FOREIGN KEY (organization_id, patient_id) REFERENCES patient ON DELETE RESTRICT,
  CONSTRAINT portal_account_user_fk FOREIGN KEY (organization_id, user_id) REFERENCES app_user ON DELETE RESTRICT,
  CONSTRAINT portal_account_once UNIQUE (organization_id, patient_id, user_id),
  CONSTRAINT portal_account_ends_after_start CHECK (ends_on IS NULL OR ends_on >= starts_on)
);
CREATE INDEX IF NOT EXISTS portal_account_user ON portal_account (organization_id, user_id);
CALL kit.describe('portal_account', 'Which patients a person may act for in the portal: themselves or somebody they stand in for.',
  'patient_id', 'The patient.', 'user_id', 'The account.', 'relationship', 'SELF, PARENT, GUARDIAN, CARER, PARTNER or OTHER.', 'scopes', 'What a proxy may do; empty means everything.',
  'status', 'INVITED, ACTIVE, SUSPENDED or REVOKED.', 'starts_on', 'First day.', 'ends_on', 'Last day; NULL means until further notice.');
CALL kit.tenant_table('portal_account');

-- PL/pgSQL keeps its plan for the session; an SQL function would be planned anew in every statement (0.4 ms, measured). Policies ask for the role
-- first, so that nobody but a patient pays for it.
CREATE OR REPLACE FUNCTION ctx.own_patients() RETURNS uuid[] LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog AS $$
BEGIN
  IF ctx.role() IS DISTINCT FROM 'PATIENT' THEN
    RETURN '{}';
  END IF;
  RETURN ARRAY(SELECT p.patient_id FROM public.portal_account AS p
               WHERE p.organization_id = ctx.organization() AND p.user_id = ctx.actor() AND p.status = 'ACTIVE' AND p.deleted_at IS NULL
                 AND CURRENT_DATE BETWEEN p.starts_on AND coalesce(p.ends_on, 'infinity'));
END $$;
COMMENT ON FUNCTION ctx.own_patients() IS 'Patients a person in the role PATIENT may act for; empty for everybody else.';

-- Clinical roles at their facilities; owner and compliance over the organization; patients themselves; nobody else, and no administrator.
DROP POLICY IF EXISTS clinical_reads ON patient;
CREATE POLICY clinical_reads ON patient FOR SELECT TO almoner_app
  USING ((SELECT ctx.role() IN ('CLINICIAN', 'MEDICAL_ASSISTANT', 'CARER', 'MANAGER')) AND (facility_id = ANY ((SELECT ctx.facilities())::uuid[]) OR (SELECT ctx.everywhere())));
DROP POLICY IF EXISTS oversight_reads ON patient;
CREATE POLICY oversight_reads ON patient FOR SELECT TO almoner_app USING ((SELECT ctx.role() IN ('OWNER', 'COMPLIANCE')));
DROP POLICY IF EXISTS patient_reads_own ON patient;
CREATE POLICY patient_reads_own ON patient FOR SELECT TO almoner_app
  USING ((SELECT ctx.role() = 'PATIENT') AND id = ANY ((SELECT ctx.own_patients())::uuid[]));
DROP POLICY IF EXISTS clinical_adds ON patient;
CREATE POLICY clinical_adds ON patient FOR INSERT TO almoner_app
  WITH CHECK ((SELECT ctx.role() IN ('CLINICIAN', 'MEDICAL_ASSISTANT', 'MANAGER')) AND (facility_id = ANY ((SELECT ctx.facilities())::uuid[]) OR (SELECT ctx.everywhere())));
DROP POLICY IF EXISTS clinical_changes ON patient;
CREATE POLICY clinical_changes ON patient FOR UPDATE TO almoner_app
  USING ((SELECT ctx.role() IN ('CLINICIAN', 'MEDICAL_ASSISTANT', 'MANAGER')) AND (facility_id = ANY ((SELECT ctx.facilities())::uuid[]) OR (SELECT ctx.everywhere())))
  WITH CHECK ((SELECT ctx.role() IN ('CLINICIAN', 'MEDICAL_ASSISTANT', 'MANAGER')) AND (facility_id = ANY ((SELECT ctx.facilities())::uuid[]) OR (SELECT ctx.everywhere())));
GRANT SELECT, INSERT, UPDATE ON patient TO almoner_app;

DROP POLICY IF EXISTS clinical_reads ON portal_account;
CREATE POLICY clinical_reads ON portal_account FOR SELECT TO almoner_app
  USING ((SELECT ctx.role() IN ('CLINICIAN', 'MEDICAL_ASSISTANT', 'MANAGER'))
         AND EXISTS (SELECT 1 FROM patient AS p WHERE p.organization_id = portal_account.organization_id AND p.id = portal_account.patient_id));
DROP POLICY IF EXISTS oversight_reads ON portal_account;
CREATE POLICY oversight_reads ON portal_account FOR SELECT TO almoner_app USING ((SELECT ctx.role() IN ('COMPLIANCE', 'ADMIN')));
DROP POLICY IF EXISTS person_reads_own ON portal_account;
CREATE POLICY person_reads_own ON portal_account FOR SELECT TO almoner_app USING (user_id = (SELECT ctx.actor()));
DROP POLICY IF EXISTS clinical_adds ON portal_account;
CREATE POLICY clinical_adds ON portal_account FOR INSERT TO almoner_app
  WITH CHECK ((SELECT ctx.role() IN ('MEDICAL_ASSISTANT', 'MANAGER'))
              AND EXISTS (SELECT 1 FROM patient AS p WHERE p.organization_id = portal_account.organization_id AND p.id = portal_account.patient_id));
DROP POLICY IF EXISTS clinical_changes ON portal_account;
CREATE POLICY clinical_changes ON portal_account FOR UPDATE TO almoner_app
  USING ((SELECT ctx.role() IN ('MEDICAL_ASSISTANT', 'MANAGER'))
         AND EXISTS (SELECT 1 FROM patient AS p WHERE p.organization_id = portal_account.organization_id AND p.id = portal_account.patient_id))
  WITH CHECK ((SELECT ctx.role() IN ('MEDICAL_ASSISTANT', 'MANAGER'))
              AND EXISTS (SELECT 1 FROM patient AS p WHERE p.organization_id = portal_account.organization_id AND p.id = portal_account.patient_id));
DROP POLICY IF EXISTS admin_adds ON portal_account;
CREATE POLICY admin_adds ON portal_account FOR INSERT TO almoner_app WITH CHECK ((SELECT ctx.role() = 'ADMIN'));
DROP POLICY IF EXISTS admin_changes ON portal_account;
CREATE POLICY admin_changes ON portal_account FOR UPDATE TO almoner_app USING ((SELECT ctx.role() = 'ADMIN')) WITH CHECK ((SELECT ctx.role() = 'ADMIN'));
GRANT SELECT, INSERT, UPDATE ON portal_account TO almoner_app;

-- A patient reads who opened the record, also where it was one of many on a list.
DROP POLICY IF EXISTS patient_reads_own ON audit_event;
CREATE POLICY patient_reads_own ON audit_event FOR SELECT TO almoner_app
  USING ((SELECT ctx.role() = 'PATIENT')
         AND (patient_id = ANY ((SELECT ctx.own_patients())::uuid[]) OR patient_ids && (SELECT ctx.own_patients())::uuid[]));
DROP POLICY IF EXISTS patient_reads_own ON audit_patient;
CREATE POLICY patient_reads_own ON audit_patient FOR SELECT TO almoner_app
  USING ((SELECT ctx.role() = 'PATIENT') AND patient_id = ANY ((SELECT ctx.own_patients())::uuid[]));
DROP POLICY IF EXISTS manager_reads ON audit_patient;
CREATE POLICY manager_reads ON audit_patient FOR SELECT TO almoner_app
  USING ((SELECT ctx.role() = 'MANAGER')
         AND EXISTS (SELECT 1 FROM patient AS p WHERE p.organization_id = audit_patient.organization_id AND p.id = audit_patient.patient_id));
DROP POLICY IF EXISTS patient_reads_own ON status_change;
CREATE POLICY patient_reads_own ON status_change FOR SELECT TO almoner_app
  USING ((SELECT ctx.role() = 'PATIENT') AND subject_kind = 'patient' AND patient_id = ANY ((SELECT ctx.own_patients())::uuid[]));

-- What hangs on a patient is seen by whoever sees the patient, and written by the roles named here.
CREATE OR REPLACE PROCEDURE kit.patient_record(t regclass, writers text[]) LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
  bare text := (SELECT relname FROM pg_class WHERE oid = t);
  seen text := format('EXISTS (SELECT 1 FROM public.patient AS p WHERE p.organization_id = %1$I.organization_id AND p.id = %1$I.patient_id)', bare);
  writes text := format('(SELECT ctx.role() = ANY (%L::text[])) AND %s', writers, seen);
BEGIN
  CALL kit.tenant_table(t);
  EXECUTE format('DROP POLICY IF EXISTS patient_seen_reads ON %s', t);
  EXECUTE format('CREATE POLICY patient_seen_reads ON %s FOR SELECT TO almoner_app USING (%s)', t, seen);
  EXECUTE format('DROP POLICY IF EXISTS clinical_adds ON %s', t);
  EXECUTE format('CREATE POLICY clinical_adds ON %s FOR INSERT TO almoner_app WITH CHECK (%s)', t, writes);
  EXECUTE format('DROP POLICY IF EXISTS clinical_changes ON %s', t);
  EXECUTE format('CREATE POLICY clinical_changes ON %s FOR UPDATE TO almoner_app USING (%s) WITH CHECK (%s)', t, writes, writes);
  EXECUTE format('GRANT SELECT, INSERT, UPDATE ON %s TO almoner_app', t);
END $$;
COMMENT ON PROCEDURE kit.patient_record IS 'Row-level security of a table whose rows belong to a patient: seen with the patient, written by the given roles.';

CREATE TABLE IF NOT EXISTS patient_flag (
  organization_id uuid NOT NULL,
  id              uuid NOT NULL,
  patient_id      uuid NOT NULL,
  code            text NOT NULL CONSTRAINT patient_flag_code_shape CHECK (code ~ '^[A-Z][A-Z0-9_]{1,63}$'),
  note            text,
  starts_at       timestamptz NOT NULL DEFAULT now(),
  ends_at         timestamptz,
  created_at      timestamptz NOT NULL DEFAULT now(),
  updated_at      timestamptz NOT NULL DEFAULT now(),
  created_by_id   uuid,
  deleted_at      timestamptz,
  deleted_by_id   uuid,
  is_deleted      boolean GENERATED ALWAYS AS (deleted_at IS NOT NULL) STORED,
  row_version     bigint NOT NULL DEFAULT 1,
  PRIMARY KEY (organization_id, id),
  CONSTRAINT patient_flag_patient_fk FOREIGN KEY (organization_id, patient_id) REFERENCES patient ON DELETE RESTRICT,
  CONSTRAINT patient_flag_ends_after_start CHECK (ends_at IS NULL OR ends_at >= starts_at)
);
CREATE UNIQUE INDEX IF NOT EXISTS patient_flag_once ON patient_flag (organization_id, patient_id, code) WHERE ends_at IS NULL AND deleted_at IS NULL;
CREATE INDEX IF NOT EXISTS patient_flag_patient ON patient_flag (organization_id, patient_id);
CREATE INDEX IF NOT EXISTS patient_flag_code ON patient_flag (organization_id, code) WHERE ends_at IS NULL AND deleted_at IS NULL;
CALL kit.describe('patient_flag', 'A mark everybody should see at once, such as HIGH_RISK or RPM_ENROLLED.',
  'patient_id', 'The patient.', 'code', 'The mark, in capitals.', 'note', 'Why.', 'starts_at', 'Since when.', 'ends_at', 'Until when; NULL means it stands.');
CALL kit.patient_record('patient_flag', '{CLINICIAN,MEDICAL_ASSISTANT,MANAGER}');

CREATE TABLE IF NOT EXISTS care_team_member (
  organization_id uuid NOT NULL,
  id              uuid NOT NULL,
  patient_id      uuid NOT NULL,
  staff_id        uuid NOT NULL,
  role            text NOT NULL CONSTRAINT care_team_member_role_present CHECK (btrim(role) <> '' AND char_length(role) <= 255),
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
  CONSTRAINT care_team_member_patient_fk FOREIGN KEY (organization_id, patient_id) REFERENCES patient ON DELETE RESTRICT,
  CONSTRAINT care_team_member_staff_fk FOREIGN KEY (organization_id, staff_id) REFERENCES staff ON DELETE RESTRICT,
  CONSTRAINT care_team_member_ends_after_start CHECK (ends_on IS NULL OR ends_on >= starts_on)
);
CREATE UNIQUE INDEX IF NOT EXISTS care_team_member_once ON care_team_member (organization_id, patient_id, staff_id, role) WHERE ends_on IS NULL AND deleted_at IS NULL;
CREATE INDEX IF NOT EXISTS care_team_member_patient ON care_team_member (organization_id, patient_id);
CREATE INDEX IF NOT EXISTS care_team_member_staff ON care_team_member (organization_id, staff_id);
CALL kit.describe('care_team_member', 'Who looks after a patient, and as what.',
  'patient_id', 'The patient.', 'staff_id', 'The member of staff.', 'role', 'As what, such as Named nurse.', 'starts_on', 'First day.', 'ends_on', 'Last day; NULL means until further notice.');
CALL kit.patient_record('care_team_member', '{CLINICIAN,MEDICAL_ASSISTANT,MANAGER}');

CREATE TABLE IF NOT EXISTS patient_contact (
  organization_id uuid NOT NULL,
  id              uuid NOT NULL,
  patient_id      uuid NOT NULL,
  name_enc        bytea NOT NULL,
  phone_enc       bytea,
  email_enc       bytea,
  address_enc     bytea,
  relationship    text NOT NULL CONSTRAINT patient_contact_relationship_present CHECK (btrim(relationship) <> '' AND char_length(relationship) <= 255),
  is_emergency    boolean NOT NULL DEFAULT false,
  position        smallint NOT NULL DEFAULT 0,
  created_at      timestamptz NOT NULL DEFAULT now(),
  updated_at      timestamptz NOT NULL DEFAULT now(),
  created_by_id   uuid,
  deleted_at      timestamptz,
  deleted_by_id   uuid,
  is_deleted      boolean GENERATED ALWAYS AS (deleted_at IS NOT NULL) STORED,
  row_version     bigint NOT NULL DEFAULT 1,
  PRIMARY KEY (organization_id, id),
  CONSTRAINT patient_contact_patient_fk FOREIGN KEY (organization_id, patient_id) REFERENCES patient ON DELETE RESTRICT
);
CREATE INDEX IF NOT EXISTS patient_contact_patient ON patient_contact (organization_id, patient_id);
CALL kit.describe('patient_contact', 'A relative, friend or other person to call.',
  'patient_id', 'The patient.', 'name_enc', 'Name, encrypted.', 'phone_enc', 'Telephone, encrypted.', 'email_enc', 'E-mail address, encrypted.', 'address_enc', 'Address, encrypted.',
  'relationship', 'What they are to the patient.', 'is_emergency', 'Whether to call in an emergency.', 'position', 'Order in which to call.');
CALL kit.patient_record('patient_contact', '{CLINICIAN,MEDICAL_ASSISTANT,MANAGER}');

CREATE TABLE IF NOT EXISTS coverage (
  organization_id      uuid NOT NULL,
  id                   uuid NOT NULL,
  patient_id           uuid NOT NULL,
  payer                text NOT NULL CONSTRAINT coverage_payer_present CHECK (btrim(payer) <> '' AND char_length(payer) <= 255),
  member_id_enc        bytea,
  member_id_bidx       bytea,
  ssn_enc              bytea,
  subscriber_phone_enc bytea,
  starts_on            date,
  ends_on              date,
  created_at      timestamptz NOT NULL DEFAULT now(),
  updated_at      timestamptz NOT NULL DEFAULT now(),
  created_by_id   uuid,
  deleted_at      timestamptz,
  deleted_by_id   uuid,
  is_deleted      boolean GENERATED ALWAYS AS (deleted_at IS NOT NULL) STORED,
  row_version     bigint NOT NULL DEFAULT 1,
  PRIMARY KEY (organization_id, id),
  CONSTRAINT coverage_patient_fk FOREIGN KEY (organization_id, patient_id) REFERENCES patient ON DELETE RESTRICT,
  CONSTRAINT coverage_ends_after_start CHECK (ends_on IS NULL OR starts_on IS NULL OR ends_on >= starts_on),
  CONSTRAINT coverage_member_id_complete CHECK ((member_id_enc IS NULL) = (member_id_bidx IS NULL))
);
CREATE INDEX IF NOT EXISTS coverage_patient ON coverage (organization_id, patient_id);
CREATE INDEX IF NOT EXISTS coverage_member_id ON coverage (organization_id, member_id_bidx) WHERE member_id_bidx IS NOT NULL;
CALL kit.describe('coverage', 'Who pays for the care, and under which number.',
  'patient_id', 'The patient.', 'payer', 'Insurer or authority.', 'member_id_enc', 'Member number, encrypted.', 'member_id_bidx', 'Blind index of the member number.',
  'ssn_enc', 'Social security number, encrypted.', 'subscriber_phone_enc', 'Telephone of the subscriber, encrypted.', 'starts_on', 'First day.', 'ends_on', 'Last day; NULL means until further notice.');
CALL kit.patient_record('coverage', '{CLINICIAN,MEDICAL_ASSISTANT,MANAGER}');

CREATE TABLE IF NOT EXISTS condition (
  organization_id uuid NOT NULL,
  id              uuid NOT NULL,
  patient_id      uuid NOT NULL,
  code            text CONSTRAINT condition_code_length CHECK (char_length(code) <= 64),
  text            text NOT NULL CONSTRAINT condition_text_present CHECK (btrim(text) <> '' AND char_length(text) <= 255),
  onset           date,
  status          text NOT NULL DEFAULT 'ACTIVE' CONSTRAINT condition_status_known CHECK (status IN ('ACTIVE', 'REMISSION', 'RESOLVED', 'ENTERED_IN_ERROR')),
  weight_related  boolean NOT NULL DEFAULT false,
  created_at      timestamptz NOT NULL DEFAULT now(),
  updated_at      timestamptz NOT NULL DEFAULT now(),
  created_by_id   uuid,
  deleted_at      timestamptz,
  deleted_by_id   uuid,
  is_deleted      boolean GENERATED ALWAYS AS (deleted_at IS NOT NULL) STORED,
  row_version     bigint NOT NULL DEFAULT 1,
  PRIMARY KEY (organization_id, id),
  CONSTRAINT condition_patient_fk FOREIGN KEY (organization_id, patient_id) REFERENCES patient ON DELETE RESTRICT
);
CREATE INDEX IF NOT EXISTS condition_patient ON condition (organization_id, patient_id);
CALL kit.describe('condition', 'A problem or diagnosis of a patient.',
  'patient_id', 'The patient.', 'code', 'Code, such as ICD-10 E11.9.', 'text', 'The problem in words.', 'onset', 'Since when.',
  'status', 'ACTIVE, REMISSION, RESOLVED or ENTERED_IN_ERROR.', 'weight_related', 'Whether it counts as weight-related for the GLP-1 rule.');
CALL kit.patient_record('condition', '{CLINICIAN}');

CREATE TABLE IF NOT EXISTS allergy (
  organization_id uuid NOT NULL,
  id              uuid NOT NULL,
  patient_id      uuid NOT NULL,
  substance       text NOT NULL CONSTRAINT allergy_substance_present CHECK (btrim(substance) <> '' AND char_length(substance) <= 255),
  reaction        text CONSTRAINT allergy_reaction_length CHECK (char_length(reaction) <= 255),
  severity        text NOT NULL DEFAULT 'UNKNOWN' CONSTRAINT allergy_severity_known CHECK (severity IN ('MILD', 'MODERATE', 'SEVERE', 'UNKNOWN')),
  status          text NOT NULL DEFAULT 'ACTIVE' CONSTRAINT allergy_status_known CHECK (status IN ('ACTIVE', 'INACTIVE', 'REFUTED', 'ENTERED_IN_ERROR')),
  recorded_by_id  uuid,
  recorded_at     timestamptz NOT NULL DEFAULT now(),
  created_at      timestamptz NOT NULL DEFAULT now(),
  updated_at      timestamptz NOT NULL DEFAULT now(),
  created_by_id   uuid,
  deleted_at      timestamptz,
  deleted_by_id   uuid,
  is_deleted      boolean GENERATED ALWAYS AS (deleted_at IS NOT NULL) STORED,
  row_version     bigint NOT NULL DEFAULT 1,
  PRIMARY KEY (organization_id, id),
  CONSTRAINT allergy_patient_fk FOREIGN KEY (organization_id, patient_id) REFERENCES patient ON DELETE RESTRICT
);
CREATE INDEX IF NOT EXISTS allergy_patient ON allergy (organization_id, patient_id);
CALL kit.describe('allergy', 'What a patient reacts to, and how; shown in the banner of the chart.',
  'patient_id', 'The patient.', 'substance', 'What the patient reacts to.', 'reaction', 'What happens.', 'severity', 'MILD, MODERATE, SEVERE or UNKNOWN.',
  'status', 'ACTIVE, INACTIVE, REFUTED or ENTERED_IN_ERROR.', 'recorded_by_id', 'Who recorded it. No foreign key, as for created_by_id.', 'recorded_at', 'When it was recorded.');
CALL kit.patient_record('allergy', '{CLINICIAN,MEDICAL_ASSISTANT,MANAGER}');

-- Clerks, chairs and caseworkers may know a patient's name and record number and nothing else. Row-level security cannot hide columns, and all
-- people share one database role, so they get no policy on patient at all: these functions are their only way in, and give exactly those columns.
CREATE SCHEMA IF NOT EXISTS headers;
COMMENT ON SCHEMA headers IS 'Name and record number of patients, for roles that may know no more.';
GRANT USAGE ON SCHEMA headers TO almoner_app;
CREATE OR REPLACE FUNCTION headers.of_patients(ids uuid[])
RETURNS TABLE (id uuid, facility_id uuid, first_name text, last_name text, medical_record_number_enc bytea)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
  SELECT p.id, p.facility_id, p.first_name, p.last_name, p.medical_record_number_enc
  FROM public.patient AS p
  WHERE p.organization_id = (SELECT ctx.organization()) AND p.id = ANY (ids)
    AND (SELECT ctx.role() IN ('CLERK', 'CHAIR', 'CASEWORKER')) AND (p.facility_id = ANY ((SELECT ctx.facilities())::uuid[]) OR (SELECT ctx.everywhere()))
$$;
COMMENT ON FUNCTION headers.of_patients IS 'Headers of the given patients at the facilities of a clerk, chair or caseworker.';
CREATE OR REPLACE FUNCTION headers.find(prefix text, most integer DEFAULT 20)
RETURNS TABLE (id uuid, facility_id uuid, first_name text, last_name text, medical_record_number_enc bytea)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
  SELECT p.id, p.facility_id, p.first_name, p.last_name, p.medical_record_number_enc
  FROM public.patient AS p
  WHERE p.organization_id = (SELECT ctx.organization()) AND p.deleted_at IS NULL
    AND p.name_key >= prefix COLLATE "C" AND p.name_key < (prefix || chr(1114111)) COLLATE "C"
    AND (SELECT ctx.role() IN ('CLERK', 'CHAIR', 'CASEWORKER')) AND (p.facility_id = ANY ((SELECT ctx.facilities())::uuid[]) OR (SELECT ctx.everywhere()))
  ORDER BY p.name_key, p.id
  LIMIT least(most, 100)
$$;
COMMENT ON FUNCTION headers.find IS 'Headers of patients whose name_key starts with the prefix, for a clerk, chair or caseworker.';
CREATE OR REPLACE FUNCTION headers.by_record_number(number_bidx bytea)
RETURNS TABLE (id uuid, facility_id uuid, first_name text, last_name text, medical_record_number_enc bytea)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
  SELECT p.id, p.facility_id, p.first_name, p.last_name, p.medical_record_number_enc
  FROM public.patient AS p
  WHERE p.organization_id = (SELECT ctx.organization()) AND p.deleted_at IS NULL AND p.medical_record_number_bidx = number_bidx
    AND (SELECT ctx.role() IN ('CLERK', 'CHAIR', 'CASEWORKER')) AND (p.facility_id = ANY ((SELECT ctx.facilities())::uuid[]) OR (SELECT ctx.everywhere()))
$$;
COMMENT ON FUNCTION headers.by_record_number IS 'Header of the patient with the record number, for a clerk, chair or caseworker.';
REVOKE ALL ON FUNCTION headers.of_patients, headers.find, headers.by_record_number FROM PUBLIC;
GRANT EXECUTE ON FUNCTION headers.of_patients, headers.find, headers.by_record_number TO almoner_app;

RESET ROLE;
