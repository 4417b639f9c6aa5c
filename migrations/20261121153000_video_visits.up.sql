-- Video visits: the waiting room and the call of a visit by video, its state machine, and the messages by which two browsers find each other.
SET LOCAL ROLE almoner_owner;
SET LOCAL client_min_messages = warning;  -- DROP POLICY IF EXISTS has much to say

ALTER TABLE facility ADD COLUMN IF NOT EXISTS phone text;
ALTER TABLE facility DROP CONSTRAINT IF EXISTS facility_phone_shape;
ALTER TABLE facility ADD CONSTRAINT facility_phone_shape CHECK (phone ~ '^\+?[0-9][0-9 ()-]{2,29}$');
COMMENT ON COLUMN facility.phone IS 'Number on which patients reach the facility; shown where video does not work.';

-- A patient cannot read app_user or staff's accounts; this says whom a session of their visit belongs to.
CREATE OR REPLACE FUNCTION headers.visit_provider(wanted uuid) RETURNS uuid LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
  SELECT s.user_id FROM public.visit AS v JOIN public.staff AS s ON s.organization_id = v.organization_id AND s.id = v.staff_id
  WHERE v.organization_id = ctx.organization() AND v.id = wanted
$$;
COMMENT ON FUNCTION headers.visit_provider IS 'The account of the member of staff who holds a visit.';
REVOKE ALL ON FUNCTION headers.visit_provider FROM PUBLIC;
GRANT EXECUTE ON FUNCTION headers.visit_provider TO almoner_app, almoner_worker;

CREATE TABLE IF NOT EXISTS virtual_session (
  organization_id uuid NOT NULL CONSTRAINT virtual_session_organization_fk REFERENCES organization ON DELETE RESTRICT,
  id              uuid NOT NULL,
  facility_id     uuid NOT NULL,
  visit_id        uuid NOT NULL,
  patient_id      uuid NOT NULL,
  provider_id     uuid NOT NULL,
  room_id         text NOT NULL CONSTRAINT virtual_session_room_id_shape CHECK (room_id ~ '^[A-Za-z0-9_-]{22,64}$'),
  status          text NOT NULL DEFAULT 'NOT_STARTED' CONSTRAINT virtual_session_status_known CHECK (status IN ('NOT_STARTED', 'WAITING', 'ACTIVE', 'ENDED')),
  patient_joined_at timestamptz,
  provider_joined_at timestamptz,
  admitted_at     timestamptz,
  ended_at        timestamptz,
  end_reason      text CONSTRAINT virtual_session_end_reason_known CHECK (end_reason IN ('CLOSED', 'TIMEOUT', 'VISIT_OVER')),
  patient_seen_at timestamptz,
  provider_seen_at timestamptz,
  created_at      timestamptz NOT NULL DEFAULT now(),
  updated_at      timestamptz NOT NULL DEFAULT now(),
  created_by_id   uuid,
  deleted_at      timestamptz,
  deleted_by_id   uuid,
  is_deleted      boolean GENERATED ALWAYS AS (deleted_at IS NOT NULL) STORED,
  row_version     bigint NOT NULL DEFAULT 1,
  PRIMARY KEY (organization_id, id),
  CONSTRAINT virtual_session_facility_fk FOREIGN KEY (organization_id, facility_id) REFERENCES facility ON DELETE RESTRICT,
  CONSTRAINT virtual_session_visit_fk FOREIGN KEY (organization_id, visit_id) REFERENCES visit ON DELETE RESTRICT,
  CONSTRAINT virtual_session_patient_fk FOREIGN KEY (organization_id, patient_id) REFERENCES patient ON DELETE RESTRICT,
  CONSTRAINT virtual_session_provider_fk FOREIGN KEY (organization_id, provider_id) REFERENCES app_user ON DELETE RESTRICT,
  CONSTRAINT virtual_session_visit_once UNIQUE (organization_id, visit_id),
  CONSTRAINT virtual_session_room_once UNIQUE (organization_id, room_id),
  CONSTRAINT virtual_session_somebody_waits CHECK (status <> 'WAITING' OR patient_joined_at IS NOT NULL OR provider_joined_at IS NOT NULL),
  CONSTRAINT virtual_session_both_joined CHECK (status <> 'ACTIVE' OR (patient_joined_at IS NOT NULL AND provider_joined_at IS NOT NULL AND admitted_at IS NOT NULL)),
  CONSTRAINT virtual_session_end_complete CHECK ((status = 'ENDED') = (ended_at IS NOT NULL AND end_reason IS NOT NULL))
) WITH (fillfactor = 80);
CREATE INDEX IF NOT EXISTS virtual_session_facility ON virtual_session (organization_id, facility_id);
CREATE INDEX IF NOT EXISTS virtual_session_patient ON virtual_session (organization_id, patient_id);
CREATE INDEX IF NOT EXISTS virtual_session_provider ON virtual_session (organization_id, provider_id);
CREATE INDEX IF NOT EXISTS virtual_session_open ON virtual_session (organization_id, status) WHERE status IN ('WAITING', 'ACTIVE');
CALL kit.describe('virtual_session', 'Waiting room and call of a visit by video. Made when the first of both joins; a visit without a row was not joined by anybody.',
  'visit_id', 'The visit; it has one session.', 'patient_id', 'Who is seen.', 'provider_id', 'Account of the member of staff who holds the visit; the only one who admits.',
  'room_id', 'Random name of the room, of use to an external provider of video.', 'status', 'NOT_STARTED, WAITING, ACTIVE or ENDED.',
  'patient_joined_at', 'When the patient, or somebody for them, came into the waiting room; kept by a trigger.', 'provider_joined_at', 'When the clinician came in; kept by a trigger.',
  'admitted_at', 'When the patient was let in; NULL in a session that has ended: they missed each other. Kept by a trigger.', 'ended_at', 'When it ended; kept by a trigger.',
  'end_reason', 'CLOSED by the clinician, TIMEOUT when nobody was there any more, or VISIT_OVER.', 'patient_seen_at', 'When the patient''s page was last open.', 'provider_seen_at', 'When the clinician''s page was last open.');
