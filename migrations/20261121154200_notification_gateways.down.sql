SET LOCAL ROLE almoner_owner;

DROP FUNCTION IF EXISTS outbox.own_ways();
DROP TABLE IF EXISTS notification_gateway;

RESET ROLE;
