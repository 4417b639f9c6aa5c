-- The portal's home asked for its plans anew: most of what its two slowest statements took was planning, in functions.
--
-- A plan under row-level security is good for one role. `ctx.own_patients` was asked by policies, as almoner_app, and by functions with the owner's
-- rights, as the owner: each change threw its plan away, twice in each page. It looks at nothing but the person's own accounts and names its
-- conditions itself; with the owner's rights, whoever asks, the plan stays. What follows from it alone goes the same way.
-- An SQL function that is not drawn into its statement is planned in every one; PL/pgSQL keeps the plan for the session.
SET LOCAL ROLE almoner_owner;

ALTER FUNCTION ctx.own_patients() SECURITY DEFINER;
ALTER FUNCTION ctx.own_patients(text) SECURITY DEFINER;
REVOKE ALL ON FUNCTION ctx.own_patients(), ctx.own_patients(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ctx.own_patients(), ctx.own_patients(text) TO almoner_app;

CREATE OR REPLACE FUNCTION ctx.joined_visits() RETURNS uuid[] LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
  RETURN ARRAY(SELECT w.visit_id FROM public.visit_participant AS w
                WHERE w.organization_id = ctx.organization() AND w.patient_id = ANY (ctx.own_patients('VISITS')));
END $$;
REVOKE ALL ON FUNCTION ctx.joined_visits FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ctx.joined_visits TO almoner_app;

CREATE OR REPLACE FUNCTION ctx.own_slots() RETURNS uuid[] LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
  own CONSTANT uuid[] := ctx.own_patients('VISITS');
BEGIN
  IF own = '{}' THEN
    RETURN '{}';
  END IF;
  RETURN ARRAY(SELECT r.proposed_slot_id FROM public.visit_request AS r
                WHERE r.organization_id = ctx.organization() AND r.patient_id = ANY (own) AND r.proposed_slot_id IS NOT NULL
               UNION SELECT v.slot_id FROM public.visit AS v
                WHERE v.organization_id = ctx.organization() AND v.patient_id = ANY (own) AND v.slot_id IS NOT NULL);
END $$;
COMMENT ON FUNCTION ctx.own_slots IS 'Slots that are offered to, or taken by, those for whom a person in the role PATIENT may ask for visits; empty for everybody else.';
REVOKE ALL ON FUNCTION ctx.own_slots FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ctx.own_slots TO almoner_app;

CREATE OR REPLACE FUNCTION headers.people_of(wanted uuid)
RETURNS TABLE (id uuid, user_id uuid, name text, relationship text, scopes text[], status text, starts_on date, ends_on date, used_at timestamptz, row_version bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY
  SELECT a.id, a.user_id, concat_ws(' ', u.title, u.first_name, u.last_name), a.relationship, a.scopes, a.status, a.starts_on, a.ends_on,
         u.last_sign_in_at, a.row_version
  FROM public.portal_account AS a JOIN public.app_user AS u ON u.organization_id = a.organization_id AND u.id = a.user_id
  WHERE a.organization_id = ctx.organization() AND a.patient_id = wanted
    AND (wanted = ANY (ctx.own_patients('DETAILS')) OR (a.user_id = ctx.actor() AND wanted = ANY (ctx.own_patients())));
END $$;

CREATE OR REPLACE FUNCTION headers.staff_name(wanted uuid) RETURNS text LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
  RETURN (SELECT concat_ws(' ', u.title, u.first_name, u.last_name)
          FROM public.app_user AS u
          WHERE u.organization_id = ctx.organization() AND u.id = wanted
            AND EXISTS (SELECT FROM public.membership AS m WHERE m.organization_id = u.organization_id AND m.user_id = u.id AND m.role <> 'PATIENT'));
END $$;

CREATE OR REPLACE FUNCTION headers.waiting_before(wanted uuid) RETURNS bigint LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
  RETURN (SELECT count(*) FROM public.visit AS mine
          JOIN public.visit AS other ON other.organization_id = mine.organization_id AND other.facility_id = mine.facility_id
               AND other.waiting_on = mine.waiting_on AND other.waiting_number < mine.waiting_number AND other.status = 'CHECKED_IN'
          WHERE mine.organization_id = ctx.organization() AND mine.id = wanted AND mine.patient_id = ANY (ctx.own_patients('VISITS')));
END $$;

-- Written out, the case of an event and the patient of a list made 28 sub-plans ready for every reader of the audit, patients among them.
ALTER POLICY case_seen_reads ON audit_event
  USING (resource_type = 'case' AND action <> 'VIEW' AND (SELECT ctx.role() IN ('CLERK', 'CHAIR', 'CASEWORKER')) AND ctx.sees_case(resource_id));
ALTER POLICY manager_reads ON audit_patient USING ((SELECT ctx.role() = 'MANAGER') AND ctx.sees_patient(patient_id));

RESET ROLE;
