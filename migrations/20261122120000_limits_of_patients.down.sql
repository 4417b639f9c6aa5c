SET LOCAL ROLE almoner_owner;

DROP TRIGGER IF EXISTS reading_import_limit ON reading_import;
DROP FUNCTION IF EXISTS kit.reading_import_limit();
DROP TRIGGER IF EXISTS visit_request_limit ON visit_request;
DROP FUNCTION IF EXISTS kit.visit_request_limit();

RESET ROLE;
