//! `GET /tasks`: what I have to do. `GET /tasks/{id}`: one task.

use askama::Template;
use chrono::{NaiveTime, TimeZone};
use serde::Deserialize;

use super::{mover, reveal};
use crate::clock::Timestamp;
use crate::db::Tx;
use crate::events::{self, Action, Event};
use crate::ids::TaskId;
use crate::patients::record;
use crate::tasks::forms::back;
use crate::tasks::model::Subject;
use crate::tasks::pages::{Index, Line, Show, actions, story};
use crate::tasks::queries::mine::{self, Whose};
use crate::tasks::queries::one;
use crate::web::badges::{self, COUNT_CAP, capped};
use crate::web::form::{Id, Query};
use crate::web::nav::Area;
use crate::web::ui::{Pager, Tab};
use crate::web::{Ctx, Page};

/// Tasks on a page.
const PAGE: i64 = 50;

/// The filter of the list.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct RawFilter {
    /// `open`, `today` or `overdue`.
    pub view: String,
    /// The last task of the page before, as `<microseconds or none>.<id>`.
    pub after: String,
}

/// Which part of my tasks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum View {
    Open,
    Own,
    Role,
    Today,
    Overdue,
    Given,
    Done,
}

impl View {
    const ALL: [(Self, &'static str, &'static str); 7] = [
        (Self::Open, "open", "To do"),
        (Self::Own, "own", "Mine"),
        (Self::Role, "role", "My role's"),
        (Self::Today, "today", "Due today"),
        (Self::Overdue, "overdue", "Overdue"),
        (Self::Given, "given", "I gave out"),
        (Self::Done, "done", "Done"),
    ];

    fn of(name: &str) -> Self {
        Self::ALL.into_iter().find(|(_, known, _)| *known == name).map_or(Self::Open, |(view, ..)| view)
    }

    fn name(self) -> &'static str {
        Self::ALL.into_iter().find(|(view, ..)| *view == self).map_or("open", |(_, name, _)| name)
    }

    /// What the list says where there is nothing.
    const fn nothing(self) -> &'static str {
        match self {
            Self::Open => "Tasks that are given to you, or to your role, appear here.",
            Self::Own => "Tasks that are given to you appear here.",
            Self::Role => "Tasks for anybody of your role appear here. Who starts one has it.",
            Self::Today => "Nothing more of yours is due today.",
            Self::Overdue => "Nothing of yours is overdue.",
            Self::Given => "What you gave to others stays here until it is done.",
            Self::Done => "What you have done appears here.",
        }
    }
}

/// The first moment of tomorrow, where the person is.
fn midnight(ctx: &Ctx) -> Timestamp {
    let tomorrow = ctx.today().succ_opt().unwrap_or_default().and_time(NaiveTime::MIN);
    ctx.actor.zone.from_local_datetime(&tomorrow).earliest().map_or_else(|| tomorrow.and_utc(), |at| at.to_utc())
}

