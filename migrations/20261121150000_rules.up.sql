-- Clinical rules: what is watched in readings, and what follows. See docs/rules.md.
SET LOCAL ROLE almoner_owner;
SET LOCAL client_min_messages = warning;  -- DROP POLICY IF EXISTS has much to say

CREATE TABLE IF NOT EXISTS clinical_rule (
  organization_id uuid NOT NULL CONSTRAINT clinical_rule_organization_fk REFERENCES organization ON DELETE RESTRICT,
  id              uuid NOT NULL,
  facility_id     uuid,
  patient_id      uuid,
  overrides_id    uuid,
  root_id         uuid GENERATED ALWAYS AS (coalesce(overrides_id, id)) STORED,
  name            text NOT NULL CONSTRAINT clinical_rule_name_present CHECK (btrim(name) <> '' AND char_length(name) <= 120),
  description     text CONSTRAINT clinical_rule_description_length CHECK (char_length(description) <= 2000),
  metric          text NOT NULL CONSTRAINT clinical_rule_metric_shape CHECK (metric ~ '^[A-Z][A-Z0-9_]{1,63}$'),
  part            smallint NOT NULL DEFAULT 1 CONSTRAINT clinical_rule_part_known CHECK (part = 1 OR (part = 2 AND metric = 'BLOOD_PRESSURE')),
  op              text NOT NULL CONSTRAINT clinical_rule_op_known CHECK (op IN ('>', '<', 'trendUp', 'trendDown', 'missing')),
  threshold       double precision CONSTRAINT clinical_rule_threshold_finite CHECK (threshold BETWEEN 0 AND 1e6),
  min_count       smallint NOT NULL DEFAULT 1 CONSTRAINT clinical_rule_min_count_bounded CHECK (min_count BETWEEN 1 AND 20),
  window_days     smallint NOT NULL DEFAULT 7 CONSTRAINT clinical_rule_window_days_bounded CHECK (window_days BETWEEN 1 AND 90),
  severity        text NOT NULL CONSTRAINT clinical_rule_severity_known CHECK (severity IN ('INFO', 'WARNING', 'HIGH', 'CRITICAL')),
  action          text NOT NULL DEFAULT 'ALERT' CONSTRAINT clinical_rule_action_known CHECK (action IN ('ALERT', 'SUGGEST_VISIT')),
  action_params   jsonb NOT NULL DEFAULT '{}' CONSTRAINT clinical_rule_action_params_object CHECK (jsonb_typeof(action_params) = 'object'),
  resolves        boolean NOT NULL DEFAULT true,
  enabled         boolean NOT NULL DEFAULT false,
  priority        smallint NOT NULL DEFAULT 0 CONSTRAINT clinical_rule_priority_bounded CHECK (priority BETWEEN 0 AND 100),
  created_at      timestamptz NOT NULL DEFAULT now(),
  updated_at      timestamptz NOT NULL DEFAULT now(),
  created_by_id   uuid,
  updated_by_id   uuid,
  deleted_at      timestamptz,
  deleted_by_id   uuid,
  is_deleted      boolean GENERATED ALWAYS AS (deleted_at IS NOT NULL) STORED,
  row_version     bigint NOT NULL DEFAULT 1,
  PRIMARY KEY (organization_id, id),
  CONSTRAINT clinical_rule_facility_fk FOREIGN KEY (organization_id, facility_id) REFERENCES facility ON DELETE RESTRICT,
  CONSTRAINT clinical_rule_patient_fk FOREIGN KEY (organization_id, patient_id) REFERENCES patient ON DELETE RESTRICT,
  CONSTRAINT clinical_rule_overrides_fk FOREIGN KEY (organization_id, overrides_id) REFERENCES clinical_rule ON DELETE RESTRICT,
  CONSTRAINT clinical_rule_threshold_complete CHECK ((op = 'missing') = (threshold IS NULL)),
  CONSTRAINT clinical_rule_scope_single CHECK (facility_id IS NULL OR patient_id IS NULL),
  CONSTRAINT clinical_rule_patient_overrides CHECK (patient_id IS NULL OR overrides_id IS NOT NULL),
  CONSTRAINT clinical_rule_override_scoped CHECK (overrides_id IS NULL OR (overrides_id <> id AND num_nonnulls(facility_id, patient_id) = 1))
);
CREATE UNIQUE INDEX IF NOT EXISTS clinical_rule_override_once ON clinical_rule (organization_id, overrides_id, facility_id, patient_id) NULLS NOT DISTINCT
  WHERE overrides_id IS NOT NULL AND deleted_at IS NULL;
