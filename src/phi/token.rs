//! Sealed tokens: what somebody typed, carried by an address without being readable there.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use uuid::Uuid;

use super::{Keyring, PhiError};

/// Takes the place of a table, so that no token opens as a column and no column as a token.
const TOKEN: &str = "token";

impl Keyring {
    /// Seals `text` for `owner` and one `purpose`; what comes out may stand in an address.
    pub fn seal_token(
        &self,
        organization: impl Into<Uuid>,
        purpose: &'static str,
        owner: impl Into<Uuid>,
        text: &str,
    ) -> Result<String, PhiError> {
        Ok(BASE64_URL_SAFE_NO_PAD.encode(self.seal(organization, TOKEN, purpose, owner, text)?))
    }

    /// What [`Keyring::seal_token`] sealed for the same owner and purpose; none for anything else.
    pub fn open_token(
        &self,
        organization: impl Into<Uuid>,
        purpose: &'static str,
        owner: impl Into<Uuid>,
        token: &str,
    ) -> Option<String> {
        let sealed = BASE64_URL_SAFE_NO_PAD.decode(token).ok()?;
        let text = self.open(organization, TOKEN, purpose, owner, &sealed).ok()?;
        Some(text.to_seal().clone())
    }
}