/// The list.
pub async fn index(ctx: Ctx, mut tx: Tx, Query(raw): Query<RawFilter>) -> Page {
    let view = View::of(&raw.view);
    let (now, midnight) = (ctx.now(), midnight(&ctx));
    let instant = chrono::TimeDelta::microseconds(1);
    let after = cursor(&raw.after);
    let first = after.unwrap_or(if view == View::Done { mine::Cursor::LAST } else { mine::Cursor::FIRST });
    let (whose, span) = match view {
        View::Own => (Whose::Own, (None, None)),
        View::Role => (Whose::Role, (None, None)),
        View::Today => (Whose::Any, (Some(now), Some(midnight - instant))),
        View::Overdue => (Whose::Any, (None, Some(now - instant))),
        View::Open | View::Given | View::Done => (Whose::Any, (None, None)),
    };
    let mut rows = match view {
        View::Given => mine::given(&mut tx, &ctx.actor, first, PAGE + 1).await?,
        View::Done => mine::done(&mut tx, &ctx.actor, first, PAGE + 1).await?,
        _ => mine::page(&mut tx, &ctx.actor, whose, span, first, PAGE + 1).await?,
    };
    let counts = mine::counts(&mut tx, &ctx.actor, now, midnight, COUNT_CAP).await?;
    let more = rows.len() > usize::try_from(PAGE).unwrap_or(usize::MAX);
    rows.truncate(usize::try_from(PAGE).unwrap_or(usize::MAX));
    let event = Event::new(Action::View, "task").showing(rows.iter().filter_map(|row| row.patient_id));
    events::record(&mut tx, &ctx.by(), event).await?;
    let shell = ctx.shell(&mut tx, "My tasks", Area::Tasks).await?;
    tx.commit().await?;
    let address = |view: View| format!("/tasks?view={}", view.name());
    let tabs = View::ALL
        .into_iter()
        .map(|(one, _, label)| {
            let count = match one {
                View::Open => counts.open,
                View::Own => counts.own,
                View::Role => counts.role,
                View::Today => counts.today,
                View::Overdue => counts.overdue,
                View::Given | View::Done => 0,
            };
            Tab { href: address(one), label: label.to_owned(), count: capped(count), current: one == view }
        })
        .collect();
    let next = rows.last().filter(|_| more).map(|last| {
        let at = if view == View::Done { last.done_at } else { last.due_at };
        let due = at.map_or_else(|| "none".to_owned(), |due| due.timestamp_micros().to_string());
        format!("{}&after={due}.{}", address(view), last.id)
    });
    let range = match (rows.len(), after.is_some(), more) {
        (0, ..) => "No tasks".to_owned(),
        (1, false, false) => "1 task".to_owned(),
        (count, false, false) => format!("{count} tasks"),
        (count, true, _) => format!("{count} more"),
        (count, false, true) => format!("The first {count}"),
    };
    let pager = Pager { range, previous: after.is_some().then(|| address(view)), next };
    let home = address(view);
    let here =
        if raw.after.is_empty() || after.is_none() { home.clone() } else { format!("{home}&after={}", raw.after) };
    let lines = rows.into_iter().map(|row| Line::new(row, mover(&ctx), now, &home)).collect();
    let page = Index {
        shell,
        tabs,
        lines,
        pager,
        zone: ctx.actor.zone,
        nothing: view.nothing(),
        done: view == View::Done,
        here,
    };
    ctx.page(&page, page.as_list())
}

fn cursor(text: &str) -> Option<mine::Cursor> {
    let (due, id) = text.split_once('.')?;
    let due = if due == "none" { None } else { Some(Timestamp::from_timestamp_micros(due.parse().ok()?)?) };
    // Far past and far future are not for the database to judge.
    let known = due.is_none_or(|due| (1970..3000).contains(&chrono::Datelike::year(&due)));
    Some(mine::Cursor { due, id: id.parse().ok()? }).filter(|_| known)
}

/// The badge alone, after something has changed.
#[derive(Debug, Template)]
#[template(path = "tasks/_badge.html")]
pub struct Badge {
    count: Option<String>,
}

/// `GET /tasks/badge`
pub async fn badge(ctx: Ctx, mut tx: Tx) -> Page {
    let count = badges::waiting(&mut tx, &ctx.actor).await?.tasks;
    ctx.fragment(&Badge { count: capped(count) })
}

/// Where the person came from.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct RawBack {
    /// The page.
    pub back: String,
}

/// One task, with what may be done.
pub async fn show(ctx: Ctx, mut tx: Tx, Id(id): Id<TaskId>, Query(raw): Query<RawBack>) -> Page {
    let row = one::find(&mut tx, ctx.actor.organization, id).await?;
    let steps = one::steps(&mut tx, ctx.actor.organization, id).await?;
    let banner = match row.patient_id.filter(|_| row.subject() == Subject::Patient) {
        Some(patient) => Some(record::open(&ctx, &mut tx, patient, Action::View, "task").await?.banner(&ctx)),
        None => None,
    };
    let item = reveal(&ctx, &mut tx, row).await?;
    let shell = ctx.shell(&mut tx, "Task", Area::Tasks).await?;
    tx.commit().await?;
    let page = Show {
        may_change: item.row.task().is_changed_by(mover(&ctx)),
        banner,
        actions: actions(&item.row, mover(&ctx)),
        entries: story(steps),
        back: back(&raw.back).map(ToOwned::to_owned),
        now: ctx.now(),
        zone: ctx.actor.zone,
        item,
        shell,
    };
    ctx.page(&page, &page)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_read_back_and_nonsense_begins_at_the_beginning() {
        let id = TaskId::new();
        assert_eq!(cursor(&format!("none.{id}")), Some(mine::Cursor { due: None, id }));
        assert_eq!(cursor(&format!("1000000.{id}")).unwrap().due.unwrap().timestamp(), 1);
        for text in ["", ".", "x.y", "none.x", "9223372036854775807.00000000-0000-0000-0000-000000000000"] {
            assert_eq!(cursor(text), None, "{text}");
        }
    }
}
