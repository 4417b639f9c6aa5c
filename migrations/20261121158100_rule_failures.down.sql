SET LOCAL ROLE almoner_owner;

CREATE INDEX IF NOT EXISTS rule_execution_held ON rule_execution (organization_id, executed_at) WHERE outcome = 'HELD_BACK';
DROP INDEX IF EXISTS rule_execution_again;
CREATE INDEX IF NOT EXISTS rule_execution_fired ON rule_execution (organization_id, rule_id, executed_at DESC) WHERE triggered;
DROP INDEX IF EXISTS rule_execution_news;
ALTER TABLE rule_execution DROP CONSTRAINT IF EXISTS rule_execution_outcome_known;
ALTER TABLE rule_execution ADD CONSTRAINT rule_execution_outcome_known CHECK (outcome IN ('NOTHING', 'RAISED', 'REPEATED', 'HELD_BACK', 'RECOVERED')) NOT VALID;
COMMENT ON COLUMN rule_execution.outcome IS 'NOTHING, RAISED an alert, REPEATED an open one, HELD_BACK because it fires for too many, or RECOVERED: its alert was closed.';
COMMENT ON COLUMN rule_execution.result IS 'What was found: number of readings, of hits, slope.';

RESET ROLE;
