-- Notifications: the outbox. What people are told, by which way, when, and how often it was tried; and how each of them wants to be told.
-- No row says anything about a patient: it holds a kind and an address inside the portal, where the reader signs in and sees the rest.
SET LOCAL ROLE almoner_owner;
SET LOCAL client_min_messages = warning;  -- DROP POLICY IF EXISTS has much to say

CREATE TABLE IF NOT EXISTS notification (
  organization_id uuid NOT NULL CONSTRAINT notification_organization_fk REFERENCES organization ON DELETE RESTRICT,
  id              uuid NOT NULL DEFAULT gen_random_uuid(),
  recipient_id    uuid NOT NULL,
  channel         text NOT NULL CONSTRAINT notification_channel_known CHECK (channel IN ('IN_APP', 'EMAIL', 'SMS', 'CHAT')),
  kind            text NOT NULL CONSTRAINT notification_kind_form CHECK (kind ~ '^[a-z]+\.[a-z]+$' AND char_length(kind) <= 64),
  subject_id      uuid NOT NULL,
  payload         jsonb NOT NULL CONSTRAINT notification_payload_is_a_link
                    CHECK (payload ?& ARRAY['path'] AND payload - 'path' = '{}' AND payload ->> 'path' ~ '^/[a-z0-9/_#-]*$' AND char_length(payload ->> 'path') <= 255),
  trigger_at      timestamptz NOT NULL DEFAULT now(),
  status          text NOT NULL DEFAULT 'QUEUED' CONSTRAINT notification_status_known CHECK (status IN ('QUEUED', 'SENDING', 'SENT', 'FAILED', 'DEAD', 'CANCELLED')),
  attempts        integer NOT NULL DEFAULT 0,
  idempotency_key text NOT NULL CONSTRAINT notification_idempotency_key_length CHECK (char_length(idempotency_key) BETWEEN 1 AND 255),
  locked_until    timestamptz,
  last_error      text CONSTRAINT notification_last_error_length CHECK (char_length(last_error) <= 300),
  sent_at         timestamptz,
  read_at         timestamptz,
  created_at      timestamptz NOT NULL DEFAULT now(),
  updated_at      timestamptz NOT NULL DEFAULT now(),
  created_by_id   uuid,
  row_version     bigint NOT NULL DEFAULT 1,
  PRIMARY KEY (organization_id, id),
  CONSTRAINT notification_once UNIQUE (organization_id, recipient_id, channel, idempotency_key),
  CONSTRAINT notification_recipient_fk FOREIGN KEY (organization_id, recipient_id) REFERENCES app_user ON DELETE RESTRICT,
  CONSTRAINT notification_sending_is_leased CHECK ((status = 'SENDING') = (locked_until IS NOT NULL)),
  CONSTRAINT notification_sent_complete CHECK ((status = 'SENT') = (sent_at IS NOT NULL))
) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.02);
-- The bell, and its list.
CREATE INDEX IF NOT EXISTS notification_unread ON notification (organization_id, recipient_id, trigger_at) WHERE channel = 'IN_APP' AND read_at IS NULL AND status <> 'CANCELLED';
CREATE INDEX IF NOT EXISTS notification_list ON notification (organization_id, recipient_id, trigger_at DESC, id DESC) WHERE channel = 'IN_APP' AND status <> 'CANCELLED';
-- What is due, what waits to be bundled, what is about something that went away, what a person has to look at.
CREATE INDEX IF NOT EXISTS notification_due ON notification (organization_id, trigger_at) WHERE status IN ('QUEUED', 'FAILED', 'SENDING') AND channel <> 'IN_APP';
CREATE INDEX IF NOT EXISTS notification_bundle ON notification (organization_id, recipient_id, channel, trigger_at) WHERE status = 'QUEUED' AND channel <> 'IN_APP';
CREATE INDEX IF NOT EXISTS notification_subject ON notification (organization_id, subject_id);
CREATE INDEX IF NOT EXISTS notification_planned ON notification (organization_id, trigger_at) WHERE channel = 'IN_APP' AND status = 'QUEUED';
CREATE INDEX IF NOT EXISTS notification_state ON notification (organization_id, status, updated_at DESC) WHERE channel <> 'IN_APP';
CALL kit.describe('notification', 'The outbox: one row for each person, event and way of telling. Holds a link, never anything about a patient.',
  'recipient_id', 'Who is told.', 'channel', 'IN_APP (the list behind the bell), EMAIL, SMS or CHAT.', 'kind', 'What happened, such as case.assigned; its words are in src/outbox.',
  'subject_id', 'The record it is about, so that what was planned can be called off.', 'payload', 'The address of the page to open, and nothing else.',
  'trigger_at', 'Not before this moment; after a failure the moment of the next attempt.', 'status', 'QUEUED, SENDING, SENT, FAILED (tried again), DEAD (given up) or CANCELLED.',
  'attempts', 'Attempts so far.', 'idempotency_key', 'The event: whoever tells of it twice tells once.', 'locked_until', 'End of the lease of whoever is sending it.',
  'last_error', 'What went wrong last.', 'sent_at', 'When it was handed on; for IN_APP when it appeared.', 'read_at', 'When the person opened it or marked it as read.');
