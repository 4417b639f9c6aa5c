-- Readings of three hours as one row, kept beside them, so that a chart of a quarter or a year reads 3,000 rows instead of 105,000. See docs/domain.md, "Readings".
SET LOCAL ROLE almoner_owner;
SET LOCAL client_min_messages = warning;  -- DROP POLICY IF EXISTS has much to say

CREATE OR REPLACE FUNCTION kit.reading_bin(at timestamptz) RETURNS timestamptz LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT date_bin(INTERVAL '3 hours', at, TIMESTAMPTZ '2000-01-01 00:00+00') $$;
COMMENT ON FUNCTION kit.reading_bin IS 'The beginning of the three hours in which a moment lies: less than a column of pixels of the largest chart over 90 days.';

CREATE TABLE IF NOT EXISTS observation_bin (
  organization_id uuid NOT NULL,
  patient_id      uuid NOT NULL,
  code            text NOT NULL,
  at              timestamptz NOT NULL CONSTRAINT observation_bin_at_begins CHECK (at = kit.reading_bin(at)),
  last_at         timestamptz,
  low             double precision,
  high            double precision,
  second_low      double precision,
  second_high     double precision,
  readings        integer NOT NULL CONSTRAINT observation_bin_readings_counted CHECK (readings >= 0),
  PRIMARY KEY (organization_id, patient_id, code, at),
  CONSTRAINT observation_bin_complete CHECK (num_nonnulls(last_at, low, high) = CASE WHEN readings > 0 THEN 3 ELSE 0 END),
  CONSTRAINT observation_bin_patient_fk FOREIGN KEY (organization_id, patient_id) REFERENCES patient ON DELETE RESTRICT
-- Room for the changes of the three hours that run, which touch no index.
) WITH (fillfactor = 80, autovacuum_vacuum_insert_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.02);
CALL kit.describe('observation_bin', 'What three hours of readings come to: for charts over long times. Follows from observation, and is kept by its triggers only.',
  'patient_id', 'The patient.', 'code', 'What was measured, as in metric.', 'at', 'When the three hours begin.', 'last_at', 'The latest of the readings; NULL where none is left.',
  'low', 'The lowest value.', 'high', 'The highest value.', 'second_low', 'The lowest second value.', 'second_high', 'The highest second value.',
  'readings', 'How many stand; those entered in error do not count. 0 where all were errors.');

ALTER TABLE observation_bin ENABLE ROW LEVEL SECURITY;
ALTER TABLE observation_bin FORCE ROW LEVEL SECURITY;
CALL kit.policy('observation_bin', 'wall', 'ALL', 'almoner_app, almoner_worker, almoner_ingest',
  'organization_id = (SELECT ctx.organization())', 'organization_id = (SELECT ctx.organization())', restrictive => true);
CALL kit.policy('observation_bin', 'maintenance', 'ALL', 'almoner_owner', 'organization_id = (SELECT ctx.organization())', 'organization_id = (SELECT ctx.organization())');
DROP POLICY IF EXISTS backup_reads ON observation_bin;
CREATE POLICY backup_reads ON observation_bin FOR SELECT TO almoner_backup USING (true);
DROP POLICY IF EXISTS worker_reads ON observation_bin;
CREATE POLICY worker_reads ON observation_bin FOR SELECT TO almoner_worker USING (true);
-- As of observation.
DROP POLICY IF EXISTS patient_seen_reads ON observation_bin;
CREATE POLICY patient_seen_reads ON observation_bin FOR SELECT TO almoner_app
  USING ((SELECT ctx.role() IN ('CLINICIAN', 'MEDICAL_ASSISTANT', 'CARER', 'MANAGER', 'COMPLIANCE'))
         AND (patient_id = (SELECT p.id FROM patient AS p WHERE p.organization_id = (SELECT ctx.organization()) AND p.id = (SELECT ctx.patient()))
              OR EXISTS (SELECT 1 FROM patient AS p WHERE p.organization_id = observation_bin.organization_id AND p.id = observation_bin.patient_id)));
DROP POLICY IF EXISTS patient_reads_own ON observation_bin;
CREATE POLICY patient_reads_own ON observation_bin FOR SELECT TO almoner_app
  USING ((SELECT ctx.role() = 'PATIENT') AND patient_id = ANY ((SELECT ctx.own_patients('READINGS'))::uuid[]));
GRANT SELECT ON observation_bin TO almoner_app, almoner_worker, almoner_backup;

-- Whichever way readings come, in their own transaction. Maintenance and the demo bring them without a context: then the rows say whose they are, for as
-- long as the function runs.
CREATE OR REPLACE FUNCTION kit.bin_readings() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
  was CONSTANT text := coalesce(current_setting('app.ctx', true), '');
  org uuid;
