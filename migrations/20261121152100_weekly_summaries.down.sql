SET LOCAL ROLE almoner_owner;
DROP TABLE IF EXISTS weekly_summary;
RESET ROLE;
