//! The second factor: six-digit codes from an app (RFC 6238), and recovery codes on paper for when the app is lost.
//!
//! The secret is sealed in the database, and each time step is taken once: `last_step` only goes forward, so a code that
//! somebody overheard is worth nothing after its owner has used it. Recovery codes are kept as keyed hashes.

use std::fmt::Write as _;

use qrcode::{Color, EcLevel, QrCode};
use rand::{Rng as _, RngCore as _};
use totp_rs::{Builder, Secret, Totp};
use zeroize::Zeroizing;

use crate::clock::Timestamp;
use crate::error::Result;
use crate::ids::{OrganizationId, UserId};
use crate::phi::{Keyring, Phi};

/// Recovery codes made at once.
pub(super) const CODES: usize = 10;
/// Bytes of a secret: what SHA-1's HMAC can use.
const SECRET_BYTES: usize = 20;
/// Time steps that a telephone's clock may be off, to either side. A step is half a minute.
const SKEW: u16 = 1;
/// What apps show above the code.
const ISSUER: &str = "Almoner";
/// Letters and digits that cannot be mistaken for each other: twelve of them are 59 random bits.
const LETTERS: &[u8; 31] = b"abcdefghjkmnpqrstuvwxyz23456789";
const CODE_LETTERS: usize = 12;
/// The white frame that a reader needs around a QR code, in modules.
const QUIET_ZONE: usize = 4;

/// What somebody typed at the second step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Typed {
    /// Six digits, from the app.
    Code(String),
    /// Anything else: perhaps a recovery code, as its letters and digits alone.
    Recovery(String),
}

impl Typed {
    /// Reads what was typed; blanks and dashes are for the eye.
    pub(super) fn read(text: &str) -> Self {
        let plain: String =
            text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).take(64).collect();
        if plain.len() == 6 && plain.bytes().all(|c| c.is_ascii_digit()) {
            Self::Code(plain)
        } else {
            Self::Recovery(plain)
        }
    }
}

/// A new secret, as apps take it: base32.
pub(super) fn new_secret() -> Zeroizing<String> {
    let mut bytes = Zeroizing::new([0; SECRET_BYTES]);
    rand::rng().fill_bytes(bytes.as_mut());
    Zeroizing::new(Secret::new(Box::from(bytes.as_ref())).to_base32())
}

/// The time step for which `code` is right, if any.
///
/// # Errors
/// Where the secret is damaged.
pub(super) fn step(secret: &Phi<String>, code: &str, now: Timestamp) -> Result<Option<i64>> {
    let seconds = u64::try_from(now.timestamp()).unwrap_or(0);
    let step = totp(secret.to_verify(), "account")?.check(code, seconds);
    Ok(step.and_then(|step| i64::try_from(step).ok()))
}

/// The address that apps read from the QR code.
///
/// # Errors
/// Where the secret is damaged.
pub(super) fn address(secret: &str, account: &str) -> Result<Zeroizing<String>> {
    let url = totp(secret, account)?.to_url().map_err(|error| anyhow::anyhow!("no address for the app: {error:?}"))?;
    Ok(Zeroizing::new(url))
}

fn totp(secret: &str, account: &str) -> Result<Totp> {
    let secret =
        Secret::try_from_base32(secret).map_err(|_| anyhow::anyhow!("the secret of a second factor is not base32"))?;
    let totp = Builder::new()
        .with_secret(secret)
        .with_skew(SKEW)
        .with_account_name(account.replace(':', " "))
        .with_issuer(Some(ISSUER))
        .build();
    Ok(totp.map_err(|error| anyhow::anyhow!("a second factor cannot be used: {error:?}"))?)
}

/// A QR code as one path of an SVG: no image library, and nothing that the content security policy minds.
#[derive(Debug)]
pub(super) struct Qr {
    /// Modules from edge to edge, the white frame included.
    pub size: usize,
    /// The dark modules, each row's runs as rectangles.
    pub path: String,
}

