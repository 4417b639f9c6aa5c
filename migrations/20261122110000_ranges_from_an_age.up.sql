-- Reference ranges and critical limits were found in people of a certain age. Of somebody younger a reading is kept and not judged.
SET LOCAL ROLE almoner_owner;
SET LOCAL client_min_messages = warning;

ALTER TABLE metric ADD COLUMN IF NOT EXISTS holds_from_age integer CONSTRAINT metric_holds_from_age_possible CHECK (holds_from_age BETWEEN 1 AND 120);
COMMENT ON COLUMN metric.holds_from_age IS 'The age in years from which the ranges and the critical limits hold, as source says; NULL where they hold at every age or there are none.';

UPDATE metric AS m SET holds_from_age = v.age, source = v.source
FROM (VALUES
  ('BLOOD_PRESSURE', 18, 'NICE NG136 (2019), of adults: hypertension from 140/90, severe from 180/120'),
  ('HEART_RATE', 16, 'NEWS2, Royal College of Physicians 2017, not to be used under 16: 0 points from 51 to 90, 3 points up to 40 and from 131'),
  ('SPO2', 16, 'NEWS2, Royal College of Physicians 2017, scale 1, not to be used under 16: 0 points from 96, 3 points up to 91'),
  ('RESPIRATION', 16, 'NEWS2, Royal College of Physicians 2017, not to be used under 16: 0 points from 12 to 20, 3 points up to 8 and from 25'),
  ('TEMPERATURE', 16, 'NEWS2, Royal College of Physicians 2017, not to be used under 16: 0 points from 36.1 to 38.0; heat stroke above 40 (Bouchama 2002)'),
  ('SLEEP', 18, 'National Sleep Foundation 2015: adults from 18, 7 to 9 hours'),
  ('HRV_RMSSD', 18, 'Nunan and others, PACE 2010, of healthy adults: short-term RMSSD 19 to 75'),
  ('HRV_SDNN', 18, 'Nunan and others, PACE 2010, of healthy adults: short-term SDNN 32 to 93'),
  ('BMI', 18, 'WHO Technical Report 894 (2000), of adults: 18.5 to 24.9')
) AS v (code, age, source)
WHERE m.code = v.code;

CREATE OR REPLACE FUNCTION kit.range_holds(m metric, born date, at timestamptz) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT m.holds_from_age IS NULL OR born IS NULL OR born <= (at AT TIME ZONE 'UTC')::date - make_interval(years => m.holds_from_age)
$$;
COMMENT ON FUNCTION kit.range_holds IS 'Whether the ranges of a metric hold for somebody born then, at that time. They do where the date of birth is not known.';

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
  -- Whoever knows the age has judged already; the patient is looked up for the others only, and where it matters.
  IF NEW.interpretation IS NULL AND (m.holds_from_age IS NULL OR EXISTS (
       SELECT FROM public.patient AS p WHERE p.organization_id = NEW.organization_id AND p.id = NEW.patient_id AND kit.range_holds(m, p.date_of_birth, NEW.effective_at))) THEN
    NEW.interpretation := kit.interpretation(m, NEW.value_num, NEW.value2_num);
  END IF;
  RETURN NEW;
END $$;
COMMENT ON FUNCTION kit.observation_guard IS 'Refuses impossible readings, interprets those for whose age there is a range, and lets nothing change but the mark of an error.';
COMMENT ON COLUMN observation.interpretation IS 'CRITICALLY_LOW to CRITICALLY_HIGH against the reference range when it was kept, or as its source said; NULL where there is no range for the metric or for the age.';

RESET ROLE;
