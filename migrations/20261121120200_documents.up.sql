-- Documents: what is known of each file, its versions, and the room that an organization has for them. The files themselves are outside, encrypted.
SET LOCAL ROLE almoner_owner;
SET LOCAL client_min_messages = warning;  -- DROP POLICY IF EXISTS has much to say

-- Changed only by the trigger that adds versions: its row is locked there, so that parallel uploads never exceed the quota together.
CREATE TABLE IF NOT EXISTS document_usage (
  organization_id uuid PRIMARY KEY CONSTRAINT document_usage_organization_fk REFERENCES organization ON DELETE RESTRICT,
  quota_bytes     bigint NOT NULL DEFAULT 53687091200 CONSTRAINT document_usage_quota_positive CHECK (quota_bytes >= 0),
  used_bytes      bigint NOT NULL DEFAULT 0 CONSTRAINT document_usage_used_positive CHECK (used_bytes >= 0),
  files           bigint NOT NULL DEFAULT 0 CONSTRAINT document_usage_files_positive CHECK (files >= 0),
  updated_at      timestamptz NOT NULL DEFAULT now(),
  row_version     bigint NOT NULL DEFAULT 1
) WITH (fillfactor = 50);
CALL kit.describe('document_usage', 'How much room the files of an organization take, and how much they may.',
  'quota_bytes', 'Room there is, in bytes; 50 GiB unless an administrator says otherwise.', 'used_bytes', 'Room taken by all versions of all documents, in bytes.', 'files', 'How many versions there are.');
CALL kit.tenant_table('document_usage');
DROP POLICY IF EXISTS staff_reads ON document_usage;
CREATE POLICY staff_reads ON document_usage FOR SELECT TO almoner_app USING ((SELECT ctx.role() <> 'PATIENT'));
DROP POLICY IF EXISTS admin_changes ON document_usage;
CREATE POLICY admin_changes ON document_usage FOR UPDATE TO almoner_app USING ((SELECT ctx.role() = 'ADMIN')) WITH CHECK ((SELECT ctx.role() = 'ADMIN'));
DROP POLICY IF EXISTS counts ON document_usage;
CREATE POLICY counts ON document_usage TO almoner_owner USING (true) WITH CHECK (true);  -- only kit.add_document_version runs as the owner
GRANT SELECT ON document_usage TO almoner_app;
GRANT UPDATE (quota_bytes) ON document_usage TO almoner_app;

