-- Rules give patients something to read: an entry of the library, named by its own column so that it cannot be one that is not there.
SET LOCAL ROLE almoner_owner;
SET LOCAL client_min_messages = warning;

ALTER TABLE clinical_rule ADD COLUMN IF NOT EXISTS content_id uuid;
ALTER TABLE clinical_rule DROP CONSTRAINT IF EXISTS clinical_rule_content_fk;
ALTER TABLE clinical_rule ADD CONSTRAINT clinical_rule_content_fk FOREIGN KEY (organization_id, content_id) REFERENCES content_item ON DELETE RESTRICT;
CREATE INDEX IF NOT EXISTS clinical_rule_content ON clinical_rule (organization_id, content_id) WHERE content_id IS NOT NULL;
ALTER TABLE clinical_rule DROP CONSTRAINT IF EXISTS clinical_rule_action_known;
ALTER TABLE clinical_rule ADD CONSTRAINT clinical_rule_action_known CHECK (action IN ('ALERT', 'SUGGEST_VISIT', 'ASSIGN_TASK', 'ASSIGN_CONTENT'));
ALTER TABLE clinical_rule DROP CONSTRAINT IF EXISTS clinical_rule_content_complete;
ALTER TABLE clinical_rule ADD CONSTRAINT clinical_rule_content_complete CHECK ((action = 'ASSIGN_CONTENT') = (content_id IS NOT NULL));
GRANT UPDATE (content_id) ON clinical_rule TO almoner_app;
COMMENT ON COLUMN clinical_rule.action IS 'ALERT, SUGGEST_VISIT, ASSIGN_TASK or ASSIGN_CONTENT.';
COMMENT ON COLUMN clinical_rule.action_params IS 'What to do, in words: text; of a task who does it: role; of something to read the words to the patient: word.';
COMMENT ON COLUMN clinical_rule.content_id IS 'What the patient is given to read; with the action ASSIGN_CONTENT only.';

CREATE OR REPLACE FUNCTION kit.keep_rule_version() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
  INSERT INTO public.clinical_rule_version (organization_id, rule_id, version, definition, made_by_id, made_at)
  VALUES (NEW.organization_id, NEW.id, NEW.row_version,
          jsonb_build_object('name', NEW.name, 'description', NEW.description, 'metric', NEW.metric, 'part', NEW.part, 'op', NEW.op, 'threshold', NEW.threshold,
                             'min_count', NEW.min_count, 'window_days', NEW.window_days, 'severity', NEW.severity, 'action', NEW.action,
                             'action_params', NEW.action_params, 'resolves', NEW.resolves, 'enabled', NEW.enabled, 'priority', NEW.priority,
                             'content', (SELECT jsonb_build_object('id', c.id, 'text', c.title) FROM public.content_item AS c
                                         WHERE c.organization_id = NEW.organization_id AND c.id = NEW.content_id),
                             'retired', NEW.deleted_at IS NOT NULL),
          coalesce(NEW.updated_by_id, NEW.created_by_id), CASE WHEN current_user = 'almoner_app' THEN now() ELSE NEW.updated_at END);
  RETURN NULL;
END $$;

COMMENT ON COLUMN content_assignment.rule_execution_id IS 'The run of a rule that gave it, if one did. No foreign key, as an alert has none either.';

RESET ROLE;
