DO $$
BEGIN
  IF EXISTS (SELECT FROM pg_class AS c WHERE c.oid = to_regclass('public._sqlx_migrations') AND pg_has_role(c.relowner, 'USAGE')) THEN
    REVOKE SELECT ON public._sqlx_migrations FROM almoner_backup;
  END IF;
END $$;

SET LOCAL ROLE almoner_owner;

CREATE OR REPLACE FUNCTION kit.make_observation_partition(name text, from_at text, to_at text) RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
  EXECUTE format('CREATE TABLE parts.%I (LIKE public.observation INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING COMMENTS)
                  WITH (autovacuum_vacuum_insert_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.02)', name);
  EXECUTE format('ALTER TABLE parts.%I ENABLE ROW LEVEL SECURITY', name);
  EXECUTE format('ALTER TABLE parts.%I FORCE ROW LEVEL SECURITY', name);
  EXECUTE format('COMMENT ON TABLE parts.%I IS %L', name, 'Readings of one stretch of time; see observation.');
  EXECUTE format('ALTER TABLE public.observation ATTACH PARTITION parts.%I FOR VALUES FROM (%s) TO (%s)', name, from_at, to_at);
END $$;

DO $$
DECLARE
  part regclass;
BEGIN
  FOR part IN SELECT c.oid::regclass FROM pg_class AS c WHERE c.relispartition AND c.relkind = 'r' AND c.relnamespace = 'parts'::regnamespace LOOP
    EXECUTE format('DROP POLICY backup_reads ON %s', part);
    EXECUTE format('REVOKE SELECT ON %s FROM almoner_backup', part);
  END LOOP;
END $$;
DROP FUNCTION kit.open_partition_to_backup;

DROP POLICY backup_reads ON auth.session;
REVOKE SELECT ON auth.session FROM almoner_backup;
DROP POLICY backup_reads ON rate_limit;
REVOKE SELECT ON rate_limit FROM almoner_backup;
ALTER DEFAULT PRIVILEGES REVOKE SELECT ON SEQUENCES FROM almoner_backup;
REVOKE SELECT ON ALL SEQUENCES IN SCHEMA public FROM almoner_backup;
REVOKE USAGE ON SCHEMA parts FROM almoner_backup;

RESET ROLE;
