//! What somebody typed to find a patient, and how it travels.
//!
//! Names and numbers are not for addresses: those end up in histories, logs and bookmarks. What is typed is posted,
//! sealed with the organization's key for this person, and comes back as a token in the address of the results. So
//! Back, reload and paging work as they do for any list, and the address says nothing to anybody else.

use super::names;
use crate::access::Actor;
use crate::error::{Error, Result};
use crate::phi::{Keyring, normalise};

/// The longest text that is searched for, in characters.
pub const TYPED_CHARS: usize = 100;

/// What the token of a search is sealed for.
const PURPOSE: &str = "search";

/// What is looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Search {
    /// Names that begin with this key.
    Name(String),
    /// The blind indexes of a record number and a telephone number.
    Number {
        /// Of a record number.
        record: Vec<u8>,
        /// Of a telephone number.
        phone: Vec<u8>,
    },
    /// The blind index of an e-mail address.
    Email(Vec<u8>),
    /// Nothing that a record could hold.
    Nothing,
}

/// What `typed` looks for: an address where it holds an @, numbers where it holds a digit, else names.
///
/// # Errors
/// Where the organization's keys are not at hand.
pub fn search(keys: &Keyring, actor: &Actor, typed: &str) -> Result<Search> {
    let index = |column, value: &str| {
        keys.blind_index(actor.organization, "patient", column, value).map_err(anyhow::Error::from)
    };
    if typed.contains('@') {
        return Ok(Search::Email(index("email", &normalise::email(typed))?));
    }
    if typed.contains(|letter: char| letter.is_ascii_digit()) {
        return Ok(Search::Number {
            record: index("medical_record_number", &normalise::record_number(typed))?,
            phone: index("phone", &normalise::phone(typed, normalise::CALLING_CODE))?,
        });
    }
    Ok(names::search_key(typed).map_or(Search::Nothing, Search::Name))
}

impl Search {
    /// The kind of search, for the audit: never what was typed.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Name(_) => "name",
            Self::Number { .. } => "number",
            Self::Email(_) => "e-mail",
            Self::Nothing => "nothing",
        }
    }
}

/// Seals what was typed for the address of the results; none where nothing was typed.
///
/// # Errors
/// Where the keys are not at hand, or the text is longer than any name.
pub fn seal(keys: &Keyring, actor: &Actor, typed: &str) -> Result<Option<String>> {
    let typed = typed.trim();
    if typed.is_empty() {
        return Ok(None);
    }
    if typed.chars().count() > TYPED_CHARS {
        return Err(Error::BadRequest("Search for 100 characters or fewer."));
    }
    Ok(Some(keys.seal_token(actor.organization, PURPOSE, actor.user, typed).map_err(anyhow::Error::from)?))
}

/// What was typed, from the token in the address. None for a token of somebody else, or one that was changed: the
/// caller finds nothing rather than everything.
#[must_use]
pub fn open(keys: &Keyring, actor: &Actor, token: &str) -> Option<String> {
    keys.open_token(actor.organization, PURPOSE, actor.user, token)
}
