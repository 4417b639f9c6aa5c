//! Tasks about patients, for patients, and between colleagues.

use reqwest::StatusCode;

use almoner::access::Role;
use almoner::events::By;
use almoner::ids::{OrganizationId, PatientId};
use almoner::tasks::{Doer, NewTask, Priority, Source, give};

use super::{status, task, version};
use crate::support::Portal;

const OKAFOR: &str = "01900000-0000-7000-8006-000000000001";
const ORGANIZATION: &str = "01900000-0000-7000-8001-000000000001";

#[tokio::test]
async fn every_list_shows_its_part() {
    let portal = Portal::start().await;
    let haas = portal.sign_in("clinician").await;
    let list = |view: &'static str| {
        let haas = &haas;
        async move { haas.get(&format!("/tasks?view={view}")).await.texts("tbody a.pt") }
    };
    let (own, given, done) = (list("own").await, list("given").await, list("done").await);
    assert!(own.contains(&"Ring about the blood pressure medicine".to_owned()), "{own:?}");
    assert!(own.contains(&"Read the new guidance on blood pressure at home".to_owned()), "{own:?}");
    assert!(given.contains(&"Order cuffs in the large size".to_owned()), "{given:?}");
    assert!(given.contains(&"Measure your sugar before breakfast for a week".to_owned()), "{given:?}");
    assert!(done.is_empty(), "{done:?}");
    let nia = portal.sign_in("assistant").await;
    let role = nia.get("/tasks?view=role").await.texts("tbody a.pt");
    assert_eq!(role[0], "Ask why no readings came this week", "overdue first: {role:?}");
    assert!(role.contains(&"Order cuffs in the large size".to_owned()), "{role:?}");
    let badge = nia.get("/tasks/badge").await;
    assert!(badge.body.contains("id=\"tasks-n\"") && badge.body.contains("open"), "{}", badge.body);
    // What is about nobody is nobody else's: not a colleague's, not an auditor's.
    for (who, expected) in [("assistant", 200), ("clinician", 200), ("compliance", 404), ("clerk", 404), ("admin", 404)]
    {
        let reply = portal.sign_in(who).await.get(&format!("/tasks/{}", task(111))).await;
        assert_eq!(reply.status, expected, "{who}");
    }
}