CALL kit.tenant_table('notification');
DROP POLICY IF EXISTS recipient_reads ON notification;
CREATE POLICY recipient_reads ON notification FOR SELECT TO almoner_app USING (recipient_id = (SELECT ctx.actor()));
DROP POLICY IF EXISTS admin_reads ON notification;
CREATE POLICY admin_reads ON notification FOR SELECT TO almoner_app USING ((SELECT ctx.role() = 'ADMIN'));
DROP POLICY IF EXISTS recipient_marks ON notification;
CREATE POLICY recipient_marks ON notification FOR UPDATE TO almoner_app USING (recipient_id = (SELECT ctx.actor()) AND channel = 'IN_APP')
  WITH CHECK (recipient_id = (SELECT ctx.actor()) AND channel = 'IN_APP');
DROP POLICY IF EXISTS admin_settles ON notification;
CREATE POLICY admin_settles ON notification FOR UPDATE TO almoner_app USING ((SELECT ctx.role() = 'ADMIN') AND status = 'DEAD') WITH CHECK ((SELECT ctx.role() = 'ADMIN') AND status IN ('QUEUED', 'CANCELLED'));
GRANT SELECT ON notification TO almoner_app;
GRANT UPDATE (status, trigger_at, attempts, last_error, read_at) ON notification TO almoner_app;

CREATE TABLE IF NOT EXISTS notification_preference (
  organization_id uuid NOT NULL,
  user_id         uuid NOT NULL,
  channels        jsonb NOT NULL DEFAULT '{}' CONSTRAINT notification_preference_channels_known
                    CHECK (jsonb_typeof(channels) = 'object' AND NOT jsonb_path_exists(channels, '$.*[*] ? (@ != "EMAIL" && @ != "SMS" && @ != "CHAT")')),
  phone_enc       bytea,
  quiet_from      time,
  quiet_until     time,
  zone            text NOT NULL DEFAULT 'Europe/London',
  bundle_minutes  smallint NOT NULL DEFAULT 2 CONSTRAINT notification_preference_bundle_range CHECK (bundle_minutes BETWEEN 0 AND 60),
  created_at      timestamptz NOT NULL DEFAULT now(),
  updated_at      timestamptz NOT NULL DEFAULT now(),
  created_by_id   uuid,
  row_version     bigint NOT NULL DEFAULT 1,
  PRIMARY KEY (organization_id, user_id),
  CONSTRAINT notification_preference_user_fk FOREIGN KEY (organization_id, user_id) REFERENCES app_user ON DELETE RESTRICT,
  CONSTRAINT notification_preference_quiet_complete CHECK ((quiet_from IS NULL) = (quiet_until IS NULL) AND quiet_from IS DISTINCT FROM coalesce(quiet_until, '24:00'))
);
CALL kit.describe('notification_preference', 'How a person wants to be told. Without a row: by what each kind brings with it, at any hour.',
  'user_id', 'The person.', 'channels', 'For each kind the ways besides the list behind the bell, such as {"case.assigned": ["EMAIL"]}; a kind that is missing keeps its own.',
  'phone_enc', 'Number for text messages, encrypted.', 'quiet_from', 'Nothing leaves from this hour of the day …', 'quiet_until', '… until this one; what was due waits.',
  'zone', 'IANA zone of the quiet hours.', 'bundle_minutes', 'What comes within so many minutes goes out as one message.');
