-- Everything that `almoner backup` reads as almoner_backup: also partitions, those to come as well, sequences, sessions, and the list of migrations.
SET LOCAL client_min_messages = warning;  -- DROP POLICY IF EXISTS has much to say

-- The list of migrations belongs to whoever made it.
DO $$
BEGIN
  IF EXISTS (SELECT FROM pg_class AS c WHERE c.oid = to_regclass('public._sqlx_migrations') AND pg_has_role(c.relowner, 'USAGE')) THEN
    GRANT SELECT ON public._sqlx_migrations TO almoner_backup;
  END IF;
END $$;

SET LOCAL ROLE almoner_owner;

GRANT USAGE ON SCHEMA parts TO almoner_backup;
GRANT SELECT ON ALL SEQUENCES IN SCHEMA public TO almoner_backup;
ALTER DEFAULT PRIVILEGES GRANT SELECT ON SEQUENCES TO almoner_backup;

DROP POLICY IF EXISTS backup_reads ON rate_limit;
CREATE POLICY backup_reads ON rate_limit FOR SELECT TO almoner_backup USING (true);
GRANT SELECT ON rate_limit TO almoner_backup;
DROP POLICY IF EXISTS backup_reads ON auth.session;
CREATE POLICY backup_reads ON auth.session FOR SELECT TO almoner_backup USING (true);
GRANT SELECT ON auth.session TO almoner_backup;

CREATE OR REPLACE FUNCTION kit.open_partition_to_backup(part regclass) RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
  EXECUTE format('DROP POLICY IF EXISTS backup_reads ON %s', part);
  EXECUTE format('CREATE POLICY backup_reads ON %s FOR SELECT TO almoner_backup USING (true)', part);
  EXECUTE format('GRANT SELECT ON %s TO almoner_backup', part);
END $$;
COMMENT ON FUNCTION kit.open_partition_to_backup IS 'Lets almoner_backup read a partition: pg_dump reads each by itself, past the policies of its table.';
REVOKE ALL ON FUNCTION kit.open_partition_to_backup FROM PUBLIC;

CREATE OR REPLACE FUNCTION kit.make_observation_partition(name text, from_at text, to_at text) RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
  EXECUTE format('CREATE TABLE parts.%I (LIKE public.observation INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING COMMENTS)
                  WITH (autovacuum_vacuum_insert_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.02)', name);
  EXECUTE format('ALTER TABLE parts.%I ENABLE ROW LEVEL SECURITY', name);
  EXECUTE format('ALTER TABLE parts.%I FORCE ROW LEVEL SECURITY', name);
  PERFORM kit.open_partition_to_backup(format('parts.%I', name)::regclass);
  EXECUTE format('COMMENT ON TABLE parts.%I IS %L', name, 'Readings of one stretch of time; see observation.');
  EXECUTE format('ALTER TABLE public.observation ATTACH PARTITION parts.%I FOR VALUES FROM (%s) TO (%s)', name, from_at, to_at);
END $$;

SELECT kit.open_partition_to_backup(c.oid::regclass) FROM pg_class AS c WHERE c.relispartition AND c.relkind = 'r' AND c.relnamespace = 'parts'::regnamespace;

RESET ROLE;
