//! The panels on the page of a case.

use askama::Template;
use chrono_tz::Tz;

use super::story::{self, Show, Story};
use crate::access::Permission;
use crate::cases::Head;
use crate::clock::Timestamp;
use crate::comments::Said;
use crate::db::Tx;
use crate::error::Result;
use crate::events::Audited;
use crate::tasks;
use crate::web::Ctx;
use crate::web::form::FormErrors;
use crate::web::shell::Shell;

/// The time line with the form to say something.
#[derive(Debug, Template)]
#[template(path = "casework/_story.html")]
pub struct StoryPanel {
    /// The entries and the filter.
    pub story: Story,
    /// Where the page asks whether there is more by now.
    pub newer: String,
    /// Where a comment goes; none where this person may not say anything.
    pub action: Option<String>,
    /// The identifier of the next comment.
    pub key: String,
    /// What was typed.
    pub comment: String,
    /// What is wrong with it.
    pub errors: FormErrors,
    /// The moment.
    pub now: Timestamp,
    /// The reader's zone.
    pub zone: Tz,
}

/// The time line as a page of its own: with a filter, or with what is wrong with a comment.
#[derive(Debug, Template)]
#[template(path = "casework/timeline.html", blocks = ["panel"])]
pub struct TimelinePage {
    /// The frame.
    pub shell: Shell,
    /// The case.
    pub case: Head,
    /// The panel.
    pub story: StoryPanel,
}

/// That something was added to the time line since it was shown.
#[derive(Debug, Template)]
#[template(path = "casework/_newer.html")]
pub struct Newer {
    /// The page as it is now.
    pub href: String,
    /// How many entries.
    pub newer: i64,
    /// What they are called.
    pub noun: &'static str,
}

/// The panel of a case whose view is written down.
///
/// # Errors
/// Where the database does not answer.
pub async fn story_panel(
    ctx: &Ctx,
    tx: &mut Tx,
    case: &Head,
    show: Show,
    (said, errors): (&Said, FormErrors),
    proof: &Audited,
) -> Result<StoryPanel> {
    Ok(StoryPanel {
        story: story::read(ctx, tx, case, show, proof).await?,
        newer: format!("/cases/{}/timeline/newer?since={}", case.id, ctx.now().timestamp_micros()),
        action: ctx.actor.may(Permission::CommentOnCases).then(|| format!("/cases/{}/comments", case.id)),
        key: said.key(),
        comment: said.comment.clone(),
        errors,
        now: ctx.now(),
        zone: ctx.actor.zone,
    })
}

/// What stands below the summary of a case: its tasks and its time line.
///
/// # Errors
/// Where the database does not answer.
pub async fn wide(ctx: &Ctx, tx: &mut Tx, case: &Head, proof: &Audited) -> Result<Vec<String>> {
    let tasks = tasks::panel(ctx, tx, case).await?;
    let story = story_panel(ctx, tx, case, Show::All, (&Said::default(), FormErrors::default()), proof).await?;
    Ok(vec![tasks.render()?, story.render()?])
}

/// What stands below "What you can do": who follows, and the way to paper.
///
/// # Errors
/// Where the database does not answer.
pub async fn narrow(ctx: &Ctx, tx: &mut Tx, case: &Head) -> Result<Vec<String>> {
    Ok(vec![super::follow::panel(ctx, tx, case).await?.render()?])
}