CREATE UNIQUE INDEX IF NOT EXISTS clinical_rule_name_unique ON clinical_rule (organization_id, facility_id, lower(name)) NULLS NOT DISTINCT
  WHERE overrides_id IS NULL AND deleted_at IS NULL;
CREATE INDEX IF NOT EXISTS clinical_rule_metric ON clinical_rule (organization_id, metric, enabled) WHERE deleted_at IS NULL;
CREATE INDEX IF NOT EXISTS clinical_rule_root ON clinical_rule (organization_id, root_id);
CREATE INDEX IF NOT EXISTS clinical_rule_overrides ON clinical_rule (organization_id, overrides_id) WHERE overrides_id IS NOT NULL;
CREATE INDEX IF NOT EXISTS clinical_rule_facility ON clinical_rule (organization_id, facility_id);
CREATE INDEX IF NOT EXISTS clinical_rule_patient ON clinical_rule (organization_id, patient_id) WHERE patient_id IS NOT NULL;
CALL kit.describe('clinical_rule', 'What is watched in readings, and what follows: of the organization, of a facility, or as an exception for a facility or a patient.',
  'facility_id', 'Facility where it holds; NULL with no patient means everywhere.', 'patient_id', 'Patient for whom this exception holds.',
  'overrides_id', 'The rule from which this is an exception.', 'root_id', 'The rule itself, or the one from which it is an exception: the narrowest one of a root holds.',
  'name', 'What people call it.', 'description', 'What it is for.', 'metric', 'What is watched, as in metric.', 'part', '2 for the second value, the diastolic pressure; else 1.',
  'op', '> and < compare with threshold; trendUp and trendDown ask for a change of at least threshold over the window; missing asks whether no reading came.',
  'threshold', 'In the unit of the metric; NULL for missing.', 'min_count', 'So many readings of the window must fulfil > or <.', 'window_days', 'Days looked back upon.',
  'severity', 'Severity of the alert.', 'action', 'ALERT or SUGGEST_VISIT.', 'action_params', 'What to do, in words: text.',
  'resolves', 'Whether its alert ends by itself on recovery, while nobody has taken it.', 'enabled', 'Whether it is at work. An exception says so for itself: a rule that is off may be at work for some patients.',
  'priority', 'Higher is evaluated first.', 'updated_by_id', 'Who made this version.');
CALL kit.tenant_table('clinical_rule');
DROP POLICY IF EXISTS clinical_reads ON clinical_rule;
CREATE POLICY clinical_reads ON clinical_rule FOR SELECT TO almoner_app
  USING ((SELECT ctx.role() IN ('CLINICIAN', 'MEDICAL_ASSISTANT', 'MANAGER'))
         AND (facility_id IS NULL OR facility_id = ANY ((SELECT ctx.facilities())::uuid[]) OR (SELECT ctx.everywhere()))
         AND (patient_id IS NULL OR EXISTS (SELECT 1 FROM patient AS p WHERE p.organization_id = clinical_rule.organization_id AND p.id = clinical_rule.patient_id)));
DROP POLICY IF EXISTS clinician_adds ON clinical_rule;
CREATE POLICY clinician_adds ON clinical_rule FOR INSERT TO almoner_app
  WITH CHECK ((SELECT ctx.role() = 'CLINICIAN')
              AND CASE WHEN patient_id IS NOT NULL THEN EXISTS (SELECT 1 FROM patient AS p WHERE p.organization_id = clinical_rule.organization_id AND p.id = clinical_rule.patient_id)
                       ELSE facility_id = ANY ((SELECT ctx.facilities())::uuid[]) OR (SELECT ctx.everywhere()) END);