CALL kit.tenant_table('virtual_session');
DROP TRIGGER IF EXISTS virtual_session_touch ON virtual_session;  -- the guard does it

CREATE OR REPLACE FUNCTION kit.virtual_session_guard() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
  acting text := ctx.role();    -- NULL: maintenance by the owner, which the shape of the machine still binds
  about record;
  is_open boolean;
BEGIN
  SELECT v.facility_id, v.patient_id, v.visit_mode, v.is_group, v.status, v.start_time, v.end_time INTO about FROM public.visit AS v
  WHERE v.organization_id = NEW.organization_id AND v.id = NEW.visit_id;
  is_open := coalesce(about.status IN ('PLANNED', 'CHECKED_IN', 'IN_PROGRESS'), false);
  IF TG_OP = 'INSERT' THEN
    IF acting IS NOT NULL THEN
      IF about.visit_mode IS DISTINCT FROM 'VIRTUAL' OR about.is_group OR (about.facility_id, about.patient_id, headers.visit_provider(NEW.visit_id)) IS DISTINCT FROM (NEW.facility_id, NEW.patient_id, NEW.provider_id) THEN
        PERFORM kit.visit_refusal('virtual_session', 'virtual_session_of_video_visit', 'a session belongs to a video visit of one patient with somebody who has an account');
      END IF;
      IF NOT is_open THEN
        PERFORM kit.visit_refusal('virtual_session', 'virtual_session_visit_over', 'the visit is over');
      END IF;
      IF NEW.status <> 'NOT_STARTED' OR coalesce(NEW.patient_joined_at, NEW.provider_joined_at, NEW.admitted_at, NEW.patient_seen_at, NEW.provider_seen_at) IS NOT NULL THEN
        PERFORM kit.visit_refusal('virtual_session', 'virtual_session_begins_not_started', 'a session begins as NOT_STARTED');
      END IF;
    END IF;
    RETURN NEW;
  END IF;
  NEW.updated_at := now();
  NEW.row_version := OLD.row_version + 1;
  IF (NEW.visit_id, NEW.patient_id, NEW.provider_id, NEW.room_id, NEW.admitted_at, NEW.ended_at) IS DISTINCT FROM (OLD.visit_id, OLD.patient_id, OLD.provider_id, OLD.room_id, OLD.admitted_at, OLD.ended_at) THEN
    PERFORM kit.visit_refusal('virtual_session', 'virtual_session_transition', 'a session keeps its visit, and its times come from the clock');
  END IF;
  IF OLD.status = 'ENDED' THEN
    PERFORM kit.visit_refusal('virtual_session', 'virtual_session_transition', 'what has ended stays so');
  END IF;
  IF acting IS NOT NULL THEN
    -- Everybody speaks for themselves. Guests of the patient come in by the portal itself, as SERVICE.
    IF (acting <> 'CLINICIAN' OR OLD.provider_id <> ctx.actor()) AND (NEW.provider_joined_at, NEW.provider_seen_at) IS DISTINCT FROM (OLD.provider_joined_at, OLD.provider_seen_at) THEN
      PERFORM kit.visit_refusal('virtual_session', 'virtual_session_party', 'only who holds the visit comes in as the clinician');
    END IF;
    IF acting NOT IN ('PATIENT', 'SERVICE') AND (NEW.patient_joined_at, NEW.patient_seen_at) IS DISTINCT FROM (OLD.patient_joined_at, OLD.patient_seen_at) THEN
      PERFORM kit.visit_refusal('virtual_session', 'virtual_session_party', 'nobody comes in for the patient but themselves');
    END IF;
    IF NEW.patient_joined_at IS DISTINCT FROM OLD.patient_joined_at THEN
      IF OLD.patient_joined_at IS NOT NULL THEN
        PERFORM kit.visit_refusal('virtual_session', 'virtual_session_joined_once', 'the first time counts');
      END IF;
      IF about.start_time > clock_timestamp() + INTERVAL '30 minutes' THEN
        PERFORM kit.visit_refusal('virtual_session', 'visit_too_early', 'the waiting room opens half an hour before');
      END IF;
      NEW.patient_joined_at := clock_timestamp();
    END IF;
    IF NEW.provider_joined_at IS DISTINCT FROM OLD.provider_joined_at THEN
      IF OLD.provider_joined_at IS NOT NULL THEN
        PERFORM kit.visit_refusal('virtual_session', 'virtual_session_joined_once', 'the first time counts');
      END IF;
      NEW.provider_joined_at := clock_timestamp();
    END IF;
    IF NOT is_open AND NEW.status <> 'ENDED' THEN
      PERFORM kit.visit_refusal('virtual_session', 'virtual_session_visit_over', 'the visit is over');
    END IF;
  END IF;
  IF NEW.status = OLD.status THEN
    RETURN NEW;
  END IF;
  CASE OLD.status || '>' || NEW.status
    WHEN 'NOT_STARTED>WAITING' THEN
      IF acting NOT IN ('PATIENT', 'CLINICIAN', 'SERVICE') THEN
        PERFORM kit.visit_refusal('virtual_session', 'virtual_session_transition_role', 'the patient or the clinician comes in first');
      END IF;
    WHEN 'WAITING>ACTIVE' THEN
      IF acting <> 'CLINICIAN' OR OLD.provider_id IS DISTINCT FROM ctx.actor() AND acting IS NOT NULL THEN
        PERFORM kit.visit_refusal('virtual_session', 'virtual_session_transition_role', 'who holds the visit lets the patient in');
      END IF;
      IF NEW.patient_joined_at IS NULL OR NEW.provider_joined_at IS NULL THEN
        PERFORM kit.visit_refusal('virtual_session', 'virtual_session_both_joined', 'both have to be there');
      END IF;
      IF acting IS NOT NULL AND about.status <> 'IN_PROGRESS' THEN
        PERFORM kit.visit_refusal('virtual_session', 'virtual_session_visit_begun', 'a call is part of a visit that has begun');
      END IF;
      NEW.admitted_at := clock_timestamp();
    WHEN 'WAITING>ENDED', 'ACTIVE>ENDED' THEN
      IF acting IS NOT NULL AND NOT (CASE NEW.end_reason
           WHEN 'VISIT_OVER' THEN NOT is_open
           WHEN 'CLOSED' THEN acting = 'CLINICIAN' AND OLD.provider_id = ctx.actor()
           WHEN 'TIMEOUT' THEN acting = 'SERVICE' AND about.end_time < clock_timestamp() - INTERVAL '1 hour'
                               AND greatest(OLD.patient_seen_at, OLD.provider_seen_at) < clock_timestamp() - INTERVAL '15 minutes'
           ELSE false END) THEN
        PERFORM kit.visit_refusal('virtual_session', 'virtual_session_transition_role', 'the clinician ends it, the end of the visit, or the timer once nobody is there');
      END IF;
      NEW.ended_at := clock_timestamp();
    ELSE
      PERFORM kit.visit_refusal('virtual_session', 'virtual_session_transition', format('a session does not go from %s to %s', OLD.status, NEW.status));
  END CASE;
  RETURN NEW;
