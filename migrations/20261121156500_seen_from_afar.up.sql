-- Badges of the navigation count tasks and conversations for every page of staff. Their policies look at the patient, the case or the
-- participants; written out as EXISTS that made some 150 sub-plans ready for each page, of which hardly any ever ran. They ask a
-- function, as those of histories do: lists of tasks, conversations and files are short, and the function is asked once for each row.
SET LOCAL ROLE almoner_owner;
SET LOCAL client_min_messages = warning;

-- With the rights of who asks: row-level security of the table answers.
CREATE OR REPLACE FUNCTION ctx.sees_patient(wanted uuid) RETURNS boolean LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog AS $$
BEGIN
  RETURN EXISTS (SELECT FROM public.patient AS p WHERE p.organization_id = ctx.organization() AND p.id = wanted);
END $$;
COMMENT ON FUNCTION ctx.sees_patient IS 'Whether who asks may see this patient.';

CREATE OR REPLACE FUNCTION ctx.takes_part(thread uuid) RETURNS boolean LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog AS $$
BEGIN
  RETURN EXISTS (SELECT FROM public.thread_participant AS p
                  WHERE p.organization_id = ctx.organization() AND p.thread_id = thread AND p.user_id = ctx.actor());
END $$;
COMMENT ON FUNCTION ctx.takes_part IS 'Whether who asks is a participant of this conversation.';

CREATE OR REPLACE FUNCTION ctx.sees_message(wanted uuid) RETURNS boolean LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog AS $$
BEGIN
  RETURN EXISTS (SELECT FROM public.message AS m WHERE m.organization_id = ctx.organization() AND m.id = wanted);
END $$;
COMMENT ON FUNCTION ctx.sees_message IS 'Whether who asks may see this message.';

CREATE OR REPLACE FUNCTION ctx.is_taken_back(message uuid) RETURNS boolean LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog AS $$
BEGIN
  RETURN EXISTS (SELECT FROM public.message_retraction AS r WHERE r.organization_id = ctx.organization() AND r.message_id = message);
END $$;
COMMENT ON FUNCTION ctx.is_taken_back IS 'Whether this message was taken back.';

ALTER POLICY case_seen_reads ON task
  USING (kind = 'CASE' AND (SELECT ctx.role() IN ('CLERK', 'CHAIR', 'CASEWORKER', 'COMPLIANCE')) AND ctx.sees_case(case_id));
ALTER POLICY case_seen_adds ON task
  WITH CHECK (kind = 'CASE' AND created_by_id = (SELECT ctx.actor()) AND (SELECT ctx.role() IN ('CLERK', 'CHAIR', 'CASEWORKER'))
              AND ctx.sees_case(case_id));
ALTER POLICY case_seen_changes ON task
  USING (kind = 'CASE' AND (SELECT ctx.role() IN ('CLERK', 'CHAIR', 'CASEWORKER')) AND ctx.sees_case(case_id))
  WITH CHECK (kind = 'CASE' AND (SELECT ctx.role() IN ('CLERK', 'CHAIR', 'CASEWORKER')) AND ctx.sees_case(case_id));
ALTER POLICY patient_seen_reads ON task
  USING (kind IN ('RULE', 'OTHER') AND (SELECT ctx.role() IN ('CLINICIAN', 'MEDICAL_ASSISTANT', 'CARER', 'MANAGER', 'OWNER', 'COMPLIANCE'))
         AND ctx.sees_patient(patient_id));
ALTER POLICY patient_seen_adds ON task
  WITH CHECK (kind IN ('RULE', 'OTHER') AND created_by_id = (SELECT ctx.actor())
              AND (SELECT ctx.role() IN ('CLINICIAN', 'MEDICAL_ASSISTANT', 'CARER', 'MANAGER')) AND ctx.sees_patient(patient_id));
ALTER POLICY patient_seen_changes ON task
  USING (kind IN ('RULE', 'OTHER') AND (SELECT ctx.role() IN ('CLINICIAN', 'MEDICAL_ASSISTANT', 'CARER', 'MANAGER')) AND ctx.sees_patient(patient_id))
  WITH CHECK (kind IN ('RULE', 'OTHER') AND (SELECT ctx.role() IN ('CLINICIAN', 'MEDICAL_ASSISTANT', 'CARER', 'MANAGER'))
              AND ctx.sees_patient(patient_id));

ALTER POLICY participant_reads ON thread
  USING ((SELECT ctx.role() IN ('CARER', 'MANAGER'))
         AND (facility_id = ANY ((SELECT ctx.facilities())::uuid[]) OR (SELECT ctx.everywhere()))
         AND (assignee_id = (SELECT ctx.actor()) OR created_by_id = (SELECT ctx.actor()) OR ctx.takes_part(id)));
ALTER POLICY participant_changes ON thread
  USING ((SELECT ctx.role() IN ('CARER', 'MANAGER'))
         AND (facility_id = ANY ((SELECT ctx.facilities())::uuid[]) OR (SELECT ctx.everywhere()))
         AND (assignee_id = (SELECT ctx.actor()) OR created_by_id = (SELECT ctx.actor()) OR ctx.takes_part(id)))
  WITH CHECK ((SELECT ctx.role() IN ('CARER', 'MANAGER'))
         AND (facility_id = ANY ((SELECT ctx.facilities())::uuid[]) OR (SELECT ctx.everywhere()))
         AND (assignee_id = (SELECT ctx.actor()) OR created_by_id = (SELECT ctx.actor()) OR ctx.takes_part(id)));

ALTER POLICY case_seen_reads ON document USING (bucket = 'CASE_FILES' AND ctx.sees_case(case_id));
ALTER POLICY message_files_reads ON document
  USING (bucket = 'MESSAGE_FILES' AND ctx.sees_message(message_id)
         AND ((SELECT ctx.role() IS DISTINCT FROM 'PATIENT') OR NOT ctx.is_taken_back(message_id)));

-- Of a patient's own, what they may see is few and the same for every row: it is looked up once, and never for staff. Written out, the
-- policies of slots carried those of requests, visits, participants and patients: some 250 sub-plans in each week grid.
CREATE OR REPLACE FUNCTION ctx.joined_visits() RETURNS uuid[] LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog AS $$
BEGIN
  RETURN ARRAY(SELECT w.visit_id FROM public.visit_participant AS w
                WHERE w.organization_id = ctx.organization() AND w.patient_id = ANY (ctx.own_patients('VISITS')));
END $$;
COMMENT ON FUNCTION ctx.joined_visits IS 'Visits in which those take part for whom a person in the role PATIENT may ask for visits; empty for everybody else.';

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

ALTER POLICY portal_scope ON visit
  USING ((SELECT ctx.role() IS DISTINCT FROM 'PATIENT') OR patient_id = ANY ((SELECT ctx.own_patients('VISITS'))::uuid[])
         OR id = ANY ((SELECT ctx.joined_visits())::uuid[]));
ALTER POLICY patient_reads_own ON visit
  USING ((SELECT ctx.role() = 'PATIENT')
         AND (patient_id = ANY ((SELECT ctx.own_patients())::uuid[]) OR id = ANY ((SELECT ctx.joined_visits())::uuid[])));
ALTER POLICY patient_reads_own ON slot USING ((SELECT ctx.role() = 'PATIENT') AND id = ANY ((SELECT ctx.own_slots())::uuid[]));

RESET ROLE;