CREATE TABLE IF NOT EXISTS document (
  organization_id uuid NOT NULL CONSTRAINT document_organization_fk REFERENCES organization ON DELETE RESTRICT,
  id              uuid NOT NULL,
  bucket          text NOT NULL CONSTRAINT document_bucket_known CHECK (bucket IN ('RESIDENT_DOCS', 'INCIDENT_EVIDENCE', 'POLICY_FILES', 'CASE_FILES', 'MESSAGE_FILES', 'STAFF_FILES')),
  category        text NOT NULL DEFAULT 'OTHER' CONSTRAINT document_category_known CHECK (category IN ('LETTER', 'REPORT', 'FORM', 'CONSENT', 'QUOTE', 'INVOICE', 'PHOTO', 'IDENTITY', 'RESULT', 'PLAN', 'POLICY', 'CERTIFICATE', 'OTHER')),
  title           text NOT NULL CONSTRAINT document_title_present CHECK (btrim(title) <> '' AND char_length(title) <= 255),
  patient_id      uuid,
  case_id         uuid,
  incident_id     uuid,
  message_id      uuid,
  training_id     uuid,
  facility_id     uuid,
  status          text NOT NULL DEFAULT 'PUBLISHED' CONSTRAINT document_status_known CHECK (status IN ('DRAFT', 'PUBLISHED', 'ARCHIVED')),
  current_version integer NOT NULL DEFAULT 0 CONSTRAINT document_current_version_positive CHECK (current_version >= 0),
  expires_on      date,
  archived_at     timestamptz,
  archived_by_id  uuid,
  archive_reason  text CONSTRAINT document_archive_reason_length CHECK (char_length(archive_reason) <= 2000),
  created_at      timestamptz NOT NULL DEFAULT now(),
  updated_at      timestamptz NOT NULL DEFAULT now(),
  created_by_id   uuid,
  row_version     bigint NOT NULL DEFAULT 1,
  PRIMARY KEY (organization_id, id),
  CONSTRAINT document_patient_fk FOREIGN KEY (organization_id, patient_id) REFERENCES patient ON DELETE RESTRICT,
  CONSTRAINT document_case_fk FOREIGN KEY (organization_id, case_id) REFERENCES cases ON DELETE RESTRICT,
  CONSTRAINT document_facility_fk FOREIGN KEY (organization_id, facility_id) REFERENCES facility ON DELETE RESTRICT,
  -- Exactly one subject, of the kind that the bucket is for. A policy without a facility is one of the whole organization.
  CONSTRAINT document_one_subject CHECK (num_nonnulls(patient_id, case_id, incident_id, message_id, training_id, facility_id) = 1
                                         OR bucket = 'POLICY_FILES' AND num_nonnulls(patient_id, case_id, incident_id, message_id, training_id, facility_id) = 0),
  CONSTRAINT document_subject_of_bucket CHECK (CASE bucket WHEN 'RESIDENT_DOCS' THEN patient_id IS NOT NULL WHEN 'CASE_FILES' THEN case_id IS NOT NULL
                                                           WHEN 'INCIDENT_EVIDENCE' THEN incident_id IS NOT NULL WHEN 'MESSAGE_FILES' THEN message_id IS NOT NULL
                                                           WHEN 'STAFF_FILES' THEN training_id IS NOT NULL
                                                           ELSE num_nonnulls(patient_id, case_id, incident_id, message_id, training_id) = 0 END),
  CONSTRAINT document_archived_complete CHECK ((status = 'ARCHIVED') = (archived_at IS NOT NULL)
                                               AND (status <> 'ARCHIVED' OR btrim(coalesce(archive_reason, '')) <> ''))
);
CREATE INDEX IF NOT EXISTS document_of_patient ON document (organization_id, patient_id, created_at DESC, id DESC) WHERE patient_id IS NOT NULL;
CREATE INDEX IF NOT EXISTS document_of_case ON document (organization_id, case_id, created_at DESC, id DESC) WHERE case_id IS NOT NULL;
CREATE INDEX IF NOT EXISTS document_of_facility ON document (organization_id, facility_id, created_at DESC, id DESC) WHERE facility_id IS NOT NULL;
CREATE INDEX IF NOT EXISTS document_bucket ON document (organization_id, bucket, created_at DESC, id DESC);
CREATE INDEX IF NOT EXISTS document_expiring ON document (organization_id, expires_on, id) WHERE expires_on IS NOT NULL AND status = 'PUBLISHED';
CALL kit.describe('document', 'A document about a patient, a case or another record: what stays the same from version to version.',
  'bucket', 'Decides who may see and add: RESIDENT_DOCS, INCIDENT_EVIDENCE, POLICY_FILES, CASE_FILES, MESSAGE_FILES or STAFF_FILES.', 'category', 'What kind of document it is.',
  'title', 'What it is called; the name of the first file unless somebody said otherwise.', 'patient_id', 'Patient it is about (RESIDENT_DOCS).', 'case_id', 'Case it belongs to (CASE_FILES).',
  'incident_id', 'Incident it is evidence of (INCIDENT_EVIDENCE).', 'message_id', 'Message it is attached to (MESSAGE_FILES).', 'training_id', 'Training record it proves (STAFF_FILES).',
  'facility_id', 'Facility the policy is for (POLICY_FILES); NULL there means the whole organization, and stands in all other buckets.', 'status', 'DRAFT (policies only), PUBLISHED or ARCHIVED.',
  'current_version', 'Number of the newest version; kept by a trigger.', 'expires_on', 'Day from which it is out of date, if it ever is.', 'archived_at', 'When it was archived; kept by a trigger.',
  'archived_by_id', 'Who archived it. No foreign key, as for created_by_id.', 'archive_reason', 'Why it was archived.');
