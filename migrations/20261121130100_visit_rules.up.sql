-- The state machines of visits, where no client can go around them, and what patients may do themselves. See docs/domain.md.
SET LOCAL ROLE almoner_owner;
SET LOCAL client_min_messages = warning;  -- DROP POLICY IF EXISTS has much to say

-- The guards also keep updated_at and row_version.
DROP TRIGGER IF EXISTS slot_touch ON slot;
DROP TRIGGER IF EXISTS visit_touch ON visit;
DROP TRIGGER IF EXISTS visit_request_touch ON visit_request;

CREATE OR REPLACE FUNCTION kit.slot_guard() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
  acting text := ctx.role();    -- NULL: maintenance by the owner, which the shape of the machine still binds
  actor uuid := ctx.actor();
  bookers CONSTANT text[] := '{CLINICIAN,MEDICAL_ASSISTANT}';
BEGIN
  IF TG_OP = 'INSERT' THEN
    IF current_user = 'almoner_app' AND NEW.status <> 'FREE' THEN
      PERFORM kit.visit_refusal('slot', 'slot_begins_free', 'a slot begins as FREE');
    END IF;
    RETURN NEW;
  END IF;
  NEW.updated_at := now();
  NEW.row_version := OLD.row_version + 1;
  IF NEW.status = OLD.status THEN
    IF NEW.held_until IS DISTINCT FROM OLD.held_until THEN
      PERFORM kit.visit_refusal('slot', 'slot_transition', 'a hold is not prolonged: release it and hold again');
    END IF;
    IF OLD.status <> 'FREE' AND (NEW.visit_mode, NEW.location) IS DISTINCT FROM (OLD.visit_mode, OLD.location) THEN
      PERFORM kit.visit_refusal('slot', 'slot_transition', 'what is promised stays as it was promised');
    END IF;
    RETURN NEW;
  END IF;
  IF OLD.status = 'FREE' AND NEW.status IN ('HELD', 'BOOKED') AND acting IS NOT NULL AND NEW.start_time <= clock_timestamp() THEN
    PERFORM kit.visit_refusal('slot', 'slot_in_past', 'the time has passed');
  END IF;
  CASE OLD.status || '>' || NEW.status
    WHEN 'FREE>HELD' THEN
      IF acting <> ALL (bookers) THEN
        PERFORM kit.visit_refusal('slot', 'slot_transition_role', 'this role may not hold a slot');
      END IF;
      IF acting IS NOT NULL AND (NEW.held_until <= clock_timestamp() OR NEW.held_until > now() + INTERVAL '7 days') THEN
        PERFORM kit.visit_refusal('slot', 'slot_hold_length', 'a hold ends within seven days');
      END IF;
    WHEN 'FREE>BOOKED' THEN
      IF acting <> ALL (bookers) THEN
        PERFORM kit.visit_refusal('slot', 'slot_transition_role', 'this role may not book a slot');
      END IF;
    WHEN 'HELD>BOOKED' THEN
      IF acting <> ALL (bookers || 'PATIENT'::text) THEN
        PERFORM kit.visit_refusal('slot', 'slot_transition_role', 'this role may not book a slot');
      END IF;
      IF acting IS NOT NULL AND OLD.held_until <= clock_timestamp() THEN
        PERFORM kit.visit_refusal('slot', 'slot_hold_expired', 'the hold has ended');
      END IF;
    WHEN 'HELD>FREE' THEN
      IF acting <> ALL (bookers || 'PATIENT'::text) AND NOT (acting = 'SERVICE' AND OLD.held_until <= clock_timestamp()) THEN
        PERFORM kit.visit_refusal('slot', 'slot_transition_role', 'this role may not release a hold');
      END IF;
    WHEN 'BOOKED>FREE' THEN
      IF acting <> ALL (bookers || 'PATIENT'::text) THEN
        PERFORM kit.visit_refusal('slot', 'slot_transition_role', 'this role may not free a slot');
      END IF;
      IF EXISTS (SELECT FROM public.visit AS v WHERE v.organization_id = OLD.organization_id AND v.slot_id = OLD.id AND v.status NOT IN ('CANCELLED', 'NO_SHOW')) THEN
        PERFORM kit.visit_refusal('slot', 'slot_has_visit', 'a visit still takes this slot');
      END IF;
    WHEN 'FREE>BLOCKED', 'BLOCKED>FREE' THEN
      IF acting NOT IN ('MEDICAL_ASSISTANT', 'MANAGER')
         AND NOT (acting = 'CLINICIAN' AND EXISTS (SELECT FROM public.staff AS s WHERE s.organization_id = OLD.organization_id AND s.id = OLD.staff_id AND s.user_id = actor)) THEN
        PERFORM kit.visit_refusal('slot', 'slot_transition_role', 'clinicians block their own time; medical assistants and managers anybody''s');
      END IF;
    ELSE
      PERFORM kit.visit_refusal('slot', 'slot_transition', format('a slot does not go from %s to %s', OLD.status, NEW.status));
  END CASE;
  RETURN NEW;
