-- Limits of what patients may leave waiting: requests for visits, and files of readings. The program says so beside the field first; this
-- holds for whoever gets around it, and for two who ask at once.
SET LOCAL ROLE almoner_owner;

CREATE OR REPLACE FUNCTION kit.visit_request_limit() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
  waiting integer;
  asked integer;
BEGIN
  -- Two who ask at once wait for each other.
  PERFORM pg_advisory_xact_lock(hashtextextended(NEW.patient_id::text, 120));
  SELECT count(*) FILTER (WHERE r.is_open), count(*) FILTER (WHERE r.created_at > now() - INTERVAL '1 day' AND r.created_by_id = ctx.actor()) INTO waiting, asked
  FROM public.visit_request AS r
  WHERE r.organization_id = NEW.organization_id AND r.patient_id = NEW.patient_id AND (r.is_open OR r.created_at > now() - INTERVAL '1 day');
  IF waiting >= 5 THEN
    PERFORM kit.visit_refusal('visit_request', 'visit_request_open_limit', 'five requests of one patient wait at most');
  END IF;
  IF asked >= 20 THEN
    PERFORM kit.visit_refusal('visit_request', 'visit_request_day_limit', 'twenty requests a day for one patient at most');
  END IF;
  RETURN NEW;
END $$;
COMMENT ON FUNCTION kit.visit_request_limit IS 'Patients, and who acts for them, leave five requests waiting at most, and make twenty a day. Staff who take requests by telephone are not held up.';
REVOKE ALL ON FUNCTION kit.visit_request_limit FROM PUBLIC;
GRANT EXECUTE ON FUNCTION kit.visit_request_limit TO almoner_app;
CREATE OR REPLACE TRIGGER visit_request_limit BEFORE INSERT ON visit_request FOR EACH ROW WHEN (ctx.role() = 'PATIENT') EXECUTE FUNCTION kit.visit_request_limit();

CREATE OR REPLACE FUNCTION kit.reading_import_limit() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
  files integer;
  bytes bigint;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended(NEW.patient_id::text, 121));
  SELECT count(*), coalesce(sum(i.file_size), 0) INTO files, bytes FROM public.reading_import AS i
  WHERE i.organization_id = NEW.organization_id AND i.patient_id = NEW.patient_id AND i.created_at > now() - INTERVAL '1 day';
  IF files >= 20 THEN
    PERFORM kit.visit_refusal('reading_import', 'reading_import_day_files', 'twenty files of one patient a day at most');
  END IF;
  IF bytes + NEW.file_size > 8589934592 THEN
    PERFORM kit.visit_refusal('reading_import', 'reading_import_day_bytes', 'eight gibibytes of one patient a day at most');
  END IF;
  RETURN NEW;
END $$;
COMMENT ON FUNCTION kit.reading_import_limit IS 'For one patient twenty files and 8 GiB are sent in 24 hours at most, whoever sends them.';
REVOKE ALL ON FUNCTION kit.reading_import_limit FROM PUBLIC;
GRANT EXECUTE ON FUNCTION kit.reading_import_limit TO almoner_app;
CREATE OR REPLACE TRIGGER reading_import_limit BEFORE INSERT ON reading_import FOR EACH ROW WHEN (ctx.role() IS NOT NULL) EXECUTE FUNCTION kit.reading_import_limit();

RESET ROLE;
