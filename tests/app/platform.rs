//! What holds for every page.

use almoner::access::{Actor, Facilities, Preferences, Role};
use almoner::clock::Clock;
use almoner::db::Db;
use almoner::ids::{OrganizationId, SessionId, UserId};
use std::time::Duration;

use crate::support::Portal;

fn somebody() -> Actor {
    Actor {
        session: SessionId::new(),
        user: UserId::new(),
        organization: OrganizationId::new(),
        role: Role::Clinician,
        roles: vec![Role::Clinician],
        facilities: Facilities::All,
        name: "Dr Nobody".into(),
        family_name: "Nobody".into(),
        initials: "N".into(),
        place: "Nowhere".into(),
        zone: chrono_tz::UTC,
        preferences: Preferences {
            theme: "system".into(),
            density: "compact".into(),
            locale: "en-GB".into(),
            shortcuts: true,
        },
        last_seen_at: Clock::System.now(),
        stepped_up_at: None,
    }
}

/// The trap: sqlx hands a connection whose BEGIN was cancelled to the next borrower, with the actor in it.
#[tokio::test]
async fn a_cancelled_request_leaves_no_actor_behind() {
    let portal = Portal::start().await;
    let db = Db::open(portal.runtime_options());
    let actor = somebody();
    drop(db.begin(&actor).await.unwrap());
    for round in 0..400_u32 {
        // Dropped after a different number of steps each time: before the message, in the middle, after the answer.
        let mut begin = Box::pin(db.begin(&actor));
        for _ in 0..round % 8 {
            if futures::poll!(&mut begin).is_ready() {
                break;
            }
            tokio::time::sleep(Duration::from_micros(u64::from(round % 5) * 50)).await;
        }
    }
    let mut leaked = 0;
    for _ in 0..64 {
        #[expect(clippy::disallowed_methods, reason = "looks at a bare connection, as the next borrower would")]
        let context: Option<String> =
            sqlx::query_scalar("SELECT current_setting('app.ctx', TRUE)").fetch_one(db.bare_pool()).await.unwrap();
        leaked += u32::from(context.is_some_and(|text| !text.is_empty()));
    }
    assert_eq!(leaked, 0, "connections came back with somebody else's actor");
}

#[tokio::test]
async fn an_unknown_page_says_so() {
    let portal = Portal::start().await;
    let reply = portal.visitor().get("/no-such-page").await;
    assert_eq!(reply.status, 404);
    assert_eq!(reply.text("h1"), "Not found");
}

#[tokio::test]
async fn a_supervisor_is_told_how_things_are() {
    let portal = Portal::start().await;
    let visitor = portal.visitor();
    assert_eq!(
        (visitor.get("/healthz").await.status, visitor.get("/readyz").await.status),
        (200.try_into().unwrap(), 200.try_into().unwrap())
    );
    portal.app.db.close().await;
    assert_eq!(visitor.get("/healthz").await.status, 200);
    let reply = visitor.get("/readyz").await;
    assert_eq!((reply.status.as_u16(), reply.body.as_str()), (503, r#"{"status":"database unavailable"}"#));
}
