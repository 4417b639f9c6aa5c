SET LOCAL ROLE almoner_owner;

ALTER POLICY case_seen_reads ON task
  USING (kind = 'CASE' AND (SELECT ctx.role() IN ('CLERK', 'CHAIR', 'CASEWORKER', 'COMPLIANCE')) AND EXISTS (SELECT 1 FROM cases AS c WHERE c.organization_id = task.organization_id AND c.id = task.case_id));
ALTER POLICY case_seen_adds ON task
  WITH CHECK (kind = 'CASE' AND created_by_id = (SELECT ctx.actor()) AND (SELECT ctx.role() IN ('CLERK', 'CHAIR', 'CASEWORKER'))
              AND EXISTS (SELECT 1 FROM cases AS c WHERE c.organization_id = task.organization_id AND c.id = task.case_id));
ALTER POLICY case_seen_changes ON task
  USING (kind = 'CASE' AND (SELECT ctx.role() IN ('CLERK', 'CHAIR', 'CASEWORKER')) AND EXISTS (SELECT 1 FROM cases AS c WHERE c.organization_id = task.organization_id AND c.id = task.case_id))
  WITH CHECK (kind = 'CASE' AND (SELECT ctx.role() IN ('CLERK', 'CHAIR', 'CASEWORKER')) AND EXISTS (SELECT 1 FROM cases AS c WHERE c.organization_id = task.organization_id AND c.id = task.case_id));
ALTER POLICY patient_seen_reads ON task
  USING (kind IN ('RULE', 'OTHER') AND (SELECT ctx.role() IN ('CLINICIAN', 'MEDICAL_ASSISTANT', 'CARER', 'MANAGER', 'OWNER', 'COMPLIANCE'))
         AND EXISTS (SELECT 1 FROM patient AS p WHERE p.organization_id = task.organization_id AND p.id = task.patient_id));
ALTER POLICY patient_seen_adds ON task
  WITH CHECK (kind IN ('RULE', 'OTHER') AND created_by_id = (SELECT ctx.actor())
              AND (SELECT ctx.role() IN ('CLINICIAN', 'MEDICAL_ASSISTANT', 'CARER', 'MANAGER')) AND EXISTS (SELECT 1 FROM patient AS p WHERE p.organization_id = task.organization_id AND p.id = task.patient_id));
ALTER POLICY patient_seen_changes ON task
  USING (kind IN ('RULE', 'OTHER') AND (SELECT ctx.role() IN ('CLINICIAN', 'MEDICAL_ASSISTANT', 'CARER', 'MANAGER')) AND EXISTS (SELECT 1 FROM patient AS p WHERE p.organization_id = task.organization_id AND p.id = task.patient_id))
  WITH CHECK (kind IN ('RULE', 'OTHER') AND (SELECT ctx.role() IN ('CLINICIAN', 'MEDICAL_ASSISTANT', 'CARER', 'MANAGER'))
              AND EXISTS (SELECT 1 FROM patient AS p WHERE p.organization_id = task.organization_id AND p.id = task.patient_id));

ALTER POLICY participant_reads ON thread
  USING ((SELECT ctx.role() IN ('CARER', 'MANAGER'))
         AND (facility_id = ANY ((SELECT ctx.facilities())::uuid[]) OR (SELECT ctx.everywhere()))
         AND (assignee_id = (SELECT ctx.actor()) OR created_by_id = (SELECT ctx.actor()) OR EXISTS (SELECT 1 FROM thread_participant AS p WHERE p.organization_id = thread.organization_id AND p.thread_id = thread.id AND p.user_id = (SELECT ctx.actor()))));
ALTER POLICY participant_changes ON thread
  USING ((SELECT ctx.role() IN ('CARER', 'MANAGER'))
         AND (facility_id = ANY ((SELECT ctx.facilities())::uuid[]) OR (SELECT ctx.everywhere()))
         AND (assignee_id = (SELECT ctx.actor()) OR created_by_id = (SELECT ctx.actor()) OR EXISTS (SELECT 1 FROM thread_participant AS p WHERE p.organization_id = thread.organization_id AND p.thread_id = thread.id AND p.user_id = (SELECT ctx.actor()))))
  WITH CHECK ((SELECT ctx.role() IN ('CARER', 'MANAGER'))
         AND (facility_id = ANY ((SELECT ctx.facilities())::uuid[]) OR (SELECT ctx.everywhere()))
         AND (assignee_id = (SELECT ctx.actor()) OR created_by_id = (SELECT ctx.actor()) OR EXISTS (SELECT 1 FROM thread_participant AS p WHERE p.organization_id = thread.organization_id AND p.thread_id = thread.id AND p.user_id = (SELECT ctx.actor()))));

ALTER POLICY case_seen_reads ON document USING (bucket = 'CASE_FILES' AND EXISTS (SELECT 1 FROM cases AS c WHERE c.organization_id = document.organization_id AND c.id = document.case_id));
ALTER POLICY message_files_reads ON document
  USING (bucket = 'MESSAGE_FILES' AND EXISTS (SELECT 1 FROM message AS m WHERE m.organization_id = document.organization_id AND m.id = document.message_id)
         AND ((SELECT ctx.role() IS DISTINCT FROM 'PATIENT') OR NOT EXISTS (SELECT 1 FROM message_retraction AS r WHERE r.organization_id = document.organization_id AND r.message_id = document.message_id)));

ALTER POLICY portal_scope ON visit
  USING ((SELECT ctx.role() IS DISTINCT FROM 'PATIENT') OR patient_id = ANY ((SELECT ctx.own_patients('VISITS'))::uuid[])
         OR EXISTS (SELECT 1 FROM visit_participant AS w WHERE w.organization_id = visit.organization_id AND w.visit_id = visit.id
                    AND w.patient_id = ANY ((SELECT ctx.own_patients('VISITS'))::uuid[])));
ALTER POLICY patient_reads_own ON visit
  USING ((SELECT ctx.role() = 'PATIENT')
         AND (patient_id = ANY ((SELECT ctx.own_patients())::uuid[])
              OR EXISTS (SELECT 1 FROM visit_participant AS w WHERE w.organization_id = visit.organization_id AND w.visit_id = visit.id
                         AND w.patient_id = ANY ((SELECT ctx.own_patients())::uuid[]))));
ALTER POLICY patient_reads_own ON slot
  USING ((SELECT ctx.role() = 'PATIENT')
         AND (EXISTS (SELECT 1 FROM visit_request AS r WHERE r.organization_id = slot.organization_id AND r.proposed_slot_id = slot.id
                      AND r.patient_id = ANY ((SELECT ctx.own_patients())::uuid[]))
              OR EXISTS (SELECT 1 FROM visit AS v WHERE v.organization_id = slot.organization_id AND v.slot_id = slot.id
                         AND v.patient_id = ANY ((SELECT ctx.own_patients())::uuid[]))));
DROP FUNCTION ctx.joined_visits();
DROP FUNCTION ctx.own_slots();
DROP FUNCTION ctx.sees_patient(uuid);
DROP FUNCTION ctx.takes_part(uuid);
DROP FUNCTION ctx.sees_message(uuid);
DROP FUNCTION ctx.is_taken_back(uuid);

RESET ROLE;
