//! The pages of this slice.

use askama::Template;

use super::fields::{Difference, Field, Input};
use super::lately::Lately;
use super::list::{List, known_flags};
use super::model::PatientStatus;
use crate::access::Permission;
use crate::facilities::{self, Facility};
use crate::web::Ctx;
use crate::web::form::FormErrors;
use crate::web::shell::Shell;
use crate::web::ui::{Banner, Chip, Choice, Entry, Flag, Order, Pager};

/// One patient in the list.
#[derive(Debug)]
pub struct PatientRow {
    /// Their chart.
    pub href: String,
    /// `OKAFOR, Adaeze (Ms)`
    pub name: String,
    /// `14-Jul-1958 (68y)`
    pub born: Option<String>,
    /// `Female`
    pub sex: &'static str,
    /// Whether they have died.
    pub died: bool,
    /// `104 2331`
    pub mrn: Option<String>,
    /// Where they stand with the service.
    pub status: PatientStatus,
    /// Marks.
    pub flags: Vec<Flag>,
    /// Who is in charge.
    pub clinician: Option<String>,
    /// Where.
    pub facility: String,
    /// Their blood pressure of late.
    pub lately: Option<Lately>,
}

/// The list of patients.
#[derive(Debug, Template)]
#[template(path = "patients/index.html", blocks = ["found"])]
pub struct Index {
    /// The frame.
    pub shell: Shell,
    /// `Patients`
    pub people: String,
    /// What was typed.
    pub typed: String,
    /// Statuses to choose from.
    pub statuses: Vec<Choice>,
    /// Flags to choose from.
    pub flags: Vec<Choice>,
    /// Facilities to choose from; none where there is one.
    pub facilities: Vec<Choice>,
    /// Clinicians to choose from.
    pub clinicians: Vec<Choice>,
    /// Orders to choose from.
    pub sorts: Vec<Choice>,
    /// Filters in force.
    pub chips: Vec<Chip>,
    /// The list without filters.
    pub clear: String,
    /// The list in the other order, and the order it is in.
    pub sort: (String, Order),
    /// Patients.
    pub rows: Vec<PatientRow>,
    /// Whether their blood pressure of late is shown.
    pub readings: bool,
    /// Other pages.
    pub pager: Pager,
    /// Whether facilities are told apart.
    pub many_places: bool,
    /// Whether this person may add patients.
    pub may_edit: bool,
    /// This list as a file, where this person may have it.
    pub csv: Option<String>,
    /// Whether the list is one of deleted records; the list of the others.
    pub deleted: bool,
    /// The list of deleted records, or back.
    pub other: String,
}

impl Index {
    /// The page for a list.
    #[expect(clippy::too_many_arguments, reason = "a page is made of many parts, each used once")]
    pub fn new(
        shell: Shell,
        ctx: &Ctx,
        list: &List,
        typed: String,
        facilities: &[Facility],
        clinicians: &[(uuid::Uuid, String)],
        (rows, readings): (Vec<PatientRow>, bool),
        pager: Pager,
    ) -> Self {
        let order = if list.backwards { Order::Descending } else { Order::Ascending };
        Self {
            people: facilities::people(facilities::person_term(facilities)),
            typed,
            statuses: statuses(list),
            flags: flags(list),
            facilities: places(list, facilities),
            clinicians: clinician_choices(list, clinicians),
            sorts: vec![
                Choice::new("name", "Name, A to Z", !list.backwards),
                Choice::new("-name", "Name, Z to A", list.backwards),
            ],
            chips: chips(list, facilities, clinicians),
            clear: "/patients".to_owned(),
            sort: (list.with(|list| list.backwards = !list.backwards).href("/patients"), order),
            rows,
            readings,
            pager,
            many_places: facilities.len() > 1,
            may_edit: ctx.actor.may(Permission::EditPatients),
            csv: ctx.actor.may(Permission::ExportPatients).then(|| list.with(|_| ()).href("/patients.csv")),
            deleted: list.deleted,
            other: list.with(|list| list.deleted = !list.deleted).href("/patients"),
            shell,
        }
    }
}

fn statuses(list: &List) -> Vec<Choice> {
    PatientStatus::ALL.iter().map(|one| Choice::new(one.as_str(), one.label(), list.statuses.contains(one))).collect()
}

fn flags(list: &List) -> Vec<Choice> {
    let any = Choice::new("", "Any flag", list.flag.is_none());
    let known = known_flags().map(|(code, word)| Choice::new(code, word, list.flag.as_deref() == Some(code)));
    std::iter::once(any).chain(known).collect()
}

