-- A visit that was asked for because of an alert names it: the alert says that it was asked for, and when it is.
SET LOCAL ROLE almoner_owner;
SET LOCAL client_min_messages = warning;

ALTER TABLE visit_request ADD COLUMN IF NOT EXISTS alert_id uuid;
ALTER TABLE visit_request DROP CONSTRAINT IF EXISTS visit_request_alert_fk;
ALTER TABLE visit_request ADD CONSTRAINT visit_request_alert_fk FOREIGN KEY (organization_id, alert_id) REFERENCES alert ON DELETE RESTRICT;
CREATE INDEX IF NOT EXISTS visit_request_alert ON visit_request (organization_id, alert_id) WHERE alert_id IS NOT NULL;
COMMENT ON COLUMN visit_request.alert_id IS 'The alert that suggested the visit, of the same patient; NULL where none did.';

-- With the rights of whoever asks: nobody names an alert that they cannot see.
CREATE OR REPLACE FUNCTION kit.visit_request_alert_guard() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
  IF TG_OP = 'UPDATE' AND NEW.alert_id IS NOT DISTINCT FROM OLD.alert_id THEN
    RETURN NEW;
  END IF;
  IF TG_OP = 'UPDATE' OR NOT EXISTS (SELECT FROM public.alert AS a WHERE a.organization_id = NEW.organization_id AND a.id = NEW.alert_id AND a.patient_id = NEW.patient_id) THEN
    PERFORM kit.visit_refusal('visit_request', 'visit_request_alert_same_patient', 'a request names an alert of its patient from the beginning');
  END IF;
  RETURN NEW;
END $$;
COMMENT ON FUNCTION kit.visit_request_alert_guard() IS 'A request names an alert of its own patient, from the beginning, or none.';
CREATE OR REPLACE TRIGGER visit_request_alert_guard BEFORE INSERT OR UPDATE OF alert_id ON visit_request FOR EACH ROW
  WHEN (NEW.alert_id IS NOT NULL) EXECUTE FUNCTION kit.visit_request_alert_guard();

RESET ROLE;
