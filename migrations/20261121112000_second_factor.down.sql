UPDATE user_token SET purpose = 'EMAIL' WHERE purpose = 'SIGN_IN';
ALTER TABLE user_token DROP CONSTRAINT IF EXISTS user_token_purpose_known;
ALTER TABLE user_token ADD CONSTRAINT user_token_purpose_known CHECK (purpose IN ('ACTIVATION', 'PASSWORD_RESET', 'EMAIL'));
COMMENT ON COLUMN user_token.purpose IS 'ACTIVATION, PASSWORD_RESET or EMAIL (a new address).';
ALTER TABLE app_user DROP COLUMN IF EXISTS password_short;
DROP TABLE IF EXISTS recovery_code, second_factor;
