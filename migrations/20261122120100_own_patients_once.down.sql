SET LOCAL ROLE almoner_owner;

ALTER POLICY manager_reads ON audit_patient
  USING ((SELECT ctx.role() = 'MANAGER') AND EXISTS (SELECT 1 FROM patient AS p WHERE p.organization_id = audit_patient.organization_id AND p.id = audit_patient.patient_id));
ALTER POLICY case_seen_reads ON audit_event
  USING (resource_type = 'case' AND action <> 'VIEW' AND (SELECT ctx.role() IN ('CLERK', 'CHAIR', 'CASEWORKER'))
         AND EXISTS (SELECT 1 FROM cases AS c WHERE c.organization_id = audit_event.organization_id AND c.id = audit_event.resource_id));

CREATE OR REPLACE FUNCTION headers.waiting_before(wanted uuid) RETURNS bigint LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
  SELECT count(*) FROM public.visit AS mine JOIN public.visit AS other ON other.organization_id = mine.organization_id AND other.facility_id = mine.facility_id
     AND other.waiting_on = mine.waiting_on AND other.waiting_number < mine.waiting_number AND other.status = 'CHECKED_IN'
  WHERE mine.organization_id = ctx.organization() AND mine.id = wanted AND mine.patient_id = ANY (ctx.own_patients('VISITS'))
$$;

CREATE OR REPLACE FUNCTION headers.staff_name(wanted uuid) RETURNS text LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
  SELECT concat_ws(' ', u.title, u.first_name, u.last_name)
  FROM public.app_user AS u
  WHERE u.organization_id = ctx.organization() AND u.id = wanted
    AND EXISTS (SELECT FROM public.membership AS m WHERE m.organization_id = u.organization_id AND m.user_id = u.id AND m.role <> 'PATIENT')
$$;

CREATE OR REPLACE FUNCTION headers.people_of(wanted uuid)
RETURNS TABLE (id uuid, user_id uuid, name text, relationship text, scopes text[], status text, starts_on date, ends_on date, used_at timestamptz, row_version bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
  SELECT a.id, a.user_id, concat_ws(' ', u.title, u.first_name, u.last_name), a.relationship, a.scopes, a.status, a.starts_on, a.ends_on,
         u.last_sign_in_at, a.row_version
  FROM public.portal_account AS a JOIN public.app_user AS u ON u.organization_id = a.organization_id AND u.id = a.user_id
  WHERE a.organization_id = ctx.organization() AND a.patient_id = wanted
    AND (wanted = ANY (ctx.own_patients('DETAILS')) OR (a.user_id = ctx.actor() AND wanted = ANY (ctx.own_patients())))
$$;

CREATE OR REPLACE FUNCTION ctx.own_slots() RETURNS uuid[] LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog AS $$
BEGIN
  IF ctx.role() IS DISTINCT FROM 'PATIENT' THEN
    RETURN '{}';
  END IF;
  RETURN ARRAY(SELECT r.proposed_slot_id FROM public.visit_request AS r
                WHERE r.organization_id = ctx.organization() AND r.patient_id = ANY (ctx.own_patients()) AND r.proposed_slot_id IS NOT NULL
               UNION SELECT v.slot_id FROM public.visit AS v
                WHERE v.organization_id = ctx.organization() AND v.patient_id = ANY (ctx.own_patients()) AND v.slot_id IS NOT NULL);
END $$;
COMMENT ON FUNCTION ctx.own_slots IS 'Slots that are offered to, or taken by, those for whom a person in the role PATIENT acts; empty for everybody else.';

CREATE OR REPLACE FUNCTION ctx.joined_visits() RETURNS uuid[] LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog AS $$
BEGIN
  RETURN ARRAY(SELECT w.visit_id FROM public.visit_participant AS w
                WHERE w.organization_id = ctx.organization() AND w.patient_id = ANY (ctx.own_patients('VISITS')));
END $$;
GRANT EXECUTE ON FUNCTION ctx.own_slots(), ctx.joined_visits(), ctx.own_patients(), ctx.own_patients(text) TO PUBLIC;
REVOKE EXECUTE ON FUNCTION ctx.own_slots(), ctx.joined_visits(), ctx.own_patients(), ctx.own_patients(text) FROM almoner_app;
ALTER FUNCTION ctx.own_patients() SECURITY INVOKER;
ALTER FUNCTION ctx.own_patients(text) SECURITY INVOKER;

RESET ROLE;
