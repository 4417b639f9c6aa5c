DROP FUNCTION IF EXISTS ingest.audit_readings, ingest.store_readings, ingest.reading_devices, ingest.reading_subjects, ingest.finish_readings, ingest.begin_readings;
DROP FUNCTION IF EXISTS kit.reading_account;
ALTER TABLE ingest_receipt DROP COLUMN IF EXISTS result;
