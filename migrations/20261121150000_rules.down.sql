DROP TRIGGER IF EXISTS observation_arrived ON observation;
DROP TRIGGER IF EXISTS observation_taken_back ON observation;
DROP FUNCTION IF EXISTS kit.readings_arrived;
DROP TABLE IF EXISTS rule_touch;
DROP TABLE IF EXISTS rule_execution;
DROP TABLE IF EXISTS clinical_rule_version;
DROP TABLE IF EXISTS clinical_rule;
DROP FUNCTION IF EXISTS kit.keep_rule_version;
DROP FUNCTION IF EXISTS kit.rule_guard;
