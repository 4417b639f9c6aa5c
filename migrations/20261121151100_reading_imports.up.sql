-- Files of readings that people send: kept encrypted until their readings are taken in, then deleted. See docs/domain.md, "Readings".
SET LOCAL ROLE almoner_owner;
SET LOCAL client_min_messages = warning;  -- DROP POLICY IF EXISTS has much to say

CREATE TABLE IF NOT EXISTS reading_import (
  organization_id uuid NOT NULL,
  id              uuid NOT NULL,
  patient_id      uuid NOT NULL,
  state           text NOT NULL DEFAULT 'CHECKING' CONSTRAINT reading_import_state_known
                    CHECK (state IN ('CHECKING', 'READY', 'IMPORTING', 'DONE', 'REFUSED', 'DISCARDED')),
  kind            text CONSTRAINT reading_import_kind_known CHECK (kind IN ('APPLE_HEALTH', 'CSV')),
  storage_key     text CONSTRAINT reading_import_storage_key_once UNIQUE,
  file_size       bigint NOT NULL CONSTRAINT reading_import_file_size_positive CHECK (file_size > 0),
  zone            text NOT NULL CONSTRAINT reading_import_zone_length CHECK (char_length(zone) <= 64),
  acting_role     text NOT NULL CONSTRAINT reading_import_acting_role_shape CHECK (acting_role ~ '^[A-Z_]{3,32}$'),
  progress        smallint NOT NULL DEFAULT 0 CONSTRAINT reading_import_progress_range CHECK (progress BETWEEN 0 AND 100),
  preview         jsonb CONSTRAINT reading_import_preview_object CHECK (jsonb_typeof(preview) = 'object'),
  with_unlikely   boolean NOT NULL DEFAULT false,
  confirmed_at    timestamptz,
  taken           bigint NOT NULL DEFAULT 0 CONSTRAINT reading_import_taken_positive CHECK (taken >= 0),
  report          jsonb CONSTRAINT reading_import_report_object CHECK (jsonb_typeof(report) = 'object'),
  refusal         text CONSTRAINT reading_import_refusal_length CHECK (char_length(refusal) <= 500),
  finished_at     timestamptz,
  created_at      timestamptz NOT NULL DEFAULT now(),
  updated_at      timestamptz NOT NULL DEFAULT now(),
  created_by_id   uuid NOT NULL,
  row_version     bigint NOT NULL DEFAULT 1,
  PRIMARY KEY (organization_id, id),
  CONSTRAINT reading_import_patient_fk FOREIGN KEY (organization_id, patient_id) REFERENCES patient ON DELETE RESTRICT,
  CONSTRAINT reading_import_refusal_complete CHECK ((state = 'REFUSED') = (refusal IS NOT NULL)),
  CONSTRAINT reading_import_ready_complete CHECK (state NOT IN ('READY', 'IMPORTING', 'DONE') OR (preview IS NOT NULL AND kind IS NOT NULL)),
  CONSTRAINT reading_import_confirmed CHECK (state NOT IN ('IMPORTING', 'DONE') OR confirmed_at IS NOT NULL),
  CONSTRAINT reading_import_finished CHECK ((state IN ('DONE', 'REFUSED', 'DISCARDED')) = (finished_at IS NOT NULL)),
  CONSTRAINT reading_import_file_until_finished CHECK (finished_at IS NOT NULL OR storage_key IS NOT NULL)
);
-- One at a time: who wants to send a second file finishes or discards the first.
CREATE UNIQUE INDEX IF NOT EXISTS reading_import_open ON reading_import (organization_id, patient_id) WHERE state IN ('CHECKING', 'READY', 'IMPORTING');
CREATE INDEX IF NOT EXISTS reading_import_patient ON reading_import (organization_id, patient_id, created_at DESC);
CALL kit.describe('reading_import', 'A file of readings that somebody sent: what it would bring, whether that was confirmed, and what came of it. The file itself goes when it is finished.',
  'patient_id', 'The patient.', 'state', 'CHECKING, READY, IMPORTING, then DONE, REFUSED or DISCARDED.', 'kind', 'APPLE_HEALTH or CSV; NULL until it is read.',
  'storage_key', 'Name of the encrypted file in the store; NULL once it is deleted.', 'file_size', 'Bytes of the file, before it was encrypted.',
  'zone', 'The time zone of times in the file that name none: that of who sent it.', 'acting_role', 'The role of who sent it, for the audit of what the job does in their name.',
  'progress', 'How much of the file is read, in hundredths.', 'preview', 'What would be taken, by metric, and what is left, by reason.',
  'with_unlikely', 'Whether unlikely values were said to be right.', 'confirmed_at', 'When it was confirmed.', 'taken', 'How many things found in the file are dealt with: where a job that was cut off continues.',
  'report', 'What was taken, what was there already, and what was left, by reason.', 'refusal', 'Why the file was refused.', 'finished_at', 'When it ended, whichever way.');
