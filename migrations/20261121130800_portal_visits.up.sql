-- Visits in the portal: a proxy without VISITS sees and does nothing of them, and who waits knows how many are before them.
SET LOCAL ROLE almoner_owner;
SET LOCAL client_min_messages = warning;  -- DROP POLICY IF EXISTS has much to say

CALL kit.portal_scope('visit_request', 'VISITS');
CALL kit.portal_scope('visit_participant', 'VISITS');
-- In a group somebody else may lead the list.
CALL kit.policy('visit', 'portal_scope', 'ALL', 'almoner_app',
  '(SELECT ctx.role() IS DISTINCT FROM ''PATIENT'') OR patient_id = ANY ((SELECT ctx.own_patients(''VISITS''))::uuid[])
   OR EXISTS (SELECT 1 FROM public.visit_participant AS w WHERE w.organization_id = visit.organization_id AND w.visit_id = visit.id AND w.patient_id = ANY ((SELECT ctx.own_patients(''VISITS''))::uuid[]))',
  '(SELECT ctx.role() IS DISTINCT FROM ''PATIENT'') OR patient_id = ANY ((SELECT ctx.own_patients(''VISITS''))::uuid[])',
  restrictive => true);
DROP POLICY IF EXISTS patient_reads_visits ON status_change;
CREATE POLICY patient_reads_visits ON status_change FOR SELECT TO almoner_app
  USING ((SELECT ctx.role() = 'PATIENT') AND subject_kind IN ('visit', 'visit_request') AND patient_id = ANY ((SELECT ctx.own_patients('VISITS'))::uuid[]));
DROP POLICY IF EXISTS patient_adds_visits ON status_change;
CREATE POLICY patient_adds_visits ON status_change FOR INSERT TO almoner_app
  WITH CHECK (changed_by_id = (SELECT ctx.actor()) AND (SELECT ctx.role() = 'PATIENT') AND subject_kind IN ('visit', 'visit_request') AND patient_id = ANY ((SELECT ctx.own_patients('VISITS'))::uuid[]));

CREATE OR REPLACE FUNCTION headers.waiting_before(wanted uuid) RETURNS bigint LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
  SELECT count(*) FROM public.visit AS mine JOIN public.visit AS other ON other.organization_id = mine.organization_id AND other.facility_id = mine.facility_id
     AND other.waiting_on = mine.waiting_on AND other.waiting_number < mine.waiting_number AND other.status = 'CHECKED_IN'
  WHERE mine.organization_id = ctx.organization() AND mine.id = wanted AND mine.patient_id = ANY (ctx.own_patients('VISITS'))
$$;
COMMENT ON FUNCTION headers.waiting_before IS 'How many people with a lower waiting number still wait, for a patient who waits with them; nothing else of them.';
REVOKE ALL ON FUNCTION headers.waiting_before FROM PUBLIC;
GRANT EXECUTE ON FUNCTION headers.waiting_before TO almoner_app;

RESET ROLE;