END $$;
COMMENT ON FUNCTION kit.virtual_session_guard() IS 'State machine of video sessions: which moves there are, and who may make them.';
CREATE OR REPLACE TRIGGER virtual_session_guard BEFORE INSERT OR UPDATE ON virtual_session FOR EACH ROW EXECUTE FUNCTION kit.virtual_session_guard();

CALL kit.policy('virtual_session', 'portal_scope', 'ALL', 'almoner_app',
  '(SELECT ctx.role() IS DISTINCT FROM ''PATIENT'') OR patient_id = ANY ((SELECT ctx.own_patients(''VISITS''))::uuid[])',
  '(SELECT ctx.role() IS DISTINCT FROM ''PATIENT'') OR patient_id = ANY ((SELECT ctx.own_patients(''VISITS''))::uuid[])', restrictive => true);
DROP POLICY IF EXISTS clinical_reads ON virtual_session;
CREATE POLICY clinical_reads ON virtual_session FOR SELECT TO almoner_app
  USING ((SELECT ctx.role() IN ('CLINICIAN', 'MEDICAL_ASSISTANT')) AND (facility_id = ANY ((SELECT ctx.facilities())::uuid[]) OR (SELECT ctx.everywhere())));
DROP POLICY IF EXISTS provider_adds_own ON virtual_session;
CREATE POLICY provider_adds_own ON virtual_session FOR INSERT TO almoner_app
  WITH CHECK ((SELECT ctx.role() = 'CLINICIAN') AND provider_id = (SELECT ctx.actor()) AND (facility_id = ANY ((SELECT ctx.facilities())::uuid[]) OR (SELECT ctx.everywhere())));
