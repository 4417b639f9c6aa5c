-- Readings: everything measured of a patient, and the devices that measure. See docs/domain.md, "Readings".
--
-- One table for all of it, partitioned by month. Partitions lie in a schema of their own which nobody who serves requests may enter: rows are reached
-- through the parent, with its policies.
SET LOCAL ROLE almoner_owner;
SET LOCAL client_min_messages = warning;  -- DROP POLICY IF EXISTS has much to say

-- What can be measured, in which unit, what is impossible, what is unlikely, what is in range, and who says so. Belongs to no organization.
CREATE TABLE IF NOT EXISTS metric (
  code                   text PRIMARY KEY CONSTRAINT metric_code_shape CHECK (code ~ '^[A-Z][A-Z0-9_]{1,63}$'),
  label                  text NOT NULL,
  unit                   text NOT NULL,
  possible_low           double precision NOT NULL,
  possible_high          double precision NOT NULL,
  likely_low             double precision NOT NULL,
  likely_high            double precision NOT NULL,
  reference_low          double precision,
  reference_high         double precision,
  critical_low           double precision,
  critical_high          double precision,
  second_label           text,
  second_possible_low    double precision,
  second_possible_high   double precision,
  second_likely_low      double precision,
  second_likely_high     double precision,
  second_reference_low   double precision,
  second_reference_high  double precision,
  second_critical_low    double precision,
  second_critical_high   double precision,
  source                 text NOT NULL,
  CONSTRAINT metric_ranges_nested CHECK (possible_low <= likely_low AND likely_low < likely_high AND likely_high <= possible_high),
  CONSTRAINT metric_second_complete CHECK (num_nonnulls(second_label, second_possible_low, second_possible_high, second_likely_low, second_likely_high) IN (0, 5))
);
CALL kit.describe('metric', 'What can be measured, and which values are impossible, unlikely, in range or critical. The same numbers stand in src/readings/metric.rs; a test compares.',
  'code', 'Name in observation.code.', 'label', 'Words people read.', 'unit', 'The one unit in which values are kept.',
  'possible_low', 'Less is refused.', 'possible_high', 'More is refused.', 'likely_low', 'Less is asked about before it is kept.', 'likely_high', 'More is asked about before it is kept.',
  'reference_low', 'Lower end of the reference range, included; NULL where there is none.', 'reference_high', 'Upper end of the reference range, included.',
  'critical_low', 'This and less is critically low.', 'critical_high', 'This and more is critically high.',
  'second_label', 'Name of the second value, such as Diastolic; NULL where there is one value only.',
  'second_possible_low', 'Like possible_low, for the second value.', 'second_possible_high', 'Like possible_high, for the second value.',
  'second_likely_low', 'Like likely_low, for the second value.', 'second_likely_high', 'Like likely_high, for the second value.',
  'second_reference_low', 'Like reference_low, for the second value.', 'second_reference_high', 'Like reference_high, for the second value.',
  'second_critical_low', 'Like critical_low, for the second value.', 'second_critical_high', 'Like critical_high, for the second value.',
  'source', 'Where the ranges come from.');
ALTER TABLE metric ENABLE ROW LEVEL SECURITY;
ALTER TABLE metric FORCE ROW LEVEL SECURITY;
DROP POLICY IF EXISTS everybody_reads ON metric;
CREATE POLICY everybody_reads ON metric FOR SELECT TO almoner_app, almoner_worker, almoner_backup USING (true);
DROP POLICY IF EXISTS maintenance ON metric;
CREATE POLICY maintenance ON metric TO almoner_owner USING (true) WITH CHECK (true);
GRANT SELECT ON metric TO almoner_app, almoner_worker, almoner_backup;