BEGIN
  FOR org IN SELECT DISTINCT n.organization_id FROM arrived AS n LOOP
    IF ctx.organization() IS DISTINCT FROM org THEN
      PERFORM set_config('app.ctx', org::text, true);
    END IF;
    -- In order, so that two who write readings of the same people wait for each other instead of both.
    INSERT INTO public.observation_bin AS b (organization_id, patient_id, code, at, last_at, low, high, second_low, second_high, readings)
    SELECT org, n.patient_id, n.code, kit.reading_bin(n.effective_at), max(n.effective_at), min(n.value_num), max(n.value_num), min(n.value2_num), max(n.value2_num), count(*)
    FROM arrived AS n WHERE n.organization_id = org AND n.status = 'FINAL'
    GROUP BY n.patient_id, n.code, kit.reading_bin(n.effective_at)
    ORDER BY 2, 3, 4
    ON CONFLICT (organization_id, patient_id, code, at) DO UPDATE SET
      last_at = greatest(b.last_at, excluded.last_at), low = least(b.low, excluded.low), high = greatest(b.high, excluded.high),
      second_low = least(b.second_low, excluded.second_low), second_high = greatest(b.second_high, excluded.second_high), readings = b.readings + excluded.readings;
  END LOOP;
  IF current_setting('app.ctx', true) IS DISTINCT FROM was THEN
    PERFORM set_config('app.ctx', was, true);
  END IF;
  RETURN NULL;
END $$;
COMMENT ON FUNCTION kit.bin_readings IS 'Adds readings that arrived to their three hours.';

-- A reading that turns out wrong may have been the lowest: its three hours are made anew from those that stand.
CREATE OR REPLACE FUNCTION kit.bin_readings_anew() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
  was CONSTANT text := coalesce(current_setting('app.ctx', true), '');
  org uuid;
BEGIN
  FOR org IN SELECT DISTINCT n.organization_id FROM changed AS n LOOP
    IF ctx.organization() IS DISTINCT FROM org THEN
      PERFORM set_config('app.ctx', org::text, true);
    END IF;
    -- First the lock, then a look: whoever adds to one of them comes before or after both. That is also why a bin stays where no reading is left.
    PERFORM FROM public.observation_bin AS b
    WHERE b.organization_id = org AND (b.patient_id, b.code, b.at) IN (SELECT n.patient_id, n.code, kit.reading_bin(n.effective_at) FROM changed AS n WHERE n.organization_id = org)
    ORDER BY b.patient_id, b.code, b.at FOR UPDATE;
    UPDATE public.observation_bin AS b
    SET last_at = told.last_at, low = told.low, high = told.high, second_low = told.second_low, second_high = told.second_high, readings = told.readings
    FROM (SELECT DISTINCT n.patient_id, n.code, kit.reading_bin(n.effective_at) AS at FROM changed AS n WHERE n.organization_id = org) AS w
    CROSS JOIN LATERAL (
      SELECT max(o.effective_at) AS last_at, min(o.value_num) AS low, max(o.value_num) AS high, min(o.value2_num) AS second_low, max(o.value2_num) AS second_high,
             count(*) AS readings
      FROM public.observation AS o
      WHERE o.organization_id = org AND o.patient_id = w.patient_id AND o.code = w.code AND o.status = 'FINAL'
        AND o.effective_at >= w.at AND o.effective_at < w.at + INTERVAL '3 hours') AS told
    WHERE b.organization_id = org AND b.patient_id = w.patient_id AND b.code = w.code AND b.at = w.at;
  END LOOP;
  IF current_setting('app.ctx', true) IS DISTINCT FROM was THEN
    PERFORM set_config('app.ctx', was, true);
  END IF;
  RETURN NULL;
END $$;
COMMENT ON FUNCTION kit.bin_readings_anew IS 'Makes the three hours of readings anew that were marked as errors.';
REVOKE ALL ON FUNCTION kit.bin_readings, kit.bin_readings_anew FROM PUBLIC;
GRANT EXECUTE ON FUNCTION kit.bin_readings, kit.bin_readings_anew TO almoner_app, almoner_worker;

CREATE OR REPLACE TRIGGER observation_binned AFTER INSERT ON observation REFERENCING NEW TABLE AS arrived FOR EACH STATEMENT EXECUTE FUNCTION kit.bin_readings();
CREATE OR REPLACE TRIGGER observation_binned_anew AFTER UPDATE ON observation REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION kit.bin_readings_anew();

-- A function, for its settings: the planner takes 105,000 readings for 26 and would sort them (60 ms); hashing the columns takes 35. As whoever asks: it
-- opens nothing, and the policies of observation and its bins hold inside it.
CREATE OR REPLACE FUNCTION kit.reading_columns(in_organization uuid, of_patient uuid, codes text[], from_at timestamptz, to_at timestamptz, width interval, few integer)
RETURNS TABLE (code text, at timestamptz, low double precision, high double precision, second_low double precision, second_high double precision, readings bigint)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog SET enable_sort = off SET plan_cache_mode = force_generic_plan AS $$
DECLARE
  -- The whole bins lie between these.
  first timestamptz := kit.reading_bin(from_at + INTERVAL '3 hours' - INTERVAL '1 microsecond');
  past timestamptz := greatest(kit.reading_bin(to_at), first);
