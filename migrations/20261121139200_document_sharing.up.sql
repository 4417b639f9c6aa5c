-- Documents of a chart that staff share with the patient, and with whom the patient gave that part of the record.
SET LOCAL ROLE almoner_owner;
SET LOCAL client_min_messages = warning;  -- DROP POLICY IF EXISTS has much to say

ALTER TABLE document ADD COLUMN IF NOT EXISTS shared_at timestamptz, ADD COLUMN IF NOT EXISTS shared_by_id uuid;
ALTER TABLE document DROP CONSTRAINT IF EXISTS document_shared_of_patient, DROP CONSTRAINT IF EXISTS document_shared_complete;
ALTER TABLE document ADD CONSTRAINT document_shared_of_patient CHECK (shared_at IS NULL OR bucket = 'RESIDENT_DOCS'),
                     ADD CONSTRAINT document_shared_complete CHECK ((shared_at IS NULL) = (shared_by_id IS NULL));
COMMENT ON COLUMN document.shared_at IS 'Since when the patient may read it in the portal; NULL where they may not. The time is kept by a trigger.';
COMMENT ON COLUMN document.shared_by_id IS 'Who shared it. No foreign key, as for created_by_id.';
CREATE INDEX IF NOT EXISTS document_shared ON document (organization_id, patient_id, shared_at DESC, id DESC) WHERE shared_at IS NOT NULL AND status = 'PUBLISHED';

CREATE OR REPLACE FUNCTION kit.document_share() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
  IF NEW.shared_at IS NULL THEN
    NEW.shared_by_id := NULL;
  ELSIF OLD.shared_at IS NULL THEN
    NEW.shared_at := clock_timestamp();
    NEW.shared_by_id := ctx.actor();
  ELSE
    NEW.shared_at := OLD.shared_at;
    NEW.shared_by_id := OLD.shared_by_id;
  END IF;
  RETURN NEW;
END $$;
COMMENT ON FUNCTION kit.document_share() IS 'Keeps who shared a document with the patient, and since when.';
CREATE OR REPLACE TRIGGER document_share BEFORE UPDATE OF shared_at, shared_by_id ON document FOR EACH ROW EXECUTE FUNCTION kit.document_share();
GRANT UPDATE (shared_at) ON document TO almoner_app;

DROP POLICY IF EXISTS patient_reads_shared ON document;
CREATE POLICY patient_reads_shared ON document FOR SELECT TO almoner_app
  USING (bucket = 'RESIDENT_DOCS' AND status = 'PUBLISHED' AND shared_at IS NOT NULL
         AND (SELECT ctx.role() = 'PATIENT') AND patient_id = ANY ((SELECT ctx.own_patients('DOCUMENTS'))::uuid[]));
-- Of what they may read, patients get the newest version: what stood there before is what staff put right.
CALL kit.policy('document_version', 'patient_newest', 'SELECT', 'almoner_app', $$(SELECT ctx.role() IS DISTINCT FROM 'PATIENT') OR status = 'PUBLISHED'$$, restrictive => true);

RESET ROLE;
