-- Guests of a video visit: an interpreter, a relative. Each has a link that opens this one visit, around its time, once the clinician lets them in.
SET LOCAL ROLE almoner_owner;
SET LOCAL client_min_messages = warning;  -- DROP POLICY IF EXISTS has much to say

CREATE TABLE IF NOT EXISTS visit_guest (
  organization_id uuid NOT NULL CONSTRAINT visit_guest_organization_fk REFERENCES organization ON DELETE RESTRICT,
  id              uuid NOT NULL,
  facility_id     uuid NOT NULL,
  visit_id        uuid NOT NULL,
  patient_id      uuid NOT NULL,
  kind            text NOT NULL CONSTRAINT visit_guest_kind_known CHECK (kind IN ('INTERPRETER', 'RELATIVE', 'OTHER')),
  name_enc        bytea NOT NULL,
  token_hash      bytea NOT NULL CONSTRAINT visit_guest_token_hash_length CHECK (octet_length(token_hash) = 32),
  expires_at      timestamptz NOT NULL,
  browser_hash    bytea CONSTRAINT visit_guest_browser_hash_length CHECK (octet_length(browser_hash) = 32),
  joined_at       timestamptz,
  seen_at         timestamptz,
  admitted_at     timestamptz,
  revoked_at      timestamptz,
  created_at      timestamptz NOT NULL DEFAULT now(),
  updated_at      timestamptz NOT NULL DEFAULT now(),
  created_by_id   uuid,
  deleted_at      timestamptz,
  deleted_by_id   uuid,
  is_deleted      boolean GENERATED ALWAYS AS (deleted_at IS NOT NULL) STORED,
  row_version     bigint NOT NULL DEFAULT 1,
  PRIMARY KEY (organization_id, id),
  CONSTRAINT visit_guest_facility_fk FOREIGN KEY (organization_id, facility_id) REFERENCES facility ON DELETE RESTRICT,
  CONSTRAINT visit_guest_visit_fk FOREIGN KEY (organization_id, visit_id) REFERENCES visit ON DELETE RESTRICT,
  CONSTRAINT visit_guest_patient_fk FOREIGN KEY (organization_id, patient_id) REFERENCES patient ON DELETE RESTRICT,
  CONSTRAINT visit_guest_token_once UNIQUE (organization_id, token_hash),
  CONSTRAINT visit_guest_joined_complete CHECK ((joined_at IS NULL) = (browser_hash IS NULL)),
  CONSTRAINT visit_guest_admitted_joined CHECK (admitted_at IS NULL OR joined_at IS NOT NULL)
);
CREATE INDEX IF NOT EXISTS visit_guest_facility ON visit_guest (organization_id, facility_id);
CREATE INDEX IF NOT EXISTS visit_guest_visit ON visit_guest (organization_id, visit_id);
CREATE INDEX IF NOT EXISTS visit_guest_patient ON visit_guest (organization_id, patient_id);
CALL kit.describe('visit_guest', 'Somebody without an account who may join one video visit by a link.',
  'visit_id', 'The visit; the link opens no other.', 'patient_id', 'Whose visit it is.', 'kind', 'INTERPRETER, RELATIVE or OTHER.', 'name_enc', 'Their name, encrypted.',
  'token_hash', 'SHA-256 of the secret in the link.', 'expires_at', 'When the link ends at the latest: half a day after the visit began. Kept by a trigger.',
  'browser_hash', 'SHA-256 of the secret that the browser got that joined last; another one waits anew.', 'joined_at', 'When that browser joined; kept by a trigger.',
  'seen_at', 'When their page was last open.', 'admitted_at', 'When the clinician let that browser in; kept by a trigger.', 'revoked_at', 'When the link was withdrawn; kept by a trigger.');
CALL kit.tenant_table('visit_guest');

CREATE OR REPLACE FUNCTION kit.visit_guest_guard() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
  acting text := ctx.role();    -- NULL: maintenance by the owner
  about record;
  is_open boolean;