CALL kit.tenant_table('document');
DROP TRIGGER IF EXISTS document_touch ON document;  -- document_guard does this too

CREATE TABLE IF NOT EXISTS document_version (
  organization_id uuid NOT NULL CONSTRAINT document_version_organization_fk REFERENCES organization ON DELETE RESTRICT,
  id              uuid NOT NULL,
  document_id     uuid NOT NULL,
  version         integer NOT NULL CONSTRAINT document_version_counts CHECK (version > 0),
  filename        text NOT NULL CONSTRAINT document_version_filename_clean CHECK (btrim(filename) <> '' AND char_length(filename) <= 255 AND filename !~ '[/\\\x01-\x1f\x7f]'),
  storage_key     text NOT NULL CONSTRAINT document_version_storage_key_shape CHECK (storage_key ~ '^[0-9a-z/-]{8,200}$'),
  mime_type       text NOT NULL CONSTRAINT document_version_mime_type_shape CHECK (mime_type ~ '^[a-z]+/[a-z0-9.+-]{1,120}$'),
  file_size       bigint NOT NULL CONSTRAINT document_version_file_size_limit CHECK (file_size BETWEEN 1 AND 104857600),
  sha256          bytea NOT NULL CONSTRAINT document_version_sha256_length CHECK (octet_length(sha256) = 32),
  status          text NOT NULL DEFAULT 'PUBLISHED' CONSTRAINT document_version_status_known CHECK (status IN ('PUBLISHED', 'SUPERSEDED')),
  note            text CONSTRAINT document_version_note_length CHECK (char_length(note) <= 2000),
  upload_key      text CONSTRAINT document_version_upload_key_length CHECK (char_length(upload_key) BETWEEN 1 AND 100),
  uploaded_by_id  uuid NOT NULL,
  uploaded_at     timestamptz NOT NULL DEFAULT now(),
  created_at      timestamptz NOT NULL DEFAULT now(),
  updated_at      timestamptz NOT NULL DEFAULT now(),
  row_version     bigint NOT NULL DEFAULT 1,
  PRIMARY KEY (organization_id, id),
  CONSTRAINT document_version_document_fk FOREIGN KEY (organization_id, document_id) REFERENCES document ON DELETE RESTRICT,
  CONSTRAINT document_version_uploaded_by_fk FOREIGN KEY (organization_id, uploaded_by_id) REFERENCES app_user ON DELETE RESTRICT
);
CREATE UNIQUE INDEX IF NOT EXISTS document_version_number_unique ON document_version (organization_id, document_id, version);
CREATE UNIQUE INDEX IF NOT EXISTS document_version_storage_key_unique ON document_version (storage_key);
CREATE UNIQUE INDEX IF NOT EXISTS document_version_uploaded_once ON document_version (organization_id, upload_key) WHERE upload_key IS NOT NULL;
CREATE INDEX IF NOT EXISTS document_version_uploaded_by ON document_version (organization_id, uploaded_by_id);
CALL kit.describe('document_version', 'One file as it was uploaded. Nothing of it changes afterwards; the next version supersedes it.',
  'document_id', 'Document it is a version of.', 'version', 'Counts from 1 in each document; given by a trigger.', 'filename', 'Name of the file, cleaned; shown and offered for saving, never used as a path.',
  'storage_key', 'Name of the encrypted object in the store of files.', 'mime_type', 'What the content was found to be.', 'file_size', 'Bytes before encryption.', 'sha256', 'SHA-256 of the content before encryption.',
  'status', 'PUBLISHED for the newest version, SUPERSEDED for those before it.', 'note', 'What is new in this version.', 'upload_key', 'Key of the form and place in it, so that a form sent twice adds once.',
  'uploaded_by_id', 'Who uploaded it.', 'uploaded_at', 'When the whole file had arrived.');
CALL kit.tenant_table('document_version');

