//! Policies: who reads them, who keeps them, and that their pages open nothing else.

use reqwest::StatusCode;
use reqwest::multipart::Form;

use super::{NORTHGATE, download, file, first, pdf, post, send};
use crate::patients::{ask, okafor};
use crate::support::{Browser, Portal, Reply};

const ELM_COURT: &str = "01900000-0000-7000-8002-000000000002";

/// Adds a policy for a facility, or for the whole organization, to be looked at again on the last day of `year`.
async fn add(browser: &Browser, name: &str, facility: &str, year: &str) -> Reply {
    let form = Form::new().text("facility", facility.to_owned()).text("expires_on_day", "31");
    let form = form.text("expires_on_month", "12").text("expires_on_year", year.to_owned());
    post(browser, "/policies", form.part("file", file(name, pdf(900)))).await
}

/// The address of the policy with this title.
fn find(list: &Reply, title: &str) -> Option<String> {
    let titles = list.texts("#list a.pt");
    let place = titles.iter().position(|known| known == title)?;
    list.attributes("#list a.pt", "href").into_iter().nth(place)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_is_added_reviewed_replaced_and_archived() {
    let portal = Portal::start().await;
    let keeper = portal.sign_in("compliance").await;
    let reply = add(&keeper, "Lone working.pdf", "", "2099").await;
    assert_eq!((reply.status, reply.location()), (StatusCode::SEE_OTHER, "/policies"), "{}", reply.body);
    let list = keeper.get("/policies").await;
    let policy = find(&list, "Lone working.pdf").expect("it is listed");
    assert!(policy.starts_with("/policies/"));
    let mut titles = list.texts("#list a.pt");
    titles.sort_by_key(|title| title.to_lowercase());
    assert_eq!(titles, list.texts("#list a.pt"), "by title");
    let page = keeper.get(&policy).await;
    assert!(
        page.text("#facts").contains("Whole organization") && page.text("#facts").contains("Review by 31-Dec-2099")
    );

    // Looked at again: another day. What has come is in a list of its own.
    let edit = format!("{policy}/edit");
    let version = keeper.get(&edit).await.field("row_version");
    let fields = [
        ("title", "Lone working"),
        ("category", "POLICY"),
        ("expires_on_day", "1"),
        ("expires_on_month", "2"),
        ("expires_on_year", "2024"),
        ("row_version", &version),
    ];
    assert_eq!(keeper.post(&edit, &fields).await.status, StatusCode::SEE_OTHER);
    let letter = [&fields[..1], &[("category", "LETTER")], &fields[2..]].concat();
    assert_eq!(keeper.post(&edit, &letter).await.status, StatusCode::UNPROCESSABLE_ENTITY, "no policy is a letter");
    let due = keeper.get("/policies?view=due").await;
    assert!(find(&due, "Lone working").is_some() && find(&due, "Chaperones.pdf").is_none());
    assert!(due.text("#list").contains("Review was due 01-Feb-2024"), "{}", due.text("#list"));

    let added = send(&keeper, &format!("{policy}/versions"), vec![file("second.txt", "Never alone")]).await;
    assert_eq!((added.status, added.location()), (StatusCode::SEE_OTHER, policy.as_str()), "{}", added.body);
    let clinician = portal.sign_in("clinician").await;
    let read = clinician.get(&policy).await;
    assert_eq!(read.texts("#versions b"), ["Version 2", "Version 1"]);
    assert_eq!(clinician.get(&download(&read)).await.body, "Never alone");
    assert!(read.attributes("form[enctype]", "action").is_empty(), "nothing to add it with");

    let archive = format!("{policy}/archive");
    let version = keeper.get(&archive).await.field("row_version");
    let silent = keeper.post(&archive, &[("reason", " "), ("row_version", &version)]).await;
    assert_eq!(silent.status, StatusCode::UNPROCESSABLE_ENTITY);
    let done = keeper.post(&archive, &[("reason", "Part of another"), ("row_version", &version)]).await;
    assert_eq!((done.status, done.location()), (StatusCode::SEE_OTHER, "/policies"));
    assert!(find(&keeper.get("/policies").await, "Lone working").is_none());
    let archived = keeper.get("/policies?view=archived").await;
    assert!(archived.text("#list").contains("Archived: Part of another"), "{}", archived.text("#list"));
    assert_eq!(keeper.get(&policy).await.status, StatusCode::OK);
    assert_eq!(clinician.get(&policy).await.status, StatusCode::NOT_FOUND, "staff read what is in force");
    assert!(find(&clinician.get("/policies?view=archived").await, "Lone working").is_none());
    let events = "SELECT count(*) FROM audit_event WHERE resource_type = 'document' AND action = 'STATUS_CHANGED' AND patient_id IS NULL AND at > now() - interval '1 minute'";
    assert_eq!(ask(&portal, events).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn policies_reach_the_staff_of_their_place_and_nobody_else() {
    let portal = Portal::start().await;
    let owner = portal.sign_in("owner").await;
    assert_eq!(add(&owner, "Night visits.pdf", ELM_COURT, "2099").await.status, StatusCode::SEE_OTHER);
    let policy = find(&owner.get("/policies").await, "Night visits.pdf").expect("it is listed");
    assert!(owner.get(&policy).await.text("#facts").contains("Elm Court"));
    let wrong = add(&owner, "Nowhere.pdf", "01900000-0000-7000-8002-000000000011", "2099").await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY, "a facility of another organization");
    assert!(wrong.text("#facility-error").contains("from the list"));
    let all = "Infection prevention and control.pdf";
    for (role, here, adds) in [
        ("clinician", true, 403),
        ("assistant", true, 403),
        ("carer", true, 403),
        ("manager", true, 422),
        ("clerk", true, 403),
        ("compliance", true, 303),
        ("admin", true, 403),
    ] {
        let browser = portal.sign_in(role).await;
        let list = browser.get("/policies").await;
        assert!(find(&list, all).is_some(), "{role} reads what is for everybody");
        assert_eq!(find(&list, "Night visits.pdf").is_some(), here, "{role}");
        let found = if here { 200 } else { 404 };
        assert_eq!(browser.get(&policy).await.status.as_u16(), found, "{role}");
        assert_eq!(add(&browser, "More.pdf", "", "2099").await.status.as_u16(), adds, "{role} adds");
    }
    for stranger in ["patient@example.com", "clinician@southgate.example.com"] {
        let browser = portal.visitor();
        browser.sign_in(stranger).await;
        assert!(browser.get(&policy).await.status.is_client_error(), "{stranger}");
        let list = browser.get("/policies").await;
        assert!(list.status == StatusCode::FORBIDDEN || find(&list, all).is_none(), "{stranger}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_pages_of_policies_open_nothing_else() {
    let portal = Portal::start().await;
    let clinician = portal.sign_in("clinician").await;
    let keeper = portal.sign_in("compliance").await;
    let page = format!("/patients/{}/documents", okafor(&portal).await);
    let document = first(&clinician.get(&page).await);
    let swapped = |path: &str| {
        let (shelf, rest) = path[1..].split_once('/').expect("two parts");
        format!("/{}/{rest}", if shelf == "policies" { "documents" } else { "policies" })
    };
    let policy = find(&keeper.get("/policies").await, "Complaints.pdf").expect("the demo has it");
    for path in [document, policy] {
        let shown = keeper.get(&path).await;
        assert_eq!(shown.status, StatusCode::OK, "{path}");
        for path in [path.clone(), download(&shown), download(&shown).replace("/file", "/preview")] {
            assert_eq!(keeper.get(&swapped(&path)).await.status, StatusCode::NOT_FOUND, "{path}");
        }
        let (edit, versions) = (swapped(&format!("{path}/edit")), swapped(&format!("{path}/versions")));
        assert!(keeper.get(&edit).await.status.is_client_error(), "{edit}");
        assert!(send(&keeper, &versions, vec![file("a.pdf", pdf(100))]).await.status.is_client_error(), "{versions}");
    }
    let own = format!(
        "SELECT count(*) FROM document WHERE organization_id = '{NORTHGATE}' AND bucket = 'POLICY_FILES' AND created_at > now() - interval '1 minute'"
    );
    assert_eq!(ask(&portal, &own).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn managers_write_drafts_for_their_homes_which_others_put_in_force() {
    let portal = Portal::start().await;
    let (manager, carer, keeper) =
        (portal.sign_in("manager").await, portal.sign_in("carer").await, portal.sign_in("compliance").await);
    let form = manager.get("/policies").await;
    assert!(form.body.contains("What you add is a draft") && !form.text("#facility").contains("Whole organization"));
    let whole = add(&manager, "Everywhere.pdf", "", "2099").await;
    assert_eq!(whole.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(whole.text("#facility-error").contains("one of your facilities"), "{}", whole.body);
    let elsewhere = add(&manager, "Clinic.pdf", "01900000-0000-7000-8002-000000000001", "2099").await;
    assert_eq!(elsewhere.status, StatusCode::UNPROCESSABLE_ENTITY, "not a home of theirs");

    let added = add(&manager, "Sun.pdf", ELM_COURT, "2099").await;
    assert_eq!((added.status, added.location()), (StatusCode::SEE_OTHER, "/policies"), "{}", added.body);
    assert!(find(&manager.get("/policies").await, "Sun.pdf").is_none(), "not in force");
    let drafts = manager.get("/policies?view=drafts").await;
    assert!(find(&drafts, "Bed rails.txt").is_some(), "the demo has one");
    let draft = find(&drafts, "Sun.pdf").expect("it is a draft");
    assert_eq!(carer.get(&draft).await.status, StatusCode::NOT_FOUND);
    assert!(find(&carer.get("/policies?view=drafts").await, "Sun.pdf").is_none());

    // It is changed, and replaced, by who may; put in force by nobody but owner and compliance.
    let page = manager.get(&draft).await;
    assert!(page.body.contains("Draft, not in force") && !page.body.contains("/publication"), "{}", page.body);
    let versions = send(&manager, &format!("{draft}/versions"), vec![file("second.txt", "Hats")]).await;
    assert_eq!(versions.status, StatusCode::SEE_OTHER, "{}", versions.body);
    let edit = format!("{draft}/edit");
    let version = manager.get(&edit).await.field("row_version");
    let fields = [("title", "Hot days"), ("category", "POLICY"), ("row_version", &*version)];
    assert_eq!(manager.post(&edit, &fields).await.status, StatusCode::SEE_OTHER);
    let publication = format!("{draft}/publication");
    let page = keeper.get(&draft).await;
    assert!(page.body.contains(&publication), "{}", page.body);
    let version = page.field("row_version");
    assert_eq!(manager.post(&publication, &[("row_version", &version)]).await.status, StatusCode::FORBIDDEN);
    assert_eq!(
        keeper.post(&publication, &[("row_version", "1")]).await.status,
        StatusCode::CONFLICT,
        "as it was before"
    );
    let done = keeper.post(&publication, &[("row_version", &version)]).await;
    assert_eq!((done.status, done.location()), (StatusCode::SEE_OTHER, draft.as_str()), "{}", done.body);
    let again = keeper.post(&publication, &[("row_version", &version)]).await;
    assert_eq!(again.status, StatusCode::CONFLICT);
    assert_eq!(carer.get(&draft).await.status, StatusCode::OK, "in force");
    let history = format!(
        "SELECT count(*) FROM status_change WHERE subject_kind = 'document' AND from_status = 'DRAFT' AND to_status = 'PUBLISHED' AND subject_id = '{}'",
        &draft[10..]
    );
    assert_eq!(ask(&portal, &history).await, 1);

    // From then on it is not the manager's to change.
    let page = manager.get(&draft).await;
    assert!(page.status == StatusCode::OK && page.attributes("form[enctype]", "action").is_empty());
    for path in ["edit", "archive"] {
        assert_eq!(manager.get(&format!("{draft}/{path}")).await.status, StatusCode::FORBIDDEN, "{path}");
    }
    let third = send(&manager, &format!("{draft}/versions"), vec![file("third.txt", "Shade")]).await;
    assert_eq!(third.status, StatusCode::FORBIDDEN);

    // A draft that nobody wants is archived, and stays readable for who wrote it.
    let other = find(&drafts, "Bed rails.txt").expect("the demo has it");
    let archive = format!("{other}/archive");
    let version = manager.get(&archive).await.field("row_version");
    let gone = manager.post(&archive, &[("reason", "Part of another"), ("row_version", &version)]).await;
    assert_eq!(gone.status, StatusCode::SEE_OTHER, "{}", gone.body);
    assert!(find(&manager.get("/policies?view=archived").await, "Bed rails.txt").is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_database_lets_managers_write_drafts_of_their_homes_and_nothing_else() {
    let portal = Portal::start().await;
    let (user, clinic) = ("01900000-0000-7000-8003-000000000007", "01900000-0000-7000-8002-000000000001");
    let tries = async |sql: &str| -> String {
        let mut conn = portal.admin.acquire().await.expect("a connection");
        let context =
            format!("BEGIN; SET LOCAL ROLE almoner_app; SET LOCAL app.ctx = '{NORTHGATE}|{user}|MANAGER|{ELM_COURT}'");
        crate::support::run(&mut *conn, &context).await;
        #[expect(clippy::disallowed_methods, reason = "tests say what they please")]
        let done = sqlx::raw_sql(sql).execute(&mut *conn).await;
        crate::support::run(&mut *conn, "ROLLBACK").await;
        match done {
            Ok(done) => done.rows_affected().to_string(),
            Err(error) => error
                .as_database_error()
                .and_then(|error| error.code().map(|code| code.to_string()))
                .unwrap_or_default(),
        }
    };
    let insert = |facility: &str, status: &str| {
        format!(
            "INSERT INTO document (organization_id, id, bucket, title, facility_id, created_by_id, status)
             VALUES ('{NORTHGATE}', gen_random_uuid(), 'POLICY_FILES', 'x', {facility}, '{user}', '{status}')"
        )
    };
    let (home, other) = (format!("'{ELM_COURT}'"), format!("'{clinic}'"));
    assert_eq!(tries(&insert(&home, "DRAFT")).await, "1");
    for (facility, status) in [(&*home, "PUBLISHED"), (&*other, "DRAFT"), ("NULL", "DRAFT")] {
        assert_eq!(tries(&insert(facility, status)).await, "42501", "{facility} {status}");
    }
    let set = |what: &str, title: &str| format!("UPDATE document SET {what} WHERE title = '{title}'");
    assert_eq!(tries(&set("title = 'y'", "Bed rails.txt")).await, "1");
    assert_ne!(tries(&set("status = 'PUBLISHED'", "Bed rails.txt")).await, "1", "not theirs to put in force");
    assert_eq!(tries(&set("title = 'y'", "After a fall.pdf")).await, "0", "in force");
    assert_eq!(tries(&set("title = 'y'", "Complaints.pdf")).await, "0", "of the whole organization");
}
