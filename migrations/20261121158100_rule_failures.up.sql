-- A rule that fails keeps no other rule from being looked at: that it failed is kept, and it is looked at again.
SET LOCAL ROLE almoner_owner;
SET LOCAL client_min_messages = warning;

ALTER TABLE rule_execution DROP CONSTRAINT IF EXISTS rule_execution_outcome_known;
ALTER TABLE rule_execution ADD CONSTRAINT rule_execution_outcome_known CHECK (outcome IN ('NOTHING', 'RAISED', 'REPEATED', 'HELD_BACK', 'RECOVERED', 'FAILED'));
COMMENT ON COLUMN rule_execution.outcome IS 'NOTHING, RAISED an alert, REPEATED an open one, HELD_BACK because it fires for too many, RECOVERED: its alert was closed, or FAILED: nothing is known of it.';
COMMENT ON COLUMN rule_execution.result IS 'What was found: number of readings, of hits, slope; what was given with the alert: given; why it failed: error. No values of readings.';

-- What a rule did is read without what it did not do, which is nearly everything. This also counts what it raised.
CREATE INDEX IF NOT EXISTS rule_execution_news ON rule_execution (organization_id, rule_id, executed_at DESC) WHERE outcome <> 'NOTHING';
DROP INDEX IF EXISTS rule_execution_fired;
CREATE INDEX IF NOT EXISTS rule_execution_again ON rule_execution (organization_id, executed_at) WHERE outcome IN ('HELD_BACK', 'FAILED');
DROP INDEX IF EXISTS rule_execution_held;

RESET ROLE;
