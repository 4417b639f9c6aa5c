SET LOCAL ROLE almoner_owner;
DROP SCHEMA IF EXISTS outbox CASCADE;
DROP TABLE IF EXISTS notification_preference, notification;
RESET ROLE;
