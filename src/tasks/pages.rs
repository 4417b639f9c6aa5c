//! What the pages of tasks print.

use askama::Template;
use chrono_tz::Tz;

use super::forms::RawTask;
use super::model::{Kind, Mover, Refusal, TaskStatus};
use super::queries::one::Step;
use super::queries::row::Row;
use crate::clock::Timestamp;
use crate::error::Result;
use crate::events::Audited;
use crate::ids::OrganizationId;
use crate::phi::Keyring;
use crate::web::form::FormErrors;
use crate::web::shell::Shell;
use crate::web::ui::{Action, ActionKind, Banner, Choice, Entry, Pager, Tab};

/// A task with what it says, opened.
#[derive(Clone, Debug)]
pub struct Item {
    /// The task.
    pub row: Row,
    /// What is to be done.
    pub description: Option<String>,
    /// What came of it.
    pub outcome: Option<String>,
}

impl Item {
    /// Opens what is encrypted, for a view that has been written down.
    ///
    /// # Errors
    /// Where it does not open.
    pub fn reveal(row: Row, keys: &Keyring, organization: OrganizationId, proof: &Audited) -> Result<Self> {
        let open = |column, sealed: &Option<Vec<u8>>| -> Result<Option<String>> {
            let Some(bytes) = sealed else { return Ok(None) };
            let text = keys.open(organization, "task", column, row.id.uuid(), bytes).map_err(anyhow::Error::from)?;
            Ok(Some(text.reveal(proof).clone()))
        };
        let (description, outcome) = (open("description", &row.description_enc)?, open("outcome", &row.outcome_enc)?);
        Ok(Self { row, description, outcome })
    }
}

/// A task as a line of a list, with its quickest button.
#[derive(Clone, Debug)]
pub struct Line {
    /// The task.
    pub row: Row,
    /// Whether it should have been done by now.
    pub overdue: bool,
    /// Whether this person may say that it is done.
    pub may_finish: bool,
    /// Whether they may begin it.
    pub may_start: bool,
    /// Whether it is this person's by name.
    pub own: bool,
    /// The list, to come back to.
    pub home: String,
}

impl Line {
    /// The line for one person.
    #[must_use]
    pub fn new(row: Row, mover: Mover, now: Timestamp, home: &str) -> Self {
        let task = row.task();
        let works = task.subject.is_work_of(mover.role);
        Self {
            overdue: row.is_overdue(&now),
            may_finish: works && task.through(Kind::Finish, mover).is_ok(),
            may_start: works && task.through(Kind::Start, mover).is_ok(),
            own: row.assignee_id == Some(mover.user),
            home: home.to_owned(),
            row,
        }
    }

    /// The list, as the address of another page carries it.
    fn back(&self) -> String {
        url::form_urlencoded::byte_serialize(self.home.as_bytes()).collect()
    }
}

/// The list of my tasks.
#[derive(Debug, Template)]
#[template(path = "tasks/index.html", blocks = ["list"])]
pub struct Index {
    /// The frame.
    pub shell: Shell,
    /// Theirs, their role's, today's, overdue, given out, done.
    pub tabs: Vec<Tab>,
    /// The tasks.
    pub lines: Vec<Line>,
    /// The foot.
    pub pager: Pager,
    /// The reader's zone.
    pub zone: Tz,
    /// What it says where there is nothing.
    pub nothing: &'static str,
    /// Whether these are done.
    pub done: bool,
    /// The list as it is asked for again when something has changed.
    pub here: String,
}

/// The page of one task.
#[derive(Debug, Template)]
#[template(path = "tasks/show.html")]
pub struct Show {
    /// The frame.
    pub shell: Shell,
    /// The task.
    pub item: Item,
    /// What this person may do, and what not and why.
    pub actions: Vec<Action>,
    /// Its moves, the latest first.
    pub entries: Vec<Entry>,
    /// Whether this person may change what it says.
    pub may_change: bool,
    /// Who it is about.
    pub banner: Option<Banner>,
    /// The page to go back to, where it is not the case.
    pub back: Option<String>,
    /// The moment.
    pub now: Timestamp,
    /// The reader's zone.
    pub zone: Tz,
}

impl Show {
    /// Where what it says is changed.
    fn edit(&self) -> String {
        format!("/tasks/{}/edit", self.item.row.id)
    }
}

