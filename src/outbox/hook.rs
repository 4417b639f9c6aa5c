//! Text messages and chat, handed to a gateway by a signed webhook: the operator's, or one of the organization's own.
//!
//! `POST` of `{"id", "channel", "to", "text"}` as JSON, signed as Standard Webhooks has it: `webhook-id`,
//! `webhook-timestamp` and `webhook-signature` (`v1,` and the HMAC-SHA256 of `id.timestamp.body` in base64). Any answer
//! of 2xx means that the gateway has taken it; 429 and 5xx are tried again; anything else is for good. No redirect is followed.

use std::sync::OnceLock;
use std::time::Duration;

use anyhow::Context as _;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use hmac::{Hmac, Mac as _};
use http::{Request, header};
use http_body_util::Full;
use hyper_rustls::{ConfigBuilderExt as _, HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use rustls::ClientConfig;
use sha2::Sha256;
use tokio::time::timeout;
use url::Url;
use uuid::Uuid;
use zeroize::Zeroizing;

use super::Channel;
use super::courier::Undelivered;
use super::reach::Reach;
use super::way::{Forbidden, Way};
use crate::clock::Timestamp;

/// How long a gateway may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// What a secret begins with.
const PREFIX: &str = "whsec_";

/// A gateway.
#[derive(Clone)]
pub struct Hook {
    client: Client<HttpsConnector<Way>, Full<Bytes>>,
    url: Url,
    key: Zeroizing<Vec<u8>>,
}

impl std::fmt::Debug for Hook {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Hook").field("host", &self.url.host_str()).finish_non_exhaustive()
    }
}

impl Hook {
    /// A gateway of the operator at `url` (https, or http on this machine), with the secret it shares with us: `whsec_`
    /// and at least 24 bytes in base64.
    ///
    /// # Errors
    /// Where either does not do.
    pub fn new(url: Url, secret: &str) -> anyhow::Result<Self> {
        Self::by(url, secret, Way(None))
    }

    /// A gateway of an organization, which is reached where the operator lets it be reached, and nowhere else, whatever its
    /// name says.
    ///
    /// # Errors
    /// Where address or secret do not do.
    pub fn own(url: Url, secret: &str, reach: &Reach) -> anyhow::Result<Self> {
        Self::by(url, secret, Way(Some(reach.clone())))
    }

    fn by(url: Url, secret: &str, way: Way) -> anyhow::Result<Self> {
        let local = url.host_str().is_some_and(|host| ["localhost", "127.0.0.1", "[::1]"].contains(&host));
        anyhow::ensure!(
            url.scheme() == "https" || (url.scheme() == "http" && local),
            "a webhook is an https address, or http on this machine"
        );
        let key = secret.strip_prefix(PREFIX).and_then(|text| BASE64_STANDARD.decode(text).ok());
        let key = key.filter(|key| key.len() >= 24);
        let key =
            key.ok_or_else(|| anyhow::anyhow!("the secret of webhooks is `whsec_` and 24 or more bytes in base64"))?;
        let client = Client::builder(TokioExecutor::new()).build(connector(way)?);
        Ok(Self { client, url, key: Zeroizing::new(key) })
    }

    /// Hands one message over.
    ///
    /// # Errors
    /// Where the gateway does not take it.
    pub async fn send(
        &self,
        id: Uuid,
        channel: Channel,
        to: &str,
        text: &str,
        now: Timestamp,
    ) -> Result<(), Undelivered> {
        let body = serde_json::json!({ "id": id, "channel": channel, "to": to, "text": text }).to_string();
        let stamp = now.timestamp().to_string();
        let signature = self.sign(&id.to_string(), &stamp, &body);
        let request = Request::post(self.url.as_str())
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::USER_AGENT, concat!("almoner/", env!("CARGO_PKG_VERSION")))
            .header("webhook-id", id.to_string())
            .header("webhook-timestamp", stamp)
            .header("webhook-signature", signature)
            .body(Full::new(Bytes::from(body)))
            .map_err(|_| Undelivered::for_good("the message cannot be built"))?;
        let answer = match timeout(PATIENCE, self.client.request(request)).await {
            Err(_) => return Err(Undelivered::for_now("the gateway did not answer in time")),
            Ok(Err(error)) if Forbidden::is_behind(&error) => {
                return Err(Undelivered::for_now("the gateway's address leads into a network that it must not be in"));
            }
            Ok(Err(_)) => return Err(Undelivered::for_now("the gateway cannot be reached")),
            Ok(Ok(answer)) => answer.status(),
        };
        if answer.is_success() {
            return Ok(());
        }
        let words = format!("the gateway answered {}", answer.as_u16());
        let again = answer.is_server_error() || [408, 425, 429].contains(&answer.as_u16());
        Err(if again { Undelivered::for_now(words) } else { Undelivered::for_good(words) })
    }

    fn sign(&self, id: &str, stamp: &str, body: &str) -> String {
        // HMAC takes keys of any length.
        let Ok(mac) = <Hmac<Sha256> as hmac::Mac>::new_from_slice(&self.key) else { return String::new() };
        let mac = mac.chain_update(format!("{id}.{stamp}.{body}")).finalize().into_bytes();
        format!("v1,{}", BASE64_STANDARD.encode(mac))
    }
}

/// What connects; the certificates that the machine trusts are read once.
fn connector(way: Way) -> anyhow::Result<HttpsConnector<Way>> {
    static TLS: OnceLock<ClientConfig> = OnceLock::new();
    let tls = if let Some(known) = TLS.get() {
        known.clone()
    } else {
        let tls = ClientConfig::builder().with_native_roots().context("this machine trusts no certificates")?;
        TLS.get_or_init(|| tls.with_no_client_auth()).clone()
    };
    Ok(HttpsConnectorBuilder::new().with_tls_config(tls).https_or_http().enable_http1().wrap_connector(way))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_the_specification() {
        let hook = Hook::new("https://x.example".parse().unwrap(), "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        assert_eq!(
            hook.sign("msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", r#"{"test": 2432232314}"#),
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
        );
    }

    #[test]
    fn addresses_and_secrets_that_do_not_do_are_refused() {
        let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
        for url in ["http://gateway.example", "ftp://gateway.example", "file:///etc/passwd"] {
            assert!(Hook::new(url.parse().unwrap(), secret).is_err(), "{url}");
        }
        assert!(Hook::new("https://gateway.example".parse().unwrap(), "whsec_c2hvcnQ=").is_err());
        assert!(Hook::new("http://127.0.0.1:9/".parse().unwrap(), secret).is_ok());
    }
}