INSERT INTO metric (code, label, unit, possible_low, possible_high, likely_low, likely_high, reference_low, reference_high, critical_low, critical_high,
                    second_label, second_possible_low, second_possible_high, second_likely_low, second_likely_high,
                    second_reference_low, second_reference_high, second_critical_low, second_critical_high, source) VALUES
  ('BLOOD_PRESSURE', 'Blood pressure', 'mmHg', 40, 300, 70, 220, 90, 139, 80, 180, 'Diastolic', 20, 200, 40, 130, 60, 89, 40, 120, 'NICE NG136 (2019): hypertension from 140/90, severe from 180/120'),
  ('GLUCOSE', 'Glucose', 'mmol/L', 0.5, 60, 2.2, 33, 3.9, 10, 2.9, 20, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 'Battelino and others, Diabetes Care 2019: target 3.9 to 10.0, level 2 below 3.0; JBDS 2023: from 20'),
  ('WEIGHT', 'Weight', 'kg', 0.3, 650, 30, 250, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 'No reference range: see BMI'),
  ('SLEEP', 'Sleep', 'h', 0, 24, 1, 16, 7, 9, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 'National Sleep Foundation 2015: adults 7 to 9 hours'),
  ('STEPS', 'Steps', 'steps', 0, 200000, 0, 60000, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 'No reference range'),
  ('MOOD', 'Mood', 'of 10', 1, 10, 1, 10, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 'No reference range: the person''s own scale from 1 (worst) to 10 (best)'),
  ('HEART_RATE', 'Heart rate', '/min', 10, 350, 35, 200, 51, 90, 40, 131, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 'NEWS2, Royal College of Physicians 2017: 0 points from 51 to 90, 3 points up to 40 and from 131'),
  ('SPO2', 'Oxygen saturation', '%', 30, 100, 70, 100, 96, 100, 91, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 'NEWS2, Royal College of Physicians 2017, scale 1: 0 points from 96, 3 points up to 91'),
  ('RESPIRATION', 'Respiration', '/min', 2, 120, 6, 60, 12, 20, 8, 25, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 'NEWS2, Royal College of Physicians 2017: 0 points from 12 to 20, 3 points up to 8 and from 25'),
  ('TEMPERATURE', 'Temperature', '°C', 14, 46, 34, 41.5, 36.1, 38, 35, 40, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 'NEWS2, Royal College of Physicians 2017: 0 points from 36.1 to 38.0; heat stroke above 40 (Bouchama 2002)'),
  ('HRV_RMSSD', 'Heart rate variability (RMSSD)', 'ms', 1, 500, 4, 250, 19, 75, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 'Nunan and others, PACE 2010: short-term RMSSD 19 to 75'),
  ('HRV_SDNN', 'Heart rate variability (SDNN)', 'ms', 1, 500, 4, 300, 32, 93, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 'Nunan and others, PACE 2010: short-term SDNN 32 to 93'),
  ('BMI', 'Body mass index', 'kg/m²', 5, 250, 12, 80, 18.5, 24.9, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 'WHO Technical Report 894 (2000): 18.5 to 24.9'),
  ('A1C', 'HbA1c', '%', 2, 25, 3.5, 18, 4, 5.6, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 'American Diabetes Association 2024: below 5.7 is normal, diabetes from 6.5')
ON CONFLICT (code) DO UPDATE SET
  label = excluded.label, unit = excluded.unit, possible_low = excluded.possible_low, possible_high = excluded.possible_high, likely_low = excluded.likely_low,
  likely_high = excluded.likely_high, reference_low = excluded.reference_low, reference_high = excluded.reference_high, critical_low = excluded.critical_low,
  critical_high = excluded.critical_high, source = excluded.source;

-- The patient of the page. Asked once per statement, where asking for each of 100,000 readings whether their patient may be seen would take as long
-- as drawing them. It opens nothing: the policies look the patient up with the rights of whoever asks.
CREATE OR REPLACE FUNCTION ctx.patient() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE AS
$$ SELECT nullif(current_setting('app.patient', true), '')::uuid $$;
COMMENT ON FUNCTION ctx.patient() IS 'The one patient this transaction is about, where it says so; a short cut, never a right.';

