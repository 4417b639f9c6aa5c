DROP SCHEMA IF EXISTS kit CASCADE;
DROP SCHEMA IF EXISTS ctx CASCADE;

-- Roles belong to the cluster: drop what only this database knew, keep what another one still needs.
DO $$
DECLARE
  r text;
BEGIN
  FOREACH r IN ARRAY ARRAY['almoner_runtime', 'almoner_migrator', 'almoner_app', 'almoner_auth', 'almoner_worker', 'almoner_ingest',
                           'almoner_backup', 'almoner_owner'] LOOP
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = r) THEN
      BEGIN
        EXECUTE format('DROP OWNED BY %I', r);
        EXECUTE format('DROP ROLE %I', r);
      EXCEPTION WHEN dependent_objects_still_exist OR object_in_use OR insufficient_privilege OR undefined_object THEN
        NULL;
      END;
    END IF;
  END LOOP;
END $$;
