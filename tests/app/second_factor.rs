//! Codes from an app, recovery codes, and what happens around them.

use almoner::access::Role;
use reqwest::StatusCode;
use totp_rs::{Builder, Secret};

use crate::support::{Browser, House, PASSWORD, Portal, Reply};

/// Somebody signed in, and the address to sign in with.
async fn somebody(portal: &Portal) -> (Browser, String) {
    let house = House::build(portal).await;
    let email = house.account(portal, Role::Clinician, Some(house.clinic)).await;
    let browser = portal.visitor();
    browser.sign_in(&email).await;
    (browser, email)
}

/// What the app shows, so many half minutes from now.
fn code(key: &str, steps: i64) -> String {
    let secret = Secret::try_from_base32(key.replace(' ', "")).expect("base32");
    let totp = Builder::new().with_secret(secret).with_account_name("a").build().expect("a second factor");
    let now = almoner::clock::Clock::System.now().timestamp() + 30 * steps;
    totp.generate(u64::try_from(now).expect("after 1970")).to_string()
}

/// Sets the second factor up with the code of a moment ago; answers the key and the recovery codes.
async fn set_up(browser: &Browser) -> (String, Vec<String>) {
    let begun = browser.post("/me/second-factor", &[]).await;
    assert_eq!(begun.location(), "/me/second-factor/setup");
    let page = browser.get("/me/second-factor/setup").await;
    let key = page.text(".key");
    assert_eq!(page.attributes("svg.qr path", "d").len(), 1);
    assert!(!page.body.contains("style="), "the content security policy refuses it");
    let done = browser.post("/me/second-factor/setup", &[("code", &code(&key, -1))]).await;
    assert_eq!(done.status, StatusCode::OK, "{}", done.body);
    let codes = done.texts(".codes .code");
    assert_eq!(codes.len(), 10);
    (key, codes)
}

async fn password(browser: &Browser, email: &str) -> Reply {
    browser.post("/sign-in", &[("email", email), ("password", PASSWORD), ("next", "/me")]).await
}

/// Password and code.
async fn both(browser: &Browser, email: &str, code: &str) -> Reply {
    let page = password(browser, email).await;
    assert_eq!((page.status, page.text("h1").as_str()), (StatusCode::OK, "Enter your code"));
    assert!(page.header("set-cookie").is_none(), "nobody is signed in by a password alone");
    let token = page.field("token");
    browser.post("/sign-in/code", &[("token", &token), ("code", code), ("next", &page.field("next"))]).await
}

