//! How a row of each table is made, found and changed.
//!
//! In the statements `{org}`, `{facility}`, `{patient}`, `{owner}`, `{alert}`, `{case}` and `{helper}` stand for those of the place, `{role}`
//! for the role of the persona, `{id}` and `{n}` for a new id and a new number.

use std::sync::atomic::{AtomicU32, Ordering};

use sqlx::PgConnection;

use crate::scene::{Persona, Place};
use crate::schema::run;

static NEXT: AtomicU32 = AtomicU32::new(1000);

pub struct Table {
    /// The line in the document.
    pub label: &'static str,
    /// Its name.
    pub name: &'static str,
    /// The letters of the places that make a difference.
    pub places: &'static str,
    /// What names a row, with the value.
    key: &'static str,
    /// Makes a row.
    insert: &'static str,
    /// Makes the row that is read and changed, where that is another one; empty where the scene has it.
    arranged: Option<&'static str>,
    /// Changes a row, harmlessly.
    update: &'static str,
}

/// What a row is called, once made.
pub struct Row {
    condition: String,
}

impl Table {
    const fn new(name: &'static str, places: &'static str, insert: &'static str, update: &'static str) -> Self {
        Self { label: name, name, places, key: "id = '{id}'", insert, arranged: None, update }
    }

    const fn labelled(self, label: &'static str) -> Self {
        Self { label, ..self }
    }

    const fn keyed(self, key: &'static str) -> Self {
        Self { key, ..self }
    }

    const fn arranged(self, arranged: &'static str) -> Self {
        Self { arranged: Some(arranged), ..self }
    }

    /// Makes the row of a place, past every policy.
    pub async fn arrange(&self, conn: &mut PgConnection, place: Place, persona: &Persona) -> Row {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let statement = fill(self.arranged.unwrap_or(self.insert), place, persona, number);
        if !statement.is_empty() {
            run(conn, &statement).await.unwrap_or_else(|error| panic!("{statement}: {error}"));
        }
        Row { condition: fill(self.key, place, persona, number) }
    }

    pub fn read(&self, row: &Row) -> String {
        // FOR a row count, and only with columns that every role may read.
        format!("SELECT 1 FROM {} WHERE {}", self.name, row.condition)
    }

    pub fn add(&self, place: Place, persona: &Persona) -> Option<String> {
        (!self.insert.is_empty()).then(|| fill(self.insert, place, persona, NEXT.fetch_add(1, Ordering::Relaxed)))
    }

    pub fn change(&self, row: &Row) -> String {
        format!("UPDATE {} SET {} WHERE {}", self.name, self.update, row.condition)
    }
}

fn fill(statement: &str, place: Place, persona: &Persona, number: u32) -> String {
    statement
        .replace("{org}", place.organization())
        .replace("{facility}", place.facility())
        .replace("{patient}", place.patient(persona))
        .replace("{owner}", &place.owner(persona))
        .replace("{alert}", place.alert())
        .replace("{case}", place.case())
        .replace("{helper}", place.helper())
        .replace("{role}", if persona.role.is_empty() { "NONE" } else { persona.role })
        .replace("{id}", &format!("00000000-0000-7000-8000-{number:012}"))
        .replace("{n}", &number.to_string())
}