CREATE TABLE IF NOT EXISTS device_connection (
  organization_id   uuid NOT NULL,
  id                uuid NOT NULL,
  patient_id        uuid NOT NULL,
  vendor            text NOT NULL CONSTRAINT device_connection_vendor_known CHECK (vendor IN ('APPLE', 'OURA', 'FITBIT', 'GARMIN', 'WITHINGS')),
  external_id       text NOT NULL CONSTRAINT device_connection_external_id_present CHECK (btrim(external_id) <> '' AND char_length(external_id) <= 255),
  access_token_enc  bytea,
  refresh_token_enc bytea,
  expires_at        timestamptz,
  status            text NOT NULL DEFAULT 'LINKED' CONSTRAINT device_connection_status_known CHECK (status IN ('LINKED', 'REVOKED')),
  last_reading_at   timestamptz,
  revoked_at        timestamptz,
  revoked_by_id     uuid,
  created_at      timestamptz NOT NULL DEFAULT now(),
  updated_at      timestamptz NOT NULL DEFAULT now(),
  created_by_id   uuid,
  deleted_at      timestamptz,
  deleted_by_id   uuid,
  is_deleted      boolean GENERATED ALWAYS AS (deleted_at IS NOT NULL) STORED,
  row_version     bigint NOT NULL DEFAULT 1,
  PRIMARY KEY (organization_id, id),
  CONSTRAINT device_connection_patient_fk FOREIGN KEY (organization_id, patient_id) REFERENCES patient ON DELETE RESTRICT,
  CONSTRAINT device_connection_once UNIQUE (organization_id, patient_id, vendor, external_id),
  CONSTRAINT device_connection_revoked_complete CHECK ((status = 'REVOKED') = (revoked_at IS NOT NULL)),
  -- What is revoked cannot be used by anybody who finds it.
  CONSTRAINT device_connection_revoked_empty CHECK (status <> 'REVOKED' OR (access_token_enc IS NULL AND refresh_token_enc IS NULL))
);
CREATE INDEX IF NOT EXISTS device_connection_vendor ON device_connection (organization_id, vendor, external_id);
CALL kit.describe('device_connection', 'A device or an account with its maker that sends readings of a patient.',
  'patient_id', 'The patient.', 'vendor', 'APPLE, OURA, FITBIT, GARMIN or WITHINGS.', 'external_id', 'What the maker calls the device or the account.',
  'access_token_enc', 'Token for the maker''s interface, encrypted; NULL where the device sends by itself.', 'refresh_token_enc', 'Token for new tokens, encrypted.',
  'expires_at', 'When the access ends by itself; NULL means it does not.', 'status', 'LINKED or REVOKED. LINKED after expires_at is expired.',
  'last_reading_at', 'The latest moment of which it sent a reading.', 'revoked_at', 'When it was revoked.', 'revoked_by_id', 'Who revoked it.');
CALL kit.patient_record('device_connection', '{CLINICIAN,MEDICAL_ASSISTANT}');
DROP POLICY IF EXISTS patient_seen_reads ON device_connection;
CREATE POLICY patient_seen_reads ON device_connection FOR SELECT TO almoner_app
  USING ((SELECT ctx.role() IN ('CLINICIAN', 'MEDICAL_ASSISTANT', 'CARER', 'MANAGER', 'COMPLIANCE'))
         AND EXISTS (SELECT 1 FROM patient AS p WHERE p.organization_id = device_connection.organization_id AND p.id = device_connection.patient_id));
DROP POLICY IF EXISTS patient_reads_own ON device_connection;
CREATE POLICY patient_reads_own ON device_connection FOR SELECT TO almoner_app
  USING ((SELECT ctx.role() = 'PATIENT') AND patient_id = ANY ((SELECT ctx.own_patients('READINGS'))::uuid[]));
DROP POLICY IF EXISTS patient_adds_own ON device_connection;
CREATE POLICY patient_adds_own ON device_connection FOR INSERT TO almoner_app
  WITH CHECK ((SELECT ctx.role() = 'PATIENT') AND patient_id = ANY ((SELECT ctx.own_patients('READINGS'))::uuid[]));
