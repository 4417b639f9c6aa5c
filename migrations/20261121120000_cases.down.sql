DROP POLICY IF EXISTS case_history_closed ON status_change;
DROP POLICY IF EXISTS case_history_by_those_who_work_on_it ON status_change;
DROP POLICY IF EXISTS case_seen_reads ON status_change;
DROP POLICY IF EXISTS case_seen_adds ON status_change;
DROP SCHEMA IF EXISTS work CASCADE;
DROP FUNCTION IF EXISTS headers.alert_by_number, headers.alert_number;
DROP TABLE IF EXISTS form_draft, case_follower, cases, case_counter;
DROP FUNCTION IF EXISTS kit.case_guard, kit.case_refusal, kit.number_case;
