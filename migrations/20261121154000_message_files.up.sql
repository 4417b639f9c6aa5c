-- Files that come with messages: seen by who sees the message, added by who writes it, in the moment in which it is written.
SET LOCAL ROLE almoner_owner;
SET LOCAL client_min_messages = warning;  -- DROP POLICY IF EXISTS has much to say

DO $$ BEGIN
  IF NOT EXISTS (SELECT FROM pg_constraint WHERE conname = 'document_message_fk') THEN
    ALTER TABLE document ADD CONSTRAINT document_message_fk FOREIGN KEY (organization_id, message_id) REFERENCES message ON DELETE RESTRICT;
  END IF;
END $$;

-- What staff took back as an error is gone for the patient, with its files. Nothing is added to a message later: its moment lies in the same transaction.
CALL kit.document_bucket('MESSAGE_FILES',
  $$EXISTS (SELECT 1 FROM public.message AS m WHERE m.organization_id = document.organization_id AND m.id = document.message_id)
    AND ((SELECT ctx.role() IS DISTINCT FROM 'PATIENT')
         OR NOT EXISTS (SELECT 1 FROM public.message_retraction AS r WHERE r.organization_id = document.organization_id AND r.message_id = document.message_id))$$,
  $$EXISTS (SELECT 1 FROM public.message AS m WHERE m.organization_id = document.organization_id AND m.id = document.message_id
            AND m.created_by_id = (SELECT ctx.actor()) AND m.created_at >= transaction_timestamp())$$);

RESET ROLE;
