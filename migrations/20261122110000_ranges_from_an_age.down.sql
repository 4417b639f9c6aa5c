SET LOCAL ROLE almoner_owner;

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
COMMENT ON COLUMN observation.interpretation IS 'CRITICALLY_LOW to CRITICALLY_HIGH against the reference range when it was kept, or as its source said; NULL where there is no range.';
DROP FUNCTION IF EXISTS kit.range_holds;
UPDATE metric AS m SET source = v.source
FROM (VALUES
  ('BLOOD_PRESSURE', 'NICE NG136 (2019): hypertension from 140/90, severe from 180/120'),
  ('HEART_RATE', 'NEWS2, Royal College of Physicians 2017: 0 points from 51 to 90, 3 points up to 40 and from 131'),
  ('SPO2', 'NEWS2, Royal College of Physicians 2017, scale 1: 0 points from 96, 3 points up to 91'),
  ('RESPIRATION', 'NEWS2, Royal College of Physicians 2017: 0 points from 12 to 20, 3 points up to 8 and from 25'),
  ('TEMPERATURE', 'NEWS2, Royal College of Physicians 2017: 0 points from 36.1 to 38.0; heat stroke above 40 (Bouchama 2002)'),
  ('SLEEP', 'National Sleep Foundation 2015: adults 7 to 9 hours'),
  ('HRV_RMSSD', 'Nunan and others, PACE 2010: short-term RMSSD 19 to 75'),
  ('HRV_SDNN', 'Nunan and others, PACE 2010: short-term SDNN 32 to 93'),
  ('BMI', 'WHO Technical Report 894 (2000): 18.5 to 24.9')
) AS v (code, source)
WHERE m.code = v.code;
ALTER TABLE metric DROP COLUMN IF EXISTS holds_from_age;

RESET ROLE;