-- Refusals carry the name of the rule, like a constraint.
CREATE OR REPLACE FUNCTION kit.document_refusal(rule text, message text) RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
  RAISE EXCEPTION '%', message USING ERRCODE = 'check_violation', CONSTRAINT = rule, TABLE = 'document', SCHEMA = 'public';
END $$;
COMMENT ON FUNCTION kit.document_refusal IS 'Refuses a change of a document under the name of a rule.';

CREATE OR REPLACE FUNCTION kit.document_guard() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
  person CONSTANT boolean := current_setting('role') = 'almoner_app';
BEGIN
  IF TG_OP = 'INSERT' THEN
    IF NEW.status = 'ARCHIVED' OR NEW.status = 'DRAFT' AND NEW.bucket <> 'POLICY_FILES' THEN
      PERFORM kit.document_refusal('document_begins_published', 'a document begins as PUBLISHED, a policy perhaps as DRAFT');
    END IF;
    IF person THEN
      NEW.current_version := 0;
    END IF;
    RETURN NEW;
  END IF;
  NEW.updated_at := now();
  NEW.row_version := OLD.row_version + 1;
  IF (NEW.bucket, NEW.patient_id, NEW.case_id, NEW.incident_id, NEW.message_id, NEW.training_id, NEW.facility_id, NEW.created_at, NEW.created_by_id)
     IS DISTINCT FROM (OLD.bucket, OLD.patient_id, OLD.case_id, OLD.incident_id, OLD.message_id, OLD.training_id, OLD.facility_id, OLD.created_at, OLD.created_by_id) THEN
    PERFORM kit.document_refusal('document_subject_fixed', 'a document stays where it was added');
  END IF;
  IF OLD.status = 'ARCHIVED' THEN
    PERFORM kit.document_refusal('document_archived_fixed', 'an archived document is not changed');
  END IF;
  CASE OLD.status || '>' || NEW.status
    WHEN 'DRAFT>DRAFT', 'PUBLISHED>PUBLISHED' THEN
      NEW.archive_reason := NULL;
    WHEN 'DRAFT>PUBLISHED' THEN
      NEW.archive_reason := NULL;
      IF ctx.role() NOT IN ('OWNER', 'COMPLIANCE') THEN
        PERFORM kit.document_refusal('document_transition_role', 'owner or compliance publish policies');
      END IF;
    WHEN 'DRAFT>ARCHIVED', 'PUBLISHED>ARCHIVED' THEN
      IF btrim(coalesce(NEW.archive_reason, '')) = '' THEN
        PERFORM kit.document_refusal('document_archive_reason_present', 'archiving needs a reason');
      END IF;
      NEW.archived_at := clock_timestamp();
      NEW.archived_by_id := ctx.actor();
    ELSE
      PERFORM kit.document_refusal('document_transition', format('a document does not go from %s to %s', OLD.status, NEW.status));
  END CASE;
  RETURN NEW;
END $$;
COMMENT ON FUNCTION kit.document_guard() IS 'State machine of documents: DRAFT, PUBLISHED, ARCHIVED; where a document was added, it stays.';
CREATE OR REPLACE TRIGGER document_guard BEFORE INSERT OR UPDATE ON document FOR EACH ROW EXECUTE FUNCTION kit.document_guard();

-- Numbers the version, counts its bytes and puts it in front of the last one. Runs as the owner, so that nobody else may write these. Locks the document,
-- then the usage, always in this order.
CREATE OR REPLACE FUNCTION kit.add_document_version() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
  current integer;
  state text;
  room bigint;