DROP POLICY IF EXISTS clinician_changes ON clinical_rule;
CREATE POLICY clinician_changes ON clinical_rule FOR UPDATE TO almoner_app
  USING ((SELECT ctx.role() = 'CLINICIAN')
         AND CASE WHEN patient_id IS NOT NULL THEN EXISTS (SELECT 1 FROM patient AS p WHERE p.organization_id = clinical_rule.organization_id AND p.id = clinical_rule.patient_id)
                  ELSE facility_id = ANY ((SELECT ctx.facilities())::uuid[]) OR (SELECT ctx.everywhere()) END)
  WITH CHECK ((SELECT ctx.role() = 'CLINICIAN')
         AND CASE WHEN patient_id IS NOT NULL THEN EXISTS (SELECT 1 FROM patient AS p WHERE p.organization_id = clinical_rule.organization_id AND p.id = clinical_rule.patient_id)
                  ELSE facility_id = ANY ((SELECT ctx.facilities())::uuid[]) OR (SELECT ctx.everywhere()) END);
-- What a rule watches, and of what it is an exception, stays: another metric is another rule.
GRANT SELECT, INSERT ON clinical_rule TO almoner_app;
GRANT UPDATE (name, description, threshold, min_count, window_days, severity, action, action_params, resolves, enabled, priority, updated_by_id, deleted_at, deleted_by_id)
  ON clinical_rule TO almoner_app;

CREATE TABLE IF NOT EXISTS clinical_rule_version (
  organization_id uuid NOT NULL,
  rule_id         uuid NOT NULL,
  version         bigint NOT NULL,
  definition      jsonb NOT NULL CONSTRAINT clinical_rule_version_definition_object CHECK (jsonb_typeof(definition) = 'object'),
  made_by_id      uuid,
  made_at         timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (organization_id, rule_id, version),
  CONSTRAINT clinical_rule_version_rule_fk FOREIGN KEY (organization_id, rule_id) REFERENCES clinical_rule ON DELETE RESTRICT
);
CALL kit.describe('clinical_rule_version', 'Each rule as it was at any time. A trigger keeps it; an alert names the version that fired.',
  'rule_id', 'The rule.', 'version', 'row_version of the rule.', 'definition', 'The rule as it was, by the names of its columns.', 'made_by_id', 'Who made this version.', 'made_at', 'When.');
CALL kit.tenant_table('clinical_rule_version', append_only => true);
DROP POLICY IF EXISTS rule_seen_reads ON clinical_rule_version;
CREATE POLICY rule_seen_reads ON clinical_rule_version FOR SELECT TO almoner_app
  USING (EXISTS (SELECT 1 FROM clinical_rule AS r WHERE r.organization_id = clinical_rule_version.organization_id AND r.id = clinical_rule_version.rule_id));
GRANT SELECT ON clinical_rule_version TO almoner_app;
-- Whoever changes a rule writes its version, the one that it has now: that is there once, and so nobody writes a history of their own.
DROP POLICY IF EXISTS clinician_adds ON clinical_rule_version;
CREATE POLICY clinician_adds ON clinical_rule_version FOR INSERT TO almoner_app
  WITH CHECK ((SELECT ctx.role() = 'CLINICIAN') AND made_by_id = (SELECT ctx.actor())
              AND EXISTS (SELECT 1 FROM clinical_rule AS r WHERE r.organization_id = clinical_rule_version.organization_id AND r.id = clinical_rule_version.rule_id
                          AND r.row_version = clinical_rule_version.version));
GRANT INSERT ON clinical_rule_version TO almoner_app;
CREATE OR REPLACE FUNCTION kit.keep_rule_version() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
  INSERT INTO public.clinical_rule_version (organization_id, rule_id, version, definition, made_by_id)
  VALUES (NEW.organization_id, NEW.id, NEW.row_version,
          jsonb_build_object('name', NEW.name, 'description', NEW.description, 'metric', NEW.metric, 'part', NEW.part, 'op', NEW.op, 'threshold', NEW.threshold,
                             'min_count', NEW.min_count, 'window_days', NEW.window_days, 'severity', NEW.severity, 'action', NEW.action,
                             'action_params', NEW.action_params, 'resolves', NEW.resolves, 'enabled', NEW.enabled, 'priority', NEW.priority,
                             'retired', NEW.deleted_at IS NOT NULL),
          coalesce(NEW.updated_by_id, NEW.created_by_id));
  RETURN NULL;
