//! Live pages: what is heard, by whom, on which replica, and for how long.

use std::time::Duration;

use almoner::access::Role;
use almoner::events::{self, Action, By, Event};
use almoner::ids::{AlertId, FacilityId, PatientId};
use reqwest::{Method, Response, StatusCode};
use serde_json::json;
use tokio::time::{sleep, timeout};

use crate::support::{Browser, House, Portal, Sender};

/// How long to listen before it is believed that something never comes. Generous: it only ends tests that fail.
const PATIENCE: Duration = Duration::from_secs(20);

/// How long to listen before it is believed that nothing comes.
const SILENCE: Duration = Duration::from_millis(1_500);

/// An open stream.
struct Stream {
    response: Response,
    buffer: String,
    /// Every byte of it.
    heard: String,
    last_id: Option<String>,
}

impl Stream {
    async fn open(browser: &Browser) -> Self {
        Self::resume(browser, None).await
    }

    async fn resume(browser: &Browser, last: Option<&str>) -> Self {
        let mut request = browser.request(Method::GET, "/live").header("almoner-automatic", "true");
        if let Some(last) = last {
            request = request.header("last-event-id", last);
        }
        let response = request.send().await.expect("the portal answers");
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        assert_eq!(response.headers()["cache-control"], "no-store");
        Self { response, buffer: String::new(), heard: String::new(), last_id: None }
    }

    /// The name of the next event; none at the end of the stream.
    async fn next(&mut self) -> Option<String> {
        loop {
            while let Some((message, rest)) = self.buffer.split_once("\n\n") {
                let (message, rest) = (message.to_owned(), rest.to_owned());
                self.buffer = rest;
                let field = |name: &str| {
                    message.lines().find_map(|line| line.strip_prefix(name)).map(|text| text.trim().to_owned())
                };
                self.last_id = field("id:").or(self.last_id.take());
                if let Some(name) = field("event:") {
                    return Some(name);
                }
            }
            let chunk = self.response.chunk().await.ok()??;
            let text = std::str::from_utf8(&chunk).expect("text");
            self.buffer.push_str(text);
            self.heard.push_str(text);
        }
    }

    async fn expect(&mut self, name: &str) {
        let heard = timeout(PATIENCE, self.next()).await.unwrap_or_else(|_| panic!("{name} does not come"));
        assert_eq!(heard.as_deref(), Some(name));
    }

    async fn expect_nothing(&mut self) {
        if let Ok(heard) = timeout(SILENCE, self.next()).await {
            panic!("heard {heard:?}");
        }
    }

    async fn expect_end(&mut self) {
        let end = async { while self.next().await.is_some() {} };
        timeout(PATIENCE, end).await.expect("the stream ends");
    }
}

/// Something happens to an alert, as a job does it.
async fn change(portal: &Portal, house: &House, facility: Option<FacilityId>, patient: Option<PatientId>) {
    let mut tx = portal.app.db.begin_worker(house.organization).await.expect("a transaction");
    let event = Event::new(Action::Update, "alert").of(AlertId::new()).about(patient).at(facility);
    events::record(&mut tx, &By::system(house.organization), event).await.expect("a record");
    tx.commit().await.expect("a commit");
}

#[tokio::test]
async fn a_change_is_heard_on_every_replica() {
    let portal = Portal::start().await;
    let house = House::build(&portal).await;
    let replica = portal.replica().await;
    let here = house.person(&portal, Role::Clinician, Some(house.clinic)).await;
    let there = house.person(&replica, Role::Clinician, Some(house.clinic)).await;
    let (mut near, mut far) = (Stream::open(&here).await, Stream::open(&there).await);
    tokio::join!(portal.listens(), replica.listens());

    let patient = house.patient(&portal, house.clinic, "1").await;
    change(&portal, &house, Some(house.clinic), Some(patient)).await;
    for stream in [&mut near, &mut far] {
        stream.expect(&format!("chart-changed-{patient}")).await;
        stream.expect("queue-changed").await;
    }

    // A browser that is sent to the other replica goes on where it was; hearing something twice does no harm.
    let last = near.last_id.clone().expect("an id");
    change(&portal, &house, Some(house.clinic), None).await;
    far.expect("queue-changed").await;
    let heard = Stream::resume(&there, Some(&last)).await.next().await;
    assert!(heard.as_deref().is_some_and(|name| name != "reload"), "{heard:?}");
}

