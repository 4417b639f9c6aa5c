-- Looks of rules that came to nothing go after a while; what a rule did stays with its alerts.
SET LOCAL ROLE almoner_owner;
SET LOCAL client_min_messages = warning;

-- Still nobody changes history, and of what goes nothing is younger than thirty days.
CREATE OR REPLACE TRIGGER rule_execution_append_only BEFORE UPDATE OR DELETE ON rule_execution FOR EACH ROW
  WHEN (OLD.outcome IN ('RAISED', 'REPEATED', 'RECOVERED') OR OLD.executed_at > now() - INTERVAL '30 days') EXECUTE FUNCTION kit.refuse();
CREATE OR REPLACE TRIGGER rule_execution_unchanged BEFORE UPDATE ON rule_execution FOR EACH ROW EXECUTE FUNCTION kit.refuse();

-- Nobody deletes executions but this, in the organization of the job. Rule by rule: so it reads the index by which their pages read.
CREATE OR REPLACE FUNCTION kit.purge_rule_looks(batch integer) RETURNS bigint LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog AS $$
  WITH kept AS (
    SELECT o.id, now() - make_interval(days => CASE WHEN o.retention ->> 'rule_looks' ~ '^[0-9]{1,5}$' THEN greatest((o.retention ->> 'rule_looks')::integer, 31) ELSE 90 END) AS since
    FROM public.organization AS o WHERE o.id = ctx.organization()
  ), old AS (
    SELECT looks.organization_id, looks.id
    FROM kept JOIN public.clinical_rule AS r ON r.organization_id = kept.id
    CROSS JOIN LATERAL (
      SELECT e.organization_id, e.id FROM public.rule_execution AS e
      WHERE e.organization_id = r.organization_id AND e.rule_id = r.id AND e.executed_at < kept.since AND e.outcome IN ('NOTHING', 'HELD_BACK', 'FAILED') LIMIT batch) AS looks
    LIMIT batch
  ), gone AS (
    DELETE FROM public.rule_execution AS e USING old WHERE e.organization_id = old.organization_id AND e.id = old.id RETURNING 1
  ) SELECT count(*) FROM gone
$$;
COMMENT ON FUNCTION kit.purge_rule_looks IS 'Deletes looks of rules that came to nothing, were held back or failed longer ago than organization.retention.rule_looks says (days; 90 where it says nothing, 31 at least).';
REVOKE ALL ON FUNCTION kit.purge_rule_looks FROM PUBLIC;
GRANT EXECUTE ON FUNCTION kit.purge_rule_looks TO almoner_worker;
COMMENT ON COLUMN organization.retention IS 'How long each kind of record is kept: {"notices": days} for notices that were read, sent or called off, {"rule_looks": days} for looks of rules that came to nothing.';

RESET ROLE;
