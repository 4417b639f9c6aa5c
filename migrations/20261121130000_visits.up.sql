-- Visits: when staff can be seen, what of that is taken, who asks for a visit, and what becomes of it. See docs/domain.md.
SET LOCAL ROLE almoner_owner;
SET LOCAL client_min_messages = warning;  -- DROP POLICY IF EXISTS has much to say

-- uuid inside an exclusion constraint. A trusted extension: the owner of the database may install it. In a schema of its own, so that
-- nothing of it is found by accident.
CREATE SCHEMA IF NOT EXISTS gist;
COMMENT ON SCHEMA gist IS 'The extension btree_gist: lets exclusion constraints compare ids for equality.';
CREATE EXTENSION IF NOT EXISTS btree_gist WITH SCHEMA gist;

-- What belongs to a facility: read by clinical roles there and by oversight, written by the roles named.
CREATE OR REPLACE PROCEDURE kit.facility_record(t regclass, readers text[], writers text[]) LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
  here CONSTANT text := '(facility_id = ANY ((SELECT ctx.facilities())::uuid[]) OR (SELECT ctx.everywhere()))';
  reads text := format('(SELECT ctx.role() = ANY (%L::text[])) AND %s', readers, here);
  writes text := format('(SELECT ctx.role() = ANY (%L::text[])) AND %s', writers, here);
BEGIN
  CALL kit.tenant_table(t);
  EXECUTE format('DROP POLICY IF EXISTS clinical_reads ON %s', t);
  EXECUTE format('CREATE POLICY clinical_reads ON %s FOR SELECT TO almoner_app USING (%s)', t, reads);
  EXECUTE format('DROP POLICY IF EXISTS oversight_reads ON %s', t);
  EXECUTE format('CREATE POLICY oversight_reads ON %s FOR SELECT TO almoner_app USING ((SELECT ctx.role() IN (''OWNER'', ''COMPLIANCE'')))', t);
  EXECUTE format('DROP POLICY IF EXISTS clinical_adds ON %s', t);
  EXECUTE format('CREATE POLICY clinical_adds ON %s FOR INSERT TO almoner_app WITH CHECK (%s)', t, writes);
  EXECUTE format('DROP POLICY IF EXISTS clinical_changes ON %s', t);
  EXECUTE format('CREATE POLICY clinical_changes ON %s FOR UPDATE TO almoner_app USING (%s) WITH CHECK (%s)', t, writes, writes);
  EXECUTE format('GRANT SELECT, INSERT ON %s TO almoner_app', t);
END $$;
COMMENT ON PROCEDURE kit.facility_record IS 'Row-level security of a table whose rows belong to a facility: read by the given roles there and by oversight, written by the given roles.';

CREATE OR REPLACE FUNCTION kit.visit_refusal(t text, rule text, message text) RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
  RAISE EXCEPTION '%', message USING ERRCODE = 'check_violation', CONSTRAINT = rule, TABLE = t, SCHEMA = 'public';
END $$;
COMMENT ON FUNCTION kit.visit_refusal IS 'Refuses a move of a request, slot or visit under the name of a rule.';

CREATE OR REPLACE FUNCTION kit.visit_cutoff(organization uuid) RETURNS interval LANGUAGE sql STABLE SET search_path = pg_catalog AS
$$ SELECT make_interval(hours => coalesce((SELECT (o.settings ->> 'visit_cancel_hours')::integer FROM public.organization AS o WHERE o.id = organization), 24)) $$;
COMMENT ON FUNCTION kit.visit_cutoff IS 'How long before a visit its patient may still cancel it: organization.settings.visit_cancel_hours, 24 unless set.';

