-- Roles, the context of a request, and the small kit that every later migration uses.
--
-- Roles belong to the whole cluster and may be created by another database at the same moment: each step tolerates that.
-- Nothing below is SUPERUSER or BYPASSRLS. Only almoner_runtime and almoner_migrator can log in.

SET LOCAL client_min_messages = warning;

DO $$
DECLARE
  wanted CONSTANT text[][] := ARRAY[
    ['almoner_owner',    'NOLOGIN'],             -- owns every object; nothing logs in as it
    ['almoner_migrator', 'LOGIN'],               -- runs migrations, by way of almoner_owner
    ['almoner_runtime',  'LOGIN NOINHERIT'],     -- the pools of the application; has no rights until SET ROLE
    ['almoner_app',      'NOLOGIN'],             -- a signed-in person
    ['almoner_auth',     'NOLOGIN'],             -- accounts and sessions, before anybody is signed in
    ['almoner_worker',   'NOLOGIN'],             -- background jobs; enters one organization at a time
    ['almoner_ingest',   'NOLOGIN'],             -- other systems; may only call the functions in schema ingest
    ['almoner_backup',   'NOLOGIN']];            -- reads everything, writes nothing
  i int;
BEGIN
  FOR i IN 1 .. array_length(wanted, 1) LOOP
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = wanted[i][1]) THEN
      BEGIN
        EXECUTE format('CREATE ROLE %I %s NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS', wanted[i][1], wanted[i][2]);
      EXCEPTION WHEN duplicate_object OR unique_violation THEN
        NULL;  -- another database was quicker
      END;
    END IF;
  END LOOP;
END $$;

DO $$
DECLARE
  wanted CONSTANT text[][] := ARRAY[
    ['almoner_owner',  'almoner_migrator'],
    ['almoner_app',    'almoner_runtime'],
    ['almoner_auth',   'almoner_runtime'],
    ['almoner_worker', 'almoner_runtime'],
    ['almoner_ingest', 'almoner_runtime']];      -- not almoner_backup: a request can never become a backup
  i int;
BEGIN
  FOR i IN 1 .. array_length(wanted, 1) LOOP
    IF NOT EXISTS (SELECT FROM pg_auth_members m
                   JOIN pg_roles g ON g.oid = m.roleid AND g.rolname = wanted[i][1]
                   JOIN pg_roles r ON r.oid = m.member AND r.rolname = wanted[i][2]) THEN
      BEGIN
        EXECUTE format('GRANT %I TO %I', wanted[i][1], wanted[i][2]);
      EXCEPTION WHEN duplicate_object OR unique_violation THEN
        NULL;
      END;
    END IF;
  END LOOP;
  IF NOT has_database_privilege('almoner_owner', current_database(), 'CREATE') THEN
    EXECUTE format('GRANT CREATE ON DATABASE %I TO almoner_owner', current_database());
  END IF;
  IF NOT has_schema_privilege('almoner_owner', 'public', 'CREATE') THEN
    GRANT USAGE, CREATE ON SCHEMA public TO almoner_owner;
  END IF;
  IF NOT has_schema_privilege('almoner_app', 'public', 'USAGE') THEN
    GRANT USAGE ON SCHEMA public TO almoner_app, almoner_auth, almoner_worker, almoner_ingest, almoner_backup;
  END IF;
END $$;

SET LOCAL ROLE almoner_owner;

-- ctx: who asks. One setting per transaction: SET LOCAL app.ctx = '<organization>|<user>|<ROLE>|<facilities>', where facilities are
-- comma-separated ids, '*' for the whole organization, or empty. Afterwards the setting is '' rather than NULL, hence the nullif.
-- Policies call these inside a sub-select so that they run once per statement instead of once per row.
CREATE SCHEMA IF NOT EXISTS ctx;
COMMENT ON SCHEMA ctx IS 'Who asks: reads the setting app.ctx of the current transaction. No context means no rows.';
GRANT USAGE ON SCHEMA ctx TO almoner_app, almoner_auth, almoner_worker, almoner_ingest, almoner_backup;