BEGIN
  SELECT d.current_version, d.status INTO current, state FROM public.document AS d
  WHERE d.organization_id = NEW.organization_id AND d.id = NEW.document_id FOR UPDATE;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'no such document' USING ERRCODE = 'foreign_key_violation', CONSTRAINT = 'document_version_document_fk', TABLE = 'document_version', SCHEMA = 'public';
  END IF;
  IF state = 'ARCHIVED' THEN
    PERFORM kit.document_refusal('document_archived_fixed', 'an archived document is not changed');
  END IF;
  NEW.version := current + 1;
  NEW.status := 'PUBLISHED';
  INSERT INTO public.document_usage AS u (organization_id) VALUES (NEW.organization_id) ON CONFLICT DO NOTHING;
  SELECT u.quota_bytes - u.used_bytes INTO room FROM public.document_usage AS u WHERE u.organization_id = NEW.organization_id FOR UPDATE;
  IF NEW.file_size > room THEN
    PERFORM kit.document_refusal('document_usage_within_quota', 'the files of the organization would take more room than they may');
  END IF;
  UPDATE public.document_usage AS u SET used_bytes = u.used_bytes + NEW.file_size, files = u.files + 1 WHERE u.organization_id = NEW.organization_id;
  UPDATE public.document_version AS v SET status = 'SUPERSEDED'
  WHERE v.organization_id = NEW.organization_id AND v.document_id = NEW.document_id AND v.status = 'PUBLISHED';
  UPDATE public.document AS d SET current_version = NEW.version WHERE d.organization_id = NEW.organization_id AND d.id = NEW.document_id;
  RETURN NEW;
END $$;
COMMENT ON FUNCTION kit.add_document_version() IS 'Numbers a version, supersedes the one before, and refuses what exceeds the quota of the organization.';
REVOKE ALL ON FUNCTION kit.add_document_version FROM PUBLIC;
GRANT EXECUTE ON FUNCTION kit.add_document_version TO almoner_app;
CREATE OR REPLACE TRIGGER document_version_add BEFORE INSERT ON document_version FOR EACH ROW EXECUTE FUNCTION kit.add_document_version();

CREATE OR REPLACE FUNCTION kit.document_version_guard() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
  IF to_jsonb(NEW) - ARRAY['status', 'updated_at', 'row_version'] IS DISTINCT FROM to_jsonb(OLD) - ARRAY['status', 'updated_at', 'row_version']
     OR NEW.status <> OLD.status AND NOT (OLD.status = 'PUBLISHED' AND NEW.status = 'SUPERSEDED') THEN
    PERFORM kit.document_refusal('document_version_fixed', 'a version is not changed');
  END IF;
  RETURN NEW;
END $$;
COMMENT ON FUNCTION kit.document_version_guard() IS 'Lets a version be superseded, and nothing else.';
CREATE OR REPLACE TRIGGER document_version_guard BEFORE UPDATE ON document_version FOR EACH ROW EXECUTE FUNCTION kit.document_version_guard();

-- A document without a file is none.
CREATE OR REPLACE FUNCTION kit.document_has_version() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM public.document_version AS v WHERE v.organization_id = NEW.organization_id AND v.document_id = NEW.id) THEN
    PERFORM kit.document_refusal('document_has_version', 'a document has at least one version');
  END IF;
  RETURN NULL;
END $$;
COMMENT ON FUNCTION kit.document_has_version() IS 'Refuses, at the end of the transaction, a document without a version.';
DROP TRIGGER IF EXISTS document_has_version ON document;
CREATE CONSTRAINT TRIGGER document_has_version AFTER INSERT ON document DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION kit.document_has_version();

DROP POLICY IF EXISTS counts ON document;
CREATE POLICY counts ON document TO almoner_owner USING (true) WITH CHECK (true);  -- only kit.add_document_version runs as the owner
DROP POLICY IF EXISTS counts ON document_version;
CREATE POLICY counts ON document_version TO almoner_owner USING (true) WITH CHECK (true);

-- CASE_FILES: who sees the case sees its files; who works on it adds to it, until it is completed.
DROP POLICY IF EXISTS case_seen_reads ON document;
CREATE POLICY case_seen_reads ON document FOR SELECT TO almoner_app
  USING (bucket = 'CASE_FILES' AND EXISTS (SELECT 1 FROM cases AS c WHERE c.organization_id = document.organization_id AND c.id = document.case_id));
