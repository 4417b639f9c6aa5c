//! The time line of a case: comments, changes, tasks and documents in one order, all or one kind of them.

use chrono::TimeDelta;

use super::queries::{self, Change, Filed, Step};
use crate::cases::Head;
use crate::cases::model::{CaseStatus, Priority};
use crate::comments::{self, Subject};
use crate::db::Tx;
use crate::error::Result;
use crate::events::Audited;
use crate::web::Ctx;
use crate::web::ui::{Entry, Tab};

/// How far apart the history and the audit of one move can be: both are written in one transaction.
const SAME_MOVE: TimeDelta = TimeDelta::seconds(5);

/// What is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Show {
    /// Everything.
    All,
    /// What was said.
    Comments,
    /// What was done.
    Changes,
    /// What became of tasks.
    Tasks,
    /// What was added to the documents.
    Documents,
}

impl Show {
    /// All of them, with the name in the address and the words on the tab.
    const ALL: [(Self, &'static str, &'static str); 5] = [
        (Self::All, "all", "All"),
        (Self::Comments, "comments", "Comments"),
        (Self::Changes, "changes", "Changes"),
        (Self::Tasks, "tasks", "Tasks"),
        (Self::Documents, "documents", "Documents"),
    ];

    /// By its name; everything where there is no such.
    #[must_use]
    pub fn of(name: &str) -> Self {
        Self::ALL.into_iter().find(|(_, known, _)| *known == name).map_or(Self::All, |(show, ..)| show)
    }
}

/// The entries that are shown, the latest first, and how many there are of each kind.
#[derive(Debug)]
pub struct Story {
    /// The entries.
    pub entries: Vec<Entry>,
    /// The filter, with counts.
    pub tabs: Vec<Tab>,
}

/// The case as the subject of comments.
#[must_use]
pub fn subject(case: &Head) -> Subject {
    Subject { kind: "case", id: case.id.uuid(), facility: case.facility, patient: case.patient }
}

/// Reads the story of a case whose view is written down. Four statements.
///
/// # Errors
/// Where the database does not answer, or a comment does not open.
pub async fn read(ctx: &Ctx, tx: &mut Tx, case: &Head, show: Show, proof: &Audited) -> Result<Story> {
    let organization = ctx.actor.organization;
    let steps = queries::steps(tx, organization, case.id).await?;
    let changes = queries::changes(tx, organization, case.id).await?;
    let files = queries::filed(tx, organization, case.id).await?;
    let said = comments::of(tx, organization, &subject(case)).await?;
    let keys = ctx.app.keys(tx, organization).await?;
    let said = comments::entries(said, keys, organization, proof)?;
    let mut all: Vec<(Show, Entry)> = said.into_iter().map(|entry| (Show::Comments, entry)).collect();
    all.extend(files.into_iter().map(|file| (Show::Documents, filed(file))));
    all.extend(steps.into_iter().map(|step| moved(step, &changes)));
    all.extend(changes.iter().filter_map(changed).map(|entry| (Show::Changes, entry)));
    all.sort_by_key(|(_, entry)| std::cmp::Reverse(entry.at));
    let count = |kind| all.iter().filter(|(one, _)| kind == Show::All || *one == kind).count();
    let tabs = Show::ALL
        .into_iter()
        .map(|(kind, name, label)| Tab {
            href: format!("/cases/{}/timeline?show={name}", case.id),
            label: label.to_owned(),
            count: Some(count(kind).to_string()),
            current: kind == show,
        })
        .collect();
    let entries = all.into_iter().filter(|(kind, _)| show == Show::All || *kind == show).map(|(_, entry)| entry);
    Ok(Story { entries: entries.collect(), tabs })
}

fn name(first: Option<&str>, last: Option<&str>) -> Option<String> {
    Some(format!("{} {}", first?, last?))
}

fn label(status: &str) -> String {
    status.parse::<CaseStatus>().map_or_else(|_| status.to_owned(), |status| status.label().to_owned())
}

