SET LOCAL ROLE almoner_owner;
DROP FUNCTION IF EXISTS headers.people_of(uuid);
CREATE FUNCTION headers.people_of(wanted uuid)
RETURNS TABLE (user_id uuid, name text, relationship text, scopes text[], status text, starts_on date, ends_on date)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
  SELECT a.user_id, concat_ws(' ', u.title, u.first_name, u.last_name), a.relationship, a.scopes, a.status, a.starts_on, a.ends_on
  FROM public.portal_account AS a JOIN public.app_user AS u ON u.organization_id = a.organization_id AND u.id = a.user_id
  WHERE a.organization_id = ctx.organization() AND a.patient_id = wanted AND wanted = ANY (ctx.own_patients('DETAILS'))
$$;
COMMENT ON FUNCTION headers.people_of IS 'Who may or might act for a patient of the actor, for the actor to know.';
REVOKE ALL ON FUNCTION headers.people_of FROM PUBLIC;
GRANT EXECUTE ON FUNCTION headers.people_of TO almoner_app;
DROP POLICY IF EXISTS patient_reads_who_acts ON portal_account;
DROP POLICY IF EXISTS patient_ends ON portal_account;
DROP POLICY IF EXISTS patient_withdraws ON portal_invitation;
DROP POLICY IF EXISTS patient_reads ON portal_invitation;
DROP POLICY IF EXISTS patient_adds_portal ON status_change;
DROP TABLE IF EXISTS detail_change;
DROP FUNCTION IF EXISTS kit.detail_change_guard();
RESET ROLE;
