DROP SCHEMA IF EXISTS ingest CASCADE;
DROP TABLE IF EXISTS saved_view, comment, alert;
DROP FUNCTION IF EXISTS kit.alert_guard, kit.alert_refusal;
