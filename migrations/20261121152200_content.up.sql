-- Things to read: a library of education material with versions, and what was given to whom. See docs/domain.md, "Things to read".
SET LOCAL ROLE almoner_owner;
SET LOCAL client_min_messages = warning;  -- DROP POLICY IF EXISTS has much to say

CREATE TABLE IF NOT EXISTS content_item (
  organization_id uuid NOT NULL CONSTRAINT content_item_organization_fk REFERENCES organization ON DELETE RESTRICT,
  id              uuid NOT NULL,
  title           text NOT NULL CONSTRAINT content_item_title_present CHECK (btrim(title) <> '' AND char_length(title) <= 255),
  body            text CONSTRAINT content_item_body_length CHECK (char_length(body) <= 20000),
  link            text CONSTRAINT content_item_link_safe CHECK (link ~ '^https://[^[:space:]"<>]+$' AND char_length(link) <= 2000),
  language        text NOT NULL DEFAULT 'en' CONSTRAINT content_item_language_shape CHECK (language ~ '^[a-z]{2,3}(-[A-Z]{2})?$'),
  minutes         integer NOT NULL CONSTRAINT content_item_minutes_possible CHECK (minutes BETWEEN 1 AND 120),
  version         integer NOT NULL DEFAULT 1 CONSTRAINT content_item_version_counts CHECK (version > 0),
  status          text NOT NULL DEFAULT 'PUBLISHED' CONSTRAINT content_item_status_known CHECK (status IN ('PUBLISHED', 'ARCHIVED')),
  created_at      timestamptz NOT NULL DEFAULT now(),
  updated_at      timestamptz NOT NULL DEFAULT now(),
  created_by_id   uuid,
  deleted_at      timestamptz,
  deleted_by_id   uuid,
  is_deleted      boolean GENERATED ALWAYS AS (deleted_at IS NOT NULL) STORED,
  row_version     bigint NOT NULL DEFAULT 1,
  PRIMARY KEY (organization_id, id),
  CONSTRAINT content_item_says_something CHECK (num_nonnulls(body, link) > 0)
);
CREATE INDEX IF NOT EXISTS content_item_title ON content_item (organization_id, status, title, id);
CALL kit.describe('content_item', 'Something to read for patients, as it is now. Holds nothing about anybody.',
  'title', 'One line.', 'body', 'Plain text with headings, lists and bold; NULL where there is only a link.', 'link', 'An https address elsewhere.', 'language', 'BCP 47, such as en.',
  'minutes', 'How long it takes to read.', 'version', 'Counts up with every change of the words; kept by a trigger.', 'status', 'PUBLISHED or ARCHIVED: archived is not given any more.');
CALL kit.tenant_table('content_item');

CREATE TABLE IF NOT EXISTS content_version (
  organization_id uuid NOT NULL,
  content_id      uuid NOT NULL,
  number          integer NOT NULL,
  title           text NOT NULL,
  body            text,
  link            text,
  language        text NOT NULL,
  minutes         integer NOT NULL,
  created_at      timestamptz NOT NULL DEFAULT now(),
  created_by_id   uuid,
  PRIMARY KEY (organization_id, content_id, number),
  CONSTRAINT content_version_content_fk FOREIGN KEY (organization_id, content_id) REFERENCES content_item ON DELETE RESTRICT
);
CALL kit.describe('content_version', 'Every version of what there is to read, as it was; written by a trigger.',
  'content_id', 'What it is a version of.', 'number', 'Counts up from 1.', 'title', 'As it was.', 'body', 'As it was.', 'link', 'As it was.', 'language', 'As it was.', 'minutes', 'As it was.');
CALL kit.tenant_table('content_version', append_only => true);

CREATE OR REPLACE FUNCTION kit.content_counts() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    NEW.version := 1;
  ELSE
    NEW.version := OLD.version + CASE WHEN (NEW.title, NEW.body, NEW.link, NEW.language, NEW.minutes) IS DISTINCT FROM (OLD.title, OLD.body, OLD.link, OLD.language, OLD.minutes) THEN 1 ELSE 0 END;
  END IF;
  RETURN NEW;
