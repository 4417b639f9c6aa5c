//! The page of the audit.

use askama::Template;

use super::filter::{ACTIONS, Filter, KINDS};
use super::model::{Person, Row, Segment, words};
use crate::web::filters;
use crate::web::shell::Shell;
use crate::web::ui::{Choice, Pager};

#[derive(Template)]
#[template(path = "audit/index.html", blocks = ["rows"])]
pub(super) struct AuditPage {
    pub shell: Shell,
    pub filter: Filter,
    pub people: Vec<Person>,
    pub patient: Option<String>,
    pub rows: Vec<Row>,
    pub pager: Pager,
    pub sealed: Option<Segment>,
}

impl AuditPage {
    fn people(&self) -> Vec<Choice> {
        let chosen = self.filter.person;
        let all = self
            .people
            .iter()
            .map(|person| Choice::new(person.id.to_string(), &person.name, chosen == Some(person.id)));
        std::iter::once(Choice::new("", "Anybody", chosen.is_none())).chain(all).collect()
    }

    fn actions(&self) -> Vec<Choice> {
        choices("Anything", &ACTIONS, self.filter.action.as_deref())
    }

    fn kinds(&self) -> Vec<Choice> {
        choices("Any record", &KINDS, self.filter.kind.as_deref())
    }

    /// The same list about one patient.
    fn about(&self, row: &Row) -> String {
        self.filter.about(row.patient_id)
    }

    fn patient_id(&self) -> String {
        self.filter.patient.map(|id| id.to_string()).unwrap_or_default()
    }
}

fn choices(all: &str, names: &[&str], chosen: Option<&str>) -> Vec<Choice> {
    let one = |name: &&str| Choice::new(*name, words(name), chosen == Some(*name));
    std::iter::once(Choice::new("", all, chosen.is_none())).chain(names.iter().map(one)).collect()
}
