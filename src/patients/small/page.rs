//! The page of one kind of small record.

use askama::Template;

use super::Item;
use crate::patients::fields::{Difference, Field, Input};
use crate::web::form::FormErrors;
use crate::web::shell::Shell;
use crate::web::ui::{Banner, Tab};

/// The list, and the form to add to it.
#[derive(Debug, Template)]
#[template(path = "patients/small.html")]
pub struct SmallPage {
    /// The frame.
    pub shell: Shell,
    /// Who it is about.
    pub banner: Banner,
    /// The sections of the chart.
    pub sections: Vec<Tab>,
    /// `Allergies`
    pub title: &'static str,
    /// `allergy`
    pub one: &'static str,
    /// Its own address.
    pub here: String,
    /// The entries.
    pub items: Vec<Item>,
    /// The form to add one; none for whom may not.
    pub adding: Option<Adding>,
    /// Where somebody says that there are no allergies, with the version of the record: only on their own page.
    pub none_known: Option<(String, i64)>,
}

/// The form to add an entry.
#[derive(Debug)]
pub struct Adding {
    /// The fields.
    pub fields: Vec<Field>,
    /// What is wrong.
    pub errors: FormErrors,
    /// The id that the entry will have.
    pub key: String,
}

/// The form of one entry.
#[derive(Debug, Template)]
#[template(path = "patients/entry.html")]
pub struct EntryPage {
    /// The frame.
    pub shell: Shell,
    /// Who it is about.
    pub banner: Banner,
    /// `Change allergy`
    pub title: String,
    /// Its own address.
    pub action: String,
    /// The list.
    pub cancel: String,
    /// The fields.
    pub fields: Vec<Field>,
    /// What is wrong.
    pub errors: FormErrors,
    /// The version it was filled from.
    pub row_version: i64,
    /// Where somebody else was quicker.
    pub differences: Vec<Difference>,
    /// `Remove allergy`
    pub remove: String,
}