CALL kit.tenant_table('reading_import');

-- Staff who record readings see and send files of whom they see; patients and proxies with the scope what they sent themselves.
DROP POLICY IF EXISTS clinical_reads ON reading_import;
CREATE POLICY clinical_reads ON reading_import FOR SELECT TO almoner_app
  USING ((SELECT ctx.role() IN ('CLINICIAN', 'MEDICAL_ASSISTANT', 'CARER'))
         AND EXISTS (SELECT 1 FROM patient AS p WHERE p.organization_id = reading_import.organization_id AND p.id = reading_import.patient_id));
DROP POLICY IF EXISTS clinical_adds ON reading_import;
CREATE POLICY clinical_adds ON reading_import FOR INSERT TO almoner_app
  WITH CHECK ((SELECT ctx.role() IN ('CLINICIAN', 'MEDICAL_ASSISTANT', 'CARER')) AND created_by_id = (SELECT ctx.actor()) AND state = 'CHECKING'
              AND EXISTS (SELECT 1 FROM patient AS p WHERE p.organization_id = reading_import.organization_id AND p.id = reading_import.patient_id));
DROP POLICY IF EXISTS clinical_changes ON reading_import;
CREATE POLICY clinical_changes ON reading_import FOR UPDATE TO almoner_app
  USING ((SELECT ctx.role() IN ('CLINICIAN', 'MEDICAL_ASSISTANT', 'CARER'))
         AND EXISTS (SELECT 1 FROM patient AS p WHERE p.organization_id = reading_import.organization_id AND p.id = reading_import.patient_id))
  WITH CHECK ((SELECT ctx.role() IN ('CLINICIAN', 'MEDICAL_ASSISTANT', 'CARER'))
         AND EXISTS (SELECT 1 FROM patient AS p WHERE p.organization_id = reading_import.organization_id AND p.id = reading_import.patient_id));
DROP POLICY IF EXISTS patient_reads_own ON reading_import;
CREATE POLICY patient_reads_own ON reading_import FOR SELECT TO almoner_app
  USING ((SELECT ctx.role() = 'PATIENT') AND created_by_id = (SELECT ctx.actor()) AND patient_id = ANY ((SELECT ctx.own_patients('READINGS'))::uuid[]));
DROP POLICY IF EXISTS patient_adds_own ON reading_import;
CREATE POLICY patient_adds_own ON reading_import FOR INSERT TO almoner_app
  WITH CHECK ((SELECT ctx.role() = 'PATIENT') AND created_by_id = (SELECT ctx.actor()) AND state = 'CHECKING'
              AND patient_id = ANY ((SELECT ctx.own_patients('READINGS'))::uuid[]));
DROP POLICY IF EXISTS patient_changes_own ON reading_import;
CREATE POLICY patient_changes_own ON reading_import FOR UPDATE TO almoner_app
  USING ((SELECT ctx.role() = 'PATIENT') AND created_by_id = (SELECT ctx.actor()) AND patient_id = ANY ((SELECT ctx.own_patients('READINGS'))::uuid[]))
  WITH CHECK ((SELECT ctx.role() = 'PATIENT') AND created_by_id = (SELECT ctx.actor()) AND patient_id = ANY ((SELECT ctx.own_patients('READINGS'))::uuid[]));
GRANT SELECT, INSERT ON reading_import TO almoner_app;
GRANT UPDATE (state, progress, with_unlikely, confirmed_at, finished_at) ON reading_import TO almoner_app;

RESET ROLE;