CREATE TABLE IF NOT EXISTS availability (
  organization_id uuid NOT NULL CONSTRAINT availability_organization_fk REFERENCES organization ON DELETE RESTRICT,
  id              uuid NOT NULL,
  facility_id     uuid NOT NULL,
  staff_id        uuid NOT NULL,
  date            date CONSTRAINT availability_date_plausible CHECK (date BETWEEN DATE '2020-01-01' AND DATE '2100-01-01'),
  day_of_week     smallint CONSTRAINT availability_day_of_week_known CHECK (day_of_week BETWEEN 0 AND 6),
  start_time      time NOT NULL,
  end_time        time NOT NULL,
  visit_mode      text NOT NULL CONSTRAINT availability_visit_mode_known CHECK (visit_mode IN ('VIRTUAL', 'IN_PERSON')),
  location        text CONSTRAINT availability_location_length CHECK (char_length(location) <= 255),
  status          text NOT NULL DEFAULT 'ACTIVE' CONSTRAINT availability_status_known CHECK (status IN ('ACTIVE', 'PAUSED')),
  slot_minutes    smallint NOT NULL DEFAULT 30 CONSTRAINT availability_slot_minutes_range CHECK (slot_minutes BETWEEN 5 AND 480),
  buffer_minutes  smallint NOT NULL DEFAULT 0 CONSTRAINT availability_buffer_minutes_range CHECK (buffer_minutes BETWEEN 0 AND 120),
  created_at      timestamptz NOT NULL DEFAULT now(),
  updated_at      timestamptz NOT NULL DEFAULT now(),
  created_by_id   uuid,
  deleted_at      timestamptz,
  deleted_by_id   uuid,
  is_deleted      boolean GENERATED ALWAYS AS (deleted_at IS NOT NULL) STORED,
  row_version     bigint NOT NULL DEFAULT 1,
  PRIMARY KEY (organization_id, id),
  CONSTRAINT availability_facility_fk FOREIGN KEY (organization_id, facility_id) REFERENCES facility ON DELETE RESTRICT,
  CONSTRAINT availability_staff_fk FOREIGN KEY (organization_id, staff_id) REFERENCES staff ON DELETE RESTRICT,
  CONSTRAINT availability_once_or_weekly CHECK ((date IS NULL) <> (day_of_week IS NULL)),
  CONSTRAINT availability_ends_after_start CHECK (end_time > start_time)
);
CREATE INDEX IF NOT EXISTS availability_staff ON availability (organization_id, staff_id, status);
CREATE INDEX IF NOT EXISTS availability_facility ON availability (organization_id, facility_id);
CALL kit.describe('availability', 'When a member of staff offers visits: every week or on one day. Slots are derived from it.',
  'staff_id', 'Who is to be seen.', 'date', 'The day, for a single one.', 'day_of_week', 'The day of the week, 0 is Sunday, for every week.',
  'start_time', 'From, by the clock on the wall of the facility.', 'end_time', 'Until, by the same clock.', 'visit_mode', 'VIRTUAL or IN_PERSON.', 'location', 'Room or place, if it is not the facility itself.',
  'status', 'ACTIVE or PAUSED; a pause offers nothing and forgets nothing.', 'slot_minutes', 'Length of a slot.', 'buffer_minutes', 'Pause after each slot.');
CALL kit.facility_record('availability', '{CLINICIAN,MEDICAL_ASSISTANT,CARER,MANAGER}', '{CLINICIAN,MEDICAL_ASSISTANT}');
GRANT UPDATE ON availability TO almoner_app;

CREATE TABLE IF NOT EXISTS staff_leave (
  organization_id uuid NOT NULL CONSTRAINT staff_leave_organization_fk REFERENCES organization ON DELETE RESTRICT,
  id              uuid NOT NULL,
  facility_id     uuid NOT NULL,
  staff_id        uuid NOT NULL,
  starts_at       timestamptz NOT NULL,
  ends_at         timestamptz NOT NULL,
  note            text CONSTRAINT staff_leave_note_length CHECK (char_length(note) <= 255),
  created_at      timestamptz NOT NULL DEFAULT now(),
  updated_at      timestamptz NOT NULL DEFAULT now(),
  created_by_id   uuid,
  deleted_at      timestamptz,
  deleted_by_id   uuid,
  is_deleted      boolean GENERATED ALWAYS AS (deleted_at IS NOT NULL) STORED,
  row_version     bigint NOT NULL DEFAULT 1,
  PRIMARY KEY (organization_id, id),
  CONSTRAINT staff_leave_facility_fk FOREIGN KEY (organization_id, facility_id) REFERENCES facility ON DELETE RESTRICT,
  CONSTRAINT staff_leave_staff_fk FOREIGN KEY (organization_id, staff_id) REFERENCES staff ON DELETE RESTRICT,
  CONSTRAINT staff_leave_ends_after_start CHECK (ends_at > starts_at),
  CONSTRAINT staff_leave_plausible CHECK (starts_at >= TIMESTAMPTZ '2020-01-01 00:00+00' AND ends_at <= starts_at + INTERVAL '400 days' AND ends_at <= TIMESTAMPTZ '2100-01-01 00:00+00')
);
CREATE INDEX IF NOT EXISTS staff_leave_staff ON staff_leave (organization_id, staff_id, starts_at);
CREATE INDEX IF NOT EXISTS staff_leave_facility ON staff_leave (organization_id, facility_id);
CALL kit.describe('staff_leave', 'When a member of staff is away: nothing is offered then, whatever their availability says.',
  'staff_id', 'Who is away.', 'starts_at', 'From.', 'ends_at', 'Until.', 'note', 'What for, as colleagues may read it.');