END $$;
COMMENT ON FUNCTION kit.content_counts() IS 'Counts the versions of what there is to read.';
CREATE OR REPLACE TRIGGER content_counts BEFORE INSERT OR UPDATE ON content_item FOR EACH ROW EXECUTE FUNCTION kit.content_counts();

CREATE OR REPLACE FUNCTION kit.content_keeps() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
  INSERT INTO public.content_version (organization_id, content_id, number, title, body, link, language, minutes, created_by_id)
  VALUES (NEW.organization_id, NEW.id, NEW.version, NEW.title, NEW.body, NEW.link, NEW.language, NEW.minutes, coalesce(ctx.actor(), NEW.created_by_id))
  ON CONFLICT DO NOTHING;
  RETURN NULL;
END $$;
COMMENT ON FUNCTION kit.content_keeps() IS 'Keeps every version of what there is to read.';
CREATE OR REPLACE TRIGGER content_keeps AFTER INSERT OR UPDATE ON content_item FOR EACH ROW EXECUTE FUNCTION kit.content_keeps();

CREATE TABLE IF NOT EXISTS content_assignment (
  organization_id   uuid NOT NULL,
  id                uuid NOT NULL,
  patient_id        uuid NOT NULL,
  content_id        uuid NOT NULL,
  rule_execution_id uuid,
  note_enc          bytea,
  opened_at         timestamptz,
  opened_version    integer,
  withdrawn_at      timestamptz,
  withdrawn_by_id   uuid,
  created_at      timestamptz NOT NULL DEFAULT now(),
  updated_at      timestamptz NOT NULL DEFAULT now(),
  created_by_id   uuid,
  deleted_at      timestamptz,
  deleted_by_id   uuid,
  is_deleted      boolean GENERATED ALWAYS AS (deleted_at IS NOT NULL) STORED,
  row_version     bigint NOT NULL DEFAULT 1,
  PRIMARY KEY (organization_id, id),
  CONSTRAINT content_assignment_patient_fk FOREIGN KEY (organization_id, patient_id) REFERENCES patient ON DELETE RESTRICT,
  CONSTRAINT content_assignment_content_fk FOREIGN KEY (organization_id, content_id) REFERENCES content_item ON DELETE RESTRICT,
  CONSTRAINT content_assignment_opened_complete CHECK ((opened_at IS NULL) = (opened_version IS NULL))
);
-- The same thing waits to be read once.
CREATE UNIQUE INDEX IF NOT EXISTS content_assignment_unread ON content_assignment (organization_id, patient_id, content_id)
  WHERE opened_at IS NULL AND withdrawn_at IS NULL AND deleted_at IS NULL;
CREATE INDEX IF NOT EXISTS content_assignment_patient ON content_assignment (organization_id, patient_id, created_at DESC);
CREATE INDEX IF NOT EXISTS content_assignment_content ON content_assignment (organization_id, content_id);
CALL kit.describe('content_assignment', 'Something to read, given to a patient.',
  'patient_id', 'The patient.', 'content_id', 'What to read.', 'rule_execution_id', 'The run of a rule that gave it, if one did. No foreign key: those are kept in partitions.', 'note_enc', 'Why, to the patient, encrypted.',
  'opened_at', 'When the patient, or who acts for them, first opened it; kept by a trigger.', 'opened_version', 'Which version that was.', 'withdrawn_at', 'When it was taken back.', 'withdrawn_by_id', 'Who took it back.');
CALL kit.tenant_table('content_assignment');

