SET LOCAL ROLE almoner_owner;

DROP FUNCTION IF EXISTS outbox.purge(integer);
ALTER TABLE notification_preference DROP COLUMN IF EXISTS chat_enc;

RESET ROLE;
