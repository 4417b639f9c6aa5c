-- Weekly summaries: what a week was like, made by a job from its readings. See docs/domain.md, "Weekly summaries".
SET LOCAL ROLE almoner_owner;
SET LOCAL client_min_messages = warning;  -- DROP POLICY IF EXISTS has much to say

CREATE TABLE IF NOT EXISTS weekly_summary (
  organization_id uuid NOT NULL,
  id              uuid NOT NULL,
  patient_id      uuid NOT NULL,
  facility_id     uuid NOT NULL,
  week_start      date NOT NULL CONSTRAINT weekly_summary_begins_on_monday CHECK (extract(isodow FROM week_start) = 1),
  week_end        date NOT NULL,
  summary         jsonb NOT NULL CONSTRAINT weekly_summary_is_object CHECK (jsonb_typeof(summary) = 'object'),
  created_at      timestamptz NOT NULL DEFAULT now(),
  updated_at      timestamptz NOT NULL DEFAULT now(),
  created_by_id   uuid,
  deleted_at      timestamptz,
  deleted_by_id   uuid,
  is_deleted      boolean GENERATED ALWAYS AS (deleted_at IS NOT NULL) STORED,
  row_version     bigint NOT NULL DEFAULT 1,
  PRIMARY KEY (organization_id, id),
  CONSTRAINT weekly_summary_once UNIQUE (organization_id, patient_id, week_start),
  CONSTRAINT weekly_summary_patient_fk FOREIGN KEY (organization_id, patient_id) REFERENCES patient ON DELETE RESTRICT,
  CONSTRAINT weekly_summary_facility_fk FOREIGN KEY (organization_id, facility_id) REFERENCES facility ON DELETE RESTRICT,
  CONSTRAINT weekly_summary_is_a_week CHECK (week_end = week_start + 6)
);
CREATE INDEX IF NOT EXISTS weekly_summary_facility ON weekly_summary (organization_id, facility_id);
CALL kit.describe('weekly_summary', 'What a week of a patient was like, once for each week with readings. Made by a job; stays as it was made.',
  'patient_id', 'The patient.', 'facility_id', 'Where the patient was then: its time zone says when the week began.', 'week_start', 'Monday.', 'week_end', 'Sunday.',
  'summary', 'bpTrend, glucoseTrend, weightTrend, steps, sleep, adherence and recommendations, as in src/weekly/model.rs.');
CALL kit.tenant_table('weekly_summary');

-- Clinicians, assistants, managers and compliance read those of whom they see; patients their own, and proxies with the scope. Jobs write.
DROP POLICY IF EXISTS patient_seen_reads ON weekly_summary;
CREATE POLICY patient_seen_reads ON weekly_summary FOR SELECT TO almoner_app
  USING ((SELECT ctx.role() IN ('CLINICIAN', 'MEDICAL_ASSISTANT', 'MANAGER', 'COMPLIANCE'))
         AND EXISTS (SELECT 1 FROM patient AS p WHERE p.organization_id = weekly_summary.organization_id AND p.id = weekly_summary.patient_id));
DROP POLICY IF EXISTS patient_reads_own ON weekly_summary;
CREATE POLICY patient_reads_own ON weekly_summary FOR SELECT TO almoner_app
  USING ((SELECT ctx.role() = 'PATIENT') AND patient_id = ANY ((SELECT ctx.own_patients('READINGS'))::uuid[]));
GRANT SELECT ON weekly_summary TO almoner_app;

RESET ROLE;
