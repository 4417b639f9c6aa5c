//! Who sent a message: an HMAC over its id, its time and its body.

use axum::http::HeaderMap;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use hmac::{Hmac, Mac as _};
use rand::RngCore as _;
use sha2::Sha256;
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::clock::Timestamp;

/// How far the sender's clock may be from ours, in seconds. Older messages may be replays.
const TOLERANCE: i64 = 300;

/// What a secret begins with, as Standard Webhooks has it: recognisable when it turns up where it should not.
const PREFIX: &str = "whsec_";

/// The length of a key, in bytes: that of the hash.
const KEY_BYTES: usize = 32;

/// The longest id of a message.
const ID_BYTES: usize = 255;

/// Signatures that are looked at: one for each secret while secrets change.
const SIGNATURES: usize = 4;

/// What the headers of a message say, believed only after [`Claim::holds`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Claim {
    /// The service account.
    pub account: Uuid,
    /// The sender's id of the message.
    pub message: String,
    timestamp: String,
    signatures: Vec<Vec<u8>>,
}

impl Claim {
    /// Reads the headers; none where one is missing or malformed.
    pub(super) fn read(headers: &HeaderMap) -> Option<Self> {
        let text = |name: &str| headers.get(name)?.to_str().ok();
        let message = text("webhook-id").filter(|id| (1..=ID_BYTES).contains(&id.len()))?;
        let signatures = text("webhook-signature")?
            .split(' ')
            .filter_map(|one| BASE64_STANDARD.decode(one.strip_prefix("v1,")?).ok())
            .take(SIGNATURES)
            .collect();
        Some(Self {
            account: text("almoner-account")?.parse().ok()?,
            message: message.to_owned(),
            timestamp: text("webhook-timestamp").filter(|at| at.len() <= 20)?.to_owned(),
            signatures,
        })
    }

    /// Whether the message was signed with `secret`. Takes the same time whatever is wrong.
    pub(super) fn holds(&self, secret: &Secret, body: &[u8]) -> bool {
        let Ok(mac) = <Hmac<Sha256> as hmac::Mac>::new_from_slice(&secret.0) else { return false };
        let mac = mac
            .chain_update(&self.message)
            .chain_update(b".")
            .chain_update(&self.timestamp)
            .chain_update(b".")
            .chain_update(body);
        self.signatures.iter().fold(false, |found, given| found | mac.clone().verify_slice(given).is_ok())
    }

    /// Whether it was sent just now.
    pub(super) fn is_fresh(&self, now: Timestamp) -> bool {
        self.timestamp.parse::<i64>().is_ok_and(|sent| now.timestamp().abs_diff(sent) <= TOLERANCE.unsigned_abs())
    }
}

/// The key that a service account shares with us.
pub(super) struct Secret(Zeroizing<Vec<u8>>);

impl Secret {
    /// A new one, and how it is written.
    pub(super) fn new() -> (Self, Zeroizing<String>) {
        let mut key = Zeroizing::new(vec![0; KEY_BYTES]);
        rand::rng().fill_bytes(key.as_mut());
        let text = Zeroizing::new(format!("{PREFIX}{}", BASE64_STANDARD.encode(&*key)));
        (Self(key), text)
    }

    /// One as it is written.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let key = BASE64_STANDARD.decode(text.strip_prefix(PREFIX)?).ok()?;
        (key.len() == KEY_BYTES).then(|| Self(Zeroizing::new(key)))
    }

    /// Nobody's: what an unknown account is checked against, so that it takes as long as a known one.
    pub(super) fn nobodys() -> Self {
        Self::new().0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the specification of Standard Webhooks, with its secret made as long as ours.
    fn signed(secret: &Secret, id: &str, timestamp: &str, body: &str) -> HeaderMap {
        let mac = <Hmac<Sha256> as hmac::Mac>::new_from_slice(&secret.0).unwrap();
        let mac = mac.chain_update(format!("{id}.{timestamp}.{body}")).finalize().into_bytes();
        let mut headers = HeaderMap::new();
        headers.insert("almoner-account", Uuid::nil().to_string().parse().unwrap());
        headers.insert("webhook-id", id.parse().unwrap());
        headers.insert("webhook-timestamp", timestamp.parse().unwrap());
        headers
            .insert("webhook-signature", format!("v1,AAAA v2,x v1,{}", BASE64_STANDARD.encode(mac)).parse().unwrap());
        headers
    }

    #[test]
    fn a_signature_holds_for_its_message_and_no_other() {
        let (secret, text) = Secret::new();
        let headers = signed(&secret, "msg_1", "1614265330", "{}");
        let claim = Claim::read(&headers).unwrap();
        let again = Secret::parse(&text).unwrap();
        assert!(claim.holds(&again, b"{}"));
        assert!(!claim.holds(&again, b"{ }"));
        assert!(!claim.holds(&Secret::nobodys(), b"{}"));
        for (name, other) in [("webhook-id", "msg_2"), ("webhook-timestamp", "1614265331")] {
            let mut moved = headers.clone();
            moved.insert(name, other.parse().unwrap());
            assert!(!Claim::read(&moved).unwrap().holds(&again, b"{}"), "{name}");
        }
    }

    #[test]
    fn five_minutes_either_way_are_now() {
        let now = Timestamp::from_timestamp(1_000_000, 0).unwrap();
        let fresh = |at: &str| Claim::read(&signed(&Secret::nobodys(), "m", at, "")).unwrap().is_fresh(now);
        assert!(fresh("999700") && fresh("1000300") && fresh("1000000"));
        assert!(
            !fresh("999699") && !fresh("1000301") && !fresh("-1") && !fresh("soon") && !fresh("99999999999999999999")
        );
    }

    #[test]
    fn headers_that_are_missing_or_malformed_are_no_claim() {
        let headers = signed(&Secret::nobodys(), "m", "1", "");
        for name in ["almoner-account", "webhook-id", "webhook-timestamp", "webhook-signature"] {
            let mut without = headers.clone();
            without.remove(name);
            assert!(Claim::read(&without).is_none(), "{name}");
        }
        let mut long = headers;
        long.insert("webhook-id", "x".repeat(256).parse().unwrap());
        assert!(Claim::read(&long).is_none());
    }
}