/// Every table, in the order of the migrations.
pub const TABLES: &[Table] = &[
    Table::new("organization", "hf", "INSERT INTO organization (id, name) VALUES ('{org}', 'x')", "name = 'y'").arranged("").keyed("id = '{org}'"),
    Table::new("facility", "htf", "INSERT INTO facility (organization_id, id, name, kind) VALUES ('{org}', '{id}', 'New {n}', 'CLINIC')", "address = 'y'")
        .arranged("")
        .keyed("id = '{facility}'"),
    Table::new(
        "app_user",
        "hof",
        "INSERT INTO app_user (organization_id, id, email, first_name, last_name, status) VALUES ('{org}', '{id}', 'new{n}@example.org', 'x', 'y', 'INVITED')",
        "status = 'ACTIVE'",
    )
    .arranged("")
    .keyed("id = '{owner}'"),
    Table::new(
        "membership",
        "htof",
        "INSERT INTO membership (organization_id, id, user_id, facility_id, role) VALUES ('{org}', '{id}', '{owner}', '{facility}', 'CLINICIAN')",
        "ends_on = starts_on",
    ),
    Table::new(
        "membership",
        "htof",
        "INSERT INTO membership (organization_id, id, user_id, facility_id, role) VALUES ('{org}', '{id}', '{owner}', '{facility}', 'CARER')",
        "ends_on = starts_on",
    )
    .labelled("membership of a CARER"),
    Table::new(
        "membership",
        "htof",
        "INSERT INTO membership (organization_id, id, user_id, facility_id, role) VALUES ('{org}', '{id}', '{owner}', '{facility}', 'PATIENT')",
        "ends_on = starts_on",
    )
    .labelled("membership of a PATIENT"),
    Table::new(
        "user_session",
        "hof",
        "INSERT INTO user_session (organization_id, id, user_id, token_hash, role, expires_at) VALUES ('{org}', '{id}', '{owner}', '{n}', 'CLERK', now())",
        "ended_at = now(), end_reason = 'REVOKED'",
    ),
    Table::new(
        "user_token",
        "hf",
        "INSERT INTO user_token (organization_id, id, user_id, purpose, token_hash, expires_at) VALUES ('{org}', '{id}', '{owner}', 'ACTIVATION', '{n}', now())",
        "used_at = now()",
    ),
    Table::new(
        "second_factor",
        "hof",
        "INSERT INTO second_factor (organization_id, user_id, secret_enc) VALUES ('{org}', '{owner}', 'x')",
        "secret_enc = NULL, confirmed_at = NULL",
    )
    .keyed("user_id = '{owner}'"),
    Table::new(
        "recovery_code",
        "hof",
        "INSERT INTO recovery_code (organization_id, id, user_id, code_hash) VALUES ('{org}', '{id}', '{owner}', '{n}')",
        "used_at = now()",
    ),
    Table::new(
        "service_account",
        "hf",
        "INSERT INTO service_account (organization_id, id, name, secret_enc) VALUES ('{org}', '{id}', 'New {n}', 'x')",
        "last_used_at = now()",
    ),
    Table::new(
        "ingest_receipt",
        "hf",
        "INSERT INTO ingest_receipt (organization_id, service_account_id, message_id) VALUES ('{org}', '{helper}', '{n}')",
        "result_is_new = false",
    )
    .keyed("message_id = '{n}'"),
    Table::new("data_key", "hf", "INSERT INTO data_key (organization_id, id, key_id, wrapped) VALUES ('{org}', '{id}', {n}, 'x')", "wrapped = 'y'"),
    Table::new("rate_limit", "h", "INSERT INTO rate_limit (key, window_start) VALUES ('{n}', now())", "count = 1").keyed("key = '{n}'"),
    Table::new("auth.session", "h", "INSERT INTO auth.session (id, data, expiry_date) VALUES ('{n}', 'x', now())", "data = 'y'").keyed("id = '{n}'"),
    Table::new(
        "audit_event",
        "htomf",
        "INSERT INTO audit_event (organization_id, id, actor_kind, actor_id, acting_role, action, resource_type, patient_id, facility_id)
         VALUES ('{org}', '{id}', 'USER', '{owner}', '{role}', 'VIEW', 'patient', '{patient}', '{facility}')",
        "action = 'X'",
    )
    .labelled("audit_event of a patient"),
    Table::new(
        "audit_event",
        "hof",
        "INSERT INTO audit_event (organization_id, id, actor_kind, actor_id, acting_role, action, resource_type)
         VALUES ('{org}', '{id}', 'USER', '{owner}', '{role}', 'LOGIN', 'session')",
        "action = 'X'",
    )
    .labelled("audit_event of a sign-in"),
    Table::new(
        "audit_segment",
        "hf",
        "INSERT INTO audit_segment (organization_id, number, first_seq, last_seq, event_count, prev_hash, hash, seqs) VALUES ('{org}', {n}, 1, 1, 1, 'x', 'y', '{[1,1]}')",
        "hash = 'z'",
    )
    .keyed("number = {n}"),
    Table::new("audit_progress", "hf", "INSERT INTO audit_progress (organization_id) VALUES ('{org}')", "horizon = 1").keyed("organization_id = '{org}'"),
    Table::new(
        "audit_patient",
        "htmf",
        "WITH e AS (INSERT INTO audit_event (organization_id, actor_kind, action, resource_type, patient_ids, facility_id)
                    VALUES ('{org}', 'SYSTEM', 'VIEW', 'patient', ARRAY['{patient}']::uuid[], '{facility}') RETURNING seq)
         INSERT INTO audit_patient (organization_id, patient_id, seq) SELECT '{org}', '{patient}', seq FROM e",
        "patient_id = patient_id",
    )
    .keyed("patient_id = '{patient}'"),
    Table::new(
        "status_change",
        "htomf",
        "INSERT INTO status_change (organization_id, id, subject_kind, subject_id, patient_id, facility_id, to_status, changed_by_id)
         VALUES ('{org}', '{id}', 'patient', '{patient}', '{patient}', '{facility}', 'ACTIVE', '{owner}')",
        "reason = 'x'",
    ),
    Table::new("job", "hf", "INSERT INTO job (id, organization_id, kind) VALUES ('{id}', '{org}', 'a.b')", "state = 'QUEUED', finished_at = NULL")
        .arranged("INSERT INTO job (id, organization_id, kind, state, finished_at) VALUES ('{id}', '{org}', 'a.b', 'DEAD', now())"),
    Table::new("job_schedule", "h", "INSERT INTO job_schedule (name, next_run_at) VALUES ('{n}', now())", "last_run_at = now()").keyed("name = '{n}'"),
    Table::new("staff", "htf", "INSERT INTO staff (organization_id, id, facility_id, name) VALUES ('{org}', '{id}', '{facility}', 'x')", "job_title = 'y'"),
    Table::new(
        "patient",
        "htmf",
        "INSERT INTO patient (organization_id, id, facility_id, first_name, last_name, name_key, given_key, date_of_birth)
         VALUES ('{org}', '{id}', '{facility}', 'x', 'y', 'y x', 'x y', '1950-01-01')",
        "height_cm = 170",
    )
    .arranged("")
    .keyed("id = '{patient}'"),
    Table::new(
        "portal_account",
        "htof",
        "INSERT INTO portal_account (organization_id, id, patient_id, user_id, relationship, scopes) VALUES ('{org}', '{id}', '{patient}', '{owner}', 'OTHER', '{VISITS}')
         ON CONFLICT (organization_id, patient_id, user_id) WHERE status <> 'REVOKED' DO UPDATE SET id = excluded.id",
        "scopes = '{VISITS,DETAILS}'",
    ),
    Table::new(
        "portal_invitation",
        "htf",
        "INSERT INTO portal_invitation (organization_id, id, account_id, user_id, token_hash, expires_at)
         VALUES ('{org}', '{id}', (SELECT id FROM portal_account WHERE patient_id = '{patient}' AND user_id = '{owner}'), '{owner}', '{n}', now())",
        "withdrawn_at = now()",
    )
    .arranged(
        "WITH a AS (INSERT INTO portal_account (organization_id, id, patient_id, user_id, relationship, scopes) VALUES ('{org}', '{id}', '{patient}', '{owner}', 'OTHER', '{VISITS}') RETURNING id)
         INSERT INTO portal_invitation (organization_id, id, account_id, user_id, token_hash, expires_at) SELECT '{org}', '{id}', id, '{owner}', '{n}', now() FROM a",
    ),
    Table::new("patient_flag", "htmf", "INSERT INTO patient_flag (organization_id, id, patient_id, code) VALUES ('{org}', '{id}', '{patient}', 'F{n}')", "note = 'y'"),
    Table::new(
        "care_team_member",
        "htmf",
        "INSERT INTO care_team_member (organization_id, id, patient_id, staff_id, role) VALUES ('{org}', '{id}', '{patient}', '{helper}', 'x')",
        "role = 'y'",
    ),
    Table::new(
        "patient_contact",
        "htmf",
        "INSERT INTO patient_contact (organization_id, id, patient_id, name_enc, relationship) VALUES ('{org}', '{id}', '{patient}', 'x', 'Sister')",
        "is_emergency = true",
    ),
    Table::new(
        "detail_change",
        "htmf",
        "INSERT INTO detail_change (organization_id, id, patient_id, field, asked_enc, created_by_id) VALUES ('{org}', '{id}', '{patient}', 'CONTACT_ADD', 'x', ctx.actor())",
        "status = 'REFUSED', reason = 'y'",
    ),
    Table::new("coverage", "htmf", "INSERT INTO coverage (organization_id, id, patient_id, payer) VALUES ('{org}', '{id}', '{patient}', 'x')", "payer = 'y'"),
    Table::new("condition", "htmf", "INSERT INTO condition (organization_id, id, patient_id, text) VALUES ('{org}', '{id}', '{patient}', 'x')", "text = 'y'"),
    Table::new("allergy", "htmf", "INSERT INTO allergy (organization_id, id, patient_id, substance) VALUES ('{org}', '{id}', '{patient}', 'x')", "substance = 'y'"),
    Table::new(
        "alert",
        "htomf",
        "INSERT INTO alert (organization_id, id, facility_id, patient_id, assignee_id, type, severity, title)
         VALUES ('{org}', '{id}', '{facility}', '{patient}', '{owner}', 'T1', 'INFO', 'x')",
        "due_at = now()",
    ),
    Table::new(
        "comment",
        "htof",
        "INSERT INTO comment (organization_id, id, subject_kind, subject_id, facility_id, author_id, body_enc)
         VALUES ('{org}', '{id}', 'alert', '{alert}', '{facility}', '{owner}', 'x')",
        "body_enc = 'y'",
    )
    .labelled("comment on an alert"),
    Table::new(
        "saved_view",
        "hof",
        "INSERT INTO saved_view (organization_id, id, user_id, page, name, query) VALUES ('{org}', '{id}', '{owner}', 'alerts', 'View {n}', 'x')",
        "query = 'y'",
    ),
    Table::new(
        "saved_view",
        "htof",
        "INSERT INTO saved_view (organization_id, id, user_id, facility_id, page, name, query, shared) VALUES ('{org}', '{id}', '{owner}', '{facility}', 'alerts', 'View {n}', 'x', true)",
        "query = 'y'",
    )
    .labelled("saved_view shared with a facility"),
    Table::new("case_counter", "hf", "INSERT INTO case_counter (organization_id, last_number) VALUES ('{org}', {n})", "last_number = 99")
        .arranged("")
        .keyed("organization_id = '{org}'"),
    Table::new(
        "cases",
        "htof",
        "INSERT INTO cases (organization_id, id, facility_id, title, created_by_id) VALUES ('{org}', '{id}', '{facility}', 'x', '{owner}')",
        "move_reason = 'x'",
    )
    .labelled("cases opened by them"),
    Table::new("cases", "htof", "", "move_reason = 'x'")
        .arranged(
            "INSERT INTO cases (organization_id, id, facility_id, title, created_by_id, assigned_to_id, status)
             VALUES ('{org}', '{id}', '{facility}', 'x', (SELECT created_by_id FROM cases WHERE id = '{case}'), '{owner}', 'ASSIGNED')",
        )
        .labelled("cases assigned to them"),
    Table::new(
        "status_change",
        "htomf",
        "INSERT INTO status_change (organization_id, id, subject_kind, subject_id, patient_id, facility_id, to_status, changed_by_id)
         VALUES ('{org}', '{id}', 'case', '{case}', '{patient}', '{facility}', 'NEW', '{owner}')",
        "reason = 'x'",
    )
    .labelled("status_change of a case"),
    Table::new(
        "case_follower",
        "htof",
        "INSERT INTO case_follower (organization_id, id, case_id, user_id) VALUES ('{org}', '{id}', '{case}', '{owner}')",
        "deleted_at = now()",
    ),
    Table::new(
        "form_draft",
        "hof",
        "INSERT INTO form_draft (organization_id, id, user_id, form, subject_id) VALUES ('{org}', '{id}', '{owner}', 'cases.new', '{id}')",
        "payload_enc = 'y'",
    ),
    Table::new(
        "availability",
        "htf",
        "INSERT INTO availability (organization_id, id, facility_id, staff_id, day_of_week, start_time, end_time, visit_mode)
         VALUES ('{org}', '{id}', '{facility}', '{helper}', 1, '09:00', '12:00', 'VIRTUAL')",
        "location = 'y'",
    ),
    Table::new(
        "staff_leave",
        "htf",
        "INSERT INTO staff_leave (organization_id, id, facility_id, staff_id, starts_at, ends_at)
         VALUES ('{org}', '{id}', '{facility}', '{helper}', now(), now() + INTERVAL '1 day')",
        "note = 'y'",
    ),
    Table::new(
        "slot",
        "htf",
        "INSERT INTO slot (organization_id, id, facility_id, staff_id, start_time, end_time, visit_mode)
         VALUES ('{org}', '{id}', '{facility}', '{helper}', TIMESTAMPTZ '2030-01-01 00:00+00' + {n} * INTERVAL '1 hour', TIMESTAMPTZ '2030-01-01 00:30+00' + {n} * INTERVAL '1 hour', 'VIRTUAL')",
        "note = 'y'",
    ),
    Table::new(
        "visit",
        "htmf",
        "INSERT INTO visit (organization_id, id, facility_id, patient_id, staff_id, visit_type, visit_mode, start_time, end_time, overbook_reason)
         VALUES ('{org}', '{id}', '{facility}', '{patient}', '{helper}', 'SCHEDULED', 'VIRTUAL', now() + INTERVAL '1 day', now() + INTERVAL '25 hours', 'x')",
        "cancel_reason = 'y'",
    ),
    Table::new(
        "visit_participant",
        "htmf",
        "INSERT INTO visit_participant (organization_id, id, visit_id, patient_id) VALUES ('{org}', '{id}', '{alert}', '{patient}')
         ON CONFLICT (organization_id, visit_id, patient_id) DO UPDATE SET attendance = 'ATTENDED'",
        "attendance = 'ATTENDED'",
    )
    .keyed("patient_id = '{patient}'"),
    Table::new(
        "visit_request",
        "htmf",
        "INSERT INTO visit_request (organization_id, id, facility_id, patient_id, visit_mode, reason_text) VALUES ('{org}', '{id}', '{facility}', '{patient}', 'VIRTUAL', 'x')",
        "decline_note = 'y'",
    ),
    Table::new(
        "virtual_session",
        "htmf",
        "INSERT INTO virtual_session (organization_id, id, facility_id, visit_id, patient_id, provider_id, room_id)
         VALUES ('{org}', '{id}', '{facility}', overlay('{patient}' placing 'ee' from 1)::uuid, '{patient}',
                 CASE right('{org}', 1) WHEN '1' THEN 'a0000000-0000-7000-8000-000000000002' ELSE 'a0000000-0000-7000-8000-000000000100' END::uuid, 'the-room-of-a-scene-{n}-{n}')",
        "status = 'NOT_STARTED'",
    ),
    Table::new(
        "virtual_signal",
        "htmf",
        "INSERT INTO virtual_signal (organization_id, id, session_id, party, kind, sender)
         VALUES ('{org}', '{id}', overlay('{patient}' placing 'ef' from 1)::uuid, CASE '{role}' WHEN 'PATIENT' THEN 'PATIENT' ELSE 'PROVIDER' END, 'hello', 'page-of-a-scene')",
        "body = 'y'",
    )
    .arranged(
        "INSERT INTO virtual_session (organization_id, id, facility_id, visit_id, patient_id, provider_id, room_id, status, patient_joined_at, provider_joined_at, admitted_at)
         VALUES ('{org}', overlay('{patient}' placing 'ef' from 1)::uuid, '{facility}', overlay('{patient}' placing 'ee' from 1)::uuid, '{patient}',
                 CASE right('{org}', 1) WHEN '1' THEN 'a0000000-0000-7000-8000-000000000002' ELSE 'a0000000-0000-7000-8000-000000000100' END::uuid, 'the-room-of-a-scene-{n}-{n}', 'ACTIVE', now(), now(), now());
         INSERT INTO virtual_signal (organization_id, id, session_id, party, kind, sender)
         VALUES ('{org}', '{id}', overlay('{patient}' placing 'ef' from 1)::uuid, CASE '{role}' WHEN 'PATIENT' THEN 'PATIENT' ELSE 'PROVIDER' END, 'hello', 'page-of-a-scene')",
    ),
    Table::new(
        "visit_guest",
        "htmf",
        "INSERT INTO visit_guest (organization_id, id, facility_id, visit_id, patient_id, kind, name_enc, token_hash)
         VALUES ('{org}', '{id}', '{facility}', overlay('{patient}' placing 'ee' from 1)::uuid, '{patient}', 'OTHER', 'x', sha256('{n}'))",
        "revoked_at = now()",
    ),
    Table::new(
        "calendar_feed",
        "hof",
        "INSERT INTO calendar_feed (organization_id, id, staff_id, user_id, token_hash, revoked_at) VALUES ('{org}', '{id}', '{helper}', '{owner}', '{n}', now())",
        "revoked_at = now()",
    ),
    Table::new("notification", "hof", "", "read_at = now()")
        .arranged("INSERT INTO notification (organization_id, id, recipient_id, channel, kind, subject_id, payload, idempotency_key) VALUES ('{org}', '{id}', '{owner}', 'IN_APP', 'alert.assigned', '{id}', '{\"path\": \"/alerts\"}', '{n}')"),
    Table::new(
        "notification_preference",
        "hof",
        "INSERT INTO notification_preference (organization_id, user_id) VALUES ('{org}', '{owner}')",
        "bundle_minutes = 5",
    )
    .keyed("user_id = '{owner}'")
    .arranged("INSERT INTO notification_preference (organization_id, user_id) VALUES ('{org}', '{owner}') ON CONFLICT DO NOTHING"),
    Table::new(
        "notification_gateway",
        "hf",
        "INSERT INTO notification_gateway (organization_id, id, channel, url, secret_enc) VALUES ('{org}', '{id}', 'CHAT', 'https://x.example/', 'x')",
        "url = 'https://y.example/'",
    )
    .keyed("channel = 'SMS' AND organization_id = '{org}'")
    .arranged("INSERT INTO notification_gateway (organization_id, id, channel, url, secret_enc) VALUES ('{org}', '{id}', 'SMS', 'https://x.example/', 'x') ON CONFLICT DO NOTHING"),
    Table::new(
        "thread",
        "htomf",
        "INSERT INTO thread (organization_id, id, facility_id, patient_id, created_by_id) VALUES ('{org}', '{id}', '{facility}', '{patient}', '{owner}')",
        "category = 'OTHER'",
    ),
    Table::new("thread", "htof", "", "category = 'OTHER'")
        .arranged("INSERT INTO thread (organization_id, id, facility_id, patient_id, assignee_id) VALUES ('{org}', '{id}', '{facility}', '{patient}', '{owner}')")
        .labelled("thread assigned to them"),
    Table::new("thread_participant", "htof", "", "unread_count = 0")
        .arranged(
            "WITH t AS (INSERT INTO thread (organization_id, id, facility_id, patient_id) VALUES ('{org}', '{id}', '{facility}', '{patient}') RETURNING *)
             INSERT INTO thread_participant (organization_id, id, thread_id, user_id, facility_id, side) SELECT organization_id, id, id, '{owner}', facility_id, 'STAFF' FROM t",
        ),
    Table::new(
        "message",
        "htomf",
        "INSERT INTO message (organization_id, id, thread_id, sender_side, content_enc, created_by_id)
         VALUES ('{org}', '{id}', (SELECT id FROM thread WHERE organization_id = '{org}' AND facility_id = '{facility}' AND patient_id = '{patient}' LIMIT 1), 'PATIENT', 'x', '{owner}')",
        "content_enc = 'y'",
    )
    .arranged(
        "WITH t AS (INSERT INTO thread (organization_id, id, facility_id, patient_id) VALUES ('{org}', '{id}', '{facility}', '{patient}') RETURNING *)
         INSERT INTO message (organization_id, id, thread_id, sender_side, sender_id, content_enc) SELECT organization_id, id, id, 'PATIENT', '{owner}', 'x' FROM t",
    ),
    Table::new("message_retraction", "htf", "", "reason = 'y'")
        .keyed("message_id = '{id}'")
        .arranged(
            "WITH t AS (INSERT INTO thread (organization_id, id, facility_id, patient_id) VALUES ('{org}', '{id}', '{facility}', '{patient}') RETURNING *),
                  m AS (INSERT INTO message (organization_id, id, thread_id, sender_side, sender_id, content_enc) SELECT organization_id, id, id, 'STAFF', '{owner}', 'x' FROM t RETURNING *)
             INSERT INTO message_retraction (organization_id, message_id, thread_id, reason, created_by_id) SELECT organization_id, id, thread_id, 'x', '{owner}' FROM m",
        ),
    Table::new(
        "metric",
        "h",
        "INSERT INTO metric (code, label, unit, possible_low, possible_high, likely_low, likely_high, source) VALUES ('M{n}', 'x', 'y', 0, 1, 0, 1, 'z')",
        "label = 'y'",
    )
    .keyed("code = 'M{n}'"),
    Table::new(
        "device_connection",
        "htmf",
        "INSERT INTO device_connection (organization_id, id, patient_id, vendor, external_id) VALUES ('{org}', '{id}', '{patient}', 'OURA', '{n}')",
        "expires_at = now()",
    ),
    Table::new(
        "observation",
        "htmf",
        "INSERT INTO observation (organization_id, id, patient_id, code, effective_at, value_num, unit, source, created_by_id)
         VALUES ('{org}', '{id}', '{patient}', 'WEIGHT', TIMESTAMPTZ '2026-01-01 00:00+00' + {n} * INTERVAL '1 minute', 80, 'kg', 'DEVICE', ctx.actor())",
        "status = 'ENTERED_IN_ERROR', status_reason = 'x'",
    ),
    Table::new(
        "observation",
        "hof",
        "INSERT INTO observation (organization_id, id, patient_id, code, effective_at, value_num, unit, source, created_by_id)
         VALUES ('{org}', '{id}', '{patient}', 'WEIGHT', TIMESTAMPTZ '2026-02-01 00:00+00' + {n} * INTERVAL '1 minute', 80, 'kg', 'MANUAL', '{owner}')",
        "status = 'ENTERED_IN_ERROR', status_reason = 'x'",
    )
    .labelled("observation typed by them"),
    Table::new(
        "observation_bin",
        "htmf",
        "INSERT INTO observation_bin (organization_id, patient_id, code, at, last_at, low, high, readings)
         VALUES ('{org}', '{patient}', 'MOOD', TIMESTAMPTZ '2020-01-01 00:00+00' + {n} * INTERVAL '3 hours', now(), 1, 9, 1)",
        "readings = 2",
    )
    .keyed("patient_id = '{patient}' AND code = 'MOOD' AND at = TIMESTAMPTZ '2020-01-01 00:00+00' + {n} * INTERVAL '3 hours'"),
    Table::new(
        "clinical_rule",
        "htf",
        "INSERT INTO clinical_rule (organization_id, id, facility_id, name, metric, op, threshold, severity, updated_by_id)
         VALUES ('{org}', '{id}', '{facility}', 'r{n}', 'WEIGHT', '>', 80, 'INFO', ctx.actor())",
        "threshold = 81, updated_by_id = ctx.actor()",
    ),
    Table::new(
        "clinical_rule",
        "hf",
        "INSERT INTO clinical_rule (organization_id, id, name, metric, op, threshold, severity, updated_by_id)
         VALUES ('{org}', '{id}', 'r{n}', 'WEIGHT', '>', 80, 'INFO', ctx.actor())",
        "threshold = 81, updated_by_id = ctx.actor()",
    )
    .labelled("clinical_rule of the organization"),
    Table::new("clinical_rule_version", "htf", "", "made_at = now()").keyed("rule_id = '{id}'").arranged(
        "INSERT INTO clinical_rule (organization_id, id, facility_id, name, metric, op, threshold, severity)
         VALUES ('{org}', '{id}', '{facility}', 'r{n}', 'WEIGHT', '>', 80, 'INFO')",
    ),
    Table::new(
        "rule_execution",
        "htf",
        "WITH r AS (INSERT INTO clinical_rule (organization_id, id, facility_id, name, metric, op, threshold, severity, updated_by_id)
                    VALUES ('{org}', '{id}', '{facility}', 'r{n}', 'WEIGHT', '>', 80, 'INFO', ctx.actor()) RETURNING *)
         INSERT INTO rule_execution (organization_id, id, rule_id, rule_version, patient_id, cause, triggered, outcome)
         SELECT organization_id, id, id, 1, '{patient}', 'READING', false, 'NOTHING' FROM r",
        "triggered = true",
    ),
    Table::new(
        "rule_touch",
        "htf",
        "INSERT INTO rule_touch (organization_id, patient_id, metric, since) VALUES ('{org}', '{patient}', 'M{n}', now())",
        "since = now()",
    )
    .keyed("metric = 'M{n}'"),
    Table::new(
        "reading_import",
        "hof",
        "INSERT INTO reading_import (organization_id, id, patient_id, storage_key, file_size, zone, acting_role, created_by_id)
         VALUES ('{org}', '{id}', '{patient}', '{n}', 1, 'UTC', 'CLINICIAN', '{owner}')",
        "progress = 1",
    )
    // One is open at a time; those that are finished lie beside it.
    .arranged(
        "INSERT INTO reading_import (organization_id, id, patient_id, state, finished_at, file_size, zone, acting_role, created_by_id)
         VALUES ('{org}', '{id}', '{patient}', 'DISCARDED', now(), 1, 'UTC', 'CLINICIAN', '{owner}')",
    ),
    Table::new("document_usage", "hf", "INSERT INTO document_usage (organization_id) VALUES ('{org}')", "quota_bytes = 5")
        .keyed("organization_id = '{org}'"),
    Table::new(
        "document",
        "htof",
        "INSERT INTO document (organization_id, id, bucket, title, patient_id, created_by_id) VALUES ('{org}', '{id}', 'RESIDENT_DOCS', 'x', '{patient}', '{owner}')",
        "title = 'y'",
    )
    .labelled("document of a patient"),
    Table::new(
        "document",
        "htmf",
        "INSERT INTO document (organization_id, id, bucket, title, patient_id, created_by_id, shared_at, shared_by_id) VALUES ('{org}', '{id}', 'RESIDENT_DOCS', 'x', '{patient}', '{owner}', now(), '{owner}')",
        "shared_at = NULL",
    )
    .labelled("document shared with the patient"),
    Table::new(
        "document",
        "htf",
        "INSERT INTO document (organization_id, id, bucket, title, case_id, created_by_id) VALUES ('{org}', '{id}', 'CASE_FILES', 'x', '{case}', '{owner}')",
        "title = 'y'",
    )
    .labelled("document of a case of others"),
    Table::new("document", "htof", "", "title = 'y'")
        .arranged(
            "INSERT INTO cases (organization_id, id, facility_id, title, created_by_id) VALUES ('{org}', '{id}', '{facility}', 'x', '{owner}');
             INSERT INTO document (organization_id, id, bucket, title, case_id, created_by_id) VALUES ('{org}', '{id}', 'CASE_FILES', 'x', '{id}', '{owner}')",
        )
        .labelled("document of a case opened by them"),
    Table::new(
        "document",
        "htof",
        "INSERT INTO document (organization_id, id, bucket, title, facility_id, created_by_id) VALUES ('{org}', '{id}', 'POLICY_FILES', 'x', '{facility}', '{owner}')",
        "title = 'y'",
    )
    .labelled("document that is a policy"),
    Table::new(
        "document",
        "htof",
        "INSERT INTO document (organization_id, id, bucket, title, facility_id, created_by_id, status) VALUES ('{org}', '{id}', 'POLICY_FILES', 'x', '{facility}', '{owner}', 'DRAFT')",
        "title = 'y'",
    )
    .labelled("document that is a draft of a policy"),
    Table::new(
        "document",
        "htomf",
        "DO $$ BEGIN INSERT INTO message (organization_id, id, thread_id, sender_side, content_enc, created_by_id)
         VALUES ('{org}', '{id}', (SELECT id FROM thread WHERE organization_id = '{org}' AND facility_id = '{facility}' AND patient_id = '{patient}' LIMIT 1), 'PATIENT', 'x', '{owner}'); END $$;
         INSERT INTO document (organization_id, id, bucket, title, message_id, created_by_id) VALUES ('{org}', '{id}', 'MESSAGE_FILES', 'x', '{id}', '{owner}')",
        "title = 'y'",
    )
    .arranged(
        "WITH t AS (INSERT INTO thread (organization_id, id, facility_id, patient_id) VALUES ('{org}', '{id}', '{facility}', '{patient}') RETURNING *)
         INSERT INTO message (organization_id, id, thread_id, sender_side, sender_id, content_enc) SELECT organization_id, id, id, 'PATIENT', '{owner}', 'x' FROM t;
         INSERT INTO document (organization_id, id, bucket, title, message_id, created_by_id) VALUES ('{org}', '{id}', 'MESSAGE_FILES', 'x', '{id}', '{owner}')",
    )
    .labelled("document that came with a message"),
    Table::new(
        "document_version",
        "htof",
        "INSERT INTO document_version (organization_id, id, document_id, filename, storage_key, mime_type, file_size, sha256, uploaded_by_id)
         SELECT organization_id, '{id}', id, 'x', '{id}', 'text/plain', 1, decode(repeat('00', 32), 'hex'), '{owner}' FROM document WHERE patient_id = '{patient}' LIMIT 1",
        "status = 'SUPERSEDED'",
    )
    .arranged(
        "INSERT INTO document (organization_id, id, bucket, title, patient_id, created_by_id) VALUES ('{org}', '{id}', 'RESIDENT_DOCS', 'x', '{patient}', '{owner}');
         INSERT INTO document_version (organization_id, id, document_id, filename, storage_key, mime_type, file_size, sha256, uploaded_by_id)
         VALUES ('{org}', '{id}', '{id}', 'x', '{id}', 'text/plain', 1, decode(repeat('00', 32), 'hex'), '{owner}')",
    )
    .labelled("document_version of a patient's"),
    Table::new(
        "goal",
        "htmf",
        "INSERT INTO goal (organization_id, id, patient_id, code, high, ended_at) VALUES ('{org}', '{id}', '{patient}', 'WEIGHT', 80, now())",
        "high = 81",
    ),
    Table::new(
        "weekly_summary",
        "htmf",
        "INSERT INTO weekly_summary (organization_id, id, patient_id, facility_id, week_start, week_end, summary)
         VALUES ('{org}', '{id}', '{patient}', '{facility}', DATE '2020-01-06' + 7 * {n}, DATE '2020-01-12' + 7 * {n}, '{}')",
        "summary = '{}'",
    ),
    Table::new(
        "content_item",
        "hof",
        "INSERT INTO content_item (organization_id, id, title, body, minutes, created_by_id) VALUES ('{org}', '{id}', 'x', 'y', 1, '{owner}')",
        "title = 'z'",
    ),
    Table::new(
        "content_version",
        "hof",
        "INSERT INTO content_version (organization_id, content_id, number, title, language, minutes, created_by_id)
         SELECT organization_id, id, version, title, language, minutes, '{owner}' FROM content_item WHERE id = '{helper}'",
        "title = 'z'",
    )
    // Entries bring their first version with them.
    .arranged("INSERT INTO content_item (organization_id, id, title, body, minutes, created_by_id) VALUES ('{org}', '{id}', 'x', 'y', 1, '{owner}')")
    .keyed("content_id = '{id}'"),
    Table::new(
        "content_assignment",
        "htomf",
        "INSERT INTO content_assignment (organization_id, id, patient_id, content_id, created_by_id) VALUES ('{org}', '{id}', '{patient}', '{helper}', '{owner}')",
        "withdrawn_at = withdrawn_at",
    )
    .arranged(
        "INSERT INTO content_assignment (organization_id, id, patient_id, content_id, created_by_id, withdrawn_at) VALUES ('{org}', '{id}', '{patient}', '{helper}', '{owner}', now())",
    ),
    Table::new(
        "task",
        "htof",
        "INSERT INTO task (organization_id, id, kind, case_id, title, created_by_id) VALUES ('{org}', '{id}', 'CASE', '{case}', 'x', '{owner}')",
        "priority = 'LOW'",
    )
    .labelled("task of a case"),
    Table::new(
        "task",
        "htomf",
        "INSERT INTO task (organization_id, id, kind, patient_id, title, created_by_id) VALUES ('{org}', '{id}', 'OTHER', '{patient}', 'x', '{owner}')",
        "priority = 'LOW'",
    )
    .labelled("task about a patient"),
    Table::new(
        "task",
        "hmf",
        "INSERT INTO task (organization_id, id, kind, patient_id, title, assignee_role, created_by_id) VALUES ('{org}', '{id}', 'OTHER', '{patient}', 'x', 'PATIENT', '{owner}')",
        "status = 'IN_PROGRESS'",
    )
    .labelled("task for a patient"),
    Table::new(
        "task",
        "htof",
        "INSERT INTO task (organization_id, id, kind, facility_id, title, created_by_id) VALUES ('{org}', '{id}', 'OTHER', '{facility}', 'x', '{owner}')",
        "status = 'IN_PROGRESS'",
    )
    .labelled("task between colleagues"),
    Table::new(
        "status_change",
        "hof",
        // The scene has a task for each case, with an id like it.
        "INSERT INTO status_change (organization_id, id, subject_kind, subject_id, facility_id, to_status, changed_by_id)
         VALUES ('{org}', '{id}', 'task', overlay('{case}' placing 'da' from 1)::uuid, '{facility}', 'READY', '{owner}')",
        "reason = 'x'",
    )
    .labelled("status_change of a task"),
    Table::new(
        "comment",
        "htof",
        "INSERT INTO comment (organization_id, id, subject_kind, subject_id, facility_id, author_id, body_enc)
         VALUES ('{org}', '{id}', 'case', '{case}', '{facility}', '{owner}', 'x')",
        "body_enc = 'y'",
    )
    .labelled("comment on a case"),
    Table::new(
        "audit_event",
        "htof",
        "INSERT INTO audit_event (organization_id, id, actor_kind, actor_id, acting_role, action, resource_type, resource_id, facility_id)
         VALUES ('{org}', '{id}', 'USER', '{owner}', '{role}', 'UPDATE', 'case', '{case}', '{facility}')",
        "action = 'X'",
    )
    .labelled("audit_event of a case"),
];