END $$;
COMMENT ON FUNCTION kit.slot_guard() IS 'State machine of slots: which moves there are, and who may make them.';
CREATE OR REPLACE TRIGGER slot_guard BEFORE INSERT OR UPDATE ON slot FOR EACH ROW EXECUTE FUNCTION kit.slot_guard();

CREATE OR REPLACE FUNCTION kit.visit_request_guard() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
  acting text := ctx.role();
  staff CONSTANT text[] := '{CLINICIAN,MEDICAL_ASSISTANT}';
  held public.slot;
BEGIN
  IF TG_OP = 'INSERT' THEN
    IF current_user = 'almoner_app' THEN
      IF NEW.status <> 'NEW' OR NEW.proposed_slot_id IS NOT NULL THEN
        PERFORM kit.visit_refusal('visit_request', 'visit_request_begins_new', 'a request begins as NEW');
      END IF;
      IF NEW.window_end <= clock_timestamp() OR NEW.requested_date < CURRENT_DATE - 1 THEN
        PERFORM kit.visit_refusal('visit_request', 'visit_request_window_ahead', 'the time asked for has passed');
      END IF;
      IF NEW.window_end > now() + INTERVAL '400 days' OR NEW.requested_date > CURRENT_DATE + 400 THEN
        PERFORM kit.visit_refusal('visit_request', 'visit_request_window_near', 'nobody plans that far ahead');
      END IF;
    END IF;
    RETURN NEW;
  END IF;
  NEW.updated_at := now();
  NEW.row_version := OLD.row_version + 1;
  IF NEW.status = OLD.status THEN
    IF acting = 'PATIENT' THEN
      PERFORM kit.visit_refusal('visit_request', 'visit_request_transition_role', 'a patient withdraws a request and makes another');
    END IF;
    IF NEW.proposed_slot_id IS DISTINCT FROM OLD.proposed_slot_id OR (NEW.acuity <> OLD.acuity AND NOT OLD.is_open) THEN
      PERFORM kit.visit_refusal('visit_request', 'visit_request_transition', 'what was decided stays');
    END IF;
    RETURN NEW;
  END IF;
  NEW.status_changed_at := clock_timestamp();
  IF NEW.status = 'CONVERTED_TO_VISIT' AND NOT EXISTS (SELECT FROM public.visit AS v WHERE v.organization_id = NEW.organization_id AND v.id = NEW.visit_id
       AND v.patient_id = NEW.patient_id AND v.slot_id IS NOT DISTINCT FROM NEW.proposed_slot_id) THEN
    PERFORM kit.visit_refusal('visit_request', 'visit_request_becomes_visit', 'a request becomes a visit of the same patient in the slot that was offered');
  END IF;
  IF NEW.proposed_slot_id IS NOT NULL THEN
    SELECT s.* INTO held FROM public.slot AS s WHERE s.organization_id = NEW.organization_id AND s.id = NEW.proposed_slot_id;
  END IF;
  CASE OLD.status || '>' || NEW.status
    WHEN 'NEW>TRIAGED' THEN
      IF acting <> ALL (staff) THEN
        PERFORM kit.visit_refusal('visit_request', 'visit_request_transition_role', 'this role does not triage');
      END IF;
    WHEN 'TRIAGED>AWAITING_PATIENT_CONFIRMATION' THEN
      IF acting <> ALL (staff) THEN
        PERFORM kit.visit_refusal('visit_request', 'visit_request_transition_role', 'this role does not offer times');
      END IF;
      IF acting IS NOT NULL AND (held.status IS DISTINCT FROM 'HELD' OR held.held_until <= clock_timestamp()) THEN
        PERFORM kit.visit_refusal('visit_request', 'visit_request_offer_held', 'only a slot that is held can be offered');
      END IF;
      NEW.decline_note := NULL;
    WHEN 'AWAITING_PATIENT_CONFIRMATION>CONVERTED_TO_VISIT' THEN
      IF acting NOT IN ('PATIENT', 'MEDICAL_ASSISTANT') THEN
        PERFORM kit.visit_refusal('visit_request', 'visit_request_transition_role', 'the patient says yes, or a medical assistant who heard it on the telephone');
      END IF;
      IF acting = 'MEDICAL_ASSISTANT' AND btrim(coalesce(NEW.confirmation_note, '')) = '' THEN
        PERFORM kit.visit_refusal('visit_request', 'visit_request_confirmation_note_required', 'say who confirmed it');
      END IF;
      IF acting IS NOT NULL AND held.status <> 'BOOKED' THEN
        PERFORM kit.visit_refusal('visit_request', 'visit_request_offer_held', 'the slot is not booked');
      END IF;
    WHEN 'TRIAGED>CONVERTED_TO_VISIT' THEN
      IF acting <> 'MEDICAL_ASSISTANT' OR OLD.request_type <> 'WALK_IN' THEN
        PERFORM kit.visit_refusal('visit_request', 'visit_request_transition_role', 'only a walk-in becomes a visit at once, by a medical assistant');
      END IF;
    WHEN 'AWAITING_PATIENT_CONFIRMATION>TRIAGED' THEN
      IF acting IS NOT NULL AND acting <> 'PATIENT' AND held.held_until > clock_timestamp()
         AND NOT (acting = ANY (staff) AND btrim(coalesce(NEW.decline_note, '')) <> '') THEN
        PERFORM kit.visit_refusal('visit_request', 'visit_request_transition_role', 'an offer stands until the patient declines or the hold ends');
      END IF;
      NEW.proposed_slot_id := NULL;
    WHEN 'NEW>CANCELLED', 'TRIAGED>CANCELLED', 'AWAITING_PATIENT_CONFIRMATION>CANCELLED' THEN
      IF acting <> ALL (staff || 'PATIENT'::text) THEN
        PERFORM kit.visit_refusal('visit_request', 'visit_request_transition_role', 'this role does not cancel requests');
      END IF;
      IF acting = ANY (staff) AND btrim(coalesce(NEW.cancel_reason, '')) = '' THEN
        PERFORM kit.visit_refusal('visit_request', 'visit_request_cancel_reason_required', 'say why it is cancelled');
      END IF;
    ELSE
      PERFORM kit.visit_refusal('visit_request', 'visit_request_transition', format('a request does not go from %s to %s', OLD.status, NEW.status));
  END CASE;
  RETURN NEW;
