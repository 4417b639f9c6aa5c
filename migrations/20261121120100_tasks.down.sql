DROP POLICY IF EXISTS task_history_closed ON status_change;
DROP POLICY IF EXISTS task_seen_reads ON status_change;
DROP POLICY IF EXISTS task_seen_adds ON status_change;
DROP TRIGGER IF EXISTS cases_open_tasks ON cases;
DROP TRIGGER IF EXISTS cases_tasks_follow ON cases;
DROP TABLE IF EXISTS task;
DROP FUNCTION IF EXISTS kit.tasks_follow_case, kit.case_has_no_open_tasks, kit.task_guard, kit.case_takes_tasks, kit.task_refusal;
