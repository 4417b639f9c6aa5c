//! Addresses that are a secret themselves, for whoever cannot sign in: `{organization}.{id}.{secret}`.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use rand::RngCore as _;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::ids::OrganizationId;

/// 256 random bits, as they stand in an address or a cookie.
pub(super) fn secret() -> String {
    let mut secret = [0; 32];
    rand::rng().fill_bytes(&mut secret);
    BASE64_URL_SAFE_NO_PAD.encode(secret)
}

/// What is kept of a secret.
pub(super) fn hash(secret: &str) -> Vec<u8> {
    Sha256::digest(secret.as_bytes()).to_vec()
}

/// The parts of such an address; none where it cannot be one.
pub(super) fn parse(token: &str) -> Option<(OrganizationId, Uuid, &str)> {
    let mut parts = token.splitn(3, '.');
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?, parts.next()?))
}