CALL kit.tenant_table('notification_preference');
DROP POLICY IF EXISTS person_reads_own ON notification_preference;
CREATE POLICY person_reads_own ON notification_preference FOR SELECT TO almoner_app USING (user_id = (SELECT ctx.actor()));
DROP POLICY IF EXISTS person_adds_own ON notification_preference;
CREATE POLICY person_adds_own ON notification_preference FOR INSERT TO almoner_app WITH CHECK (user_id = (SELECT ctx.actor()));
DROP POLICY IF EXISTS person_changes_own ON notification_preference;
CREATE POLICY person_changes_own ON notification_preference FOR UPDATE TO almoner_app USING (user_id = (SELECT ctx.actor())) WITH CHECK (user_id = (SELECT ctx.actor()));
GRANT SELECT, INSERT ON notification_preference TO almoner_app;
GRANT UPDATE (channels, phone_enc, quiet_from, quiet_until, zone, bundle_minutes) ON notification_preference TO almoner_app;

-- outbox: what the application calls to tell somebody something, in the transaction in which it happens.
CREATE SCHEMA IF NOT EXISTS outbox;
COMMENT ON SCHEMA outbox IS 'Telling people: puts notifications into the outbox and calls them off. Runs with the owner''s rights, because nobody reads how others want to be told.';
GRANT USAGE ON SCHEMA outbox TO almoner_app, almoner_worker;

CREATE OR REPLACE FUNCTION outbox.after_quiet(at timestamptz, quiet_from time, quiet_until time, zone text) RETURNS timestamptz LANGUAGE sql STABLE PARALLEL SAFE SET search_path = pg_catalog AS $$
  SELECT CASE
    WHEN quiet_from IS NULL THEN at
    WHEN quiet_from < quiet_until AND local::time >= quiet_from AND local::time < quiet_until THEN (local::date + quiet_until) AT TIME ZONE zone
    WHEN quiet_from > quiet_until AND local::time >= quiet_from THEN (local::date + 1 + quiet_until) AT TIME ZONE zone
    WHEN quiet_from > quiet_until AND local::time < quiet_until THEN (local::date + quiet_until) AT TIME ZONE zone
    ELSE at END
  FROM (SELECT at AT TIME ZONE zone AS local) AS t
$$;
COMMENT ON FUNCTION outbox.after_quiet IS 'The first moment from at on that lies outside the quiet hours.';
GRANT EXECUTE ON FUNCTION outbox.after_quiet TO almoner_app, almoner_worker;