BEGIN
  SELECT v.facility_id, v.patient_id, v.visit_mode, v.is_group, v.status, v.start_time INTO about FROM public.visit AS v
  WHERE v.organization_id = NEW.organization_id AND v.id = NEW.visit_id;
  is_open := coalesce(about.status IN ('PLANNED', 'CHECKED_IN', 'IN_PROGRESS'), false);
  IF TG_OP = 'INSERT' THEN
    NEW.expires_at := coalesce(about.start_time, now()) + INTERVAL '12 hours';
    IF acting IS NULL THEN
      RETURN NEW;
    END IF;
    IF about.visit_mode IS DISTINCT FROM 'VIRTUAL' OR about.is_group OR NOT is_open OR NEW.expires_at <= clock_timestamp() OR headers.visit_provider(NEW.visit_id) IS NULL
       OR (about.facility_id, about.patient_id) IS DISTINCT FROM (NEW.facility_id, NEW.patient_id) THEN
      PERFORM kit.visit_refusal('visit_guest', 'visit_guest_of_video_visit', 'guests join a video visit of one patient that is still to come');
    END IF;
    IF coalesce(NEW.joined_at, NEW.seen_at, NEW.admitted_at, NEW.revoked_at) IS NOT NULL THEN
      PERFORM kit.visit_refusal('visit_guest', 'visit_guest_begins_invited', 'a guest begins as invited');
    END IF;
    -- Two who invite at once wait for each other.
    PERFORM pg_advisory_xact_lock(hashtextextended(NEW.visit_id::text, 157));
    IF (SELECT count(*) FILTER (WHERE g.revoked_at IS NULL) >= 3 OR count(*) >= 20 FROM public.visit_guest AS g
        WHERE g.organization_id = NEW.organization_id AND g.visit_id = NEW.visit_id) THEN
      PERFORM kit.visit_refusal('visit_guest', 'visit_guest_count', 'a visit has three guests at most, and twenty links');
    END IF;
    RETURN NEW;
  END IF;
  IF (NEW.facility_id, NEW.visit_id, NEW.patient_id, NEW.kind, NEW.token_hash, NEW.expires_at) IS DISTINCT FROM (OLD.facility_id, OLD.visit_id, OLD.patient_id, OLD.kind, OLD.token_hash, OLD.expires_at) THEN
    PERFORM kit.visit_refusal('visit_guest', 'visit_guest_stays', 'a link keeps its visit');
  END IF;
  IF acting IS NULL THEN
    RETURN NEW;
  END IF;
  IF OLD.revoked_at IS NOT NULL THEN
    PERFORM kit.visit_refusal('visit_guest', 'visit_guest_revoked', 'what was withdrawn stays so');
  END IF;
  -- Guests come in by the portal itself, as SERVICE.
  IF acting <> 'SERVICE' AND (NEW.browser_hash, NEW.joined_at, NEW.seen_at) IS DISTINCT FROM (OLD.browser_hash, OLD.joined_at, OLD.seen_at) THEN
    PERFORM kit.visit_refusal('visit_guest', 'visit_guest_party', 'nobody comes in for a guest but themselves');
  END IF;
  IF NEW.browser_hash IS DISTINCT FROM OLD.browser_hash THEN
    IF NOT is_open OR OLD.expires_at <= clock_timestamp() THEN
      PERFORM kit.visit_refusal('visit_guest', 'visit_guest_over', 'the visit is over');
    END IF;
    IF about.start_time > clock_timestamp() + INTERVAL '30 minutes' THEN
      PERFORM kit.visit_refusal('visit_guest', 'visit_too_early', 'the waiting room opens half an hour before');
    END IF;
    -- Another browser is another person, for all we know: who lets people in looks again.
    NEW.joined_at := clock_timestamp();
    NEW.seen_at := NEW.joined_at;
    NEW.admitted_at := NULL;
  ELSE
    NEW.joined_at := OLD.joined_at;
  END IF;
  IF NEW.admitted_at IS NOT NULL AND NEW.admitted_at IS DISTINCT FROM OLD.admitted_at THEN
    IF acting <> 'CLINICIAN' OR headers.visit_provider(NEW.visit_id) IS DISTINCT FROM ctx.actor() THEN
      PERFORM kit.visit_refusal('visit_guest', 'visit_guest_admission_role', 'who holds the visit lets guests in');
    END IF;
    IF NOT is_open OR OLD.expires_at <= clock_timestamp() THEN
      PERFORM kit.visit_refusal('visit_guest', 'visit_guest_over', 'the visit is over');
    END IF;
    NEW.admitted_at := coalesce(OLD.admitted_at, clock_timestamp());
  ELSIF acting <> 'SERVICE' THEN
    NEW.admitted_at := OLD.admitted_at;
  END IF;
  IF NEW.revoked_at IS NOT NULL THEN
    NEW.revoked_at := clock_timestamp();
  END IF;
  RETURN NEW;
