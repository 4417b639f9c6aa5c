SET LOCAL ROLE almoner_owner;
CREATE OR REPLACE FUNCTION kit.virtual_signal_guard() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
  IF ctx.role() IS NOT NULL AND NOT EXISTS (SELECT FROM public.virtual_session AS s WHERE s.organization_id = NEW.organization_id AND s.id = NEW.session_id AND s.status = 'ACTIVE') THEN
    PERFORM kit.visit_refusal('virtual_signal', 'virtual_signal_in_call', 'nobody sends anything outside of a call');
  END IF;
  -- A call takes a few dozen, a bad line some hundreds.
  IF (SELECT count(*) FROM public.virtual_signal AS s WHERE s.organization_id = NEW.organization_id AND s.session_id = NEW.session_id) >= 4000 THEN
    PERFORM kit.visit_refusal('virtual_signal', 'virtual_signal_count', 'too many messages in one call');
  END IF;
  RETURN NEW;
END $$;
DO $$ BEGIN
  IF to_regclass('virtual_signal') IS NOT NULL THEN
    ALTER TABLE virtual_signal NO FORCE ROW LEVEL SECURITY;
    DELETE FROM virtual_signal WHERE party = 'GUEST';
    ALTER TABLE virtual_signal FORCE ROW LEVEL SECURITY;
    ALTER TABLE virtual_signal DROP COLUMN IF EXISTS guest_id;
    ALTER TABLE virtual_signal DROP CONSTRAINT IF EXISTS virtual_signal_party_known;
    ALTER TABLE virtual_signal ADD CONSTRAINT virtual_signal_party_known CHECK (party IN ('PATIENT', 'PROVIDER'));
  END IF;
END $$;
DROP TABLE IF EXISTS visit_guest;
DROP FUNCTION IF EXISTS kit.visit_guest_guard();
RESET ROLE;