-- Whoever ends a visit ends its call; the guard says who does what.
DROP POLICY IF EXISTS clinical_changes ON virtual_session;
CREATE POLICY clinical_changes ON virtual_session FOR UPDATE TO almoner_app
  USING ((SELECT ctx.role() IN ('CLINICIAN', 'MEDICAL_ASSISTANT')) AND (facility_id = ANY ((SELECT ctx.facilities())::uuid[]) OR (SELECT ctx.everywhere())))
  WITH CHECK ((SELECT ctx.role() IN ('CLINICIAN', 'MEDICAL_ASSISTANT')) AND (facility_id = ANY ((SELECT ctx.facilities())::uuid[]) OR (SELECT ctx.everywhere())));
DROP POLICY IF EXISTS patient_reads_own ON virtual_session;
CREATE POLICY patient_reads_own ON virtual_session FOR SELECT TO almoner_app USING ((SELECT ctx.role() = 'PATIENT') AND patient_id = ANY ((SELECT ctx.own_patients('VISITS'))::uuid[]));
DROP POLICY IF EXISTS patient_adds_own ON virtual_session;
CREATE POLICY patient_adds_own ON virtual_session FOR INSERT TO almoner_app WITH CHECK ((SELECT ctx.role() = 'PATIENT') AND patient_id = ANY ((SELECT ctx.own_patients('VISITS'))::uuid[]));
DROP POLICY IF EXISTS patient_changes_own ON virtual_session;
CREATE POLICY patient_changes_own ON virtual_session FOR UPDATE TO almoner_app
  USING ((SELECT ctx.role() = 'PATIENT') AND patient_id = ANY ((SELECT ctx.own_patients('VISITS'))::uuid[]))
  WITH CHECK ((SELECT ctx.role() = 'PATIENT') AND patient_id = ANY ((SELECT ctx.own_patients('VISITS'))::uuid[]));
