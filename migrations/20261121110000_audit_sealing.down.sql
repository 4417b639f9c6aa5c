DROP FUNCTION IF EXISTS headers.staff_name;
DROP TABLE IF EXISTS audit_progress;
DROP INDEX IF EXISTS audit_event_sealing, audit_segment_last;
ALTER TABLE audit_segment DROP COLUMN IF EXISTS seqs;