END $$;
COMMENT ON FUNCTION kit.visit_request_guard() IS 'State machine of requests for a visit: which moves there are, and who may make them.';
CREATE OR REPLACE TRIGGER visit_request_guard BEFORE INSERT OR UPDATE ON visit_request FOR EACH ROW EXECUTE FUNCTION kit.visit_request_guard();

CREATE OR REPLACE FUNCTION kit.visit_guard() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
  acting text := ctx.role();
  staff CONSTANT text[] := '{CLINICIAN,MEDICAL_ASSISTANT}';
BEGIN
  IF TG_OP = 'INSERT' THEN
    IF current_user = 'almoner_app' THEN
      IF NEW.status <> 'PLANNED' OR NEW.sequence <> 0 THEN
        PERFORM kit.visit_refusal('visit', 'visit_begins_planned', 'a visit begins as PLANNED');
      END IF;
      IF NEW.visit_type = 'SCHEDULED' AND NEW.start_time <= clock_timestamp() THEN
        PERFORM kit.visit_refusal('visit', 'visit_in_past', 'the time has passed');
      END IF;
      IF NEW.visit_type = 'SCHEDULED' AND NEW.slot_id IS NULL AND NEW.overbook_reason IS NULL THEN
        PERFORM kit.visit_refusal('visit', 'visit_takes_slot', 'a visit takes a slot, or somebody says why it needs none');
      END IF;
      -- A patient books what was offered, and nothing else.
      IF acting = 'PATIENT' AND NOT EXISTS (
           SELECT FROM public.visit_request AS r JOIN public.slot AS s ON s.organization_id = r.organization_id AND s.id = r.proposed_slot_id
           WHERE r.organization_id = NEW.organization_id AND r.patient_id = NEW.patient_id AND r.status = 'AWAITING_PATIENT_CONFIRMATION' AND s.id = NEW.slot_id
             AND s.status = 'BOOKED' AND (s.staff_id, s.facility_id, s.start_time, s.end_time, s.visit_mode) = (NEW.staff_id, NEW.facility_id, NEW.start_time, NEW.end_time, NEW.visit_mode)
             AND NEW.visit_type = 'SCHEDULED' AND NEW.overbook_reason IS NULL) THEN
        PERFORM kit.visit_refusal('visit', 'visit_was_offered', 'a patient books what was offered');
      END IF;
    END IF;
    RETURN NEW;
  END IF;
  NEW.updated_at := now();
  NEW.row_version := OLD.row_version + 1;
  IF NEW.staff_id IS DISTINCT FROM OLD.staff_id AND NOT (OLD.staff_id IS NULL AND OLD.status = 'CHECKED_IN') THEN
    PERFORM kit.visit_refusal('visit', 'visit_transition', 'a visit with somebody else is another visit');
  END IF;
  IF NEW.status = OLD.status THEN
    IF acting = 'PATIENT' THEN
      PERFORM kit.visit_refusal('visit', 'visit_transition_role', 'a patient cancels a visit or arrives for it');
    END IF;
    RETURN NEW;
  END IF;
  CASE OLD.status || '>' || NEW.status
    WHEN 'PLANNED>CHECKED_IN' THEN
      IF acting <> ALL (staff) AND NOT (acting = 'PATIENT' AND OLD.visit_mode = 'VIRTUAL') THEN
        PERFORM kit.visit_refusal('visit', 'visit_transition_role', 'staff check people in; patients themselves for a video visit');
      END IF;
      IF acting = 'PATIENT' AND OLD.start_time > clock_timestamp() + INTERVAL '30 minutes' THEN
        PERFORM kit.visit_refusal('visit', 'visit_too_early', 'the waiting room opens half an hour before');
      END IF;
      NEW.checked_in_at := clock_timestamp();
    WHEN 'PLANNED>NO_SHOW' THEN
      IF acting <> ALL (staff) THEN
        PERFORM kit.visit_refusal('visit', 'visit_transition_role', 'this role does not say who did not come');
      END IF;
      IF acting IS NOT NULL AND OLD.start_time > clock_timestamp() THEN
        PERFORM kit.visit_refusal('visit', 'visit_not_begun', 'nobody is missing before the visit was to begin');
      END IF;
      NEW.ended_at := clock_timestamp();
    WHEN 'PLANNED>CANCELLED' THEN
      IF acting <> ALL (staff || 'PATIENT'::text) THEN
        PERFORM kit.visit_refusal('visit', 'visit_transition_role', 'this role does not cancel visits');
      END IF;
      IF acting = 'PATIENT' AND (OLD.is_group OR clock_timestamp() > OLD.start_time - kit.visit_cutoff(OLD.organization_id)) THEN
        PERFORM kit.visit_refusal('visit', 'visit_cutoff_passed', 'it is too late to cancel in the portal');
      END IF;
      NEW.ended_at := clock_timestamp();
      NEW.sequence := OLD.sequence + 1;
    WHEN 'CHECKED_IN>IN_PROGRESS' THEN
      IF acting <> 'CLINICIAN' THEN
        PERFORM kit.visit_refusal('visit', 'visit_transition_role', 'a clinician begins a visit');
      END IF;
      IF NEW.staff_id IS NULL THEN
        PERFORM kit.visit_refusal('visit', 'visit_transition', 'somebody has to see them');
      END IF;
      NEW.started_at := clock_timestamp();
    WHEN 'CHECKED_IN>NO_SHOW', 'CHECKED_IN>CANCELLED' THEN
      IF acting <> ALL (staff) THEN
        PERFORM kit.visit_refusal('visit', 'visit_transition_role', 'this role does not end visits');
      END IF;
      NEW.ended_at := clock_timestamp();
      NEW.sequence := OLD.sequence + CASE NEW.status WHEN 'CANCELLED' THEN 1 ELSE 0 END;
    WHEN 'IN_PROGRESS>COMPLETED', 'IN_PROGRESS>CANCELLED' THEN
      IF acting <> 'CLINICIAN' THEN
        PERFORM kit.visit_refusal('visit', 'visit_transition_role', 'a clinician ends a visit');
      END IF;
      NEW.ended_at := clock_timestamp();
      NEW.sequence := OLD.sequence + CASE NEW.status WHEN 'CANCELLED' THEN 1 ELSE 0 END;
    ELSE
      PERFORM kit.visit_refusal('visit', 'visit_transition', format('a visit does not go from %s to %s', OLD.status, NEW.status));
  END CASE;
  RETURN NEW;
