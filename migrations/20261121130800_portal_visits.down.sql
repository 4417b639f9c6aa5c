SET LOCAL ROLE almoner_owner;
DROP FUNCTION IF EXISTS headers.waiting_before(uuid);
DROP POLICY IF EXISTS patient_reads_visits ON status_change;
CREATE POLICY patient_reads_visits ON status_change FOR SELECT TO almoner_app
  USING ((SELECT ctx.role() = 'PATIENT') AND subject_kind IN ('visit', 'visit_request') AND patient_id = ANY ((SELECT ctx.own_patients())::uuid[]));
DROP POLICY IF EXISTS patient_adds_visits ON status_change;
CREATE POLICY patient_adds_visits ON status_change FOR INSERT TO almoner_app
  WITH CHECK (changed_by_id = (SELECT ctx.actor()) AND (SELECT ctx.role() = 'PATIENT') AND subject_kind IN ('visit', 'visit_request') AND patient_id = ANY ((SELECT ctx.own_patients())::uuid[]));
DROP POLICY IF EXISTS portal_scope ON visit;
DROP POLICY IF EXISTS portal_scope ON visit_request;
DROP POLICY IF EXISTS portal_scope ON visit_participant;
RESET ROLE;