/// Draws `text`.
///
/// # Errors
/// Where the text is too long for any QR code.
pub(super) fn qr(text: &str) -> Result<Qr> {
    let code = QrCode::with_error_correction_level(text, EcLevel::M).map_err(anyhow::Error::from)?;
    let width = code.width();
    let mut path = String::new();
    for (row, modules) in code.to_colors().chunks(width).enumerate() {
        let mut column = 0;
        for run in modules.chunk_by(|a, b| a == b) {
            if run.first() == Some(&Color::Dark) {
                let (x, y, length) = (column + QUIET_ZONE, row + QUIET_ZONE, run.len());
                write!(path, "M{x} {y}h{length}v1h-{length}z").map_err(anyhow::Error::from)?;
            }
            column += run.len();
        }
    }
    Ok(Qr { size: width + 2 * QUIET_ZONE, path })
}

/// New recovery codes, in groups as they are printed: `k7qm-2vxp-h4td`.
pub(super) fn new_codes() -> [String; CODES] {
    let mut random = rand::rng();
    std::array::from_fn(|_| {
        let letters: Vec<char> =
            (0..CODE_LETTERS).map(|_| char::from(LETTERS[random.random_range(0..LETTERS.len())])).collect();
        letters.chunks(4).map(String::from_iter).collect::<Vec<_>>().join("-")
    })
}

/// What is kept of a recovery code. The key of the organization goes into it, and whose code it is.
///
/// # Errors
/// Where the organization's keys are not at hand.
pub(super) fn code_hash(keys: &Keyring, organization: OrganizationId, user: UserId, code: &str) -> Result<Vec<u8>> {
    let plain: String = code.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
    let hash = keys.blind_index(organization, "recovery_code", "code", &format!("{user}/{plain}"));
    Ok(hash.map_err(anyhow::Error::from)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_timestamp(seconds, 0).expect("a time")
    }

    #[test]
    fn codes_are_those_of_the_standard() {
        // RFC 6238, appendix B, the last six of eight digits; the secret is "12345678901234567890".
        let secret = Phi::new("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ".to_owned());
        for (seconds, code) in [(59, "287082"), (1_111_111_109, "081804"), (2_000_000_000, "279037")] {
            assert_eq!(step(&secret, code, at(seconds)).unwrap(), Some(seconds / 30));
            assert_eq!(step(&secret, code, at(seconds + 30)).unwrap(), Some(seconds / 30), "a clock half a minute off");
            assert_eq!(step(&secret, code, at(seconds + 90)).unwrap(), None);
        }
        assert_eq!(step(&secret, "000000", at(59)).unwrap(), None);
    }

    #[test]
    fn what_is_typed_is_a_code_or_a_recovery_code() {
        assert_eq!(Typed::read(" 123 456 "), Typed::Code("123456".into()));
        assert_eq!(Typed::read("K7QM-2vxp-h4td"), Typed::Recovery("k7qm2vxph4td".into()));
        assert_eq!(Typed::read(""), Typed::Recovery(String::new()));
        assert_eq!(Typed::read("١٢٣٤٥٦"), Typed::Recovery("١٢٣٤٥٦".into()), "no other digits");
    }

    #[test]
    fn recovery_codes_differ_and_can_be_read_aloud() {
        let codes = new_codes();
        let distinct: std::collections::BTreeSet<_> = codes.iter().collect();
        assert_eq!(distinct.len(), CODES);
        assert!(codes.iter().all(|code| code.len() == 14 && !code.contains(['0', 'o', '1', 'l', 'i'])));
    }

    #[test]
    fn the_qr_code_is_one_path_with_a_frame() {
        let secret = new_secret();
        let address = address(&secret, "ada@example.org").unwrap();
        assert!(address.starts_with("otpauth://totp/Almoner:ada"), "{}", *address);
        let qr = qr(&address).unwrap();
        assert!(qr.size > 40 && qr.path.starts_with(&format!("M{QUIET_ZONE} {QUIET_ZONE}h7v1h-7z")));
    }
}
