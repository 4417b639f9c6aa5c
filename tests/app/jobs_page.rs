//! The page of those who run the system: what is given up, and what a person does about it.

use almoner::access::Role;
use almoner::ids::{OrganizationId, new_uuid};
use reqwest::StatusCode;
use uuid::Uuid;

use crate::support::{Browser, House, Portal};

async fn dead(portal: &Portal, organization: Option<OrganizationId>, kind: &str, key: Option<&str>) -> Uuid {
    let id = new_uuid();
    sqlx::query!(
        "INSERT INTO job (id, organization_id, kind, state, attempts, max_attempts, finished_at, last_error, dedupe_key)
         VALUES ($1, $2, $3, 'DEAD', 5, 5, NOW(), 'no <such> printer', $4)",
        id,
        organization.map(OrganizationId::uuid),
        kind,
        key,
    )
    .execute(&portal.admin)
    .await
    .expect("a job");
    id
}

async fn state(portal: &Portal, id: Uuid) -> (String, i32) {
    let row = sqlx::query!("SELECT state, attempts FROM job WHERE id = $1", id)
        .fetch_one(&portal.admin)
        .await
        .expect("the job");
    (row.state, row.attempts)
}

async fn admin(portal: &Portal) -> (House, Browser) {
    let house = House::build(portal).await;
    let browser = house.person(portal, Role::Admin, None).await;
    (house, browser)
}

#[tokio::test]
async fn the_dead_are_shown_with_the_reason_and_settled_without_script() {
    let portal = Portal::start().await;
    let (house, admin) = admin(&portal).await;
    let first = dead(&portal, Some(house.organization), "audit.seal", None).await;
    let second = dead(&portal, None, "jobs.purge", None).await;
    let page = admin.get("/admin/jobs").await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.body);
    let rows = page.texts("#dead tbody tr");
    assert_eq!(rows.len(), 2);
    assert!(
        rows.iter()
            .any(|row| row.contains("Seal the audit") && row.contains("no <such> printer") && row.contains("5 of 5")),
        "{rows:?}"
    );

    let retried = admin.post(&format!("/admin/jobs/{first}/retry"), &[]).await;
    assert_eq!((retried.status, retried.location()), (StatusCode::SEE_OTHER, "/admin/jobs"));
    assert_eq!(state(&portal, first).await, ("QUEUED".to_owned(), 0));
    let discarded = admin.hx_post(&format!("/admin/jobs/{second}/discard"), &[]).await;
    assert_eq!(discarded.status, StatusCode::OK);
    assert!(discarded.texts("#dead tbody tr").is_empty() && !discarded.body.contains("<html"));
    assert_eq!(state(&portal, second).await.0, "DISCARDED");
    let written = sqlx::query_scalar!(
        r#"SELECT COUNT(*) AS "n!" FROM audit_event WHERE resource_type = 'job' AND acting_role = 'ADMIN'"#
    );
    assert_eq!(written.fetch_one(&portal.admin).await.expect("a count"), 2);
}

#[tokio::test]
async fn what_is_settled_already_is_a_conflict() {
    let portal = Portal::start().await;
    let (house, admin) = admin(&portal).await;
    let id = dead(&portal, Some(house.organization), "audit.seal", None).await;
    admin.post(&format!("/admin/jobs/{id}/retry"), &[]).await;
    for action in ["retry", "discard"] {
        let again = admin.post(&format!("/admin/jobs/{id}/{action}"), &[]).await;
        assert_eq!(again.status, StatusCode::CONFLICT, "{action}");
    }
    let twin = dead(&portal, Some(house.organization), "audit.seal", Some("seal")).await;
    sqlx::query!("UPDATE job SET dedupe_key = 'seal' WHERE id = $1", id).execute(&portal.admin).await.expect("a key");
    assert_eq!(admin.post(&format!("/admin/jobs/{twin}/retry"), &[]).await.status, StatusCode::CONFLICT);
    assert_eq!(state(&portal, twin).await.0, "DEAD");
}

#[tokio::test]
async fn another_organizations_jobs_do_not_exist() {
    let portal = Portal::start().await;
    let (_, admin) = admin(&portal).await;
    let other = House::build(&portal).await;
    let theirs = dead(&portal, Some(other.organization), "audit.seal", None).await;
    assert!(!admin.get("/admin/jobs").await.body.contains(&theirs.to_string()));
    let nothing = admin.post(&format!("/admin/jobs/{}/retry", new_uuid()), &[]).await;
    let refused = admin.post(&format!("/admin/jobs/{theirs}/retry"), &[]).await;
    assert_eq!((refused.status, refused.body_without_ids()), (StatusCode::NOT_FOUND, nothing.body_without_ids()));
    assert_eq!(admin.post("/admin/jobs/x/retry", &[]).await.status, StatusCode::NOT_FOUND);
    assert_eq!(state(&portal, theirs).await.0, "DEAD");
}

#[tokio::test]
async fn only_who_runs_the_system_sees_it() {
    let portal = Portal::start().await;
    let house = House::build(&portal).await;
    let clinician = house.person(&portal, Role::Clinician, None).await;
    let id = dead(&portal, Some(house.organization), "audit.seal", None).await;
    assert_eq!(clinician.get("/admin/jobs").await.status, StatusCode::FORBIDDEN);
    assert_eq!(clinician.post(&format!("/admin/jobs/{id}/discard"), &[]).await.status, StatusCode::FORBIDDEN);
}
