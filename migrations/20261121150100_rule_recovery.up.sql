-- Alerts of rules end by themselves on recovery, where the rule says so and nobody has taken them.
SET LOCAL ROLE almoner_owner;
SET LOCAL client_min_messages = warning;

ALTER TABLE alert DROP CONSTRAINT IF EXISTS alert_reason_code_known;
ALTER TABLE alert ADD CONSTRAINT alert_reason_code_known CHECK (reason_code IN ('CONTACTED_PATIENT', 'TREATMENT_CHANGED', 'VISIT_BOOKED', 'EXPECTED', 'DEVICE_ERROR', 'DUPLICATE', 'NOT_CLINICAL', 'OTHER', 'RECOVERED'));

CREATE OR REPLACE FUNCTION kit.alert_guard() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
  acting text := ctx.role();    -- NULL: maintenance by the owner, which the shape of the machine still binds
  actor uuid := ctx.actor();
  holder boolean;
  escalated boolean;
BEGIN
  IF TG_OP = 'INSERT' THEN
    IF NEW.facility_id IS NULL AND NEW.patient_id IS NOT NULL THEN
      SELECT p.facility_id INTO NEW.facility_id FROM public.patient AS p WHERE p.organization_id = NEW.organization_id AND p.id = NEW.patient_id;
    END IF;
    IF current_user = 'almoner_app' AND NEW.status <> 'ACTIVE' THEN
      PERFORM kit.alert_refusal('alert_begins_active', 'an alert begins as ACTIVE');
    END IF;
    NEW.previous_status := NULL;
    NEW.status_changed_by_id := actor;
    RETURN NEW;
  END IF;

  NEW.updated_at := now();
  NEW.row_version := OLD.row_version + 1;
  escalated := NEW.severity <> OLD.severity;
  IF escalated AND acting <> 'SERVICE' THEN
    PERFORM kit.alert_refusal('alert_severity_fixed', 'only a new occurrence changes the severity of an alert');
  END IF;

  IF NEW.status = OLD.status THEN
    IF NEW.snoozed_until IS DISTINCT FROM OLD.snoozed_until THEN
      PERFORM kit.alert_refusal('alert_transition', 'a snooze is not prolonged: end it and snooze again');
    END IF;
    IF NEW.status = 'ACKNOWLEDGED' AND NEW.acknowledged_by_id IS DISTINCT FROM OLD.acknowledged_by_id THEN
      PERFORM kit.alert_refusal('alert_transition', 'somebody else has acknowledged this alert');
    END IF;
    NEW.previous_status := OLD.previous_status;
    NEW.previous_snoozed_until := OLD.previous_snoozed_until;
    NEW.status_changed_at := OLD.status_changed_at;
    NEW.status_changed_by_id := OLD.status_changed_by_id;
    RETURN NEW;
  END IF;

  NEW.status_changed_at := clock_timestamp();
  NEW.status_changed_by_id := actor;
  NEW.previous_status := OLD.status;
  NEW.previous_snoozed_until := OLD.snoozed_until;

  -- Undo: the same person goes back one step, at once. The page offers 10 seconds; the rest is the way there and back.
  IF NEW.status = OLD.previous_status AND OLD.status_changed_by_id = actor AND clock_timestamp() <= OLD.status_changed_at + INTERVAL '15 seconds'
     AND NEW.snoozed_until IS NOT DISTINCT FROM (CASE WHEN NEW.status = 'SNOOZED' THEN coalesce(OLD.snoozed_until, OLD.previous_snoozed_until)
                                                      WHEN NEW.status IN ('RESOLVED', 'DISMISSED') THEN OLD.previous_snoozed_until END) THEN
    NEW.previous_status := NULL;   -- an undo cannot be undone
    RETURN NEW;
  END IF;

  holder := coalesce(actor IN (OLD.assignee_id, OLD.acknowledged_by_id, OLD.status_changed_by_id), false);  -- NULL would be no refusal
  CASE OLD.status || '>' || NEW.status
    WHEN 'ACTIVE>ACKNOWLEDGED' THEN
      IF acting NOT IN ('CLINICIAN', 'MEDICAL_ASSISTANT', 'MANAGER') AND NOT (acting = 'CARER' AND OLD.assignee_id IS NOT DISTINCT FROM actor) THEN
        PERFORM kit.alert_refusal('alert_transition_role', 'this role may not acknowledge the alert');
      END IF;
    WHEN 'ACTIVE>SNOOZED', 'ACKNOWLEDGED>SNOOZED' THEN
      IF acting NOT IN ('CLINICIAN', 'MEDICAL_ASSISTANT', 'MANAGER') THEN
        PERFORM kit.alert_refusal('alert_transition_role', 'this role may not snooze the alert');
      END IF;
      IF NEW.snoozed_until <= now() THEN
        PERFORM kit.alert_refusal('alert_snooze_ahead', 'a snooze ends in the future');
      END IF;
      IF NEW.severity = 'CRITICAL' AND NEW.snoozed_until > now() + INTERVAL '1 hour' THEN
        PERFORM kit.alert_refusal('alert_snooze_critical', 'a critical alert is snoozed for an hour at most');
      END IF;
    WHEN 'SNOOZED>ACTIVE' THEN
      IF NOT (acting = 'SERVICE' AND (OLD.snoozed_until <= clock_timestamp() OR escalated)) AND NOT holder AND acting IS NOT NULL THEN
        PERFORM kit.alert_refusal('alert_transition_role', 'only the timer or whoever holds the alert ends the snooze');
      END IF;
    WHEN 'ACKNOWLEDGED>ACTIVE' THEN
      IF NOT (acting = 'SERVICE' AND (coalesce(OLD.ack_expires_at <= clock_timestamp(), false) OR escalated)) AND NOT holder AND acting IS NOT NULL THEN
        PERFORM kit.alert_refusal('alert_transition_role', 'only the timer or whoever holds the alert takes the acknowledgement back');
      END IF;
    WHEN 'ACTIVE>RESOLVED', 'ACKNOWLEDGED>RESOLVED', 'SNOOZED>RESOLVED' THEN
      IF acting <> 'CLINICIAN' AND NOT (acting = 'MEDICAL_ASSISTANT' AND OLD.severity IN ('INFO', 'WARNING'))
         -- A rule takes back what it raised, while nobody has taken it.
         AND NOT (acting = 'SERVICE' AND OLD.status <> 'ACKNOWLEDGED' AND OLD.dedupe_key LIKE 'rule:%' AND NEW.reason_code = 'RECOVERED') THEN
        PERFORM kit.alert_refusal('alert_transition_role', 'a clinician resolves alerts; a medical assistant those of severity INFO and WARNING');
      END IF;
    WHEN 'ACTIVE>DISMISSED', 'ACKNOWLEDGED>DISMISSED', 'SNOOZED>DISMISSED' THEN
      IF acting <> 'CLINICIAN' THEN
        PERFORM kit.alert_refusal('alert_transition_role', 'only a clinician dismisses alerts');
      END IF;
    WHEN 'RESOLVED>ACTIVE', 'DISMISSED>ACTIVE' THEN
      IF acting <> 'CLINICIAN' THEN
        PERFORM kit.alert_refusal('alert_transition_role', 'only a clinician reopens alerts');
      END IF;
      IF btrim(coalesce(NEW.reason_text, '')) = '' OR NEW.reason_text IS NOT DISTINCT FROM OLD.reason_text THEN
        PERFORM kit.alert_refusal('alert_reopen_reason', 'reopening needs a reason of its own');
      END IF;
    ELSE
      PERFORM kit.alert_refusal('alert_transition', format('an alert does not go from %s to %s', OLD.status, NEW.status));
  END CASE;
  RETURN NEW;
END $$;

RESET ROLE;
