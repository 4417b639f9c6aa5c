SET LOCAL ROLE almoner_owner;

DROP TRIGGER IF EXISTS visit_check_in_guard ON visit;
DROP FUNCTION IF EXISTS kit.visit_check_in_guard();

RESET ROLE;
