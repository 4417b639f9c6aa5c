DROP SCHEMA IF EXISTS reports CASCADE;
DROP INDEX IF EXISTS status_change_of_cases;
