-- Who reads a chart is told when it changes; what is open follows a patient who moves.
SET LOCAL ROLE almoner_owner;

-- People see the audit of what they did themselves; that somebody else did something to a patient they see, they may know.
CREATE OR REPLACE FUNCTION live.chart_changed(patient uuid, since timestamptz) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
  SELECT EXISTS (SELECT FROM public.audit_event AS e
    WHERE e.organization_id = (SELECT ctx.organization()) AND e.patient_id = patient AND e.action NOT IN ('VIEW', 'EXPORT', 'PRINT')
      -- The page was made by the clock of the program: better told once too often than not at all.
      AND e.at > since - INTERVAL '2 seconds' AND e.actor_id IS DISTINCT FROM (SELECT ctx.actor()))
$$;
COMMENT ON FUNCTION live.chart_changed IS 'Whether anybody but the actor has changed something of this patient since.';
REVOKE ALL ON FUNCTION live.chart_changed FROM PUBLIC;
GRANT USAGE ON SCHEMA live TO almoner_app;
GRANT EXECUTE ON FUNCTION live.chart_changed TO almoner_app;

-- An alert is where its patient is: otherwise those who look after the patient now do not see it. What is closed stays where it was dealt with.
-- Whoever had it keeps it only where they work there too.
CREATE OR REPLACE FUNCTION kit.alerts_follow_patient() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
  UPDATE public.alert AS a SET facility_id = NEW.facility_id, assignee_id = (
      SELECT a.assignee_id WHERE EXISTS (SELECT FROM public.membership AS m
        WHERE m.organization_id = a.organization_id AND m.user_id = a.assignee_id AND (m.facility_id IS NULL OR m.facility_id = NEW.facility_id)
          AND m.deleted_at IS NULL AND m.starts_on <= CURRENT_DATE AND (m.ends_on IS NULL OR m.ends_on >= CURRENT_DATE)))
  WHERE a.organization_id = NEW.organization_id AND a.patient_id = NEW.id AND a.is_open AND a.facility_id = OLD.facility_id;
  RETURN NULL;
END $$;
COMMENT ON FUNCTION kit.alerts_follow_patient() IS 'Moves the open alerts of a patient to the facility to which the patient moves.';
REVOKE ALL ON FUNCTION kit.alerts_follow_patient FROM PUBLIC;
GRANT EXECUTE ON FUNCTION kit.alerts_follow_patient TO almoner_app;
DROP TRIGGER IF EXISTS patient_takes_alerts ON patient;
CREATE TRIGGER patient_takes_alerts AFTER UPDATE OF facility_id ON patient FOR EACH ROW
  WHEN (NEW.facility_id IS DISTINCT FROM OLD.facility_id) EXECUTE FUNCTION kit.alerts_follow_patient();

RESET ROLE;