CREATE OR REPLACE FUNCTION kit.content_assignment_guard() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    IF current_user = 'almoner_app' AND num_nonnulls(NEW.opened_at, NEW.opened_version, NEW.withdrawn_at) > 0 THEN
      RAISE EXCEPTION 'what is given is not opened yet' USING ERRCODE = 'check_violation', CONSTRAINT = 'content_assignment_begins_unread', TABLE = 'content_assignment';
    END IF;
    IF NOT EXISTS (SELECT FROM public.content_item AS c WHERE c.organization_id = NEW.organization_id AND c.id = NEW.content_id AND c.status = 'PUBLISHED') AND current_user = 'almoner_app' THEN
      RAISE EXCEPTION 'what is archived is not given' USING ERRCODE = 'check_violation', CONSTRAINT = 'content_assignment_published', TABLE = 'content_assignment';
    END IF;
    RETURN NEW;
  END IF;
  IF (NEW.patient_id, NEW.content_id, NEW.note_enc, NEW.rule_execution_id, NEW.created_by_id) IS DISTINCT FROM (OLD.patient_id, OLD.content_id, OLD.note_enc, OLD.rule_execution_id, OLD.created_by_id)
     OR (OLD.opened_at IS NOT NULL AND (NEW.opened_at, NEW.opened_version) IS DISTINCT FROM (OLD.opened_at, OLD.opened_version))
     OR (OLD.withdrawn_at IS NOT NULL AND NEW.withdrawn_at IS DISTINCT FROM OLD.withdrawn_at)
     OR (ctx.role() = 'PATIENT' AND NEW.withdrawn_at IS DISTINCT FROM OLD.withdrawn_at) OR (ctx.role() <> 'PATIENT' AND NEW.opened_at IS DISTINCT FROM OLD.opened_at) THEN
    RAISE EXCEPTION 'a patient opens it, staff take it back, and nothing else is changed' USING ERRCODE = 'check_violation', CONSTRAINT = 'content_assignment_fixed', TABLE = 'content_assignment';
  END IF;
  IF NEW.opened_at IS NOT NULL AND OLD.opened_at IS NULL THEN
    NEW.opened_at := now();
    SELECT c.version INTO NEW.opened_version FROM public.content_item AS c WHERE c.organization_id = NEW.organization_id AND c.id = NEW.content_id;
  END IF;
  IF NEW.withdrawn_at IS NOT NULL AND OLD.withdrawn_at IS NULL THEN
    NEW.withdrawn_at := now();
    NEW.withdrawn_by_id := ctx.actor();
  END IF;
  RETURN NEW;
END $$;
COMMENT ON FUNCTION kit.content_assignment_guard() IS 'Patients open what they were given, staff take it back; nothing else is changed of it.';
CREATE OR REPLACE TRIGGER content_assignment_guard BEFORE INSERT OR UPDATE ON content_assignment FOR EACH ROW EXECUTE FUNCTION kit.content_assignment_guard();

-- What was given: read with the patient by clinicians, assistants, managers and compliance; given and taken back by clinicians; the patient's own, and proxies' with the scope.
DROP POLICY IF EXISTS patient_seen_reads ON content_assignment;
CREATE POLICY patient_seen_reads ON content_assignment FOR SELECT TO almoner_app
  USING ((SELECT ctx.role() IN ('CLINICIAN', 'MEDICAL_ASSISTANT', 'MANAGER', 'COMPLIANCE'))
         AND EXISTS (SELECT 1 FROM patient AS p WHERE p.organization_id = content_assignment.organization_id AND p.id = content_assignment.patient_id));
DROP POLICY IF EXISTS clinician_gives ON content_assignment;
CREATE POLICY clinician_gives ON content_assignment FOR INSERT TO almoner_app
  WITH CHECK ((SELECT ctx.role() = 'CLINICIAN') AND created_by_id = (SELECT ctx.actor())
              AND EXISTS (SELECT 1 FROM patient AS p WHERE p.organization_id = content_assignment.organization_id AND p.id = content_assignment.patient_id));
DROP POLICY IF EXISTS clinician_takes_back ON content_assignment;
CREATE POLICY clinician_takes_back ON content_assignment FOR UPDATE TO almoner_app
  USING ((SELECT ctx.role() = 'CLINICIAN') AND EXISTS (SELECT 1 FROM patient AS p WHERE p.organization_id = content_assignment.organization_id AND p.id = content_assignment.patient_id))
  WITH CHECK ((SELECT ctx.role() = 'CLINICIAN') AND EXISTS (SELECT 1 FROM patient AS p WHERE p.organization_id = content_assignment.organization_id AND p.id = content_assignment.patient_id));