END $$;
COMMENT ON FUNCTION kit.visit_guest_guard() IS 'Who invites guests to which visits, who lets them in, and until when.';
CREATE OR REPLACE TRIGGER visit_guest_guard BEFORE INSERT OR UPDATE ON visit_guest FOR EACH ROW EXECUTE FUNCTION kit.visit_guest_guard();

CALL kit.portal_scope('visit_guest', 'VISITS');
DROP POLICY IF EXISTS clinical_reads ON visit_guest;
CREATE POLICY clinical_reads ON visit_guest FOR SELECT TO almoner_app
  USING ((SELECT ctx.role() IN ('CLINICIAN', 'MEDICAL_ASSISTANT')) AND (facility_id = ANY ((SELECT ctx.facilities())::uuid[]) OR (SELECT ctx.everywhere())));
DROP POLICY IF EXISTS clinical_adds ON visit_guest;
CREATE POLICY clinical_adds ON visit_guest FOR INSERT TO almoner_app
  WITH CHECK ((SELECT ctx.role() IN ('CLINICIAN', 'MEDICAL_ASSISTANT')) AND (facility_id = ANY ((SELECT ctx.facilities())::uuid[]) OR (SELECT ctx.everywhere())));
DROP POLICY IF EXISTS clinical_changes ON visit_guest;
CREATE POLICY clinical_changes ON visit_guest FOR UPDATE TO almoner_app
  USING ((SELECT ctx.role() IN ('CLINICIAN', 'MEDICAL_ASSISTANT')) AND (facility_id = ANY ((SELECT ctx.facilities())::uuid[]) OR (SELECT ctx.everywhere())))
  WITH CHECK ((SELECT ctx.role() IN ('CLINICIAN', 'MEDICAL_ASSISTANT')) AND (facility_id = ANY ((SELECT ctx.facilities())::uuid[]) OR (SELECT ctx.everywhere())));
DROP POLICY IF EXISTS patient_reads_own ON visit_guest;
CREATE POLICY patient_reads_own ON visit_guest FOR SELECT TO almoner_app USING ((SELECT ctx.role() = 'PATIENT') AND patient_id = ANY ((SELECT ctx.own_patients('VISITS'))::uuid[]));
DROP POLICY IF EXISTS patient_adds_own ON visit_guest;
CREATE POLICY patient_adds_own ON visit_guest FOR INSERT TO almoner_app WITH CHECK ((SELECT ctx.role() = 'PATIENT') AND patient_id = ANY ((SELECT ctx.own_patients('VISITS'))::uuid[]));
DROP POLICY IF EXISTS patient_changes_own ON visit_guest;
CREATE POLICY patient_changes_own ON visit_guest FOR UPDATE TO almoner_app
  USING ((SELECT ctx.role() = 'PATIENT') AND patient_id = ANY ((SELECT ctx.own_patients('VISITS'))::uuid[]))
  WITH CHECK ((SELECT ctx.role() = 'PATIENT') AND patient_id = ANY ((SELECT ctx.own_patients('VISITS'))::uuid[]));