GRANT SELECT, INSERT ON virtual_session TO almoner_app;
GRANT UPDATE (status, patient_joined_at, provider_joined_at, end_reason, patient_seen_at, provider_seen_at) ON virtual_session TO almoner_app;

-- How two browsers find each other: offers, answers and candidates, for the two who were let in, until the call ends.
CREATE TABLE IF NOT EXISTS virtual_signal (
  organization_id uuid NOT NULL CONSTRAINT virtual_signal_organization_fk REFERENCES organization ON DELETE RESTRICT,
  id              uuid NOT NULL,
  position        bigint GENERATED ALWAYS AS IDENTITY,
  session_id      uuid NOT NULL,
  party           text NOT NULL CONSTRAINT virtual_signal_party_known CHECK (party IN ('PATIENT', 'PROVIDER')),
  kind            text NOT NULL CONSTRAINT virtual_signal_kind_known CHECK (kind IN ('hello', 'offer', 'answer', 'candidate', 'bye')),
  sender          text NOT NULL CONSTRAINT virtual_signal_sender_shape CHECK (sender ~ '^[A-Za-z0-9-]{8,40}$'),
  recipient       text CONSTRAINT virtual_signal_recipient_shape CHECK (recipient ~ '^[A-Za-z0-9-]{8,40}$'),
  body            text NOT NULL DEFAULT '' CONSTRAINT virtual_signal_body_length CHECK (octet_length(body) <= 32768),
  created_at      timestamptz NOT NULL DEFAULT now(),
  updated_at      timestamptz NOT NULL DEFAULT now(),
  created_by_id   uuid,
  row_version     bigint NOT NULL DEFAULT 1,
  PRIMARY KEY (organization_id, id),
  CONSTRAINT virtual_signal_session_fk FOREIGN KEY (organization_id, session_id) REFERENCES virtual_session ON DELETE RESTRICT
);
CREATE INDEX IF NOT EXISTS virtual_signal_session ON virtual_signal (organization_id, session_id, position);
CALL kit.describe('virtual_signal', 'A message from one browser of a call to the other: addresses and codecs, nothing that is said. Deleted when the call ends.',
  'position', 'Order of arrival.', 'session_id', 'The call.', 'party', 'Who sends it: PATIENT or PROVIDER.', 'kind', 'hello, offer, answer, candidate or bye.',
  'sender', 'Random name of the page that sends it.', 'recipient', 'The page that it is for; NULL: any.', 'body', 'SDP or ICE candidate as JSON, at most 32 KiB.');
CALL kit.tenant_table('virtual_signal');

CREATE OR REPLACE FUNCTION kit.virtual_signal_guard() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
  IF ctx.role() IS NOT NULL AND NOT EXISTS (SELECT FROM public.virtual_session AS s WHERE s.organization_id = NEW.organization_id AND s.id = NEW.session_id AND s.status = 'ACTIVE') THEN
    PERFORM kit.visit_refusal('virtual_signal', 'virtual_signal_in_call', 'nobody sends anything outside of a call');
  END IF;
  -- A call takes a few dozen, a bad line some hundreds.
  IF (SELECT count(*) FROM public.virtual_signal AS s WHERE s.organization_id = NEW.organization_id AND s.session_id = NEW.session_id) >= 4000 THEN
    PERFORM kit.visit_refusal('virtual_signal', 'virtual_signal_count', 'too many messages in one call');
  END IF;
  RETURN NEW;
