//! axe finds nothing: every page, light and dark, on a desk and on a phone.

use std::collections::BTreeMap;

use almoner::access::Role;
use almoner::routes;
use serde_json::json;

use crate::driver::{Screen, Script, Window};
use crate::support::Portal;

/// axe-core, for tests only (see `tests/browser/vendor/`).
const AXE: &str = include_str!("vendor/axe.min.js");

/// What axe says of the page in the window: one line per rule that is broken.
pub async fn violations(window: &Window) -> Vec<String> {
    window.run(AXE).await;
    told(window, "").await
}

/// What axe says of its colours alone, in a page that it has looked at before.
async fn wrong_colours(window: &Window) -> Vec<String> {
    told(window, "runOnly: ['color-contrast', 'link-in-text-block'],").await
}

async fn told(window: &Window, only: &str) -> Vec<String> {
    let script = format!(
        "const done = arguments[arguments.length - 1];
         axe.run(document, {{ {only} resultTypes: ['violations'] }}).then(r => done(r.violations.map(v =>
           v.id + ': ' + v.help + ' at ' + v.nodes.slice(0, 3).map(n => n.target.join(' ')).join(', '))));"
    );
    let found = window.run_async(&script).await;
    found.as_array().into_iter().flatten().filter_map(|line| line.as_str().map(ToOwned::to_owned)).collect()
}

/// What sticks out to the right of the window, where the page can be moved sideways.
pub async fn sticking_out(window: &Window) -> Vec<String> {
    let found = window
        .run(
            "const width = document.documentElement.clientWidth;
             if (document.documentElement.scrollWidth <= width + 1) return [];
             return [...document.querySelectorAll('body *')].filter(e => e.getBoundingClientRect().right > width + 1)
               .slice(0, 3).map(e => e.tagName.toLowerCase() + '.' + e.className + ' \"' + e.textContent.trim().slice(0, 20) + '\"');",
        )
        .await;
    found.as_array().into_iter().flatten().filter_map(|line| line.as_str().map(ToOwned::to_owned)).collect()
}

/// Cells of a table whose words lie over those of another: "Active" over "10-Oct-1991".
pub async fn overlapping(window: &Window) -> Vec<String> {
    let found = window
        .run(
            "const words = cell => {
               const walk = document.createTreeWalker(cell, NodeFilter.SHOW_TEXT), range = document.createRange(), boxes = [];
               for (let text; (text = walk.nextNode());) {
                 if (!text.data.trim() || text.parentElement.closest('.vh, .pop, details:not([open]) > :not(summary)')) continue;
                 range.selectNodeContents(text);
                 boxes.push(...range.getClientRects());
               }
               return boxes;
             };
             const meet = (a, b) => Math.min(a.right, b.right) - Math.max(a.left, b.left) > 2 && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 4;
             const found = [];
             for (const row of document.querySelectorAll('tbody tr')) {
               const cells = [...row.cells].map(cell => [cell.textContent.trim().slice(0, 20), words(cell)]);
               cells.forEach(([one, here], at) => cells.slice(at + 1).forEach(([other, there]) => {
                 if (here.some(a => there.some(b => meet(a, b)))) found.push(one + '\" over \"' + other);
               }));
             }
             return found.slice(0, 3);",
        )
        .await;
    found.as_array().into_iter().flatten().filter_map(|line| line.as_str().map(ToOwned::to_owned)).collect()
}

/// Not pages: files, streams, and what machines ask for.
const NOT_PAGES: [&str; 17] = [
    "/live",
    "/visits/{id}/video/events",
    "/my/visits/{id}/video/events",
    "/guest/{token}/events",
    "/healthz",
    "/readyz",
    "/alerts/newer",
    "/cases/newer",
    "/cases/{id}/changed",
    "/cases/{id}/timeline/newer",
    "/patients/{id}/newer",
    "/notifications/bell",
    "/notifications/{id}",
    "/my/messages/{id}/newer",
    "/my/readings/imports/{import}/progress",
    // A page, but of a file that nobody in the demo has sent: see `readings`.
    "/my/readings/imports/{import}",
    "/tasks/badge",
];

/// The link of the demo's guest, whose visit is open to join.
const GUEST: &str =
    "/guest/01900000-0000-7000-8001-000000000001.01900000-0000-7000-8030-000000000001.demo-secret-of-guest-1";

/// Who looks at a page, where several may: the first of these.
const VIEWERS: [Role; 6] = [Role::Clinician, Role::Chair, Role::Compliance, Role::Admin, Role::Patient, Role::Clerk];

