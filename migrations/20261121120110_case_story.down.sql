DROP VIEW IF EXISTS case_log;
DROP POLICY IF EXISTS case_seen_reads ON audit_event;
DROP POLICY IF EXISTS case_events_closed ON audit_event;
DROP POLICY IF EXISTS case_seen_reads ON comment;
DROP POLICY IF EXISTS case_seen_adds ON comment;
