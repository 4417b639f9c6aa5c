//! Protected health information at rest: encrypted columns, the keys that open them, and blind indexes to find them by.
//!
//! A master key (from a file or the environment) wraps one data key per organization; the data key never
//! encrypts anything itself, HKDF derives one key per column from it. A stored value is
//! `version | key id | nonce | ciphertext+tag` and is bound to `organization|table|column|row id`, so bytes copied to
//! another row, column or organization do not open. What opens is a [`Phi`], which shows its content only against
//! [`Audited`]: the proof that the view was recorded.

mod keyring;
mod master_key;
pub mod normalise;
pub mod store;
#[cfg(test)]
mod tests;
mod token;

use std::fmt;

use uuid::Uuid;
use zeroize::{Zeroize, Zeroizing};

use crate::events::Audited;

pub use keyring::{Keyring, WrappedKey};
pub use master_key::MasterKey;

/// A decrypted value that may be shown only to somebody whose view has been recorded.
///
/// It has no `Display`, no `Serialize` and no `Deref`, its `Debug` says nothing, and its memory is wiped on drop.
/// A template therefore cannot print one by accident, and neither can a log line.
pub struct Phi<T: Zeroize>(Zeroizing<T>);

impl<T: Zeroize> Phi<T> {
    /// Takes a value into protection, for instance one that has just been read from a form.
    #[must_use]
    pub fn new(value: T) -> Self {
        Self(Zeroizing::new(value))
    }

    /// The value, for a view that has been written to the audit.
    #[must_use]
    pub fn reveal(&self, _proof: &Audited) -> &T {
        &self.0
    }

    /// The value, for the program to check a signature or a code against: a machine's secret, which nobody sees. Never
    /// for what is shown.
    #[must_use]
    pub fn to_verify(&self) -> &T {
        &self.0
    }

    /// Lets the keyring encrypt the value without anybody having seen it.
    pub(self) fn to_seal(&self) -> &T {
        &self.0
    }
}

impl<T: Zeroize> fmt::Debug for Phi<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Phi(…)")
    }
}

/// Why a protected value could not be sealed or opened. Says where, never what.
#[derive(Debug, thiserror::Error)]
pub enum PhiError {
    /// The organization's keys were never loaded, or it has none.
    #[error("organization {organization} has no data key loaded")]
    NoDataKey {
        /// Whose key is missing.
        organization: Uuid,
    },
    /// The value was written with a data key that the database no longer has.
    #[error("data key {key_id} of organization {organization} is missing, and {table}.{column} of row {row} needs it")]
    MissingDataKey {
        /// Whose key is missing.
        organization: Uuid,
        /// Its number in the table data_key.
        key_id: u8,
        /// Where the value is.
        table: &'static str,
        /// Where the value is.
        column: &'static str,
        /// Where the value is.
        row: Uuid,
    },
    /// The data key was wrapped by another master key than the one this process was given.
    #[error(
        "data key {key_id} of organization {organization} was wrapped by master key {wrapped_by}, but this process was given master key {given}"
    )]
    OtherMasterKey {
        /// Whose data key it is.
        organization: Uuid,
        /// Its number in the table data_key.
        key_id: u8,
        /// Fingerprint of the master key that is needed.
        wrapped_by: String,
        /// Fingerprint of the master key at hand.
        given: String,
    },
    /// The wrapped data key is damaged, or belongs to another organization.
    #[error("data key {key_id} of organization {organization} is damaged")]
    DamagedDataKey {
        /// Whose data key it is.
        organization: Uuid,
        /// Its number in the table data_key.
        key_id: u8,
    },
    /// The stored bytes are too short, or of a version this program does not know.
    #[error("{table}.{column} of row {row} is not an encrypted value of a known version")]
    Malformed {
        /// Where the value is.
        table: &'static str,
        /// Where the value is.
        column: &'static str,
        /// Where the value is.
        row: Uuid,
    },
    /// The bytes do not belong here: changed, truncated, or moved from another row, column or organization.
    #[error("{table}.{column} of row {row} does not open: it was changed or moved")]
    DoesNotOpen {
        /// Where the value is.
        table: &'static str,
        /// Where the value is.
        column: &'static str,
        /// Where the value is.
        row: Uuid,
    },
    /// The cipher refused to encrypt, which happens only for values of many gigabytes.
    #[error("{table}.{column} of row {row} could not be encrypted")]
    DoesNotSeal {
        /// Where the value is.
        table: &'static str,
        /// Where the value is.
        column: &'static str,
        /// Where the value is.
        row: Uuid,
    },
    /// The master key itself is absent or unusable.
    #[error("{0}")]
    MasterKey(String),
}