/// A move of the case or of one of its tasks.
fn moved(step: Step, changes: &[Change]) -> (Show, Entry) {
    let who = name(step.first_name.as_deref(), step.last_name.as_deref()).unwrap_or_else(|| "Almoner".to_owned());
    let (show, icon, what) = if let (Some(title), Some(to)) = (&step.task, step.task_status()) {
        let what = match (step.from_status.is_some(), to.as_str()) {
            (false, _) => format!("added the task “{title}”"),
            (true, "READY") => format!("opened the task “{title}” again"),
            (true, "IN_PROGRESS") => format!("started “{title}”"),
            (true, "DONE") => format!("did “{title}”"),
            (true, _) => format!("{} the task “{title}”", to.label().to_lowercase()),
        };
        (Show::Tasks, "list-checks", what)
    } else {
        // The history knows the states, the audit knows to whom.
        let given = changes
            .iter()
            .filter(|change| change.action == "ASSIGNED" && (change.at - step.at).abs() < SAME_MOVE)
            .find_map(|change| name(change.to_first.as_deref(), change.to_last.as_deref()));
        let to = label(&step.to_status);
        let (icon, what) = match (step.from_status.as_deref(), given) {
            (None, _) => ("plus", "opened the case".to_owned()),
            (Some(from), given) if from == step.to_status => {
                ("user", format!("gave the case to {}", given.unwrap_or_else(|| "somebody else".to_owned())))
            }
            (Some(from), Some(person)) => {
                ("user-check", format!("moved this from {} to {to} and gave it to {person}", label(from)))
            }
            (Some(from), None) => ("arrow-right", format!("moved this from {} to {to}", label(from))),
        };
        (Show::Changes, icon, what)
    };
    (show, Entry { at: step.at, who, initials: None, icon, what, said: step.reason })
}

/// A version that was added, or a document that was archived.
fn filed(file: Filed) -> Entry {
    let title = file.title;
    let (icon, what) = match file.version {
        None => ("archive", format!("archived the document “{title}”")),
        Some(..=1) => ("file-text", format!("added the document “{title}”")),
        Some(version) => ("file-text", format!("added version {version} of the document “{title}”")),
    };
    let who = name(file.first_name.as_deref(), file.last_name.as_deref()).unwrap_or_else(|| "Almoner".to_owned());
    Entry { at: file.at, who, initials: None, icon, what, said: file.note }
}

/// A change that is no move. To whom the case was given is told with the move.
fn changed(change: &Change) -> Option<Entry> {
    let who = name(change.first_name.as_deref(), change.last_name.as_deref());
    let mark = |name: &str| change.details.as_ref().and_then(|details| details.get(name)).is_some();
    let (icon, what) = match change.action.as_str() {
        "PRINT" => ("printer", "printed the case".to_owned()),
        "UPDATE" if mark("escalated") => ("flag", "told the chair: overdue for more than two days".to_owned()),
        "UPDATE" if mark("overdue") => ("clock", "noticed that the case is overdue".to_owned()),
        "UPDATE" => ("pencil", format!("changed {}", fields(change.changes.as_ref()?))),
        _ => return None,
    };
    let who = who.unwrap_or_else(|| "Almoner".to_owned());
    Some(Entry { at: change.at, who, initials: None, icon, what, said: None })
}

/// "the priority from Medium to High and the due date"
fn fields(changes: &serde_json::Value) -> String {
    let Some(changes) = changes.as_object() else { return "what it says".to_owned() };
    let mut words: Vec<String> = changes.iter().map(|(field, change)| field_in_words(field, change)).collect();
    match (words.pop(), words.is_empty()) {
        (None, _) => "what it says".to_owned(),
        (Some(last), true) => last,
        (Some(last), false) => format!("{} and {last}", words.join(", ")),
    }
}

fn field_in_words(field: &str, change: &serde_json::Value) -> String {
    let priority = |side: &str| change.get(side)?.as_str()?.parse::<Priority>().ok();
    if let ("priority", Some(before), Some(after)) = (field, priority("before"), priority("after")) {
        return format!("the priority from {} to {}", before.label(), after.label());
    }
    match field {
        "priority" => "the priority".to_owned(),
        "due_at" => "the due date".to_owned(),
        "title" => "the title".to_owned(),
        "description" | "description_enc" => "the description".to_owned(),
        "patient_id" | "patient" => "the person concerned".to_owned(),
        "facility_id" | "facility" => "the place".to_owned(),
        "alert_id" | "alert" => "the linked alert".to_owned(),
        other => other.replace('_', " "),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn changes_are_said_in_words() {
        let raised = json!({ "priority": { "before": "MEDIUM", "after": "HIGH" } });
        assert_eq!(fields(&raised), "the priority from Medium to High");
        assert_eq!(fields(&json!({ "due_at": { "before": null }, "title": "changed" })), "the due date and the title");
        assert_eq!(fields(&json!({ "some_field": 1 })), "some field");
        assert_eq!(fields(&json!({})), "what it says");
        assert_eq!(fields(&json!(7)), "what it says");
    }

    #[test]
    fn an_unknown_filter_shows_everything() {
        assert_eq!(Show::of("comments"), Show::Comments);
        assert_eq!(Show::of("'; DROP TABLE"), Show::All);
    }
}
