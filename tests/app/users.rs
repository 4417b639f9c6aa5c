//! The people of the organization: inviting, roles, links, suspending.

use almoner::access::Role;
use almoner::ids::UserId;
use reqwest::StatusCode;

use crate::support::{Browser, House, PASSWORD, Portal};

const NEW: &str = "seven herons over the weir";

async fn id(portal: &Portal, email: &str) -> UserId {
    sqlx::query_scalar!(r#"SELECT id AS "id: UserId" FROM app_user WHERE email = $1"#, email)
        .fetch_one(&portal.admin)
        .await
        .expect("the account")
}

fn path(user: UserId, action: &str) -> String {
    format!("/admin/users/{user}{action}")
}

/// The path of the link that an answer shows once.
fn link(reply: &crate::support::Reply) -> String {
    let link =
        reply.attributes("#link", "value").into_iter().next().unwrap_or_else(|| panic!("no link: {}", reply.body));
    let (_, rest) = link.split_once("://").expect("a whole address");
    rest[rest.find('/').expect("a path")..].to_owned()
}

async fn changes(portal: &Portal, user: UserId) -> Vec<String> {
    sqlx::query_scalar!(
        r#"SELECT CONCAT_WS(' ', acting_role, details::text) AS "line!" FROM audit_event WHERE action = 'PERMISSION_CHANGE' AND resource_id = $1 ORDER BY seq"#,
        user.uuid()
    )
    .fetch_all(&portal.admin)
    .await
    .expect("the audit")
}

async fn invite(browser: &Browser, email: &str, role: &str, facility: &str) -> crate::support::Reply {
    let form =
        [("first_name", "Noor"), ("last_name", "Aziz"), ("email", email), ("role", role), ("facility", facility)];
    browser.post("/admin/users", &form).await
}

#[tokio::test]
async fn an_invited_person_chooses_a_password_and_signs_in() {
    let portal = Portal::start().await;
    let house = House::build(&portal).await;
    let admin = house.person(&portal, Role::Admin, None).await;
    let page = admin.get("/admin/users/new").await;
    assert!(page.attributes("#role option", "value").iter().all(|role| role != "PATIENT"));
    let shown = invite(&admin, " Noor@House.example.com ", "CLINICIAN", &house.clinic.to_string()).await;
    assert_eq!(shown.status, StatusCode::OK, "{}", shown.body);
    let (link, noor) = (link(&shown), id(&portal, "noor@house.example.com").await);
    assert!(link.starts_with("/activate/"));
    assert!(admin.get(&path(noor, "")).await.body.contains("Invited"));
    assert_eq!(
        invite(&admin, "noor@house.example.com", "CLINICIAN", "").await.texts("#errors a"),
        ["There is an account with this e-mail address already"]
    );
    let visitor = portal.visitor();
    assert_eq!(visitor.post(&link, &[("password", NEW)]).await.location(), "/sign-in");
    assert_eq!(
        visitor.post("/sign-in", &[("email", "noor@house.example.com"), ("password", NEW)]).await.location(),
        "/"
    );
    assert!(changes(&portal, noor).await[0].contains("\"invited\": true"));
    let stored =
        sqlx::query_scalar!(r#"SELECT COUNT(*) AS "n!" FROM audit_event WHERE details::text LIKE '%activate%'"#);
    assert_eq!(stored.fetch_one(&portal.admin).await.unwrap(), 0, "links are kept nowhere");
}

#[tokio::test]
async fn wrong_invitations_say_what_is_wrong() {
    let portal = Portal::start().await;
    let house = House::build(&portal).await;
    let admin = house.person(&portal, Role::Admin, None).await;
    let empty = admin.post("/admin/users", &[]).await;
    assert_eq!((empty.status, empty.texts("#errors a").len()), (StatusCode::UNPROCESSABLE_ENTITY, 4));
    for (email, role, facility) in [
        ("noor", "CLINICIAN", ""),
        ("noor@house.example.com", "PATIENT", ""),
        ("noor@house.example.com", "KING", ""),
        ("noor@house.example.com", "CLINICIAN", "x"),
        ("noor@house.example.com", "CLINICIAN", &UserId::new().to_string()),
    ] {
        assert_eq!(
            invite(&admin, email, role, facility).await.status,
            StatusCode::UNPROCESSABLE_ENTITY,
            "{email} {role} {facility}"
        );
    }
    let made = sqlx::query_scalar!(r#"SELECT COUNT(*) AS "n!" FROM app_user WHERE first_name = 'Noor'"#);
    assert_eq!(made.fetch_one(&portal.admin).await.unwrap(), 0);
}

#[tokio::test]
async fn a_manager_invites_carers_for_their_own_homes_and_nobody_else() {
    let portal = Portal::start().await;
    let house = House::build(&portal).await;
    let manager = house.person(&portal, Role::Manager, Some(house.home)).await;
    let elsewhere = house.account(&portal, Role::Clinician, Some(house.clinic)).await;
    for (role, facility) in
        [("CARER", String::new()), ("CARER", house.clinic.to_string()), ("ADMIN", house.home.to_string())]
    {
        assert_eq!(
            invite(&manager, "noor@house.example.com", role, &facility).await.status,
            StatusCode::UNPROCESSABLE_ENTITY,
            "{role} {facility}"
        );
    }
    let shown = invite(&manager, "noor@house.example.com", "CARER", &house.home.to_string()).await;
    assert_eq!(shown.status, StatusCode::OK, "{}", shown.body);
    let noor = id(&portal, "noor@house.example.com").await;
    let again = manager.post(&path(noor, "/link"), &[]).await;
    assert_eq!(portal.visitor().get(&link(&shown)).await.status, StatusCode::NOT_FOUND, "a newer one replaces it");
    assert_eq!(portal.visitor().post(&link(&again), &[("password", NEW)]).await.location(), "/sign-in");
    assert_eq!(manager.post(&path(noor, "/link"), &[]).await.status, StatusCode::CONFLICT, "not once she is active");
    let stranger = id(&portal, &elsewhere).await;
    assert_eq!(manager.get(&path(stranger, "")).await.status, StatusCode::NOT_FOUND, "works elsewhere");
    assert_eq!(manager.post(&path(stranger, "/link"), &[]).await.status, StatusCode::NOT_FOUND);
    for action in ["/suspension", "/memberships", "/sessions/end", "/second-factor/end"] {
        assert_eq!(manager.post(&path(noor, action), &[]).await.status, StatusCode::FORBIDDEN, "{action}");
    }
    // The database says so too.
    let mut tx = portal.app.db.begin(&actor(&portal, &house, noor).await).await.expect("a transaction");
    let forged = sqlx::query!(
        "INSERT INTO user_token (organization_id, id, user_id, purpose, token_hash, expires_at) VALUES ($1, $2, $3, 'ACTIVATION', 'x', NOW() + INTERVAL '1 hour')",
        house.organization.uuid(),
        UserId::new().uuid(),
        stranger.uuid(),
    );
    let refused = forged.execute(&mut *tx).await.unwrap_err();
    assert_eq!(refused.as_database_error().and_then(sqlx::error::DatabaseError::code).as_deref(), Some("42501"));
}

/// The manager who invited `guest`, as the database knows them.
async fn actor(portal: &Portal, house: &House, guest: UserId) -> almoner::access::Actor {
    let user =
        sqlx::query_scalar!(r#"SELECT created_by_id AS "id!: UserId" FROM app_user WHERE id = $1"#, guest.uuid())
            .fetch_one(&portal.admin)
            .await
            .expect("the manager");
    let now = almoner::clock::Clock::System.now();
    almoner::access::Actor {
        session: almoner::ids::SessionId::new(),
        user,
        organization: house.organization,
        role: Role::Manager,
        roles: vec![Role::Manager],
        facilities: almoner::access::Facilities::Only(vec![house.home]),
        name: String::new(),
        family_name: String::new(),
        initials: String::new(),
        place: String::new(),
        zone: chrono_tz::Tz::UTC,
        preferences: almoner::access::Preferences {
            theme: "system".into(),
            density: "compact".into(),
            locale: "en-GB".into(),
            shortcuts: true,
        },
        last_seen_at: now,
        stepped_up_at: None,
    }
}

#[tokio::test]
async fn an_administrator_answers_who_forgot_the_password() {
    let portal = Portal::start().await;
    let house = House::build(&portal).await;
    let admin = house.person(&portal, Role::Admin, None).await;
    let email = house.account(&portal, Role::Clinician, Some(house.clinic)).await;
    let ada = id(&portal, &email).await;
    portal.visitor().post("/forgotten-password", &[("email", &email)]).await;
    let list = admin.get("/admin/users?show=asked").await;
    assert!(list.body.contains(&email) && list.body.contains("Asked for a password"), "{}", list.body);
    let shown = admin.post(&path(ada, "/link"), &[]).await;
    assert!(!admin.get("/admin/users?show=asked").await.body.contains(&email), "answered");
    assert_eq!(portal.visitor().post(&link(&shown), &[("password", NEW)]).await.location(), "/sign-in");
    assert_eq!(changes(&portal, ada).await.len(), 2);
    sqlx::query!("UPDATE user_session SET stepped_up_at = NULL").execute(&portal.admin).await.unwrap();
    assert!(admin.post(&path(ada, "/link"), &[]).await.location().starts_with("/me/step-up"));
}

#[tokio::test]
async fn suspending_signs_out_and_reactivating_lets_in() {
    let portal = Portal::start().await;
    let house = House::build(&portal).await;
    let admin_email = house.account(&portal, Role::Admin, None).await;
    let admin = portal.visitor();
    admin.sign_in(&admin_email).await;
    let email = house.account(&portal, Role::Clinician, Some(house.clinic)).await;
    let (ada, own) = (id(&portal, &email).await, id(&portal, &admin_email).await);
    let browser = portal.visitor();
    browser.sign_in(&email).await;
    assert_eq!(admin.post(&path(ada, "/sessions/end"), &[]).await.location(), path(ada, ""));
    assert_eq!(browser.get("/me").await.status, StatusCode::SEE_OTHER);
    browser.sign_in(&email).await;
    admin.post(&path(ada, "/suspension"), &[]).await;
    assert_eq!(browser.get("/me").await.status, StatusCode::SEE_OTHER);
    let refused = browser.post("/sign-in", &[("email", &email), ("password", PASSWORD)]).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(admin.post(&path(ada, "/link"), &[]).await.status, StatusCode::CONFLICT);
    admin.post(&path(ada, "/reactivation"), &[]).await;
    browser.sign_in(&email).await;
    for action in ["/suspension", "/sessions/end", "/second-factor/end", "/memberships", "/link"] {
        assert_eq!(
            admin.post(&path(own, action), &[]).await.status,
            StatusCode::CONFLICT,
            "not one's own account: {action}"
        );
    }
    // Who never chose a password is invited again.
    invite(&admin, "noor@house.example.com", "CARER", "").await;
    let noor = id(&portal, "noor@house.example.com").await;
    for (action, status) in [("/suspension", "SUSPENDED"), ("/reactivation", "INVITED")] {
        admin.post(&path(noor, action), &[]).await;
        let now = sqlx::query_scalar!("SELECT status FROM app_user WHERE id = $1", noor.uuid())
            .fetch_one(&portal.admin)
            .await
            .unwrap();
        assert_eq!(now, status);
    }
}

#[tokio::test]
async fn roles_are_given_and_ended_and_hold_at_the_next_click() {
    let portal = Portal::start().await;
    let house = House::build(&portal).await;
    let admin = house.person(&portal, Role::Admin, None).await;
    let email = house.account(&portal, Role::Carer, Some(house.home)).await;
    let ada = id(&portal, &email).await;
    let give = async || admin.post(&path(ada, "/memberships"), &[("role", "COMPLIANCE"), ("facility", "")]).await;
    assert_eq!(give().await.location(), path(ada, ""));
    assert_eq!(give().await.texts("#errors a"), ["This person has that role there already"]);
    let browser = portal.visitor();
    browser.sign_in(&email).await;
    assert_eq!(browser.post("/me/role", &[("role", "COMPLIANCE")]).await.location(), "/");
    let ends = admin.get(&path(ada, "")).await.attributes("tbody form", "action");
    assert_eq!(ends.len(), 2);
    for end in &ends {
        assert_eq!(admin.post(end, &[]).await.location(), path(ada, ""));
        assert_eq!(admin.post(end, &[]).await.status, StatusCode::NOT_FOUND, "it has ended");
    }
    assert_eq!(browser.get("/me").await.status, StatusCode::SEE_OTHER);
    let said = changes(&portal, ada).await;
    assert_eq!(said.len(), 3, "given, and ended twice: {said:?}");
}

#[tokio::test]
async fn names_looked_for_do_not_stand_in_the_address() {
    let portal = Portal::start().await;
    let admin = portal.sign_in("admin").await;
    let found = admin.post("/admin/users/search", &[("q", "haas"), ("show", "staff")]).await;
    assert!(found.location().starts_with("/admin/users?show=staff&find=") && !found.location().contains("haas"));
    let page = admin.get(found.location()).await;
    assert_eq!(page.texts("tbody th a"), ["Dr Miriam Haas"]);
    assert_eq!(admin.get("/admin/users?show=staff&find=forged").await.texts("tbody tr").len(), 0);
    assert_eq!(admin.get("/admin/users").await.texts("tbody tr").len(), 13);
    assert!(!admin.get("/admin/users").await.body.contains("southgate"));
}