END $$;
COMMENT ON FUNCTION kit.virtual_signal_guard() IS 'Messages between browsers belong to a call that goes on, and are not without end.';
CREATE OR REPLACE TRIGGER virtual_signal_guard BEFORE INSERT ON virtual_signal FOR EACH ROW EXECUTE FUNCTION kit.virtual_signal_guard();

DROP POLICY IF EXISTS party_reads ON virtual_signal;
CREATE POLICY party_reads ON virtual_signal FOR SELECT TO almoner_app
  USING (EXISTS (SELECT 1 FROM virtual_session AS s WHERE s.organization_id = virtual_signal.organization_id AND s.id = virtual_signal.session_id AND s.status = 'ACTIVE'
         AND (((SELECT ctx.role() = 'CLINICIAN') AND s.provider_id = (SELECT ctx.actor()))
              OR ((SELECT ctx.role() = 'PATIENT') AND s.patient_id = ANY ((SELECT ctx.own_patients('VISITS'))::uuid[])))));
DROP POLICY IF EXISTS party_adds ON virtual_signal;
CREATE POLICY party_adds ON virtual_signal FOR INSERT TO almoner_app
  WITH CHECK (EXISTS (SELECT 1 FROM virtual_session AS s WHERE s.organization_id = virtual_signal.organization_id AND s.id = virtual_signal.session_id AND s.status = 'ACTIVE'
         AND (((SELECT ctx.role() = 'CLINICIAN') AND s.provider_id = (SELECT ctx.actor()) AND virtual_signal.party = 'PROVIDER')
              OR ((SELECT ctx.role() = 'PATIENT') AND s.patient_id = ANY ((SELECT ctx.own_patients('VISITS'))::uuid[]) AND virtual_signal.party = 'PATIENT'))));
GRANT SELECT, INSERT ON virtual_signal TO almoner_app;

CREATE OR REPLACE FUNCTION kit.virtual_signals_end() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
  DELETE FROM public.virtual_signal AS s WHERE s.organization_id = NEW.organization_id AND s.session_id = NEW.id;
  RETURN NULL;
END $$;
COMMENT ON FUNCTION kit.virtual_signals_end() IS 'What the browsers of a call told each other goes with the call.';
REVOKE ALL ON FUNCTION kit.virtual_signals_end FROM PUBLIC;
GRANT EXECUTE ON FUNCTION kit.virtual_signals_end TO almoner_app, almoner_worker;
CREATE OR REPLACE TRIGGER virtual_session_ends AFTER UPDATE OF status ON virtual_session FOR EACH ROW WHEN (NEW.status = 'ENDED') EXECUTE FUNCTION kit.virtual_signals_end();

-- Coming in is part of the history that patients write and read.
DROP POLICY IF EXISTS patient_reads_visits ON status_change;
CREATE POLICY patient_reads_visits ON status_change FOR SELECT TO almoner_app
  USING ((SELECT ctx.role() = 'PATIENT') AND subject_kind IN ('visit', 'visit_request', 'virtual_session') AND patient_id = ANY ((SELECT ctx.own_patients('VISITS'))::uuid[]));
DROP POLICY IF EXISTS patient_adds_visits ON status_change;
CREATE POLICY patient_adds_visits ON status_change FOR INSERT TO almoner_app
  WITH CHECK (changed_by_id = (SELECT ctx.actor()) AND (SELECT ctx.role() = 'PATIENT') AND subject_kind IN ('visit', 'visit_request', 'virtual_session') AND patient_id = ANY ((SELECT ctx.own_patients('VISITS'))::uuid[]));

RESET ROLE;
