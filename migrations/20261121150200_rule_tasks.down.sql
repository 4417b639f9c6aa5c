SET LOCAL ROLE almoner_owner;

ALTER TABLE clinical_rule DROP CONSTRAINT IF EXISTS clinical_rule_action_known;
ALTER TABLE clinical_rule ADD CONSTRAINT clinical_rule_action_known CHECK (action IN ('ALERT', 'SUGGEST_VISIT')) NOT VALID;
COMMENT ON COLUMN clinical_rule.action IS 'ALERT or SUGGEST_VISIT.';
COMMENT ON COLUMN clinical_rule.action_params IS 'What to do, in words: text.';

RESET ROLE;