DROP POLICY IF EXISTS patient_changes_own ON device_connection;
CREATE POLICY patient_changes_own ON device_connection FOR UPDATE TO almoner_app
  USING ((SELECT ctx.role() = 'PATIENT') AND patient_id = ANY ((SELECT ctx.own_patients('READINGS'))::uuid[]))
  WITH CHECK ((SELECT ctx.role() = 'PATIENT') AND patient_id = ANY ((SELECT ctx.own_patients('READINGS'))::uuid[]));

CREATE TABLE IF NOT EXISTS observation (
  organization_id      uuid NOT NULL,
  id                   uuid NOT NULL,
  patient_id           uuid NOT NULL,
  code                 text NOT NULL,
  effective_at         timestamptz NOT NULL,
  value_num            double precision NOT NULL,
  value2_num           double precision,
  value_json           jsonb CONSTRAINT observation_value_json_object CHECK (jsonb_typeof(value_json) = 'object'),
  unit                 text NOT NULL,
  source               text NOT NULL CONSTRAINT observation_source_known CHECK (source IN ('HEALTHKIT', 'MANUAL', 'DEVICE', 'CLINICIAN', 'IMPORT')),
  device_vendor        text CONSTRAINT observation_device_vendor_known CHECK (device_vendor IN ('APPLE', 'OURA', 'FITBIT', 'GARMIN', 'WITHINGS')),
  device_connection_id uuid,
  reading_id           uuid,
  context              text CONSTRAINT observation_context_known CHECK (context IN ('SLEEP', 'REST', 'WORKOUT', 'UNKNOWN')),
  derived_from         uuid[],
  derivation           text CONSTRAINT observation_derivation_length CHECK (char_length(derivation) <= 255),
  interpretation       text CONSTRAINT observation_interpretation_known CHECK (interpretation IN ('CRITICALLY_LOW', 'LOW', 'NORMAL', 'HIGH', 'CRITICALLY_HIGH')),
  metadata             jsonb CONSTRAINT observation_metadata_object CHECK (jsonb_typeof(metadata) = 'object'),
  status               text NOT NULL DEFAULT 'FINAL' CONSTRAINT observation_status_known CHECK (status IN ('FINAL', 'ENTERED_IN_ERROR')),
  status_reason        text CONSTRAINT observation_status_reason_length CHECK (char_length(status_reason) <= 2000),
  status_at            timestamptz,
  status_by_id         uuid,
  corrects_id          uuid,
  created_at      timestamptz NOT NULL DEFAULT now(),
  updated_at      timestamptz NOT NULL DEFAULT now(),
  created_by_id   uuid,
  row_version     bigint NOT NULL DEFAULT 1,
  PRIMARY KEY (organization_id, id, effective_at),
  CONSTRAINT observation_patient_fk FOREIGN KEY (organization_id, patient_id) REFERENCES patient ON DELETE RESTRICT,
  CONSTRAINT observation_device_connection_fk FOREIGN KEY (organization_id, device_connection_id) REFERENCES device_connection ON DELETE RESTRICT,
  CONSTRAINT observation_derived_complete CHECK ((derivation IS NULL) = (derived_from IS NULL)),
  CONSTRAINT observation_error_explained CHECK (CASE status WHEN 'ENTERED_IN_ERROR' THEN btrim(coalesce(status_reason, '')) <> '' AND status_at IS NOT NULL
                                                ELSE num_nonnulls(status_reason, status_at, status_by_id) = 0 END)
) PARTITION BY RANGE (effective_at);
-- A reading that stands is there once, whoever sends it how often. Charts and the latest reading of each metric come from this index alone. There is none
-- without code on purpose: the planner would take it for the latest reading, and read all others on the way (265 ms instead of 4 for a patient with 100,000).
CREATE UNIQUE INDEX IF NOT EXISTS observation_once ON observation (organization_id, patient_id, code, effective_at, value_num, value2_num, context) NULLS NOT DISTINCT
  WHERE status = 'FINAL';
