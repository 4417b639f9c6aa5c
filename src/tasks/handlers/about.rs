//! What the form of a task is about: a case, a patient, or nobody.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;

use crate::access::Role;
use crate::cases::{self, Head};
use crate::db::Tx;
use crate::error::Result;
use crate::events::{self, Action, Event};
use crate::ids::{CaseId, FacilityId, PatientId, TaskId};
use crate::patients::record::{self, Record};
use crate::tasks::Priority;
use crate::tasks::forms::RawTask;
use crate::tasks::model::Subject;
use crate::tasks::pages::FormPage;
use crate::tasks::queries::people::{self, Person};
use crate::tasks::queries::row::Row;
use crate::tasks::queries::write::Place;
use crate::web::Ctx;
use crate::web::ctx::html;
use crate::web::form::FormErrors;
use crate::web::nav::Area;
use crate::web::ui::Choice;

/// What is filled in, and what is wrong with it.
#[derive(Default)]
pub struct Filled {
    /// What is filled in.
    pub raw: RawTask,
    /// What is wrong with it.
    pub errors: FormErrors,
    /// Whether somebody else was quicker.
    pub conflict: bool,
}

impl Filled {
    /// A form as it was typed, with what is wrong.
    pub const fn wrong(raw: RawTask, errors: FormErrors) -> Self {
        Self { raw, errors, conflict: false }
    }
}

/// What a task is about.
#[derive(Debug)]
pub enum About {
    /// A case.
    Case(Head),
    /// A patient, whose record was opened for the page.
    Patient(Box<Record>),
    /// Nobody; colleagues at this facility, or of the whole organization.
    Nobody(Option<FacilityId>),
}

impl About {
    /// A case that the person sees.
    pub async fn case(ctx: &Ctx, tx: &mut Tx, id: CaseId) -> Result<Self> {
        Ok(Self::Case(cases::head(tx, ctx.actor.organization, id).await?))
    }

    /// A patient whom the person sees; the view is written down.
    pub async fn patient(ctx: &Ctx, tx: &mut Tx, id: PatientId) -> Result<Self> {
        Ok(Self::Patient(Box::new(record::open(ctx, tx, id, Action::View, "task").await?)))
    }

    /// What an existing task is about.
    pub async fn of(ctx: &Ctx, tx: &mut Tx, row: &Row) -> Result<Self> {
        match (row.case_id, row.patient_id) {
            (Some(case), _) => Self::case(ctx, tx, case).await,
            (None, Some(patient)) => Self::patient(ctx, tx, patient).await,
            (None, None) => Ok(Self::Nobody(row.facility_id)),
        }
    }

    /// What decides who may do it.
    pub const fn subject(&self) -> Subject {
        match self {
            Self::Case(_) => Subject::Case,
            Self::Patient(_) => Subject::Patient,
            Self::Nobody(_) => Subject::Nobody,
        }
    }

    /// Whom and where.
    pub fn place(&self) -> Place {
        match self {
            Self::Case(case) => {
                Place { case: Some(case.id), patient: case.patient, facility: case.facility, alert: None }
            }
            Self::Patient(record) => {
                Place { patient: Some(record.id()), facility: Some(record.stored.facility_id), ..Place::default() }
            }
            Self::Nobody(facility) => Place { facility: *facility, ..Place::default() },
        }
    }

    /// Where such a task is added.
    fn form(&self) -> String {
        match self {
            Self::Case(case) => format!("/cases/{}/tasks/new", case.id),
            Self::Patient(record) => record.href("tasks/new"),
            Self::Nobody(_) => "/tasks/new".to_owned(),
        }
    }

    /// Where to go once it is added.
    pub fn home(&self) -> String {
        match self {
            Self::Case(case) => format!("/cases/{}#tasks", case.id),
            Self::Patient(record) => record.href("tasks"),
            Self::Nobody(_) => "/tasks?view=given".to_owned(),
        }
    }

    async fn people(&self, ctx: &Ctx, tx: &mut Tx) -> Result<Vec<Person>> {
        let organization = ctx.actor.organization;
        match self {
            Self::Case(case) => people::of_case(tx, organization, case.id).await,
            Self::Patient(_) | Self::Nobody(_) => {
                people::with_roles(tx, organization, self.subject().roles(), self.place().facility).await
            }
        }
    }

