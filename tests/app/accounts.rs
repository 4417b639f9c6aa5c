//! Signing in and out, sessions, roles and settings.

use almoner::access::Role;
use almoner::ids::{OrganizationId, UserId};
use reqwest::StatusCode;
use sqlx::PgPool;

use crate::support::{Browser, PASSWORD, Portal, Reply};

/// [`PASSWORD`], hashed as the portal does it.
const PASSWORD_HASH: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$z/oEOYGGQEkp+rzY5ndOpQ$0jzTPKFEJtAk3rOUtqAuxrR40q4nl4IQxt9wAdFJ1RY";

/// An account of these tests, in an organization of its own.
struct Person {
    organization: OrganizationId,
    user: UserId,
    email: &'static str,
}

async fn person(portal: &Portal, email: &'static str, roles: &[Role]) -> Person {
    let (organization, user) = (OrganizationId::new(), UserId::new());
    let name = format!("Practice of {user}");
    sqlx::query!("INSERT INTO organization (id, name) VALUES ($1, $2)", organization.uuid(), name)
        .execute(&portal.admin)
        .await
        .expect("arranged");
    sqlx::query!(
        "INSERT INTO app_user (organization_id, id, email, first_name, last_name, password_hash, status) VALUES ($1, $2, $3, 'Ada', 'Byron', $4, 'ACTIVE')",
        organization.uuid(),
        user.uuid(),
        email,
        PASSWORD_HASH,
    )
    .execute(&portal.admin)
    .await
    .expect("arranged");
    for role in roles {
        sqlx::query!(
            "INSERT INTO membership (organization_id, id, user_id, role) VALUES ($1, $2, $3, $4)",
            organization.uuid(),
            UserId::new().uuid(),
            user.uuid(),
            role.as_str(),
        )
        .execute(&portal.admin)
        .await
        .expect("arranged");
    }
    Person { organization, user, email }
}

/// What the audit of an organization says, oldest first.
async fn audit(admin: &PgPool, organization: OrganizationId) -> Vec<String> {
    sqlx::query_scalar!(
        r#"SELECT CONCAT_WS(' ', actor_kind, acting_role, action, resource_type) AS "line!" FROM audit_event WHERE organization_id = $1 ORDER BY seq"#,
        organization.uuid(),
    )
    .fetch_all(admin)
    .await
    .expect("arranged")
}

/// The session cookie that an answer sets.
fn session_cookie(reply: &Reply) -> Option<String> {
    let cookies = reply.headers.get_all("set-cookie").iter().filter_map(|value| value.to_str().ok());
    cookies
        .filter(|cookie| cookie.starts_with("almoner=") && !cookie.starts_with("almoner=;"))
        .map(ToOwned::to_owned)
        .next_back()
}

/// Just `almoner=…`, to be sent by hand.
fn pair(cookie: &str) -> &str {
    cookie.split(';').next().expect("arranged")
}

async fn get_with(browser: &Browser, path: &str, cookie: &str) -> Reply {
    browser.send(browser.request(reqwest::Method::GET, path).header("cookie", cookie)).await
}

async fn sign_in(browser: &Browser, email: &str, password: &str) -> Reply {
    browser.post("/sign-in", &[("email", email), ("password", password)]).await
}