/// The form of a task.
#[derive(Debug, Template)]
#[template(path = "tasks/form.html")]
pub struct FormPage {
    /// The frame.
    pub shell: Shell,
    /// `New task`
    pub title: &'static str,
    /// The page of what it is about, and its name.
    pub crumb: (String, String),
    /// Who it is about.
    pub banner: Option<Banner>,
    /// Who sees it, in words.
    pub seen_by: &'static str,
    /// Who can be chosen, in words.
    pub given_to: &'static str,
    /// Whether the case takes no open tasks now.
    pub full: bool,
    /// What is filled in.
    pub form: RawTask,
    /// What is wrong with it.
    pub errors: FormErrors,
    /// Whether somebody else was quicker.
    pub conflict: bool,
    /// Who can be given the task.
    pub people: Vec<Choice>,
    /// How pressing it can be.
    pub priorities: Vec<Choice>,
    /// Where the form goes.
    pub action: String,
    /// The way out.
    pub cancel: String,
}

/// The page that asks for a reason or an outcome.
#[derive(Debug, Template)]
#[template(path = "tasks/move.html")]
pub struct MovePage {
    /// The frame.
    pub shell: Shell,
    /// What is to be done.
    pub kind: Kind,
    /// To which task.
    pub item: Item,
    /// What was typed.
    pub text: String,
    /// The version that the form carries.
    pub version: String,
    /// What is wrong.
    pub errors: FormErrors,
    /// Whether somebody else was quicker.
    pub conflict: bool,
    /// Why it cannot be done, where it cannot.
    pub why_not: Option<&'static str>,
    /// Where to go afterwards.
    pub home: String,
    /// The moment.
    pub now: Timestamp,
    /// The reader's zone.
    pub zone: Tz,
}

impl MovePage {
    /// The task as it is now.
    fn here(&self) -> String {
        format!("/tasks/{}", self.item.row.id)
    }
}

/// Every move with its button, or with the reason why there is none.
#[must_use]
pub fn actions(row: &Row, mover: Mover) -> Vec<Action> {
    let icons = [
        (Kind::Start, "activity", 'S'),
        (Kind::Finish, "check", 'E'),
        (Kind::Decline, "undo-2", ' '),
        (Kind::Cancel, "x", ' '),
        (Kind::Reopen, "rotate-ccw", ' '),
    ];
    let action = |(kind, icon, key): (Kind, &'static str, char)| {
        let href = format!("/tasks/{}/{}", row.id, kind.as_str());
        let asks = |label: &str| format!("{label}…");
        let blocked = |why: &str| Action {
            label: kind.label().to_owned(),
            icon,
            why: why.to_owned(),
            kind: ActionKind::Blocked,
            key: ' ',
        };
        match row.task().through(kind, mover) {
            Err(Refusal::State(_)) => None,
            _ if !row.subject().is_work_of(mover.role) => Some(blocked("Your role reads tasks like this one.")),
            Err(Refusal::Person(words)) => Some(blocked(words)),
            Ok(_) => Some(match kind {
                Kind::Start => Action {
                    label: kind.label().to_owned(),
                    icon,
                    why: String::new(),
                    kind: ActionKind::Post(href),
                    key,
                },
                Kind::Finish | Kind::Decline | Kind::Cancel | Kind::Reopen => {
                    Action { label: asks(kind.label()), icon, why: String::new(), kind: ActionKind::Page(href), key }
                }
            }),
        }
    };
    icons.into_iter().filter_map(action).collect()
}

/// The moves of a task as its story.
#[must_use]
pub fn story(steps: Vec<Step>) -> Vec<Entry> {
    let entry = |step: Step| Entry {
        at: step.at,
        who: match (step.first_name, step.last_name) {
            (Some(first), Some(last)) => format!("{first} {last}"),
            (_, _) => "Almoner".to_owned(),
        },
        initials: None,
        icon: if step.from_status.is_none() { "plus" } else { step.to_status.icon() },
        what: what(step.from_status.as_deref(), step.to_status).to_owned(),
        said: step.reason,
    };
    steps.into_iter().map(entry).collect()
}

/// What happened to a task, to continue the name of a person.
#[must_use]
pub fn what(from: Option<&str>, to: TaskStatus) -> &'static str {
    match (from, to) {
        (None, _) => "added this task",
        (Some(_), TaskStatus::Ready) => "opened this task again",
        (Some(_), TaskStatus::InProgress) => "started this task",
        (Some(_), TaskStatus::Done) => "did this task",
        (Some(_), TaskStatus::Missed) => "marked this task missed",
        (Some(_), TaskStatus::Declined) => "declined this task",
        (Some(_), TaskStatus::Cancelled) => "cancelled this task",
    }
}