END $$;
COMMENT ON FUNCTION kit.visit_guard() IS 'State machine of visits: which moves there are, and who may make them.';
CREATE OR REPLACE TRIGGER visit_guard BEFORE INSERT OR UPDATE ON visit FOR EACH ROW EXECUTE FUNCTION kit.visit_guard();

-- In a trigger rather than a policy: the policies of visit look at visit_participant, and PostgreSQL would see a circle.
CREATE OR REPLACE FUNCTION kit.visit_participant_guard() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
  IF ctx.role() = 'PATIENT' AND NOT EXISTS (SELECT FROM public.visit AS v WHERE v.organization_id = NEW.organization_id AND v.id = NEW.visit_id
                                            AND v.patient_id = NEW.patient_id AND v.status = 'PLANNED') THEN
    PERFORM kit.visit_refusal('visit_participant', 'visit_participant_own', 'a patient takes part in their own visits');
  END IF;
  RETURN NEW;
END $$;
COMMENT ON FUNCTION kit.visit_participant_guard() IS 'Patients join no visit but their own.';
CREATE OR REPLACE TRIGGER visit_participant_guard BEFORE INSERT ON visit_participant FOR EACH ROW EXECUTE FUNCTION kit.visit_participant_guard();

-- Patients: what is theirs. A request is theirs; a slot while it is offered to them or taken by their visit; a visit when they take part in it.
DROP POLICY IF EXISTS patient_reads_own ON visit_request;
CREATE POLICY patient_reads_own ON visit_request FOR SELECT TO almoner_app USING ((SELECT ctx.role() = 'PATIENT') AND patient_id = ANY ((SELECT ctx.own_patients())::uuid[]));
DROP POLICY IF EXISTS patient_adds_own ON visit_request;
CREATE POLICY patient_adds_own ON visit_request FOR INSERT TO almoner_app
  WITH CHECK ((SELECT ctx.role() = 'PATIENT') AND patient_id = ANY ((SELECT ctx.own_patients())::uuid[]) AND acuity <> 'RED'
              AND EXISTS (SELECT 1 FROM patient AS p WHERE p.organization_id = visit_request.organization_id AND p.id = visit_request.patient_id AND p.facility_id = visit_request.facility_id));
