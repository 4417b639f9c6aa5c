DROP INDEX IF EXISTS cases_to_escalate;
DROP INDEX IF EXISTS cases_to_mark;
DROP TRIGGER IF EXISTS cases_marks ON cases;
DROP FUNCTION IF EXISTS kit.case_marks();