DROP POLICY IF EXISTS patient_reads_own ON content_assignment;
CREATE POLICY patient_reads_own ON content_assignment FOR SELECT TO almoner_app
  USING ((SELECT ctx.role() = 'PATIENT') AND patient_id = ANY ((SELECT ctx.own_patients('RESULTS'))::uuid[]));
DROP POLICY IF EXISTS patient_opens_own ON content_assignment;
CREATE POLICY patient_opens_own ON content_assignment FOR UPDATE TO almoner_app
  USING ((SELECT ctx.role() = 'PATIENT') AND patient_id = ANY ((SELECT ctx.own_patients('RESULTS'))::uuid[]))
  WITH CHECK ((SELECT ctx.role() = 'PATIENT') AND patient_id = ANY ((SELECT ctx.own_patients('RESULTS'))::uuid[]));
GRANT SELECT ON content_assignment TO almoner_app;
GRANT INSERT (organization_id, id, patient_id, content_id, rule_execution_id, note_enc, created_by_id) ON content_assignment TO almoner_app;
GRANT UPDATE (opened_at, withdrawn_at) ON content_assignment TO almoner_app;

-- The library: read by the same roles, written by clinicians. A patient reads what was given to them.
DROP POLICY IF EXISTS staff_reads ON content_item;
CREATE POLICY staff_reads ON content_item FOR SELECT TO almoner_app USING ((SELECT ctx.role() IN ('CLINICIAN', 'MEDICAL_ASSISTANT', 'MANAGER', 'COMPLIANCE')));
DROP POLICY IF EXISTS clinician_adds ON content_item;
CREATE POLICY clinician_adds ON content_item FOR INSERT TO almoner_app WITH CHECK ((SELECT ctx.role() = 'CLINICIAN') AND created_by_id = (SELECT ctx.actor()));
DROP POLICY IF EXISTS clinician_changes ON content_item;
CREATE POLICY clinician_changes ON content_item FOR UPDATE TO almoner_app USING ((SELECT ctx.role() = 'CLINICIAN')) WITH CHECK ((SELECT ctx.role() = 'CLINICIAN'));
DROP POLICY IF EXISTS patient_reads_given ON content_item;
CREATE POLICY patient_reads_given ON content_item FOR SELECT TO almoner_app
  USING ((SELECT ctx.role() = 'PATIENT')
         AND EXISTS (SELECT 1 FROM content_assignment AS a WHERE a.organization_id = content_item.organization_id AND a.content_id = content_item.id));
GRANT SELECT ON content_item TO almoner_app;
GRANT INSERT (organization_id, id, title, body, link, language, minutes, created_by_id) ON content_item TO almoner_app;
GRANT UPDATE (title, body, link, language, minutes, status) ON content_item TO almoner_app;
DROP POLICY IF EXISTS staff_reads ON content_version;
CREATE POLICY staff_reads ON content_version FOR SELECT TO almoner_app USING ((SELECT ctx.role() IN ('CLINICIAN', 'MEDICAL_ASSISTANT', 'MANAGER', 'COMPLIANCE')));
-- Written by the trigger, with the rights of who changes the entry: the version that the entry has, and no other.
DROP POLICY IF EXISTS clinician_adds ON content_version;
CREATE POLICY clinician_adds ON content_version FOR INSERT TO almoner_app
  WITH CHECK ((SELECT ctx.role() = 'CLINICIAN') AND created_by_id = (SELECT ctx.actor())
              AND EXISTS (SELECT 1 FROM content_item AS c WHERE c.organization_id = content_version.organization_id AND c.id = content_version.content_id AND c.version = content_version.number));
GRANT SELECT, INSERT ON content_version TO almoner_app;

RESET ROLE;