/// Every page of the route table with somebody who may see it.
async fn pages(portal: &Portal) -> BTreeMap<&'static str, Vec<String>> {
    let mut pages: BTreeMap<_, Vec<String>> = BTreeMap::new();
    let (alert, patient) = (first(portal, "alert").await, first(portal, "patient").await);
    let (visit, request) = (first(portal, "visit").await, first(portal, "visit_request").await);
    let (slot, own_visit) = (first(portal, "slot").await, first(portal, "own visit").await);
    let user = first(portal, "app_user").await;
    let case = first(portal, "cases").await;
    let task = first(portal, "task").await;
    let (content, given) = (first(portal, "content").await, first(portal, "given").await);
    let (thread, closed, own_thread) =
        (first(portal, "thread").await, first(portal, "closed").await, first(portal, "own thread").await);
    let (contact, proxy) = (first(portal, "contact").await, first(portal, "proxy").await);
    let reading = first(portal, "reading").await;
    let (document, policy) = (first(portal, "document").await, first(portal, "policy").await);
    for route in routes::all().table().filter(|route| route.method == "GET") {
        // For a quick look at one page: ONLY=/alerts cargo test --test browser axe
        if std::env::var("ONLY").is_ok_and(|only| !route.path.contains(&only)) {
            continue;
        }
        let file = route.path.contains(".csv")
            || route.path.contains(".ics")
            || route.path.ends_with("/file")
            || route.path.ends_with("/preview")
            || route.path.starts_with("/calendar/")
            || NOT_PAGES.contains(&route.path);
        // Administrators see all of the pages about people, and chairs the case.
        let viewers = match route.path {
            path if path.starts_with("/admin/users") => [Role::Admin; VIEWERS.len()],
            "/cases/{id}/documents" => [Role::Chair; VIEWERS.len()],
            _ => VIEWERS,
        };
        let Some(viewer) = viewers.into_iter().find(|role| role.may(route.permission)) else { continue };
        let id = match route.path.split('/').nth(1) {
            Some("alerts") => alert.as_str(),
            Some("visits") if route.path.ends_with("/video") => own_visit.as_str(),
            Some("visits") => visit.as_str(),
            Some("visit-requests") => request.as_str(),
            Some("slots") => slot.as_str(),
            Some("my") if route.path.starts_with("/my/visits/") => own_visit.as_str(),
            Some("admin") if route.path.starts_with("/admin/users/") => user.as_str(),
            Some("cases") => case.as_str(),
            Some("tasks") => task.as_str(),
            Some("content") => content.as_str(),
            Some("my") if route.path.starts_with("/my/reading/") => given.as_str(),
            Some("my") if route.path.starts_with("/my/messages/") => own_thread.as_str(),
            Some("my") if route.path.starts_with("/my/details/contacts/") => contact.as_str(),
            Some("my") if route.path.starts_with("/my/people/") => proxy.as_str(),
            Some("my") if route.path.starts_with("/my/readings/") => reading.as_str(),
            Some("threads") if route.path.ends_with("/reopening") => closed.as_str(),
            Some("threads") => thread.as_str(),
            Some("documents") => document.as_str(),
            Some("policies") => policy.as_str(),
            // One of the clinic: those of the organization are not the clinician's to change.
            Some("rules") => "01900000-0000-7000-8fe0-000000000002",
            _ => patient.as_str(),
        };
        // A second parameter names a part of the record: those pages are forms that have a page of their own without it.
        if !file && route.path.matches('{').count() <= 1 {
            // This page asks about one move of several.
            let which = if route.path.ends_with("/transition") { "?move=send_back" } else { "" };
            let path = ["{id}", "{reading}"]
                .iter()
                .fold(route.path.to_owned(), |path, name| path.replace(name, id))
                .replace("/guest/{token}", GUEST)
                + which;
            pages.entry(account(viewer)).or_default().push(path);
        }
    }
    assert!(pages.values().map(Vec::len).sum::<usize>() > 0, "{pages:?}");
    pages
}

/// The local part of the demo account's address.
const fn account(role: Role) -> &'static str {
    match role {
        Role::Chair => "chair",
        Role::Compliance => "compliance",
        Role::Admin => "admin",
        Role::Patient => "patient",
        Role::Clerk => "clerk",
        _ => "clinician",
    }
}