fn places(list: &List, facilities: &[Facility]) -> Vec<Choice> {
    if facilities.len() < 2 {
        return Vec::new();
    }
    let all = Choice::new("", "All places", list.facility.is_none());
    let each =
        facilities.iter().map(|one| Choice::new(one.id.to_string(), &one.name, list.facility == Some(one.id.uuid())));
    std::iter::once(all).chain(each).collect()
}

fn clinician_choices(list: &List, clinicians: &[(uuid::Uuid, String)]) -> Vec<Choice> {
    let any = Choice::new("", "Any clinician", list.clinician.is_none());
    let each = clinicians.iter().map(|(id, name)| Choice::new(id.to_string(), name, list.clinician == Some(*id)));
    std::iter::once(any).chain(each).collect()
}

fn chips(list: &List, facilities: &[Facility], clinicians: &[(uuid::Uuid, String)]) -> Vec<Chip> {
    let mut chips = Vec::new();
    let mut chip = |label: String, without: List| chips.push(Chip { label, href: without.href("/patients") });
    if list.find.is_some() {
        chip("Search".to_owned(), list.with(|list| list.find = None));
    }
    for status in &list.statuses {
        chip(status.label().to_owned(), list.with(|list| list.statuses.retain(|other| other != status)));
    }
    if let Some(code) = &list.flag {
        chip(super::model::flag(code).word, list.with(|list| list.flag = None));
    }
    if let Some(place) = list.facility {
        let name = facilities.iter().find(|one| one.id.uuid() == place).map_or("Place", |one| &one.name);
        chip(name.to_owned(), list.with(|list| list.facility = None));
    }
    if let Some(id) = list.clinician {
        let name = clinicians.iter().find(|(one, _)| *one == id).map_or("Clinician", |(_, name)| name);
        chip(name.to_owned(), list.with(|list| list.clinician = None));
    }
    if list.deleted {
        chip("Deleted".to_owned(), list.with(|list| list.deleted = false));
    }
    chips
}

/// Name and record number, for those who may know no more.
#[derive(Debug)]
pub struct HeaderRow {
    /// `OKAFOR, Adaeze`
    pub name: String,
    /// `104 2331`
    pub mrn: Option<String>,
}

/// The list of names and record numbers.
#[derive(Debug, Template)]
#[template(path = "patients/headers.html", blocks = ["found"])]
pub struct HeaderIndex {
    /// The frame.
    pub shell: Shell,
    /// `Patients`
    pub people: String,
    /// What was typed.
    pub typed: String,
    /// Patients.
    pub rows: Vec<HeaderRow>,
    /// Whether there may be more.
    pub full: bool,
}

/// A form on a page of its own: a new record, a change, the reason of a step.
#[derive(Debug, Template)]
#[template(path = "patients/form.html")]
pub struct FormPage {
    /// The frame.
    pub shell: Shell,
    /// Who it is about; none for a new record.
    pub banner: Option<Banner>,
    /// The heading.
    pub title: String,
    /// Where it is posted.
    pub action: String,
    /// The words of its button.
    pub submit: &'static str,
    /// The way out.
    pub cancel: String,
    /// The fields.
    pub fields: Vec<Field>,
    /// What is wrong.
    pub errors: FormErrors,
    /// The version it was filled from; none for a new record.
    pub row_version: Option<i64>,
    /// The key by which a double post is known; none for a change.
    pub key: Option<String>,
    /// Where somebody else was quicker: what differs.
    pub differences: Vec<Difference>,
    /// A sentence before the form; may be empty.
    pub about: &'static str,
}

/// A record that may be the same person, as the interruption shows it.
#[derive(Debug)]
pub struct CandidateRow {
    /// What a list would show.
    pub row: PatientRow,
    /// `same name and date of birth, same phone`
    pub why: String,
}

/// Between a new record and its making: this person may be here already.
#[derive(Debug, Template)]
#[template(path = "patients/duplicate.html")]
pub struct Duplicate {
    /// The frame.
    pub shell: Shell,
    /// Who it may be.
    pub candidates: Vec<CandidateRow>,
    /// Everything that was typed.
    pub typed: Vec<(String, String)>,
    /// Whether a second record can be made at all: not with the record number or the address of another.
    pub possible: bool,
    /// What is wrong with the reason.
    pub error: Option<String>,
}

/// Where a record stands, how it came there, and the form to move it.
#[derive(Debug, Template)]
#[template(path = "patients/status.html")]
pub struct StatusPage {
    /// The frame.
    pub shell: Shell,
    /// Who it is about.
    pub banner: Banner,
    /// Where it is posted.
    pub action: String,
    /// The way out.
    pub cancel: String,
    /// The fields.
    pub fields: Vec<Field>,
    /// What is wrong.
    pub errors: FormErrors,
    /// The version it was filled from.
    pub row_version: i64,
    /// The latest moves.
    pub history: Vec<Entry>,
    /// Where somebody else was quicker.
    pub stale: bool,
}
