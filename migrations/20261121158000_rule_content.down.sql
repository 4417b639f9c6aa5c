SET LOCAL ROLE almoner_owner;

CREATE OR REPLACE FUNCTION kit.keep_rule_version() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
  INSERT INTO public.clinical_rule_version (organization_id, rule_id, version, definition, made_by_id, made_at)
  VALUES (NEW.organization_id, NEW.id, NEW.row_version,
          jsonb_build_object('name', NEW.name, 'description', NEW.description, 'metric', NEW.metric, 'part', NEW.part, 'op', NEW.op, 'threshold', NEW.threshold,
                             'min_count', NEW.min_count, 'window_days', NEW.window_days, 'severity', NEW.severity, 'action', NEW.action,
                             'action_params', NEW.action_params, 'resolves', NEW.resolves, 'enabled', NEW.enabled, 'priority', NEW.priority,
                             'retired', NEW.deleted_at IS NOT NULL),
          coalesce(NEW.updated_by_id, NEW.created_by_id), CASE WHEN current_user = 'almoner_app' THEN now() ELSE NEW.updated_at END);
  RETURN NULL;
END $$;
ALTER TABLE clinical_rule DROP CONSTRAINT IF EXISTS clinical_rule_content_complete;
ALTER TABLE clinical_rule DROP CONSTRAINT IF EXISTS clinical_rule_action_known;
ALTER TABLE clinical_rule ADD CONSTRAINT clinical_rule_action_known CHECK (action IN ('ALERT', 'SUGGEST_VISIT', 'ASSIGN_TASK')) NOT VALID;
COMMENT ON COLUMN clinical_rule.action IS 'ALERT, SUGGEST_VISIT or ASSIGN_TASK.';
COMMENT ON COLUMN clinical_rule.action_params IS 'What to do, in words: text; and of a task who does it: role.';
COMMENT ON COLUMN content_assignment.rule_execution_id IS 'The run of a rule that gave it, if one did. No foreign key: those are kept in partitions.';
DROP INDEX IF EXISTS clinical_rule_content;
ALTER TABLE clinical_rule DROP COLUMN IF EXISTS content_id;

RESET ROLE;
