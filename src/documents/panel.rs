//! The panel of documents on another page, such as that of a case.

use askama::Template;

use super::handlers::owner;
use super::model::Subject;
use super::queries::{self, Document};
use crate::clock::Timestamp;
use crate::db::Tx;
use crate::error::Result;
use crate::events::Audited;
use crate::web::{Ctx, filters};

/// Documents in a panel; the list has the rest.
const SHOWN: i64 = 8;

/// The newest documents of a case or patient, with the way to the others and to the form.
#[derive(Debug, Template)]
#[template(path = "documents/_panel.html")]
struct Panel {
    documents: Vec<Document>,
    /// `4`, or `8+`.
    count: String,
    href: String,
    may_add: bool,
    now: Timestamp,
    zone: chrono_tz::Tz,
}

/// The panel, as HTML, for a page whose view of the case or patient is written down. Two queries.
///
/// # Errors
/// Where the person does not see what the documents belong to, or the database does not answer.
pub async fn panel(ctx: &Ctx, tx: &mut Tx, subject: Subject, _proof: &Audited) -> Result<String> {
    let owner = owner(ctx, tx, subject).await?;
    let mut documents = queries::list(tx, ctx.actor.organization, subject, None, SHOWN + 1).await?;
    let more = i64::try_from(documents.len()).unwrap_or(0) > SHOWN;
    documents.truncate(usize::try_from(SHOWN).unwrap_or(0));
    let count = if more { format!("{SHOWN}+") } else { documents.len().to_string() };
    let (may_add, href) = (owner.may_add(ctx), subject.href());
    Ok(Panel { documents, count, href, may_add, now: ctx.now(), zone: ctx.actor.zone }.render()?)
}
