//! `GET /work`: what waits for a clerk, a chair or a caseworker, with what they follow and what they have to do.

use askama::Template;
use chrono_tz::Tz;
use serde_json::json;

use super::queries::{self, Line};
use crate::access::Role;
use crate::cases::model::CaseStatus::{Assigned, InProgress, New, PendingCompletion, PendingReview};
use crate::clock::Timestamp;
use crate::db::Tx;
use crate::error::Result;
use crate::events::{self, Action, Event};
use crate::tasks;
use crate::web::nav::Area;
use crate::web::shell::Shell;
use crate::web::{Ctx, Page};

/// Cases of each part that are shown; the list has the rest.
const SHOWN: i64 = 8;

/// Tasks that are shown.
const TASKS: i64 = 6;

/// One part of the page.
#[derive(Debug)]
pub struct Part {
    /// The anchor.
    id: &'static str,
    /// The heading.
    title: &'static str,
    /// The list with all of them.
    href: String,
    /// What it says where there is nothing.
    nothing: &'static str,
    /// The cases.
    lines: Vec<Line>,
    /// Whether there are more.
    more: bool,
}

impl Part {
    fn new(id: &'static str, title: &'static str, href: &str, nothing: &'static str, mut lines: Vec<Line>) -> Self {
        let most = usize::try_from(SHOWN).unwrap_or(usize::MAX);
        let more = lines.len() > most;
        lines.truncate(most);
        Self { id, title, href: href.to_owned(), nothing, lines, more }
    }

    /// How many, as far as they are shown.
    fn count(&self) -> String {
        if self.more { format!("{SHOWN}+") } else { self.lines.len().to_string() }
    }
}

/// The page.
#[derive(Debug, Template)]
#[template(path = "casework/work.html", blocks = ["work"])]
pub struct WorkPage {
    shell: Shell,
    role: &'static str,
    parts: Vec<Part>,
    aside: Vec<Part>,
    tasks: Vec<tasks::Line>,
    now: Timestamp,
    zone: Tz,
}

/// The page of the role in which somebody works.
pub async fn show(ctx: Ctx, mut tx: Tx) -> Page {
    let parts = match ctx.actor.role {
        Role::Clerk => of_clerk(&ctx, &mut tx).await?,
        Role::Chair => of_chair(&ctx, &mut tx).await?,
        _ => of_caseworker(&ctx, &mut tx).await?,
    };
    let followed = queries::followed(&mut tx, &ctx.actor, SHOWN + 1).await?;
    let tasks = tasks::first(&ctx, &mut tx, TASKS, "/work").await?;
    let shown = parts.iter().flat_map(|part| &part.lines).chain(&followed).filter_map(|line| line.patient_id);
    let event = Event::new(Action::View, "case").showing(shown).at(ctx.actor.home_facility());
    events::record(&mut tx, &ctx.by(), event.with(json!({ "page": "work" }))).await?;
    let shell = ctx.shell(&mut tx, "My work", Area::Work).await?;
    tx.commit().await?;
    let nothing = "Follow a case on its page, and it stays in sight here.";
    let page = WorkPage {
        role: ctx.actor.role.label(),
        aside: vec![Part::new("followed", "Followed, the latest change first", "/cases?view=open", nothing, followed)],
        now: ctx.now(),
        zone: ctx.actor.zone,
        shell,
        parts,
        tasks,
    };
    ctx.page(&page, page.as_work())
}

async fn of_clerk(ctx: &Ctx, tx: &mut Tx) -> Result<Vec<Part>> {
    let actor = &ctx.actor;
    let returned = queries::opened(tx, actor, &[New], Some(true), SHOWN + 1).await?;
    let fresh = queries::opened(tx, actor, &[New], Some(false), SHOWN + 1).await?;
    let moving = [PendingReview, Assigned, InProgress, PendingCompletion];
    let on_their_way = queries::opened(tx, actor, &moving, None, SHOWN + 1).await?;
    Ok(vec![
        Part::new("returned", "Sent back to you", "/cases?view=new", "The chair has sent nothing back.", returned),
        Part::new("new", "Not submitted yet", "/cases?view=new", "Every case you opened is submitted.", fresh),
        Part::new("moving", "On their way", "/cases?view=open", "None of your cases is being worked on.", on_their_way),
    ])
}

async fn of_chair(ctx: &Ctx, tx: &mut Tx) -> Result<Vec<Part>> {
    let actor = &ctx.actor;
    let review = queries::chaired(tx, actor, PendingReview, SHOWN + 1).await?;
    let completion = queries::chaired(tx, actor, PendingCompletion, SHOWN + 1).await?;
    let late = queries::late(tx, actor, ctx.now(), SHOWN + 1).await?;
    Ok(vec![
        Part::new("review", "To review", "/cases/review", "Nothing waits for review.", review),
        Part::new("completion", "To complete", "/cases?view=completion", "Nothing waits to be completed.", completion),
        Part::new("overdue", "Overdue", "/cases?view=overdue", "Nothing is overdue.", late),
    ])
}

async fn of_caseworker(ctx: &Ctx, tx: &mut Tx) -> Result<Vec<Part>> {
    let actor = &ctx.actor;
    let fresh = queries::held(tx, actor, Assigned, SHOWN + 1).await?;
    let begun = queries::held(tx, actor, InProgress, SHOWN + 1).await?;
    let finished = queries::held(tx, actor, PendingCompletion, SHOWN + 1).await?;
    Ok(vec![
        Part::new("assigned", "To begin", "/cases?view=mine", "Nothing new is assigned to you.", fresh),
        Part::new("progress", "In progress", "/cases?view=mine", "You have begun no case.", begun),
        Part::new("finished", "With the chair", "/cases?view=completion", "Nothing waits for the chair.", finished),
    ])
}