CREATE OR REPLACE FUNCTION ctx.organization() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE AS
$$ SELECT nullif(split_part(current_setting('app.ctx', true), '|', 1), '')::uuid $$;
COMMENT ON FUNCTION ctx.organization() IS 'Organization of the actor, NULL without context.';

CREATE OR REPLACE FUNCTION ctx.actor() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE AS
$$ SELECT nullif(split_part(current_setting('app.ctx', true), '|', 2), '')::uuid $$;
COMMENT ON FUNCTION ctx.actor() IS 'The person or service account that acts, NULL without context.';

CREATE OR REPLACE FUNCTION ctx.role() RETURNS text LANGUAGE sql STABLE PARALLEL SAFE AS
$$ SELECT nullif(split_part(current_setting('app.ctx', true), '|', 3), '') $$;
COMMENT ON FUNCTION ctx.role() IS 'The role the actor acts in, as in membership.role, or SERVICE.';

CREATE OR REPLACE FUNCTION ctx.everywhere() RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE AS
$$ SELECT coalesce(split_part(current_setting('app.ctx', true), '|', 4) = '*', false) $$;
COMMENT ON FUNCTION ctx.everywhere() IS 'Whether the actor''s role covers every facility of the organization.';

CREATE OR REPLACE FUNCTION ctx.facilities() RETURNS uuid[] LANGUAGE sql STABLE PARALLEL SAFE AS
$$ SELECT coalesce(string_to_array(nullif(nullif(split_part(current_setting('app.ctx', true), '|', 4), ''), '*'), ',')::uuid[], '{}'::uuid[]) $$;
COMMENT ON FUNCTION ctx.facilities() IS 'Facilities the actor''s role covers; empty when it covers all of them, see ctx.everywhere().';

-- kit: what every migration needs, so that no table can forget a part of it.
CREATE SCHEMA IF NOT EXISTS kit;
COMMENT ON SCHEMA kit IS 'Helpers of migrations and triggers. The application never calls them.';
GRANT USAGE ON SCHEMA kit TO almoner_app, almoner_auth, almoner_worker, almoner_ingest;

CREATE OR REPLACE FUNCTION kit.touch() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
  NEW.updated_at := now();
  NEW.row_version := OLD.row_version + 1;
  RETURN NEW;
END $$;
COMMENT ON FUNCTION kit.touch() IS 'Keeps updated_at and row_version, whatever the statement said about them.';

CREATE OR REPLACE FUNCTION kit.refuse() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
  RAISE EXCEPTION '% is append-only', TG_TABLE_NAME
    USING ERRCODE = 'insufficient_privilege', CONSTRAINT = TG_TABLE_NAME || '_append_only', TABLE = TG_TABLE_NAME;
END $$;
COMMENT ON FUNCTION kit.refuse() IS 'Refuses UPDATE, DELETE and TRUNCATE, also for the owner of the table.';

-- One policy: CREATE POLICY has no IF NOT EXISTS, and migrations may run twice.
CREATE OR REPLACE PROCEDURE kit.policy(t regclass, name text, verb text, roles text, readable text, writable text DEFAULT NULL, restrictive boolean DEFAULT false)
LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
  EXECUTE format('DROP POLICY IF EXISTS %I ON %s', name, t);
  EXECUTE format('CREATE POLICY %I ON %s AS %s FOR %s TO %s %s %s', name, t,
    CASE WHEN restrictive THEN 'RESTRICTIVE' ELSE 'PERMISSIVE' END, verb, roles,
    'USING (' || readable || ')', 'WITH CHECK (' || writable || ')');
END $$;
COMMENT ON PROCEDURE kit.policy IS 'Creates or replaces one row-level security policy.';