END $$;
COMMENT ON FUNCTION kit.keep_rule_version IS 'Keeps each rule as it was.';
CREATE OR REPLACE TRIGGER clinical_rule_version_kept AFTER INSERT OR UPDATE ON clinical_rule FOR EACH ROW EXECUTE FUNCTION kit.keep_rule_version();

-- An exception is one from a rule, not from another exception, and watches the same.
CREATE OR REPLACE FUNCTION kit.rule_guard() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
  base public.clinical_rule;
  known public.metric;
BEGIN
  SELECT m.* INTO known FROM public.metric AS m WHERE m.code = NEW.metric;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'there is no such metric' USING ERRCODE = 'check_violation', CONSTRAINT = 'clinical_rule_metric_known', TABLE = 'clinical_rule';
  END IF;
  IF NEW.overrides_id IS NOT NULL THEN
    SELECT r.* INTO base FROM public.clinical_rule AS r WHERE r.organization_id = NEW.organization_id AND r.id = NEW.overrides_id;
    IF base.overrides_id IS NOT NULL OR (base.metric, base.part, base.op) IS DISTINCT FROM (NEW.metric, NEW.part, NEW.op) THEN
      RAISE EXCEPTION 'an exception watches what its rule watches' USING ERRCODE = 'check_violation', CONSTRAINT = 'clinical_rule_override_same', TABLE = 'clinical_rule';
    END IF;
  END IF;
  RETURN NEW;
END $$;
COMMENT ON FUNCTION kit.rule_guard IS 'Refuses rules that watch nothing known, and exceptions that watch something else than their rule.';
CREATE OR REPLACE TRIGGER clinical_rule_guard BEFORE INSERT OR UPDATE ON clinical_rule FOR EACH ROW EXECUTE FUNCTION kit.rule_guard();

CREATE TABLE IF NOT EXISTS rule_execution (
  organization_id uuid NOT NULL,
  id              uuid NOT NULL,
  rule_id         uuid NOT NULL,
  rule_version    bigint NOT NULL,
  patient_id      uuid NOT NULL,
  cause           text NOT NULL CONSTRAINT rule_execution_cause_known CHECK (cause IN ('READING', 'SCHEDULE')),
  triggered       boolean NOT NULL,
  outcome         text NOT NULL CONSTRAINT rule_execution_outcome_known CHECK (outcome IN ('NOTHING', 'RAISED', 'REPEATED', 'HELD_BACK', 'RECOVERED')),
  alert_id        uuid,
  result          jsonb CONSTRAINT rule_execution_result_object CHECK (jsonb_typeof(result) = 'object'),
  executed_at     timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (organization_id, id),
  CONSTRAINT rule_execution_rule_fk FOREIGN KEY (organization_id, rule_id) REFERENCES clinical_rule ON DELETE RESTRICT,
  CONSTRAINT rule_execution_patient_fk FOREIGN KEY (organization_id, patient_id) REFERENCES patient ON DELETE RESTRICT
) WITH (autovacuum_vacuum_insert_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.02);
CREATE INDEX IF NOT EXISTS rule_execution_of_patient ON rule_execution (organization_id, patient_id, executed_at DESC);
CREATE INDEX IF NOT EXISTS rule_execution_of_rule ON rule_execution (organization_id, rule_id, executed_at DESC);
CREATE INDEX IF NOT EXISTS rule_execution_fired ON rule_execution (organization_id, rule_id, executed_at DESC) WHERE triggered;
CREATE INDEX IF NOT EXISTS rule_execution_held ON rule_execution (organization_id, executed_at) WHERE outcome = 'HELD_BACK';
CALL kit.describe('rule_execution', 'That a rule was looked at for a patient, and what came of it.',
  'rule_id', 'The rule, or the exception that held for the patient.', 'rule_version', 'Its version then.', 'patient_id', 'The patient.',
  'cause', 'READING where readings had arrived, SCHEDULE where the clock asked.', 'triggered', 'Whether it was fulfilled.',
  'outcome', 'NOTHING, RAISED an alert, REPEATED an open one, HELD_BACK because it fires for too many, or RECOVERED: its alert was closed.',
  'alert_id', 'That alert. No foreign key: history outlives nothing, and the alert names the execution.', 'result', 'What was found: number of readings, of hits, slope.', 'executed_at', 'When.');
