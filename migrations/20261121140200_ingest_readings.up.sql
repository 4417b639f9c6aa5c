-- Readings from other systems: the functions behind POST /ingest/observations. Each asks anew whether the caller is a service account that may send
-- readings, and reaches only the patients of its facility.
SET LOCAL ROLE almoner_owner;
SET LOCAL client_min_messages = warning;

ALTER TABLE ingest_receipt ADD COLUMN IF NOT EXISTS result jsonb;
COMMENT ON COLUMN ingest_receipt.result IS 'What was answered, where that is more than one id: the same again for a repeated message.';

CREATE OR REPLACE FUNCTION kit.reading_account() RETURNS service_account LANGUAGE plpgsql STABLE SET search_path = pg_catalog AS $$
DECLARE
  account public.service_account;
BEGIN
  SELECT s.* INTO account FROM public.service_account AS s
  WHERE s.organization_id = ctx.organization() AND s.id = ctx.actor() AND s.revoked_at IS NULL AND s.deleted_at IS NULL
    AND (s.expires_at IS NULL OR s.expires_at > now()) AND 'device_sync' = ANY (s.scopes);
  IF NOT FOUND OR ctx.role() <> 'SERVICE' THEN
    RAISE EXCEPTION 'this service account may not send readings' USING ERRCODE = 'insufficient_privilege';
  END IF;
  RETURN account;
END $$;
COMMENT ON FUNCTION kit.reading_account IS 'The service account that calls, where it may send readings; an error otherwise.';

CREATE OR REPLACE FUNCTION ingest.begin_readings(message text) RETURNS jsonb LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
  account public.service_account := kit.reading_account();
  answered jsonb;
BEGIN
  -- A second copy of the message waits here for the first to commit, then finds its receipt.
  INSERT INTO public.ingest_receipt (organization_id, service_account_id, message_id) VALUES (account.organization_id, account.id, message)
  ON CONFLICT DO NOTHING;
  IF FOUND THEN
    RETURN NULL;
  END IF;
  SELECT coalesce(r.result, '{}') INTO answered FROM public.ingest_receipt AS r
  WHERE r.organization_id = account.organization_id AND r.service_account_id = account.id AND r.message_id = message;
  RETURN answered;
END $$;
COMMENT ON FUNCTION ingest.begin_readings IS 'Notes that a message arrived; answers what was answered before where it is a repeated one, else NULL.';

CREATE OR REPLACE FUNCTION ingest.finish_readings(message text, answer jsonb) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
  account public.service_account := kit.reading_account();
BEGIN
  UPDATE public.ingest_receipt AS r SET result = answer
  WHERE r.organization_id = account.organization_id AND r.service_account_id = account.id AND r.message_id = message AND r.result IS NULL;
END $$;
COMMENT ON FUNCTION ingest.finish_readings IS 'Keeps what is answered to a message.';

CREATE OR REPLACE FUNCTION ingest.reading_subjects(ids uuid[], numbers bytea[])
RETURNS TABLE (id uuid, number bytea, height_cm double precision, born date) LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
#variable_conflict use_column
DECLARE
  account public.service_account := kit.reading_account();
BEGIN
  RETURN QUERY SELECT p.id, p.medical_record_number_bidx, p.height_cm::double precision, p.date_of_birth FROM public.patient AS p
  WHERE p.organization_id = account.organization_id AND p.deleted_at IS NULL AND (account.facility_id IS NULL OR p.facility_id = account.facility_id)
    AND (p.id = ANY (ids) OR p.medical_record_number_bidx = ANY (numbers));
END $$;
COMMENT ON FUNCTION ingest.reading_subjects IS 'Those of the patients, named by id or by the blind index of their record number, of whom the caller may send readings.';

CREATE OR REPLACE FUNCTION ingest.reading_devices(patients uuid[])
RETURNS TABLE (id uuid, patient_id uuid, vendor text, external_id text, usable boolean) LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
#variable_conflict use_column
DECLARE
  account public.service_account := kit.reading_account();
BEGIN
  RETURN QUERY SELECT d.id, d.patient_id, d.vendor, d.external_id, d.status = 'LINKED' AND coalesce(d.expires_at > now(), true) FROM public.device_connection AS d
  WHERE d.organization_id = account.organization_id AND d.patient_id = ANY (patients) AND d.deleted_at IS NULL;
END $$;
COMMENT ON FUNCTION ingest.reading_devices IS 'The devices of these patients, and whether they may still send.';

CREATE OR REPLACE FUNCTION ingest.store_readings(readings jsonb) RETURNS SETOF uuid LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
  account public.service_account := kit.reading_account();
BEGIN
  RETURN QUERY
  INSERT INTO public.observation (organization_id, id, patient_id, code, effective_at, value_num, value2_num, value_json, unit, source, device_vendor, device_connection_id,
                                  reading_id, context, derived_from, derivation, interpretation, metadata, created_by_id)
  SELECT account.organization_id, r.id, p.id, r.code, r.effective_at, r.value_num, r.value2_num, r.value_json, r.unit, r.source, r.device_vendor, r.device_connection_id,
         r.reading_id, r.context, CASE WHEN r.derived_from IS NULL THEN NULL ELSE ARRAY[r.derived_from] END, r.derivation, r.interpretation, r.metadata, account.id
  FROM jsonb_to_recordset(readings) AS r (id uuid, patient_id uuid, code text, effective_at timestamptz, value_num double precision, value2_num double precision, value_json jsonb,
       unit text, source text, device_vendor text, device_connection_id uuid, reading_id uuid, context text, derived_from uuid, derivation text, interpretation text, metadata jsonb)
  JOIN public.patient AS p ON p.organization_id = account.organization_id AND p.id = r.patient_id AND p.deleted_at IS NULL
       AND (account.facility_id IS NULL OR p.facility_id = account.facility_id)
  ON CONFLICT DO NOTHING
  RETURNING observation.id;
  UPDATE public.device_connection AS d SET last_reading_at = greatest(d.last_reading_at, u.at)
  FROM (SELECT r.device_connection_id AS id, max(r.effective_at) AS at FROM jsonb_to_recordset(readings) AS r (device_connection_id uuid, effective_at timestamptz)
        WHERE r.device_connection_id IS NOT NULL GROUP BY 1) AS u
  WHERE d.organization_id = account.organization_id AND d.id = u.id AND d.last_reading_at IS DISTINCT FROM greatest(d.last_reading_at, u.at);
END $$;
COMMENT ON FUNCTION ingest.store_readings IS 'Keeps readings that are not there yet, and says which those were.';

CREATE OR REPLACE FUNCTION ingest.audit_readings(patient uuid, first uuid, details jsonb, request uuid, ip inet) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
  account public.service_account := kit.reading_account();
BEGIN
  INSERT INTO public.audit_event (organization_id, actor_kind, actor_id, acting_role, action, resource_type, resource_id, patient_id, details, request_id, ip_address)
  VALUES (account.organization_id, 'SERVICE', account.id, 'SERVICE', 'CREATE', 'observation', first, patient, details, request, ip);
END $$;
COMMENT ON FUNCTION ingest.audit_readings IS 'Writes down that another system sent readings of a patient.';

DO $$
DECLARE
  f regprocedure;
BEGIN
  FOR f IN SELECT p.oid::regprocedure FROM pg_proc AS p JOIN pg_namespace AS n ON n.oid = p.pronamespace
           WHERE n.nspname = 'ingest' AND p.proname ~ 'reading' LOOP
    EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', f);
    EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO almoner_ingest', f);
  END LOOP;
END $$;

RESET ROLE;
