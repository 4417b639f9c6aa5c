DROP SCHEMA IF EXISTS live CASCADE;
DROP TABLE IF EXISTS status_change, audit_patient, audit_segment, audit_event;