CALL kit.facility_record('staff_leave', '{CLINICIAN,MEDICAL_ASSISTANT,CARER,MANAGER}', '{CLINICIAN,MEDICAL_ASSISTANT,MANAGER}');
GRANT UPDATE ON staff_leave TO almoner_app;

CREATE TABLE IF NOT EXISTS slot (
  organization_id uuid NOT NULL CONSTRAINT slot_organization_fk REFERENCES organization ON DELETE RESTRICT,
  id              uuid NOT NULL,
  facility_id     uuid NOT NULL,
  staff_id        uuid NOT NULL,
  start_time      timestamptz NOT NULL,
  end_time        timestamptz NOT NULL,
  visit_mode      text NOT NULL CONSTRAINT slot_visit_mode_known CHECK (visit_mode IN ('VIRTUAL', 'IN_PERSON')),
  location        text CONSTRAINT slot_location_length CHECK (char_length(location) <= 255),
  status          text NOT NULL DEFAULT 'FREE' CONSTRAINT slot_status_known CHECK (status IN ('FREE', 'HELD', 'BOOKED', 'BLOCKED')),
  held_until      timestamptz,
  note            text CONSTRAINT slot_note_length CHECK (char_length(note) <= 255),
  created_at      timestamptz NOT NULL DEFAULT now(),
  updated_at      timestamptz NOT NULL DEFAULT now(),
  created_by_id   uuid,
  deleted_at      timestamptz,
  deleted_by_id   uuid,
  is_deleted      boolean GENERATED ALWAYS AS (deleted_at IS NOT NULL) STORED,
  row_version     bigint NOT NULL DEFAULT 1,
  PRIMARY KEY (organization_id, id),
  CONSTRAINT slot_facility_fk FOREIGN KEY (organization_id, facility_id) REFERENCES facility ON DELETE RESTRICT,
  CONSTRAINT slot_staff_fk FOREIGN KEY (organization_id, staff_id) REFERENCES staff ON DELETE RESTRICT,
  CONSTRAINT slot_ends_after_start CHECK (end_time > start_time AND end_time <= start_time + INTERVAL '12 hours'),
  CONSTRAINT slot_plausible CHECK (start_time BETWEEN TIMESTAMPTZ '2020-01-01 00:00+00' AND TIMESTAMPTZ '2100-01-01 00:00+00'),
  CONSTRAINT slot_hold_complete CHECK ((status = 'HELD') = (held_until IS NOT NULL)),
  -- The last word against double booking, whoever races whom.
  CONSTRAINT slot_no_overlap EXCLUDE USING gist (organization_id WITH =, staff_id WITH =, tstzrange(start_time, end_time) WITH &&) WHERE (status <> 'FREE' AND deleted_at IS NULL)
);
CREATE UNIQUE INDEX IF NOT EXISTS slot_once ON slot (organization_id, staff_id, start_time, end_time) WHERE deleted_at IS NULL;
CREATE INDEX IF NOT EXISTS slot_facility ON slot (organization_id, facility_id, start_time);
CREATE INDEX IF NOT EXISTS slot_held ON slot (organization_id, held_until) WHERE status = 'HELD';
CALL kit.describe('slot', 'A stretch of somebody''s time that is or was held, booked or blocked. What is free and never was anything else is derived from availability and has no row.',
  'staff_id', 'Whose time.', 'start_time', 'From.', 'end_time', 'Until.', 'visit_mode', 'VIRTUAL or IN_PERSON.', 'location', 'Room or place, as in the availability it came from.',
  'status', 'FREE, HELD, BOOKED or BLOCKED.', 'held_until', 'When a hold ends, by the database''s clock.', 'note', 'Why it is blocked or held, as colleagues may read it.');
