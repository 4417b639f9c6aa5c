//! Proxies whose scope is missing, whose time is over, who were stopped, or whose access was taken away: by page and by raw SQL.

use reqwest::StatusCode;

use super::{as_person, become_them, demo, number, refusal};
use crate::support::{Portal, run};

/// Account, their patient, and which of the tables they reach: the patient, contacts, problems and allergies, the audit.
const PEOPLE: [(u32, u32, &str, [bool; 4]); 7] = [
    (11, 4, "the patient", [true, true, true, true]),
    (73, 6, "a carer without results", [true, true, false, true]),
    (76, 4, "a brother with visits and messages", [true, false, false, false]),
    (74, 22, "a son whose time is over", [false; 4]),
    (75, 13, "a husband who was stopped", [false; 4]),
    (77, 1, "a sister who may not any more", [false; 4]),
    (79, 1, "somebody who has not accepted yet", [false; 4]),
];

#[tokio::test(flavor = "multi_thread")]
async fn the_database_keeps_each_part_from_a_proxy_who_lacks_it() {
    let portal = Portal::start().await;
    let mut conn = portal.admin.acquire().await.unwrap();
    for (user, patient, who, reached) in PEOPLE {
        let id = demo(6, patient);
        // Each patient has one of everything, so that nothing is empty by chance.
        let organization = demo(1, 1);
        run(&mut *conn, &format!(
            "INSERT INTO patient_contact (organization_id, id, patient_id, name_enc, relationship) VALUES ('{organization}', gen_random_uuid(), '{id}', 'x', 'Friend');
             INSERT INTO coverage (organization_id, id, patient_id, payer) VALUES ('{organization}', gen_random_uuid(), '{id}', 'x');
             INSERT INTO allergy (organization_id, id, patient_id, substance) VALUES ('{organization}', gen_random_uuid(), '{id}', 'x');
             INSERT INTO condition (organization_id, id, patient_id, text) VALUES ('{organization}', gen_random_uuid(), '{id}', 'x');
             INSERT INTO patient_flag (organization_id, id, patient_id, code) VALUES ('{organization}', gen_random_uuid(), '{id}', 'TEST_{user}');
             INSERT INTO audit_event (organization_id, actor_kind, action, resource_type, patient_id) VALUES ('{organization}', 'SYSTEM', 'VIEW', 'patient', '{id}')"
        ))
        .await;
        become_them(&mut conn, user, "PATIENT", "").await;
        for (tables, expected) in [
            (&["patient"][..], reached[0]),
            (&["patient_contact", "coverage"], reached[1]),
            (&["allergy", "condition", "patient_flag"], reached[2]),
            (&["audit_event"], reached[3]),
        ] {
            for table in tables {
                let key = if *table == "patient" { "id" } else { "patient_id" };
                let system = if *table == "audit_event" { "AND actor_kind = 'SYSTEM'" } else { "" };
                let found =
                    number(&mut conn, &format!("SELECT COUNT(*) FROM {table} WHERE {key} = '{id}' {system}")).await;
                assert_eq!(found > 0, expected, "{who}: {table}");
                let others =
                    number(&mut conn, &format!("SELECT COUNT(*) FROM {table} WHERE {key} = '{}' {system}", demo(6, 2)))
                        .await;
                assert_eq!(others, 0, "{who}: {table} of somebody else");
            }
        }
        // Nobody gives themselves more.
        let more = format!(
            "UPDATE portal_account SET scopes = '{{VISITS,DETAILS,RESULTS}}', ends_on = NULL, status = 'ACTIVE' WHERE user_id = '{}'",
            demo(3, user)
        );
        let code = refusal(&mut conn, &more).await;
        assert!(code.is_empty() || code == "42501", "{who}: {code}");
        run(&mut *conn, "RESET ROLE").await;
        let changed = number(
            &mut conn,
            &format!("SELECT COUNT(*) FROM portal_account WHERE user_id = '{}' AND row_version > 1", demo(3, user)),
        )
        .await;
        assert_eq!(changed, 0, "{who} changed their own access");
        run(&mut *conn, "ROLLBACK").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_without_the_scope_are_not_there() {
    let portal = Portal::start().await;
    let brother = as_person(&portal, "rafael.reyes@example.com").await;
    let home = brother.get("/my").await;
    assert_eq!(home.text(".whom b"), "Marisol Reyes");
    assert!(
        !home.body.contains("/my/details") || !home.attributes(".dock a", "href").contains(&"/my/details".to_owned())
    );
    for path in ["/my/details", "/my/access"] {
        assert_eq!(brother.get(path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
    for email in ["clive.holt@example.com", "philip.holloway@example.com", "ngozi.eze@example.com"] {
        let person = as_person(&portal, email).await;
        let home = person.get("/my").await;
        assert!(home.body.contains("Nothing to show yet"), "{email}");
        assert!(
            !home.body.contains("Holt, ") && !home.body.contains("Beatrice") && !home.body.contains("Adaeze"),
            "{email}"
        );
        for path in ["/my/details", "/my/access"] {
            assert_eq!(person.get(path).await.status, StatusCode::NOT_FOUND, "{email} {path}");
        }
    }
}

/// The states of a portal account, and every step between two of them by everybody: the same table as `kit.portal_account_guard`.
#[tokio::test(flavor = "multi_thread")]
async fn the_database_allows_the_steps_of_the_document_and_no_other() {
    const STATES: [&str; 4] = ["INVITED", "ACTIVE", "SUSPENDED", "REVOKED"];
    let portal = Portal::start().await;
    let mut conn = portal.admin.acquire().await.unwrap();
    for (role, user) in [
        ("MEDICAL_ASSISTANT", 2),
        ("MANAGER", 1),
        ("ADMIN", 10),
        ("CLINICIAN", 1),
        ("PATIENT", 71),
        ("COMPLIANCE", 9),
        ("CARER", 6),
    ] {
        for from in STATES {
            for to in STATES.into_iter().filter(|to| *to != from) {
                for reason in ["NULL", "'  '", "'They asked us to.'"] {
                    run(&mut *conn, "BEGIN").await;
                    // Made in the state itself: seeds and imports may.
                    run(&mut *conn, &format!("DELETE FROM portal_account WHERE id = '{0}'; SET LOCAL app.ctx = '{1}|||*'; INSERT INTO portal_account (organization_id, id, patient_id, user_id, relationship, scopes, status, status_reason) VALUES ('{1}', '{0}', '{2}', '{3}', 'OTHER', '{{VISITS}}', '{from}', 'x')",
                        demo(10, 79), demo(1, 1), demo(6, 1), demo(3, 77))).await;
                    run(&mut *conn, "COMMIT").await;
                    become_them(
                        &mut conn,
                        user,
                        role,
                        if role == "ADMIN" || role == "COMPLIANCE" {
                            "*"
                        } else {
                            "01900000-0000-7000-8002-000000000001"
                        },
                    )
                    .await;
                    let sql = format!(
                        "UPDATE portal_account SET status = '{to}', status_reason = {reason} WHERE id = '{}'",
                        demo(10, 79)
                    );
                    let code = refusal(&mut conn, &sql).await;
                    run(&mut *conn, &format!("DO $$ BEGIN {sql}; EXCEPTION WHEN OTHERS THEN NULL; END $$")).await;
                    run(&mut *conn, "RESET ROLE").await;
                    let reached = number(
                        &mut conn,
                        &format!(
                            "SELECT COUNT(*) FROM portal_account WHERE id = '{}' AND status = '{to}'",
                            demo(10, 79)
                        ),
                    )
                    .await
                        == 1;
                    let manages = ["MEDICAL_ASSISTANT", "MANAGER", "ADMIN"].contains(&role);
                    let step = matches!(
                        (from, to),
                        ("ACTIVE", "SUSPENDED")
                            | ("SUSPENDED", "ACTIVE")
                            | ("INVITED" | "ACTIVE" | "SUSPENDED", "REVOKED")
                    );
                    let reasoned = to == "ACTIVE" || reason.contains("asked");
                    assert_eq!(reached, manages && step && reasoned, "{role}: {from} to {to} because {reason}: {code}");
                    run(&mut *conn, "ROLLBACK").await;
                }
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invitation_is_the_only_beginning_and_a_person_stays_the_same() {
    let portal = Portal::start().await;
    let mut conn = portal.admin.acquire().await.unwrap();
    become_them(&mut conn, 2, "MEDICAL_ASSISTANT", "01900000-0000-7000-8002-000000000001").await;
    let add = |status: &str, relationship: &str, scopes: &str| {
        format!(
            "INSERT INTO portal_account (organization_id, id, patient_id, user_id, relationship, scopes, status) VALUES ('{}', gen_random_uuid(), '{}', '{}', '{relationship}', '{scopes}', '{status}')",
            demo(1, 1),
            demo(6, 2),
            demo(3, 71)
        )
    };
    for (status, relationship, scopes, code) in [
        ("INVITED", "OTHER", "{VISITS}", ""),
        ("ACTIVE", "OTHER", "{VISITS}", "AL409"),
        ("SUSPENDED", "SELF", "{}", "AL409"),
        ("INVITED", "OTHER", "{}", "23514"),
        ("INVITED", "OTHER", "{EVERYTHING}", "23514"),
        ("INVITED", "COUSIN", "{VISITS}", "23514"),
    ] {
        assert_eq!(
            refusal(&mut conn, &add(status, relationship, scopes)).await,
            code,
            "{status} {relationship} {scopes}"
        );
    }
    for change in [
        "user_id = '01900000-0000-7000-8003-000000000011'",
        "patient_id = '01900000-0000-7000-8006-000000000002'",
        "relationship = 'GUARDIAN'",
    ] {
        let sql = format!("UPDATE portal_account SET {change} WHERE id = '{}'", demo(10, 74));
        assert_eq!(refusal(&mut conn, &sql).await, "AL409", "{change}");
    }
    run(&mut *conn, "ROLLBACK").await;
}
