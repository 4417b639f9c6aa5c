//! What the templates of this slice print.

use askama::Template;

use super::filter::Filter;
use super::forms::RawMove;
use super::item::{Item, Patient, Time};
use super::model::Kind;
use super::panels::Panels;
use super::queries::people::Load;
use crate::patients::fields::{Difference, Field, Input};
use crate::saved_views::SavedView;
use crate::web::form::FormErrors;
use crate::web::shell::Shell;
use crate::web::ui::{Action, Chip, Choice, Order, Pager, Step, Tab};

/// The list and everything around it.
#[derive(Debug, Template)]
#[template(path = "cases/index.html", blocks = ["answer"])]
pub struct Index {
    /// The frame.
    pub shell: Shell,
    /// The moment.
    pub time: Time,
    /// "18 open · 2 overdue".
    pub meta: String,
    /// What was asked for.
    pub filter: Filter,
    /// What was typed to look for.
    pub typed: String,
    /// The tabs.
    pub tabs: Vec<Tab>,
    /// Menus of the filter.
    pub priorities: Vec<Choice>,
    /// Menus of the filter.
    pub statuses: Vec<Choice>,
    /// Menus of the filter.
    pub people: Vec<Choice>,
    /// Menus of the filter.
    pub places: Vec<Choice>,
    /// Orders to choose from.
    pub sorts: Vec<Choice>,
    /// The filters in force.
    pub chips: Vec<Chip>,
    /// The same tab without filters.
    pub clear: String,
    /// This list by priority, and whether it is.
    pub by_priority: (String, Option<Order>),
    /// This list by due date, and whether it is.
    pub by_due: (String, Option<Order>),
    /// This list by age, and whether it is.
    pub by_age: (String, Option<Order>),
    /// The rows.
    pub items: Vec<Item>,
    /// What to say where there are none.
    pub nothing: &'static str,
    /// Pages before and after.
    pub pager: Pager,
    /// This very page.
    pub here: String,
    /// Where to ask for what changed since.
    pub newer: String,
    /// The list as a file.
    pub csv: String,
    /// The list on paper.
    pub print: String,
    /// Where this filter gets a name.
    pub save: String,
    /// Whether this person opens cases.
    pub opens: bool,
    /// Whether this person assigns cases.
    pub assigns: bool,
}

/// The pill that says that cases changed since the page was made.
#[derive(Debug, Template)]
#[template(path = "cases/_newer.html")]
pub struct Newer {
    /// The list as it is now.
    pub href: String,
    /// How many.
    pub newer: i64,
    /// Of what.
    pub noun: &'static str,
}

/// One case.
#[derive(Debug, Template)]
#[template(path = "cases/show.html")]
pub struct Show {
    /// The frame.
    pub shell: Shell,
    /// The moment.
    pub time: Time,
    /// The case.
    pub item: Item,
    /// "My work (4)", where this person has some.
    pub mine: Option<String>,
    /// What to say beside who opened it.
    pub opened_it: &'static str,
    /// What to say beside the caseworker.
    pub works_on_it: &'static str,
    /// What it is about.
    pub description: Option<String>,
    /// Whether the person concerned is somebody whom this role may not know of.
    pub hidden_patient: bool,
    /// Where the chart of that person is, for roles that may open it.
    pub chart: Option<String>,
    /// Whether this role may open the alert.
    pub sees_alert: bool,
    /// How far the work is.
    pub steps: Vec<Step>,
    /// What this person may do, and what not and why.
    pub actions: Vec<Action>,
    /// To whom the case can be given here and now.
    pub caseworkers: Vec<Choice>,
    /// Whether this person may change what it says, or why not.
    pub may_edit: bool,
    /// The role of this person.
    pub role: &'static str,
    /// Whether this person reads and does nothing.
    pub reads_only: bool,
    /// What other slices show.
    pub panels: Panels,
}

/// The note on an open page that the case changed meanwhile.
#[derive(Debug, Template)]
#[template(path = "cases/_changed.html")]
pub struct Changed {
    /// The page of the case.
    pub href: String,
    /// What happened; none where nothing did.
    pub words: Option<String>,
}

/// The form of a case.
#[derive(Debug, Template)]
#[template(path = "cases/form.html")]
pub struct FormPage {
    /// The frame.
    pub shell: Shell,
    /// The heading.
    pub title: String,
    /// Where the form goes.
    pub action: String,
    /// The words on the button.
    pub submit: &'static str,
    /// The way out.
    pub cancel: String,
    /// The fields.
    pub fields: Vec<Field>,
    /// What is wrong.
    pub errors: FormErrors,
    /// The version that was read, where a case is changed.
    pub row_version: Option<String>,
    /// The id of the case that is made.
    pub key: Option<String>,
    /// Where somebody else was quicker.
    pub differences: Vec<Difference>,
    /// When the draft in the form was kept.
    pub draft: Option<String>,
}

/// What the form says while somebody types.
#[derive(Debug, Template)]
#[template(path = "cases/_draft.html")]
pub struct DraftKept {
    /// The time, `14:02`.
    pub at: String,
}

/// The page between the wish and the deed.
#[derive(Debug, Template)]
#[template(path = "cases/move.html")]
pub struct MovePage {
    /// The frame.
    pub shell: Shell,
    /// The move.
    pub kind: Kind,
    /// Its words for this role.
    pub label: &'static str,
    /// Where the form goes.
    pub action: String,
    /// Where it leads back to.
    pub back: String,
    /// The cases.
    pub items: Vec<Item>,
    /// Whether it is one case, whose version the form carries.
    pub single: bool,
    /// What was typed.
    pub form: RawMove,
    /// What is wrong with it.
    pub errors: FormErrors,
    /// What somebody else did meanwhile.
    pub conflict: Option<String>,
    /// Why it cannot be done now.
    pub refused: Option<String>,
    /// To whom.
    pub people: Vec<Choice>,
}

/// The review queue of a chair.
#[derive(Debug, Template)]
#[template(path = "cases/review.html")]
pub struct Review {
    /// The frame.
    pub shell: Shell,
    /// The moment.
    pub time: Time,
    /// What waits to be assigned, the most pressing first.
    pub items: Vec<Item>,
    /// Whether there is more than the page shows.
    pub more: bool,
    /// Who has how much.
    pub workload: Vec<Load>,
    /// The same as choices.
    pub choices: Vec<Choice>,
}

/// The list on paper.
#[derive(Debug, Template)]
#[template(path = "cases/print.html")]
pub struct PrintPage {
    /// The frame.
    pub shell: Shell,
    /// The moment.
    pub time: Time,
    /// The list.
    pub back: String,
    /// Its name.
    pub view: &'static str,
    /// The rows.
    pub items: Vec<Item>,
    /// Whether there is more than fits.
    pub more: bool,
}

/// Where a filter gets a name.
#[derive(Debug, Template)]
#[template(path = "cases/views.html")]
pub struct ViewPage {
    /// The frame.
    pub shell: Shell,
    /// The name.
    pub view_name: String,
    /// The filter.
    pub query: String,
    /// Whether colleagues get it too.
    pub shared: bool,
    /// Whether the list opens with it.
    pub is_default: bool,
    /// What is wrong.
    pub errors: FormErrors,
    /// What this person keeps already.
    pub own: Vec<SavedView>,
}

/// The person concerned as one line, for print and lists.
#[must_use]
pub fn line(patient: &Patient) -> String {
    match &patient.mrn {
        Some(mrn) => format!("{}, MRN {mrn}", patient.name),
        None => patient.name.clone(),
    }
}
