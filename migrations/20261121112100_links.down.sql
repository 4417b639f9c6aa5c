DROP POLICY IF EXISTS inviter_adds ON user_token;
CREATE POLICY inviter_adds ON user_token FOR INSERT TO almoner_app
  WITH CHECK ((SELECT ctx.role() = 'ADMIN') OR ((SELECT ctx.role() IN ('MANAGER', 'MEDICAL_ASSISTANT')) AND purpose = 'ACTIVATION'));
DROP INDEX IF EXISTS app_user_reset_asked;
ALTER TABLE app_user DROP COLUMN IF EXISTS reset_asked_at;
