//! The first lock, proved: every route as every role, as nobody, and from the other organization.
//!
//! The routes come from the route table itself, so that a new route is in the matrix by being written.

use almoner::access::{Permission, Role};
use almoner::routes;
use almoner::web::routes::RouteInfo;
use reqwest::StatusCode;
use uuid::Uuid;

use crate::support::{Browser, Portal, Reply};

/// Actions on the session itself: the browser is another one afterwards.
const ENDS_THE_SESSION: [&str; 2] = ["/sign-out", "/me/role"];

/// A stream that does not end: asked for in its own test.
const ENDLESS: [&str; 1] = ["/live"];

fn lines() -> Vec<RouteInfo> {
    routes::all().table().filter(|route| !ENDLESS.contains(&route.path)).collect()
}

/// The path with every parameter replaced by `id`.
fn path_with(route: RouteInfo, id: Uuid) -> String {
    let mut path = String::new();
    for part in route.path.split_inclusive(['{', '}']) {
        match part.strip_suffix('}') {
            Some(_) => path.push_str(&id.to_string()),
            None => path.push_str(part.trim_end_matches('{')),
        }
    }
    path
}

async fn ask(browser: &Browser, route: RouteInfo, path: &str) -> Reply {
    if route.method == "GET" { browser.get(path).await } else { browser.post(path, &[]).await }
}

/// Asks for a signature instead of a session: the guard lets everybody through, and the 401 is the handler's.
const SIGNED: &str = "/ingest/";

/// Whether the guard let the request through to its handler.
fn was_let_in(route: RouteInfo, reply: &Reply) -> bool {
    if route.path.starts_with(SIGNED) {
        return reply.status == StatusCode::UNAUTHORIZED && reply.body.contains("The signature is wrong");
    }
    // The second step of signing in leads back to the first where there was none: open to everybody all the same.
    let to_sign_in = route.permission != Permission::Public
        && reply.header("location").is_some_and(|location| location.starts_with("/sign-in"));
    reply.status != StatusCode::FORBIDDEN && reply.status != StatusCode::UNAUTHORIZED && !to_sign_in
}

#[tokio::test(flavor = "multi_thread")]
async fn every_route_admits_exactly_the_roles_of_its_permission() {
    let portal = Portal::start().await;
    let mut wrong = Vec::new();
    for role in Role::ALL {
        let account = match role {
            Role::MedicalAssistant => "assistant".to_owned(),
            other => other.as_str().to_lowercase(),
        };
        let mut browser = portal.sign_in(&account).await;
        for route in lines() {
            let reply = ask(&browser, route, &path_with(route, Uuid::nil())).await;
            let expected = role.may(route.permission);
            let leaves = ENDS_THE_SESSION.contains(&route.path);
            if (!leaves && was_let_in(route, &reply) != expected) || reply.status.is_server_error() {
                wrong.push(format!("{role:?} {} {} answered {}", route.method, route.path, reply.status));
            }
            if leaves {
                browser = portal.sign_in(&account).await;
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_gets_in_where_a_session_is_asked_for() {
    let portal = Portal::start().await;
    let mut wrong = Vec::new();
    for route in lines() {
        let reply = ask(&portal.visitor(), route, &path_with(route, Uuid::nil())).await;
        let open = route.permission == Permission::Public;
        if !open && was_let_in(route, &reply) {
            wrong.push(format!("{} {} answered {}", route.method, route.path, reply.status));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn another_organizations_record_answers_like_one_that_does_not_exist() {
    let portal = Portal::start().await;
    let stranger = portal.visitor();
    stranger.sign_in("clinician@southgate.example.com").await;
    let mut wrong = Vec::new();
    for route in lines().into_iter().filter(|route| route.path.contains('{')) {
        for record in records(&portal, route).await {
            let nothing = Uuid::from_u128(0x1234_5678_9abc_4def_8123_4567_89ab_cdef);
            let theirs = ask(&stranger, route, &path_with(route, record)).await;
            let none = ask(&stranger, route, &path_with(route, nothing)).await;
            let body = theirs.body_without_ids().replace(&record.to_string(), "ID");
            if theirs.status != none.status || body != none.body_without_ids().replace(&nothing.to_string(), "ID") {
                wrong.push(format!("{} {} answered {} and {}", route.method, route.path, theirs.status, none.status));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Records of the first organization that the route could name.
async fn records(portal: &Portal, route: RouteInfo) -> Vec<Uuid> {
    let table = match route.path.split('/').nth(1) {
        Some("alerts") => "alert",
        Some("cases") => "cases",
        Some("documents" | "policies") => "document",
        Some("rules") => "clinical_rule",
        Some("patients") => "patient",
        Some("visits") => "visit",
        Some("visit-requests") => "visit_request",
        Some("slots") => "slot",
        Some("availability") => "availability",
        Some("my") if route.path.starts_with("/my/visits/") => "visit",
        Some("my") if route.path.starts_with("/my/tasks/") => "task",
        Some("my") if route.path.starts_with("/my/reading/") => "content_assignment",
        Some("content") => "content_item",
        Some("my") if route.path.starts_with("/my/offers/") => "visit_request",
        Some("threads") => "thread",
        Some("notifications") => "notification",
        Some("admin") if route.path.starts_with("/admin/users/{id}") => "app_user",
        Some("tasks") => "task",
        _ => return Vec::new(),
    };
    #[expect(clippy::disallowed_methods, reason = "the table's name is chosen above")]
    let ids = sqlx::query_scalar(&format!("SELECT id FROM {table} WHERE organization_id = (SELECT organization_id FROM app_user WHERE email = 'clinician@example.com') ORDER BY id LIMIT 1"))
        .fetch_all(&portal.admin)
        .await
        .expect("a record of the first organization");
    assert!(!ids.is_empty(), "the demo data has no {table}");
    ids
}
