//! The moves of a conversation in words.

use super::model::Status;
use super::queries::story::Step;
use crate::web::ui::Entry;

/// The moves as a time line, the latest first.
#[must_use]
pub fn entries(steps: Vec<Step>) -> Vec<Entry> {
    steps
        .into_iter()
        .map(|step| Entry {
            at: step.at,
            what: what(&step),
            who: step.by.unwrap_or_else(|| "Almoner".to_owned()),
            initials: None,
            icon: if step.kind == "thread" { "message-square" } else { "user-check" },
            said: step.reason,
        })
        .collect()
}

fn what(step: &Step) -> String {
    let to = step.to.as_deref().unwrap_or_default();
    if step.kind == "thread" {
        return match to.parse::<Status>() {
            Ok(Status::Open) => "opened this again".to_owned(),
            Ok(Status::AwaitingStaff) => "wrote: this waits for us".to_owned(),
            Ok(Status::AwaitingPatient) => "answered".to_owned(),
            Ok(Status::Closed) => "closed this".to_owned(),
            Err(_) => "moved this".to_owned(),
        };
    }
    match to {
        "" => "gave this back to the team".to_owned(),
        _ if step.took => "took this".to_owned(),
        _ => format!("gave this to {to}"),
    }
}
