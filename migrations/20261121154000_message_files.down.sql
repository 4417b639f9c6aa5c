SET LOCAL ROLE almoner_owner;

DROP POLICY IF EXISTS message_files_reads ON document;
DROP POLICY IF EXISTS message_files_adds ON document;
DROP POLICY IF EXISTS message_files_adds ON document_version;
ALTER TABLE document DROP CONSTRAINT IF EXISTS document_message_fk;

RESET ROLE;
