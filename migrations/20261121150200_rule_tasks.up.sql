-- Rules give tasks too.
SET LOCAL ROLE almoner_owner;
SET LOCAL client_min_messages = warning;

ALTER TABLE clinical_rule DROP CONSTRAINT IF EXISTS clinical_rule_action_known;
ALTER TABLE clinical_rule ADD CONSTRAINT clinical_rule_action_known CHECK (action IN ('ALERT', 'SUGGEST_VISIT', 'ASSIGN_TASK'));
COMMENT ON COLUMN clinical_rule.action IS 'ALERT, SUGGEST_VISIT or ASSIGN_TASK.';
COMMENT ON COLUMN clinical_rule.action_params IS 'What to do, in words: text; and of a task who does it: role.';

RESET ROLE;