CALL kit.facility_record('slot', '{CLINICIAN,MEDICAL_ASSISTANT,CARER,MANAGER}', '{CLINICIAN,MEDICAL_ASSISTANT,MANAGER}');
GRANT UPDATE (status, held_until, note, visit_mode, location, deleted_at, deleted_by_id) ON slot TO almoner_app;

CREATE TABLE IF NOT EXISTS visit (
  organization_id uuid NOT NULL CONSTRAINT visit_organization_fk REFERENCES organization ON DELETE RESTRICT,
  id              uuid NOT NULL,
  number          bigint GENERATED ALWAYS AS IDENTITY,
  facility_id     uuid NOT NULL,
  patient_id      uuid NOT NULL,
  staff_id        uuid,
  slot_id         uuid,
  visit_type      text NOT NULL CONSTRAINT visit_type_known CHECK (visit_type IN ('WALK_IN', 'SCHEDULED')),
  visit_mode      text NOT NULL CONSTRAINT visit_mode_known CHECK (visit_mode IN ('VIRTUAL', 'IN_PERSON')),
  location        text CONSTRAINT visit_location_length CHECK (char_length(location) <= 255),
  reason_text     text NOT NULL DEFAULT '' CONSTRAINT visit_reason_text_length CHECK (char_length(reason_text) <= 2000),
  start_time      timestamptz NOT NULL,
  end_time        timestamptz NOT NULL,
  status          text NOT NULL DEFAULT 'PLANNED' CONSTRAINT visit_status_known CHECK (status IN ('PLANNED', 'CHECKED_IN', 'IN_PROGRESS', 'COMPLETED', 'CANCELLED', 'NO_SHOW')),
  cancel_reason   text CONSTRAINT visit_cancel_reason_length CHECK (char_length(cancel_reason) <= 2000),
  overbook_reason text CONSTRAINT visit_overbook_reason_present CHECK (btrim(overbook_reason) <> '' AND char_length(overbook_reason) <= 2000),
  rescheduled_from_id uuid,
  is_group        boolean NOT NULL DEFAULT false,
  waiting_on      date,
  waiting_number  integer CONSTRAINT visit_waiting_number_positive CHECK (waiting_number > 0),
  checked_in_at   timestamptz,
  started_at      timestamptz,
  ended_at        timestamptz,
  sequence        integer NOT NULL DEFAULT 0,
  created_at      timestamptz NOT NULL DEFAULT now(),
  updated_at      timestamptz NOT NULL DEFAULT now(),
  created_by_id   uuid,
  deleted_at      timestamptz,
  deleted_by_id   uuid,
  is_deleted      boolean GENERATED ALWAYS AS (deleted_at IS NOT NULL) STORED,
  row_version     bigint NOT NULL DEFAULT 1,
  PRIMARY KEY (organization_id, id),
  CONSTRAINT visit_facility_fk FOREIGN KEY (organization_id, facility_id) REFERENCES facility ON DELETE RESTRICT,
  CONSTRAINT visit_patient_fk FOREIGN KEY (organization_id, patient_id) REFERENCES patient ON DELETE RESTRICT,
  CONSTRAINT visit_staff_fk FOREIGN KEY (organization_id, staff_id) REFERENCES staff ON DELETE RESTRICT,
  CONSTRAINT visit_slot_fk FOREIGN KEY (organization_id, slot_id) REFERENCES slot ON DELETE RESTRICT,
  CONSTRAINT visit_rescheduled_from_fk FOREIGN KEY (organization_id, rescheduled_from_id) REFERENCES visit ON DELETE RESTRICT,
  CONSTRAINT visit_ends_after_start CHECK (end_time > start_time AND end_time <= start_time + INTERVAL '12 hours'),
  CONSTRAINT visit_plausible CHECK (start_time BETWEEN TIMESTAMPTZ '2020-01-01 00:00+00' AND TIMESTAMPTZ '2100-01-01 00:00+00'),
  CONSTRAINT visit_staff_known CHECK (staff_id IS NOT NULL OR visit_type = 'WALK_IN'),
  CONSTRAINT visit_walk_in_waits CHECK (visit_type <> 'WALK_IN' OR (overbook_reason IS NOT NULL AND waiting_number IS NOT NULL AND waiting_on IS NOT NULL)),
  CONSTRAINT visit_cancel_reason_required CHECK (status <> 'CANCELLED' OR btrim(coalesce(cancel_reason, '')) <> ''),
  -- Nobody is in two places at once, unless somebody said why.
  CONSTRAINT visit_no_overlap EXCLUDE USING gist (organization_id WITH =, staff_id WITH =, tstzrange(start_time, end_time) WITH &&)
    WHERE (status NOT IN ('CANCELLED', 'NO_SHOW') AND overbook_reason IS NULL AND deleted_at IS NULL)
) WITH (fillfactor = 90);
CREATE UNIQUE INDEX IF NOT EXISTS visit_slot_once ON visit (organization_id, slot_id) WHERE status NOT IN ('CANCELLED', 'NO_SHOW');
CREATE UNIQUE INDEX IF NOT EXISTS visit_waiting_number_once ON visit (organization_id, facility_id, waiting_on, waiting_number) WHERE waiting_number IS NOT NULL;
CREATE INDEX IF NOT EXISTS visit_staff ON visit (organization_id, staff_id, start_time);
CREATE INDEX IF NOT EXISTS visit_patient ON visit (organization_id, patient_id, start_time);
CREATE INDEX IF NOT EXISTS visit_facility ON visit (organization_id, facility_id, start_time);
CREATE INDEX IF NOT EXISTS visit_status ON visit (organization_id, status, start_time);
CREATE INDEX IF NOT EXISTS visit_slot ON visit (organization_id, slot_id);
CREATE INDEX IF NOT EXISTS visit_rescheduled_from ON visit (organization_id, rescheduled_from_id) WHERE rescheduled_from_id IS NOT NULL;
CALL kit.describe('visit', 'A patient, or a group of them, is seen.',
  'number', 'Number people say, shown as V-1204.', 'patient_id', 'The patient; in a group, whoever leads the list. All of them are in visit_participant.', 'staff_id', 'Who sees them; a walk-in has nobody until somebody begins.',
  'slot_id', 'The slot it takes; none for walk-ins and overbooking.', 'visit_type', 'WALK_IN or SCHEDULED.', 'visit_mode', 'VIRTUAL or IN_PERSON.', 'location', 'Room or place.', 'reason_text', 'What for.',
  'start_time', 'Planned begin; for a walk-in, when they came.', 'end_time', 'Planned end.', 'status', 'PLANNED, CHECKED_IN, IN_PROGRESS, COMPLETED, CANCELLED or NO_SHOW.', 'cancel_reason', 'Why it was cancelled.',
  'overbook_reason', 'Why it may overlap another visit of the same person.', 'rescheduled_from_id', 'The cancelled visit that this one replaces.', 'is_group', 'Whether several patients are seen together.',
  'waiting_on', 'Day of the waiting number, where the facility is.', 'waiting_number', 'Number a walk-in waits under, from 1 each day.', 'checked_in_at', 'When they arrived; kept by a trigger.',
  'started_at', 'When it began; kept by a trigger.', 'ended_at', 'When it ended in any way; kept by a trigger.', 'sequence', 'Counts what calendars must be told of, as in iCalendar; kept by a trigger.');
