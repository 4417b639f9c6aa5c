-- The marks of the timer say nothing that a form could contradict: they leave the version of a case as it is, so that nobody's form is outdated by them.
SET LOCAL ROLE almoner_owner;
SET LOCAL client_min_messages = warning;

CREATE OR REPLACE FUNCTION kit.case_marks() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
  NEW.row_version := OLD.row_version;
  RETURN NEW;
END $$;
COMMENT ON FUNCTION kit.case_marks() IS 'Keeps the version of a case that only the timer has marked.';
-- After cases_guard, which counts every other change: triggers go by their names.
CREATE OR REPLACE TRIGGER cases_marks BEFORE UPDATE OF overdue_at, escalated_at ON cases FOR EACH ROW
  WHEN (current_setting('role') = 'almoner_worker') EXECUTE FUNCTION kit.case_marks();

-- What the timer looks for: open cases past their date that are not marked, and marked ones that stayed so.
CREATE INDEX IF NOT EXISTS cases_to_mark ON cases (organization_id, due_at, id) WHERE is_open AND overdue_at IS NULL AND due_at IS NOT NULL;
CREATE INDEX IF NOT EXISTS cases_to_escalate ON cases (organization_id, due_at, id) WHERE is_open AND overdue_at IS NOT NULL AND escalated_at IS NULL;

RESET ROLE;
