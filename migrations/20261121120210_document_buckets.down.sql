SET LOCAL ROLE almoner_owner;
DROP PROCEDURE IF EXISTS kit.document_bucket(text, text, text);
DROP INDEX IF EXISTS document_of_message;
RESET ROLE;
