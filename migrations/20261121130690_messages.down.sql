DROP INDEX IF EXISTS alert_thread;
ALTER TABLE alert DROP CONSTRAINT IF EXISTS alert_thread_fk;
DROP TABLE IF EXISTS message_retraction, message, thread_participant, thread;
DROP FUNCTION IF EXISTS kit.message_arrives, kit.thread_joined, kit.thread_guard, kit.thread_window, kit.thread_refusal, headers.may_answer;