CREATE INDEX IF NOT EXISTS observation_errors ON observation (organization_id, patient_id, code, effective_at) WHERE status = 'ENTERED_IN_ERROR';
CREATE INDEX IF NOT EXISTS observation_device_connection ON observation (organization_id, device_connection_id) WHERE device_connection_id IS NOT NULL;
CALL kit.describe('observation', 'One reading: a measurement, a vital sign, a heart rate variability, a body mass index. Never deleted: what was wrong is marked as entered in error and stays.',
  'patient_id', 'The patient.', 'code', 'What was measured, as in metric.', 'effective_at', 'When it was measured.',
  'value_num', 'The value in the unit of the metric; the systolic one of a blood pressure.', 'value2_num', 'The second value: the diastolic one of a blood pressure.',
  'value_json', 'More of the value: weightKg and heightCm of a body mass index.', 'unit', 'The unit, always that of the metric.',
  'source', 'HEALTHKIT, MANUAL (the patient), DEVICE, CLINICIAN (staff) or IMPORT.', 'device_vendor', 'Maker of the device.', 'device_connection_id', 'The linked device.',
  'reading_id', 'Joins what was measured together, such as pressure and pulse.', 'context', 'Of heart rate variability: SLEEP, REST, WORKOUT or UNKNOWN.',
  'derived_from', 'The readings from which this was computed; NULL where it was measured.', 'derivation', 'How it was computed, such as 0.85·SDNN.',
  'interpretation', 'CRITICALLY_LOW to CRITICALLY_HIGH against the reference range when it was kept, or as its source said; NULL where there is no range.',
  'metadata', 'What else the source said: the value and unit as they were given, a note.', 'status', 'FINAL or ENTERED_IN_ERROR.', 'status_reason', 'Why it was an error.',
  'status_at', 'When it was marked as an error.', 'status_by_id', 'Who marked it.', 'corrects_id', 'The reading that this one replaces; no foreign key, as that one may be of another month.');
CALL kit.tenant_table('observation');

CREATE OR REPLACE FUNCTION kit.observation_refusal(what text, why text) RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
  RAISE EXCEPTION '%', why USING ERRCODE = 'check_violation', CONSTRAINT = what, TABLE = 'observation';
END $$;
COMMENT ON FUNCTION kit.observation_refusal IS 'Refuses a reading under a name that the application knows.';

-- What nobody gets around, whichever way a reading comes: impossible values and moments are refused, and the interpretation is always there.
CREATE OR REPLACE FUNCTION kit.observation_guard() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
  m public.metric;
BEGIN
  IF TG_OP = 'UPDATE' THEN
    IF OLD.status <> 'FINAL' OR NEW.status <> 'ENTERED_IN_ERROR' THEN
      PERFORM kit.observation_refusal('observation_transition', 'a reading is marked as entered in error once, and nothing else is changed of it');
    END IF;
    NEW.status_at := now();
    NEW.status_by_id := ctx.actor();
    NEW.updated_at := now();
    NEW.row_version := OLD.row_version + 1;
    RETURN NEW;
  END IF;
  IF NEW.status <> 'FINAL' AND current_user = 'almoner_app' THEN
    PERFORM kit.observation_refusal('observation_begins_final', 'a reading begins as final');
  END IF;
  SELECT * INTO m FROM public.metric WHERE code = NEW.code;
  IF NOT FOUND THEN
    PERFORM kit.observation_refusal('observation_code_known', 'there is no such metric');
  END IF;
  IF NEW.unit <> m.unit THEN
    PERFORM kit.observation_refusal('observation_unit', 'values are kept in the unit of the metric');
  END IF;
  -- NaN is greater than every number: both ends are asked for.
  IF NEW.value_num NOT BETWEEN m.possible_low AND m.possible_high THEN
    PERFORM kit.observation_refusal('observation_value_possible', 'the value is impossible');
  END IF;
  IF (NEW.value2_num IS NULL) <> (m.second_label IS NULL) THEN
    PERFORM kit.observation_refusal('observation_second_complete', 'there is one value too many or too few');
  END IF;
  IF NEW.value2_num IS NOT NULL AND (NEW.value2_num NOT BETWEEN m.second_possible_low AND m.second_possible_high OR NEW.value2_num >= NEW.value_num) THEN
    PERFORM kit.observation_refusal('observation_second_possible', 'the second value is impossible, or not below the first');
  END IF;
  IF NEW.effective_at > now() + INTERVAL '15 minutes' OR NEW.effective_at < TIMESTAMPTZ '1900-01-01 00:00+00' THEN
    PERFORM kit.observation_refusal('observation_effective_at_possible', 'the moment lies in the future or too far back');
  END IF;
  NEW.interpretation := coalesce(NEW.interpretation, kit.interpretation(m, NEW.value_num, NEW.value2_num));
  RETURN NEW;
