SET LOCAL ROLE almoner_owner;
DROP INDEX IF EXISTS alert_queue_raised;
RESET ROLE;
