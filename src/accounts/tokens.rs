//! Links by which somebody chooses a password, and the like: 256 random bits, kept as a hash, good once.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use rand::RngCore as _;
use sha2::{Digest as _, Sha256};

use crate::db::Tx;
use crate::error::Result;
use crate::ids::{OrganizationId, UserId, new_uuid};

/// What a token is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// The first password of an invited person.
    Activation,
    /// Another password.
    PasswordReset,
    /// The password was right; the code of the second factor is still to come.
    SignIn,
}

impl Purpose {
    /// The name in the schema.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Activation => "ACTIVATION",
            Self::PasswordReset => "PASSWORD_RESET",
            Self::SignIn => "SIGN_IN",
        }
    }

    /// For how long it is good, in hours and in words. An invitation may wait for somebody's first day.
    #[must_use]
    pub const fn lasts(self) -> (f64, &'static str) {
        match self {
            Self::Activation => (7.0 * 24.0, "7 days"),
            Self::PasswordReset => (24.0, "24 hours"),
            Self::SignIn => (5.0 / 60.0, "5 minutes"),
        }
    }

    /// Where its link leads.
    #[must_use]
    pub const fn path(self) -> &'static str {
        match self {
            Self::Activation => "/activate",
            Self::PasswordReset => "/reset",
            Self::SignIn => "/sign-in/code",
        }
    }
}

/// A token: only its holder and this process know it.
#[derive(Clone, PartialEq, Eq)]
pub struct Token([u8; 32]);

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Token(…)")
    }
}

impl Token {
    /// 256 random bits.
    #[must_use]
    #[expect(clippy::new_without_default, reason = "a default token would be a new one each time")]
    pub fn new() -> Self {
        let mut bytes = [0; 32];
        rand::rng().fill_bytes(&mut bytes);
        Self(bytes)
    }

    /// The token in a link or a form; none where it cannot be one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        BASE64_URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok().map(Self)
    }

    /// As it stands in a link.
    #[must_use]
    pub fn text(&self) -> String {
        BASE64_URL_SAFE_NO_PAD.encode(self.0)
    }

    /// What is kept of it.
    #[must_use]
    pub fn hash(&self) -> Vec<u8> {
        Sha256::digest(self.0).to_vec()
    }
}

/// Makes a token for `user`, in the caller's transaction: older ones for the same purpose stop working.
///
/// # Errors
/// Where the database does not answer, or does not let the caller make it.
pub async fn issue(
    tx: &mut Tx,
    organization: OrganizationId,
    user: UserId,
    by: Option<UserId>,
    purpose: Purpose,
) -> Result<Token> {
    let token = Token::new();
    // The newest is the only one that is taken (see `queries::token`), so none has to be found and ended here.
    sqlx::query!(
        "INSERT INTO user_token (organization_id, id, user_id, purpose, token_hash, expires_at, created_by_id)
         VALUES ($1, $2, $3, $4, $5, NOW() + MAKE_INTERVAL(secs => 3600 * $6::float8), $7)",
        organization.uuid(),
        new_uuid(),
        user.uuid(),
        purpose.as_str(),
        token.hash(),
        purpose.lasts().0,
        by.map(UserId::uuid),
    )
    .execute(&mut **tx)
    .await?;
    Ok(token)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_read_back_and_nothing_else_is() {
        let token = Token::new();
        assert_eq!(Token::parse(&token.text()), Some(token.clone()));
        assert_ne!(token.hash(), Token::new().hash());
        for wrong in ["", "x", "AAAA", &format!("{}A", token.text()), "00000000-0000-0000-0000-000000000000"] {
            assert_eq!(Token::parse(wrong), None, "{wrong}");
        }
        assert_eq!(format!("{token:?}"), "Token(…)");
    }
}
