-- How a slice opens its bucket: what it has of its own decides who sees its files, in one line of its own migration.
SET LOCAL ROLE almoner_owner;
SET LOCAL client_min_messages = warning;  -- DROP POLICY IF EXISTS has much to say

CREATE INDEX IF NOT EXISTS document_of_message ON document (organization_id, message_id, created_at, id) WHERE message_id IS NOT NULL;

-- `sees` and `adds` are conditions on a row of `document`, as in a policy, with every table under its schema: what of yours `document.message_id`
-- (say) has to be, for instance EXISTS (SELECT 1 FROM public.message AS m WHERE m.organization_id = document.organization_id AND m.id = document.message_id). Files of such
-- a bucket are added and read; they have one version, and are never archived.
CREATE OR REPLACE PROCEDURE kit.document_bucket(bucket text, sees text, adds text) LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
  name CONSTANT text := lower(bucket);
BEGIN
  CALL kit.policy('public.document', name || '_reads', 'SELECT', 'almoner_app', format('bucket = %L AND (%s)', bucket, sees), NULL);
  CALL kit.policy('public.document', name || '_adds', 'INSERT', 'almoner_app', NULL,
                  format('bucket = %L AND created_by_id = (SELECT ctx.actor()) AND (%s)', bucket, adds));
  CALL kit.policy('public.document_version', name || '_adds', 'INSERT', 'almoner_app', NULL,
                  format('uploaded_by_id = (SELECT ctx.actor())
                          AND EXISTS (SELECT 1 FROM public.document WHERE document.organization_id = document_version.organization_id
                                      AND document.id = document_version.document_id AND document.bucket = %L AND document.current_version = 0 AND (%s))', bucket, adds));
END $$;
COMMENT ON PROCEDURE kit.document_bucket IS 'Opens a bucket of documents to who meets the conditions of the slice it belongs to.';

RESET ROLE;