    /// A role as the one who does it.
    fn anyone(&self, role: Role) -> String {
        match (self, role) {
            (Self::Patient(record), Role::Patient) => {
                format!("The patient, {} {}, in the portal", record.stored.first_name, record.stored.last_name)
            }
            (_, Role::Compliance) => "Anybody in compliance".to_owned(),
            (Self::Case(_), Role::Chair) | (Self::Patient(_) | Self::Nobody(_), _) => {
                format!("Any {}", role.label().to_lowercase())
            }
            (Self::Case(_), _) => format!("Whoever is the {} of the case", role.label().to_lowercase()),
        }
    }
}

/// The form of a task, new or known.
pub async fn page(ctx: &Ctx, mut tx: Tx, about: &About, task: Option<TaskId>, filled: Filled) -> Result<Response> {
    let Filled { raw, errors, conflict } = filled;
    let people = about.people(ctx, &mut tx).await?;
    if let About::Case(case) = about {
        let event = Event::new(Action::View, "case").of(case.id).about(case.patient).at(case.facility);
        events::record(&mut tx, &ctx.by(), event).await?;
    }
    let title = if task.is_some() { "Change task" } else { "New task" };
    let shell = ctx.shell(&mut tx, title, Area::Tasks).await?;
    tx.commit().await?;
    let me = ctx.actor.user;
    let (mine, others): (Vec<_>, Vec<_>) = people.into_iter().partition(|person| person.id == me);
    let someone = mine.into_iter().chain(others).map(|person| {
        let id = person.id.to_string();
        let chosen = raw.who == id;
        let me = if person.id == me { "Me, " } else { "" };
        Choice::new(id, format!("{me}{} {}, {}", person.first_name, person.last_name, person.part), chosen)
    });
    let roles = about.subject().roles().iter();
    let anyone = roles.map(|role| Choice::new(role.as_str(), about.anyone(*role), raw.who == role.as_str()));
    let page = FormPage {
        people: someone.chain(anyone).collect(),
        priorities: Priority::ALL
            .iter()
            .rev()
            .map(|one| Choice::new(one.as_str(), one.label(), raw.priority == one.as_str()))
            .collect(),
        action: task.map_or_else(|| about.form(), |id| format!("/tasks/{id}/edit")),
        cancel: task.map_or_else(|| about.home(), |id| format!("/tasks/{id}")),
        crumb: match about {
            About::Case(case) => (format!("/cases/{}", case.id), format!("{} {}", case.reference(), case.title)),
            About::Patient(record) => (record.href("tasks"), "Tasks about this patient".to_owned()),
            About::Nobody(_) => ("/tasks".to_owned(), "My tasks".to_owned()),
        },
        banner: match about {
            About::Patient(record) => Some(record.banner(ctx)),
            About::Case(_) | About::Nobody(_) => None,
        },
        full: match about {
            About::Case(case) => !matches!(case.status.as_str(), "NEW" | "PENDING_REVIEW" | "ASSIGNED" | "IN_PROGRESS"),
            About::Patient(_) | About::Nobody(_) => false,
        },
        seen_by: match about {
            About::Case(_) => "Seen by everybody who sees the case.",
            About::Patient(_) => "Seen by the care team, and by the patient where the patient does it.",
            About::Nobody(_) => "Seen by who gives it and who does it. Nothing about a patient belongs here.",
        },
        given_to: match about {
            About::Case(_) => "Only people of this case can be chosen.",
            About::Patient(_) => "The patient, or people who work where the patient is.",
            About::Nobody(_) => "A colleague, or whoever of a role takes it first.",
        },
        title,
        form: raw,
        conflict,
        errors,
        shell,
    };
    let status = match (conflict, page.errors.is_empty()) {
        (true, _) => StatusCode::CONFLICT,
        (false, false) => StatusCode::UNPROCESSABLE_ENTITY,
        (false, true) => StatusCode::OK,
    };
    Ok(html(status, page.render()?))
}
