//! Finding patients and keeping their records.

use almoner::access::Role;
use reqwest::StatusCode;
use sqlx::Row as _;
use uuid::Uuid;

use crate::support::{Browser, House, Portal, Reply};

/// What the form of a new record needs at least.
const ADA: [(&str, &str); 8] = [
    ("last_name", "Testcase"),
    ("first_name", "Ada"),
    ("sex", "FEMALE"),
    ("date_of_birth_day", "14"),
    ("date_of_birth_month", "7"),
    ("date_of_birth_year", "1958"),
    ("status", "ACTIVE"),
    ("clinician_id", ""),
];

/// Follows the redirect that a search answers with.
async fn find(browser: &Browser, typed: &str) -> Reply {
    let reply = browser.post("/patients/search", &[("q", typed)]).await;
    assert_eq!(reply.status, StatusCode::SEE_OTHER, "{}", reply.body);
    assert!(!reply.location().to_lowercase().contains(&typed.to_lowercase()), "what is typed is not for addresses");
    browser.get(reply.location()).await
}

/// Asks the superuser.
pub async fn ask(portal: &Portal, sql: &str) -> i64 {
    #[expect(clippy::disallowed_methods, reason = "tests look past the application")]
    let row = sqlx::query(sql).fetch_one(&portal.admin).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
    row.get(0)
}

/// Adaeze Okafor of the demo data.
pub async fn okafor(portal: &Portal) -> Uuid {
    #[expect(clippy::disallowed_methods, reason = "tests look past the application")]
    let row = sqlx::query("SELECT id FROM patient WHERE last_name = 'Okafor' AND first_name = 'Adaeze'");
    row.fetch_one(&portal.admin).await.expect("the demo has her").get(0)
}

/// The form of a new record, with the first place it offers and the key it carries.
async fn new_form(browser: &Browser, more: &[(&str, &str)]) -> Vec<(String, String)> {
    let form = browser.get("/patients/new").await;
    assert_eq!(form.status, StatusCode::OK, "{}", form.body);
    let place = form
        .attributes("select[name=facility_id] option", "value")
        .into_iter()
        .find(|id| !id.is_empty())
        .expect("a place");
    let mut fields: Vec<(String, String)> =
        ADA.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    fields.push(("facility_id".to_owned(), place));
    fields.push(("idempotency_key".to_owned(), form.field("idempotency_key")));
    for (name, value) in more {
        fields.retain(|(known, _)| known != name);
        fields.push(((*name).to_owned(), (*value).to_owned()));
    }
    fields
}