#[tokio::test]
async fn signing_in_leads_on_and_is_written_down() {
    let portal = Portal::start().await;
    let ada = person(&portal, "ada@test.example", &[Role::Clinician]).await;
    let browser = portal.visitor();
    let page = browser.get("/sign-in?next=/me").await;
    assert_eq!((page.status, page.field("next").as_str()), (StatusCode::OK, "/me"));
    let reply =
        browser.post("/sign-in", &[("email", " ADA@test.example "), ("password", PASSWORD), ("next", "/me")]).await;
    assert_eq!((reply.status, reply.location()), (StatusCode::SEE_OTHER, "/me"));
    let cookie = session_cookie(&reply).expect("a session");
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax") && cookie.contains("Path=/"), "{cookie}");
    assert!(!cookie.contains("Max-Age") && !cookie.contains("Expires"), "goes with the browser: {cookie}");
    assert_eq!(browser.get("/me").await.status, StatusCode::OK);
    assert_eq!(audit(&portal.admin, ada.organization).await, ["USER CLINICIAN LOGIN user_session"]);
    let stored: Vec<String> =
        sqlx::query_scalar!("SELECT id FROM auth.session").fetch_all(&portal.admin).await.unwrap();
    assert!(stored.iter().all(|id| !cookie.contains(id.as_str())), "ids are stored hashed");
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_account_look_and_last_the_same() {
    let portal = Portal::start().await;
    let ada = person(&portal, "ada@test.example", &[Role::Clinician]).await;
    let suspended = person(&portal, "sid@test.example", &[Role::Clinician]).await;
    person(&portal, "nil@test.example", &[]).await;
    sqlx::query!("UPDATE app_user SET status = 'SUSPENDED' WHERE id = $1", suspended.user.uuid())
        .execute(&portal.admin)
        .await
        .unwrap();
    let mut seen = Vec::new();
    for (email, password) in [
        (ada.email, "not the password"),
        ("eve@test.example", "not the password"),
        (suspended.email, PASSWORD),
        ("nil@test.example", PASSWORD),
    ] {
        let start = std::time::Instant::now();
        let reply = sign_in(&portal.visitor(), email, password).await;
        let took = start.elapsed();
        assert!(session_cookie(&reply).is_none());
        seen.push((
            email,
            reply.status,
            reply.body_without_ids().replace(&format!("value=\"{email}\" maxlength"), "WHO"),
            took,
        ));
    }
    for (email, status, body, took) in &seen {
        assert_eq!((*status, body), (StatusCode::UNPROCESSABLE_ENTITY, &seen[0].2), "{email}");
        assert!(took.as_millis() >= 300 && took.as_millis() < 2_000, "{email} took {took:?}");
    }
    assert_eq!(audit(&portal.admin, ada.organization).await, ["ANONYMOUS LOGIN_FAILED app_user"]);
}

#[tokio::test]
async fn guessing_is_stopped_and_the_page_says_when_to_come_back() {
    let portal = Portal::start().await;
    let ada = person(&portal, "ada@test.example", &[Role::Clinician]).await;
    let guesses = (0..10).map(|_| async { sign_in(&portal.visitor(), ada.email, "not the password").await.status });
    assert!(futures::future::join_all(guesses).await.iter().all(|status| *status == StatusCode::UNPROCESSABLE_ENTITY));
    for (browser, email) in [(portal.visitor(), ada.email), (portal.replica().await.visitor(), "ADA@test.example")] {
        let reply = sign_in(&browser, email, PASSWORD).await;
        assert_eq!(reply.status, StatusCode::TOO_MANY_REQUESTS, "even the right password waits, on every replica");
        assert!(reply.header("retry-after").unwrap().parse::<u64>().unwrap() > 800);
        assert!(reply.body.contains("Try again in 15 minutes"), "{}", reply.body);
    }
    sqlx::query!("UPDATE rate_limit SET window_start = window_start - INTERVAL '15 minutes'")
        .execute(&portal.admin)
        .await
        .unwrap();
    assert_eq!(sign_in(&portal.visitor(), ada.email, PASSWORD).await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn a_session_id_from_before_is_not_kept() {
    let portal = Portal::start().await;
    let ada = person(&portal, "ada@test.example", &[Role::Clinician]).await;
    // Planted by somebody else: an id of the right form.
    let planted = "almoner=AAAAAAAAAAAAAAAAAAAAAA";
    let browser = portal.visitor();
    let form = [("email", ada.email), ("password", PASSWORD)];
    let request =
        |cookie: String| browser.request(reqwest::Method::POST, "/sign-in").header("cookie", cookie).form(&form);
    let first = browser.send(request(planted.to_owned())).await;
    let first = session_cookie(&first).expect("a session");
    assert_ne!(pair(&first), planted);
    assert_eq!(get_with(&portal.visitor(), "/me", planted).await.status, StatusCode::SEE_OTHER);
    // Signing in again ends the session before.
    let second = browser.send(request(pair(&first).to_owned())).await;
    let second = session_cookie(&second).expect("a session");
    assert_ne!(pair(&first), pair(&second));
    assert_eq!(get_with(&portal.visitor(), "/me", pair(&first)).await.status, StatusCode::SEE_OTHER);
    assert_eq!(get_with(&portal.visitor(), "/me", pair(&second)).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_signed_out_session_stays_signed_out() {
    let portal = Portal::start().await;
    let ada = person(&portal, "ada@test.example", &[Role::Clinician, Role::Manager]).await;
    let browser = portal.visitor();
    let cookie = session_cookie(&sign_in(&browser, ada.email, PASSWORD).await).expect("a session");
    let reply = browser.post("/sign-out", &[]).await;
    assert_eq!((reply.status, reply.location()), (StatusCode::SEE_OTHER, "/sign-in"));
    assert_eq!(reply.header("clear-site-data"), Some("\"cookies\", \"storage\""));
    let old = get_with(&portal.visitor(), "/me", pair(&cookie)).await;
    assert_eq!((old.status, old.location()), (StatusCode::SEE_OTHER, "/sign-in?next=%2Fme"));
    assert_eq!(audit(&portal.admin, ada.organization).await.last().unwrap(), "USER CLINICIAN LOGOUT user_session");

    // Requests that save the session race with the one that ends it: whoever is last, it has ended.
    for _ in 0..5 {
        let browser = portal.visitor();
        sign_in(&browser, ada.email, PASSWORD).await;
        let racing: Vec<_> = ["MANAGER", "CLINICIAN", "MANAGER"].map(|role| [("role", role)]).into();
        let saves = racing.iter().map(|role| browser.post("/me/role", role));
        futures::future::join(futures::future::join_all(saves), browser.post("/sign-out", &[])).await;
        let left = sqlx::query_scalar!(
            r#"SELECT COUNT(*) AS "count!" FROM user_session WHERE user_id = $1 AND ended_at IS NULL"#,
            ada.user.uuid()
        );
        let alive = left.fetch_one(&portal.admin).await.unwrap();
        if alive > 0 {
            // The sign-out carried an id that had just been replaced. Signing out again must end it.
            browser.post("/sign-out", &[]).await;
        }
        assert_eq!(browser.get("/me").await.status, StatusCode::SEE_OTHER);
    }
}

#[tokio::test]
async fn sessions_end_when_idle_and_after_twelve_hours_by_the_clock_of_the_database() {
    let portal = Portal::start().await;
    for (email, role, idle) in [("ada@test.example", Role::Clinician, 15), ("pat@test.example", Role::Patient, 30)] {
        let ada = person(&portal, email, &[role]).await;
        let age = async |column: &str, minutes: i32| {
            let (seen, end) = if column == "seen" { (minutes, 0) } else { (0, minutes) };
            sqlx::query!(
                "UPDATE user_session SET last_seen_at = last_seen_at - MAKE_INTERVAL(mins => $2), expires_at = expires_at - MAKE_INTERVAL(mins => $3) WHERE user_id = $1",
                ada.user.uuid(), seen, end,
            )
            .execute(&portal.admin)
            .await
            .unwrap();
        };
        let browser = portal.visitor();
        sign_in(&browser, ada.email, PASSWORD).await;
        age("seen", idle - 1).await;
        let automatic = browser.request(reqwest::Method::GET, "/me").header("almoner-automatic", "1");
        assert_eq!(
            browser.send(automatic).await.status,
            StatusCode::OK,
            "still there, and a refresh by itself does not count"
        );
        age("seen", 1).await;
        assert_eq!(browser.get("/me").await.status, StatusCode::SEE_OTHER, "{email} was idle for {idle} minutes");

        let browser = portal.visitor();
        sign_in(&browser, ada.email, PASSWORD).await;
        age("seen", idle - 1).await;
        assert_eq!(browser.get("/me").await.status, StatusCode::OK, "used in time");
        age("seen", idle - 1).await;
        assert_eq!(browser.get("/me").await.status, StatusCode::OK, "which started the time anew");
        age("end", 12 * 60).await;
        assert_eq!(browser.get("/me").await.status, StatusCode::SEE_OTHER, "twelve hours are the end");
    }
}

#[tokio::test]
async fn an_account_or_membership_that_ends_stops_at_the_next_click() {
    let portal = Portal::start().await;
    let ada = person(&portal, "ada@test.example", &[Role::Clinician]).await;
    let browser = portal.visitor();
    sign_in(&browser, ada.email, PASSWORD).await;
    sqlx::query!(
        "UPDATE membership SET starts_on = CURRENT_DATE - 9, ends_on = CURRENT_DATE - 1 WHERE user_id = $1",
        ada.user.uuid()
    )
    .execute(&portal.admin)
    .await
    .unwrap();
    assert_eq!(browser.get("/me").await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn people_see_their_sessions_and_end_them() {
    let portal = Portal::start().await;
    let ada = person(&portal, "ada@test.example", &[Role::Clinician]).await;
    let eve = person(&portal, "eve@test.example", &[Role::Clinician]).await;
    let browsers = [portal.visitor(), portal.visitor(), portal.visitor(), portal.visitor()];
    for (browser, who) in browsers.iter().zip([&ada, &ada, &ada, &eve]) {
        sign_in(browser, who.email, PASSWORD).await;
    }
    let [here, there, elsewhere, eves] = browsers;
    let page = here.get("/me/sessions").await;
    assert_eq!(page.texts("tbody tr").len(), 3);
    let ends: Vec<_> =
        page.attributes("tbody form", "action").into_iter().filter(|action| action.ends_with("/end")).collect();
    assert_eq!(ends.len(), 2);
    assert_eq!(eves.post(&ends[0], &[]).await.status, StatusCode::NOT_FOUND, "not somebody else's");
    assert_eq!(here.post(&ends[0], &[]).await.location(), "/me/sessions");
    assert_eq!(here.post(&ends[0], &[]).await.status, StatusCode::NOT_FOUND);
    assert_eq!(here.get("/me/sessions").await.texts("tbody tr").len(), 2);
    assert_eq!(here.post("/me/sessions/end-others", &[]).await.location(), "/me/sessions");
    for browser in [&there, &elsewhere] {
        assert_eq!(browser.get("/me").await.status, StatusCode::SEE_OTHER);
    }
    assert_eq!(here.get("/me").await.status, StatusCode::OK);
    assert_eq!(eves.get("/me").await.status, StatusCode::OK);
}

#[tokio::test]
async fn switching_the_role_changes_what_one_may_do_and_the_session_id() {
    let portal = Portal::start().await;
    let ada = person(&portal, "ada@test.example", &[Role::Clinician, Role::Compliance]).await;
    let browser = portal.visitor();
    let before = session_cookie(&sign_in(&browser, ada.email, PASSWORD).await).expect("a session");
    assert!(browser.get("/me").await.body.contains("Clinician"));
    assert_eq!(browser.post("/me/role", &[("role", "OWNER")]).await.status, StatusCode::FORBIDDEN);
    assert_eq!(browser.post("/me/role", &[("role", "SERVICE")]).await.status, StatusCode::FORBIDDEN);
    let switched = browser.post("/me/role", &[("role", "COMPLIANCE")]).await;
    assert_eq!((switched.status, switched.location()), (StatusCode::SEE_OTHER, "/"));
    let after = session_cookie(&switched).expect("a new id");
    assert_ne!(pair(&before), pair(&after));
    assert_eq!(get_with(&portal.visitor(), "/me", pair(&before)).await.status, StatusCode::SEE_OTHER);
    assert!(browser.get("/me").await.body.contains("Compliance"));
    assert_eq!(
        audit(&portal.admin, ada.organization).await,
        ["USER CLINICIAN LOGIN user_session", "USER CLINICIAN PERMISSION_CHANGE user_session"]
    );
    // The next sign-in starts where this one was.
    sign_in(&browser, ada.email, PASSWORD).await;
    assert!(browser.get("/me").await.body.contains("Compliance"));
}

#[tokio::test]
async fn the_password_is_asked_for_again() {
    let portal = Portal::start().await;
    let ada = person(&portal, "ada@test.example", &[Role::Clinician]).await;
    let browser = portal.visitor();
    let before = session_cookie(&sign_in(&browser, ada.email, PASSWORD).await).expect("a session");
    assert_eq!(browser.get("/me/step-up?next=//evil.example").await.field("next"), "/");
    let wrong = browser.post("/me/step-up", &[("password", "not the password"), ("next", "/me")]).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    sqlx::query!("UPDATE user_session SET stepped_up_at = NULL WHERE user_id = $1", ada.user.uuid())
        .execute(&portal.admin)
        .await
        .unwrap();
    let right = browser.post("/me/step-up", &[("password", PASSWORD), ("next", "/me")]).await;
    assert_eq!((right.status, right.location()), (StatusCode::SEE_OTHER, "/me"));
    assert_ne!(pair(&before), pair(&session_cookie(&right).expect("a new id")));
    let stepped_up = sqlx::query_scalar!(
        r#"SELECT stepped_up_at IS NOT NULL AS "done!" FROM user_session WHERE user_id = $1"#,
        ada.user.uuid()
    );
    assert!(stepped_up.fetch_one(&portal.admin).await.unwrap());
}

#[tokio::test]
async fn settings_are_kept_and_shown_at_once() {
    let portal = Portal::start().await;
    let ada = person(&portal, "ada@test.example", &[Role::Clinician]).await;
    let browser = portal.visitor();
    sign_in(&browser, ada.email, PASSWORD).await;
    let form = [("theme", "dark"), ("density", "dense"), ("zone", "Europe/Madrid"), ("locale", "en-GB")];
    assert_eq!(browser.post("/me", &form).await.location(), "/me");
    let page = browser.get("/me").await;
    assert_eq!(page.attributes("html", "data-theme"), ["dark"]);
    assert_eq!(page.attributes("html", "data-density"), ["dense"]);
    assert_eq!(page.attributes("html", "data-keys"), ["off"], "the box was not ticked");
    assert_eq!(page.attributes("#zone option[selected]", "value"), ["Europe/Madrid"]);
    let wrong = browser.post("/me", &[("theme", "pink"), ("density", "dense"), ("locale", "en-GB")]).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(wrong.texts("#errors a"), ["Choose one of the list"]);
}

#[tokio::test]
async fn only_paths_of_this_site_follow_a_sign_in() {
    let portal = Portal::start().await;
    let ada = person(&portal, "ada@test.example", &[Role::Clinician]).await;
    for next in
        ["//evil.example", "https://evil.example/", "/\\evil.example", "/%0d%0aX: y\r\nX: y", "javascript:alert(1)"]
    {
        let reply =
            portal.visitor().post("/sign-in", &[("email", ada.email), ("password", PASSWORD), ("next", next)]).await;
        assert_eq!(reply.location(), "/", "{next}");
        assert!(reply.header("x").is_none());
    }
}

#[tokio::test]
async fn input_that_cannot_be_read_is_refused_without_a_trace() {
    let portal = Portal::start().await;
    let browser = portal.visitor();
    for body in [&b"email=%00&password=x"[..], b"email=a%FFb&password=x", b"email=\xff\xfe", b"password=%00"] {
        assert_eq!(browser.post_raw("/sign-in", body).await.status, StatusCode::BAD_REQUEST, "{body:?}");
    }
    let long = "x".repeat(20_000);
    let reply = sign_in(&browser, &format!("{long}@test.example"), &long).await;
    assert!(matches!(reply.status.as_u16(), 413 | 422), "{}", reply.status);
    assert_eq!(sign_in(&browser, "", "").await.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(browser.post_raw("/sign-in", "").await.status, StatusCode::UNPROCESSABLE_ENTITY);
    for cookie in ["almoner=", "almoner=x", "almoner=AAAAAAAAAAAAAAAAAAAAAA", "almoner=%00; almoner=\u{7f}"] {
        let request = browser.request(reqwest::Method::GET, "/sign-in");
        if let Ok(value) = reqwest::header::HeaderValue::from_str(cookie) {
            assert_eq!(browser.send(request.header("cookie", value)).await.status, StatusCode::OK, "{cookie}");
        }
    }
}

#[tokio::test]
async fn nobody_signed_in_is_sent_to_sign_in() {
    let portal = Portal::start().await;
    let browser = portal.visitor();
    let page = browser.get("/me/sessions?x=1").await;
    assert_eq!((page.status, page.location()), (StatusCode::SEE_OTHER, "/sign-in?next=%2Fme%2Fsessions%3Fx%3D1"));
    let fragment = browser.hx_get("/me").await;
    assert_eq!(
        (fragment.status, fragment.header("hx-reswap"), fragment.body.as_str()),
        (StatusCode::UNAUTHORIZED, Some("none"), ""),
        "the page stays, with what was typed into it"
    );
    assert_eq!(browser.hx_post("/me/presence", &[]).await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(browser.post("/me/role", &[("role", "ADMIN")]).await.location(), "/sign-in");
    assert_eq!(browser.post("/sign-out", &[]).await.location(), "/sign-in", "signing out twice is no error");
}
