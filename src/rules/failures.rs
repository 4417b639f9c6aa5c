//! Rules that fail: each by itself, kept in the books, and said once.

use serde_json::json;
use uuid::Uuid;

use super::evaluate::{Cause, Tally, look};
use super::model::Severity;
use super::queries::{self, Failed, Touched};
use crate::alerts::{self, NewAlert};
use crate::app::App;
use crate::db::Tx;
use crate::error::{Error, Result};
use crate::events::By;
use crate::ids::AlertId;

/// Whether it is no rule that failed: then the job is tried again as a whole.
pub(super) fn pass(error: &Error) -> bool {
    match error {
        Error::Unavailable(_) | Error::Storage(_) | Error::Full(_) => true,
        Error::Internal(cause) => match cause.downcast_ref() {
            // Lost connections, deadlocks, locks, interventions.
            Some(sqlx::Error::Database(inner)) => inner
                .code()
                .is_some_and(|code| ["08", "40", "53", "55", "57"].iter().any(|class| code.starts_with(class))),
            Some(sqlx::Error::Io(_) | sqlx::Error::Protocol(_)) => true,
            _ => false,
        },
        _ => false,
    }
}

/// Why a rule failed, in words that hold nothing of any record.
fn why(error: &Error) -> String {
    match error {
        Error::Conflict(words) | Error::Unprocessable(words) => words.clone(),
        Error::Forbidden => "The database refused it".to_owned(),
        Error::Internal(cause) => match cause.downcast_ref() {
            Some(sqlx::Error::Database(inner)) => match (inner.constraint(), inner.code()) {
                (Some(constraint), _) => format!("The database refused it ({constraint})"),
                (None, Some(code)) => format!("The database refused it ({code})"),
                (None, None) => "The database refused it".to_owned(),
            },
            Some(_) => "What is kept of it cannot be read".to_owned(),
            None => "A fault of the portal".to_owned(),
        },
        _ => "A fault of the portal".to_owned(),
    }
}

/// Looks at one rule of a batch that fails. One patient for whom it fails is found in some twenty; a rule that fails for everybody is
/// given up after so many.
const MOST_TRIES: usize = 64;

/// Looks at each rule by itself, and where that fails at one half of the patients and the other, until it is found for whom. What a look
/// that failed had done is undone.
pub(super) async fn one_by_one(app: &App, tx: &mut Tx, by: &By, cause: Cause, touched: &[Touched]) -> Result<Tally> {
    let mut tally = Tally::default();
    for (root, metric) in queries::watching(tx, by.organization, touched, cause == Cause::Schedule).await? {
        let concerned: Vec<Touched> = touched.iter().filter(|one| one.metric == metric).copied().collect();
        let (mut failed, mut reason, mut tries) = (Vec::new(), None, 0);
        let mut left: Vec<&[Touched]> = vec![concerned.as_slice()];
        while let Some(part) = left.pop() {
            tries += 1;
            tx.begin_part().await?;
            match look(app, tx, by, cause, part, Some(root)).await {
                Ok(one) => {
                    tx.end_part().await?;
                    tally += one;
                }
                Err(error) if pass(&error) => return Err(error),
                Err(error) => {
                    tx.undo_part().await?;
                    if part.len() > 1 && tries < MOST_TRIES {
                        let (one, other) = part.split_at(part.len() / 2);
                        left.extend([other, one]);
                    } else {
                        failed.extend_from_slice(part);
                        reason = Some(why(&error));
                    }
                }
            }
        }
        if let Some(why) = reason {
            tracing::error!(rule = %root, %why, "A clinical rule failed");
            let what = (cause.as_str(), why.as_str());
            if let Some(kept) = queries::keep_failure(tx, by.organization, root, &failed, what).await? {
                say(tx, by, root, &kept, &why).await?;
                tally.failed += 1;
            }
        }
    }
    Ok(tally)
}

/// One alert for each rule that fails, in the queue of the place where it should have been looked at: nobody is watched by it.
async fn say(tx: &mut Tx, by: &By, root: Uuid, failed: &Failed, why: &str) -> Result<()> {
    let patients = if failed.count == 1 { "1 patient".to_owned() } else { format!("{} patients", failed.count) };
    let alert = NewAlert {
        id: AlertId::new(),
        facility: failed.place,
        patient: None,
        thread: None,
        kind: "RULE_FAILED".to_owned(),
        severity: failed.severity.min(Severity::High),
        title: "A clinical rule fails".to_owned(),
        body: format!(
            "“{}” was not looked at for {patients}. {why}. Look at their readings, and change the rule or switch it off",
            failed.name
        ),
        payload: json!({ "rule": failed.name, "rule_id": root }),
        dedupe_key: Some(format!("rule-failed:{root}")),
        due_at: None,
    };
    alerts::raise(tx, by, &alert).await?;
    Ok(())
}