async fn send(browser: &Browser, path: &str, fields: &[(String, String)]) -> Reply {
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    browser.post(path, &fields).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_patient_is_found_by_the_beginning_of_either_name() {
    let portal = Portal::start().await;
    let clinician = portal.sign_in("clinician").await;
    for typed in ["oka", "OKAFOR", "Okafor, Ad", "adae", "Adaeze Oka"] {
        let reply = find(&clinician, typed).await;
        assert_eq!(reply.status, StatusCode::OK);
        assert!(reply.body.contains("OKAFOR, Adaeze"), "{typed}: {}", reply.body);
    }
    assert!(find(&clinician, "kafor").await.body.contains("Nobody found"));
    let anywhere = clinician.post("/search", &[("q", "okaf")]).await;
    let results = clinician.get(anywhere.location()).await;
    assert!(results.body.contains("OKAFOR, Adaeze"), "{}", results.body);
    let audited = "SELECT count(*) FROM audit_event WHERE action = 'VIEW' AND resource_type = 'patient' AND cardinality(patient_ids) > 0";
    assert!(ask(&portal, audited).await >= 6, "each page of results is in the audit");
    let told = "SELECT count(*) FROM audit_event WHERE details::text ILIKE '%oka%'";
    assert_eq!(ask(&portal, told).await, 0, "what was typed is not in the audit");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_patient_is_found_by_their_whole_numbers_however_they_are_written() {
    let portal = Portal::start().await;
    let assistant = portal.sign_in("assistant").await;
    let details = assistant.get(&format!("/patients/{}/details", okafor(&portal).await)).await;
    let mrn = details.text("dl.ids dd.nw").replace('\u{a0}', " ");
    for typed in [mrn.clone(), mrn.replace(' ', ""), mrn.replace(' ', "-")] {
        let found = find(&assistant, &typed).await;
        assert!(found.body.contains("OKAFOR, Adaeze"), "{typed}");
    }
    let half: String = mrn.chars().take(3).collect();
    assert!(find(&assistant, &half).await.body.contains("Nobody found"), "a part of a number finds nobody");
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_elses_search_finds_nothing() {
    let portal = Portal::start().await;
    let clinician = portal.sign_in("clinician").await;
    let location = clinician.post("/patients/search", &[("q", "okafor")]).await.location().to_owned();
    let stolen = portal.sign_in("assistant").await.get(&location).await;
    assert_eq!(stolen.status, StatusCode::OK);
    assert!(stolen.body.contains("Nobody found"));
    let changed = clinician.get(&format!("{location}x")).await;
    assert!(changed.body.contains("Nobody found"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clerk_sees_names_and_numbers_and_no_way_in() {
    let portal = Portal::start().await;
    let okafor = okafor(&portal).await;
    let clerk = portal.sign_in("clerk").await;
    let list = clerk.get("/patients").await;
    assert_eq!(list.status, StatusCode::OK, "{}", list.body);
    assert!(list.attributes("main a", "href").iter().all(|href| !href.starts_with("/patients/")));
    assert!(!list.body.contains("Born"));
    for section in ["", "/details", "/print", "/edit", "/allergies"] {
        assert_eq!(clerk.get(&format!("/patients/{okafor}{section}")).await.status, StatusCode::FORBIDDEN, "{section}");
    }
    assert_eq!(clerk.get("/patients.csv").await.status, StatusCode::FORBIDDEN);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_record_is_made_once_however_often_it_is_sent() {
    let portal = Portal::start().await;
    let assistant = portal.sign_in("assistant").await;
    let fields = new_form(&assistant, &[("phone", "020 7946 0999"), ("medical_record_number", "T-1")]).await;
    let made = send(&assistant, "/patients/new", &fields).await;
    assert_eq!(made.status, StatusCode::SEE_OTHER, "{}", made.body);
    let again = send(&assistant, "/patients/new", &fields).await;
    assert_eq!((again.status, again.location()), (StatusCode::SEE_OTHER, made.location()));
    assert_eq!(ask(&portal, "SELECT count(*) FROM patient WHERE last_name = 'Testcase'").await, 1);
    assert_eq!(
        ask(&portal, "SELECT count(*) FROM audit_event WHERE action = 'CREATE' AND resource_type = 'patient'").await,
        1
    );
    let chart = assistant.get(made.location()).await;
    assert!(chart.body.contains("TESTCASE, Ada") && chart.body.contains("Allergies not recorded"), "{}", chart.body);
    assert!(find(&assistant, "+44 20 7946 0999").await.body.contains("TESTCASE"));
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_who_may_be_here_already_is_asked_about() {
    let portal = Portal::start().await;
    let assistant = portal.sign_in("assistant").await;
    let first = new_form(&assistant, &[("medical_record_number", "T-1")]).await;
    assert_eq!(send(&assistant, "/patients/new", &first).await.status, StatusCode::SEE_OTHER);

    let twin = new_form(&assistant, &[("last_name", "TESTCASE")]).await;
    let asked = send(&assistant, "/patients/new", &twin).await;
    assert_eq!(asked.status, StatusCode::CONFLICT);
    assert!(
        asked.body.contains("This person may be here already") && asked.body.contains("same name and date of birth")
    );
    let mut anyway = twin.clone();
    anyway.push(("duplicate_reason".into(), "Twins named alike".into()));
    assert_eq!(send(&assistant, "/patients/new", &anyway).await.status, StatusCode::SEE_OTHER);
    assert_eq!(ask(&portal, "SELECT count(*) FROM patient WHERE name_key = 'testcase ada'").await, 2);
    let reasons = "SELECT count(*) FROM audit_event WHERE details ->> 'duplicate_reason' = 'Twins named alike'";
    assert_eq!(ask(&portal, reasons).await, 1);

    let number =
        new_form(&assistant, &[("last_name", "Other"), ("medical_record_number", "t1"), ("duplicate_reason", "x")])
            .await;
    let refused = send(&assistant, "/patients/new", &number).await;
    assert_eq!(refused.status, StatusCode::CONFLICT);
    assert!(refused.body.contains("cannot share a record number"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_that_is_wrong_comes_back_with_what_was_typed() {
    let portal = Portal::start().await;
    let assistant = portal.sign_in("assistant").await;
    for (name, value, words) in [
        ("last_name", "", "Enter the family name"),
        ("date_of_birth_day", "31", ""),
        ("date_of_birth_year", "2958", "earlier"),
        ("date_of_birth_year", "1899", "1900 or later"),
        ("date_of_birth_month", "13", "no such day"),
        ("email", "nobody", "e-mail address"),
        ("facility_id", "00000000-0000-0000-0000-000000000001", "Choose a place"),
        ("first_name", &"x".repeat(256), "255 characters"),
    ] {
        let fields = new_form(&assistant, &[(name, value)]).await;
        let reply = send(&assistant, "/patients/new", &fields).await;
        if words.is_empty() {
            continue;
        }
        assert_eq!(reply.status, StatusCode::UNPROCESSABLE_ENTITY, "{name}={value}");
        assert!(reply.text("#errors").contains(words), "{name}: {}", reply.text("#errors"));
        assert!(reply.body.contains("<title>Error: "));
        assert!(!reply.field("first_name").is_empty(), "what was typed is kept");
    }
    let missing = assistant.post("/patients/new", &[]).await;
    assert_eq!(missing.status, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_read_is_refused_and_nothing_breaks() {
    let portal = Portal::start().await;
    let assistant = portal.sign_in("assistant").await;
    let id = okafor(&portal).await;
    let forms = ["search", "new"].map(|page| format!("/patients/{page}")).into_iter();
    let sections = [
        "edit",
        "status",
        "deletion",
        "restoration",
        "allergies",
        "allergy-status",
        "conditions",
        "flags",
        "contacts",
        "coverage",
        "care-team",
    ];
    let forms: Vec<String> = forms
        .chain(sections.map(|section| format!("/patients/{id}/{section}")))
        .chain(["/search".to_owned()])
        .collect();
    for path in forms {
        for body in [&b"q=%FF&last_name=%FF"[..], b"q=%00&last_name=%00", b"\xff\xfe=1"] {
            let reply = assistant.post_raw(&path, body.to_vec()).await;
            assert_eq!(reply.status, StatusCode::BAD_REQUEST, "{path} {body:?}: {}", reply.body);
        }
        let long = assistant
            .post(
                &path,
                &[("q", &"x".repeat(5_000)), ("last_name", &"x".repeat(5_000)), ("reason", &"x".repeat(20_000))],
            )
            .await;
        assert!(long.status.is_client_error(), "{path} answered {}", long.status);
    }
    for query in ["status=x", "facility=1", "clinician=%00", "trail=1", "flag=%FF", "find=%00", "sort=1%00"] {
        for page in ["/patients", "/patients.csv"] {
            assert_eq!(
                assistant.get(&format!("{page}?{query}")).await.status,
                StatusCode::BAD_REQUEST,
                "{page}?{query}"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stale_form_shows_both_versions_and_loses_nothing() {
    let portal = Portal::start().await;
    let (assistant, clinician) = (portal.sign_in("assistant").await, portal.sign_in("clinician").await);
    let path = format!("/patients/{}/edit", okafor(&portal).await);
    let filled = |reply: &Reply, more: &[(&str, &str)]| -> Vec<(String, String)> {
        let names = [
            "last_name",
            "first_name",
            "title",
            "date_of_birth_day",
            "date_of_birth_month",
            "date_of_birth_year",
            "row_version",
            "phone",
        ];
        let mut fields: Vec<(String, String)> =
            names.iter().map(|name| ((*name).to_owned(), reply.field(name))).collect();
        let chosen = |name: &str| {
            reply.attributes(&format!("select[name={name}] option[selected]"), "value").pop().unwrap_or_default()
        };
        fields.extend(["sex", "facility_id", "clinician_id"].map(|name| (name.to_owned(), chosen(name))));
        for (name, value) in more {
            fields.retain(|(known, _)| known != name);
            fields.push(((*name).to_owned(), (*value).to_owned()));
        }
        fields
    };
    let (mine, theirs) = (assistant.get(&path).await, clinician.get(&path).await);
    let saved = send(&clinician, &path, &filled(&theirs, &[("preferred_name", "Ada")])).await;
    assert_eq!(saved.status, StatusCode::SEE_OTHER, "{}", saved.body);
    let stale = send(&assistant, &path, &filled(&mine, &[("preferred_name", "Daisy")])).await;
    assert_eq!(stale.status, StatusCode::CONFLICT);
    let note = stale.text("#conflict");
    assert!(note.contains("Ada") && note.contains("Daisy"), "{note}");
    assert_eq!(stale.field("preferred_name"), "Daisy", "what was typed is kept");
    let kept = send(&assistant, &path, &filled(&stale, &[("preferred_name", "Daisy")])).await;
    assert_eq!(kept.status, StatusCode::SEE_OTHER);
    let secret = "SELECT count(*) FROM audit_event WHERE changes::text LIKE '%7946%'";
    assert_eq!(ask(&portal, secret).await, 0, "no content of a protected column in the audit");
    let named = "SELECT count(*) FROM audit_event WHERE action = 'UPDATE' AND changes -> 'preferred_name' ->> 'after' = 'Daisy'";
    assert_eq!(ask(&portal, named).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn open_alerts_follow_a_patient_who_moves() {
    let portal = Portal::start().await;
    let house = House::build(&portal).await;
    let patient = house.patient(&portal, house.clinic, "1").await;
    let everywhere = house.person(&portal, Role::Clinician, None).await;
    let (of_clinic, of_home) = (
        house.account(&portal, Role::Clinician, Some(house.clinic)).await,
        house.account(&portal, Role::Carer, Some(house.home)).await,
    );
    for (title, status, who) in [
        ("New", "ACTIVE", "NULL".to_owned()),
        ("Theirs", "ACTIVE", format!("(SELECT id FROM app_user WHERE email = '{of_clinic}')")),
        ("Closed", "RESOLVED", "NULL".to_owned()),
    ] {
        let sql = format!(
            "INSERT INTO alert (organization_id, id, patient_id, type, severity, title, status, assignee_id, resolved_at, resolved_by_id, reason_code)
             SELECT '{org}', gen_random_uuid(), '{patient}', 'BP_HIGH_TREND', 'HIGH', '{title}', s, {who},
                    CASE s WHEN 'RESOLVED' THEN now() END, CASE s WHEN 'RESOLVED' THEN '{patient}'::uuid END, CASE s WHEN 'RESOLVED' THEN 'EXPECTED' END
             FROM (VALUES ('{status}')) AS v (s)",
            org = house.organization
        );
        let mut conn = portal.admin.acquire().await.expect("a connection");
        crate::support::run(&mut *conn, &sql).await;
    }
    let carer = portal.visitor();
    carer.sign_in(&of_home).await;
    assert!(!carer.get("/alerts").await.body.contains("Theirs"));
    let path = format!("/patients/{patient}/edit");
    let form = everywhere.get(&path).await;
    let mut fields: Vec<(String, String)> =
        ["last_name", "first_name", "date_of_birth_day", "date_of_birth_month", "date_of_birth_year", "row_version"]
            .iter()
            .map(|name| ((*name).to_owned(), form.field(name)))
            .collect();
    fields.push(("sex".into(), "FEMALE".into()));
    fields.push(("clinician_id".into(), String::new()));
    fields.push(("facility_id".into(), house.home.to_string()));
    let saved = send(&everywhere, &path, &fields).await;
    assert_eq!(saved.status, StatusCode::SEE_OTHER, "{}", saved.body);
    let count = async |condition: &str| {
        ask(&portal, &format!("SELECT count(*) FROM alert WHERE patient_id = '{patient}' AND {condition}")).await
    };
    assert_eq!(count(&format!("is_open AND facility_id = '{}' AND row_version = 2", house.home)).await, 2);
    assert_eq!(count("assignee_id IS NOT NULL").await, 0, "who does not work there cannot look after it there");
    assert_eq!(count(&format!("NOT is_open AND facility_id = '{}'", house.clinic)).await, 1, "what is closed stays");
    assert!(carer.get("/alerts").await.body.contains("Theirs"), "who looks after the patient now sees it");
    let told = format!(
        "SELECT count(DISTINCT facility_id) FROM audit_event WHERE resource_type = 'alert' AND patient_id = '{patient}' AND action = 'UPDATE'"
    );
    assert_eq!(ask(&portal, &told).await, 2, "both queues hear of it");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_changes_status_is_deleted_and_restored_with_reasons() {
    let portal = Portal::start().await;
    let manager = portal.sign_in("clinician").await;
    let id = okafor(&portal).await;
    let version = |reply: &Reply| reply.field("row_version");
    let page = manager.get(&format!("/patients/{id}/status")).await;
    let status = format!("/patients/{id}/status");
    let bare = manager.post(&status, &[("status", "ON_HOLD"), ("row_version", &version(&page))]).await;
    assert_eq!(bare.status, StatusCode::UNPROCESSABLE_ENTITY, "no reason");
    let moved =
        manager.post(&status, &[("status", "ON_HOLD"), ("reason", "Abroad"), ("row_version", &version(&page))]).await;
    assert_eq!(moved.status, StatusCode::SEE_OTHER, "{}", moved.body);
    let history = manager.get(&status).await;
    assert!(history.body.contains("Abroad") && history.body.contains("from Active to On hold"), "{}", history.body);
    let stale =
        manager.post(&status, &[("status", "ACTIVE"), ("reason", "Back"), ("row_version", &version(&page))]).await;
    assert_eq!(stale.status, StatusCode::CONFLICT);

    let page = manager.get(&format!("/patients/{id}/deletion")).await;
    let gone = manager
        .post(&format!("/patients/{id}/deletion"), &[("reason", "Entered twice"), ("row_version", &version(&page))])
        .await;
    assert_eq!(gone.status, StatusCode::SEE_OTHER, "{}", gone.body);
    assert!(!find(&manager, "okafor").await.body.contains("OKAFOR, Adaeze"));
    assert!(manager.get("/patients?deleted=1").await.body.contains("OKAFOR, Adaeze"));
    assert_eq!(manager.get(&format!("/patients/{id}/edit")).await.status, StatusCode::CONFLICT);
    let page = manager.get(&format!("/patients/{id}/deletion")).await;
    let back = manager
        .post(&format!("/patients/{id}/restoration"), &[("reason", "Not twice"), ("row_version", &version(&page))])
        .await;
    assert_eq!(back.status, StatusCode::SEE_OTHER, "{}", back.body);
    assert!(find(&manager, "okafor").await.body.contains("OKAFOR, Adaeze"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_list_pages_there_and_back_and_leaves_as_a_file() {
    let portal = Portal::start().await;
    let more = "INSERT INTO patient (organization_id, id, facility_id, first_name, last_name, name_key, given_key, date_of_birth)
                SELECT p.organization_id, gen_random_uuid(), p.facility_id, '=cmd', 'Zzz' || n, 'zzz' || lpad(n::text, 4, '0'), 'x', '2000-01-01'
                FROM patient AS p, generate_series(1, 120) AS n WHERE p.last_name = 'Okafor' AND p.first_name = 'Adaeze' RETURNING 1::bigint";
    ask(&portal, more).await;
    let clinician = portal.sign_in("clinician").await;
    let first = find(&clinician, "zzz").await;
    assert!(first.text(".pager").contains("1 to 50 of 99+"), "{}", first.text(".pager"));
    let next = first.attributes(".pager a[rel=next]", "href").pop().expect("a next page");
    let second = clinician.get(&next).await;
    let third = clinician.get(&second.attributes(".pager a[rel=next]", "href").pop().expect("a third page")).await;
    assert!(third.text(".pager").contains("101 to 120 of 120"), "{}", third.text(".pager"));
    let back = third.attributes(".pager a[rel=prev]", "href").pop().expect("the way back");
    assert_eq!(clinician.get(&back).await.texts("tbody th"), second.texts("tbody th"));
    let csv = clinician.get("/patients.csv").await;
    assert!(csv.header("content-type").is_some_and(|kind| kind.starts_with("text/csv")));
    assert!(csv.body.lines().count() > 120 && csv.body.contains("OKAFOR"), "{}", csv.body.lines().count());
    assert!(
        ask(&portal, "SELECT count(*) FROM audit_event WHERE action = 'EXPORT' AND cardinality(patient_ids) > 100")
            .await
            == 1
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_list_shows_the_blood_pressure_of_late_in_a_line_and_in_words() {
    let portal = Portal::start().await;
    let clinician = portal.sign_in("clinician").await;
    let row = |list: &Reply| {
        let rows: Vec<String> = list.body.split("<tr role=\"row\">").map(str::to_owned).collect();
        rows.into_iter().find(|row| row.contains("OKAFOR, Adaeze")).expect("a row")
    };
    let list = find(&clinician, "okafor").await;
    assert!(list.texts("thead th").iter().any(|head| head == "Blood pressure, 14 days"), "{}", list.body);
    let grown = row(&list);
    assert!(grown.contains("184/112") && grown.contains("Very high"), "{grown}");
    assert!(grown.contains("systolic on 14 days from 126 to 184, the last 184"), "{grown}");
    assert!(grown.contains("class=\"ch spark\"") && grown.contains("<path class=\"hi\""), "a shape: {grown}");
    // What is normal for a child is not what is normal for adults: the number stands without a judgement, and without a band.
    let child =
        "UPDATE patient SET date_of_birth = CURRENT_DATE - 3000 WHERE last_name = 'Okafor' AND first_name = 'Adaeze'";
    #[expect(clippy::disallowed_methods, reason = "tests reach past the application")]
    sqlx::query(child).execute(&portal.admin).await.expect("a child");
    let child = row(&find(&clinician, "okafor").await);
    assert!(child.contains("184/112") && !child.contains("Very high") && !child.contains("band"), "{child}");
    assert!(!clinician.get("/patients?deleted=1").await.body.contains("14 days"));
    // The owner opens records, and sees no readings.
    let owner = portal.sign_in("owner").await.get("/patients").await;
    assert!(owner.status == 200 && !owner.body.contains("spark") && !owner.body.contains("14 days"), "{}", owner.body);
}
