//! Things to read: the library, what is given from the chart, and what patients open.

use reqwest::StatusCode;
use uuid::Uuid;

use almoner::content::give;
use almoner::events::By;
use almoner::ids::{OrganizationId, PatientId};

use crate::support::Portal;

const REYES: &str = "01900000-0000-7000-8006-000000000004";
const ORGANIZATION: &str = "01900000-0000-7000-8001-000000000001";

async fn entry(portal: &Portal, title: &str) -> Uuid {
    let id = sqlx::query_scalar!("SELECT id FROM content_item WHERE title = $1", title);
    id.fetch_one(&portal.admin).await.expect("an entry")
}

#[tokio::test]
async fn a_change_is_another_version_and_markup_is_words() {
    let portal = Portal::start().await;
    let haas = portal.sign_in("clinician").await;
    let form = haas.get("/content/new").await;
    let key = form.field("key");
    let fields = [
        ("key", key.as_str()),
        ("title", "Salt <b>"),
        ("body", "## Less salt\n\nTry **herbs** <script>alert(1)</script>\n\n- bread\n- cheese"),
        ("language", "en"),
        ("link", ""),
        ("minutes", ""),
    ];
    for _ in 0..2 {
        let reply = haas.post("/content/new", &fields).await;
        assert_eq!((reply.status, reply.location()), (StatusCode::SEE_OTHER, format!("/content/{key}").as_str()));
    }
    let page = haas.get(&format!("/content/{key}")).await;
    assert!(page.body.contains("<b>herbs</b>") && page.body.contains("<li>bread</li>"), "{}", page.body);
    assert!(!page.body.contains("<script>alert"), "{}", page.body);
    let edit = haas.get(&format!("/content/{key}/edit")).await;
    let row_version = edit.field("row_version");
    let changed = [
        ("row_version", row_version.as_str()),
        ("title", "Salt"),
        ("body", "Less."),
        ("language", "en"),
        ("minutes", "2"),
    ];
    assert_eq!(haas.post(&format!("/content/{key}/edit"), &changed).await.status, StatusCode::SEE_OTHER);
    assert_eq!(haas.post(&format!("/content/{key}/edit"), &changed).await.status, StatusCode::CONFLICT, "an old form");
    let versions = sqlx::query_scalar!(
        "SELECT title FROM content_version WHERE content_id = $1 ORDER BY number",
        key.parse::<Uuid>().unwrap()
    );
    assert_eq!(versions.fetch_all(&portal.admin).await.unwrap(), ["Salt <b>", "Salt"]);
    for (field, value) in
        [("link", "javascript:alert(1)"), ("link", "http://example.org"), ("language", "xx"), ("minutes", "0")]
    {
        let mut wrong = fields;
        for one in &mut wrong {
            if one.0 == field {
                one.1 = value;
            }
        }
        let reply = haas.post("/content/new", &wrong).await;
        assert_eq!(reply.status, StatusCode::UNPROCESSABLE_ENTITY, "{field} {value}");
    }
    for (who, reads) in [("assistant", 200), ("manager", 200), ("compliance", 200), ("carer", 403), ("clerk", 403)] {
        let browser = portal.sign_in(who).await;
        assert_eq!(browser.get("/content").await.status, reads, "{who}");
        assert_eq!(browser.get("/content/new").await.status, StatusCode::FORBIDDEN, "{who}");
    }
}

#[tokio::test]
async fn what_is_given_is_opened_by_the_patient_and_staff_see_when() {
    let portal = Portal::start().await;
    let haas = portal.sign_in("clinician").await;
    let marisol = portal.sign_in("patient").await;
    let path = format!("/patients/{REYES}/reading");
    let content = entry(&portal, "How to measure your blood pressure at home").await.to_string();
    let fields = [("content", content.as_str()), ("note", "Please read this before Friday")];
    for _ in 0..2 {
        assert_eq!(haas.post(&path, &fields).await.status, StatusCode::SEE_OTHER);
    }
    let given = sqlx::query!(
        "SELECT id, note_enc FROM content_assignment WHERE patient_id = $1::text::uuid AND content_id = $2::text::uuid",
        REYES,
        content
    );
    let given = given.fetch_all(&portal.admin).await.unwrap();
    assert_eq!(given.len(), 1, "it waits to be read once");
    assert!(!String::from_utf8_lossy(given[0].note_enc.as_deref().unwrap()).contains("Friday"));
    let list = marisol.get("/my/reading").await;
    assert!(list.body.contains("Please read this before Friday"), "{}", list.body);
    assert!(marisol.get("/my").await.body.contains("/my/reading"));
    let read = marisol.get(&format!("/my/reading/{}", given[0].id)).await;
    assert!(read.body.contains("Before you start"), "{}", read.body);
    marisol.get(&format!("/my/reading/{}", given[0].id)).await;
    let opened = sqlx::query!("SELECT opened_at, opened_version FROM content_assignment WHERE id = $1", given[0].id);
    let opened = opened.fetch_one(&portal.admin).await.unwrap();
    assert!(opened.opened_at.is_some() && opened.opened_version == Some(2));
    let chart = haas.get(&path).await;
    assert!(chart.texts("ul.req li").iter().any(|line| line.contains("Opened") && line.contains("How to measure")));

    // Somebody else's is not there; what was taken back neither.
    let other = "01900000-0000-7000-8006-000000000001";
    let theirs =
        sqlx::query_scalar!("SELECT id FROM content_assignment WHERE patient_id = $1::text::uuid LIMIT 1", other);
    let theirs = theirs.fetch_one(&portal.admin).await.unwrap();
    assert_eq!(marisol.get(&format!("/my/reading/{theirs}")).await.status, StatusCode::NOT_FOUND);
    let unread = sqlx::query_scalar!(
        "SELECT id FROM content_assignment WHERE patient_id = $1::text::uuid AND opened_at IS NULL LIMIT 1",
        REYES
    );
    let unread = unread.fetch_one(&portal.admin).await.unwrap();
    assert_eq!(haas.post(&format!("{path}/{unread}/withdrawal"), &[]).await.status, StatusCode::SEE_OTHER);
    assert_eq!(marisol.get(&format!("/my/reading/{unread}")).await.status, StatusCode::NOT_FOUND);
    // What is archived is not given.
    let archived = entry(&portal, "Flu clinic of last year").await.to_string();
    assert_eq!(haas.post(&path, &[("content", archived.as_str())]).await.status, StatusCode::CONFLICT);
    assert_eq!(portal.sign_in("assistant").await.post(&path, &fields).await.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn a_rule_gives_once_while_it_is_unread() {
    let portal = Portal::start().await;
    let organization: OrganizationId = ORGANIZATION.parse().unwrap();
    let patient: PatientId = REYES.parse().unwrap();
    let content = entry(&portal, "Swollen legs").await;
    for expected in [true, false] {
        let mut tx = portal.app.db.begin_worker(organization).await.unwrap();
        let by = By::system(organization);
        let given = give(&portal.app, &mut tx, &by, (patient, None), content, None, Some("Your weight went up"));
        assert_eq!(given.await.unwrap().is_some(), expected);
        tx.commit().await.unwrap();
    }
}