/// The record of the prototype's first patient: it has something in every section.
async fn first(portal: &Portal, table: &str) -> String {
    let sql = match table {
        "alert" => {
            "SELECT id::text FROM alert WHERE patient_id = (SELECT id FROM patient WHERE name_key = 'okafor adaeze') ORDER BY number LIMIT 1"
        }
        // Each in the state in which its page shows most.
        "visit" => "SELECT id::text FROM visit WHERE is_group",
        "visit_request" => {
            "SELECT id::text FROM visit_request WHERE status = 'TRIAGED' AND request_type = 'SCHEDULED' ORDER BY number LIMIT 1"
        }
        "own visit" => {
            "SELECT v.id::text FROM visit AS v JOIN portal_account AS a ON a.organization_id = v.organization_id AND a.patient_id = v.patient_id
             JOIN app_user AS u ON u.organization_id = a.organization_id AND u.id = a.user_id
             WHERE u.email = 'patient@example.com' AND v.status = 'PLANNED' ORDER BY v.start_time LIMIT 1"
        }
        "slot" => "SELECT id::text FROM slot WHERE status = 'BLOCKED' ORDER BY start_time LIMIT 1",
        "app_user" => "SELECT id::text FROM app_user WHERE email = 'carer@example.com'",
        "document" => "SELECT id::text FROM document WHERE current_version > 1 AND bucket = 'RESIDENT_DOCS'",
        "policy" => "SELECT id::text FROM document WHERE current_version > 1 AND bucket = 'POLICY_FILES'",
        // Something to do on the page: it waits for its chair, about somebody, from an alert, with comments and tasks.
        "cases" => "SELECT id::text FROM cases WHERE number = 2041",
        "content" => "SELECT id::text FROM content_item WHERE version > 1",
        "given" => {
            "SELECT id::text FROM content_assignment WHERE patient_id = '01900000-0000-7000-8006-000000000004' AND opened_at IS NULL"
        }
        "thread" => "SELECT id::text FROM thread WHERE status <> 'CLOSED' AND patient_id = '01900000-0000-7000-8006-000000000001' LIMIT 1",
        "closed" => "SELECT id::text FROM thread WHERE status = 'CLOSED' AND patient_id = '01900000-0000-7000-8006-000000000004' LIMIT 1",
        "own thread" => "SELECT id::text FROM thread WHERE patient_id = '01900000-0000-7000-8006-000000000004' ORDER BY message_count DESC LIMIT 1",
        "contact" => "SELECT id::text FROM patient_contact WHERE patient_id = '01900000-0000-7000-8006-000000000004' LIMIT 1",
        "proxy" => "SELECT id::text FROM portal_account WHERE patient_id = '01900000-0000-7000-8006-000000000004' AND relationship <> 'SELF' AND status = 'ACTIVE' LIMIT 1",
        "reading" => "SELECT id::text FROM observation WHERE patient_id = '01900000-0000-7000-8006-000000000004' AND created_by_id IS NOT NULL AND status = 'FINAL' ORDER BY effective_at DESC LIMIT 1",
        "task" => {
            "SELECT id::text FROM task WHERE title = 'Ring about the blood pressure medicine'"
        }
        _ => "SELECT id::text FROM patient WHERE name_key = 'okafor adaeze'",
    };
    #[expect(clippy::disallowed_methods, reason = "tests reach past the application")]
    sqlx::query_scalar(sql).fetch_one(&portal.admin).await.expect("the demo data")
}

#[tokio::test]
async fn axe_finds_nothing_on_any_page_in_light_and_dark_on_desk_and_phone() {
    let portal = Portal::start().await;
    let mut wrong = Vec::new();
    let pages = pages(&portal).await;
    // Everybody has the colours that their device asks for.
    #[expect(clippy::disallowed_methods, reason = "tests reach past the application")]
    sqlx::query("UPDATE app_user SET theme = 'system'").execute(&portal.admin).await.expect("the setting");
    for screen in [Screen::Desk, Screen::Phone] {
        for (viewer, paths) in &pages {
            let window = Window::open(&portal, screen, Script::On).await;
            window.sign_in(viewer).await;
            for path in paths {
                wrong.extend(look(&window, path, &format!("{viewer} {path} {screen:?}")).await);
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What is wrong with one page: by day, and with its colours by night.
async fn look(window: &Window, path: &str, place: &str) -> Vec<String> {
    let name = place.replace(['/', '?', '=', ' '], "_");
    prefer(window, "light").await;
    window.goto(path).await;
    window.picture(&format!("{name}_light")).await;
    let mut wrong: Vec<String> = violations(window).await.into_iter().map(|line| format!("{place}: {line}")).collect();
    prefer(window, "dark").await;
    window.picture(&format!("{name}_dark")).await;
    wrong.extend(wrong_colours(window).await.into_iter().map(|line| format!("{place}, dark: {line}")));
    for element in sticking_out(window).await {
        wrong.push(format!("{place}: {element} sticks out to the right"));
    }
    for cells in overlapping(window).await {
        wrong.push(format!("{place}: the words \"{cells}\" in a table"));
    }
    if window.text("h1").await == "Not found" {
        wrong.push(format!("{place}: not found"));
    }
    // The page of components shows a banner with a heading of its own.
    if path != "/design" && window.run("return document.querySelectorAll('h1').length").await != 1 {
        wrong.push(format!("{place}: not one h1"));
    }
    wrong
}

/// Lets the device ask for light or dark pages.
async fn prefer(window: &Window, scheme: &str) {
    let media = json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }, { "name": "prefers-reduced-motion", "value": "reduce" }] });
    window.devtools("Emulation.setEmulatedMedia", media).await;
}
