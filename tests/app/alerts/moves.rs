//! What is done to alerts: by whom, from which state, alone and against each other.

use reqwest::StatusCode;
use uuid::Uuid;

use super::{Found, account, act, one, state};
use crate::support::{Browser, Portal};

/// The moves with what their forms need.
const MOVES: [(&str, &[(&str, &str)]); 7] = [
    ("acknowledgement", &[]),
    ("assignment", &[("who", "me")]),
    ("snooze", &[("until", "15m")]),
    ("return", &[]),
    ("resolution", &[("reason", "CONTACTED_PATIENT")]),
    ("dismissal", &[("reason", "DUPLICATE")]),
    ("reopening", &[("text", "It came back")]),
];

/// Puts an alert of the demo into a state, past every rule.
async fn put(portal: &Portal, id: Uuid, status: &str, severity: &str, holder: Uuid) {
    let mut conn = portal.admin.acquire().await.expect("a connection");
    for statement in ["ALTER TABLE alert DISABLE TRIGGER alert_guard", "ENABLE"] {
        if statement == "ENABLE" {
            sqlx::query!(
                "UPDATE alert SET status = $2, severity = $3, assignee_id = NULL, row_version = row_version + 1, previous_status = NULL,
                     acknowledged_at = CASE WHEN $2 = 'ACKNOWLEDGED' THEN now() END, acknowledged_by_id = CASE WHEN $2 = 'ACKNOWLEDGED' THEN $4::uuid END,
                     ack_expires_at = NULL, snoozed_until = CASE WHEN $2 = 'SNOOZED' THEN now() + INTERVAL '1 hour' END,
                     resolved_at = CASE WHEN $2 IN ('RESOLVED', 'DISMISSED') THEN now() END,
                     resolved_by_id = CASE WHEN $2 IN ('RESOLVED', 'DISMISSED') THEN $4::uuid END,
                     reason_code = CASE WHEN $2 IN ('RESOLVED', 'DISMISSED') THEN 'EXPECTED' END, reason_text = NULL,
                     status_changed_by_id = $4
                 WHERE id = $1",
                id,
                status,
                severity,
                holder,
            )
            .execute(&mut *conn)
            .await
            .expect("the alert is put");
            crate::support::run(&mut *conn, "ALTER TABLE alert ENABLE TRIGGER alert_guard").await;
        } else {
            crate::support::run(&mut *conn, statement).await;
        }
    }
}

