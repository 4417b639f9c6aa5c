SET LOCAL ROLE almoner_owner;

DROP TRIGGER IF EXISTS visit_request_alert_guard ON visit_request;
DROP FUNCTION IF EXISTS kit.visit_request_alert_guard;
DROP INDEX IF EXISTS visit_request_alert;
ALTER TABLE visit_request DROP COLUMN IF EXISTS alert_id;

RESET ROLE;