DROP POLICY IF EXISTS patient_changes_own ON visit_request;
CREATE POLICY patient_changes_own ON visit_request FOR UPDATE TO almoner_app
  USING ((SELECT ctx.role() = 'PATIENT') AND patient_id = ANY ((SELECT ctx.own_patients())::uuid[])) WITH CHECK ((SELECT ctx.role() = 'PATIENT') AND patient_id = ANY ((SELECT ctx.own_patients())::uuid[]));
-- Carers ask for the residents they look after.
DROP POLICY IF EXISTS carer_reads ON visit_request;
CREATE POLICY carer_reads ON visit_request FOR SELECT TO almoner_app USING ((SELECT ctx.role() = 'CARER') AND (facility_id = ANY ((SELECT ctx.facilities())::uuid[]) OR (SELECT ctx.everywhere())));
DROP POLICY IF EXISTS carer_adds ON visit_request;
CREATE POLICY carer_adds ON visit_request FOR INSERT TO almoner_app WITH CHECK ((SELECT ctx.role() = 'CARER') AND (facility_id = ANY ((SELECT ctx.facilities())::uuid[]) OR (SELECT ctx.everywhere())));

DROP POLICY IF EXISTS patient_reads_own ON visit;
CREATE POLICY patient_reads_own ON visit FOR SELECT TO almoner_app
  USING ((SELECT ctx.role() = 'PATIENT') AND (patient_id = ANY ((SELECT ctx.own_patients())::uuid[])
         OR EXISTS (SELECT 1 FROM visit_participant AS w WHERE w.organization_id = visit.organization_id AND w.visit_id = visit.id AND w.patient_id = ANY ((SELECT ctx.own_patients())::uuid[]))));
