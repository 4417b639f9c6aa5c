-- Managers write the policies of their homes: as drafts, which owner or compliance put in force. What is in force, and what is for the whole
-- organization, they change nothing of.
SET LOCAL ROLE almoner_owner;
SET LOCAL client_min_messages = warning;  -- DROP POLICY IF EXISTS has much to say

DROP POLICY IF EXISTS policy_manager_reads ON document;
CREATE POLICY policy_manager_reads ON document FOR SELECT TO almoner_app
  USING (bucket = 'POLICY_FILES' AND facility_id IS NOT NULL AND (SELECT ctx.role() = 'MANAGER')
         AND (facility_id = ANY ((SELECT ctx.facilities())::uuid[]) OR (SELECT ctx.everywhere())));
DROP POLICY IF EXISTS policy_manager_adds ON document;
CREATE POLICY policy_manager_adds ON document FOR INSERT TO almoner_app
  WITH CHECK (bucket = 'POLICY_FILES' AND status = 'DRAFT' AND facility_id IS NOT NULL AND created_by_id = (SELECT ctx.actor()) AND (SELECT ctx.role() = 'MANAGER')
              AND (facility_id = ANY ((SELECT ctx.facilities())::uuid[]) OR (SELECT ctx.everywhere())));
DROP POLICY IF EXISTS policy_manager_changes ON document;
CREATE POLICY policy_manager_changes ON document FOR UPDATE TO almoner_app
  USING (bucket = 'POLICY_FILES' AND status = 'DRAFT' AND facility_id IS NOT NULL AND (SELECT ctx.role() = 'MANAGER')
         AND (facility_id = ANY ((SELECT ctx.facilities())::uuid[]) OR (SELECT ctx.everywhere())))
  WITH CHECK (bucket = 'POLICY_FILES' AND status IN ('DRAFT', 'ARCHIVED') AND facility_id IS NOT NULL AND (SELECT ctx.role() = 'MANAGER')
         AND (facility_id = ANY ((SELECT ctx.facilities())::uuid[]) OR (SELECT ctx.everywhere())));

ALTER POLICY bucket_adds ON document_version
  WITH CHECK (uploaded_by_id = (SELECT ctx.actor())
              AND EXISTS (SELECT 1 FROM document AS d WHERE d.organization_id = document_version.organization_id AND d.id = document_version.document_id
                          AND CASE d.bucket WHEN 'CASE_FILES' THEN (SELECT ctx.role() IN ('CLERK', 'CHAIR', 'CASEWORKER'))
                                                                   AND EXISTS (SELECT 1 FROM cases AS c WHERE c.organization_id = d.organization_id AND c.id = d.case_id AND c.is_open)
                                            WHEN 'RESIDENT_DOCS' THEN (SELECT ctx.role() IN ('CLINICIAN', 'MEDICAL_ASSISTANT', 'MANAGER'))
                                            WHEN 'POLICY_FILES' THEN (SELECT ctx.role() IN ('OWNER', 'COMPLIANCE'))
                                                                     OR d.status = 'DRAFT' AND d.facility_id IS NOT NULL AND (SELECT ctx.role() = 'MANAGER')
                                            ELSE false END));

RESET ROLE;