CALL kit.facility_record('visit', '{CLINICIAN,MEDICAL_ASSISTANT,CARER,MANAGER}', '{CLINICIAN,MEDICAL_ASSISTANT}');
GRANT UPDATE (status, cancel_reason, staff_id, deleted_at, deleted_by_id) ON visit TO almoner_app;

CREATE TABLE IF NOT EXISTS visit_participant (
  organization_id uuid NOT NULL,
  id              uuid NOT NULL,
  visit_id        uuid NOT NULL,
  patient_id      uuid NOT NULL,
  attendance      text NOT NULL DEFAULT 'EXPECTED' CONSTRAINT visit_participant_attendance_known CHECK (attendance IN ('EXPECTED', 'ATTENDED', 'ABSENT', 'CANCELLED')),
  created_at      timestamptz NOT NULL DEFAULT now(),
  updated_at      timestamptz NOT NULL DEFAULT now(),
  created_by_id   uuid,
  deleted_at      timestamptz,
  deleted_by_id   uuid,
  is_deleted      boolean GENERATED ALWAYS AS (deleted_at IS NOT NULL) STORED,
  row_version     bigint NOT NULL DEFAULT 1,
  PRIMARY KEY (organization_id, id),
  CONSTRAINT visit_participant_visit_fk FOREIGN KEY (organization_id, visit_id) REFERENCES visit ON DELETE RESTRICT,
  CONSTRAINT visit_participant_patient_fk FOREIGN KEY (organization_id, patient_id) REFERENCES patient ON DELETE RESTRICT,
  CONSTRAINT visit_participant_once UNIQUE (organization_id, visit_id, patient_id)
);
CREATE INDEX IF NOT EXISTS visit_participant_patient ON visit_participant (organization_id, patient_id);
CALL kit.describe('visit_participant', 'Who is to be seen at a visit, and whether they came.',
  'visit_id', 'The visit.', 'patient_id', 'The patient.', 'attendance', 'EXPECTED, ATTENDED, ABSENT or CANCELLED.');
