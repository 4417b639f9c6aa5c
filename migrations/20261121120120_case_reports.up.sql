-- Reports on cases: numbers only. The chair reads those of their facilities; owner and compliance those of the organization, though the owner
-- sees no case. Functions of the owner of the tables, because a policy would be asked for each of hundreds of thousands of rows.
SET LOCAL ROLE almoner_owner;
SET LOCAL client_min_messages = warning;

CREATE INDEX IF NOT EXISTS status_change_of_cases ON status_change (organization_id, at) INCLUDE (subject_id, facility_id, from_status, to_status) WHERE subject_kind = 'case';

CREATE SCHEMA IF NOT EXISTS reports;
COMMENT ON SCHEMA reports IS 'Counts and times over records that the reader may not see one by one.';
GRANT USAGE ON SCHEMA reports TO almoner_app;

CREATE OR REPLACE FUNCTION reports.cases_open() RETURNS TABLE (status text, week integer, cases bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
  SELECT c.status, CASE WHEN age < INTERVAL '7 days' THEN 0 WHEN age < INTERVAL '14 days' THEN 1 WHEN age < INTERVAL '28 days' THEN 2 WHEN age < INTERVAL '91 days' THEN 4 ELSE 13 END, count(*)
  FROM public.cases AS c, LATERAL (SELECT now() - c.created_at AS age) AS a
  WHERE c.organization_id = (SELECT ctx.organization()) AND c.is_open
    AND ((SELECT ctx.role() IN ('OWNER', 'COMPLIANCE'))
         OR ((SELECT ctx.role() = 'CHAIR') AND ((SELECT ctx.everywhere()) OR c.facility_id = ANY ((SELECT ctx.facilities())::uuid[]))))
  GROUP BY 1, 2
$$;
COMMENT ON FUNCTION reports.cases_open IS 'Open cases by state and age; week is the first week of the band: 0, 1, 2, 4 or 13 and more.';

-- The time in a stage ends with the move out of it; what is still there counts nowhere yet. A change of hands is a row from a state to the same state, and no move.
CREATE OR REPLACE FUNCTION reports.cases_stages(since timestamptz, until timestamptz) RETURNS TABLE (stage text, moves bigint, median_seconds double precision, p90_seconds double precision)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
  SELECT s.from_status, count(*), percentile_cont(0.5) WITHIN GROUP (ORDER BY took.seconds), percentile_cont(0.9) WITHIN GROUP (ORDER BY took.seconds)
  FROM public.status_change AS s
  CROSS JOIN LATERAL (SELECT extract(epoch FROM s.at - b.at)::float8 AS seconds FROM public.status_change AS b
                      WHERE b.organization_id = s.organization_id AND b.subject_id = s.subject_id AND b.at < s.at AND b.from_status IS DISTINCT FROM b.to_status ORDER BY b.at DESC LIMIT 1) AS took
  WHERE s.organization_id = (SELECT ctx.organization()) AND s.subject_kind = 'case' AND s.at >= since AND s.at < until AND s.from_status <> s.to_status
    AND ((SELECT ctx.role() IN ('OWNER', 'COMPLIANCE'))
         OR ((SELECT ctx.role() = 'CHAIR') AND ((SELECT ctx.everywhere()) OR s.facility_id = ANY ((SELECT ctx.facilities())::uuid[]))))
  GROUP BY 1
$$;
COMMENT ON FUNCTION reports.cases_stages IS 'Median and 90th percentile of the time cases spent in each stage that they left in the period.';

CREATE OR REPLACE FUNCTION reports.cases_load() RETURNS TABLE (user_id uuid, first_name text, last_name text, assigned bigint, in_progress bigint, waiting bigint, overdue bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
  WITH held AS (
    SELECT c.assigned_to_id, count(*) FILTER (WHERE c.status = 'ASSIGNED') AS assigned, count(*) FILTER (WHERE c.status = 'IN_PROGRESS') AS in_progress,
           count(*) FILTER (WHERE c.status = 'PENDING_COMPLETION') AS waiting, count(*) FILTER (WHERE c.due_at < now()) AS overdue
    FROM public.cases AS c
    WHERE c.organization_id = (SELECT ctx.organization()) AND c.is_open AND c.assigned_to_id IS NOT NULL
      AND ((SELECT ctx.role() IN ('OWNER', 'COMPLIANCE'))
           OR ((SELECT ctx.role() = 'CHAIR') AND ((SELECT ctx.everywhere()) OR c.facility_id = ANY ((SELECT ctx.facilities())::uuid[]))))
    GROUP BY 1),
  workers AS (
    SELECT DISTINCT m.user_id FROM public.membership AS m
    WHERE m.organization_id = (SELECT ctx.organization()) AND m.role = 'CASEWORKER' AND m.deleted_at IS NULL AND CURRENT_DATE BETWEEN m.starts_on AND coalesce(m.ends_on, 'infinity')
      AND (m.facility_id IS NULL OR ((SELECT ctx.role() IN ('OWNER', 'COMPLIANCE'))
           OR ((SELECT ctx.role() = 'CHAIR') AND ((SELECT ctx.everywhere()) OR m.facility_id = ANY ((SELECT ctx.facilities())::uuid[]))))))
  SELECT u.id, u.first_name, u.last_name, coalesce(h.assigned, 0), coalesce(h.in_progress, 0), coalesce(h.waiting, 0), coalesce(h.overdue, 0)
  FROM workers AS w FULL JOIN held AS h ON h.assigned_to_id = w.user_id
  JOIN public.app_user AS u ON u.organization_id = (SELECT ctx.organization()) AND u.id = coalesce(h.assigned_to_id, w.user_id)
  WHERE (SELECT ctx.role() IN ('OWNER', 'COMPLIANCE', 'CHAIR'))
$$;
COMMENT ON FUNCTION reports.cases_load IS 'Open cases of each caseworker by state; those who have none, too.';

CREATE OR REPLACE FUNCTION reports.cases_weeks(since timestamptz, until timestamptz, zone text) RETURNS TABLE (week date, opened bigint, completed bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
  SELECT date_trunc('week', s.at AT TIME ZONE zone)::date, count(*) FILTER (WHERE s.from_status IS NULL), count(*) FILTER (WHERE s.to_status = 'COMPLETED')
  FROM public.status_change AS s
  WHERE s.organization_id = (SELECT ctx.organization()) AND s.subject_kind = 'case' AND s.at >= since AND s.at < until
    AND ((SELECT ctx.role() IN ('OWNER', 'COMPLIANCE'))
         OR ((SELECT ctx.role() = 'CHAIR') AND ((SELECT ctx.everywhere()) OR s.facility_id = ANY ((SELECT ctx.facilities())::uuid[]))))
  GROUP BY 1
$$;
COMMENT ON FUNCTION reports.cases_weeks IS 'Cases opened and completed in each week of the period; a case that was opened again counts again when it is completed.';

REVOKE ALL ON FUNCTION reports.cases_open, reports.cases_stages, reports.cases_load, reports.cases_weeks FROM PUBLIC;
GRANT EXECUTE ON FUNCTION reports.cases_open, reports.cases_stages, reports.cases_load, reports.cases_weeks TO almoner_app;

RESET ROLE;
