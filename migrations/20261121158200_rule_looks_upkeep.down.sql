SET LOCAL ROLE almoner_owner;

DROP FUNCTION IF EXISTS kit.purge_rule_looks(integer);
DROP TRIGGER IF EXISTS rule_execution_unchanged ON rule_execution;
CREATE OR REPLACE TRIGGER rule_execution_append_only BEFORE UPDATE OR DELETE ON rule_execution FOR EACH ROW EXECUTE FUNCTION kit.refuse();
COMMENT ON COLUMN organization.retention IS 'How long each kind of record is kept: {"notices": days} for notices that were read, sent or called off.';

RESET ROLE;