DROP POLICY IF EXISTS patient_adds_own ON visit;
CREATE POLICY patient_adds_own ON visit FOR INSERT TO almoner_app WITH CHECK ((SELECT ctx.role() = 'PATIENT') AND patient_id = ANY ((SELECT ctx.own_patients())::uuid[]));
DROP POLICY IF EXISTS patient_changes_own ON visit;
CREATE POLICY patient_changes_own ON visit FOR UPDATE TO almoner_app
  USING ((SELECT ctx.role() = 'PATIENT') AND patient_id = ANY ((SELECT ctx.own_patients())::uuid[])) WITH CHECK ((SELECT ctx.role() = 'PATIENT') AND patient_id = ANY ((SELECT ctx.own_patients())::uuid[]));
DROP POLICY IF EXISTS patient_adds_own ON visit_participant;
CREATE POLICY patient_adds_own ON visit_participant FOR INSERT TO almoner_app
  WITH CHECK ((SELECT ctx.role() = 'PATIENT') AND patient_id = ANY ((SELECT ctx.own_patients())::uuid[]) AND attendance = 'EXPECTED');

DROP POLICY IF EXISTS patient_reads_own ON slot;
CREATE POLICY patient_reads_own ON slot FOR SELECT TO almoner_app
  USING ((SELECT ctx.role() = 'PATIENT')
         AND (EXISTS (SELECT 1 FROM visit_request AS r WHERE r.organization_id = slot.organization_id AND r.proposed_slot_id = slot.id AND r.patient_id = ANY ((SELECT ctx.own_patients())::uuid[]))
              OR EXISTS (SELECT 1 FROM visit AS v WHERE v.organization_id = slot.organization_id AND v.slot_id = slot.id AND v.patient_id = ANY ((SELECT ctx.own_patients())::uuid[]))));
DROP POLICY IF EXISTS patient_changes_own ON slot;
CREATE POLICY patient_changes_own ON slot FOR UPDATE TO almoner_app
  USING ((SELECT ctx.role() = 'PATIENT')
         AND ((status = 'HELD' AND EXISTS (SELECT 1 FROM visit_request AS r WHERE r.organization_id = slot.organization_id AND r.proposed_slot_id = slot.id
                                           AND r.patient_id = ANY ((SELECT ctx.own_patients())::uuid[]) AND r.status = 'AWAITING_PATIENT_CONFIRMATION'))
              OR (status = 'BOOKED' AND EXISTS (SELECT 1 FROM visit AS v WHERE v.organization_id = slot.organization_id AND v.slot_id = slot.id AND v.patient_id = ANY ((SELECT ctx.own_patients())::uuid[])))))
  WITH CHECK ((SELECT ctx.role() = 'PATIENT'));

-- Their own moves belong to the history as well, and they may read it.
DROP POLICY IF EXISTS patient_reads_visits ON status_change;
CREATE POLICY patient_reads_visits ON status_change FOR SELECT TO almoner_app
  USING ((SELECT ctx.role() = 'PATIENT') AND subject_kind IN ('visit', 'visit_request') AND patient_id = ANY ((SELECT ctx.own_patients())::uuid[]));
DROP POLICY IF EXISTS patient_adds_visits ON status_change;
CREATE POLICY patient_adds_visits ON status_change FOR INSERT TO almoner_app
  WITH CHECK (changed_by_id = (SELECT ctx.actor()) AND (SELECT ctx.role() = 'PATIENT') AND subject_kind IN ('visit', 'visit_request') AND patient_id = ANY ((SELECT ctx.own_patients())::uuid[]));

RESET ROLE;