CALL kit.tenant_table('rule_execution', append_only => true);
DROP POLICY IF EXISTS patient_seen_reads ON rule_execution;
CREATE POLICY patient_seen_reads ON rule_execution FOR SELECT TO almoner_app
  USING ((SELECT ctx.role() IN ('CLINICIAN', 'MEDICAL_ASSISTANT', 'MANAGER'))
         AND EXISTS (SELECT 1 FROM patient AS p WHERE p.organization_id = rule_execution.organization_id AND p.id = rule_execution.patient_id));
GRANT SELECT ON rule_execution TO almoner_app;

-- What has arrived and no rule has looked at yet. Rows live for a moment; nothing about them needs to be unique, so that nobody who writes readings waits for another.
CREATE TABLE IF NOT EXISTS rule_touch (
  organization_id uuid NOT NULL,
  id              bigint GENERATED ALWAYS AS IDENTITY,
  patient_id      uuid NOT NULL,
  metric          text NOT NULL,
  since           timestamptz NOT NULL,
  created_at      timestamptz NOT NULL DEFAULT now(),
  updated_at      timestamptz NOT NULL DEFAULT now(),
  row_version     bigint NOT NULL DEFAULT 1,
  PRIMARY KEY (organization_id, id)
) WITH (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_cost_delay = 1);
CALL kit.describe('rule_touch', 'Patients and metrics of which readings have arrived that no rule has looked at yet.',
  'id', 'Order of arrival.', 'patient_id', 'The patient. No foreign key: the row lives for a moment.', 'metric', 'What was measured.', 'since', 'The earliest of the new readings.');
CALL kit.tenant_table('rule_touch');
DROP POLICY IF EXISTS worker_removes ON rule_touch;
CREATE POLICY worker_removes ON rule_touch FOR DELETE TO almoner_worker USING (true);
GRANT DELETE ON rule_touch TO almoner_worker;

-- Whichever way readings come, the rules hear of them in the same transaction. Once per statement, not per reading; nothing where no rule watches.
CREATE OR REPLACE FUNCTION kit.readings_arrived() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
  org CONSTANT uuid := ctx.organization();
BEGIN
  -- Maintenance (restoring, the demo) names no role: what it brings has been looked at already.
  IF org IS NULL OR ctx.role() IS NULL THEN
    RETURN NULL;
  END IF;
  INSERT INTO public.rule_touch (organization_id, patient_id, metric, since)
  SELECT org, n.patient_id, n.code, min(n.effective_at) FROM arrived AS n
  WHERE n.effective_at > now() - INTERVAL '90 days'
    AND n.code IN (SELECT r.metric FROM public.clinical_rule AS r WHERE r.organization_id = org AND r.enabled AND r.deleted_at IS NULL)
  GROUP BY n.patient_id, n.code;
  IF FOUND THEN
    -- No key: a writer would wait for another's commit. A job that finds nothing left to do ends at once.
    INSERT INTO public.job (id, organization_id, kind, max_attempts) VALUES (gen_random_uuid(), org, 'rules.evaluate', 5);
  END IF;
  RETURN NULL;
END $$;
COMMENT ON FUNCTION kit.readings_arrived IS 'Notes whose readings have arrived, or were marked as errors, for the rules to look at.';
REVOKE ALL ON FUNCTION kit.readings_arrived FROM PUBLIC;
GRANT EXECUTE ON FUNCTION kit.readings_arrived TO almoner_app;
CREATE OR REPLACE TRIGGER observation_arrived AFTER INSERT ON observation REFERENCING NEW TABLE AS arrived FOR EACH STATEMENT EXECUTE FUNCTION kit.readings_arrived();
CREATE OR REPLACE TRIGGER observation_taken_back AFTER UPDATE ON observation REFERENCING NEW TABLE AS arrived FOR EACH STATEMENT EXECUTE FUNCTION kit.readings_arrived();

RESET ROLE;