END $$;
COMMENT ON FUNCTION kit.observation_guard IS 'Refuses impossible readings, interprets the others, and lets nothing change but the mark of an error.';

CREATE OR REPLACE FUNCTION kit.interpretation(m metric, first double precision, second double precision) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE
    WHEN first >= m.critical_high OR second >= m.second_critical_high THEN 'CRITICALLY_HIGH'
    WHEN first <= m.critical_low OR second <= m.second_critical_low THEN 'CRITICALLY_LOW'
    WHEN first > m.reference_high OR second > m.second_reference_high THEN 'HIGH'
    WHEN first < m.reference_low OR second < m.second_reference_low THEN 'LOW'
    WHEN m.reference_high IS NOT NULL THEN 'NORMAL' END
$$;
COMMENT ON FUNCTION kit.interpretation IS 'A reading against its reference range; NULL where there is none. The worse of two values counts.';
DROP TRIGGER IF EXISTS observation_touch ON observation;  -- the guard keeps updated_at and row_version
DROP TRIGGER IF EXISTS observation_guard ON observation;
CREATE TRIGGER observation_guard BEFORE INSERT OR UPDATE ON observation FOR EACH ROW EXECUTE FUNCTION kit.observation_guard();

-- Clinical roles and compliance see the readings of whom they see; patients their own, and proxies with the scope. Only doctors and assistants mark
-- errors, and patients what they typed themselves.
DROP POLICY IF EXISTS patient_seen_reads ON observation;
CREATE POLICY patient_seen_reads ON observation FOR SELECT TO almoner_app
  USING ((SELECT ctx.role() IN ('CLINICIAN', 'MEDICAL_ASSISTANT', 'CARER', 'MANAGER', 'COMPLIANCE'))
         AND (patient_id = (SELECT p.id FROM patient AS p WHERE p.organization_id = (SELECT ctx.organization()) AND p.id = (SELECT ctx.patient()))
              OR EXISTS (SELECT 1 FROM patient AS p WHERE p.organization_id = observation.organization_id AND p.id = observation.patient_id)));
DROP POLICY IF EXISTS patient_reads_own ON observation;
CREATE POLICY patient_reads_own ON observation FOR SELECT TO almoner_app
  USING ((SELECT ctx.role() = 'PATIENT') AND patient_id = ANY ((SELECT ctx.own_patients('READINGS'))::uuid[]));
DROP POLICY IF EXISTS clinical_adds ON observation;
CREATE POLICY clinical_adds ON observation FOR INSERT TO almoner_app
  WITH CHECK ((SELECT ctx.role() IN ('CLINICIAN', 'MEDICAL_ASSISTANT', 'CARER')) AND created_by_id = (SELECT ctx.actor())
              AND EXISTS (SELECT 1 FROM patient AS p WHERE p.organization_id = observation.organization_id AND p.id = observation.patient_id));
DROP POLICY IF EXISTS patient_adds_own ON observation;
CREATE POLICY patient_adds_own ON observation FOR INSERT TO almoner_app
  WITH CHECK ((SELECT ctx.role() = 'PATIENT') AND created_by_id = (SELECT ctx.actor()) AND source <> 'CLINICIAN'
              AND patient_id = ANY ((SELECT ctx.own_patients('READINGS'))::uuid[]));
