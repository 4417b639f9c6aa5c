//! The form that brings files.

use axum::http::StatusCode;

use super::handlers::Owner;
use super::kind::accept;
use super::model::{Category, FILE_BYTES, Subject};
use super::queries;
use super::upload::Received;
use crate::db::Tx;
use crate::error::Result;
use crate::facilities::Facility;
use crate::web::form::FormErrors;
use crate::web::ui::Choice;
use crate::web::{Ctx, format};

/// The form that brings files, and what became of it when it comes back.
#[derive(Debug)]
pub struct UploadForm {
    /// So that a double click acts once.
    pub key: String,
    /// The kinds to choose from.
    pub categories: Vec<Choice>,
    /// The facilities to choose from, where policies are added.
    pub facilities: Vec<Choice>,
    /// The facility, as sent.
    pub facility: String,
    /// What the day is called, and what it is.
    pub day: (&'static str, &'static str),
    /// Day, month and year, as typed.
    pub expires: [String; 3],
    /// What is new, as typed.
    pub note: String,
    /// What is wrong.
    pub errors: FormErrors,
    /// Files that were refused, with the reasons.
    pub refused: Vec<String>,
    /// Files that were added all the same.
    pub added: Vec<String>,
    /// The endings that are taken.
    pub accept: String,
    /// The largest file, in bytes, for the script.
    pub most: u64,
    /// What the field says about sizes.
    pub hint: String,
}

impl UploadForm {
    /// The empty form.
    pub(super) async fn new(ctx: &Ctx, tx: &mut Tx, owner: &Owner) -> Result<Self> {
        let room = queries::room(tx, ctx.actor.organization).await?;
        Ok(Self {
            key: crate::ids::new_uuid().to_string(),
            categories: categories(owner.subject, ""),
            facilities: Vec::new(),
            facility: String::new(),
            day: day(owner.subject),
            expires: Default::default(),
            note: String::new(),
            errors: FormErrors::default(),
            refused: Vec::new(),
            added: Vec::new(),
            accept: accept(),
            most: FILE_BYTES,
            hint: hint(room),
        })
    }

    /// The form as it came, with what is wrong.
    pub(super) async fn again(
        ctx: &Ctx,
        tx: &mut Tx,
        owner: &Owner,
        received: &Received,
        errors: FormErrors,
        added: Vec<String>,
    ) -> Result<Self> {
        let field = |name| received.field(name).to_owned();
        Ok(Self {
            categories: categories(owner.subject, received.field("category")),
            expires: [field("expires_on_day"), field("expires_on_month"), field("expires_on_year")],
            note: field("note"),
            facility: field("facility"),
            errors,
            refused: received.refused.clone(),
            added,
            ..Self::new(ctx, tx, owner).await?
        })
    }

    /// Whether anything is wrong.
    pub fn is_wrong(&self) -> bool {
        !self.errors.is_empty() || !self.refused.is_empty()
    }

    /// The status of a page with this form.
    pub fn status(&self) -> StatusCode {
        if self.is_wrong() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK }
    }

    /// Field and message, for the summary.
    pub fn problems(&self) -> Vec<(&str, &str)> {
        let files = self.refused.iter().map(|why| ("file", why.as_str()));
        self.errors.iter().chain(files).collect()
    }

    /// What is wrong with the files, beside their field.
    pub fn file_error(&self) -> Option<String> {
        let lines = self.errors.get("file").into_iter().chain(self.refused.iter().map(String::as_str));
        let all = lines.collect::<Vec<_>>().join(". ");
        (!all.is_empty()).then_some(all)
    }
}

pub(super) fn categories(subject: Subject, chosen: &str) -> Vec<Choice> {
    let chosen = if chosen.is_empty() { Category::usual(subject).as_str() } else { chosen };
    let choice = |category: &Category| Choice::new(category.as_str(), category.label(), category.as_str() == chosen);
    Category::of(subject).iter().map(choice).collect()
}

/// What the last day of a document is called, and what it is.
pub(super) const fn day(subject: Subject) -> (&'static str, &'static str) {
    if subject.are_policies() {
        ("Review by (optional)", "The day by which somebody looks at it again, like 31 12 2027")
    } else {
        ("Good until (optional)", "The day from which it is out of date, like 31 12 2027")
    }
}

/// Says how little room there is only where there is little.
fn hint(room: u64) -> String {
    const LITTLE: u64 = 20 * FILE_BYTES;
    let each = "PDF, pictures, office documents, text, CSV, sound or video. Up to 100 MB each.";
    if room < LITTLE {
        format!("{each} Your organization has room for {} more.", format::file_size(room))
    } else {
        each.to_owned()
    }
}

impl UploadForm {
    /// Offers the facilities that new policies can be for.
    pub(super) fn choose_facility(&mut self, all: &[Facility], whole: bool) {
        let chosen = std::mem::take(&mut self.facility);
        let whole = whole.then(|| Choice::new("", "Whole organization", chosen.is_empty()));
        let each = all.iter().map(|facility| {
            let id = facility.id.to_string();
            let is_chosen = id == chosen;
            Choice::new(id, facility.name.clone(), is_chosen)
        });
        self.facilities = whole.into_iter().chain(each).collect();
        self.facility = chosen;
    }
}