CALL kit.patient_record('visit_participant', '{CLINICIAN,MEDICAL_ASSISTANT}');
REVOKE UPDATE ON visit_participant FROM almoner_app;
GRANT UPDATE (attendance, deleted_at, deleted_by_id) ON visit_participant TO almoner_app;

CREATE TABLE IF NOT EXISTS visit_request (
  organization_id uuid NOT NULL CONSTRAINT visit_request_organization_fk REFERENCES organization ON DELETE RESTRICT,
  id              uuid NOT NULL,
  number          bigint GENERATED ALWAYS AS IDENTITY,
  facility_id     uuid NOT NULL,
  patient_id      uuid NOT NULL,
  request_type    text NOT NULL DEFAULT 'SCHEDULED' CONSTRAINT visit_request_type_known CHECK (request_type IN ('WALK_IN', 'SCHEDULED')),
  visit_mode      text NOT NULL CONSTRAINT visit_request_mode_known CHECK (visit_mode IN ('VIRTUAL', 'IN_PERSON')),
  requested_date  date CONSTRAINT visit_request_date_plausible CHECK (requested_date BETWEEN DATE '2020-01-01' AND DATE '2100-01-01'),
  window_start    timestamptz,
  window_end      timestamptz,
  reason_text     text NOT NULL CONSTRAINT visit_request_reason_present CHECK (btrim(reason_text) <> '' AND char_length(reason_text) <= 2000),
  reason_category text CONSTRAINT visit_request_category_shape CHECK (reason_category ~ '^[A-Z][A-Z_]{1,63}$'),
  acuity          text NOT NULL DEFAULT 'GREEN' CONSTRAINT visit_request_acuity_known CHECK (acuity IN ('GREEN', 'YELLOW', 'ORANGE', 'RED')),
  acuity_rank     smallint GENERATED ALWAYS AS (CASE acuity WHEN 'RED' THEN 4 WHEN 'ORANGE' THEN 3 WHEN 'YELLOW' THEN 2 ELSE 1 END) STORED,
  status          text NOT NULL DEFAULT 'NEW' CONSTRAINT visit_request_status_known CHECK (status IN ('NEW', 'TRIAGED', 'AWAITING_PATIENT_CONFIRMATION', 'CONVERTED_TO_VISIT', 'CANCELLED')),
  is_open         boolean GENERATED ALWAYS AS (status IN ('NEW', 'TRIAGED', 'AWAITING_PATIENT_CONFIRMATION') AND deleted_at IS NULL) STORED,
  proposed_slot_id uuid,
  visit_id        uuid,
  decline_note    text CONSTRAINT visit_request_decline_note_length CHECK (char_length(decline_note) <= 2000),
  confirmation_note text CONSTRAINT visit_request_confirmation_note_length CHECK (char_length(confirmation_note) <= 2000),
  cancel_reason   text CONSTRAINT visit_request_cancel_reason_length CHECK (char_length(cancel_reason) <= 2000),
  status_changed_at timestamptz NOT NULL DEFAULT now(),
  created_at      timestamptz NOT NULL DEFAULT now(),
  updated_at      timestamptz NOT NULL DEFAULT now(),
  created_by_id   uuid,
  deleted_at      timestamptz,
  deleted_by_id   uuid,
  is_deleted      boolean GENERATED ALWAYS AS (deleted_at IS NOT NULL) STORED,
  row_version     bigint NOT NULL DEFAULT 1,
  PRIMARY KEY (organization_id, id),
  CONSTRAINT visit_request_facility_fk FOREIGN KEY (organization_id, facility_id) REFERENCES facility ON DELETE RESTRICT,
  CONSTRAINT visit_request_patient_fk FOREIGN KEY (organization_id, patient_id) REFERENCES patient ON DELETE RESTRICT,
  CONSTRAINT visit_request_slot_fk FOREIGN KEY (organization_id, proposed_slot_id) REFERENCES slot ON DELETE RESTRICT,
  CONSTRAINT visit_request_visit_fk FOREIGN KEY (organization_id, visit_id) REFERENCES visit ON DELETE RESTRICT,
  CONSTRAINT visit_request_window_order CHECK (window_end > window_start),
  CONSTRAINT visit_request_window_whole CHECK ((window_start IS NULL) = (window_end IS NULL)),
  CONSTRAINT visit_request_offer_complete CHECK (status <> 'AWAITING_PATIENT_CONFIRMATION' OR proposed_slot_id IS NOT NULL),
  CONSTRAINT visit_request_visit_complete CHECK ((status = 'CONVERTED_TO_VISIT') = (visit_id IS NOT NULL))
) WITH (fillfactor = 90);
CREATE INDEX IF NOT EXISTS visit_request_queue ON visit_request (organization_id, facility_id, acuity_rank DESC, created_at, id) WHERE is_open;
CREATE INDEX IF NOT EXISTS visit_request_facility ON visit_request (organization_id, facility_id, created_at DESC);
CREATE INDEX IF NOT EXISTS visit_request_patient ON visit_request (organization_id, patient_id, created_at DESC);
CREATE INDEX IF NOT EXISTS visit_request_status ON visit_request (organization_id, status, created_at);
CREATE UNIQUE INDEX IF NOT EXISTS visit_request_slot_once ON visit_request (organization_id, proposed_slot_id) WHERE status = 'AWAITING_PATIENT_CONFIRMATION';
CREATE INDEX IF NOT EXISTS visit_request_slot ON visit_request (organization_id, proposed_slot_id);
CREATE UNIQUE INDEX IF NOT EXISTS visit_request_visit_once ON visit_request (organization_id, visit_id) WHERE visit_id IS NOT NULL;
CALL kit.describe('visit_request', 'A patient, or somebody for them, asks to be seen.',
  'number', 'Number people say, shown as R-118.', 'patient_id', 'Who is to be seen.', 'request_type', 'WALK_IN or SCHEDULED.', 'visit_mode', 'VIRTUAL or IN_PERSON.', 'requested_date', 'The day that suits them.',
  'window_start', 'From when it suits them.', 'window_end', 'Until when it suits them.', 'reason_text', 'Why, in their words.', 'reason_category', 'What it is about, in one word.',
  'acuity', 'GREEN, YELLOW, ORANGE or RED: first as the patient feels, then as triage decides.', 'acuity_rank', 'Acuity as a number to sort by, 4 is RED.',
  'status', 'NEW, TRIAGED, AWAITING_PATIENT_CONFIRMATION, CONVERTED_TO_VISIT or CANCELLED.', 'is_open', 'Whether somebody still has to do something.', 'proposed_slot_id', 'The slot that was offered last.', 'visit_id', 'The visit it became.',
  'decline_note', 'What the patient said when they declined the last offer.', 'confirmation_note', 'Who said yes on the telephone, where it was not said in the portal.', 'cancel_reason', 'Why it was cancelled.',
  'status_changed_at', 'When the status last changed; kept by a trigger.');
