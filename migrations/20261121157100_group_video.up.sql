-- Group visits by video take the external service of their facility: the room that is built in is for one patient.
SET LOCAL ROLE almoner_owner;
CREATE OR REPLACE FUNCTION kit.visit_group_guard() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
  IF ctx.role() IS NOT NULL AND NOT EXISTS (SELECT FROM public.facility AS f WHERE f.organization_id = NEW.organization_id AND f.id = NEW.facility_id AND f.video_url IS NOT NULL) THEN
    PERFORM kit.visit_refusal('visit', 'visit_group_by_video', 'a group meets by video at an external service, and the facility has none');
  END IF;
  RETURN NEW;
END $$;
COMMENT ON FUNCTION kit.visit_group_guard() IS 'Groups are seen by video where the facility has an external service.';
CREATE OR REPLACE TRIGGER visit_group_guard BEFORE INSERT ON visit FOR EACH ROW WHEN (NEW.is_group AND NEW.visit_mode = 'VIRTUAL') EXECUTE FUNCTION kit.visit_group_guard();
RESET ROLE;
