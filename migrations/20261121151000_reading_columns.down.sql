SET LOCAL ROLE almoner_owner;
DROP FUNCTION IF EXISTS kit.reading_columns;
RESET ROLE;
