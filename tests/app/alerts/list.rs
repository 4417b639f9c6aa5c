//! What the queue shows, to whom, in what order, and with how many statements.

use reqwest::StatusCode;

use super::{account, one};
use crate::support::Portal;

const ROWS: &str = "#queue tbody tr";

#[tokio::test(flavor = "multi_thread")]
async fn a_clinician_sees_the_gravest_first_with_patient_evidence_and_owner() {
    let portal = Portal::start().await;
    let clinician = portal.sign_in("clinician").await;
    let page = clinician.get("/alerts").await;
    assert_eq!(page.status, StatusCode::OK);
    assert_eq!(page.texts(ROWS).len(), 12);
    let first = page.text(ROWS);
    assert!(
        first.contains("Critical") && first.contains("OKAFOR, Adaeze") && first.contains("104\u{a0}2331")
            || first.contains("104 2331"),
        "{first}"
    );
    assert!(page.text("#preview").contains("Blood pressure very high"));
    assert!(page.text("#preview").contains("penicillin"));
    assert!(page.text("#preview").contains("Why this fired"));
    assert_eq!(page.attributes("#queue tbody tr[aria-current]", "aria-current").len(), 1);
    assert_eq!(page.header("cache-control"), Some("no-store"));
}

#[tokio::test(flavor = "multi_thread")]
async fn each_role_sees_its_own_facilities_and_no_other_organization() {
    let portal = Portal::start().await;
    let mut counts = Vec::new();
    for name in ["clinician", "carer", "owner"] {
        let page = portal.sign_in(name).await.get("/alerts?rows=50").await;
        assert!(!page.body.contains("Peak flow"), "{name} sees Southgate");
        counts.push(page.texts(ROWS).len());
    }
    assert!(counts[1] < counts[0] && counts[0] <= counts[2], "{counts:?}");
    for name in ["clerk", "admin", "patient"] {
        assert_eq!(portal.sign_in(name).await.get("/alerts").await.status, StatusCode::FORBIDDEN, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn filters_narrow_and_chips_take_them_off() {
    let portal = Portal::start().await;
    let clinician = portal.sign_in("clinician").await;
    let critical = clinician.get("/alerts?sev=CRITICAL").await;
    let rows = critical.texts(ROWS);
    assert!(!rows.is_empty() && rows.iter().all(|row| row.contains("Critical")), "{rows:?}");
    assert_eq!(critical.texts("#chips .chip"), ["Severity: Critical remove filter"]);
    assert_eq!(critical.attributes("#chips .chip", "href"), ["/alerts"]);
    let glucose = clinician.get("/alerts?type=GLUCOSE_HIGH").await.texts(ROWS);
    assert!(!glucose.is_empty() && glucose.iter().all(|row| row.contains("Glucose")), "{glucose:?}");
    let mine = clinician.get("/alerts?view=mine&rows=50").await.texts(ROWS);
    assert!(!mine.is_empty() && mine.iter().all(|row| row.contains("Haas")), "{mine:?}");
    let free = clinician.get("/alerts?view=unassigned&rows=50").await.texts(ROWS);
    assert!(!free.is_empty() && free.iter().all(|row| row.contains("Take it")), "{free:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn words_are_looked_for_and_stand_in_no_address() {
    let portal = Portal::start().await;
    let clinician = portal.sign_in("clinician").await;
    for (typed, expected) in [
        ("oka", "OKAFOR"),
        ("adaeze", "OKAFOR"),
        ("104 2331", "OKAFOR"),
        ("1042331", "OKAFOR"),
        ("oxygen", "Oxygen saturation low"),
    ] {
        let found = clinician.post("/alerts/search", &[("q", typed), ("sort", "newest")]).await;
        assert_eq!(found.status, StatusCode::SEE_OTHER, "{}", found.body);
        let address = found.location().to_owned();
        assert!(address.starts_with("/alerts?find=") && address.ends_with("&sort=newest"), "{address}");
        let page = clinician.get(&address).await;
        let rows = page.texts(ROWS);
        assert!(!rows.is_empty() && rows.iter().all(|row| row.contains(expected)), "{typed}: {rows:?}");
        assert_eq!(page.attributes("#filter-q", "value"), [typed]);
        assert_eq!(page.texts("#chips .chip"), [format!("Text: {typed} remove filter")]);
        for link in page.attributes("[href],[hx-get],[hx-post],[action]", "href") {
            assert!(!link.to_lowercase().contains(&typed.replace(' ', "+")), "{typed} in {link}");
        }
        // Somebody else's token finds nothing; the same person's file holds what the list does.
        assert_eq!(portal.sign_in("assistant").await.get(&address).await.texts(ROWS).len(), 0, "{typed}");
        let file = clinician.get(&address.replace("/alerts?", "/alerts.csv?")).await;
        assert!(file.body.contains(expected.split(',').next().unwrap_or_default()), "{typed}");
        let ask = clinician.get(&address.replace("/alerts?", "/alerts/views?")).await;
        assert_eq!(ask.attributes("input[name=query]", "value"), ["sort=newest"]);
        assert!(ask.body.contains("are not kept"), "{typed}");
    }
    for nothing in ["zzzz", "?!"] {
        let found = clinician.post("/alerts/search", &[("q", nothing)]).await;
        assert!(clinician.get(found.location()).await.body.contains("No alert matches this filter"), "{nothing}");
    }
    let cleared = clinician.post("/alerts/search", &[("q", "  "), ("view", "mine")]).await;
    assert_eq!(cleared.location(), "/alerts?view=mine");
    let fragment = clinician.hx_post("/alerts/search", &[("q", "oka")]).await;
    assert_eq!(fragment.status, StatusCode::OK);
    assert!(fragment.header("hx-push-url").is_some_and(|address| address.starts_with("/alerts?find=")));
    assert!(fragment.texts(ROWS).iter().all(|row| row.contains("OKAFOR")), "{:?}", fragment.texts(ROWS));
    let long = clinician.post("/alerts/search", &[("q", "x".repeat(101).as_str())]).await;
    assert_eq!(long.status, StatusCode::BAD_REQUEST);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_tab_and_every_order_answers() {
    let portal = Portal::start().await;
    for name in ["clinician", "owner"] {
        let browser = portal.sign_in(name).await;
        for view in ["open", "mine", "unassigned", "critical", "snoozed", "homes", "resolved"] {
            for sort in ["severity", "newest", "oldest", "patient"] {
                let page = browser.get(&format!("/alerts?view={view}&sort={sort}")).await;
                assert_eq!(page.status, StatusCode::OK, "{name} {view} {sort}: {}", page.body);
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_follow_each_other_without_gap_or_repeat_while_alerts_come_in() {
    let portal = Portal::start().await;
    for (name, sort) in [
        ("clinician", "severity"),
        ("clinician", "oldest"),
        ("clinician", "patient"),
        ("owner", "newest"),
        ("owner", "severity"),
    ] {
        let browser = portal.sign_in(name).await;
        let all = browser.get(&format!("/alerts?sort={sort}&rows=50")).await.attributes(ROWS, "id");
        let mut seen = Vec::new();
        let mut next = Some(format!("/alerts?sort={sort}"));
        let mut last = None;
        while let Some(href) = next {
            let page = browser.get(&href).await;
            let rows = page.attributes(ROWS, "id");
            if seen.is_empty() && sort == "severity" {
                // Somebody raises another: the pages behind the cursor stay as they are.
                sqlx::query!(
                    "INSERT INTO alert (organization_id, id, facility_id, type, severity, title)
                     SELECT organization_id, gen_random_uuid(), facility_id, 'SLA_BREACH', 'CRITICAL', 'Just now' FROM alert
                     WHERE is_open AND facility_id IS NOT NULL LIMIT 1"
                )
                .execute(&portal.admin)
                .await
                .expect("an alert");
            }
            seen.extend(rows.clone());
            next = page.attributes("a[rel=next]", "href").pop();
            if next.is_none() {
                last = page
                    .attributes("a[rel=prev]", "href")
                    .pop()
                    .map(|href| (href, seen[..seen.len() - rows.len()].to_vec()));
            }
        }
        assert_eq!(seen, all, "{name} {sort}");
        let (previous, before) = last.expect("a page before the last");
        let back = browser.get(&previous).await.attributes(ROWS, "id");
        assert_eq!(back[..], before[before.len() - back.len()..], "{name} {sort} backwards");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_look_at_the_page_is_written_down_once() {
    let portal = Portal::start().await;
    let clinician = portal.sign_in("clinician").await;
    clinician.get("/alerts").await;
    let me = account(&portal, "clinician").await;
    let views = async || {
        sqlx::query_scalar!("SELECT count(*) FROM audit_event WHERE actor_id = $1 AND action = 'VIEW'", me)
            .fetch_one(&portal.admin)
            .await
            .expect("a count")
            .unwrap_or_default()
    };
    let before = views().await;
    clinician.get("/alerts?rows=50").await;
    assert_eq!(views().await, before + 1);
    let shown = sqlx::query_scalar!(
        "SELECT cardinality(patient_ids) FROM audit_event WHERE actor_id = $1 AND action = 'VIEW' ORDER BY at DESC LIMIT 1",
        me
    );
    assert!(shown.fetch_one(&portal.admin).await.expect("an event").unwrap_or_default() > 12);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fragment_brings_queue_pane_tabs_and_chips() {
    let portal = Portal::start().await;
    let clinician = portal.sign_in("clinician").await;
    let fragment = clinician.hx_get("/alerts?sev=HIGH").await;
    assert!(!fragment.body.contains("<html"));
    for target in ["#preview", "#views", "#chips", "#say"] {
        assert!(fragment.body.contains(&format!("hx-target=\"{target}\"")), "{target}");
    }
    let alert = one(&portal, "ACTIVE", "CRITICAL").await;
    let pane = clinician.hx_get(&format!("/alerts/{}", alert.id)).await;
    assert!(pane.body.trim_start().starts_with("<aside"), "{}", pane.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn newer_alerts_are_counted_and_never_inserted() {
    let portal = Portal::start().await;
    let clinician = portal.sign_in("clinician").await;
    let page = clinician.get("/alerts").await;
    let ask = page.attributes("#queue [hx-trigger^='queue-changed']", "hx-get").remove(0);
    assert_eq!(clinician.hx_get(&ask).await.text("#newer"), "");
    let manager = portal.sign_in("manager").await;
    let form = manager.get("/alerts/new").await;
    let facility = form.attributes("#facility option[value]:not([value=''])", "value").pop().unwrap_or_default();
    let fields =
        [("type", "SLA_BREACH"), ("severity", "INFO"), ("title", "Lift out of order"), ("facility", facility.as_str())];
    let raised = manager.post("/alerts/new", &fields).await;
    assert_eq!(raised.status, StatusCode::SEE_OTHER, "{}", raised.body);
    let owner = portal.sign_in("owner").await;
    let theirs = owner.hx_get(&ask).await;
    assert_eq!(theirs.text("#newer"), "1 newer alert");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_file_holds_the_filtered_list_and_no_formula() {
    let portal = Portal::start().await;
    let clinician = portal.sign_in("clinician").await;
    let alert = one(&portal, "ACTIVE", "CRITICAL").await;
    sqlx::query!("UPDATE alert SET title = '=HYPERLINK(\"http://x\")' WHERE id = $1", alert.id)
        .execute(&portal.admin)
        .await
        .expect("a title");
    let exports = async || {
        let me = account(&portal, "clinician").await;
        let count = sqlx::query_scalar!(
            "SELECT count(*) FROM audit_event WHERE action = 'EXPORT' AND resource_type = 'alert' AND actor_id = $1",
            me
        );
        count.fetch_one(&portal.admin).await.expect("a count").unwrap_or_default()
    };
    let before = exports().await;
    let file = clinician.get("/alerts.csv?sev=CRITICAL").await;
    assert_eq!(file.header("content-type"), Some("text/csv; charset=utf-8"));
    let lines: Vec<_> = file.body.lines().collect();
    assert_eq!(lines.len(), 1 + clinician.get("/alerts?sev=CRITICAL&rows=50").await.texts(ROWS).len());
    assert!(file.body.contains("\"'=HYPERLINK"), "{}", file.body);
    assert_eq!(exports().await, before + 1);
    assert_eq!(portal.sign_in("carer").await.get("/alerts.csv").await.status, StatusCode::FORBIDDEN);
    let sheet = clinician.get("/alerts/print").await;
    assert!(sheet.body.contains("OKAFOR, Adaeze") && sheet.body.contains("Printed by"));
}

#[tokio::test(flavor = "multi_thread")]
async fn views_are_saved_shared_opened_by_default_and_removed() {
    let portal = Portal::start().await;
    let clinician = portal.sign_in("clinician").await;
    let fields =
        [("name", "Grave ones"), ("query", "sev=CRITICAL&sev=HIGH"), ("shared", "true"), ("is_default", "true")];
    let saved = clinician.post("/alerts/views", &fields).await;
    assert_eq!(saved.status, StatusCode::SEE_OTHER, "{}", saved.body);
    let page = clinician.get(saved.location()).await;
    assert!(page.text(".tabs [aria-current]").contains("Grave ones"));
    let opened = clinician.get("/alerts").await;
    assert_eq!(opened.location(), saved.location());
    let assistant = portal.sign_in("assistant").await;
    assert!(
        assistant.get("/alerts?view=open").await.texts(".tabs a").iter().any(|tab| tab.contains("Grave ones (shared)"))
    );
    let id = saved.location().split(['=', '&']).nth(1).expect("an id").to_owned();
    let removal = format!("/alerts/views/{id}/removal");
    assert_eq!(assistant.post(&removal, &[]).await.status, StatusCode::NOT_FOUND);
    assert_eq!(clinician.post(&removal, &[]).await.status, StatusCode::SEE_OTHER);
    assert_eq!(clinician.get("/alerts").await.status, StatusCode::OK);
    assert_eq!(
        clinician.post("/alerts/views", &[("name", " "), ("query", "")]).await.status,
        StatusCode::UNPROCESSABLE_ENTITY
    );
    assert_eq!(
        clinician.post("/alerts/views", &[("name", "x"), ("query", "sev=FOO")]).await.status,
        StatusCode::BAD_REQUEST
    );
}