#[tokio::test]
async fn an_alert_from_another_system_is_heard_and_its_words_are_not() {
    let portal = Portal::start().await;
    let house = House::build(&portal).await;
    let patient = house.patient(&portal, house.clinic, "1").await;
    let sender = Sender::new(&portal, &house, None).await;
    let mut stream = Stream::open(&house.person(&portal, Role::Clinician, Some(house.clinic)).await).await;
    portal.listens().await;
    let alert = json!({"type": "GLUCOSE_HIGH", "severity": "HIGH", "title": "Glucose very high", "patient": patient});
    assert_eq!(sender.send(&portal, &alert).await.status, StatusCode::OK);
    stream.expect(&format!("chart-changed-{patient}")).await;
    stream.expect("queue-changed").await;
    assert!(!stream.heard.contains("Glucose") && !stream.heard.contains("HIGH"), "{}", stream.heard);
}

#[tokio::test]
async fn only_what_is_within_reach_is_heard() {
    let portal = Portal::start().await;
    let (house, other) = (House::build(&portal).await, House::build(&portal).await);
    let mut clinician = Stream::open(&house.person(&portal, Role::Clinician, Some(house.clinic)).await).await;
    let mut carer = Stream::open(&house.person(&portal, Role::Carer, Some(house.home)).await).await;
    let mut admin = Stream::open(&house.person(&portal, Role::Admin, None).await).await;
    let mut stranger = Stream::open(&other.person(&portal, Role::Clinician, None).await).await;
    portal.listens().await;

    change(&portal, &house, Some(house.clinic), None).await;
    clinician.expect("queue-changed").await;
    tokio::join!(carer.expect_nothing(), admin.expect_nothing(), stranger.expect_nothing());
}

#[tokio::test]
async fn who_may_not_use_staff_pages_hears_nothing() {
    let portal = Portal::start().await;
    let house = House::build(&portal).await;
    let patient = house.person(&portal, Role::Patient, None).await;
    assert_eq!(patient.get("/live").await.status, StatusCode::FORBIDDEN);
    assert!(portal.visitor().get("/live").await.location().starts_with("/sign-in"));
}

#[tokio::test]
async fn who_comes_back_hears_what_was_missed() {
    let portal = Portal::start().await;
    let house = House::build(&portal).await;
    let browser = house.person(&portal, Role::Clinician, None).await;
    let mut stream = Stream::open(&browser).await;
    portal.listens().await;
    change(&portal, &house, None, None).await;
    stream.expect("queue-changed").await;
    let last = stream.last_id.clone().expect("an id");
    drop(stream);

    change(&portal, &house, None, None).await;
    sleep(Duration::from_secs(1)).await;
    let mut again = Stream::resume(&browser, Some(&last)).await;
    again.expect("queue-changed").await;
    let last = again.last_id.clone().expect("an id");
    drop(again);

    let mut up_to_date = Stream::resume(&browser, Some(&last)).await;
    up_to_date.expect_nothing().await;
    for unknown in ["1", "-5"] {
        Stream::resume(&browser, Some(unknown)).await.expect("reload").await;
    }
}

#[tokio::test]
async fn a_stream_ends_with_its_session_and_with_the_process() {
    let portal = Portal::start().await;
    let house = House::build(&portal).await;
    let browser = house.person(&portal, Role::Clinician, None).await;
    let mut stream = Stream::open(&browser).await;
    portal.listens().await;
    browser.post("/sign-out", &[]).await;
    stream.expect("session-ended").await;
    stream.expect_end().await;

    let mut other = Stream::open(&house.person(&portal, Role::Clinician, None).await).await;
    portal.app.ready.set_stopping();
    other.expect_end().await;
}

#[tokio::test]
async fn a_stream_goes_on_when_somebody_else_signs_out() {
    let portal = Portal::start().await;
    let house = House::build(&portal).await;
    let mut stream = Stream::open(&house.person(&portal, Role::Clinician, None).await).await;
    portal.listens().await;
    house.person(&portal, Role::Clinician, None).await.post("/sign-out", &[]).await;
    stream.expect_nothing().await;
    change(&portal, &house, None, None).await;
    stream.expect("queue-changed").await;
}

#[tokio::test]
async fn listening_is_not_using() {
    let portal = Portal::start().await;
    let house = House::build(&portal).await;
    let browser = house.person(&portal, Role::Clinician, None).await;
    let id = house.organization.uuid();
    sqlx::query!("UPDATE user_session SET last_seen_at = NOW() - INTERVAL '10 minutes' WHERE organization_id = $1", id)
        .execute(&portal.admin)
        .await
        .unwrap();
    let _stream = Stream::open(&browser).await;
    let idle = sqlx::query_scalar!(
        r#"SELECT last_seen_at < NOW() - INTERVAL '9 minutes' AS "idle!" FROM user_session WHERE organization_id = $1 AND ended_at IS NULL"#,
        id,
    );
    assert!(idle.fetch_one(&portal.admin).await.unwrap());
}