DROP POLICY IF EXISTS case_worked_adds ON document;
CREATE POLICY case_worked_adds ON document FOR INSERT TO almoner_app
  WITH CHECK (bucket = 'CASE_FILES' AND (SELECT ctx.role() IN ('CLERK', 'CHAIR', 'CASEWORKER')) AND created_by_id = (SELECT ctx.actor())
              AND EXISTS (SELECT 1 FROM cases AS c WHERE c.organization_id = document.organization_id AND c.id = document.case_id AND c.is_open));
DROP POLICY IF EXISTS case_worked_changes ON document;
CREATE POLICY case_worked_changes ON document FOR UPDATE TO almoner_app
  USING (bucket = 'CASE_FILES' AND (SELECT ctx.role() IN ('CLERK', 'CHAIR', 'CASEWORKER'))
         AND EXISTS (SELECT 1 FROM cases AS c WHERE c.organization_id = document.organization_id AND c.id = document.case_id AND c.is_open))
  WITH CHECK (bucket = 'CASE_FILES' AND (SELECT ctx.role() IN ('CLERK', 'CHAIR', 'CASEWORKER'))
         AND EXISTS (SELECT 1 FROM cases AS c WHERE c.organization_id = document.organization_id AND c.id = document.case_id AND c.is_open));
-- RESIDENT_DOCS: those who care for the patient, and compliance.
DROP POLICY IF EXISTS chart_reads ON document;
CREATE POLICY chart_reads ON document FOR SELECT TO almoner_app
  USING (bucket = 'RESIDENT_DOCS' AND (SELECT ctx.role() IN ('CLINICIAN', 'MEDICAL_ASSISTANT', 'CARER', 'MANAGER', 'COMPLIANCE'))
         AND EXISTS (SELECT 1 FROM patient AS p WHERE p.organization_id = document.organization_id AND p.id = document.patient_id));
DROP POLICY IF EXISTS chart_adds ON document;
CREATE POLICY chart_adds ON document FOR INSERT TO almoner_app
  WITH CHECK (bucket = 'RESIDENT_DOCS' AND (SELECT ctx.role() IN ('CLINICIAN', 'MEDICAL_ASSISTANT', 'MANAGER')) AND created_by_id = (SELECT ctx.actor())
              AND EXISTS (SELECT 1 FROM patient AS p WHERE p.organization_id = document.organization_id AND p.id = document.patient_id AND p.deleted_at IS NULL));
DROP POLICY IF EXISTS chart_changes ON document;
CREATE POLICY chart_changes ON document FOR UPDATE TO almoner_app
  USING (bucket = 'RESIDENT_DOCS' AND (SELECT ctx.role() IN ('CLINICIAN', 'MEDICAL_ASSISTANT', 'MANAGER'))
         AND EXISTS (SELECT 1 FROM patient AS p WHERE p.organization_id = document.organization_id AND p.id = document.patient_id AND p.deleted_at IS NULL))
  WITH CHECK (bucket = 'RESIDENT_DOCS' AND (SELECT ctx.role() IN ('CLINICIAN', 'MEDICAL_ASSISTANT', 'MANAGER'))
         AND EXISTS (SELECT 1 FROM patient AS p WHERE p.organization_id = document.organization_id AND p.id = document.patient_id AND p.deleted_at IS NULL));
-- POLICY_FILES: all staff read what is published at their facilities; owner and compliance write.
DROP POLICY IF EXISTS published_policy_reads ON document;
CREATE POLICY published_policy_reads ON document FOR SELECT TO almoner_app
  USING (bucket = 'POLICY_FILES' AND status = 'PUBLISHED' AND (SELECT ctx.role() <> 'PATIENT')
         AND (facility_id IS NULL OR facility_id = ANY ((SELECT ctx.facilities())::uuid[]) OR (SELECT ctx.everywhere())));
DROP POLICY IF EXISTS policy_owner_reads ON document;
CREATE POLICY policy_owner_reads ON document FOR SELECT TO almoner_app USING (bucket = 'POLICY_FILES' AND (SELECT ctx.role() IN ('OWNER', 'COMPLIANCE')));
DROP POLICY IF EXISTS policy_owner_adds ON document;
CREATE POLICY policy_owner_adds ON document FOR INSERT TO almoner_app
  WITH CHECK (bucket = 'POLICY_FILES' AND (SELECT ctx.role() IN ('OWNER', 'COMPLIANCE')) AND created_by_id = (SELECT ctx.actor()));
