//! Limits on guessing passwords and codes, kept in PostgreSQL so that all replicas agree.

use std::net::IpAddr;

use sha2::{Digest as _, Sha256};
use sqlx::PgPool;

use crate::error::{Error, Result};

/// Over how long attempts are counted, from the first one.
const WINDOW_SECONDS: f64 = 900.0;
/// Attempts on one account, whoever makes them.
const PER_ACCOUNT: i32 = 10;
/// Attempts from one address. A clinic's staff often share one, and only failed attempts stay counted.
const PER_ADDRESS: i32 = 60;

/// What is counted. Each is counted by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A password.
    Password,
    /// A code of the second factor: six digits have to be guessed far less often than a password.
    Code,
    /// A request for another password.
    Forgot,
}

impl Kind {
    const fn name(self) -> &'static str {
        match self {
            Self::Password => "sign-in",
            Self::Code => "code",
            Self::Forgot => "forgot",
        }
    }

    const fn per_account(self) -> i32 {
        match self {
            Self::Password => PER_ACCOUNT,
            Self::Code | Self::Forgot => PER_ACCOUNT / 2,
        }
    }
}

/// The counters that one attempt is charged to. Addresses and accounts are hashed: the table names nobody.
#[derive(Clone, Debug)]
pub(super) struct Counters {
    kind: Kind,
    address: Option<String>,
    account: String,
}

impl Counters {
    pub(super) fn new(kind: Kind, ip: Option<IpAddr>, account: &str) -> Self {
        let key = |of: &str, value: &str| key(kind, of, value);
        Self { kind, address: ip.map(|ip| key("address", &network(ip))), account: key("account", account) }
    }

    fn keys(&self) -> Vec<String> {
        // Sorted, so that two attempts at once never wait for each other in a circle.
        let mut keys: Vec<_> = self.address.iter().chain([&self.account]).cloned().collect();
        keys.sort_unstable();
        keys
    }

    /// Counts an attempt before it is made, so that many at once cannot exceed the limit.
    ///
    /// # Errors
    /// [`Error::TooMany`] past a limit, with the seconds until the window ends.
    pub(super) async fn charge(&self, pool: &PgPool) -> Result<()> {
        let counts = sqlx::query!(
            r#"INSERT INTO rate_limit AS counter (key, window_start, count)
               SELECT key, NOW(), 1 FROM UNNEST($1::text[]) AS keys (key)
                   ON CONFLICT (key) DO UPDATE
                  SET count = CASE WHEN counter.window_start < NOW() - MAKE_INTERVAL(secs => $2::float8) THEN 1 ELSE counter.count + 1 END,
                      window_start = CASE WHEN counter.window_start < NOW() - MAKE_INTERVAL(secs => $2::float8) THEN NOW() ELSE counter.window_start END
            RETURNING key, count, CEIL(EXTRACT(EPOCH FROM counter.window_start + MAKE_INTERVAL(secs => $2::float8) - NOW()))::bigint AS "seconds_left!""#,
            &self.keys(),
            WINDOW_SECONDS,
        )
        .fetch_all(pool)
        .await?;
        let exceeded = counts
            .iter()
            .filter(|row| row.count > if row.key == self.account { self.kind.per_account() } else { PER_ADDRESS });
        match exceeded.map(|row| row.seconds_left).max() {
            Some(seconds) => Err(Error::TooMany { retry_after: seconds.try_into().unwrap_or(1) }),
            None => Ok(()),
        }
    }

    /// Takes a successful attempt back: the account starts anew, the address has one less.
    pub(super) async fn refund(&self, pool: &PgPool) -> Result<()> {
        sqlx::query!(
            "UPDATE rate_limit SET count = CASE WHEN key = $2 THEN 0 ELSE GREATEST(count - 1, 0) END WHERE key = ANY ($1)",
            &self.keys(),
            self.account,
        )
        .execute(pool)
        .await?;
        Ok(())
    }
}

/// The part of an address that one subscriber holds: a whole IPv4 address, the first half of an IPv6 one.
fn network(ip: IpAddr) -> String {
    match ip.to_canonical() {
        IpAddr::V4(ip) => ip.to_string(),
        IpAddr::V6(ip) => ip.segments()[..4].iter().map(|part| format!("{part:x}")).collect::<Vec<_>>().join(":"),
    }
}

fn key(kind: Kind, of: &str, value: &str) -> String {
    format!("{}/{of}/{}", kind.name(), hex::encode(Sha256::digest(value)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_ipv6_subscriber_is_one_address() {
        let network = |text: &str| super::network(text.parse().unwrap());
        assert_eq!(network("2001:db8:1:2:aaaa::1"), network("2001:db8:1:2:bbbb::9"));
        assert_ne!(network("2001:db8:1:2::1"), network("2001:db8:1:3::1"));
        assert_eq!(network("::ffff:192.0.2.1"), network("192.0.2.1"));
    }

    #[test]
    fn counters_name_nobody() {
        let counters = Counters::new(Kind::Password, "192.0.2.1".parse().ok(), "ada@example.org");
        assert!(counters.keys().iter().all(|key| !key.contains("ada") && !key.contains("192")));
        assert_eq!(counters.keys().len(), 2);
    }
}
