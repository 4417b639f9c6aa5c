SET LOCAL ROLE almoner_owner;
DO $$ BEGIN
  IF to_regclass('visit') IS NOT NULL THEN
    DROP TRIGGER IF EXISTS visit_group_guard ON visit;
  END IF;
END $$;
DROP FUNCTION IF EXISTS kit.visit_group_guard();
RESET ROLE;
