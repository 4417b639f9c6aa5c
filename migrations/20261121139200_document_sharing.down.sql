SET LOCAL ROLE almoner_owner;
SET LOCAL client_min_messages = warning;
DROP POLICY IF EXISTS patient_newest ON document_version;
DROP POLICY IF EXISTS patient_reads_shared ON document;
DROP TRIGGER IF EXISTS document_share ON document;
DROP FUNCTION IF EXISTS kit.document_share();
DROP INDEX IF EXISTS document_shared;
ALTER TABLE document DROP COLUMN IF EXISTS shared_at, DROP COLUMN IF EXISTS shared_by_id;
RESET ROLE;