/// Where the table of the domain model leads, for somebody who does not hold the alert.
fn expected(what: &str, status: &str, severity: &str, role: &str) -> Option<&'static str> {
    let open = matches!(status, "ACTIVE" | "ACKNOWLEDGED" | "SNOOZED");
    let handles = matches!(role, "clinician" | "assistant" | "manager");
    let kept = match status {
        "ACTIVE" => "ACTIVE",
        "ACKNOWLEDGED" => "ACKNOWLEDGED",
        _ => "SNOOZED",
    };
    let (allowed, to) = match what {
        "acknowledgement" => (handles && status == "ACTIVE", "ACKNOWLEDGED"),
        "assignment" => (handles && open, kept),
        "snooze" => (handles && matches!(status, "ACTIVE" | "ACKNOWLEDGED"), "SNOOZED"),
        "resolution" => (open && (role == "clinician" || (role == "assistant" && severity == "WARNING")), "RESOLVED"),
        "dismissal" => (open && role == "clinician", "DISMISSED"),
        "reopening" => (!open && role == "clinician", "ACTIVE"),
        _ => (false, "ACTIVE"),
    };
    allowed.then_some(to)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_role_moves_alerts_as_the_table_says_and_illegal_moves_change_nothing() {
    let portal = Portal::start().await;
    let id = one(&portal, "ACTIVE", "CRITICAL").await.id;
    let somebody_else = account(&portal, "owner").await;
    let mut wrong = Vec::new();
    for role in ["clinician", "assistant", "manager", "carer", "owner", "compliance"] {
        let browser = portal.sign_in(role).await;
        for (what, fields) in MOVES {
            for status in ["ACTIVE", "ACKNOWLEDGED", "SNOOZED", "RESOLVED", "DISMISSED"] {
                for severity in ["WARNING", "CRITICAL"] {
                    put(&portal, id, status, severity, somebody_else).await;
                    let before = state(&portal, id).await;
                    let reply = act(&browser, &before, what, fields).await;
                    let after = state(&portal, id).await;
                    let expected = expected(what, status, severity, role);
                    let moved = (after.row_version > before.row_version).then_some(after.status.as_str());
                    let polite = reply.status == StatusCode::SEE_OTHER
                        || matches!(reply.status, StatusCode::CONFLICT | StatusCode::FORBIDDEN | StatusCode::NOT_FOUND);
                    // A manager runs care homes and may not see the clinic at all.
                    let out_of_sight = reply.status == StatusCode::NOT_FOUND;
                    if !polite || (moved != expected && !out_of_sight) {
                        wrong.push(format!(
                            "{role} {what} from {status} {severity}: {} {moved:?}, expected {expected:?}",
                            reply.status
                        ));
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_acknowledgement_is_kept_with_its_history_and_audit() {
    let portal = Portal::start().await;
    let clinician = portal.sign_in("clinician").await;
    let alert = one(&portal, "ACTIVE", "CRITICAL").await;
    let reply = act(&clinician, &alert, "acknowledgement", &[]).await;
    assert_eq!((reply.status, reply.location()), (StatusCode::SEE_OTHER, "/alerts"), "{}", reply.body);
    let after = sqlx::query!(
        "SELECT status, acknowledged_by_id, ack_expires_at - acknowledged_at = INTERVAL '15 minutes' AS holds FROM alert WHERE id = $1",
        alert.id
    )
    .fetch_one(&portal.admin)
    .await
    .expect("the alert");
    assert_eq!(after.status, "ACKNOWLEDGED");
    assert_eq!(after.acknowledged_by_id, Some(account(&portal, "clinician").await));
    assert_eq!(after.holds, Some(true));
    let history = sqlx::query_scalar!(
        "SELECT count(*) FROM status_change WHERE subject_id = $1 AND from_status = 'ACTIVE' AND to_status = 'ACKNOWLEDGED' AND facility_id IS NOT NULL",
        alert.id
    );
    assert_eq!(history.fetch_one(&portal.admin).await.expect("a count"), Some(1));
    let audit = sqlx::query_scalar!(
        "SELECT changes #>> '{status,before}' FROM audit_event WHERE resource_id = $1 AND action = 'STATUS_CHANGED' ORDER BY at DESC LIMIT 1",
        alert.id
    );
    assert_eq!(audit.fetch_one(&portal.admin).await.expect("an event").as_deref(), Some("ACTIVE"));
    let page = clinician.get(&format!("/alerts/{}", alert.id)).await;
    assert!(page.text("#story").contains("acknowledged this"), "{}", page.text("#story"));
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_people_one_wins_and_the_other_sees_what_happened() {
    let portal = Portal::start().await;
    let (clinician, assistant) = (portal.sign_in("clinician").await, portal.sign_in("assistant").await);
    let alert = one(&portal, "ACTIVE", "HIGH").await;
    let (first, second) =
        tokio::join!(act(&clinician, &alert, "acknowledgement", &[]), act(&assistant, &alert, "acknowledgement", &[]));
    let mut statuses = [first.status, second.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [StatusCode::SEE_OTHER, StatusCode::CONFLICT]);
    let loser = if first.status == StatusCode::CONFLICT { first } else { second };
    let note = loser.text("#conflict");
    assert!(note.contains("Acknowledged by") && note.contains("s ago"), "{note}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stale_form_keeps_what_was_typed() {
    let portal = Portal::start().await;
    let clinician = portal.sign_in("clinician").await;
    let alert = one(&portal, "ACTIVE", "HIGH").await;
    act(&clinician, &alert, "acknowledgement", &[]).await;
    let fields = [("reason", "OTHER"), ("text", "Spoke to the daughter <b>")];
    let stale = act(&clinician, &alert, "resolution", &fields).await;
    assert_eq!(stale.status, StatusCode::CONFLICT);
    assert_eq!(stale.text("textarea[name=text]"), "Spoke to the daughter <b>");
    assert_eq!(stale.attributes("input[name=reason][checked]", "value"), ["OTHER"]);
    let version = alert.row_version.to_string();
    let hx = clinician
        .hx_post(&format!("/alerts/{}/acknowledgement", alert.id), &[("row_version", &version), ("back", "/alerts")])
        .await;
    assert_eq!(hx.status, StatusCode::CONFLICT);
    assert!(hx.body.contains("Acknowledged by M. Haas"), "{}", hx.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_return_and_a_reopening_are_undone_to_the_minute() {
    let portal = Portal::start().await;
    let clinician = portal.sign_in("clinician").await;
    let me = account(&portal, "clinician").await;
    let alert = one(&portal, "ACTIVE", "WARNING").await;
    let columns = async || {
        sqlx::query_scalar!(
            r#"SELECT concat_ws('|', status, assignee_id, acknowledged_at, acknowledged_by_id, ack_expires_at, snoozed_until, resolved_at,
                      resolved_by_id, reason_code, reason_text) AS "columns!" FROM alert WHERE id = $1"#,
            alert.id
        )
        .fetch_one(&portal.admin)
        .await
        .expect("the alert")
    };
    for (what, fields, from) in [
        ("return", MOVES[3].1, "ACKNOWLEDGED"),
        ("return", MOVES[3].1, "SNOOZED"),
        ("reopening", MOVES[6].1, "RESOLVED"),
        ("reopening", MOVES[6].1, "DISMISSED"),
    ] {
        put(&portal, alert.id, from, "WARNING", me).await;
        let before = columns().await;
        let reply = act(&clinician, &state(&portal, alert.id).await, what, fields).await;
        assert_eq!(reply.status, StatusCode::SEE_OTHER, "{what} from {from}: {}", reply.body);
        assert_eq!(state(&portal, alert.id).await.status, "ACTIVE", "{what} from {from}");
        let offered = clinician.get("/alerts").await;
        assert!(offered.body.contains(&format!("/alerts/{}/undo", alert.id)), "{what} offers no undo");
        assert!(undo(&clinician, &alert).await.body.contains("Undone"), "{what} from {from}");
        assert_eq!(columns().await, before, "{what} from {from}");
    }
    // What was closed while it was snoozed, opened again, and closed again by undo, keeps until when.
    put(&portal, alert.id, "SNOOZED", "WARNING", me).await;
    act(&clinician, &state(&portal, alert.id).await, "resolution", MOVES[4].1).await;
    let before = columns().await;
    act(&clinician, &state(&portal, alert.id).await, "reopening", MOVES[6].1).await;
    assert!(undo(&clinician, &alert).await.body.contains("Undone"));
    assert_eq!(columns().await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_whole_list_moves_after_it_was_shown() {
    let portal = Portal::start().await;
    let clinician = portal.sign_in("clinician").await;
    let page = clinician.get("/alerts?view=unassigned&rows=12").await;
    assert_eq!(page.texts("#bulk label").len(), 0, "one page holds them all");
    let page = clinician.get("/alerts").await;
    assert_eq!(page.texts("#bulk label"), ["All 31 in this list"]);
    let back = page.attributes("#bulk input[name=back]", "value").remove(0);
    let asked = clinician.post("/alerts/bulk", &[("action", "acknowledge"), ("all", "1"), ("back", &back)]).await;
    assert_eq!(asked.status, StatusCode::OK, "{}", asked.body);
    let ids = asked.attributes("form input[name=id]", "value");
    assert!(ids.len() > 12 && ids.len() < 31, "{}", ids.len());
    assert_eq!(asked.text("h1"), format!("Acknowledge {} alerts", ids.len()));
    let note = format!("{} alerts of the list are left out", 31 - ids.len());
    assert!(asked.body.contains(&note), "{note}");
    let acknowledged = async || {
        let count = sqlx::query_scalar!(r#"SELECT count(*) AS "count!" FROM alert WHERE status = 'ACKNOWLEDGED'"#);
        count.fetch_one(&portal.admin).await.expect("a count")
    };
    let before = acknowledged().await;
    let body =
        ids.iter().fold("action=acknowledge&asked=1&back=%2Falerts".to_owned(), |body, id| format!("{body}&id={id}"));
    let done = clinician.post_raw("/alerts/bulk", body).await;
    assert_eq!((done.status, done.location()), (StatusCode::SEE_OTHER, "/alerts"), "{}", done.body);
    let after = clinician.get("/alerts").await;
    assert!(after.text("#flash").contains(&format!("{} acknowledged", ids.len())), "{}", after.text("#flash"));
    assert_eq!(acknowledged().await, before + i64::try_from(ids.len()).expect("few"));
    let nothing = clinician
        .post("/alerts/bulk", &[("action", "acknowledge"), ("all", "1"), ("back", "/alerts?view=snoozed")])
        .await;
    assert_eq!(nothing.status, StatusCode::SEE_OTHER);
    assert!(
        clinician.get(nothing.location()).await.text("#flash").contains("No alert in this list can be acknowledged")
    );
    // Assigning asks for somebody who works at all of the places.
    let asked = clinician.post("/alerts/bulk", &[("action", "assign"), ("all", "1"), ("back", "/alerts")]).await;
    let people = asked.texts("input[name=who] + label, label:has(input[name=who])").join(" ");
    assert!(people.contains("Abara") && !people.contains("Lowe"), "{people}");
}

async fn undo(browser: &Browser, alert: &Found) -> crate::support::Reply {
    let reply = browser.post(&format!("/alerts/{}/undo", alert.id), &[]).await;
    assert_eq!(reply.status, StatusCode::SEE_OTHER, "{}", reply.body);
    browser.get(reply.location()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_done_can_be_taken_back_at_once_by_the_same_person() {
    let portal = Portal::start().await;
    let (clinician, assistant) = (portal.sign_in("clinician").await, portal.sign_in("assistant").await);
    let alert = one(&portal, "ACTIVE", "WARNING").await;
    for (what, fields) in [MOVES[0], MOVES[1], MOVES[2], MOVES[4], MOVES[5]] {
        let before = state(&portal, alert.id).await;
        let reply = act(&clinician, &before, what, fields).await;
        assert_eq!(reply.status, StatusCode::SEE_OTHER, "{what}: {}", reply.body);
        let offered = clinician.get("/alerts").await;
        assert!(offered.body.contains(&format!("/alerts/{}/undo", alert.id)), "{what} offers no undo");
        let theirs = undo(&assistant, &alert).await;
        assert!(theirs.body.contains("Too late to undo"), "{what}: somebody else undid it");
        let page = undo(&clinician, &alert).await;
        assert!(page.body.contains("Undone"), "{what}: {}", page.text("#flash"));
        let after = state(&portal, alert.id).await;
        assert_eq!((after.status, after.assignee_id), (before.status, before.assignee_id), "{what}");
        let again = undo(&clinician, &alert).await;
        assert!(again.body.contains("Too late to undo"), "{what}: undone twice");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn undo_ends_after_ten_seconds_and_when_somebody_else_acts() {
    let portal = Portal::start().await;
    let (clinician, assistant) = (portal.sign_in("clinician").await, portal.sign_in("assistant").await);
    let alert = one(&portal, "ACTIVE", "WARNING").await;
    act(&clinician, &alert, "acknowledgement", &[]).await;
    let now = state(&portal, alert.id).await;
    act(&assistant, &now, "assignment", &[("who", "me")]).await;
    assert!(undo(&clinician, &alert).await.body.contains("Too late to undo"));
    assert_eq!(state(&portal, alert.id).await.status, "ACKNOWLEDGED");
    let other = one(&portal, "ACTIVE", "HIGH").await;
    act(&clinician, &other, "acknowledgement", &[]).await;
    tokio::time::sleep(std::time::Duration::from_millis(10_200)).await;
    assert!(undo(&clinician, &other).await.body.contains("Too late to undo"));
}

#[tokio::test(flavor = "multi_thread")]
async fn many_alerts_move_in_one_request_and_each_is_told() {
    let portal = Portal::start().await;
    let clinician = portal.sign_in("clinician").await;
    let page = clinician.get("/alerts?view=unassigned").await;
    let ids = page.attributes("#queue input[name=id]", "value");
    let taken = state(&portal, ids[0].split('.').next().expect("an id").parse().expect("a uuid")).await;
    act(&portal.sign_in("assistant").await, &taken, "acknowledgement", &[]).await;
    let body = ids
        .iter()
        .take(4)
        .fold("action=acknowledge&back=%2Falerts%3Fview%3Dunassigned".to_owned(), |body, id| format!("{body}&id={id}"));
    let reply = clinician.post_raw("/alerts/bulk", body).await;
    assert_eq!((reply.status, reply.location()), (StatusCode::SEE_OTHER, "/alerts?view=unassigned"), "{}", reply.body);
    let after = clinician.get(reply.location()).await;
    assert!(after.text("#flash").contains("had changed meanwhile"), "{}", after.text("#flash"));
    let action = after.attributes("#flash form", "action").remove(0);
    let undone = clinician.post(&action, &[]).await;
    assert!(clinician.get(undone.location()).await.text("#flash").contains("Undone"));
    assert_eq!(portal.sign_in("assistant").await.post(&action, &[]).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_alerts_ask_for_a_reason_first() {
    let portal = Portal::start().await;
    let clinician = portal.sign_in("clinician").await;
    let ids = clinician.get("/alerts").await.attributes("#queue input[name=id]", "value");
    let chosen = format!("id={}&id={}", ids[0], ids[1]);
    let asked = clinician.post_raw("/alerts/bulk", format!("action=resolve&{chosen}")).await;
    assert_eq!(asked.status, StatusCode::OK);
    assert_eq!(asked.text("h1"), "Resolve 2 alerts");
    let without = clinician.post_raw("/alerts/bulk", format!("action=resolve&asked=1&{chosen}")).await;
    assert_eq!(without.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(without.text("#errors").contains("Choose a reason"));
    let done = clinician.post_raw("/alerts/bulk", format!("action=resolve&asked=1&reason=VISIT_BOOKED&{chosen}")).await;
    assert_eq!(done.status, StatusCode::SEE_OTHER);
    assert!(clinician.get("/alerts").await.text("#flash").contains("2 resolved"));
    let none = clinician.post("/alerts/bulk", &[("action", "acknowledge")]).await;
    assert_eq!(none.status, StatusCode::SEE_OTHER);
    assert_eq!(
        portal.sign_in("carer").await.post_raw("/alerts/bulk", format!("action=resolve&{chosen}")).await.status,
        StatusCode::FORBIDDEN
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_carer_acknowledges_what_is_assigned_to_them() {
    let portal = Portal::start().await;
    let carer = portal.sign_in("carer").await;
    let me = account(&portal, "carer").await;
    let rows = carer.get("/alerts?rows=50").await.attributes("#queue input[name=id]", "value");
    let id: Uuid = rows[0].split('.').next().expect("an id").parse().expect("a uuid");
    put(&portal, id, "ACTIVE", "WARNING", me).await;
    let alert = state(&portal, id).await;
    assert_eq!(act(&carer, &alert, "acknowledgement", &[]).await.status, StatusCode::FORBIDDEN);
    sqlx::query!("UPDATE alert SET assignee_id = $2 WHERE id = $1", id, me)
        .execute(&portal.admin)
        .await
        .expect("assigned");
    let alert = state(&portal, id).await;
    assert_eq!(act(&carer, &alert, "acknowledgement", &[]).await.status, StatusCode::SEE_OTHER);
    let alert = state(&portal, id).await;
    assert_eq!(alert.severity, "WARNING");
    assert_eq!(act(&carer, &alert, "return", &[]).await.status, StatusCode::SEE_OTHER);
}

#[tokio::test(flavor = "multi_thread")]
async fn snoozed_and_unconfirmed_alerts_come_back_by_themselves() {
    let portal = Portal::start().await;
    let clinician = portal.sign_in("clinician").await;
    let (slept, taken) = (one(&portal, "ACTIVE", "WARNING").await, one(&portal, "ACTIVE", "HIGH").await);
    act(&clinician, &slept, "snooze", &[("until", "15m")]).await;
    act(&clinician, &taken, "acknowledgement", &[]).await;
    let organization = portal.app.clone();
    let tenant: Uuid = sqlx::query_scalar!("SELECT organization_id FROM alert WHERE id = $1", slept.id)
        .fetch_one(&portal.admin)
        .await
        .expect("a tenant");
    let tenant = almoner::ids::OrganizationId::from(tenant);
    let by = almoner::events::By::system(tenant);
    let run = async || {
        let mut tx = organization.db.begin_worker(tenant).await.expect("a transaction");
        let woken = almoner::alerts::wake_due(&mut tx, &by, 100).await.expect("woken");
        let returned = almoner::alerts::return_unconfirmed(&mut tx, &by, 100).await.expect("returned");
        tx.commit().await.expect("a commit");
        (woken, returned)
    };
    run().await;
    assert_eq!(state(&portal, slept.id).await.status, "SNOOZED");
    let mut conn = portal.admin.acquire().await.expect("a connection");
    crate::support::run(&mut *conn, "ALTER TABLE alert DISABLE TRIGGER alert_guard").await;
    sqlx::query!(
        "UPDATE alert SET snoozed_until = snoozed_until - INTERVAL '1 hour', ack_expires_at = ack_expires_at - INTERVAL '2 hours' WHERE id IN ($1, $2)",
        slept.id,
        taken.id
    )
    .execute(&mut *conn)
    .await
    .expect("time passes");
    crate::support::run(&mut *conn, "ALTER TABLE alert ENABLE TRIGGER alert_guard").await;
    let (woken, returned) = run().await;
    assert!(woken >= 1 && returned >= 1, "{woken} {returned}");
    assert_eq!(state(&portal, slept.id).await.status, "ACTIVE");
    assert_eq!(state(&portal, taken.id).await.status, "ACTIVE");
    let page = clinician.get(&format!("/alerts/{}", slept.id)).await;
    assert!(page.text("#story").contains("Almoner returned this to the queue"), "{}", page.text("#story"));
}
