//! The tasks of a case, as the page of the case shows them.

use askama::Template;
use askama::filters::HtmlSafe;
use chrono_tz::Tz;

use super::model::Mover;
use super::pages::Line;
use super::queries::{mine, one};
use crate::access::Permission;
use crate::cases::Head;
use crate::clock::Timestamp;
use crate::db::Tx;
use crate::error::Result;
use crate::patients::record::Record;
use crate::web::Ctx;

/// The panel; prints itself.
#[derive(Debug, Template)]
#[template(path = "tasks/_panel.html")]
pub struct Panel {
    /// What is open, the first due first, then what is closed.
    pub lines: Vec<Line>,
    /// Where a task is added; none where this person adds none, or the case takes none now.
    pub add: Option<String>,
    /// What the panel is called.
    pub title: &'static str,
    /// The moment.
    pub now: Timestamp,
    /// The reader's zone.
    pub zone: Tz,
}

/// The templates of this crate escape what they print.
impl HtmlSafe for Panel {}

impl Panel {
    /// How many tasks are open.
    #[must_use]
    pub fn open(&self) -> usize {
        self.lines.iter().filter(|line| line.row.status.is_open()).count()
    }
}

/// The tasks of a case. One statement; that the case is shown is written down by whoever shows it.
///
/// # Errors
/// Where the database does not answer.
pub async fn panel(ctx: &Ctx, tx: &mut Tx, case: &Head) -> Result<Panel> {
    let rows = one::of_case(tx, ctx.actor.organization, case.id).await?;
    let mover = Mover { user: ctx.actor.user, role: ctx.actor.role };
    let now = ctx.now();
    let home = format!("/cases/{}", case.id);
    let takes = matches!(case.status.as_str(), "NEW" | "PENDING_REVIEW" | "ASSIGNED" | "IN_PROGRESS");
    Ok(Panel {
        lines: rows.into_iter().map(|row| Line::new(row, mover, now, &home)).collect(),
        add: (takes && ctx.actor.may(Permission::MoveCases)).then(|| format!("{home}/tasks/new")),
        title: "Tasks",
        now,
        zone: ctx.actor.zone,
    })
}

/// The tasks about a patient outside cases, for the section of the chart. One statement; that the record is shown is
/// written down by whoever opened it.
pub(super) async fn of_patient(ctx: &Ctx, tx: &mut Tx, record: &Record) -> Result<Panel> {
    let rows = one::of_patient(tx, ctx.actor.organization, record.id()).await?;
    let mover = Mover { user: ctx.actor.user, role: ctx.actor.role };
    let (now, home) = (ctx.now(), record.href("tasks"));
    let may_add = ctx.actor.may(Permission::GivePatientTasks) && record.stored.deleted_at.is_none();
    Ok(Panel {
        lines: rows.into_iter().map(|row| Line::new(row, mover, now, &home)).collect(),
        add: may_add.then(|| record.href("tasks/new")),
        title: "Tasks about this patient",
        now,
        zone: ctx.actor.zone,
    })
}

/// The open tasks of the person of the request that are due first. One statement. `home`: the page that shows them.
///
/// # Errors
/// Where the database does not answer.
pub async fn first(ctx: &Ctx, tx: &mut Tx, limit: i64, home: &str) -> Result<Vec<Line>> {
    let rows = mine::page(tx, &ctx.actor, mine::Whose::Any, (None, None), mine::Cursor::FIRST, limit).await?;
    let mover = Mover { user: ctx.actor.user, role: ctx.actor.role };
    Ok(rows.into_iter().map(|row| Line::new(row, mover, ctx.now(), home)).collect())
}