CREATE OR REPLACE PROCEDURE kit.describe(t regclass, about text, VARIADIC pairs text[])
LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
  common CONSTANT jsonb := jsonb_build_object(
    'organization_id', 'Organization the row belongs to; the wall between tenants and first part of every key.',
    'id', 'UUIDv7 made by the application.',
    'facility_id', 'Facility the row belongs to; NULL means the whole organization.',
    'created_at', 'When the row was made (UTC).',
    'updated_at', 'When the row was last changed (UTC); kept by a trigger.',
    'created_by_id', 'Person or service account that made the row. No foreign key: either kind, and neither is ever deleted.',
    'deleted_at', 'When the row was deleted by a person; rows stay until the retention job removes them.',
    'deleted_by_id', 'Person that deleted the row.',
    'is_deleted', 'Whether deleted_at is set.',
    'row_version', 'Counts changes, so that a stale form is noticed; kept by a trigger.');
  col text;
  i int;
BEGIN
  EXECUTE format('COMMENT ON TABLE %s IS %L', t, about);
  FOR col IN SELECT attname FROM pg_attribute WHERE attrelid = t AND attnum > 0 AND NOT attisdropped AND common ? attname::text LOOP
    EXECUTE format('COMMENT ON COLUMN %s.%I IS %L', t, col, common ->> col);
  END LOOP;
  FOR i IN 1 .. coalesce(array_length(pairs, 1), 0) BY 2 LOOP
    EXECUTE format('COMMENT ON COLUMN %s.%I IS %L', t, pairs[i], pairs[i + 1]);
  END LOOP;
END $$;
COMMENT ON PROCEDURE kit.describe IS 'Comments a table and its columns; the common columns speak for themselves.';

-- The part of row-level security that all tables of an organization share. What a person may do is decided table by table.
CREATE OR REPLACE PROCEDURE kit.tenant_table(t regclass, append_only boolean DEFAULT false)
LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
  bare text := (SELECT relname FROM pg_class WHERE oid = t);
  here CONSTANT text := 'organization_id = (SELECT ctx.organization())';
BEGIN
  EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', t);
  EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', t);
  CALL kit.policy(t, 'wall', 'ALL', 'almoner_app, almoner_worker, almoner_ingest', here, here, restrictive => true);
  CALL kit.policy(t, 'maintenance', 'ALL', 'almoner_owner', here, here);
  EXECUTE format('DROP POLICY IF EXISTS backup_reads ON %s', t);
  EXECUTE format('CREATE POLICY backup_reads ON %s FOR SELECT TO almoner_backup USING (true)', t);
  EXECUTE format('DROP POLICY IF EXISTS worker_reads ON %s', t);
  EXECUTE format('CREATE POLICY worker_reads ON %s FOR SELECT TO almoner_worker USING (true)', t);
  EXECUTE format('DROP POLICY IF EXISTS worker_adds ON %s', t);
  EXECUTE format('CREATE POLICY worker_adds ON %s FOR INSERT TO almoner_worker WITH CHECK (true)', t);
  EXECUTE format('GRANT SELECT ON %s TO almoner_backup', t);
  EXECUTE format('GRANT SELECT, INSERT ON %s TO almoner_worker', t);
  IF append_only THEN
    EXECUTE format('CREATE OR REPLACE TRIGGER %I BEFORE UPDATE OR DELETE ON %s FOR EACH ROW EXECUTE FUNCTION kit.refuse()', bare || '_append_only', t);
    EXECUTE format('CREATE OR REPLACE TRIGGER %I BEFORE TRUNCATE ON %s FOR EACH STATEMENT EXECUTE FUNCTION kit.refuse()', bare || '_no_truncate', t);
  ELSE
    EXECUTE format('DROP POLICY IF EXISTS worker_changes ON %s', t);
    EXECUTE format('CREATE POLICY worker_changes ON %s FOR UPDATE TO almoner_worker USING (true) WITH CHECK (true)', t);
    EXECUTE format('GRANT UPDATE ON %s TO almoner_worker', t);
    EXECUTE format('CREATE OR REPLACE TRIGGER %I BEFORE UPDATE ON %s FOR EACH ROW EXECUTE FUNCTION kit.touch()', bare || '_touch', t);
  END IF;
END $$;
COMMENT ON PROCEDURE kit.tenant_table IS 'Forces row-level security, builds the wall, opens the table to jobs, backup and maintenance, adds the triggers.';

RESET ROLE;
