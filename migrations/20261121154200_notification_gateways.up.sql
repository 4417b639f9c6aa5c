-- Gateways for text messages and chat that an organization has of its own; without one, the operator's carry.
SET LOCAL ROLE almoner_owner;
SET LOCAL client_min_messages = warning;  -- DROP POLICY IF EXISTS has much to say

CREATE TABLE IF NOT EXISTS notification_gateway (
  organization_id uuid NOT NULL CONSTRAINT notification_gateway_organization_fk REFERENCES organization ON DELETE RESTRICT,
  id              uuid NOT NULL,
  channel         text NOT NULL CONSTRAINT notification_gateway_channel_known CHECK (channel IN ('SMS', 'CHAT')),
  url             text NOT NULL CONSTRAINT notification_gateway_url_form CHECK (url ~ '^https?://[^[:space:]]+$' AND char_length(url) <= 500),
  secret_enc      bytea NOT NULL,
  is_enabled      boolean NOT NULL DEFAULT true,
  created_at      timestamptz NOT NULL DEFAULT now(),
  updated_at      timestamptz NOT NULL DEFAULT now(),
  created_by_id   uuid,
  row_version     bigint NOT NULL DEFAULT 1,
  PRIMARY KEY (organization_id, id),
  CONSTRAINT notification_gateway_once UNIQUE (organization_id, channel)
);
CALL kit.describe('notification_gateway', 'Where the text messages and the chat of an organization go: a webhook of its own, instead of the operator''s.',
  'channel', 'SMS or CHAT.', 'url', 'Where messages are posted to.', 'secret_enc', 'The secret that signs them, encrypted. Not readable by almoner_app.',
  'is_enabled', 'Whether it is used; turned off, the operator''s carries again, where there is one.');
CALL kit.tenant_table('notification_gateway');
DROP POLICY IF EXISTS admin_reads ON notification_gateway;
CREATE POLICY admin_reads ON notification_gateway FOR SELECT TO almoner_app USING ((SELECT ctx.role() = 'ADMIN'));
DROP POLICY IF EXISTS admin_adds ON notification_gateway;
CREATE POLICY admin_adds ON notification_gateway FOR INSERT TO almoner_app WITH CHECK ((SELECT ctx.role() = 'ADMIN'));
DROP POLICY IF EXISTS admin_changes ON notification_gateway;
CREATE POLICY admin_changes ON notification_gateway FOR UPDATE TO almoner_app USING ((SELECT ctx.role() = 'ADMIN')) WITH CHECK ((SELECT ctx.role() = 'ADMIN'));
GRANT SELECT (organization_id, id, channel, url, is_enabled, updated_at, row_version) ON notification_gateway TO almoner_app;
GRANT INSERT (organization_id, id, channel, url, secret_enc, is_enabled, created_by_id) ON notification_gateway TO almoner_app;
GRANT UPDATE (url, secret_enc, is_enabled) ON notification_gateway TO almoner_app;

CREATE OR REPLACE FUNCTION outbox.own_ways() RETURNS text[] LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
  SELECT coalesce(array_agg(g.channel ORDER BY g.channel), '{}') FROM public.notification_gateway AS g WHERE g.organization_id = ctx.organization() AND g.is_enabled
$$;
COMMENT ON FUNCTION outbox.own_ways IS 'The ways out for which the organization has a gateway of its own: everybody may choose them, only administrators see where they lead.';
REVOKE ALL ON FUNCTION outbox.own_ways FROM PUBLIC;
GRANT EXECUTE ON FUNCTION outbox.own_ways TO almoner_app, almoner_worker;

RESET ROLE;
