-- Work for later, kept in the database so that it is enqueued in the transaction that makes it necessary.
SET LOCAL ROLE almoner_owner;
SET LOCAL client_min_messages = warning;  -- DROP POLICY IF EXISTS has much to say

CREATE TABLE IF NOT EXISTS job (
  id              uuid PRIMARY KEY,
  organization_id uuid CONSTRAINT job_organization_fk REFERENCES organization ON DELETE RESTRICT,
  kind            text NOT NULL CONSTRAINT job_kind_shape CHECK (kind ~ '^[a-z][a-z_.]{1,63}$'),
  payload         jsonb NOT NULL DEFAULT '{}',
  run_at          timestamptz NOT NULL DEFAULT now(),
  attempts        integer NOT NULL DEFAULT 0,
  max_attempts    integer NOT NULL DEFAULT 10 CONSTRAINT job_max_attempts_positive CHECK (max_attempts > 0),
  state           text NOT NULL DEFAULT 'QUEUED' CONSTRAINT job_state_known CHECK (state IN ('QUEUED', 'RUNNING', 'DONE', 'DEAD', 'DISCARDED')),
  locked_by       text,
  locked_until    timestamptz,
  fence           bigint NOT NULL DEFAULT 0,
  last_error      text,
  dedupe_key      text,
  created_at      timestamptz NOT NULL DEFAULT now(),
  finished_at     timestamptz,
  CONSTRAINT job_running_is_locked CHECK (state <> 'RUNNING' OR (locked_by IS NOT NULL AND locked_until IS NOT NULL)),
  CONSTRAINT job_end_is_dated CHECK ((state IN ('DONE', 'DEAD', 'DISCARDED')) = (finished_at IS NOT NULL))
) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 500, autovacuum_vacuum_cost_delay = 1);
CREATE INDEX IF NOT EXISTS job_due ON job (run_at) WHERE state = 'QUEUED';
CREATE INDEX IF NOT EXISTS job_leased ON job (locked_until) WHERE state = 'RUNNING';
CREATE INDEX IF NOT EXISTS job_ended ON job (state, finished_at) WHERE state IN ('DONE', 'DEAD', 'DISCARDED');
CREATE INDEX IF NOT EXISTS job_organization ON job (organization_id, state);
CREATE UNIQUE INDEX IF NOT EXISTS job_dedupe ON job (dedupe_key) WHERE state = 'QUEUED' AND dedupe_key IS NOT NULL;
CALL kit.describe('job', 'A piece of work to be done once, later, perhaps after several attempts.',
  'organization_id', 'Organization the job enters; NULL for the machinery''s own work.',
  'kind', 'What is to be done, such as alerts.unsnooze.', 'payload', 'Ids only, never anything about a patient.', 'run_at', 'Not before this time.',
  'attempts', 'Attempts so far.', 'max_attempts', 'After so many attempts it is DEAD.', 'state', 'QUEUED, RUNNING, DONE, DEAD (gave up) or DISCARDED (a person took it off the list of the dead).', 'locked_by', 'Worker that holds it.',
  'locked_until', 'End of the lease; afterwards another worker may take it.', 'fence', 'Counts leases, so that a worker that lost its lease cannot finish the job.',
  'last_error', 'What went wrong last, without anything about a patient.', 'dedupe_key', 'While a job with this key is QUEUED, no second one is.', 'finished_at', 'When it became DONE, DEAD or DISCARDED.');
ALTER TABLE job ENABLE ROW LEVEL SECURITY;
ALTER TABLE job FORCE ROW LEVEL SECURITY;
-- The worker looks over all organizations for what is due and then enters one of them; the wall stands before everybody else.
-- The machinery's own jobs belong to no organization and hold nothing of one: those who run the system see them and start them again.
CALL kit.policy('job', 'wall', 'ALL', 'almoner_app, almoner_ingest',
  'organization_id = (SELECT ctx.organization()) OR (organization_id IS NULL AND (SELECT ctx.role() = ''ADMIN''))',
  'organization_id = (SELECT ctx.organization()) OR (organization_id IS NULL AND (SELECT ctx.role() = ''ADMIN''))', restrictive => true);
CALL kit.policy('job', 'maintenance', 'ALL', 'almoner_owner', 'true', 'true');
DROP POLICY IF EXISTS worker_everything ON job;
CREATE POLICY worker_everything ON job TO almoner_worker USING (true) WITH CHECK (true);
DROP POLICY IF EXISTS backup_reads ON job;
CREATE POLICY backup_reads ON job FOR SELECT TO almoner_backup USING (true);
DROP POLICY IF EXISTS actor_adds ON job;
CREATE POLICY actor_adds ON job FOR INSERT TO almoner_app WITH CHECK (state = 'QUEUED' AND organization_id IS NOT NULL);
DROP POLICY IF EXISTS admin_reads ON job;
CREATE POLICY admin_reads ON job FOR SELECT TO almoner_app USING ((SELECT ctx.role() = 'ADMIN'));
DROP POLICY IF EXISTS admin_settles ON job;
CREATE POLICY admin_settles ON job FOR UPDATE TO almoner_app USING ((SELECT ctx.role() = 'ADMIN') AND state = 'DEAD') WITH CHECK ((SELECT ctx.role() = 'ADMIN') AND state IN ('QUEUED', 'DISCARDED'));
DROP POLICY IF EXISTS auth_adds ON job;
CREATE POLICY auth_adds ON job FOR INSERT TO almoner_auth WITH CHECK (state = 'QUEUED');
GRANT SELECT, INSERT, UPDATE, DELETE ON job TO almoner_worker;
GRANT SELECT, INSERT ON job TO almoner_app;
GRANT UPDATE (state, run_at, attempts, finished_at) ON job TO almoner_app;
GRANT INSERT ON job TO almoner_auth;
GRANT SELECT ON job TO almoner_backup;

CREATE TABLE IF NOT EXISTS job_schedule (
  name        text PRIMARY KEY,
  next_run_at timestamptz NOT NULL,
  last_run_at timestamptz
);
CALL kit.describe('job_schedule', 'When each timer of src/jobs fires next; one row per timer for all replicas.',
  'name', 'Name of the timer.', 'next_run_at', 'When it is due.', 'last_run_at', 'When it last fired.');
ALTER TABLE job_schedule ENABLE ROW LEVEL SECURITY;
ALTER TABLE job_schedule FORCE ROW LEVEL SECURITY;
DROP POLICY IF EXISTS worker_reads ON job_schedule;
CREATE POLICY worker_reads ON job_schedule FOR SELECT TO almoner_worker USING (true);
DROP POLICY IF EXISTS worker_adds ON job_schedule;
CREATE POLICY worker_adds ON job_schedule FOR INSERT TO almoner_worker WITH CHECK (true);
DROP POLICY IF EXISTS worker_changes ON job_schedule;
CREATE POLICY worker_changes ON job_schedule FOR UPDATE TO almoner_worker USING (true) WITH CHECK (true);
DROP POLICY IF EXISTS backup_reads ON job_schedule;
CREATE POLICY backup_reads ON job_schedule FOR SELECT TO almoner_backup USING (true);
GRANT SELECT, INSERT, UPDATE ON job_schedule TO almoner_worker;
GRANT SELECT ON job_schedule TO almoner_backup;

RESET ROLE;
