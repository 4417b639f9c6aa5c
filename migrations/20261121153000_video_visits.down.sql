SET LOCAL ROLE almoner_owner;
DROP POLICY IF EXISTS patient_reads_visits ON status_change;
CREATE POLICY patient_reads_visits ON status_change FOR SELECT TO almoner_app
  USING ((SELECT ctx.role() = 'PATIENT') AND subject_kind IN ('visit', 'visit_request') AND patient_id = ANY ((SELECT ctx.own_patients('VISITS'))::uuid[]));
DROP POLICY IF EXISTS patient_adds_visits ON status_change;
CREATE POLICY patient_adds_visits ON status_change FOR INSERT TO almoner_app
  WITH CHECK (changed_by_id = (SELECT ctx.actor()) AND (SELECT ctx.role() = 'PATIENT') AND subject_kind IN ('visit', 'visit_request') AND patient_id = ANY ((SELECT ctx.own_patients('VISITS'))::uuid[]));
DROP TABLE IF EXISTS virtual_signal;
DROP TABLE IF EXISTS virtual_session;
DROP FUNCTION IF EXISTS kit.virtual_signal_guard();
DROP FUNCTION IF EXISTS kit.virtual_signals_end();
DROP FUNCTION IF EXISTS kit.virtual_session_guard();
DROP FUNCTION IF EXISTS headers.visit_provider(uuid);
ALTER TABLE facility DROP COLUMN IF EXISTS phone;
RESET ROLE;
