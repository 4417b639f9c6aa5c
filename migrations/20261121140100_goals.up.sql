-- What a patient and their team want a reading to be. Care plans will add goals in words beside those in numbers.
SET LOCAL ROLE almoner_owner;
SET LOCAL client_min_messages = warning;  -- DROP POLICY IF EXISTS has much to say

CREATE TABLE IF NOT EXISTS goal (
  organization_id uuid NOT NULL,
  id              uuid NOT NULL,
  patient_id      uuid NOT NULL,
  code            text NOT NULL CONSTRAINT goal_code_shape CHECK (code ~ '^[A-Z][A-Z0-9_]{1,63}$'),
  low             double precision CONSTRAINT goal_low_finite CHECK (low BETWEEN -1e6 AND 1e6),
  high            double precision CONSTRAINT goal_high_finite CHECK (high BETWEEN -1e6 AND 1e6),
  ended_at        timestamptz,
  created_at      timestamptz NOT NULL DEFAULT now(),
  updated_at      timestamptz NOT NULL DEFAULT now(),
  created_by_id   uuid,
  deleted_at      timestamptz,
  deleted_by_id   uuid,
  is_deleted      boolean GENERATED ALWAYS AS (deleted_at IS NOT NULL) STORED,
  row_version     bigint NOT NULL DEFAULT 1,
  PRIMARY KEY (organization_id, id),
  CONSTRAINT goal_patient_fk FOREIGN KEY (organization_id, patient_id) REFERENCES patient ON DELETE RESTRICT,
  CONSTRAINT goal_has_an_end CHECK (low IS NOT NULL OR high IS NOT NULL),
  CONSTRAINT goal_in_order CHECK (low <= high)
);
CREATE UNIQUE INDEX IF NOT EXISTS goal_once ON goal (organization_id, patient_id, code) WHERE ended_at IS NULL AND deleted_at IS NULL;
CREATE INDEX IF NOT EXISTS goal_patient ON goal (organization_id, patient_id);
CALL kit.describe('goal', 'What a reading of a patient should be: the line in the chart. A new goal ends the one before; nothing is overwritten.',
  'patient_id', 'The patient.', 'code', 'The metric; for a blood pressure the systolic value.', 'low', 'At least this; NULL where there is no lower end.',
  'high', 'At most this; NULL where there is no upper end.', 'ended_at', 'When it ended; NULL while it stands.');
CALL kit.patient_record('goal', '{CLINICIAN,MEDICAL_ASSISTANT}');
CALL kit.portal_scope('goal', 'READINGS');

RESET ROLE;
