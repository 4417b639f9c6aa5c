//! The servers that help two browsers to find each other (STUN) or pass their call on (TURN).
//!
//! Passwords for TURN are made for each call and end by themselves: `HMAC-SHA1(secret, "expiry:visit")`, as coturn's `use-auth-secret` and
//! the draft "A REST API for access to TURN services" have it.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use chrono::TimeDelta;
use hmac::{Hmac, Mac as _};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};
use sha1::Sha1;

use crate::clock::Timestamp;
use crate::config::Video;
use crate::ids::VisitId;

/// How long a password lasts: longer than any visit.
const LASTS: TimeDelta = TimeDelta::hours(6);

/// What the operator has set up.
#[derive(Clone, Debug, Default)]
pub struct Ice {
    stun: Vec<String>,
    turn: Vec<String>,
    secret: Option<SecretString>,
}

impl Ice {
    /// What the settings say.
    ///
    /// # Errors
    /// Where an address is none of a STUN or TURN server.
    pub fn new(settings: &Video) -> anyhow::Result<Self> {
        let check = |servers: &[String], schemes: [&str; 2]| {
            for server in servers {
                let known =
                    schemes.iter().any(|scheme| server.strip_prefix(scheme).is_some_and(|rest| !rest.is_empty()));
                let clean = server.chars().all(|c| c.is_ascii_graphic());
                anyhow::ensure!(known && clean && !server.contains("//"), "no address of such a server: {server}");
            }
            Ok(())
        };
        check(&settings.stun, ["stun:", "stuns:"])?;
        check(&settings.turn, ["turn:", "turns:"])?;
        Ok(Self { stun: settings.stun.clone(), turn: settings.turn.clone(), secret: settings.turn_secret.clone() })
    }

    /// The servers as browsers take them (`RTCIceServer`), with a password for this visit.
    #[must_use]
    pub fn servers(&self, visit: VisitId, now: Timestamp) -> String {
        let mut servers: Vec<Value> = Vec::new();
        if !self.stun.is_empty() {
            servers.push(json!({ "urls": self.stun }));
        }
        if let Some(secret) = self.secret.as_ref().filter(|_| !self.turn.is_empty()) {
            let user = format!("{}:{visit}", (now + LASTS).timestamp());
            let password = password(secret.expose_secret(), &user);
            servers.push(json!({ "urls": self.turn, "username": user, "credential": password }));
        }
        Value::Array(servers).to_string()
    }
}

fn password(secret: &str, user: &str) -> String {
    // HMAC takes keys of any length.
    let Ok(mac) = <Hmac<Sha1> as hmac::Mac>::new_from_slice(secret.as_bytes()) else { return String::new() };
    BASE64_STANDARD.encode(mac.chain_update(user).finalize().into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(stun: &[&str], turn: &[&str]) -> Video {
        let owned = |list: &[&str]| list.iter().map(|one| (*one).to_owned()).collect();
        Video { stun: owned(stun), turn: owned(turn), turn_secret: Some("north".into()) }
    }

    #[test]
    fn passwords_are_those_that_a_turn_server_expects() {
        // printf %s 1700000000:a | openssl dgst -sha1 -hmac north -binary | base64
        assert_eq!(password("north", "1700000000:a"), "C/EEh7uja1P0nDgvwC2l4EirZ6A=");
        let ice = Ice::new(&settings(&["stun:s.example:3478"], &["turns:t.example:5349?transport=tcp"])).unwrap();
        let servers: Value = serde_json::from_str(&ice.servers(VisitId::NIL, Timestamp::UNIX_EPOCH)).unwrap();
        assert_eq!(servers[0]["urls"][0], "stun:s.example:3478");
        assert_eq!(servers[1]["username"], format!("21600:{}", VisitId::NIL));
        assert_eq!(Ice::default().servers(VisitId::NIL, Timestamp::UNIX_EPOCH), "[]");
    }

    #[test]
    fn what_is_no_server_is_refused() {
        for wrong in ["https://s.example", "stun:", "stun://s.example", "turn:s.example", "stun:s .example"] {
            assert!(Ice::new(&settings(&[wrong], &[])).is_err(), "{wrong}");
        }
    }
}
