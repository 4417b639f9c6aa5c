//! Another system, as it calls the door.

use almoner::ids::new_uuid;
use almoner::ingest::cli;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use hmac::{Hmac, Mac as _};
use reqwest::Method;
use serde_json::Value;
use sha2::Sha256;
use uuid::Uuid;

use super::{House, Portal, Reply};

/// It may do both.
const SCOPES: &[&str] = &["alerts_ingest", "device_sync"];

/// Another system with its secret.
pub struct Sender {
    pub account: Uuid,
    secret: String,
}

impl Sender {
    /// With an account of its own, made on the command line.
    pub async fn new(portal: &Portal, house: &House, facility: Option<&str>) -> Self {
        let (account, secret) =
            cli::add(&portal.app, house.organization, &format!("Engine {}", new_uuid()), facility, None, SCOPES)
                .await
                .expect("an account");
        Self { account: account.uuid(), secret: secret.to_string() }
    }

    pub fn sign(&self, id: &str, timestamp: i64, body: &[u8]) -> String {
        let key = BASE64_STANDARD.decode(self.secret.strip_prefix("whsec_").expect("a secret")).expect("base64");
        let mac = <Hmac<Sha256> as hmac::Mac>::new_from_slice(&key).expect("a key");
        let mac = mac.chain_update(format!("{id}.{timestamp}.")).chain_update(body).finalize().into_bytes();
        format!("v1,{}", BASE64_STANDARD.encode(mac))
    }

    pub async fn send(&self, portal: &Portal, body: &Value) -> Reply {
        self.send_as(portal, &new_uuid().to_string(), body).await
    }

    pub async fn send_as(&self, portal: &Portal, id: &str, body: &Value) -> Reply {
        self.send_at(portal, id, portal.app.clock.now().timestamp(), body.to_string().as_bytes()).await
    }

    pub async fn send_at(&self, portal: &Portal, id: &str, timestamp: i64, body: &[u8]) -> Reply {
        Self::post(portal, self.account, id, timestamp, &self.sign(id, timestamp, body), body).await
    }

    /// To another door.
    pub async fn send_to(&self, portal: &Portal, path: &str, id: &str, body: &[u8]) -> Reply {
        let timestamp = portal.app.clock.now().timestamp();
        Self::post_to(portal, path, self.account, id, timestamp, &self.sign(id, timestamp, body), body).await
    }

    /// With a signature of the test's own making.
    pub async fn post(portal: &Portal, account: Uuid, id: &str, timestamp: i64, signature: &str, body: &[u8]) -> Reply {
        Self::post_to(portal, "/ingest/alerts", account, id, timestamp, signature, body).await
    }

    pub async fn post_to(
        portal: &Portal,
        path: &str,
        account: Uuid,
        id: &str,
        timestamp: i64,
        signature: &str,
        body: &[u8],
    ) -> Reply {
        let browser = portal.visitor();
        let request = browser
            .request(Method::POST, path)
            .header("sec-fetch-site", "cross-site")
            .header("almoner-account", account.to_string())
            .header("webhook-id", id)
            .header("webhook-timestamp", timestamp.to_string())
            .header("webhook-signature", signature)
            .header("content-type", "application/json")
            .body(body.to_vec());
        browser.send(request).await
    }
}
