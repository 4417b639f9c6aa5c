//! Links by which people choose a password, asking for one, and hashes of other systems.

use almoner::access::Role;
use almoner::accounts::tokens::{self, Purpose};
use almoner::ids::{OrganizationId, UserId};
use reqwest::StatusCode;

use crate::support::{House, PASSWORD, Portal};

const NEW: &str = "seven herons over the weir";

struct Person {
    house: House,
    user: UserId,
    email: String,
}

async fn person(portal: &Portal) -> Person {
    let house = House::build(portal).await;
    let email = house.account(portal, Role::Clinician, Some(house.clinic)).await;
    let user = sqlx::query_scalar!(r#"SELECT id AS "id: UserId" FROM app_user WHERE email = $1"#, email);
    Person { user: user.fetch_one(&portal.admin).await.expect("the account"), house, email }
}

async fn link(portal: &Portal, organization: OrganizationId, user: UserId, purpose: Purpose) -> String {
    let mut tx = portal.app.db.begin_worker(organization).await.expect("a transaction");
    let token = tokens::issue(&mut tx, organization, user, None, purpose).await.expect("a token");
    tx.commit().await.expect("kept");
    format!("{}/{}", purpose.path(), token.text())
}

#[tokio::test]
async fn a_reset_link_works_once_and_ends_every_session() {
    let portal = Portal::start().await;
    let ada = person(&portal).await;
    let signed_in = portal.visitor();
    signed_in.sign_in(&ada.email).await;
    let older = link(&portal, ada.house.organization, ada.user, Purpose::PasswordReset).await;
    let newer = link(&portal, ada.house.organization, ada.user, Purpose::PasswordReset).await;
    let browser = portal.visitor();
    assert_eq!(browser.get(&older).await.status, StatusCode::NOT_FOUND, "a newer one replaces it");
    let page = browser.get(&newer).await;
    assert_eq!((page.status, page.text("h1").as_str()), (StatusCode::OK, "Choose a new password"));
    assert_eq!(page.header("referrer-policy"), Some("no-referrer"));
    assert_eq!(page.header("cache-control"), Some("no-store"));
    let weak = browser.post(&newer, &[("password", "password123password123")]).await;
    assert_eq!((weak.status, weak.texts("#errors li").len()), (StatusCode::UNPROCESSABLE_ENTITY, 1));
    let done = browser.post(&newer, &[("password", NEW)]).await;
    assert_eq!(done.location(), "/sign-in");
    assert!(browser.get("/sign-in").await.body.contains("Your password is set"));
    assert_eq!(signed_in.get("/me").await.status, StatusCode::SEE_OTHER);
    assert_eq!(browser.post(&newer, &[("password", NEW)]).await.status, StatusCode::NOT_FOUND, "used");
    let sign_in = async |password| {
        portal.visitor().post("/sign-in", &[("email", &*ada.email), ("password", password)]).await.status
    };
    assert_eq!(
        (sign_in(PASSWORD).await, sign_in(NEW).await),
        (StatusCode::UNPROCESSABLE_ENTITY, StatusCode::SEE_OTHER)
    );
    let stored = sqlx::query_scalar!("SELECT token_hash FROM user_token").fetch_all(&portal.admin).await.unwrap();
    assert!(stored.iter().all(|hash| hash.len() == 32));
    let said = sqlx::query_scalar!(
        r#"SELECT CONCAT_WS(' ', actor_kind, action, details->>'password') AS "line!" FROM audit_event WHERE details ? 'password' AND resource_id = $1"#,
        ada.user.uuid()
    );
    assert_eq!(said.fetch_all(&portal.admin).await.unwrap(), ["USER PERMISSION_CHANGE replaced"]);
}

#[tokio::test]
async fn links_end_and_fit_one_purpose_and_state_only() {
    let portal = Portal::start().await;
    let ada = person(&portal).await;
    let organization = ada.house.organization;
    let reset = link(&portal, organization, ada.user, Purpose::PasswordReset).await;
    let activation = link(&portal, organization, ada.user, Purpose::Activation).await;
    let visitor = portal.visitor();
    assert_eq!(visitor.get(&reset.replace("/reset/", "/activate/")).await.status, StatusCode::NOT_FOUND);
    assert_eq!(visitor.get(&activation).await.status, StatusCode::NOT_FOUND, "she is active already");
    sqlx::query!("UPDATE app_user SET status = 'INVITED' WHERE id = $1", ada.user.uuid())
        .execute(&portal.admin)
        .await
        .unwrap();
    assert_eq!(visitor.get(&reset).await.status, StatusCode::NOT_FOUND, "and not any more");
    assert_eq!(visitor.get(&activation).await.status, StatusCode::OK);
    sqlx::query!("UPDATE user_token SET expires_at = NOW()").execute(&portal.admin).await.unwrap();
    assert_eq!(visitor.post(&activation, &[("password", NEW)]).await.status, StatusCode::NOT_FOUND);
    sqlx::query!("UPDATE user_token SET expires_at = NOW() + INTERVAL '1 day'").execute(&portal.admin).await.unwrap();
    assert_eq!(visitor.post(&activation, &[("password", NEW)]).await.location(), "/sign-in");
    let status = sqlx::query_scalar!("SELECT status FROM app_user WHERE id = $1", ada.user.uuid());
    assert_eq!(status.fetch_one(&portal.admin).await.unwrap(), "ACTIVE");
}

#[tokio::test]
async fn asking_for_a_password_answers_the_same_for_everybody() {
    let portal = Portal::start().await;
    let ada = person(&portal).await;
    let mut seen = Vec::new();
    for email in [ada.email.as_str(), "nobody@test.example"] {
        let start = std::time::Instant::now();
        let reply = portal.visitor().post("/forgotten-password", &[("email", email)]).await;
        let took = start.elapsed();
        assert!(took.as_millis() >= 300 && took.as_millis() < 2_000, "{took:?}");
        seen.push((reply.status, reply.body_without_ids()));
    }
    assert_eq!(seen[0], seen[1]);
    assert_eq!(seen[0].0, StatusCode::OK);
    let asked = sqlx::query_scalar!("SELECT email FROM app_user WHERE reset_asked_at IS NOT NULL");
    assert_eq!(asked.fetch_all(&portal.admin).await.unwrap(), std::slice::from_ref(&ada.email));
    for _ in 0..4 {
        portal.visitor().post("/forgotten-password", &[("email", &ada.email)]).await;
    }
    let many = portal.visitor().post("/forgotten-password", &[("email", &ada.email)]).await;
    assert_eq!(many.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(
        portal.visitor().post("/forgotten-password", &[("email", "x")]).await.status,
        StatusCode::UNPROCESSABLE_ENTITY
    );
}

#[tokio::test]
async fn a_hash_of_another_system_lets_in_once_and_is_replaced() {
    let portal = Portal::start().await;
    let ada = person(&portal).await;
    let imported = bcrypt::hash("correct horse battery", 10).expect("a hash");
    sqlx::query!("UPDATE app_user SET password_hash = $2 WHERE id = $1", ada.user.uuid(), imported)
        .execute(&portal.admin)
        .await
        .unwrap();
    let form = [("email", ada.email.as_str()), ("password", "correct horse battery")];
    for _ in 0..2 {
        assert_eq!(portal.visitor().post("/sign-in", &form).await.status, StatusCode::SEE_OTHER);
        let hash =
            sqlx::query_scalar!(r#"SELECT password_hash AS "hash!" FROM app_user WHERE id = $1"#, ada.user.uuid());
        assert!(hash.fetch_one(&portal.admin).await.unwrap().starts_with("$argon2id$"));
    }
    assert_eq!(
        portal.visitor().post("/sign-in", &[("email", &ada.email), ("password", PASSWORD)]).await.status,
        StatusCode::UNPROCESSABLE_ENTITY
    );
}
