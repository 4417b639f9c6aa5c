-- Links by which people choose a password: who may make which, and who asked for one.
SET LOCAL ROLE almoner_owner;
SET LOCAL client_min_messages = warning;  -- DROP POLICY IF EXISTS has much to say

ALTER TABLE app_user ADD COLUMN IF NOT EXISTS reset_asked_at timestamptz;
COMMENT ON COLUMN app_user.reset_asked_at IS 'When the person said at the sign-in page that they forgot their password; NULL once they have a link.';
GRANT SELECT (reset_asked_at) ON app_user TO almoner_app;
GRANT UPDATE (reset_asked_at) ON app_user TO almoner_app, almoner_auth;
CREATE INDEX IF NOT EXISTS app_user_reset_asked ON app_user (organization_id, reset_asked_at) WHERE reset_asked_at IS NOT NULL;

-- Managers and medical assistants activate only whom they invited themselves: a link for anybody else would let them in as that person.
DROP POLICY IF EXISTS inviter_adds ON user_token;
CREATE POLICY inviter_adds ON user_token FOR INSERT TO almoner_app
  WITH CHECK (((SELECT ctx.role() = 'ADMIN') AND purpose IN ('ACTIVATION', 'PASSWORD_RESET'))
           OR ((SELECT ctx.role() IN ('MANAGER', 'MEDICAL_ASSISTANT')) AND purpose = 'ACTIVATION'
               AND user_id IN (SELECT person.id FROM app_user AS person
                                WHERE person.organization_id = user_token.organization_id AND person.created_by_id = (SELECT ctx.actor()) AND person.status = 'INVITED')));

RESET ROLE;
