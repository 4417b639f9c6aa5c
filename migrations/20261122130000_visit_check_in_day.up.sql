SET LOCAL ROLE almoner_owner;

-- Somebody who comes on the wrong day is not checked in for the right one: the visit would be over before it was due.
CREATE OR REPLACE FUNCTION kit.visit_check_in_guard() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
  IF ctx.role() <> 'PATIENT' AND OLD.start_time > clock_timestamp() + INTERVAL '12 hours' THEN
    PERFORM kit.visit_refusal('visit', 'visit_check_in_early', 'nobody has arrived more than twelve hours before a visit');
  END IF;
  RETURN NEW;
END $$;
COMMENT ON FUNCTION kit.visit_check_in_guard IS 'Staff check people in within twelve hours of a visit; for patients see kit.visit_guard.';
CREATE OR REPLACE TRIGGER visit_check_in_guard BEFORE UPDATE OF status ON visit FOR EACH ROW
  WHEN (OLD.status = 'PLANNED' AND NEW.status = 'CHECKED_IN') EXECUTE FUNCTION kit.visit_check_in_guard();

RESET ROLE;