BEGIN
  IF width >= INTERVAL '3 hours' THEN
    RETURN QUERY
    WITH part AS MATERIALIZED (
      SELECT b.code, b.last_at AS at, b.low, b.high, b.second_low, b.second_high, b.readings
      FROM public.observation_bin AS b
      WHERE b.organization_id = in_organization AND b.patient_id = of_patient AND b.code = ANY (codes) AND b.at >= first AND b.at < past AND b.readings > 0
      UNION ALL
      SELECT o.code, o.effective_at, o.value_num, o.value_num, o.value2_num, o.value2_num, 1
      FROM public.observation AS o
      WHERE o.organization_id = in_organization AND o.patient_id = of_patient AND o.code = ANY (codes) AND o.status = 'FINAL'
        AND o.effective_at >= from_at AND o.effective_at < first AND o.effective_at <= to_at
      UNION ALL
      SELECT o.code, o.effective_at, o.value_num, o.value_num, o.value2_num, o.value2_num, 1
      FROM public.observation AS o
      WHERE o.organization_id = in_organization AND o.patient_id = of_patient AND o.code = ANY (codes) AND o.status = 'FINAL'
        AND o.effective_at >= past AND o.effective_at <= to_at
    ), size AS MATERIALIZED (
      SELECT p.code, sum(p.readings) > few AS many FROM part AS p GROUP BY p.code
    )
    SELECT o.code, o.effective_at, o.value_num, o.value_num, o.value2_num, o.value2_num, 1::bigint
    FROM size AS s CROSS JOIN LATERAL (
      SELECT * FROM public.observation AS r
      WHERE NOT s.many AND r.organization_id = in_organization AND r.patient_id = of_patient AND r.code = s.code AND r.status = 'FINAL'
        AND r.effective_at >= from_at AND r.effective_at <= to_at) AS o
    UNION ALL
    SELECT p.code, max(p.at), min(p.low), max(p.high), min(p.second_low), max(p.second_high), sum(p.readings)
    FROM part AS p JOIN size AS s ON s.code = p.code AND s.many
    GROUP BY p.code, date_bin(width, p.at, from_at);
  ELSE
    RETURN QUERY
    SELECT wanted.code, part.*
    FROM unnest(codes) AS wanted (code)
    CROSS JOIN LATERAL (
      SELECT count(*) > few AS many FROM (
        SELECT FROM public.observation AS o
        WHERE o.organization_id = in_organization AND o.patient_id = of_patient AND o.code = wanted.code AND o.status = 'FINAL'
          AND o.effective_at >= from_at AND o.effective_at <= to_at
        LIMIT few + 1) AS seen) AS size
    CROSS JOIN LATERAL (
      SELECT o.effective_at, o.value_num, o.value_num, o.value2_num, o.value2_num, 1::bigint
      FROM public.observation AS o
      WHERE NOT size.many AND o.organization_id = in_organization AND o.patient_id = of_patient AND o.code = wanted.code AND o.status = 'FINAL'
        AND o.effective_at >= from_at AND o.effective_at <= to_at
      UNION ALL
      SELECT max(o.effective_at), min(o.value_num), max(o.value_num), min(o.value2_num), max(o.value2_num), count(*)
      FROM public.observation AS o
      WHERE size.many AND o.organization_id = in_organization AND o.patient_id = of_patient AND o.code = wanted.code AND o.status = 'FINAL'
        AND o.effective_at >= from_at AND o.effective_at <= to_at
      GROUP BY date_bin(width, o.effective_at, from_at)) AS part;
  END IF;
END $$;
COMMENT ON FUNCTION kit.reading_columns IS 'Readings of a patient for a chart: each as it is up to so many (few) of a metric, else the lowest and the highest of every column of this width. Columns of three hours and more are made of bins, and of the readings at both ends that fill none.';

-- What is there already.
DO $$
DECLARE
  org uuid;
BEGIN
  FOR org IN SELECT id FROM organization LOOP
    PERFORM set_config('app.ctx', org::text, true);
    INSERT INTO observation_bin (organization_id, patient_id, code, at, last_at, low, high, second_low, second_high, readings)
    SELECT org, o.patient_id, o.code, kit.reading_bin(o.effective_at), max(o.effective_at), min(o.value_num), max(o.value_num), min(o.value2_num), max(o.value2_num), count(*)
    FROM observation AS o WHERE o.organization_id = org AND o.status = 'FINAL'
    GROUP BY 2, 3, 4
    ON CONFLICT DO NOTHING;
  END LOOP;
  PERFORM set_config('app.ctx', '', true);
END $$;

RESET ROLE;
