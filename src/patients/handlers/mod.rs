//! What answers a request about patients.

pub mod create;
pub mod edit;
pub mod export;
pub mod list;
pub mod standing;

use uuid::Uuid;

use crate::access::Actor;
use crate::error::Result;
use crate::ids::PatientId;
use crate::patients::form::PatientInput;
use crate::patients::queries::write::SealedColumns;
use crate::phi::{Keyring, Phi, normalise};

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

/// The protected columns of a record, sealed for its row.
pub(super) fn seal(keys: &Keyring, actor: &Actor, id: PatientId, input: &PatientInput) -> Result<SealedColumns> {
    let sealed = |column, value: &Option<String>| -> Result<Option<Vec<u8>>> {
        let seal = |value: &String| keys.seal(actor.organization, "patient", column, id, value);
        Ok(value.as_ref().map(seal).transpose().map_err(anyhow::Error::from)?)
    };
    let indexed = |column, value: &Option<String>, spelled: Option<String>| -> Result<Option<(Vec<u8>, Vec<u8>)>> {
        let index = |spelled: String| keys.blind_index(actor.organization, "patient", column, &spelled);
        let index = spelled.map(index).transpose().map_err(anyhow::Error::from)?;
        Ok(sealed(column, value)?.zip(index))
    };
    let phone = |typed: &String| normalise::phone(typed, normalise::CALLING_CODE);
    Ok(SealedColumns {
        medical_record_number: indexed(
            "medical_record_number",
            &input.medical_record_number,
            input.medical_record_number.as_deref().map(normalise::record_number),
        )?,
        email: indexed("email", &input.email, input.email.as_deref().map(normalise::email))?,
        phone: indexed("phone", &input.phone, input.phone.as_ref().map(phone))?,
        address: sealed("address", &input.address)?,
        city: sealed("city", &input.city)?,
        state: sealed("state", &input.state)?,
        zip_code: sealed("zip_code", &input.zip_code)?,
    })
}
