SET LOCAL ROLE almoner_owner;

DROP TRIGGER IF EXISTS observation_binned_anew ON observation;
DROP TRIGGER IF EXISTS observation_binned ON observation;
DROP FUNCTION IF EXISTS kit.bin_readings_anew;
DROP FUNCTION IF EXISTS kit.bin_readings;

-- As in 20261121151000_reading_columns.up.sql.
CREATE OR REPLACE FUNCTION kit.reading_columns(in_organization uuid, of_patient uuid, codes text[], from_at timestamptz, to_at timestamptz, width interval, few integer)
RETURNS TABLE (code text, at timestamptz, low double precision, high double precision, second_low double precision, second_high double precision, readings bigint)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog SET enable_sort = off SET plan_cache_mode = force_generic_plan AS $$
BEGIN
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
END $$;
COMMENT ON FUNCTION kit.reading_columns IS 'Readings of a patient for a chart: each as it is up to so many (few) of a metric, else the lowest and the highest of every column of this width.';

DROP TABLE IF EXISTS observation_bin;
DROP FUNCTION IF EXISTS kit.reading_bin;

RESET ROLE;
