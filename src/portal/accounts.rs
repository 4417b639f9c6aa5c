//! Portal accounts as staff keep them: who may use the pages of a patient, for what and for how long.

mod form;
mod model;
mod queries;

pub(super) use form::{fields, parse, parse_terms, terms_fields};
pub(super) use model::{Account, Invite, Standing};
pub(super) use queries::{
    GOOD_FOR_DAYS, add, add_letter, add_person, add_role, known, list, set_status, set_terms, withdraw_letters,
};