DROP POLICY IF EXISTS policy_owner_changes ON document;
CREATE POLICY policy_owner_changes ON document FOR UPDATE TO almoner_app
  USING (bucket = 'POLICY_FILES' AND (SELECT ctx.role() IN ('OWNER', 'COMPLIANCE'))) WITH CHECK (bucket = 'POLICY_FILES' AND (SELECT ctx.role() IN ('OWNER', 'COMPLIANCE')));
-- INCIDENT_EVIDENCE, MESSAGE_FILES, STAFF_FILES: their policies come with the tables that they follow. Until then nobody reaches them.
GRANT SELECT ON document TO almoner_app;
GRANT INSERT (organization_id, id, bucket, category, title, patient_id, case_id, incident_id, message_id, training_id, facility_id, status, expires_on, created_by_id) ON document TO almoner_app;
GRANT UPDATE (category, title, status, expires_on, archive_reason) ON document TO almoner_app;

DROP POLICY IF EXISTS document_seen_reads ON document_version;
CREATE POLICY document_seen_reads ON document_version FOR SELECT TO almoner_app
  USING (EXISTS (SELECT 1 FROM document AS d WHERE d.organization_id = document_version.organization_id AND d.id = document_version.document_id));
DROP POLICY IF EXISTS bucket_adds ON document_version;
CREATE POLICY bucket_adds ON document_version FOR INSERT TO almoner_app
  WITH CHECK (uploaded_by_id = (SELECT ctx.actor())
              AND EXISTS (SELECT 1 FROM document AS d WHERE d.organization_id = document_version.organization_id AND d.id = document_version.document_id
                          AND CASE d.bucket WHEN 'CASE_FILES' THEN (SELECT ctx.role() IN ('CLERK', 'CHAIR', 'CASEWORKER'))
                                                                   AND EXISTS (SELECT 1 FROM cases AS c WHERE c.organization_id = d.organization_id AND c.id = d.case_id AND c.is_open)
                                            WHEN 'RESIDENT_DOCS' THEN (SELECT ctx.role() IN ('CLINICIAN', 'MEDICAL_ASSISTANT', 'MANAGER'))
                                            WHEN 'POLICY_FILES' THEN (SELECT ctx.role() IN ('OWNER', 'COMPLIANCE'))
                                            ELSE false END));
GRANT SELECT ON document_version TO almoner_app;
GRANT INSERT (organization_id, id, document_id, filename, storage_key, mime_type, file_size, sha256, note, upload_key, uploaded_by_id) ON document_version TO almoner_app;

-- History of documents: whoever sees the document, and nobody else, whatever the facility.
DROP POLICY IF EXISTS document_history_closed ON status_change;
CREATE POLICY document_history_closed ON status_change AS RESTRICTIVE FOR SELECT TO almoner_app
  USING (subject_kind <> 'document' OR EXISTS (SELECT 1 FROM document AS d WHERE d.organization_id = status_change.organization_id AND d.id = status_change.subject_id));
DROP POLICY IF EXISTS document_seen_reads ON status_change;
CREATE POLICY document_seen_reads ON status_change FOR SELECT TO almoner_app
  USING (subject_kind = 'document' AND EXISTS (SELECT 1 FROM document AS d WHERE d.organization_id = status_change.organization_id AND d.id = status_change.subject_id));
DROP POLICY IF EXISTS document_seen_adds ON status_change;
CREATE POLICY document_seen_adds ON status_change FOR INSERT TO almoner_app
  WITH CHECK (subject_kind = 'document' AND changed_by_id = (SELECT ctx.actor())
              AND EXISTS (SELECT 1 FROM document AS d WHERE d.organization_id = status_change.organization_id AND d.id = status_change.subject_id));

RESET ROLE;
