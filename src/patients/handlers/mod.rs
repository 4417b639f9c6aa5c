//! What answers a request about patients.

pub mod list;

use uuid::Uuid;

use crate::access::Actor;
use crate::error::Result;
use crate::phi::{Keyring, Phi};

/// A protected column of a patient, opened; none where it is empty. One that does not open is an error, never a blank.
pub(super) fn opened(
    keys: &Keyring,
    actor: &Actor,
    row: impl Into<Uuid>,
    column: &'static str,
    sealed: Option<&[u8]>,
) -> Result<Option<Phi<String>>> {
    let open = |sealed| keys.open(actor.organization, "patient", column, row, sealed);
    Ok(sealed.map(open).transpose().map_err(anyhow::Error::from)?)
}