#[tokio::test]
async fn a_task_about_a_patient_is_given_started_by_whoever_takes_it_done_and_undone() {
    let portal = Portal::start().await;
    let haas = portal.sign_in("clinician").await;
    let path = format!("/patients/{OKAFOR}/tasks/new");
    let form = haas.get(&path).await;
    assert!(form.text("h1").contains("OKAFOR"), "the form says about whom it is");
    let key = form.field("idempotency_key");
    let mut fields = vec![
        ("idempotency_key", key.as_str()),
        ("title", "Weigh at the next visit"),
        ("who", "MEDICAL_ASSISTANT"),
        ("priority", "HIGH"),
        ("due_on", "2099-01-05"),
    ];
    for _ in 0..2 {
        let reply = haas.post(&path, &fields).await;
        assert_eq!(
            (reply.status, reply.location()),
            (StatusCode::SEE_OTHER, format!("/patients/{OKAFOR}/tasks").as_str())
        );
    }
    let made = sqlx::query!("SELECT id, facility_id FROM task WHERE title = 'Weigh at the next visit'");
    let made = made.fetch_all(&portal.admin).await.unwrap();
    assert!(made.len() == 1 && made[0].facility_id.is_some(), "once, and where the patient is");
    let id = made[0].id;
    assert!(haas.get(&format!("/patients/{OKAFOR}")).await.body.contains("Weigh at the next visit"));

    let nia = portal.sign_in("assistant").await;
    let row_version = version(&nia, id).await;
    let start = nia.post(&format!("/tasks/{id}/start"), &[("row_version", row_version.as_str())]).await;
    assert_eq!(start.status, StatusCode::SEE_OTHER, "{}", start.body);
    assert!(nia.get("/tasks?view=own").await.texts("tbody a.pt").contains(&"Weigh at the next visit".to_owned()));
    let row_version = version(&nia, id).await;
    let done = [("row_version", row_version.as_str()), ("text", "81 kg"), ("back", "/tasks")];
    assert_eq!(nia.post(&format!("/tasks/{id}/done"), &done).await.status, StatusCode::SEE_OTHER);
    assert_eq!(status(&portal, id).await, "DONE");
    let undo = nia.get("/tasks").await.attributes("#flash form", "action");
    nia.post(&undo[0], &[]).await;
    assert_eq!(status(&portal, id).await, "READY");

    // A clerk could not see it: it cannot be given to one, nor to a person who works elsewhere.
    fields[0].1 = "";
    fields[2].1 = "CLERK";
    assert_eq!(haas.post(&path, &fields).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    fields[2].1 = "01900000-0000-7000-8003-000000000003";
    assert_eq!(haas.post(&path, &fields).await.status, StatusCode::CONFLICT);
    for who in ["clerk", "admin"] {
        let browser = portal.sign_in(who).await;
        assert_eq!(browser.get(&format!("/tasks/{id}")).await.status, StatusCode::NOT_FOUND, "{who}");
        assert_eq!(browser.get(&path).await.status, StatusCode::FORBIDDEN, "{who}");
    }
    let owner = portal.sign_in("owner").await;
    assert_eq!(owner.get(&format!("/tasks/{id}")).await.status, StatusCode::OK);
    assert_eq!(owner.post(&format!("/tasks/{id}/start"), &[("row_version", "1")]).await.status, StatusCode::FORBIDDEN);
    assert_eq!(owner.get(&format!("/tasks/{id}/edit")).await.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn what_is_the_patients_to_do_staff_do_not_do_for_them() {
    let portal = Portal::start().await;
    let haas = portal.sign_in("clinician").await;
    let row_version = version(&haas, task(103)).await;
    let path = |what: &str| format!("/tasks/{}/{what}", task(103));
    let done = haas.post(&path("done"), &[("row_version", row_version.as_str())]).await;
    assert_eq!(done.status, StatusCode::FORBIDDEN);
    let cancel = [("row_version", row_version.as_str()), ("text", "Not needed any more")];
    assert_eq!(haas.post(&path("cancel"), &cancel).await.status, StatusCode::SEE_OTHER);
    assert_eq!(status(&portal, task(103)).await, "CANCELLED");
}

#[tokio::test]
async fn a_rule_gives_a_task_once_while_it_is_open() {
    let portal = Portal::start().await;
    let organization: OrganizationId = ORGANIZATION.parse().unwrap();
    let patient: PatientId = OKAFOR.parse().unwrap();
    let new = NewTask {
        source: Source::Rule,
        patient,
        facility: None,
        alert: None,
        title: "Look at the trend of the blood pressure".to_owned(),
        description: Some("Seven readings in a row are above the goal".to_owned()),
        doer: Doer::Role(Role::Clinician),
        priority: Priority::High,
        due_at: None,
    };
    for expected in [true, false] {
        let mut tx = portal.app.db.begin_worker(organization).await.unwrap();
        let given = give(&portal.app, &mut tx, &By::system(organization), new.clone()).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(given.is_some(), expected);
    }
    let haas = portal.sign_in("clinician").await;
    let titles = haas.get("/tasks?view=role").await.texts("tbody a.pt");
    assert!(titles.contains(&"Look at the trend of the blood pressure".to_owned()), "{titles:?}");
    let traced = sqlx::query_scalar!(
        r#"SELECT count(*) AS "n!" FROM audit_event WHERE resource_type = 'task' AND action = 'CREATE' AND actor_kind = 'SYSTEM' AND patient_id = $1"#,
        patient.uuid()
    );
    assert_eq!(traced.fetch_one(&portal.admin).await.unwrap(), 1);
}

#[tokio::test]
async fn a_page_of_the_list_begins_where_the_one_before_ended() {
    let portal = Portal::start().await;
    sqlx::query!(
        "INSERT INTO task (organization_id, id, kind, title, assignee_id, due_at, created_by_id)
         SELECT u.organization_id, gen_random_uuid(), 'OTHER', 'Many ' || n, u.id, CASE WHEN n % 3 > 0 THEN now() + n * INTERVAL '1 minute' END, u.id
         FROM app_user AS u, generate_series(1, 130) AS n WHERE u.email = 'owner@example.com'"
    )
    .execute(&portal.admin)
    .await
    .unwrap();
    let owner = portal.sign_in("owner").await;
    let (mut seen, mut path) = (Vec::new(), Some("/tasks?view=own".to_owned()));
    while let Some(next) = path {
        let page = owner.get(&next).await;
        seen.extend(page.texts("tbody a.pt"));
        path = page.attributes("a[rel=next]", "href").first().cloned();
    }
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 130, "each once, none lost");
}

#[tokio::test]
async fn a_patient_does_a_task_with_one_button_and_takes_it_back() {
    let portal = Portal::start().await;
    let marisol = portal.sign_in("patient").await;
    assert!(marisol.get("/my").await.body.contains("Measure your sugar before breakfast"), "the next step");
    let page = marisol.get("/my/tasks").await;
    assert!(page.body.contains("Write the number down under Readings"), "{}", page.body);
    let patient = page.attributes("input[name=patient]", "value");
    let path = format!("/my/tasks/{}/done", task(103));
    // A form that was opened for somebody else is not sent for this patient.
    assert_eq!(marisol.post(&path, &[("patient", OKAFOR)]).await.status, StatusCode::CONFLICT);
    let done = [("patient", patient[0].as_str())];
    for _ in 0..2 {
        let reply = marisol.post(&path, &done).await;
        assert_eq!((reply.status, reply.location()), (StatusCode::SEE_OTHER, "/my/tasks"));
    }
    assert_eq!(status(&portal, task(103)).await, "DONE");
    let undo = marisol.post(&format!("/my/tasks/{}/undo", task(103)), &[]).await;
    assert_eq!(undo.status, StatusCode::SEE_OTHER);
    assert_eq!(status(&portal, task(103)).await, "READY");
    // Another patient's, and one that is the staff's, are not there.
    for other in [task(102), task(106), task(101)] {
        let reply = marisol.post(&format!("/my/tasks/{other}/done"), &done).await;
        assert!(matches!(reply.status, StatusCode::NOT_FOUND | StatusCode::FORBIDDEN), "{}", reply.status);
    }
    let changed = sqlx::query_scalar!(
        r#"SELECT count(*) AS "n!" FROM audit_event WHERE resource_id = $1 AND acting_role = 'PATIENT' AND action = 'STATUS_CHANGED'"#,
        task(103)
    );
    assert_eq!(changed.fetch_one(&portal.admin).await.unwrap(), 3, "begun, done, taken back");
}
