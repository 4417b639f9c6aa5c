SET LOCAL ROLE almoner_owner;
DROP POLICY IF EXISTS task_elsewhere_adds ON status_change;
DROP POLICY IF EXISTS colleague_changes ON task;
DROP POLICY IF EXISTS colleague_adds ON task;
DROP POLICY IF EXISTS colleague_reads ON task;
DROP POLICY IF EXISTS patient_does_own ON task;
DROP POLICY IF EXISTS patient_reads_own ON task;
DROP POLICY IF EXISTS patient_seen_changes ON task;
DROP POLICY IF EXISTS patient_seen_adds ON task;
DROP POLICY IF EXISTS patient_seen_reads ON task;
DROP TRIGGER IF EXISTS patient_takes_tasks ON patient;
DROP FUNCTION IF EXISTS kit.tasks_follow_patient();
DROP TRIGGER IF EXISTS task_elsewhere ON task;
DROP FUNCTION IF EXISTS kit.task_elsewhere();
DROP INDEX IF EXISTS task_given, task_about_patient, task_pool;
ALTER TABLE task DROP CONSTRAINT IF EXISTS task_patient_does;
ALTER TABLE task DROP CONSTRAINT IF EXISTS task_assignee_role_known;
-- Tasks that patients have stay as they are.
ALTER TABLE task ADD CONSTRAINT task_assignee_role_known CHECK (assignee_role IN ('CLINICIAN', 'MEDICAL_ASSISTANT', 'CLERK', 'CHAIR', 'CASEWORKER', 'CARER', 'MANAGER',
                       'OWNER', 'COMPLIANCE', 'ADMIN')) NOT VALID;
RESET ROLE;
