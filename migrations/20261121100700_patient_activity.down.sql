SET LOCAL ROLE almoner_owner;
DROP INDEX IF EXISTS status_change_patient;
RESET ROLE;