-- Nobody but the portal itself reads the hashes.
GRANT INSERT ON visit_guest TO almoner_app;
GRANT SELECT (organization_id, id, facility_id, visit_id, patient_id, kind, name_enc, expires_at, joined_at, seen_at, admitted_at, revoked_at,
              created_at, updated_at, created_by_id, deleted_at, deleted_by_id, is_deleted, row_version) ON visit_guest TO almoner_app;
GRANT UPDATE (admitted_at, revoked_at) ON visit_guest TO almoner_app;

-- Guests who were let in speak in the call too.
ALTER TABLE virtual_signal ADD COLUMN IF NOT EXISTS guest_id uuid;
ALTER TABLE virtual_signal DROP CONSTRAINT IF EXISTS virtual_signal_guest_fk;
ALTER TABLE virtual_signal ADD CONSTRAINT virtual_signal_guest_fk FOREIGN KEY (organization_id, guest_id) REFERENCES visit_guest ON DELETE RESTRICT;
ALTER TABLE virtual_signal DROP CONSTRAINT IF EXISTS virtual_signal_party_known;
ALTER TABLE virtual_signal ADD CONSTRAINT virtual_signal_party_known CHECK (party IN ('PATIENT', 'PROVIDER', 'GUEST'));
ALTER TABLE virtual_signal DROP CONSTRAINT IF EXISTS virtual_signal_guest_named;
ALTER TABLE virtual_signal ADD CONSTRAINT virtual_signal_guest_named CHECK ((party = 'GUEST') = (guest_id IS NOT NULL));
CREATE INDEX IF NOT EXISTS virtual_signal_guest ON virtual_signal (organization_id, guest_id) WHERE guest_id IS NOT NULL;
CALL kit.describe('virtual_signal', 'A message from one browser of a call to the others: addresses and codecs, nothing that is said. Deleted when the call ends.',
  'position', 'Order of arrival.', 'session_id', 'The call.', 'party', 'Who sends it: PATIENT, PROVIDER or GUEST.', 'guest_id', 'Which guest sends it.', 'kind', 'hello, offer, answer, candidate or bye.',
  'sender', 'Random name of the page that sends it.', 'recipient', 'The page that it is for; NULL: any.', 'body', 'SDP or ICE candidate as JSON, at most 32 KiB.');

CREATE OR REPLACE FUNCTION kit.virtual_signal_guard() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
  IF ctx.role() IS NOT NULL AND NOT EXISTS (SELECT FROM public.virtual_session AS s WHERE s.organization_id = NEW.organization_id AND s.id = NEW.session_id AND s.status = 'ACTIVE') THEN
    PERFORM kit.visit_refusal('virtual_signal', 'virtual_signal_in_call', 'nobody sends anything outside of a call');
  END IF;
  IF ctx.role() IS NOT NULL AND NEW.guest_id IS NOT NULL THEN
    IF NOT EXISTS (SELECT FROM public.visit_guest AS g JOIN public.virtual_session AS s ON s.organization_id = g.organization_id AND s.visit_id = g.visit_id
                   WHERE g.organization_id = NEW.organization_id AND g.id = NEW.guest_id AND s.id = NEW.session_id AND g.admitted_at IS NOT NULL AND g.revoked_at IS NULL AND g.deleted_at IS NULL) THEN
      PERFORM kit.visit_refusal('virtual_signal', 'virtual_signal_of_guest', 'a guest who was let in into this call');
    END IF;
    IF (SELECT count(*) FROM public.virtual_signal AS s WHERE s.organization_id = NEW.organization_id AND s.guest_id = NEW.guest_id) >= 1000 THEN
      PERFORM kit.visit_refusal('virtual_signal', 'virtual_signal_count', 'too many messages of one guest');
    END IF;
  END IF;
  -- A call takes a few dozen, a bad line some hundreds.
  IF (SELECT count(*) FROM public.virtual_signal AS s WHERE s.organization_id = NEW.organization_id AND s.session_id = NEW.session_id) >= 4000 THEN
    PERFORM kit.visit_refusal('virtual_signal', 'virtual_signal_count', 'too many messages in one call');
  END IF;
  RETURN NEW;
END $$;
RESET ROLE;