DROP POLICY IF EXISTS clinical_changes ON observation;
CREATE POLICY clinical_changes ON observation FOR UPDATE TO almoner_app
  USING ((SELECT ctx.role() IN ('CLINICIAN', 'MEDICAL_ASSISTANT'))
         AND EXISTS (SELECT 1 FROM patient AS p WHERE p.organization_id = observation.organization_id AND p.id = observation.patient_id))
  WITH CHECK ((SELECT ctx.role() IN ('CLINICIAN', 'MEDICAL_ASSISTANT'))
         AND EXISTS (SELECT 1 FROM patient AS p WHERE p.organization_id = observation.organization_id AND p.id = observation.patient_id));
DROP POLICY IF EXISTS patient_changes_own ON observation;
CREATE POLICY patient_changes_own ON observation FOR UPDATE TO almoner_app
  USING ((SELECT ctx.role() = 'PATIENT') AND created_by_id = (SELECT ctx.actor()) AND patient_id = ANY ((SELECT ctx.own_patients('READINGS'))::uuid[]))
  WITH CHECK ((SELECT ctx.role() = 'PATIENT') AND created_by_id = (SELECT ctx.actor()) AND patient_id = ANY ((SELECT ctx.own_patients('READINGS'))::uuid[]));
GRANT SELECT, INSERT ON observation TO almoner_app;
GRANT UPDATE (status, status_reason) ON observation TO almoner_app;

-- Partitions: one for everything older than the installation's first year and a half, then one a month, half a year ahead.
CREATE SCHEMA IF NOT EXISTS parts;
COMMENT ON SCHEMA parts IS 'Partitions. Nobody who serves requests may enter: rows are reached through the parent table.';
CREATE OR REPLACE FUNCTION kit.make_observation_partitions(ahead integer DEFAULT 6) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog SET lock_timeout = '3s' AS $$
DECLARE
  month timestamptz := date_trunc('month', now() AT TIME ZONE 'UTC') AT TIME ZONE 'UTC';
  start timestamptz;
  made integer := 0;
  steps record;
BEGIN
  IF to_regclass('parts.observation_older') IS NULL THEN
    start := (date_trunc('month', now() AT TIME ZONE 'UTC') - INTERVAL '18 months') AT TIME ZONE 'UTC';
    PERFORM kit.make_observation_partition('observation_older', 'MINVALUE', quote_literal(start));
    made := 1;
  ELSE
    -- Where the older one ends, the months begin.
    SELECT substring(pg_get_expr(c.relpartbound, c.oid) FROM 'TO \(''([^'']+)''')::timestamptz INTO start
    FROM pg_class AS c WHERE c.oid = to_regclass('parts.observation_older');
  END IF;
  FOR steps IN SELECT m AT TIME ZONE 'UTC' AS from_at, (m + INTERVAL '1 month') AT TIME ZONE 'UTC' AS to_at, 'observation_' || to_char(m, 'YYYY_MM') AS name
               FROM generate_series(start AT TIME ZONE 'UTC', (month AT TIME ZONE 'UTC') + make_interval(months => ahead), INTERVAL '1 month') AS m LOOP
    IF to_regclass('parts.' || steps.name) IS NULL THEN
      PERFORM kit.make_observation_partition(steps.name, quote_literal(steps.from_at), quote_literal(steps.to_at));
      made := made + 1;
    END IF;
  END LOOP;
  RETURN made;
END $$;
COMMENT ON FUNCTION kit.make_observation_partitions IS 'Makes the partitions of observation that are not there yet, so many months ahead; says how many it made.';
REVOKE ALL ON FUNCTION kit.make_observation_partitions FROM PUBLIC;
GRANT EXECUTE ON FUNCTION kit.make_observation_partitions TO almoner_worker;