#[tokio::test]
async fn a_code_is_asked_for_after_the_password_and_is_good_once() {
    let portal = Portal::start().await;
    let (browser, email) = somebody(&portal).await;
    let (key, _) = set_up(&browser).await;
    assert!(browser.get("/me/second-factor").await.body.contains("10 of 10 recovery codes"));
    let now = code(&key, 0);
    let other = portal.visitor();
    let done = both(&other, &email, &format!(" {} {} ", &now[..3], &now[3..])).await;
    assert_eq!((done.status, done.location()), (StatusCode::SEE_OTHER, "/me"));
    assert_eq!(other.get("/me").await.status, StatusCode::OK);
    // The same code, overheard: refused although its half minute goes on. So is every one before it.
    for old in [now, code(&key, -1)] {
        let reply = both(&portal.visitor(), &email, &old).await;
        assert_eq!(reply.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(reply.body.contains("not right, or it was used already"));
    }
    assert_eq!(both(&portal.visitor(), &email, &code(&key, 1)).await.status, StatusCode::SEE_OTHER);
    let details = sqlx::query_scalar!(
        r#"SELECT details->>'second_factor' AS "how!" FROM audit_event
            WHERE action IN ('LOGIN', 'LOGIN_FAILED') AND details ? 'second_factor' ORDER BY at"#
    );
    assert_eq!(details.fetch_all(&portal.admin).await.unwrap(), ["APP", "true", "true", "APP"]);
    let stored = sqlx::query_scalar!(r#"SELECT secret_enc AS "secret!" FROM second_factor"#)
        .fetch_one(&portal.admin)
        .await
        .unwrap();
    assert!(!String::from_utf8_lossy(&stored).contains(&key.replace(' ', "")), "the secret is sealed");
}

#[tokio::test]
async fn the_second_step_cannot_be_taken_alone_twice_or_late() {
    let portal = Portal::start().await;
    let (browser, email) = somebody(&portal).await;
    let (key, codes) = set_up(&browser).await;
    let visitor = portal.visitor();
    for token in ["", "x", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"] {
        let reply = visitor.post("/sign-in/code", &[("token", token), ("code", &code(&key, 0))]).await;
        assert_eq!(reply.location(), "/sign-in");
    }
    let token = password(&visitor, &email).await.field("token");
    sqlx::query!("UPDATE user_token SET expires_at = NOW()").execute(&portal.admin).await.unwrap();
    let late = visitor.post("/sign-in/code", &[("token", &token), ("code", &code(&key, 0))]).await;
    assert_eq!(late.location(), "/sign-in");
    assert!(visitor.get("/sign-in").await.body.contains("longer than five minutes"));
    // A second password makes the first token worthless; a used one is worthless too.
    let first = password(&visitor, &email).await.field("token");
    let second = password(&visitor, &email).await.field("token");
    for (token, code, location) in
        [(&first, &codes[0], "/sign-in"), (&second, &codes[0], "/"), (&second, &codes[1], "/sign-in")]
    {
        assert_eq!(visitor.post("/sign-in/code", &[("token", token), ("code", code)]).await.location(), location);
    }
}

#[tokio::test]
async fn guessing_codes_is_stopped_for_the_account() {
    let portal = Portal::start().await;
    let (browser, email) = somebody(&portal).await;
    let (key, codes) = set_up(&browser).await;
    for _ in 0..5 {
        assert_eq!(both(&portal.visitor(), &email, "000000").await.status, StatusCode::UNPROCESSABLE_ENTITY);
    }
    for right in [&code(&key, 0), &codes[0]] {
        let reply = both(&portal.visitor(), &email, right).await;
        assert_eq!(reply.status, StatusCode::TOO_MANY_REQUESTS);
        assert!(reply.header("retry-after").is_some() && reply.body.contains("Try again in 15 minutes"));
    }
}

#[tokio::test]
async fn a_recovery_code_lets_in_once_and_new_ones_replace_the_old() {
    let portal = Portal::start().await;
    let (browser, email) = somebody(&portal).await;
    let (_, codes) = set_up(&browser).await;
    let visitor = portal.visitor();
    let done = both(&visitor, &email, &codes[3].to_uppercase().replace('-', " ")).await;
    assert_eq!(done.location(), "/me");
    assert!(visitor.get("/me").await.body.contains("9 recovery codes are left"));
    assert_eq!(both(&portal.visitor(), &email, &codes[3]).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    let new = browser.post("/me/second-factor/codes", &[]).await.texts(".codes .code");
    assert_eq!(new.len(), 10);
    assert_eq!(both(&portal.visitor(), &email, &codes[0]).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(both(&portal.visitor(), &email, &new[0]).await.status, StatusCode::SEE_OTHER);
    let kept = sqlx::query_scalar!("SELECT code_hash FROM recovery_code").fetch_all(&portal.admin).await.unwrap();
    assert!(kept.iter().all(|hash| hash.len() >= 16 && !codes.iter().any(|code| hash == code.as_bytes())));
}

#[tokio::test]
async fn changing_the_second_factor_asks_for_the_password_again() {
    let portal = Portal::start().await;
    let (browser, email) = somebody(&portal).await;
    set_up(&browser).await;
    sqlx::query!("UPDATE user_session SET stepped_up_at = NOW() - INTERVAL '6 minutes'")
        .execute(&portal.admin)
        .await
        .unwrap();
    for path in ["/me/second-factor", "/me/second-factor/setup", "/me/second-factor/codes", "/me/second-factor/end"] {
        let reply = browser.post(path, &[("code", "000000")]).await;
        assert!(reply.location().starts_with("/me/step-up"), "{path}: {}", reply.location());
    }
    assert!(browser.get("/me/second-factor/setup").await.location().starts_with("/me/step-up"), "it shows the key");
    browser.post("/me/step-up", &[("password", PASSWORD)]).await;
    assert_eq!(browser.post("/me/second-factor", &[]).await.status, StatusCode::CONFLICT, "it is on");
    assert_eq!(browser.post("/me/second-factor/end", &[]).await.location(), "/me/second-factor");
    assert!(browser.get("/me/second-factor").await.body.contains("Your second factor is off"));
    assert_eq!(password(&portal.visitor(), &email).await.location(), "/me", "no code is asked for");
    let left = sqlx::query_scalar!(r#"SELECT COUNT(*) AS "n!" FROM recovery_code WHERE retired_at IS NULL"#);
    assert_eq!(left.fetch_one(&portal.admin).await.unwrap(), 0);
    let secret = sqlx::query_scalar!("SELECT secret_enc FROM second_factor").fetch_one(&portal.admin).await.unwrap();
    assert!(secret.is_none(), "and the secret is forgotten");
}

#[tokio::test]
async fn a_short_password_is_enough_only_beside_a_second_factor() {
    let portal = Portal::start().await;
    let (browser, email) = somebody(&portal).await;
    let change =
        async |new: &str, current: &str| browser.post("/me/password", &[("current", current), ("password", new)]).await;
    let refused = change("heronweir", PASSWORD).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(refused.texts("#errors a"), ["Use at least 15 characters. A short sentence works well."]);
    let wrong = change("seven herons over the weir", "not the password").await;
    assert_eq!(wrong.texts("#errors a"), ["That is not your password. Try again."]);
    let (_, codes) = set_up(&browser).await;
    assert_eq!(change("heronweir", PASSWORD).await.location(), "/me");
    let sign_in =
        async |password: &str| portal.visitor().post("/sign-in", &[("email", &*email), ("password", password)]).await;
    assert_eq!(sign_in("heronweir").await.text("h1"), "Enter your code");
    // Without the second factor the same password leads to choosing a longer one, and to nothing else.
    browser.post("/me/second-factor/end", &[]).await;
    let reply = sign_in("heronweir").await;
    assert!(reply.location().starts_with("/reset/"), "{}", reply.location());
    assert!(reply.header("set-cookie").is_none());
    let visitor = portal.visitor();
    assert_eq!(
        visitor.post(reply.location(), &[("password", "heronweir")]).await.status,
        StatusCode::UNPROCESSABLE_ENTITY
    );
    let done = visitor.post(reply.location(), &[("password", "seven herons over the weir")]).await;
    assert_eq!(done.location(), "/sign-in");
    assert_eq!(sign_in("seven herons over the weir").await.location(), "/");
    assert_eq!(browser.get("/me").await.status, StatusCode::SEE_OTHER, "sessions from before have ended");
    assert!(!codes.is_empty());
}
