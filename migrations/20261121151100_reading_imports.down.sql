SET LOCAL ROLE almoner_owner;
DROP TABLE IF EXISTS reading_import;
RESET ROLE;