CALL kit.facility_record('visit_request', '{CLINICIAN,MEDICAL_ASSISTANT,MANAGER}', '{CLINICIAN,MEDICAL_ASSISTANT}');
GRANT UPDATE (status, acuity, reason_category, proposed_slot_id, visit_id, decline_note, confirmation_note, cancel_reason, deleted_at, deleted_by_id) ON visit_request TO almoner_app;

CREATE TABLE IF NOT EXISTS calendar_feed (
  organization_id uuid NOT NULL CONSTRAINT calendar_feed_organization_fk REFERENCES organization ON DELETE RESTRICT,
  id              uuid NOT NULL,
  staff_id        uuid NOT NULL,
  user_id         uuid NOT NULL,
  token_hash      bytea NOT NULL,
  last_used_at    timestamptz,
  revoked_at      timestamptz,
  created_at      timestamptz NOT NULL DEFAULT now(),
  updated_at      timestamptz NOT NULL DEFAULT now(),
  created_by_id   uuid,
  deleted_at      timestamptz,
  deleted_by_id   uuid,
  is_deleted      boolean GENERATED ALWAYS AS (deleted_at IS NOT NULL) STORED,
  row_version     bigint NOT NULL DEFAULT 1,
  PRIMARY KEY (organization_id, id),
  CONSTRAINT calendar_feed_staff_fk FOREIGN KEY (organization_id, staff_id) REFERENCES staff ON DELETE RESTRICT,
  CONSTRAINT calendar_feed_user_fk FOREIGN KEY (organization_id, user_id) REFERENCES app_user ON DELETE RESTRICT,
  CONSTRAINT calendar_feed_token_unique UNIQUE (organization_id, token_hash)
);
CREATE UNIQUE INDEX IF NOT EXISTS calendar_feed_once ON calendar_feed (organization_id, staff_id) WHERE revoked_at IS NULL;
CREATE INDEX IF NOT EXISTS calendar_feed_staff ON calendar_feed (organization_id, staff_id);
CREATE INDEX IF NOT EXISTS calendar_feed_user ON calendar_feed (organization_id, user_id);
CALL kit.describe('calendar_feed', 'Lets a calendar programme read the visits of one member of staff, without names.',
  'staff_id', 'Whose visits.', 'user_id', 'Their account; nobody else sees or makes the feed.', 'token_hash', 'SHA-256 of the secret in the address.', 'last_used_at', 'When it was last read.', 'revoked_at', 'When it was ended.');
CALL kit.tenant_table('calendar_feed');
DROP POLICY IF EXISTS person_reads_own ON calendar_feed;
CREATE POLICY person_reads_own ON calendar_feed FOR SELECT TO almoner_app USING (user_id = (SELECT ctx.actor()));
DROP POLICY IF EXISTS person_adds_own ON calendar_feed;
CREATE POLICY person_adds_own ON calendar_feed FOR INSERT TO almoner_app
  WITH CHECK (user_id = (SELECT ctx.actor()) AND EXISTS (SELECT 1 FROM staff AS s WHERE s.organization_id = calendar_feed.organization_id AND s.id = calendar_feed.staff_id AND s.user_id = (SELECT ctx.actor())));
DROP POLICY IF EXISTS person_changes_own ON calendar_feed;
CREATE POLICY person_changes_own ON calendar_feed FOR UPDATE TO almoner_app USING (user_id = (SELECT ctx.actor())) WITH CHECK (user_id = (SELECT ctx.actor()));
GRANT SELECT, INSERT ON calendar_feed TO almoner_app;
GRANT UPDATE (revoked_at) ON calendar_feed TO almoner_app;

RESET ROLE;
