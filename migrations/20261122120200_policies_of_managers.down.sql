SET LOCAL ROLE almoner_owner;

ALTER POLICY bucket_adds ON document_version
  WITH CHECK (uploaded_by_id = (SELECT ctx.actor())
              AND EXISTS (SELECT 1 FROM document AS d WHERE d.organization_id = document_version.organization_id AND d.id = document_version.document_id
                          AND CASE d.bucket WHEN 'CASE_FILES' THEN (SELECT ctx.role() IN ('CLERK', 'CHAIR', 'CASEWORKER'))
                                                                   AND EXISTS (SELECT 1 FROM cases AS c WHERE c.organization_id = d.organization_id AND c.id = d.case_id AND c.is_open)
                                            WHEN 'RESIDENT_DOCS' THEN (SELECT ctx.role() IN ('CLINICIAN', 'MEDICAL_ASSISTANT', 'MANAGER'))
                                            WHEN 'POLICY_FILES' THEN (SELECT ctx.role() IN ('OWNER', 'COMPLIANCE'))
                                            ELSE false END));
DROP POLICY IF EXISTS policy_manager_changes ON document;
DROP POLICY IF EXISTS policy_manager_adds ON document;
DROP POLICY IF EXISTS policy_manager_reads ON document;

RESET ROLE;
