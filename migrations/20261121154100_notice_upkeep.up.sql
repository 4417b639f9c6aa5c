-- What was read or sent long ago goes; and the chat gets a name of its own, so that no e-mail address leaves that way.
SET LOCAL ROLE almoner_owner;
SET LOCAL client_min_messages = warning;

-- Nobody deletes notifications but this, in the organization of the job.
CREATE OR REPLACE FUNCTION outbox.purge(batch integer) RETURNS bigint LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog AS $$
  WITH old AS (
    SELECT n.organization_id, n.id
    FROM public.organization AS o JOIN public.notification AS n ON n.organization_id = o.id
    WHERE o.id = ctx.organization()
      AND n.updated_at < now() - make_interval(days => CASE WHEN o.retention ->> 'notices' ~ '^[0-9]{1,5}$' THEN greatest((o.retention ->> 'notices')::integer, 1) ELSE 90 END)
      AND (n.status = 'CANCELLED' OR CASE n.channel WHEN 'IN_APP' THEN n.read_at IS NOT NULL ELSE n.status = 'SENT' END)
    LIMIT batch FOR UPDATE OF n SKIP LOCKED
  ), gone AS (
    DELETE FROM public.notification AS n USING old WHERE n.organization_id = old.organization_id AND n.id = old.id RETURNING 1
  ) SELECT count(*) FROM gone
$$;
COMMENT ON FUNCTION outbox.purge IS 'Deletes notices that were read, sent or called off longer ago than organization.retention.notices says (days; 90 where it says nothing).';
REVOKE ALL ON FUNCTION outbox.purge FROM PUBLIC;
GRANT EXECUTE ON FUNCTION outbox.purge TO almoner_worker;

ALTER TABLE notification_preference ADD COLUMN IF NOT EXISTS chat_enc bytea;
COMMENT ON COLUMN notification_preference.chat_enc IS 'Name in the chat of the organization, encrypted.';
GRANT UPDATE (chat_enc) ON notification_preference TO almoner_app;
COMMENT ON COLUMN organization.retention IS 'How long each kind of record is kept: {"notices": days} for notices that were read, sent or called off.';

RESET ROLE;