CREATE OR REPLACE FUNCTION outbox.schedule(people uuid[], what text, about uuid, path text, at timestamptz, key text, usual text[]) RETURNS bigint
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog AS $$
  WITH person AS (
    SELECT u.organization_id, u.id, CASE WHEN p.channels ? what THEN ARRAY(SELECT jsonb_array_elements_text(p.channels -> what)) ELSE usual END AS ways,
           p.quiet_from, p.quiet_until, coalesce(p.zone, 'Europe/London') AS zone, make_interval(mins => coalesce(p.bundle_minutes, 2)) AS bundle
    FROM public.app_user AS u LEFT JOIN public.notification_preference AS p ON p.organization_id = u.organization_id AND p.user_id = u.id
    WHERE u.organization_id = ctx.organization() AND u.id = ANY (people) AND (u.id IS DISTINCT FROM ctx.actor() OR at > now()) AND u.status = 'ACTIVE' AND u.deleted_at IS NULL
  ), way AS (
    SELECT person.*, 'IN_APP' AS channel, greatest(at, now()) AS due FROM person
    UNION ALL
    SELECT person.*, w.channel, outbox.after_quiet(greatest(at, now() + person.bundle), person.quiet_from, person.quiet_until, person.zone) FROM person CROSS JOIN LATERAL unnest(person.ways) AS w (channel)
  ), added AS (
    INSERT INTO public.notification (organization_id, recipient_id, channel, kind, subject_id, payload, trigger_at, status, sent_at, idempotency_key, created_by_id)
    SELECT way.organization_id, way.id, way.channel, what, about, jsonb_build_object('path', path),
           -- What waits for this person already takes it along, unless it leaves before this may be said.
           CASE WHEN way.channel = 'IN_APP' THEN way.due ELSE coalesce((
             SELECT min(n.trigger_at) FROM public.notification AS n
             WHERE n.organization_id = way.organization_id AND n.recipient_id = way.id AND n.channel = way.channel AND n.status = 'QUEUED' AND n.channel <> 'IN_APP'
               AND n.trigger_at BETWEEN greatest(at, now()) AND way.due), way.due) END,
           CASE WHEN way.channel = 'IN_APP' AND way.due <= now() THEN 'SENT' ELSE 'QUEUED' END, CASE WHEN way.channel = 'IN_APP' AND way.due <= now() THEN now() END,
           key, nullif(ctx.actor(), '00000000-0000-0000-0000-000000000000')
    FROM way
    ON CONFLICT ON CONSTRAINT notification_once DO NOTHING
    RETURNING 1
  ) SELECT count(*) FROM added
$$;
COMMENT ON FUNCTION outbox.schedule IS 'Tells people of an event, each in the ways they want; of what they did themselves only where it lies ahead. The key makes it happen once.';
REVOKE ALL ON FUNCTION outbox.schedule FROM PUBLIC;
GRANT EXECUTE ON FUNCTION outbox.schedule TO almoner_app, almoner_worker;

CREATE OR REPLACE FUNCTION outbox.schedule_patient(patient uuid, scope text, what text, about uuid, path text, at timestamptz, key text, usual text[]) RETURNS bigint
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog AS $$
  SELECT outbox.schedule(coalesce(array_agg(a.user_id), '{}'), what, about, path, at, key, usual) FROM public.portal_account AS a
  WHERE a.organization_id = ctx.organization() AND a.patient_id = patient AND a.status = 'ACTIVE' AND a.deleted_at IS NULL
    AND CURRENT_DATE BETWEEN a.starts_on AND coalesce(a.ends_on, 'infinity') AND (a.relationship = 'SELF' OR scope = ANY (a.scopes))
$$;
COMMENT ON FUNCTION outbox.schedule_patient IS 'Tells a patient and those who act for them in this part of the record.';
REVOKE ALL ON FUNCTION outbox.schedule_patient FROM PUBLIC;
GRANT EXECUTE ON FUNCTION outbox.schedule_patient TO almoner_app, almoner_worker;

CREATE OR REPLACE FUNCTION outbox.call_off(about uuid, what text) RETURNS bigint LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog AS $$
  WITH gone AS (
    UPDATE public.notification SET status = 'CANCELLED', sent_at = NULL WHERE organization_id = ctx.organization() AND subject_id = about AND kind = what
      AND (status IN ('QUEUED', 'FAILED') OR (channel = 'IN_APP' AND status = 'SENT' AND read_at IS NULL)) RETURNING 1
  ) SELECT count(*) FROM gone
$$;
COMMENT ON FUNCTION outbox.call_off IS 'Calls off what was to be said about a record and has not been sent, or read, yet.';
REVOKE ALL ON FUNCTION outbox.call_off FROM PUBLIC;
GRANT EXECUTE ON FUNCTION outbox.call_off TO almoner_app, almoner_worker;

RESET ROLE;