-- Made aside and then attached: that does not stop who reads and writes the other months.
CREATE OR REPLACE FUNCTION kit.make_observation_partition(name text, from_at text, to_at text) RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
  EXECUTE format('CREATE TABLE parts.%I (LIKE public.observation INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING COMMENTS)
                  WITH (autovacuum_vacuum_insert_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.02)', name);
  EXECUTE format('ALTER TABLE parts.%I ENABLE ROW LEVEL SECURITY', name);
  EXECUTE format('ALTER TABLE parts.%I FORCE ROW LEVEL SECURITY', name);
  EXECUTE format('COMMENT ON TABLE parts.%I IS %L', name, 'Readings of one stretch of time; see observation.');
  EXECUTE format('ALTER TABLE public.observation ATTACH PARTITION parts.%I FOR VALUES FROM (%s) TO (%s)', name, from_at, to_at);
END $$;
COMMENT ON FUNCTION kit.make_observation_partition IS 'Makes one partition of observation.';
REVOKE ALL ON FUNCTION kit.make_observation_partition FROM PUBLIC;

SELECT kit.make_observation_partitions();

-- The shapes that older systems know. Whoever asks sees through them what they may see.
CREATE OR REPLACE VIEW measurement WITH (security_invoker = true) AS
SELECT organization_id, id, patient_id, code AS type,
       CASE WHEN value2_num IS NULL THEN to_jsonb(value_num) ELSE jsonb_build_object('systolic', value_num, 'diastolic', value2_num) END AS value,
       effective_at AS timestamp, CASE source WHEN 'CLINICIAN' THEN 'MANUAL' WHEN 'IMPORT' THEN 'DEVICE' ELSE source END AS source, metadata, created_at
FROM observation WHERE status = 'FINAL' AND derivation IS NULL;
COMMENT ON VIEW measurement IS 'Readings in the shape of Measurement: value is a number, or systolic and diastolic.';

CREATE OR REPLACE VIEW vital_reading WITH (security_invoker = true) AS
SELECT organization_id, coalesce(reading_id, id) AS id, patient_id, effective_at AS timestamp, device_vendor AS source,
       round(max(value_num) FILTER (WHERE code = 'HEART_RATE'))::integer AS heart_rate,
       round(max(value_num) FILTER (WHERE code = 'SPO2'))::integer AS spo2,
       round(max(value_num) FILTER (WHERE code = 'RESPIRATION'))::integer AS respiration,
       round(max(value_num) FILTER (WHERE code = 'BLOOD_PRESSURE'))::integer AS systolic_bp,
       round(max(value2_num) FILTER (WHERE code = 'BLOOD_PRESSURE'))::integer AS diastolic_bp,
       min(created_at) AS created_at
FROM observation WHERE status = 'FINAL' AND code IN ('HEART_RATE', 'SPO2', 'RESPIRATION', 'BLOOD_PRESSURE')
GROUP BY organization_id, coalesce(reading_id, id), patient_id, effective_at, device_vendor;
COMMENT ON VIEW vital_reading IS 'Readings in the shape of VitalReading: what was measured together is one row.';

CREATE OR REPLACE VIEW hrv_reading WITH (security_invoker = true) AS
SELECT r.organization_id, r.id, r.patient_id, r.effective_at AS timestamp, r.device_vendor AS source, r.value_num AS rmssd_ms, s.value_num AS sdnn_ms,
       coalesce(r.context, 'UNKNOWN') AS context, r.created_at
FROM observation AS r
LEFT JOIN observation AS s ON s.organization_id = r.organization_id AND s.patient_id = r.patient_id AND s.code = 'HRV_SDNN' AND s.effective_at = r.effective_at
     AND s.status = 'FINAL' AND s.id = ANY (r.derived_from)
WHERE r.status = 'FINAL' AND r.code = 'HRV_RMSSD';
COMMENT ON VIEW hrv_reading IS 'Readings in the shape of HRVReading: RMSSD, with the SDNN from which it was computed.';

CREATE OR REPLACE VIEW bmi_reading WITH (security_invoker = true) AS
SELECT organization_id, id, patient_id, effective_at AS timestamp, (value_json ->> 'weightKg')::double precision AS weight_kg,
       (value_json ->> 'heightCm')::double precision AS height_cm, value_num AS bmi, created_at
FROM observation WHERE status = 'FINAL' AND code = 'BMI';
COMMENT ON VIEW bmi_reading IS 'Readings in the shape of BMIReading.';
GRANT SELECT ON measurement, vital_reading, hrv_reading, bmi_reading TO almoner_app, almoner_worker, almoner_backup;

RESET ROLE;
